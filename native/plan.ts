/**
 * A plan: everything that the knot does to make one container, as a flat list in the order of
 * execution. Compiled by src/plan.ts, carried as bytes by wire.ts, executed by knot.c, printed
 * by `lithos_check --show-plan`. A plan decides nothing and looks nothing up: all paths, ids
 * and texts are final. The steps up to `fork` are taken by the knot, the rest by the process
 * that becomes the application.
 *
 * Paths called `base` belong to the administrator and are opened as they are; a `path` is
 * resolved below its base as if that were the root, so that no link in it leads outside. A
 * `target` is resolved in the same manner below the root of the container.
 */

export interface Plan {
  /** `sandbox/process.N`, for messages. */
  readonly name: string
  /** Lines below this level are not written to the sandbox log. */
  readonly logLevel: 'error' | 'warn' | 'info' | 'debug' | 'trace'
  /** What to do between SIGTERM and the end, and after it. Milliseconds. */
  readonly killTimeoutMs: number
  readonly restartTimeoutMs: number
  readonly restartProcessOnly: boolean
  /** A Daemon that exits with 0 has failed, unless the list of normal exit codes says otherwise. */
  readonly isDaemon: boolean
  /** Of `lithos_cmd`: a job that can be stopped, which hears more signals; see wait.c. */
  readonly isCommand?: true
  readonly normalExitCodes: readonly number[]
  readonly steps: readonly Step[]
}

/** Mount attributes; absent means off. */
export interface MountFlags {
  readonly readonly?: boolean
  readonly nosuid?: boolean
  readonly nodev?: boolean
  readonly noexec?: boolean
  readonly noatime?: boolean
}

/** Without NUL; null in a plan that is only looked at. */
export interface SecretBytes {
  readonly name: string
  readonly bytes: Uint8Array | null
}

/** `count` ids from `inside` on are those from `outside` on. */
export interface IdRange {
  readonly inside: number
  readonly outside: number
  readonly count: number
}

export interface IpAddress {
  /** For people. */
  readonly text: string
  readonly family: 4 | 6
  /** The same as a number of 32 or 128 bits. */
  readonly bits: bigint
}

/** What EXTEND_TIMEOUT_USEC gets to. Absent: to any. */
export type Extensions = { readonly readyMs?: number; readonly stopMs?: number }

export type ProbeKind =
  /** `isGiven`: it listens before the application begins, which is ready when it waits there. */
  | { readonly kind: 'tcp'; readonly port: number; readonly isGiven: boolean }
  | { readonly kind: 'notify' }
  | { readonly kind: 'fd'; readonly fd: number }
  | { readonly kind: 'exec'; readonly words: readonly string[] }
  /** `request` is sent as it is. */
  | {
      readonly kind: 'http'
      readonly host: IpAddress
      readonly port: number
      readonly request: string
    }

