/**
 * A log of lines, appended to by the side of the work: a slow or full disk delays the log and
 * nothing else. `[2018-08-10T12:05:48Z][ERROR] message`, as the original writes it. A file that
 * was renamed or removed meanwhile is opened anew: looked at when there is something to write,
 * at most once a second, or when somebody says so.
 */
import { close, closeSync, fstatSync, open, openSync, stat, write, writeSync } from 'node:fs'
import type { Stats } from 'node:fs'

export interface LogFile {
  readonly write: (line: string) => void
  /** Resolves when what is written from now on goes to the file of this name. Never rejects. */
  readonly reopen: () => Promise<void>
  /** When everything is written. An exec in place would cut off what is on its way. */
  readonly drained: () => Promise<void>
  /** Everything that waits, at once: before an exit. */
  readonly flush: () => void
  readonly close: () => void
}

export interface LogFileOptions {
  /** Milliseconds of any clock. */
  readonly now: () => number
  /** Also gets every line, for `--log-stderr`. */
  readonly copy?: (text: string) => void
}

/** Lines that wait for a disk that hangs; older ones are dropped, and their number is told. */
const waitingMax = 10_000
const lookMs = 1_000

/** Throws if the file cannot be opened. */
export const openLogFile = (path: string, { now, copy }: LogFileOptions): LogFile => {
  let fd = openSync(path, 'a')
  let present = fstatSync(fd)
  let lookedAt = now()
  let waiting: string[] = []
  let dropped = 0
  let lost = 0
  let isBusy = false
  let isClosed = false
  const onDrained: (() => void)[] = []

  const take = (): string => {
    const told =
      (dropped === 0 ? '' : `(${dropped} lines were dropped here: the disk was too slow)\n`) +
      (lost === 0 ? '' : `(${lost} bytes could not be written here: is the disk full?)\n`)
    const text = told + waiting.join('')
    waiting = []
    dropped = 0
    return text
  }

  const run = (): void => {
    if (isBusy || waiting.length === 0) return
    isBusy = true
    lookAgain(writeOn)
  }

  /** What is there decides, so that a name that somebody else has taken is noticed as well. */
  const lookAgain = (then: () => void): void => {
    if (Math.abs(now() - lookedAt) < lookMs) return then()
    lookedAt = now()
    stat(path, (error, found) => {
      if (error === null ? isSame(found, present) : error.code !== 'ENOENT') return then()
      open(path, 'a', (failure, opened) => {
        // The old one is better than none.
        if (failure !== null || isClosed) return then()
        close(fd, () => {})
        fd = opened
        present = fstatSync(fd)
        then()
      })
    })
  }

  const writeOn = (): void => {
    const text = Buffer.from(take())
    write(fd, text, (error, written) => {
      // A line that cannot be written is lost: the journal has what matters.
      lost = error === null && written === text.length ? 0 : lost + text.length - (written ?? 0)
      goOn()
    })
  }

  const goOn = (): void => {
    isBusy = false
    run()
    if (!isBusy) onDrained.splice(0).forEach(resolve => resolve())
  }

  const drained = (): Promise<void> =>
    isBusy ? new Promise(resolve => onDrained.push(resolve)) : Promise.resolve()

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
      copy?.(line)
      waiting.push(line)
      if (waiting.length > waitingMax) {
        waiting.shift()
        dropped += 1
      }
      run()
    },
    reopen: async () => {
      while (isBusy) await drained()
      isBusy = true
      lookedAt = -Infinity
      await new Promise<void>(resolve => lookAgain(resolve))
      goOn()
    },
    drained,
    flush,
    close: () => {
      flush()
      isClosed = true
      closeSync(fd)
    },
  }
}

const isSame = (one: Stats, other: Stats): boolean => one.ino === other.ino && one.dev === other.dev
