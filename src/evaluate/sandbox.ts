/**
 * One sandbox, from what was read to what is wanted of it. Taken whole or refused whole: every
 * rule is asked about every process, and one mistake anywhere means that nothing is wanted anew.
 */
import { instanceJson, processesJson } from '../config/instanceJson.ts'
import type { Decoded } from '../config/report.ts'
import type { Problem, Process } from '../config/shapes.ts'
import type { Wanted } from '../../machines/vocabulary.ts'
import { specHash, wantedBy } from '../spec.ts'
import type { Spec } from '../spec.ts'
import { checkAfter } from './after.ts'
import { bounded } from './bounds.ts'
import { compile } from './compile.ts'
import { checkConfinement } from './confinement.ts'
import type { Finding } from './finding.ts'
import type { Gathered } from './gather.ts'
import type { HostName } from './host.ts'
import { locate } from './locate.ts'
import { checkSandboxName } from './names.ts'
import { checkNamespace } from './namespace.ts'
import { tidy } from './order.ts'
import { checkSubject } from './rules.ts'
import type { Settings } from './settings.ts'
import type { Subject } from './subject.ts'

export interface Evaluation {
  readonly sandbox: string
  /** Mistakes and warnings, each with its place. One mistake refuses the sandbox. */
  readonly problems: readonly Problem[]
  /** By instance name; nothing where the sandbox is refused. */
  readonly wanted: ReadonlyMap<string, Wanted>
  /** What may take the place of those that are replaced, by instance name. */
  readonly spares: ReadonlyMap<string, Wanted>
  /** What can be run by hand, by process name. */
  readonly commands: ReadonlyMap<string, Wanted>
  /** By content hash. */
  readonly specs: ReadonlyMap<string, Spec>
  /** The line of the configuration log. Null where the process configuration cannot be read. */
  readonly processesJson: string | null
  /** All processes that could be read, with mistakes or without. */
  readonly subjects: readonly Examined[]
}

export interface Examined {
  readonly subject: Subject
  /** The root of the image, on the host. */
  readonly image: string
  readonly spec: Spec
}

export const isRefused = ({ problems }: Evaluation): boolean =>
  problems.some(({ severity }) => severity === 'error')

export const judge = (settings: Settings, gathered: Gathered, host: HostName): Evaluation => {
  const { name, file, sandbox, processesFile, processes, containers } = gathered
  const read: readonly (Decoded<unknown> | null)[] = [
    sandbox,
    processes,
    ...containers.flatMap(({ container, secretFile }) => [container, secretFile?.content ?? null]),
  ]
  const findings: Finding[] = [
    ...checkSandboxName(file, name),
    ...(sandbox.value === null ? [] : checkConfinement(file, sandbox.value)),
    ...containers.flatMap(gained => gained.findings),
    ...(processes?.value && processesFile !== null
      ? checkAfter(processesFile, processes.value)
      : []),
  ]
  const subjects: Examined[] = []
  for (const gained of containers) {
    const { name: processName, process, image, file: path, container, secretFile } = gained
    if (!sandbox.value || !container?.value || processesFile === null) continue
    const subject = {
      sandbox: { name, file, value: sandbox.value },
      process: { name: processName, file: processesFile, value: process },
      container: { file: path, value: container.value },
      ...(secretFile?.content.value && {
        secrets: { file: secretFile.file, value: secretFile.content.value },
      }),
    }
    findings.push(...checkSubject(subject, host))
    const granted = bounded(subject)
    const spec = compile(settings, granted, image)
    if (host.namespace != null) findings.push(...checkNamespace(granted, spec, host.namespace))
    subjects.push({ subject: granted, image, spec })
  }

  const problems = tidy(
    [...read.flatMap(decoded => decoded?.problems ?? []), ...locate(findings, gathered.texts)],
    [file, ...(processesFile === null ? [] : [processesFile])],
  )
  const json = processes?.value ? processesJson(processes.value) : null
  const refused = problems.some(({ severity }) => severity === 'error')
  // Who only checks needs none of it, and to name specifications by their content takes time.
  let known: Wants | null = null
  const wants = (): Wants => (known ??= wantedOf(name, refused ? [] : subjects))
  return {
    ...{ sandbox: name, problems, processesJson: json, subjects },
    get wanted() {
      return wants().wanted
    },
    get spares() {
      return wants().spares
    },
    get commands() {
      return wants().commands
    },
    get specs() {
      return wants().specs
    },
  }
}

type Wants = Pick<Evaluation, 'wanted' | 'spares' | 'commands' | 'specs'>

const wantedOf = (sandbox: string, subjects: readonly Examined[]): Wants => {
  const specs = new Map<string, Spec>()
  const wanted = new Map<string, Wanted>()
  const spares = new Map<string, Wanted>()
  const commands = new Map<string, Wanted>()
  for (const { subject, spec } of subjects) {
    const hash = specHash(spec)
    specs.set(hash, spec)
    const { name, value } = subject.process
    const wants = (index: number): Wanted => want(value, index, hash, spec)
    if (value.kind === 'Command') commands.set(name, wants(0))
    else {
      const surge = value.upgrade === 'all' ? 0 : value.upgrade.surge
      for (let index = 0; index < value.instances + surge; index += 1) {
        const kind = index < value.instances ? wanted : spares
        kind.set(`${sandbox}/${name}.${index}`, wants(index))
      }
    }
  }
  return { wanted, spares, commands, specs }
}

const want = (process: Process, index: number, hash: string, spec: Spec): Wanted => ({
  ...wantedBy(spec, hash),
  config: instanceJson(process, index),
})
