/**
 * Ports that more than one process has to itself. A port of `tcp-ports` may be shared, and then
 * the options of whichever container starts first are those of all; any other number that two
 * processes were given is bound twice.
 */
import { activatedVariables } from '../config/instantiate.ts'
import type { TcpPort } from '../config/shapes.ts'
import { warning } from '../evaluate/finding.ts'
import type { Finding } from '../evaluate/finding.ts'
import type { Examined } from '../evaluate/sandbox.ts'
import type { Subject } from '../evaluate/subject.ts'
import { nameOf } from '../evaluate/subject.ts'
import { portsOf } from '../evaluate/ports.ts'
import { activated } from '../evaluate/sockets.ts'

export interface Use {
  readonly subject: Subject
  readonly file: string
  readonly path: readonly string[]
  readonly port: number
  /** How it is opened for the container, or null where the container binds it. */
  readonly options: Omit<TcpPort, 'fd' | 'external'> | null
}

export const checkPortsOfAll = (all: readonly Examined[]): readonly Finding[] => {
  const known = new Map<number, Use[]>()
  const findings: Finding[] = []
  for (const use of all.flatMap(({ subject }) => usesOf(subject))) {
    const isOnHost = use.subject.sandbox.value.bridgedNetwork === null
    if (!isOnHost) continue
    const others = known.get(use.port) ?? []
    known.set(use.port, [...others, use])
    for (const earlier of others) {
      const said = earlier.subject === use.subject ? null : conflict(earlier, use)
      if (said === null) continue
      findings.push(warning(use.file, use.path, said))
      break
    }
  }
  return findings
}

/** All that are used on the network of the host. */
export const portsIn = (all: readonly Examined[]): readonly number[] => [
  ...new Set(
    all
      .filter(({ subject }) => subject.sandbox.value.bridgedNetwork === null)
      .flatMap(({ subject }) => usesOf(subject).map(({ port }) => port)),
  ),
]

/** What the kernel, or the sharing of a socket, makes of two who want one port; or null. */
const conflict = (earlier: Use, use: Use): string | null => {
  const [a, b] = [earlier.options, use.options]
  const [one, other] = [nameOf(use.subject), nameOf(earlier.subject)]
  const taken = `Port ${use.port} of ${one} is that of ${other} already`
  if (a === null || b === null) return taken
  if (!doOverlap(a.host, b.host) || (a.reusePort && b.reusePort)) return null
  if (a.host !== b.host)
    return (
      `Port ${use.port} of ${one} (${b.host}) and of ${other} (${a.host}): one address ` +
      'includes the other, and the kernel will let only one of the two listen'
    )
  if (a.reusePort !== b.reusePort)
    return `${taken}; only one of the two has \`reuse-port\`, so the kernel will refuse one`
  return JSON.stringify(a) === JSON.stringify(b)
    ? null
    : `${taken}, with other options; those of the container that starts first will be used for both`
}

/** `::` listens on every address, of IPv4 too. */
export const doOverlap = (a: string, b: string): boolean =>
  a === b ||
  a === '::' ||
  b === '::' ||
  (a === '0.0.0.0' && !b.includes(':')) ||
  (b === '0.0.0.0' && !a.includes(':'))

export const usesOf = (subject: Subject): readonly Use[] => {
  const { process, container } = subject
  if (process.value.kind === 'Command') return []
  const opened = portsOf(subject)
  const ofFiles = opened.map(({ key, port, options }): Use => ({
    subject,
    file: container.file,
    path: ['tcp-ports', key],
    port,
    options: optionsOf(options),
  }))
  const isActivated = new Set(activatedVariables(container.value))
  const ofVariables = [...container.value.variables].flatMap(([name, type]): readonly Use[] => {
    const port = Number(process.value.variables.get(name))
    // A variable that is the key of an opened port has been counted with it.
    if (type.type !== 'TcpPort' || opened.some(other => other.port === port)) return []
    const options = isActivated.has(name) ? activated : null
    const path = [process.name, 'variables', name]
    return [{ subject, file: process.file, path, port, options }]
  })
  return [...ofFiles, ...ofVariables]
}

const optionsOf = ({ fd: _fd, external: _external, ...options }: TcpPort): Use['options'] => options
