/**
 * A launch specification: all that is known of a process before one of its instances is
 * started. It goes to the journal by its content hash, and a plan for any instance is compiled
 * from it without reading a file again. So it is plain JSON, everything in it is decided (paths
 * are absolute, ids are final, volumes are found), and there is never a secret in it.
 */
import blake from 'blakejs'
import { keyOf } from '../native/addresses.ts'
import type { Extensions } from '../native/plan.ts'
import type { Policy, Socket, Wanted } from '../machines/vocabulary.ts'
import type { Alternatives } from './secrets/decrypt.ts'
import type { IdMapping, LogLevel } from './config/shapes.ts'

/** A map as JSON keeps it: sorted by key. */
export type Entries = readonly (readonly [key: string, value: string])[]

export interface Spec {
  readonly format: 1
  readonly sandbox: string
  readonly process: string
  /** The root of the image, on the host. */
  readonly image: string
  /** Path of the container configuration in the image. */
  readonly config: string
  readonly places: {
    /** The states of all instances; that of one is `SANDBOX/PROCESS.N` in it. */
    readonly states: string
    readonly mountPoint: string
    readonly devices: string
    readonly log: string
    readonly output: string
    /** Absent: `output` is for all of the sandbox. Else for this one, see `outputOf`. */
    readonly outputPerProcess?: true
  }
  readonly logLevel: LogLevel
  readonly cgroup: { readonly name: string; readonly controllers: readonly string[] } | null
  /** The declared ones, with their values. */
  readonly variables: Entries
  /** In the order in which they are mounted. */
  readonly volumes: readonly SpecVolume[]
  readonly resolvConf: { readonly copyFrom: string | null; readonly mount: boolean | null }
  readonly hosts: {
    readonly copyFrom: string | null
    readonly localhost: boolean
    readonly publicHostname: boolean
    /** Name, address. */
    readonly additional: Entries
    readonly mount: boolean | null
  }
  /** Absent where there is none. Ascending by descriptor. */
  readonly sockets?: readonly SpecSocket[]
  /** Inside the user namespace where there are `ids`, else on the host. */
  readonly user: number
  readonly group: number
  /** Absent without a user namespace, as `network` without a bridge: hashes stay what they were. */
  readonly ids?: {
    readonly users: readonly IdMapping[]
    readonly groups: readonly IdMapping[]
  }
  readonly network?: SpecNetwork
  /** Opened in the network of the container. Absent where there is none. */
  readonly ownSockets?: readonly SpecSocket[]
  /** Decimal: may be more than a number holds. */
  readonly memoryLimit: string
  readonly filenoLimit: string
  readonly cpuShares: number
  /** Absent: none of them. */
  readonly limits?: Limits
  /** Absent: as strict as can be. */
  readonly confinement?: SpecConfinement
  readonly executable: string
  /** Not substituted yet, as `environ`: an instance has a name of its own. */
  readonly arguments: readonly string[]
  readonly environ: Entries
  /** Encrypted. They are decrypted at each start, and never stand anywhere but in its plan. */
  readonly secrets?: SpecSecrets
  readonly workdir: string
  readonly outputFile: string | null
  readonly interactive: boolean
  readonly isDaemon: boolean
  readonly restartProcessOnly: boolean
  readonly normalExitCodes: readonly number[]
  readonly restartTimeoutMs: number
  readonly killTimeoutMs: number
  /** Absent: SIGTERM, and SIGKILL after `killTimeoutMs`. After the last wait comes SIGKILL. */
  readonly stop?: readonly SpecStopStep[]
  /** Absent: nothing was asked for. */
  readonly policy?: Policy
  /** What more time an application may ask for until it is ready, and for its stop. Absent: any. */
  readonly extendTo?: Extensions
}

export interface SpecStopStep {
  readonly signal: string
  readonly waitMs: number
}

/** A listening socket, and where the application finds it. */
export interface SpecSocket extends Omit<Socket, 'key'> {
  /** Its descriptor in the application. */
  readonly fd: number
  /** The variable that asked for it in the manner of systemd; it goes to LISTEN_FDNAMES. */
  readonly activatedBy?: string
}

export interface SpecSecrets {
  /** Absolute; null where the sandbox names none, and then nothing can be decrypted. */
  readonly keyFile: string | null
  readonly namespaces: readonly string[]
  readonly environ: Alternatives
  readonly files: Alternatives
}

export interface SpecNetwork {
  readonly bridge: string
  readonly prefix: number
  readonly gateway: string | null
  /** Of the instances, by their number; of a command one, or none: then it has a loopback only. */
  readonly addresses: readonly string[]
  /** The first word is the program; empty: nothing is run. */
  readonly afterSetup: readonly string[]
  readonly afterSetupTimeoutMs: number
}

/** `base` is the administrator's directory, `path` what the image asked for below it. */
export type SpecVolume = { readonly target: string } & (
  | { readonly kind: 'readonly'; readonly base: string; readonly path: string }
  | {
      readonly kind: 'persistent'
      readonly base: string
      readonly path: string
      /** How to make the directory where it is missing. */
      readonly make: Owned | null
    }
  | {
      readonly kind: 'tmpfs'
      readonly size: number
      readonly mode: number
      /** On the host; absent: root's. */
      readonly owner?: { readonly user: number; readonly group: number }
    }
  | { readonly kind: 'statedir'; readonly path: string; readonly make: Owned }
)

export interface Limits {
  /** Bytes, decimal. */
  readonly memoryHigh?: string
  readonly pids?: number
  /** Percent of one processor. */
  readonly cpuQuota?: number
  readonly ioWeight?: number
}

/** Only what differs from the default. */
export interface SpecConfinement {
  readonly seccomp?: 'off'
  readonly landlock?: 'off'
  readonly noNewPrivileges?: boolean
  readonly capabilities?: readonly string[]
  readonly writableProcSys?: boolean
  readonly maskedPaths?: readonly string[]
  readonly executableVolumes?: boolean
}

export interface Owned {
  readonly mode: number
  /** On the host. */
  readonly user: number
  readonly group: number
}

/** Where an instance, and its knot for it, print to: `SANDBOX:PROCESS.N.log` for one alone. */
export const outputOf = ({ places, sandbox }: Spec, instance: string): string =>
  places.outputPerProcess === true
    ? `${places.output.slice(0, -`${sandbox}.log`.length)}${instance.replace('/', ':')}.log`
    : places.output

/** What the machines have to know of a specification. */
export const wantedBy = (spec: Spec, hash: string): Omit<Wanted, 'config'> => ({
  spec: hash,
  restartMs: spec.restartTimeoutMs,
  killMs: spec.stop?.reduce((sum, { waitMs }) => sum + waitMs, 0) ?? spec.killTimeoutMs,
  ...(spec.sockets !== undefined && { sockets: spec.sockets.map(socketOf) }),
  ...(spec.policy !== undefined && { policy: spec.policy }),
})

const socketOf = ({ fd: _fd, activatedBy: _name, ...options }: SpecSocket): Socket => ({
  key: keyOf(options.host, options.port),
  ...options,
})

export const entriesOf = (map: ReadonlyMap<string, string>): Entries =>
  [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))

/** Equal for equal content, whatever the order of keys; 64 bits, enough to tell ours apart. */
export const specHash = (spec: Spec): string =>
  blake.blake2sHex(Buffer.from(canonical(spec)), undefined, 8)

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
