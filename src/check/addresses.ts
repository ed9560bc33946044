/**
 * Bridged networks against the host and against each other: the bridge is there, an address is
 * that of one instance, and what the command after the set-up refers to is known.
 */
import { isAbsolute } from 'node:path'
import { isBridge } from '../../native/interfaces.ts'
import { isInNetwork } from '../config/addresses.ts'
import type { BridgedNetwork } from '../config/shapes.ts'
import { referencesIn } from '../config/variables.ts'
import { mistake, warning } from '../evaluate/finding.ts'
import type { Finding, KeyPath } from '../evaluate/finding.ts'
import type { Examined } from '../evaluate/sandbox.ts'
import { nameOf } from '../evaluate/subject.ts'
import type { Subject } from '../evaluate/subject.ts'
import { commandVariable } from '../plan/namespaces.ts'
import { mayExecuteAsRoot } from './access.ts'
import { isHere } from './hosts.ts'

/** Said once for a sandbox. */
export const checkBridge = ([first]: readonly Examined[]): readonly Finding[] => {
  const { file, value } = first?.subject.sandbox ?? { file: '', value: null }
  const bridged = value?.bridgedNetwork ?? null
  if (bridged === null) return []
  const at = (key: string): KeyPath => ['bridged-network', key]
  const found = isBridge(bridged.bridge)
  const { network, defaultGateway } = bridged
  return [
    ...(found === true
      ? []
      : [
          mistake(
            file,
            at('bridge'),
            `There is ${found === null ? 'no interface' : 'an interface, but no bridge,'} ` +
              `"${bridged.bridge}" on this host: make it with ` +
              `\`ip link add ${bridged.bridge} type bridge\``,
          ),
        ]),
    ...(defaultGateway === null || isReachable(defaultGateway, network)
      ? []
      : [
          mistake(
            file,
            at('default-gateway'),
            `The gateway ${defaultGateway} is not in the network ` +
              `${network.address}/${network.prefix}, and cannot be reached from it`,
          ),
        ]),
    ...checkCommand(file, bridged),
  ]
}

/** On the link itself, version 6 needs no network. */
const isReachable = (gateway: string, network: BridgedNetwork['network']): boolean =>
  isInNetwork(gateway, network) ||
  isInNetwork(gateway, { address: 'fe80::', prefix: 10, family: 6 })

const checkCommand = (
  file: string,
  { afterSetupCommand: [program, ...words] }: BridgedNetwork,
): readonly Finding[] => {
  if (program === undefined) return []
  const path = ['bridged-network', 'after-setup-command']
  const unknown = words.flatMap(referencesIn).filter(name => name !== commandVariable)
  const isThere = isAbsolute(program) && mayExecuteAsRoot(program)
  return [
    ...(isThere
      ? []
      : [
          mistake(
            file,
            [...path, 0],
            `The program of after-setup-command, "${program}", ` +
              (isAbsolute(program) ? 'is not there or not executable' : 'needs an absolute path'),
          ),
        ]),
    ...[...new Set(unknown)].map(name =>
      warning(
        file,
        path,
        `No variable "${name}" for after-setup-command: an empty string is used; ` +
          `there is "${commandVariable}" only`,
      ),
    ),
  ]
}

/** Addresses that a container gets, and that are somebody else's by their nature. */
export const checkOddAddresses = ({ subject }: Examined): readonly Finding[] => {
  const { sandbox, process } = subject
  const bridged = sandbox.value.bridgedNetwork
  const { kind, ipAddresses, instances } = process.value
  if (bridged === null || kind === 'Command') return []
  return ipAddresses.slice(0, instances).flatMap((ip, index) => {
    const whose = isHere(ip)
      ? 'that of this host'
      : ip === bridged.defaultGateway
        ? 'that of the gateway'
        : null
    return whose === null
      ? []
      : [
          warning(
            process.file,
            [process.name, 'ip-addresses', index],
            `The address ${ip} of ${nameOf(subject)}.${index} is ${whose}: nobody could be reached`,
          ),
        ]
  })
}

/** As much of a process as is needed here. */
export interface Addressed {
  readonly subject: Pick<Subject, 'sandbox' | 'process'>
}

/**
 * An address on a bridge can be that of one instance only: the next would not be started. Commands
 * may share one, because they are run one at a time.
 */
export const checkAddressesOfAll = (all: readonly Addressed[]): readonly Finding[] => {
  const first = new Map<string, string>()
  return [...checkInstances(all, first), ...checkCommands(all, first)]
}

/** By bridge and address, who has it. */
type Holders = Map<string, string>

const checkInstances = (all: readonly Addressed[], first: Holders): readonly Finding[] =>
  all.flatMap(({ subject }) => {
    const { sandbox, process } = subject
    const bridge = sandbox.value.bridgedNetwork?.bridge
    const { kind, ipAddresses, instances } = process.value
    if (bridge === undefined || kind === 'Command') return []
    return ipAddresses.slice(0, instances).flatMap((ip, index) => {
      const own = `${nameOf(subject)}.${index}`
      const key = `${bridge} ${ip}`
      const earlier = first.get(key)
      if (earlier === undefined) first.set(key, own)
      return earlier === undefined
        ? []
        : [
            mistake(
              process.file,
              [process.name, 'ip-addresses', index],
              `The address ${ip} of ${own} on ${bridge} is that of ${earlier} already`,
            ),
          ]
    })
  })

/** It would be refused while the other one lives, and lose its network to its next life. */
const checkCommands = (all: readonly Addressed[], first: Holders): readonly Finding[] =>
  all.flatMap(({ subject: { sandbox, process } }) => {
    const bridge = sandbox.value.bridgedNetwork?.bridge
    const { kind, ipAddresses } = process.value
    const [ip] = ipAddresses
    const holder = kind === 'Command' ? first.get(`${bridge} ${ip}`) : undefined
    return holder === undefined
      ? []
      : [
          warning(
            process.file,
            [process.name, 'ip-addresses', 0],
            `The address ${ip} of the command ${process.name} on ${bridge} is that of ${holder}: ` +
              'it can be run only while that does not',
          ),
        ]
  })
