/** From the effect `launch` to what the knot is given: a plan as bytes, and its argv. */
import { closeSync } from 'node:fs'
import { hostname } from 'node:os'
import * as E from 'fp-ts/lib/Either.js'
import type { Launch, Prepared } from '../actors/knots.ts'
import type { Sockets } from '../actors/sockets.ts'
import type { Socket } from '../machines/vocabulary.ts'
import { hasLandlock } from '../native/landlock.ts'
import { ownUserNamespace } from '../native/userNamespace.ts'
import { knotPath } from '../native/where.ts'
import { slicesOf } from '../native/cgroup.ts'
import type { Layout } from '../native/cgroup.ts'
import type { Plan } from '../native/plan.ts'
import { encodePlan } from '../native/wire.ts'
import type { TakeAddress } from './cables.ts'
import type { Decryption } from './decryption.ts'
import type { LogLevel } from './config/shapes.ts'
import { askHost } from './evaluate/host.ts'
import type { Settings } from './evaluate/settings.ts'
import type { Loading } from './loading.ts'
import { plan } from './plan.ts'
import { addressOf } from './plan/namespaces.ts'
import { isWalled } from './plan/landlock.ts'
import { filterOf, weaknesses } from './plan/confinement.ts'
import { isLimitedBy } from './plan/cgroups.ts'
import { filterHash } from './plan/seccomp.ts'
import { createPlanBytes } from './planBytes.ts'
import type { Host } from './plan.ts'
import { wantedBy } from './spec.ts'
import type { Spec } from './spec.ts'
import { nameStep } from './stepName.ts'
import type { StepName } from './stepName.ts'

export interface LaunchingOptions {
  readonly settings: Settings
  readonly layout: Layout
  readonly loading: Loading
  readonly sockets: Pick<Sockets, 'give'>
  readonly logLevel: LogLevel | null
  readonly takeAddress: TakeAddress
  readonly decryption: () => Decryption
}

export interface Launching {
  readonly prepare: (effect: Launch) => Prepared
  /** Names a step of what this specification made of an instance. */
  readonly nameStep: (spec: Spec, instance: string, step: number) => StepName
}

export const createLaunching = (options: LaunchingOptions): Launching => {
  const { settings, layout, loading, sockets, logLevel, takeAddress, decryption } = options
  const name = hostname()
  const bytesOf = createPlanBytes()
  const records = new WeakMap<Spec, Confined>()
  let address: (() => string | null) | null = null

  const hostFor = (spec: Spec): Host => ({
    hostname: name,
    // Asked for only where it is wanted: it may take a name server.
    hostAddress: spec.hosts.publicHostname ? (address ??= askHost().address)() : null,
    cgroups: slicesOf(layout),
    namespace: ownUserNamespace(),
    term: process.env['TERM'] ?? 'dumb',
    ...(logLevel !== null && { logLevel }),
  })

  /** No template is kept of it, and the knot has its own copy before the turn is over. */
  const secretPlan = (whole: Plan): Buffer => {
    const bytes = encodePlan(whole)
    decryption().wipeToo(bytes)
    return bytes
  }

  const whoHasAddress = ({ network }: Spec, instance: string) => {
    const ip = network === undefined ? null : addressOf(network, instance)
    if (network === undefined || ip === null) return null
    const holder = takeAddress(network.bridge, ip, instance)
    const step = `connecting to bridge ${network.bridge} as ${ip}, which is in use by`
    return holder === null ? null : { step, about: holder, code: 'EADDRINUSE' }
  }

  const recordFor = (spec: Spec): Confined => {
    const known = records.get(spec)
    if (known !== undefined) return known
    const record = recordOf(spec, layout)
    records.set(spec, record)
    return record
  }

  return {
    prepare: ({ instance, wanted }) => {
      const found = loading.specOf(instance, wanted)
      if (found === null)
        return {
          refused: {
            step: 'finding the launch specification',
            about: wanted.spec,
            code: 'ENOENT',
          },
        }
      const { spec, hash } = found
      const secrets = spec.secrets === undefined ? null : decryption().of(hash, spec.secrets)
      if (secrets !== null && E.isLeft(secrets)) return { refused: secrets.left }
      const taken = whoHasAddress(spec, instance)
      if (taken !== null) return { refused: taken }
      const dot = instance.lastIndexOf('.')
      const compile = (name: string): Plan => plan(spec, hostFor(spec), name)
      const { file } = settings
      const passed = passSockets(wantedBy(spec, hash).sockets ?? [], sockets)
      if ('refused' in passed) return passed
      return {
        ...passed,
        // Those with addresses differ in more than their number.
        plan:
          secrets !== null
            ? secretPlan(plan(spec, hostFor(spec), instance, [], secrets.right))
            : spec.network?.addresses.length
              ? encodePlan(compile(instance))
              : bytesOf(hash, instance.slice(0, dot), instance.slice(dot + 1), compile),
        argv: [knotPath, '--name', instance, '--master', file, '--config', wanted.config],
        about: step => nameStep(compile(instance), step),
        record: recordFor(spec),
      }
    },
    nameStep: (spec, instance, step) => nameStep(plan(spec, hostFor(spec), instance), step),
  }
}

/** What the start record says of the confinement. */
interface Confined {
  readonly weaker?: string[]
  readonly filter?: string
}

const recordOf = (spec: Spec, { withheld }: Layout): Confined => {
  const filter = filterOf(spec)
  const keys = weaknesses(spec.confinement).map(({ key }) => key)
  const missing = [
    ...(filter === null ? ['seccomp'] : []),
    ...(isWalled(spec) && hasLandlock() ? [] : ['landlock']),
    ...(withheld !== undefined && isLimitedBy(spec, withheld.controllers) ? ['limits'] : []),
  ]
  const weaker = [...keys, ...missing.filter(key => !keys.includes(key))]
  return {
    ...(weaker.length > 0 && { weaker }),
    ...(filter !== null && { filter: filterHash(filter) }),
  }
}

type Refused = Extract<Prepared, { readonly refused: unknown }>
type Passed = Pick<Exclude<Prepared, Refused>, 'fds' | 'given'>

/** In the order of the specification, which is that of the step `passSockets`. */
const passSockets = (
  wanted: readonly Socket[],
  { give }: Pick<Sockets, 'give'>,
): Passed | Refused => {
  const fds = new Map<number, number>()
  const given: number[] = []
  for (const [index, socket] of wanted.entries()) {
    const found = give(socket)
    if (E.isLeft(found)) {
      for (const fd of given) closeSync(fd)
      const { call: step, about, code } = found.left
      return { refused: { step, about, code } }
    }
    fds.set(firstSocketInKnot + index, found.right.fd)
    if (found.right.own) given.push(found.right.fd)
  }
  return wanted.length === 0 ? {} : { fds, given }
}

const firstSocketInKnot = 5

/** The whole environment of a knot. */
export const knotEnvironment = (env: NodeJS.ProcessEnv): readonly string[] => [
  `TERM=${env['TERM'] ?? 'dumb'}`,
  ...['RUST_LOG', 'RUST_BACKTRACE'].flatMap(name =>
    env[name] === undefined ? [] : [`${name}=${env[name]}`],
  ),
]
