/**
 * The birth of a knot: its status file, its plan in a file of memory, and the process itself,
 * with the tree's standard streams, the plan as descriptor 3 and the status file as 4.
 */
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { errnoName } from './attempt.ts'
import type { CallFailed } from './attempt.ts'
import * as libc from './libc.ts'
import type { Pidfd } from './pidfd.ts'
import { hasNul, namespaces as flagOf, packWords } from './spawn.ts'
import type { Namespace, Spawned } from './spawn.ts'
import { fileName } from './statusFile.ts'

export interface KnotRequest {
  readonly knotsDir: string
  readonly instance: string
  readonly incarnation: number
  /** Content hash of the launch specification, for the status file. */
  readonly spec: string
  readonly plan: Buffer
  /** The first word is the program. */
  readonly argv: readonly string[]
  readonly env: readonly string[]
  /** Beside mount, pid, uts and ipc. */
  readonly namespaces: readonly Namespace[]
  /** Further descriptors: number in the knot, 5 and above, from number here. */
  readonly fds: ReadonlyMap<number, number>
}

export interface BornKnot extends Spawned {
  readonly birth: number
}

const own = flagOf.mount | flagOf.uts | flagOf.ipc | flagOf.pid

/** What failed, by the number deliver.c gives. That the knot cannot be executed, it says itself. */
const stages = [
  '',
  'making the status file',
  'reserving room in the status file',
  'keeping the plan in memory',
  'clone3',
]

const out = new BigInt64Array(3)

/** A full disk refuses the launch, and never loses an exit status: a page is reserved for it. */
export const launchKnot = (request: KnotRequest): E.Either<CallFailed, BornKnot> => {
  const { instance, incarnation, argv, env, plan } = request
  const words = [argv[0] ?? '', ...argv, ...env]
  if (hasNul(words))
    return E.left({ _tag: 'CallFailed', call: 'execve', code: 'EINVAL', about: 'a NUL in a word' })
  const file = join(request.knotsDir, fileName(instance, incarnation))
  const pairs = [...request.fds].sort(([a], [b]) => a - b)
  const packed = packWords(words)
  const result = libc.lithosDeliver(
    file,
    `knot ${instance} ${incarnation} ${request.spec || '-'}\n`,
    plan,
    plan.length,
    packed,
    packed.length,
    argv.length,
    env.length,
    Int32Array.from(pairs.flat()),
    pairs.length,
    request.namespaces.reduce((sum, name) => sum | flagOf[name], own),
    out,
  )
  if (result === 0)
    return E.right({
      pid: Number(out[0]),
      pidfd: Number(out[1]) as Pidfd,
      birth: Number(out[2]),
    })
  const call = stages[Number(out[1])] ?? 'launching'
  return E.left({ _tag: 'CallFailed', call, code: errnoName(-result), about: file })
}
