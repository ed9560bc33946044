/**
 * What the four files mean once they are read: no string with a meaning is left, every default
 * is filled in, every list is there. Keys we added to the original's are marked.
 */

import type { Confinement } from './confinement.ts'
import type { Bounds, Ceilings, FurtherLimits } from './limits.ts'
import type { ContainerPolicy, ProcessPolicy } from './policy.ts'

/** Inclusive at both ends. `5-1` is accepted, and matches nothing. */
export interface Range {
  readonly from: number
  readonly to: number
}

export interface IdMapping {
  readonly inside: number
  readonly outside: number
  readonly count: number
}

export type LogLevel = 'error' | 'warn' | 'info' | 'debug' | 'trace'

/** /etc/lithos/master.yaml. Paths as written: src/config/places.ts makes them absolute. */
export interface Master {
  readonly sandboxesDir: string
  readonly processesDir: string
  readonly runtimeDir: string
  readonly stateDir: string
  readonly mountDir: string
  readonly devfsDir: string
  readonly defaultLogDir: string
  readonly configLogDir: string | null
  readonly stdioLogDir: string
  readonly logFile: string
  /** An unknown word means `warn`, as in the original, and is warned of. */
  readonly logLevel: LogLevel
  /** Ours: bytes and days after which a log is rotated, null for never; how many are kept. */
  readonly logRotateSize: number | null
  readonly logRotateDays: number | null
  readonly logRotateCount: number
  readonly logRotateCompress: boolean
  readonly syslogFacility: string | null
  readonly syslogAppName: string
  readonly cgroupName: string | null
  readonly cgroupControllers: readonly string[]
  /** Ours: starts a second at most, null for no limit. */
  readonly startRate: number | null
  /** Ours: the archive. Default `journal`, relative to `defaultLogDir`; null turns it off. */
  readonly journalDir: string | null
  /** Ours: when the archive is synced to disk. Default `interval` (one second). */
  readonly journalSync: 'always' | 'interval' | 'never'
  /** Ours: bytes of a segment (8 MiB), bytes of all (1 GiB), days (90). */
  readonly journalSegmentSize: number
  readonly journalMaxSize: number
  readonly journalMaxDays: number
  /** Ours: a loopback address where metrics are served, besides the socket. */
  readonly metricsListen: { readonly host: string; readonly port: number } | null
  /** Ours: a file of metrics, and how often it is written. */
  readonly metricsFile: string | null
  readonly metricsIntervalMs: number
}

export interface BridgedNetwork {
  readonly bridge: string
  /** Normalised `address/prefix`, host bits kept. */
  readonly network: { readonly address: string; readonly prefix: number; readonly family: 4 | 6 }
  readonly defaultGateway: string | null
  readonly afterSetupCommand: readonly string[]
  /** Ours: `after-setup-timeout`, in seconds there. Default half a minute. */
  readonly afterSetupTimeoutMs: number
}

/** Ours: `Confinement`, `Ceilings` and `Bounds`. */
export interface Sandbox extends Confinement, Ceilings, Bounds {
  readonly configFile: string | null
  readonly imageDir: string
  readonly imageDirLevels: number
  readonly usedImagesList: string | null
  readonly logFile: string | null
  /** null: the master's, also for an unknown word (warned of). */
  readonly logLevel: LogLevel | null
  /** Ours: each instance prints to a file of its own. */
  readonly outputPerProcess: boolean
  readonly readonlyPaths: ReadonlyMap<string, string>
  readonly writablePaths: ReadonlyMap<string, string>
  readonly allowUsers: readonly Range[]
  readonly defaultUser: number | null
  readonly allowGroups: readonly Range[]
  readonly defaultGroup: number
  readonly allowTcpPorts: readonly Range[]
  readonly additionalHosts: ReadonlyMap<string, string>
  readonly uidMap: readonly IdMapping[]
  readonly gidMap: readonly IdMapping[]
  readonly autoClean: boolean
  readonly resolvConf: string
  readonly hostsFile: string
  readonly bridgedNetwork: BridgedNetwork | null
  readonly secretsPrivateKey: string | null
  readonly secretsNamespaces: readonly string[]
}

/** One entry of processes/NAME.yaml. Ours: `ProcessPolicy`. */
export interface Process extends ProcessPolicy {
  readonly instances: number
  readonly image: string
  readonly config: string
  readonly variables: ReadonlyMap<string, string>
  readonly extraSecretsNamespaces: readonly string[]
  readonly ipAddresses: readonly string[]
  readonly kind: 'Daemon' | 'Command'
}
export type Processes = ReadonlyMap<string, Process>

export type Volume =
  | { readonly kind: 'Readonly'; readonly path: string }
  | {
      readonly kind: 'Persistent'
      readonly path: string
      readonly mkdir: boolean
      readonly mode: number
      readonly user: number
      readonly group: number
    }
  | { readonly kind: 'Tmpfs'; readonly size: number; readonly mode: number }
  | {
      readonly kind: 'Statedir'
      readonly path: string
      readonly mode: number
      readonly user: number
      readonly group: number
    }

export type VariableType =
  | { readonly type: 'TcpPort'; readonly activation: 'systemd' | null }
  | { readonly type: 'Name' }
  | { readonly type: 'DottedName' }
  | { readonly type: 'Choice'; readonly of: readonly string[] }

export interface TcpPort {
  readonly fd: number
  readonly host: string
  readonly reuseAddr: boolean
  readonly reusePort: boolean
  readonly setNonBlock: boolean
  readonly listenBacklog: number
  readonly external: boolean
}

/** IMAGE/CONFIG-PATH. Ours: `FurtherLimits` and `ContainerPolicy`. */
export interface Container extends FurtherLimits, ContainerPolicy {
  readonly kind: 'Daemon' | 'Command' | 'CommandOrDaemon'
  readonly variables: ReadonlyMap<string, VariableType>
  readonly volumes: ReadonlyMap<string, Volume>
  readonly userId: number | null
  readonly groupId: number | null
  /** Bytes; up to 2^64-1, therefore a bigint. */
  readonly memoryLimit: bigint
  readonly filenoLimit: bigint
  readonly cpuShares: number
  readonly restartTimeoutMs: number
  readonly killTimeoutMs: number
  readonly executable: string
  readonly arguments: readonly string[]
  readonly environ: ReadonlyMap<string, string>
  readonly secretEnviron: ReadonlyMap<string, readonly string[]>
  readonly secretEnvironFile: string | null
  /** Ours: secrets that become files in the container and no variables. By file name. */
  readonly secretFiles: ReadonlyMap<string, readonly string[]>
  readonly workdir: string
  readonly resolvConf: { readonly mount: boolean | null; readonly copyFromHost: boolean }
  readonly hostsFile: {
    readonly mount: boolean | null
    readonly copyFromHost: boolean
    readonly localhost: boolean | null
    readonly publicHostname: boolean | null
  }
  readonly uidMap: readonly IdMapping[]
  readonly gidMap: readonly IdMapping[]
  readonly stdoutStderrFile: string | null
  readonly interactive: boolean
  readonly restartProcessOnly: boolean
  readonly normalExitCodes: readonly number[]
  /** Keys are not substituted yet: `"@{port}"` is possible. */
  readonly tcpPorts: ReadonlyMap<string, TcpPort>
}

/** A mistake or a warning in a file. `line` and `column` count from 1, characters not bytes. */
export interface Problem {
  readonly file: string
  readonly line: number | null
  readonly column: number | null
  readonly severity: 'error' | 'warning'
  /** What was expected and what was found, naming the key. No file, no place, no newline. */
  readonly message: string
}
