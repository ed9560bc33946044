/**
 * The birth of a knot: its status file, its plan in a file of memory, and the process itself,
 * with the tree's standard streams, the plan as descriptor 3 and the status file as 4.
 */
import { closeSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type { CallFailed } from './attempt.ts'
import { memoryFile } from './files.ts'
import { readStat } from './proc.ts'
import { spawn } from './spawn.ts'
import type { Namespace, Spawned } from './spawn.ts'
import { appendPid, createStatusFile, fileName } from './statusFile.ts'

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

export const launchKnot = (request: KnotRequest): E.Either<CallFailed, BornKnot> => {
  const status = createStatusFile(request.knotsDir, request)
  if (E.isLeft(status)) return status
  const memory = memoryFile('plan', request.plan)
  if (E.isLeft(memory)) return undo(request, status.right, memory)
  const spawned = spawnKnot(request, memory.right, status.right)
  closeSync(memory.right)
  if (E.isLeft(spawned)) return undo(request, status.right, spawned)
  // It may have ended by now, but nobody has reaped it: what /proc says is of this one.
  const birth = readStat(spawned.right.pid)?.birth ?? 0
  appendPid(status.right, spawned.right.pid, birth)
  closeSync(status.right)
  return E.right({ ...spawned.right, birth })
}

const spawnKnot = (request: KnotRequest, plan: number, status: number) =>
  spawn({
    path: request.argv[0] ?? '',
    argv: request.argv,
    env: request.env,
    fds: new Map([[0, 0], [1, 1], [2, 2], [3, plan], [4, status], ...request.fds]),
    namespaces: ['mount', 'pid', 'uts', 'ipc', ...request.namespaces],
  })

const undo = (
  { knotsDir, instance, incarnation }: KnotRequest,
  status: number,
  failure: E.Left<CallFailed>,
): E.Left<CallFailed> => {
  closeSync(status)
  rmSync(join(knotsDir, fileName(instance, incarnation)), { force: true })
  return failure
}
