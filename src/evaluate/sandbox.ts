/**
 * One sandbox, from its files to what is wanted of it. Taken whole or refused whole: every rule
 * is asked about every process, and one mistake anywhere means that nothing is wanted anew.
 */
import { existsSync } from 'node:fs'
import { cwd } from 'node:process'
import { instanceJson, processesJson } from '../config/instanceJson.ts'
import { below, imageDirOf, processesFile, sandboxFile } from '../config/places.ts'
import { readContainer, readProcesses, readSandbox } from '../config/read.ts'
import type { Container, Problem, Process, Processes, Sandbox } from '../config/shapes.ts'
import type { Wanted } from '../../machines/vocabulary.ts'
import { specHash } from '../spec.ts'
import type { Spec } from '../spec.ts'
import { compile } from './compile.ts'
import type { Files } from './files.ts'
import { mistake } from './finding.ts'
import type { Finding } from './finding.ts'
import type { HostName } from './host.ts'
import { lookInside } from './inside.ts'
import { locate } from './locate.ts'
import { checkProcess, checkSandboxName } from './names.ts'
import { notYetInSandbox } from './notYet.ts'
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

/** `alternate`: a process configuration instead of the one that the sandbox names. */
export const evaluateSandbox = (
  settings: Settings,
  name: string,
  files: Files,
  host: HostName,
  alternate?: string,
): Evaluation => {
  const problems: Problem[] = []
  const say = (findings: readonly Finding[]): void => {
    problems.push(...locate(findings))
  }
  const keep = <T>(decoded: {
    readonly value: T | null
    readonly problems: readonly Problem[]
  }) => {
    problems.push(...decoded.problems)
    return decoded.value
  }
  const done = (subjects: readonly Examined[], processes: Processes | null): Evaluation =>
    conclude(name, tidy(problems), subjects, processes)

  const file = sandboxFile(settings.places, name)
  const value = keep(files.read(file, readSandbox))
  say(checkSandboxName(file, name))
  if (value === null) return done([], null)
  say(notYetInSandbox(file, value))

  const sandbox = { name, file, value }
  const path = alternate ?? processesFile(settings.places, name, value)
  const processes = keep(files.read(path, readProcesses))
  if (processes === null) return done([], null)

  const subjects = [...processes].sort().flatMap(([processName, process]) => {
    const findings = checkProcess(path, processName, process, name, value.imageDirLevels)
    say(findings)
    if (findings.length > 0) return []
    const found = findConfiguration(path, processName, process, value)
    if ('message' in found) {
      say([found])
      return []
    }
    const container = keep(files.read(found.file, readContainer))
    if (container === null) return []
    const subject = {
      sandbox,
      process: { name: processName, file: path, value: process },
      container: { file: found.file, value: container },
    }
    say(checkSubject(subject, host))
    return [{ subject, image: found.image, spec: compile(settings, subject, found.image) }]
  })
  return done(subjects, processes)
}

/** The file of the container configuration, found as the container would find it. */
const findConfiguration = (
  file: string,
  name: string,
  { image, config }: Process,
  sandbox: Sandbox,
): { readonly file: string; readonly image: string } | Finding => {
  const root = below(cwd(), imageDirOf(sandbox, image))
  const found = lookInside(root, config)
  if (found.kind === 'found') return { file: found.host, image: root }
  if (!existsSync(root))
    return mistake(file, [name, 'image'], `The image of ${name} is not there: no directory ${root}`)
  const reason = found.kind === 'missing' ? `${found.at} ${found.reason}` : 'it is not there'
  return mistake(
    file,
    [name, 'config'],
    `Can't read container config ${config} of ${name} in ${root}: ${reason}`,
  )
}

const conclude = (
  sandbox: string,
  problems: readonly Problem[],
  subjects: readonly Examined[],
  processes: Processes | null,
): Evaluation => {
  const refused = problems.some(({ severity }) => severity === 'error')
  const specs = new Map<string, Spec>()
  const wanted = new Map<string, Wanted>()
  const commands = new Map<string, Wanted>()
  for (const { subject, spec } of refused ? [] : subjects) {
    const hash = specHash(spec)
    specs.set(hash, spec)
    const { name, value } = subject.process
    const instance = (index: number): Wanted =>
      wantedOf(value, index, hash, subject.container.value)
    if (value.kind === 'Command') commands.set(name, instance(0))
    else
      for (let index = 0; index < value.instances; index += 1)
        wanted.set(`${sandbox}/${name}.${index}`, instance(index))
  }
  return {
    sandbox,
    problems,
    wanted,
    commands,
    specs,
    processesJson: processes === null ? null : processesJson(processes),
    subjects,
  }
}

const wantedOf = (
  process: Process,
  index: number,
  spec: string,
  { restartTimeoutMs, killTimeoutMs }: Container,
): Wanted => ({
  spec,
  config: instanceJson(process, index),
  restartMs: restartTimeoutMs,
  killMs: killTimeoutMs,
})
