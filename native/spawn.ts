/**
 * A child with exactly the descriptors it is given, in new namespaces, from the main thread.
 * It costs the parent some fifty microseconds, however large the parent is; see spawn.c.
 */
import * as E from 'fp-ts/lib/Either.js'
import { errnoName } from './attempt.ts'
import type { CallFailed } from './attempt.ts'
import * as libc from './libc.ts'
import type { Pidfd } from './pidfd.ts'

export const namespaces = {
  mount: 0x00020000,
  uts: 0x04000000,
  ipc: 0x08000000,
  pid: 0x20000000,
  net: 0x40000000,
} as const
export type Namespace = keyof typeof namespaces

export interface Spawn {
  /** Executed as it is; on a local disk, because the exec is waited for. */
  readonly path: string
  /** With the name of the program as the first word. */
  readonly argv: readonly string[]
  /** `NAME=value`; the child has no other. */
  readonly env: readonly string[]
  /** Descriptors in the child, each from one of ours. Whatever is not named is closed. */
  readonly fds: ReadonlyMap<number, number>
  readonly namespaces: readonly Namespace[]
  /** A directory of cgroup v2, opened, that is not frozen. */
  readonly cgroup?: number
}

export interface Spawned {
  readonly pid: number
  readonly pidfd: Pidfd
}

/** What failed, by the number spawn.c gives. */
const stages = ['', 'clone3', 'passing descriptors', 'execve']

export const spawn = (request: Spawn): E.Either<CallFailed, Spawned> => {
  const { path, argv, env } = request
  if (hasNul([path, ...argv, ...env]))
    return E.left({ _tag: 'CallFailed', call: 'execve', code: 'EINVAL', about: 'a NUL in a word' })

  const pairs = [...request.fds].sort(([a], [b]) => a - b)
  const flags = request.namespaces.reduce((sum, name) => sum + namespaces[name], 0)
  const out = new Int32Array(2)
  const result = libc.lithosSpawn(
    packWords([path, ...argv, ...env]),
    argv.length,
    env.length,
    Int32Array.from(pairs.flat()),
    pairs.length,
    flags,
    request.cgroup ?? -1,
    out,
  )
  if (result === 0) return E.right({ pid: out[0] as number, pidfd: out[1] as Pidfd })
  const call = stages[out[1] as number] || 'clone3'
  return E.left({ _tag: 'CallFailed', call, code: errnoName(-result), about: path })
}

export const hasNul = (words: readonly string[]): boolean => words.some(word => word.includes('\0'))

/** Strings one after another, each ended by NUL, as our library wants them. */
export const packWords = (words: readonly string[]): Buffer => Buffer.from(`${words.join('\0')}\0`)
