/**
 * Ports that more than one process has to itself. A port of `tcp-ports` may be shared, and then
 * the options of whichever container starts first are those of all; any other number that two
 * processes were given is bound twice.
 */
import { activatedVariables } from '../config/instantiate.ts'
import { warning } from '../evaluate/finding.ts'
import type { Finding } from '../evaluate/finding.ts'
import type { Examined } from '../evaluate/sandbox.ts'
import type { Subject } from '../evaluate/subject.ts'
import { nameOf } from '../evaluate/subject.ts'
import { portsOf } from '../evaluate/ports.ts'

interface Use {
  readonly subject: Subject
  readonly file: string
  readonly path: readonly string[]
  readonly port: number
  /** How it is opened for the container, or null where the container binds it. */
  readonly options: string | null
}

export const checkPortsOfAll = (all: readonly Examined[]): readonly Finding[] => {
  const first = new Map<string, Use>()
  const findings: Finding[] = []
  for (const use of all.flatMap(({ subject }) => usesOf(subject))) {
    const isOnHost = use.subject.sandbox.value.bridgedNetwork === null
    if (!isOnHost) continue
    const key = String(use.port)
    const earlier = first.get(key)
    if (earlier === undefined) first.set(key, use)
    else if (earlier.subject !== use.subject && conflict(earlier, use))
      findings.push(warning(use.file, use.path, sentence(earlier, use)))
  }
  return findings
}

const conflict = (a: Use, b: Use): boolean =>
  a.options === null || b.options === null || a.options !== b.options

const sentence = (earlier: Use, use: Use): string =>
  `Port ${use.port} of ${nameOf(use.subject)} is that of ${nameOf(earlier.subject)} already` +
  (earlier.options !== null && use.options !== null
    ? ', with other options; those of the container that starts first will be used for both'
    : '')

const usesOf = (subject: Subject): readonly Use[] => {
  const { process, container } = subject
  if (process.value.kind === 'Command') return []
  const opened = portsOf(subject)
  const ofFiles = opened.map(({ key, port, options }): Use => ({
    subject,
    file: container.file,
    path: ['tcp-ports', key],
    port,
    options: JSON.stringify({ ...options, fd: null }),
  }))
  const isActivated = new Set(activatedVariables(container.value))
  const ofVariables = [...container.value.variables].flatMap(([name, type]): readonly Use[] => {
    const port = Number(process.value.variables.get(name))
    // A variable that is the key of an opened port has been counted with it.
    if (type.type !== 'TcpPort' || opened.some(other => other.port === port)) return []
    const options = isActivated.has(name) ? 'activation' : null
    const path = [process.name, 'variables', name]
    return [{ subject, file: process.file, path, port, options }]
  })
  return [...ofFiles, ...ofVariables]
}
