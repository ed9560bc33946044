/**
 * Who the container's users are on the host, and how it is connected. Without a bridge it has the
 * network of the host; with one and without an address, a loopback and nothing else.
 */
import type { IpAddress, Step } from '../../native/plan.ts'
import { addressBits } from '../config/addresses.ts'
import { toOutside } from '../config/idMaps.ts'
import { replaceReferences } from '../config/variables.ts'
import { cableOf } from '../interfaces.ts'
import type { Cable } from '../interfaces.ts'
import type { Spec, SpecNetwork } from '../spec.ts'

export const userSteps = ({ ids }: Spec): readonly Step[] =>
  ids === undefined ? [] : [{ do: 'users', uidMap: ids.users, gidMap: ids.groups }]

/** As the application's user and group are called on the host. */
export const idsOnHost = ({ ids, user, group }: Spec) => ({
  uid: toOutside(ids?.users ?? [], user) ?? 0,
  gid: toOutside(ids?.groups ?? [], group) ?? 0,
})

export const networkSteps = ({ network }: Spec, instance: string): readonly Step[] => {
  if (network === undefined) return []
  const address = addressOf(network, instance)
  return [{ do: 'network' }, ...(address === null ? [] : cableSteps(network, address))]
}

/** By its number, which for a command is a pid: it has the first. */
export const addressOf = ({ addresses }: SpecNetwork, instance: string): string | null =>
  addresses[isOfCommand(instance) ? 0 : Number(instance.slice(instance.lastIndexOf('.') + 1))] ??
  null

/** `cmd.0` is an instance of a process that is called so. */
const isOfCommand = (instance: string): boolean => /\/cmd\.[^.]+\.[^.]+$/.test(instance)

export const cableOfIp = (bridge: string, ip: string): Cable =>
  cableOf(bridge, ip, Number(ipOf(ip).bits & 0xffffn))

const cableSteps = (network: SpecNetwork, ip: string): readonly Step[] => {
  const { bridge, prefix, gateway, afterSetup, afterSetupTimeoutMs } = network
  const [program, ...words] = afterSetup
  return [
    { do: 'connect', bridge, ...cableOfIp(bridge, ip) },
    { do: 'address', address: ipOf(ip), prefix },
    ...(gateway === null ? [] : [{ do: 'route', gateway: ipOf(gateway) } as const]),
    ...(program === undefined
      ? []
      : [
          {
            do: 'command',
            program,
            arguments: words.map(word => withIp(word, ip)),
            timeoutMs: afterSetupTimeoutMs,
          } as const,
        ]),
  ]
}

/** As the application's user, who may bind any port in there. */
export const portSteps = ({ ownSockets = [] }: Spec): readonly Step[] =>
  ownSockets.map(({ fd, host, port, backlog, reuseAddr, reusePort, setNonBlock }) => ({
    do: 'listen',
    ...{ fd, host: ipOf(host), port, backlog, reuseAddr, reusePort, setNonBlock },
  }))

const ipOf = (text: string): IpAddress => ({ text, ...addressBits(text) })

/** The only name there is; the check warns of others, which are nothing. */
export const commandVariable = 'container_ip'

const withIp = (word: string, ip: string): string =>
  replaceReferences(word, name => (name === commandVariable ? ip : ''))
