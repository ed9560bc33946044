/** What a switch came to, for people and for scripts. Pure. */
import type { Fate, Reading, Verdict } from '../outcome.ts'

export interface Answer {
  readonly seq: number
  readonly readings: readonly Reading[]
  readonly fates: readonly Fate[]
}

/** Incarnations by instance, as they were before anything was changed. */
export type Before = ReadonlyMap<string, number>

/**
 * The answer may be that of a later supervisor, asked again after the death of the one that did
 * the work: what it calls kept is compared with what was there before. Null: nobody knows that.
 */
export const sinceBefore = (answer: Answer, before: Before | null): Answer => {
  if (before === null) return answer
  const fates = answer.fates.map(fate => judge(fate, before.get(fate.instance)))
  const named = new Set(fates.map(({ instance }) => instance))
  const gone = [...before.keys()].filter(instance => !named.has(instance)).map(stopped)
  const byName = (a: Fate, b: Fate): number => compare(a.instance, b.instance)
  return { ...answer, fates: [...fates, ...gone].sort(byName) }
}

const judge = (fate: Fate, was: number | undefined): Fate => {
  if (fate.verdict !== 'kept' && fate.verdict !== 'restarted' && fate.verdict !== 'started')
    return fate
  const verdict =
    was === undefined ? 'started' : was === fate.incarnation ? 'kept' : ('restarted' as const)
  return { ...fate, verdict }
}

const stopped = (instance: string): Fate => ({
  ...{ instance, verdict: 'stopped', state: 'gone' },
  ...{ pid: null, incarnation: null, reason: null },
})

/** `web/app.2` before `web/app.10`. */
const compare = (a: string, b: string): number => {
  const [nameA, numberA] = split(a)
  const [nameB, numberB] = split(b)
  return nameA < nameB ? -1 : nameA > nameB ? 1 : numberA - numberB
}

const split = (instance: string): readonly [string, number] => {
  const dot = instance.lastIndexOf('.')
  return [instance.slice(0, dot), Number(instance.slice(dot + 1))]
}

const order: readonly Verdict[] = ['failed', 'pending', 'restarted', 'started', 'stopped', 'kept']
const words: Readonly<Record<Verdict, string>> = {
  failed: 'not running',
  pending: 'not settled',
  restarted: 'restarted',
  started: 'started',
  stopped: 'stopped',
  kept: 'kept',
}

/** One line of counts, then one for each that did not just stay as it was. */
export const sayOutcome = (sandbox: string, { fates }: Pick<Answer, 'fates'>): string => {
  const groups = order
    .map(verdict => [verdict, fates.filter(fate => fate.verdict === verdict)] as const)
    .filter(([, group]) => group.length > 0)
  const counts = groups.map(([verdict, group]) => `${group.length} ${words[verdict]}`)
  const width = Math.max(...groups.map(([verdict]) => words[verdict].length), 0)
  const lines = groups
    .filter(([verdict]) => verdict !== 'kept')
    .flatMap(([verdict, group]) =>
      group.map(fate => `  ${words[verdict].padEnd(width)}  ${fate.instance}${sayDetail(fate)}`),
    )
  const sum = counts.length === 0 ? 'nothing runs, nothing is to run' : counts.join(', ')
  const head = `${sandbox}: ${sum}`
  return [head, ...lines].map(line => `${line}\n`).join('')
}

/** Of one, while others are still at it. */
export const sayFate = (fate: Fate): string =>
  `${fate.instance} ${words[fate.verdict]}${sayDetail(fate)}`

const sayDetail = ({ reason, pid }: Fate): string =>
  reason !== null ? `: ${reason}` : pid === null || pid === 0 ? '' : `, pid ${pid}`

/** Instances by what became of them. */
export const groupFates = (fates: readonly Fate[]): object =>
  Object.fromEntries(
    order.map(verdict => [
      verdict,
      fates
        .filter(fate => fate.verdict === verdict)
        .map(({ instance, pid, reason }) => ({ instance, pid, reason })),
    ]),
  )

export const isAsWanted = ({ fates, readings }: Answer): boolean =>
  !fates.some(({ verdict }) => verdict === 'failed' || verdict === 'pending') &&
  !readings.some(({ result }) => result === 'refused')
