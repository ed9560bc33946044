/** What the status file of a knot says of its life, all lines together. */
import { parseFileName, readStatusText } from './statusFile.ts'
import type { End, Reading, StatusLine, WatchLine } from './statusFile.ts'

export interface Kept {
  readonly startedAt: number | null
  readonly refused: { readonly step: number; readonly errno: number } | null
  readonly exited: (End & { readonly how: string }) | null
  /** The newest of each kind that still holds. Absent: none. */
  readonly watched?: readonly WatchLine[]
}

export interface Life extends Kept {
  readonly instance: string
  readonly incarnation: number
  readonly spec: string | null
  readonly pid: number
  readonly birth: number
  readonly innerPid: number | null
  readonly offset: number
}

export const nothing: Life = {
  instance: '',
  incarnation: 0,
  spec: null,
  pid: 0,
  birth: 0,
  innerPid: null,
  startedAt: null,
  refused: null,
  exited: null,
  offset: 0,
}

export const lifeIn = (name: string, text: string): Life => lifeOf(name, readStatusText(text))

export const lifeOf = (name: string, { lines, offset }: Reading): Life =>
  lines.reduce(add, { ...nothing, ...parseFileName(name), offset })

const add = (life: Life, line: StatusLine): Life => {
  switch (line.said) {
    case 'knot':
      return { ...life, spec: line.spec }
    case 'pid':
      return { ...life, pid: line.pid, birth: line.birth }
    case 'started':
      return { ...life, startedAt: line.mono, innerPid: line.innerPid }
    case 'refused':
      return { ...life, refused: { step: line.step, errno: line.errno } }
    case 'exited':
      return { ...life, exited: line }
    case 'died':
      return {
        ...unwatched(life),
        ...(wasReady(life) && {
          watched: [{ said: 'unready', mono: line.mono, why: 'ended' }],
        }),
      }
    case 'launched':
      return life
    default:
      return { ...life, watched: [...(life.watched ?? []).filter(isOther(line)), line] }
  }
}

/** It was, at some time, and who starts in its place has to become so. */
export const wasReady = ({ watched = [] }: Pick<Kept, 'watched'>): boolean =>
  watched.some(({ said }) => said === 'ready' || said === 'unready')

/** It has ended, and is to be started again in its place. */
export const isBetween = ({ watched = [], startedAt }: Kept): boolean =>
  watched.some(
    line => line.said === 'unready' && line.why === 'ended' && line.mono >= (startedAt ?? 0),
  )

/** What was said of one start of the application holds for no other. */
const unwatched = ({ watched: _, ...life }: Life): Life => life

/** Ready, not ready any more and not ready yet take each other's place. */
const isOther =
  ({ said }: WatchLine) =>
  (other: WatchLine): boolean =>
    states.includes(said) ? !states.includes(other.said) : other.said !== said

const states: readonly string[] = ['ready', 'unready', 'waiting']

export const sharedBy = (life: Life, file: string | null) => {
  const { spec, startedAt, refused, exited, watched, offset } = life
  return {
    spec,
    file,
    kept: { startedAt, refused, exited, ...(watched !== undefined && { watched }) },
    offset,
  }
}
