/** Addresses that sockets are to be bound to: somebody has to have them. */
import { networkInterfaces } from 'node:os'
import { mistake, warning } from '../evaluate/finding.ts'
import type { Finding } from '../evaluate/finding.ts'
import { portsOf } from '../evaluate/ports.ts'
import { nameOf } from '../evaluate/subject.ts'
import type { Subject } from '../evaluate/subject.ts'

export const checkHosts = (subject: Subject): readonly Finding[] => {
  const { sandbox, container } = subject
  const bridge = sandbox.value.bridgedNetwork
  return portsOf(subject).flatMap(({ key, port, options: { host, external } }) => {
    if (isOfAnybody(host)) return []
    const path = ['tcp-ports', key, 'host']
    const what = `Port ${port} of ${nameOf(subject)} cannot be opened`
    if (bridge === null || external)
      // It may come later: with another interface, or with another host.
      return isHere(host)
        ? []
        : [warning(container.file, path, `${what} as long as this host has no address ${host}`)]
    const without = withoutAddress(subject, host)
    if (without === null) return []
    const severity = bridge.afterSetupCommand.length > 0 ? warning : mistake
    return [severity(container.file, path, `${what}: ${without} has no address ${host}`)]
  })
}

const isOfAnybody = (host: string): boolean =>
  host === '0.0.0.0' || host === '::' || host === '::1' || host.startsWith('127.')

let addresses: ReadonlySet<string> | null = null

/** Asked of the kernel once: there may be thousands of instances, and as many cables. */
export const isHere = (host: string): boolean => {
  addresses ??= new Set(
    Object.values(networkInterfaces()).flatMap(some => some?.map(({ address }) => address) ?? []),
  )
  return addresses.has(host)
}

/** The instance in a network of its own that the address is not given to. */
const withoutAddress = (subject: Subject, host: string): string | null => {
  const { ipAddresses, instances } = subject.process.value
  const number = ipAddresses.slice(0, instances).findIndex(address => address !== host)
  return number < 0 ? null : `${nameOf(subject)}.${number}`
}
