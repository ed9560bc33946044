/**
 * The five files, read: text to meaning, with every problem and its place. Nothing here touches
 * the disk; `readFileText` is the one that does.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { Decoder, Located } from './codec.ts'
import {
  containerConcerns,
  masterConcerns,
  processesConcerns,
  sandboxConcerns,
} from './concerns.ts'
import { container, secretEnviron } from './container.ts'
import { decodeText } from './fileText.ts'
import { normalise } from './lines.ts'
import { master } from './master.ts'
import { processes } from './processes.ts'
import { decoded, error, toProblems } from './report.ts'
import type { Decoded, Mistake } from './report.ts'
import { sandbox } from './sandbox.ts'
import { parse } from './syntax.ts'
import { buildTree } from './tree.ts'
import type { Value } from './value.ts'

export type Read<T> = (file: string, text: string | Buffer) => Decoded<T>

/**
 * Images that were made in one way have the same text in many places: the last one without a
 * problem is remembered. What it means has nothing to do with where it stands.
 */
const reader = <T>(
  of: Decoder<T>,
  concerns?: (root: Value, value: T) => readonly Mistake[],
): Read<T> => {
  const read = readerOf(of, concerns)
  let last: { readonly source: string; readonly outcome: Decoded<T> } | null = null
  return (file, source) => {
    if (last?.source === source) return last.outcome
    const outcome = read(file, source)
    if (typeof source === 'string' && outcome.problems.length === 0) last = { source, outcome }
    return outcome
  }
}

const readerOf =
  <T>(
    of: Decoder<T>,
    concerns: (root: Value, value: T) => readonly Mistake[] = () => [],
  ): Read<T> =>
  (file, source) => {
    const whole = decodeText(file, source)
    if (whole.value === null) return { value: null, problems: whole.problems }
    const text = normalise(whole.value)
    const syntax = parse(text)
    if ('severity' in syntax) return { value: null, problems: toProblems(file, text, [syntax]) }
    const { root, mistakes } = buildTree(text, syntax)
    if (root.kind === 'null' && root.isImplicit)
      return { value: null, problems: toProblems(file, text, [error(0, sayNothing(text))]) }
    const outcome = of.decode(root)
    if (E.isLeft(outcome)) {
      const all = [...mistakes, ...outcome.left.map(toMistake)]
      return { value: null, problems: toProblems(file, text, all) }
    }
    const value = outcome.right
    const all = [...mistakes, ...concerns(root, value)]
    return decoded(() => value, toProblems(file, text, all))
  }

/** The original takes it for `{}`; but this is what a truncated deployment looks like. */
const sayNothing = (text: string): string =>
  `${text === '' ? 'the file is empty' : 'there is nothing in the file'}: nothing is concluded ` +
  'from that; write {} where nothing is meant'

/** Decoders put the place where io-ts has the value (see `codec.ts`). */
const toMistake = ({ value, message = 'not as expected' }: ValidationError): Mistake => {
  const { at, keyAt } = value as Located
  return { at, keyAt, severity: 'error', message }
}

type ValidationError = { readonly value: unknown; readonly message?: string | undefined }

export const readMaster = reader(master, masterConcerns)
export const readSandbox = reader(sandbox, sandboxConcerns)
export const readProcesses = reader(processes, processesConcerns)
export const readContainer = reader(container, containerConcerns)
/** Nothing of it stays. */
export const readSecretEnviron = readerOf(secretEnviron)
