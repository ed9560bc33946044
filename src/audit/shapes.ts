/**
 * How confined a process is, in one shape for what a plan promises, what the default is and what
 * the kernel shows, so that any two of them can be compared.
 */

/** Kinds of namespaces, as /proc/PID/ns calls them. */
export const namespaceKinds = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'user', 'uts'] as const
export type NamespaceKind = (typeof namespaceKinds)[number]

export interface Range {
  readonly inside: number
  readonly outside: number
  readonly count: number
}

export interface Place {
  readonly readonly: boolean
  readonly nosuid: boolean
  readonly nodev: boolean
  readonly noexec: boolean
}

export interface Mount extends Place {
  readonly at: string
  readonly id: number
  readonly type: string
  /** Mounts on the host appear here, or those of here on the host. */
  readonly isShared: boolean
}

export interface Limit {
  readonly file: string
  readonly value: string
  /** Without the file there is no limit, and that is as it should be. */
  readonly optional: boolean
}

/** What is promised to an instance, or would be by default. */
export interface Promised {
  readonly capabilities: bigint
  readonly cannotGain: boolean
  readonly isFiltered: boolean
  /** By Landlock; the kernel does not show it. */
  readonly isWalled: boolean
  readonly own: ReadonlySet<NamespaceKind>
  /** On the host. */
  readonly uid: number
  readonly gid: number
  readonly uidMap: readonly Range[]
  readonly gidMap: readonly Range[]
  /** By their place; what is mounted below one of them is bound by the same flags. */
  readonly mounts: ReadonlyMap<string, Place & { readonly optional: boolean }>
  readonly hidden: readonly string[]
  readonly frozen: readonly string[]
  readonly groups: readonly string[]
  readonly limits: readonly Limit[]
  readonly files: number
  /** Where it prints, and what it may be given besides. */
  readonly sockets: readonly number[]
  /** Absent: root of the host has started it. Ids are those of the namespace of the supervisor. */
  readonly rootless?: { readonly keepsGroups: boolean }
}

/** One process of a container. */
export interface Process {
  readonly pid: number
  readonly name: string
  readonly uids: readonly number[]
  readonly gids: readonly number[]
  readonly groups: readonly number[]
  /** All five sets together: what is in any of them can be used or be gained. */
  readonly capabilities: bigint
  readonly cannotGain: boolean
  /** 0 none, 1 strict, 2 a filter. */
  readonly seccomp: number
  /** How many filters; null where the kernel is too old to say (5.9). */
  readonly filters: number | null
}

export interface Descriptor {
  readonly fd: number
  readonly target: string
  /** Of the mount that it was opened in. */
  readonly mount: number | null
}

/** All that the kernel shows of an instance. */
export interface Seen {
  /** The application first. */
  readonly processes: readonly Process[]
  /** Those that it does not share with who looks. */
  readonly own: ReadonlySet<NamespaceKind>
  readonly uidMap: readonly Range[]
  readonly gidMap: readonly Range[]
  readonly mounts: readonly Mount[]
  readonly descriptors: readonly Descriptor[]
  /** Of the promised control groups: those that all processes are in. */
  readonly groups: readonly string[]
  /** Of the promised limits: what stands in their files; null where there is none. */
  readonly limits: ReadonlyMap<string, string | null>
  /** Soft and hard, by the names of /proc/PID/limits; null: unlimited. */
  readonly resources: ReadonlyMap<string, readonly [number | null, number | null]>
  readonly oomScoreAdj: number | null
  /** Of a security module; null where there is none. */
  readonly label: string | null
  /** Places of `hidden` and `frozen` that this kernel has. */
  readonly existing: ReadonlySet<string>
}

export interface Finding {
  /** `broken`: less than was promised. `weaker`: as promised, and less than the default. */
  readonly kind: 'broken' | 'weaker'
  readonly check: string
  readonly text: string
  /** What it takes from the score. */
  readonly cost: number
  /** Where that comes from, for what is weaker. */
  readonly why?: string
}

export interface Audited {
  readonly name: string
  readonly pid: number
  readonly promised: Promised | null
  readonly seen: Seen
  readonly findings: readonly Finding[]
  /** 100: as strict as the default. */
  readonly score: number
}
