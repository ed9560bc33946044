/**
 * Reading configuration, as the effect `load` asks for it and as every start of an instance does:
 * what is on disk now against what we have. What we hear of it are facts, one a sandbox, each
 * taken whole or refused whole.
 */
import { join } from 'node:path'
import type { Stamp } from '../actors/clock.ts'
import type { Hear, Wanted } from '../machines/vocabulary.ts'
import { sandboxFile } from './config/places.ts'
import { sayProblem } from './config/report.ts'
import type { Problem } from './config/shapes.ts'
import { appendConfigLog } from './configLog.ts'
import { sandboxOf } from '../machines/order.ts'
import type { State } from './decide.ts'
import type { Evaluator } from './evaluate/evaluator.ts'
import { look as lookAtFile } from './evaluate/files.ts'
import { isRemoved as isFileRemoved } from './evaluate/listing.ts'
import type { Evaluation } from './evaluate/sandbox.ts'
import type { Settings } from './evaluate/settings.ts'
import { wantedBy } from './spec.ts'
import type { Spec } from './spec.ts'

export interface Loading {
  /** All sandboxes, or the one that is named. `turn`: the one whose effect this is. */
  readonly load: (turn: number, sandbox?: string) => void
  /** What to start an instance with, which may be newer than what was decided. */
  readonly specOf: (instance: string, wanted: Wanted) => Named | null
}

export interface Named {
  readonly spec: Spec
  readonly hash: string
}

export interface LoadingOptions {
  readonly hear: Hear
  readonly stamp: () => Stamp
  readonly evaluator: Evaluator
  readonly settings: Settings
  readonly state: () => State
  /** For what is no fact of ours, such as a configuration log that cannot be written. */
  readonly warn: (text: string) => void
  /** How a file looks now; a simulator has files of its own. */
  readonly look?: (file: string) => { readonly signature: string } | null
  readonly isRemoved?: (directory: string, sandbox: string) => boolean
}

/** The files that a process is started from, how they looked when read, and what they meant. */
interface Source {
  readonly files: readonly string[]
  readonly look: string
  readonly spec: Spec
  readonly hash: string
  /** When it was looked at, CLOCK_MONOTONIC. */
  readonly mono: number
}

/** A thousand starts at once need not look a thousand times. */
const lookAgainMs = 20

