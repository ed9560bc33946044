/**
 * A log of lines, appended to by the side of the work: a slow or full disk delays the log and
 * nothing else. `[2018-08-10T12:05:48Z][ERROR] message`, as the original writes it.
 */
import { closeSync, openSync, write, writeSync } from 'node:fs'

export interface LogFile {
  readonly write: (line: string) => void
  /** When everything is written. An exec in place would cut off what is on its way. */
  readonly drained: () => Promise<void>
  /** Everything that waits, at once: before an exit. */
  readonly flush: () => void
  readonly close: () => void
}

/** Lines that wait for a disk that hangs; older ones are dropped, and their number is told. */
const waitingMax = 10_000

/** `copy`: also gets every line, for `--log-stderr`. Throws if the file cannot be opened. */
export const openLogFile = (path: string, copy: (text: string) => void = () => {}): LogFile => {
  const fd = openSync(path, 'a')
  let waiting: string[] = []
  let dropped = 0
  let isBusy = false
  const onDrained: (() => void)[] = []

  const take = (): string => {
    const told =
      dropped === 0 ? '' : `(${dropped} lines were dropped here: the disk was too slow)\n`
    const text = told + waiting.join('')
    waiting = []
    dropped = 0
    return text
  }

  const run = (): void => {
    if (isBusy || waiting.length === 0) return
    isBusy = true
    write(fd, take(), () => {
      // A line that cannot be written is lost: the journal has what matters.
      isBusy = false
      run()
      if (!isBusy) onDrained.splice(0).forEach(resolve => resolve())
    })
  }

  const flush = (): void => {
    if (waiting.length === 0) return
    try {
      writeSync(fd, take())
    } catch {
      // As above.
    }
  }

  return {
    write: line => {
      copy(line)
      waiting.push(line)
      if (waiting.length > waitingMax) {
        waiting.shift()
        dropped += 1
      }
      run()
    },
    drained: () => (isBusy ? new Promise(resolve => onDrained.push(resolve)) : Promise.resolve()),
    flush,
    close: () => {
      flush()
      closeSync(fd)
    },
  }
}
