/**
 * The listening sockets of one process: those of `tcp-ports`, and those that variables ask for in
 * the manner of systemd. What a process of an instance gets is the same for all instances: a port
 * cannot depend on its number.
 */
import { activatedVariables } from '../config/instantiate.ts'
import { toOutside } from '../config/idMaps.ts'
import type { TcpPort } from '../config/shapes.ts'
import type { SpecSocket } from '../spec.ts'
import { mistake } from './finding.ts'
import type { Finding } from './finding.ts'
import { effectiveIds, mapsOf } from './ids.ts'
import { portsOf } from './ports.ts'
import type { Port } from './ports.ts'
import { nameOf } from './subject.ts'
import type { Subject } from './subject.ts'

/** In the manner of systemd the first descriptor is 3, and the next ones follow. */
const firstActivated = 3

/**
 * `sockets` are on the network of the host, `own` on that of a container that is bridged, where
 * the rules below have found nothing. Only daemons are given any.
 */
export const specSockets = (
  subject: Subject,
): { readonly sockets: readonly SpecSocket[]; readonly own: readonly SpecSocket[] } => {
  const isBridged = subject.sandbox.value.bridgedNetwork !== null
  return {
    sockets: socketsOf(subject, !isBridged, ({ options }) => !isBridged || options.external),
    own: socketsOf(subject, isBridged, ({ options }) => isBridged && !options.external),
  }
}

const socketsOf = (
  subject: Subject,
  isActivated: boolean,
  isMeant: (port: Port) => boolean,
): readonly SpecSocket[] => {
  if (subject.process.value.kind === 'Command') return []
  const owner = ownerOf(subject)
  const meant = portsOf(subject).filter(isMeant)
  // Two keys may mean one port, of which the reader has been warned: the last one wins.
  const ports = [...new Map(meant.map(one => [one.port, one])).values()]
  const names = isActivated ? activatedVariables(subject.container.value) : []
  const configured = ports.map(({ port, options }): SpecSocket => ({
    fd: options.fd,
    port,
    ...specOptions(options),
    ...owner,
  }))
  const asked = names.map((name, index): SpecSocket => ({
    fd: firstActivated + index,
    port: Number(subject.process.value.variables.get(name)),
    ...specOptions(activated),
    ...owner,
    activatedBy: name,
  }))
  return [...configured, ...asked].sort((a, b) => a.fd - b.fd)
}

type Options = Omit<TcpPort, 'fd' | 'external'>

/** Those of every socket that a variable asks for. */
export const activated: Options = {
  host: '0.0.0.0',
  reuseAddr: true,
  reusePort: false,
  setNonBlock: false,
  listenBacklog: 128,
}

const specOptions = ({ host, listenBacklog, reuseAddr, reusePort, setNonBlock }: Options) => ({
  host,
  backlog: listenBacklog,
  reuseAddr,
  reusePort,
  setNonBlock,
})

/** As the application's user is called on the host; whoever is in no map is root there. */
const ownerOf = (subject: Subject): { readonly uid: number; readonly gid: number } => {
  const { user, group } = effectiveIds(subject)
  const maps = mapsOf(subject.sandbox.value, subject.container.value)
  return {
    uid: toOutside(maps?.users ?? [], user) ?? 0,
    gid: toOutside(maps?.groups ?? [], group) ?? 0,
  }
}

/** A port that one process would get twice, with options that may differ. */
export const checkSockets = (subject: Subject): readonly Finding[] => {
  const { process, container } = subject
  return portsOf(subject).flatMap(({ key, port }) => {
    const name = activatedVariables(container.value).find(
      one => Number(process.value.variables.get(one)) === port,
    )
    return name === undefined
      ? []
      : [
          mistake(
            container.file,
            ['tcp-ports', key],
            `Port ${port} of ${nameOf(subject)} is that of the activated variable "${name}" ` +
              'already; leave one of the two out',
          ),
        ]
  })
}
