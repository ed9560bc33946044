/**
 * Rules about one process: what its three files say must fit together. Each is a function from
 * the subject to findings; asked one after the other, so that all that is wrong is said at once.
 */
import { isInNetwork } from '../config/addresses.ts'
import { checkVariable } from '../config/variables.ts'
import { checkBoundedBy } from './bounds.ts'
import { mistake, warning } from './finding.ts'
import type { Finding } from './finding.ts'
import type { HostName } from './host.ts'
import { checkIds } from './ids.ts'
import { checkCeilings } from './limits.ts'
import { checkActivatedPorts, checkPortNumbers } from './ports.ts'
import { checkPolicy } from './policy.ts'
import { checkProbes } from './probes.ts'
import { checkContainer } from './references.ts'
import { checkSecretFile } from './secrets.ts'
import { checkSockets } from './sockets.ts'
import type { Subject } from './subject.ts'
import { checkOwners, checkVolumes } from './volumes.ts'

export const checkSubject = (subject: Subject, host: HostName): readonly Finding[] => [
  ...checkContainer(subject.container.file, subject.container.value),
  ...checkKind(subject),
  ...checkIds(subject),
  ...checkVariables(subject),
  ...checkActivatedPorts(subject),
  ...checkPortNumbers(subject),
  ...checkSockets(subject),
  ...checkAddresses(subject),
  ...checkVolumes(subject),
  ...checkOwners(subject),
  ...checkBounds(subject),
  ...checkCeilings(subject),
  ...checkBoundedBy(subject),
  ...checkSecretFile(subject),
  ...checkHostName(subject, host),
  ...checkPolicy(subject),
  ...checkProbes(subject),
]

const checkKind = ({ sandbox, process, container }: Subject): readonly Finding[] => {
  const [wanted, found] = [process.value.kind, container.value.kind]
  return found === wanted || found === 'CommandOrDaemon'
    ? []
    : [
        mistake(
          process.file,
          [process.name, 'kind'],
          `Container type mismatch ${found} != ${wanted}: ${sandbox.name}/${process.name} is ` +
            `a ${wanted} here, and a ${found} in ${container.file}`,
        ),
      ]
}

const checkVariables = ({ sandbox, process, container }: Subject): readonly Finding[] =>
  [...container.value.variables].flatMap(([name, type]) => {
    const value = process.value.variables.get(name)
    if (value === undefined)
      return [
        mistake(
          process.file,
          [process.name, 'variables'],
          `Variable "${name}" is undefined: ${container.file} declares it, and ` +
            `${process.name} gives it no value`,
        ),
      ]
    const { allowTcpPorts, bridgedNetwork } = sandbox.value
    const wrong = checkVariable(type, value, allowTcpPorts, bridgedNetwork !== null)
    return wrong === null
      ? []
      : [
          mistake(
            process.file,
            [process.name, 'variables', name],
            `Variable "${name}" is invalid: ${wrong}`,
          ),
        ]
  })

const checkAddresses = ({ sandbox, process }: Subject): readonly Finding[] => {
  const { instances, ipAddresses, kind } = process.value
  const bridge = sandbox.value.bridgedNetwork
  const path = [process.name, 'ip-addresses']
  if (kind === 'Command' && ipAddresses.length === 0) return []
  if (ipAddresses.length === 0)
    return bridge === null || instances === 0
      ? []
      : [
          mistake(
            process.file,
            [process.name],
            `no IP address specified: ${sandbox.name} has a bridged network, so each instance ` +
              `of ${process.name} needs one in \`ip-addresses\``,
          ),
        ]
  const few =
    ipAddresses.length < instances
      ? [
          mistake(
            process.file,
            path,
            `${process.name} has ${instances} instances, but \`ip-addresses\` lists only ` +
              ipAddresses.length,
          ),
        ]
      : []
  if (bridge === null) return few
  const outside = ipAddresses.flatMap((address, index) =>
    isInNetwork(address, bridge.network)
      ? []
      : [
          mistake(
            process.file,
            [...path, index],
            `invalid ip ${address}: it is not in the network ${bridge.network.address}/` +
              `${bridge.network.prefix} of ${sandbox.name}`,
          ),
        ],
  )
  return [...few, ...outside]
}

/** Standard input and output, and one to open a library with. */
const filesMin = 4n

const checkBounds = ({ container: { file, value } }: Subject): readonly Finding[] => [
  ...(value.filenoLimit < filesMin
    ? [
        warning(
          file,
          ['fileno-limit'],
          `fileno-limit: a program that may open ${value.filenoLimit} files can hardly start`,
        ),
      ]
    : []),
]

export const wantsHostName = ({ hostsFile }: Subject['container']['value']): boolean =>
  hostsFile.publicHostname ?? !hostsFile.copyFromHost

const checkHostName = ({ container }: Subject, host: HostName): readonly Finding[] =>
  wantsHostName(container.value) && host.address() === null
    ? [
        mistake(
          container.file,
          ['hosts-file', 'public-hostname'],
          `Can't get IPAddress: the name of this host, "${host.hostname}", has no IPv4 address, ` +
            'and `public-hostname` needs it; add it to /etc/hosts',
        ),
      ]
    : []
