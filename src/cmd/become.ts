/**
 * From a command that is ready to the small program that waits for it: everything that it needs is
 * opened, then this process becomes it. No Node stays in memory while a command runs.
 */
import { closeSync, constants, openSync } from 'node:fs'
import { hostname } from 'node:os'
import * as E from 'fp-ts/lib/Either.js'
import { makeSlice } from '../../actors/cgroups.ts'
import type { CallFailed } from '../../native/attempt.ts'
import { slicesOf } from '../../native/cgroup.ts'
import { execNow, keepDescriptors, prepareImage } from '../../native/exec.ts'
import { isTerminal, lockShared, memoryFile } from '../../native/files.ts'
import { connectUnix } from '../../native/unix.ts'
import { ownUserNamespace } from '../../native/userNamespace.ts'
import { waitPath } from '../../native/where.ts'
import { encodePlan } from '../../native/wire.ts'
import { takeFreeAddress } from '../cableEnds.ts'
import { decrypt } from '../decryption.ts'
import type { Secrets, Undecryptable } from '../decryption.ts'
import { askHost } from '../evaluate/host.ts'
import type { Settings } from '../evaluate/settings.ts'
import { Fatal, preparePlaces, usable } from '../ground.ts'
import { knotEnvironment } from '../launching.ts'
import { say } from '../say.ts'
import type { Spec } from '../spec.ts'
import type { Ready } from './evaluate.ts'
import { writeOrder } from './order.ts'
import { commandPlan, terminalOf } from './plan.ts'
import { sweepDeadCommands } from './sweep.ts'

export interface Asked {
  readonly settings: Settings
  readonly sandbox: string
  readonly name: string
  readonly arguments: readonly string[]
  readonly isCompatible: boolean
  /** As it was called, for who looks at the list of processes. */
  readonly words: readonly string[]
}

/** Throws Fatal with what is in the way. Does not return otherwise. */
export const becomeWaiter = async (asked: Asked, { spec, wanted }: Ready): Promise<never> => {
  const { settings, isCompatible } = asked
  const { stateDir, runtimeDir } = settings.places
  const found = preparePlaces(settings, 'lithos_cmd')
  const lock = openSync(stateDir, constants.O_RDONLY | constants.O_DIRECTORY)
  orFatal(lockShared(lock, stateDir))
  await sweepDeadCommands(stateDir, found)
  const layout = usable(found, makeSlice)

  refuseTakenAddress(spec)

  const terminal = terminalOf(spec, isTerminal)
  const run = { name: `${asked.sandbox}/cmd.${asked.name}.${process.pid}`, terminal }
  const host = {
    hostname: hostname(),
    hostAddress: spec.hosts.publicHostname ? askHost().address() : null,
    cgroups: slicesOf(layout),
    namespace: ownUserNamespace(),
    term: process.env['TERM'] ?? 'dumb',
  }
  const secrets = secretsOf(spec)
  const words = asked.arguments
  // Whatever is secret in here goes with this image of the process.
  const bytes = encodePlan(commandPlan(spec, host, { ...run, arguments: words }, secrets))
  const plan = orFatal(memoryFile('plan', bytes))
  const control = connectTo(runtimeDir)
  const order = orFatal(
    writeOrder({
      ...{ ...run, settings, layout, isCompatible, plan, lock, control },
      config: wanted.config,
      arguments: words,
      env: knotEnvironment(process.env),
      spec: wanted.spec,
    }),
  )
  orFatal(
    prepareImage({
      path: waitPath,
      argv: ['lithos_cmd', ...asked.words],
      env: { ...process.env, LITHOS_WAIT: String(order) },
    }),
  )
  keepDescriptors([order, plan, lock, ...(control === null ? [] : [control])])
  const failed = execNow(waitPath)
  throw new Fatal(sayFailed(failed), 127)
}

/** Two of one address would take it from each other; and a daemon is not to lose its own. */
const refuseTakenAddress = ({ network }: Spec): void => {
  const ip = network?.addresses[0]
  if (network === undefined || ip === undefined) return
  const { bridge } = network
  const holder = takeFreeAddress(bridge, ip, text => say(`${text}\n`))
  if (holder !== null)
    throw new Fatal(`connecting to bridge ${bridge} as ${ip}: that is the address of ${holder} now`)
}

const secretsOf = ({ secrets }: Spec): Secrets | null =>
  secrets === undefined
    ? null
    : E.getOrElse<Undecryptable, Secrets>(why => {
        throw new Fatal(sayUndecryptable(why))
      })(decrypt(secrets))

const sayUndecryptable = ({ key, environ, files }: Undecryptable): string =>
  key?.message ?? [...environ, ...files].map(({ message }) => message).join('\n')

/** Null: nobody listens there. */
const connectTo = (runtimeDir: string): number | null => {
  const directory = openSync(runtimeDir, constants.O_RDONLY | constants.O_DIRECTORY)
  const connected = connectUnix(`/proc/self/fd/${directory}/control`)
  closeSync(directory)
  return E.isLeft(connected) ? null : connected.right
}

const orFatal = <A>(outcome: E.Either<CallFailed, A>): A => {
  if (E.isRight(outcome)) return outcome.right
  throw new Fatal(sayFailed(outcome))
}

const sayFailed = (outcome: E.Either<CallFailed, unknown>): string =>
  E.isRight(outcome)
    ? 'lithos_wait has returned'
    : `${outcome.left.call} on ${outcome.left.about}: ${outcome.left.code}`
