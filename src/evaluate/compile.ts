/** What was read of a process, every question answered: its launch specification. */
import { outputLogFile, sandboxLogFile } from '../config/places.ts'
import type { Process } from '../config/shapes.ts'
import type { Spec } from '../spec.ts'
import { entriesOf } from '../spec.ts'
import { confinementOf } from './confinement.ts'
import { effectiveIds, mapsOf } from './ids.ts'
import { limitsOf } from './limits.ts'
import { policyOf } from './policy.ts'
import { wantsHostName } from './rules.ts'
import { controllersOf, furtherControllersOf } from './controllers.ts'
import { specSockets } from './sockets.ts'
import type { Settings } from './settings.ts'
import type { Subject } from './subject.ts'
import { secretsOf } from './secrets.ts'
import { placeVolumes } from './volumes.ts'

/** For a subject in which the rules have found no mistake. */
export const compile = (settings: Settings, subject: Subject, image: string): Spec => {
  const { sandbox, process } = subject
  const container = subject.container.value
  const { resolvConf, hostsFile } = container
  const { user, group } = effectiveIds(subject)
  const { sockets, own } = specSockets(subject)
  const maps = mapsOf(sandbox.value, container)
  return {
    format: 1,
    sandbox: sandbox.name,
    process: process.name,
    image,
    config: process.value.config,
    places: {
      states: settings.places.stateDir,
      mountPoint: settings.places.mountDir,
      devices: settings.places.devfsDir,
      log: sandboxLogFile(settings.places, sandbox.name, sandbox.value),
      output: outputLogFile(settings.places, sandbox.name),
      ...(sandbox.value.outputPerProcess && { outputPerProcess: true }),
    },
    logLevel: sandbox.value.logLevel ?? settings.master.logLevel,
    cgroup:
      settings.master.cgroupName === null
        ? null
        : { name: settings.master.cgroupName, controllers: controllersFor(settings, subject) },
    variables: entriesOf(process.value.variables).filter(([name]) => container.variables.has(name)),
    volumes: placeVolumes(sandbox.value, container),
    resolvConf: {
      copyFrom: resolvConf.copyFromHost ? sandbox.value.resolvConf : null,
      mount: resolvConf.mount,
    },
    hosts: {
      copyFrom: hostsFile.copyFromHost ? sandbox.value.hostsFile : null,
      localhost: hostsFile.localhost ?? !hostsFile.copyFromHost,
      publicHostname: wantsHostName(container),
      additional: entriesOf(sandbox.value.additionalHosts),
      mount: hostsFile.mount,
    },
    ...(sockets.length > 0 && { sockets }),
    ...(own.length > 0 && { ownSockets: own }),
    user,
    group,
    ...(maps !== null && { ids: { users: maps.users, groups: maps.groups } }),
    ...networkOf(subject),
    ...limitsOf(subject),
    ...confinementOf(sandbox.value),
    executable: container.executable,
    arguments: container.arguments,
    environ: entriesOf(container.environ),
    ...secretsOf(subject),
    workdir: container.workdir,
    outputFile: container.stdoutStderrFile,
    interactive: container.interactive,
    isDaemon: container.kind === 'Daemon',
    restartProcessOnly: container.restartProcessOnly,
    normalExitCodes: container.normalExitCodes,
    restartTimeoutMs: container.restartTimeoutMs,
    killTimeoutMs: container.killTimeoutMs,
    ...policyOf(subject),
  }
}

const controllersFor = ({ master }: Settings, subject: Subject): readonly string[] => [
  ...controllersOf(master),
  ...(limitsOf(subject).limits?.pids === undefined ? [] : furtherControllersOf(master)),
]

/** However often a command is run, it is its first instance. */
const addressesOf = ({ kind, ipAddresses }: Process): readonly string[] =>
  kind === 'Command' ? ipAddresses.slice(0, 1) : ipAddresses

/** Nothing where the container uses the network of the host. */
const networkOf = ({ sandbox, process }: Subject): Pick<Spec, 'network'> => {
  const bridged = sandbox.value.bridgedNetwork
  if (bridged === null) return {}
  const { bridge, network, defaultGateway, afterSetupCommand, afterSetupTimeoutMs } = bridged
  return {
    network: {
      bridge,
      prefix: network.prefix,
      gateway: defaultGateway,
      addresses: addressesOf(process.value),
      afterSetup: afterSetupCommand,
      afterSetupTimeoutMs,
    },
  }
}
