/**
 * Names as people type them: an instance, a process, a sandbox, or a pattern with `*` and `?`. One
 * that names nothing is answered with the nearest that there is.
 */
import { nearest } from '../nearest.ts'

/** `web/http.2` to `web/http`. */
export const processOf = (instance: string): string =>
  instance.slice(0, Math.max(0, instance.lastIndexOf('.')))

const sandboxOf = (instance: string): string =>
  instance.slice(0, Math.max(0, instance.indexOf('/')))

export const isPattern = (word: string): boolean => /[*?]/.test(word)

export const matches =
  (word: string) =>
  (instance: string): boolean =>
    isPattern(word)
      ? toExpression(word).test(instance)
      : instance === word || processOf(instance) === word || sandboxOf(instance) === word

/** A pattern without a slash is one of sandboxes. */
const toExpression = (word: string): RegExp => {
  const inner = word
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(word.includes('/') ? `^${inner}$` : `^${inner}(/.*)?$`)
}

export interface Selection {
  readonly names: readonly string[]
  /** A sentence for each word that names nothing. */
  readonly problems: readonly string[]
}

/** No words: all. A pattern may match nothing, a name may not. */
export const select = (words: readonly string[], all: readonly string[]): Selection => {
  if (words.length === 0) return { names: all, problems: [] }
  const isMeant = words.map(matches)
  return {
    names: all.filter(name => isMeant.some(is => is(name))),
    problems: words
      .filter((word, index) => !isPattern(word) && !all.some(name => isMeant[index]?.(name)))
      .map(
        word =>
          `there is no ${word.includes('/') ? 'instance' : 'sandbox or instance'} ` +
          `${JSON.stringify(word)}; ${hintFor(word, all)}`,
      ),
  }
}

const namedMax = 6

/** People leave the sandbox out; and who does not know what there is wants to. */
export const hintFor = (word: string, all: readonly string[]): string => {
  const known = knownNames(all)
  const similar = known.find(name => name.endsWith(`/${word}`)) ?? nearest(word, known)
  if (similar !== null) return `did you mean ${similar}?`
  const sandboxes = knownSandboxes(all)
  if (sandboxes.length === 0) return 'nothing is wanted, and nothing runs'
  return sandboxes.length > namedMax ? '`lithos ls` lists all' : `there is ${sandboxes.join(', ')}`
}

/** A pattern may match nothing, and so may a filter; but nobody should wonder why. */
export const sayNothing = (
  words: readonly string[],
  sandboxes: readonly string[],
  all: readonly string[],
): readonly string[] => [
  ...words
    .filter(word => isPattern(word) && !all.some(matches(word)))
    .map(word => `nothing is called ${JSON.stringify(word)}`),
  ...sandboxes
    .filter(name => !knownSandboxes(all).includes(name))
    .map(name => `there is nothing of a sandbox ${JSON.stringify(name)}; ${hintFor(name, all)}`),
]

const knownSandboxes = (all: readonly string[]): readonly string[] => [
  ...new Set(all.map(sandboxOf)),
]

/** Everything that `select` takes: sandboxes, processes, instances. */
export const knownNames = (instances: readonly string[]): readonly string[] => [
  ...new Set([...instances.map(sandboxOf), ...instances.map(processOf), ...instances]),
]