export type Step =
  // ---- taken by the knot, on the host -------------------------------------
  /** Append to a log, created if missing. `output` gets what the application prints. */
  | { readonly do: 'openLog'; readonly log: 'output' | 'log'; readonly path: string }
  /** The user namespace that `enterUsers` enters. */
  | {
      readonly do: 'users'
      readonly uidMap: readonly IdRange[]
      readonly gidMap: readonly IdRange[]
    }
  /** A network namespace of the container's own, with its loopback up. Belongs to `users`. */
  | { readonly do: 'network' }
  /** A cable between `bridge` and the container, whose end is `inner` and has this address. */
  | {
      readonly do: 'connect'
      readonly outer: string
      readonly bridge: string
      readonly inner: string
      /** 48 bits. */
      readonly hardwareAddress: number
    }
  /** Of the container's end of the cable. */
  | { readonly do: 'address'; readonly address: IpAddress; readonly prefix: number }
  | { readonly do: 'route'; readonly gateway: IpAddress }
  /** Run as root, with the files of the host and the network of the container. */
  | {
      readonly do: 'command'
      readonly program: string
      readonly arguments: readonly string[]
      readonly timeoutMs: number
    }
  /**
   * A directory below `base`, with its parents (mode 0755, root's). `always`: owner and mode are
   * set also when it existed.
   */
  | {
      readonly do: 'makeDir'
      readonly base: string
      readonly path: string
      readonly mode: number
      readonly uid: number
      readonly gid: number
      readonly always: boolean
    }
  /** Content and permission bits of `source`, which is the administrator's. Begins anew. */
  | {
      readonly do: 'copyFile'
      readonly source: string
      readonly base: string
      readonly path: string
    }
  /** Appends, also to what an earlier step has copied or written. */
  | {
      readonly do: 'writeFile'
      readonly base: string
      readonly path: string
      readonly text: string
      readonly mode: number
    }
  /** Everything below is made private; the image becomes the root, recursively with these flags. */
  | {
      readonly do: 'root'
      readonly image: string
      readonly mountPoint: string
      readonly flags: MountFlags
    }
  | {
      readonly do: 'bind'
      readonly base: string
      readonly path: string
      readonly target: string
      readonly flags: MountFlags
    }
  /**
   * Files with mode 0400 on a read-only tmpfs that never goes to swap where the kernel can keep it
   * from there (6.4 and later). The target is made where it is missing and can be.
   */
  | {
      readonly do: 'secretFiles'
      readonly target: string
      readonly uid: number
      readonly gid: number
      readonly files: readonly SecretBytes[]
    }
  /** Over a regular file. `ifRegular`: silently nothing where the target is none. */
  | {
      readonly do: 'bindFile'
      readonly base: string
      readonly path: string
      readonly target: string
      readonly ifRegular: boolean
    }
  | {
      readonly do: 'mount'
      readonly type: 'proc' | 'sysfs' | 'devpts' | 'tmpfs' | 'mqueue'
      readonly target: string
      /** `key=value` or `key`. */
      readonly options: readonly string[]
      readonly flags: MountFlags
    }
  /**
   * Hides what stands there, if anything does: a file behind the null device, a directory behind
   * an empty one. Only on the kernel's own file systems.
   */
  | { readonly do: 'mask'; readonly paths: readonly string[] }
  /** The same for what may be seen and not be changed. */
  | { readonly do: 'readOnly'; readonly paths: readonly string[] }
  /** Made if missing; the application joins it. `tasks`: cgroup v1, `procs`: v2. */
  | { readonly do: 'cgroup'; readonly dir: string; readonly join: 'tasks' | 'procs' }
  /** A failure is logged as a warning; `optional`: a missing file is not even that. */
  | {
      readonly do: 'limit'
      readonly file: string
      readonly value: string
      readonly optional: boolean
    }
  /**
   * Where the kernel counts those whom it killed for lack of memory; told with each end.
   * `limit`: bytes, for the message; -1 is none.
   */
  | { readonly do: 'countKills'; readonly file: string; readonly limit: bigint }
  /**
   * Whether it is ready, or well, is looked at from its start on; see watch.c. Times in
   * milliseconds: of one attempt, until it should be ready, between two looks whether it is well,
   * and before the first of these.
   */
  | {
      readonly do: 'probe'
      readonly what: 'ready' | 'healthy'
      readonly how: ProbeKind
      readonly attemptMs: number
      readonly timeoutMs: number
      readonly periodMs: number
      readonly failures: number
      readonly startDelayMs: number
    }
  /** A socket called `notify` on a file system of its own, mounted there. */
  | { readonly do: 'notify'; readonly directory: string; readonly extendTo: Extensions }
  /** Run in the container when that is ordered, as the application is. */
  | {
      readonly do: 'preStop'
      readonly program: string
      readonly arguments: readonly string[]
      readonly timeoutMs: number
    }
  /** The signals of a stop, each with the wait for the end; then everybody is killed. */
  | {
      readonly do: 'stop'
      readonly signals: readonly { readonly signal: number; readonly waitMs: number }[]
    }
  /**
   * A terminal of the container's own in place of standard input, output and error, bits 0 to 2 of
   * `which`; its other end goes to who started the knot. Ids on the host.
   */
  | {
      readonly do: 'terminal'
      readonly uid: number
      readonly gid: number
      readonly which: number
    }
  /** The root becomes `/`, the old one is let go. */
  | { readonly do: 'pivot' }
  /**
   * What may be opened from now on: everything below the root may be read, and these places, with
   * all below them, be changed. Made once; `enterLandlock` puts it on. Nothing on a kernel without.
   */
  | { readonly do: 'landlock'; readonly writable: readonly string[] }
  /** Inside the container: where the application prints instead of the output log. */
  | { readonly do: 'openOutput'; readonly path: string }
  /** Standard output and error are those of the knot (for `interactive`). */
  | { readonly do: 'inheritOutput' }
  /** Written to both logs at each start of the application, see spec of markers in knot.c. */
  | { readonly do: 'fork'; readonly announce: string }

  // ---- taken by the process that becomes the application -------------------
  /** All `cgroup`s of above. */
  | { readonly do: 'joinCgroups' }
  /** The groups that it has joined are the roots that it sees. */
  | { readonly do: 'cgroupNamespace' }
  /** A keyring of its own instead of that of whoever started the supervisor. */
  | { readonly do: 'sessionKeyring' }
  /** No core files unless it asks for them, and as likely a victim of the kernel as anybody. */
  | { readonly do: 'resetLimits' }
  /**
   * Descriptor 5 of the knot, 6 and so on, to these numbers of the application: ascending, not 1
   * and not 2. Whatever else is open, except 0, 1 and 2, is closed at exec.
   */
  | { readonly do: 'passSockets'; readonly fds: readonly number[] }
  /** The end of a pipe: a line in it says that it is ready. */
  | { readonly do: 'readyFd'; readonly fd: number }
  | { readonly do: 'limitFiles'; readonly max: number }
  | { readonly do: 'setGroups'; readonly gids: readonly number[] }
  | { readonly do: 'enterUsers' }
  /** A socket of the container's own network, opened by the application's user. */
  | {
      readonly do: 'listen'
      readonly fd: number
      readonly host: IpAddress
      readonly port: number
      readonly backlog: number
      readonly reuseAddr: boolean
      readonly reusePort: boolean
      readonly setNonBlock: boolean
    }
  | { readonly do: 'setGid'; readonly gid: number }
  | { readonly do: 'setUid'; readonly uid: number }
  /** Bit n is capability n. Everything else leaves all five sets. */
  | { readonly do: 'keepCapabilities'; readonly mask: bigint }
  | { readonly do: 'noNewPrivileges' }
  | { readonly do: 'enterLandlock' }
  /** Instructions of the kernel's packet filter, see src/plan/seccomp.ts. */
  | { readonly do: 'seccomp'; readonly filter: readonly bigint[] }
  | { readonly do: 'chdir'; readonly path: string }
  /** `pidVariables` are set to the pid of the application in its namespace. */
  | {
      readonly do: 'exec'
      readonly executable: string
      readonly arguments: readonly string[]
      readonly environment: readonly string[]
      readonly pidVariables: readonly string[]
      /** Further variables. */
      readonly secrets?: readonly SecretBytes[]
    }