export const createLoading = (options: LoadingOptions): Loading => {
  const { hear, stamp, evaluator, settings, state, warn, look = lookAtFile } = options
  const { isRemoved = isFileRemoved } = options
  const sources = new Map<string, Source>()
  const lookOf = (files: readonly string[]): string =>
    files.map(file => look(file)?.signature ?? '').join('\n')

  const load = (turn: number, only?: string): void => {
    const { names, problems } = evaluator.sandboxes(settings)
    const known = [...state().sandboxes.keys()]
    if (names === null) {
      for (const sandbox of known) refuse(turn, sandbox, problems)
      for (const problem of problems) warn(sayProblem(problem))
      return
    }
    for (const sandbox of names)
      if (only === undefined || only === sandbox) take(turn, evaluator.sandbox(settings, sandbox))
    for (const sandbox of known)
      if (!names.includes(sandbox) && (only === undefined || only === sandbox))
        judgeVanished(turn, sandbox)
    if (names.length === 0 && known.length === 0)
      hear({ type: 'config.listed', sandboxes: [], cause: turn, ...stamp() })
  }

  /**
   * A file that is gone says less than one that is there: it may be half a deployment. What has
   * nothing to lose goes; what runs goes on until somebody says that it is meant.
   */
  const judgeVanished = (turn: number, sandbox: string): void => {
    const { value, context } = state().sandboxes.get(sandbox) ?? {}
    const isIdle = value === 'draining' || (context?.known ?? []).length === 0
    if (isIdle || isRemoved(settings.places.sandboxesDir, sandbox))
      return hear({ type: 'config.absent', sandbox, cause: turn, ...stamp() })
    const evaluation = evaluator.sandbox(settings, sandbox)
    const file = sandboxFile(settings.places, sandbox)
    take(turn, { ...evaluation, problems: evaluation.problems.map(sayHow(file, sandbox)) })
  }

  const take = (turn: number, evaluation: Evaluation): void => {
    const { sandbox, problems, wanted, spares, specs, processesJson } = evaluation
    if (processesJson !== null) logConfig(sandbox, processesJson)
    const errors = problems.filter(({ severity }) => severity === 'error')
    if (errors.length > 0) return refuse(turn, sandbox, errors)
    remember(evaluation)
    const known = state().specs
    const news = [...specs].filter(([hash]) => !known.has(hash))
    const warnings = problems.map(sayProblem)
    hear({
      type: 'config.loaded',
      sandbox,
      wanted: Object.fromEntries(wanted),
      ...(news.length > 0 && { specs: Object.fromEntries(news) }),
      ...(warnings.length > 0 && { warnings }),
      ...(spares.size > 0 && { spares: Object.fromEntries(spares) }),
      cause: turn,
      ...stamp(),
    })
  }

  const refuse = (turn: number, sandbox: string, problems: readonly Problem[]): void =>
    hear({
      type: 'config.refused',
      sandbox,
      reasons: problems.map(sayProblem),
      cause: turn,
      ...stamp(),
    })

  const logConfig = (sandbox: string, json: string): void => {
    const directory = settings.places.configLogDir
    if (directory === null) return
    try {
      appendConfigLog(directory, sandbox, stamp().at, json)
    } catch (error) {
      warn(`Error writing config log: ${join(directory, `${sandbox}.log`)}: ${String(error)}`)
    }
  }

  const remember = ({ sandbox, subjects, specs }: Evaluation): void => {
    const hashes = new Map([...specs].map(([hash, spec]) => [spec, hash]))
    for (const { subject, spec } of subjects) {
      const files = [subject.sandbox.file, subject.container.file]
      if (subject.secrets !== undefined) files.push(subject.secrets.file)
      const process = `${sandbox}/${subject.process.name}`
      const hash = hashes.get(spec)
      if (hash === undefined) continue
      const { mono } = stamp()
      sources.set(process, { files, look: lookOf(files), spec, hash, mono })
    }
  }

  /** A changed file is read again; a broken one leaves the last good configuration in force. */
  const specOf = (instance: string, wanted: Wanted): Named | null => {
    const old = state().specs.get(wanted.spec) as Spec | undefined
    const known = old === undefined ? null : { spec: old, hash: wanted.spec }
    const process = instance.slice(0, instance.lastIndexOf('.'))
    const source = newest(instance, process)
    if (source === undefined || source.hash === wanted.spec) return known
    // What the process file says is for the next reload; here only the other two files count.
    if (known === null || !isSameProcess(known.spec, source.spec)) return known
    const { spec, hash } = source
    const newer = { config: wanted.config, ...wantedBy(spec, hash) }
    hear({ type: 'spec.loaded', instance, wanted: newer, spec, ...stamp() })
    return { spec, hash }
  }

  const newest = (instance: string, process: string): Source | undefined => {
    const source = sources.get(process)
    const { mono } = stamp()
    if (source === undefined || mono - source.mono < lookAgainMs) return source
    const look = lookOf(source.files)
    sources.set(process, { ...source, look, mono })
    if (look === source.look) return source
    const evaluation = evaluator.sandbox(settings, sandboxOf(instance))
    const errors = evaluation.problems.filter(({ severity }) => severity === 'error')
    for (const error of errors) warn(`${sayProblem(error)}: ${instance} starts as it was`)
    if (errors.length === 0) remember(evaluation)
    return sources.get(process)
  }

  return { load, specOf }
}

const sayHow =
  (file: string, sandbox: string) =>
  (problem: Problem): Problem => ({
    ...problem,
    message:
      `${problem.message}; what runs of ${sandbox} runs on. If it is to be removed, say so: ` +
      `lithos_switch --remove ${sandbox}, or rename the file to ${file}.removed`,
  })

const isSameProcess = (a: Spec, b: Spec): boolean =>
  a.image === b.image &&
  a.config === b.config &&
  JSON.stringify(a.variables) === JSON.stringify(b.variables) &&
  isSameOrder(a, b) &&
  JSON.stringify(a.network?.addresses) === JSON.stringify(b.network?.addresses)

const isSameOrder = ({ policy: a }: Spec, { policy: b }: Spec): boolean =>
  JSON.stringify([a?.after, a?.rolling]) === JSON.stringify([b?.after, b?.rolling])
