/** What is known of where the output goes: a terminal with its width and colours, or a pipe. */

export const isTerminal = (): boolean => process.stdout.isTTY === true

/** Colours only on a terminal, and never against the wish of NO_COLOR (no-color.org). */
export const hasColours = (noColor = false): boolean =>
  !noColor && isTerminal() && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb'

/** Columns of the terminal; a pipe has room for everything. */
export const widthOf = (isWide = false): number =>
  !isWide && isTerminal() && process.stdout.columns > 0 ? process.stdout.columns : Infinity

let isQuiet = false

/**
 * Who reads us may leave: `lithos ls | head -1` is no error. Ends as SIGPIPE would have ended it.
 * Anything else that cannot be written, a full disk, is said. Touches no stream: the one of
 * standard output takes milliseconds to make, and not every command says something. `finishes`:
 * what it does is not to be left half done, and its exit code tells of that only.
 */
export const endQuietly = (command: string, finishes = false): void => {
  if (isQuiet) return
  isQuiet = true
  ignoreDeafness()
  process.on('uncaughtException', (error: NodeJS.ErrnoException) => {
    const isOutput = error.syscall === 'write'
    if (isOutput && finishes) return
    if (isOutput && error.code === 'EPIPE') process.exit(128 + 13)
    process.stderr.write(
      isOutput
        ? `${command}: the output cannot be written: ${error.message}\n`
        : `${error.stack ?? String(error)}\n`,
    )
    process.exit(1)
  })
}

/** What cannot be said on standard error cannot be said at all, and is no reason to stop. */
const ignoreDeafness = (): void => {
  const made = Object.getOwnPropertyDescriptor(process, 'stderr')?.get
  if (made === undefined) return
  let stream: NodeJS.WriteStream | null = null
  Object.defineProperty(process, 'stderr', {
    configurable: true,
    enumerable: true,
    get: () => (stream ??= (made.call(process) as NodeJS.WriteStream).on('error', () => undefined)),
  })
}
