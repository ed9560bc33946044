/**
 * What is known of one life of a container, in a file that outlives everybody who knows it.
 * We write the first lines, the knot the others, each with one write(2):
 *
 *     knot NAME INCARNATION SPEC              we, before it is launched
 *     pid PID BIRTH                           its process, before it executes the knot
 *     launched MONO                           the plan was read
 *     refused MONO STEP ERRNO                 a step failed (-1: the plan itself is malformed);
 *                                             from 65536 on: the wait status of its program
 *     started MONO NSPID                      the application has been executed
 *     died MONO STATUS STARTED                it ended, and is started again by the knot
 *     exited MONO STATUS STARTED HOW          it ended for good: itself, term or killed
 *
 *     ready MONO                              watch.c has these; only where they are asked for
 *     unready MONO WHY                        reloading, stopping
 *     waiting MONO REASON DETAIL              it should be ready soon, and is not
 *     unhealthy MONO COUNT REASON DETAIL
 *     notified MONO EXTEND TEXT               EXTEND in milliseconds, 0 for none
 *     prestop MONO STATUS                     -1: it was killed
 *
 * `died` and `exited` end with `oom=KILLS/LIMIT` where the kernel killed processes of this start
 * for lack of memory; LIMIT in bytes, or `-`. Knots of earlier versions never say so.
 *
 * MONO and STARTED are milliseconds of CLOCK_MONOTONIC, STATUS is a wait status. The file is
 * called `S:P.N@INCARNATION`, for the instance `S/P.N`.
 */
import { closeSync, constants, openSync, readSync, unlinkSync } from 'node:fs'

export type StatusLine =
  | {
      readonly said: 'knot'
      readonly name: string
      readonly incarnation: number
      readonly spec: string
    }
  | { readonly said: 'pid'; readonly pid: number; readonly birth: number }
  | { readonly said: 'launched'; readonly mono: number }
  | {
      readonly said: 'refused'
      readonly mono: number
      readonly step: number
      readonly errno: number
    }
  | { readonly said: 'started'; readonly mono: number; readonly innerPid: number }
  | WatchLine
  | ({ readonly said: 'died' } & End)
  | ({ readonly said: 'exited'; readonly how: string } & End)

export type WatchLine = { readonly mono: number } & (
  | { readonly said: 'ready' }
  | { readonly said: 'unready'; readonly why: string }
  | { readonly said: 'waiting'; readonly reason: number; readonly detail: number }
  | {
      readonly said: 'unhealthy'
      readonly count: number
      readonly reason: number
      readonly detail: number
    }
  | { readonly said: 'notified'; readonly extendMs: number; readonly status: string }
  | { readonly said: 'prestop'; readonly status: number }
)

export interface End {
  readonly mono: number
  readonly status: number
  /** When the application was started; 0: it never was. */
  readonly started: number
  /** Killed for lack of memory; the limit in bytes. */
  readonly oom?: { readonly kills: number; readonly limit: number | null }
}

export const fileName = (instance: string, incarnation: number): string =>
  `${instance.replace('/', ':')}@${incarnation}`

export const parseFileName = (
  name: string,
): { readonly instance: string; readonly incarnation: number } | null => {
  const parts = /^([^:@]+):([^@]+)@(\d+)$/.exec(name)
  return parts === null
    ? null
    : { instance: `${parts[1]}/${parts[2]}`, incarnation: Number(parts[3]) }
}

export interface Reading {
  readonly lines: readonly StatusLine[]
  /** Where the next reading begins: after the last whole line. */
  readonly offset: number
}

const buffer = Buffer.allocUnsafeSlow(65536)

/** The lines from `offset` on. A file that is gone says nothing more. */
export const readStatusFile = (path: string, offset: number): Reading => {
  const lines: StatusLine[] = []
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { lines, offset }
    throw error
  }
  try {
    for (;;) {
      const count = readSync(fd, buffer, 0, buffer.length, offset)
      const whole = buffer.subarray(0, count).lastIndexOf(10) + 1
      lines.push(...parseLines(buffer.toString('utf8', 0, whole)))
      offset += whole
      if (whole === 0 || count < buffer.length) return { lines, offset }
    }
  } finally {
    closeSync(fd)
  }
}

/** The same of a text that is the whole file; the offset counts bytes. */
export const readStatusText = (text: string, offset = 0): Reading => {
  const bytes = Buffer.from(text)
  const end = Math.max(offset, bytes.lastIndexOf(10) + 1)
  return { lines: parseLines(bytes.toString('utf8', offset, end)), offset: end }
}

/** That it is gone already is well. */
export const removeStatusFile = (path: string): void => {
  try {
    unlinkSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

/** What we cannot read is left out: a later version may say more. */
const parseLines = (text: string): StatusLine[] =>
  text.split('\n').flatMap(line => {
    const parsed = parseLine(line.split(' '))
    return parsed === null ? [] : [parsed]
  })

const parseLine = (words: readonly string[]): StatusLine | null => {
  const [said, first = '', second, third, fourth = ''] = words
  const [a, b, c] = [Number(first), Number(second), Number(third)]
  const areNumbers = (...numbers: number[]) => numbers.every(Number.isFinite)
  switch (said) {
    case 'knot':
      return areNumbers(b) ? { said, name: first, incarnation: b, spec: third ?? '' } : null
    case 'pid':
      return areNumbers(a, b) ? { said, pid: a, birth: b } : null
    case 'launched':
      return areNumbers(a) ? { said, mono: a } : null
    case 'refused':
      return areNumbers(a, b, c) ? { said, mono: a, step: b, errno: c } : null
    case 'started':
      return areNumbers(a, b) ? { said, mono: a, innerPid: b } : null
    case 'ready':
      return areNumbers(a) ? { said, mono: a } : null
    case 'unready':
      return areNumbers(a) ? { said, mono: a, why: second ?? '' } : null
    case 'waiting':
      return areNumbers(a, b, c) ? { said, mono: a, reason: b, detail: c } : null
    case 'unhealthy':
      return areNumbers(a, b, c, Number(fourth))
        ? { said, mono: a, count: b, reason: c, detail: Number(fourth) }
        : null
    case 'notified':
      return areNumbers(a, b)
        ? { said, mono: a, extendMs: b, status: words.slice(3).join(' ') }
        : null
    case 'prestop':
      return areNumbers(a, b) ? { said, mono: a, status: b } : null
    case 'died':
      return areNumbers(a, b, c) ? { said, mono: a, status: b, started: c, ...oomIn(fourth) } : null
    case 'exited':
      return areNumbers(a, b, c)
        ? { said, mono: a, status: b, started: c, how: fourth, ...oomIn(words[5]) }
        : null
    default:
      return null
  }
}

const oomIn = (word: string | undefined): Pick<End, 'oom'> => {
  const parts = /^oom=(\d+)\/(\d+|-)$/.exec(word ?? '')
  if (parts === null) return {}
  const limit = parts[2] === '-' ? null : Number(parts[2])
  return { oom: { kills: Number(parts[1]), limit } }
}
