/**
 * The configuration files of the simulated host, and the evaluator that reads them. What changes
 * in a file without a reload is seen at the next start of an instance, as with the real one.
 */
import type { Evaluator } from '../../src/evaluate/evaluator.ts'
import type { Evaluation } from '../../src/evaluate/sandbox.ts'
import type { Problem } from '../../src/config/shapes.ts'
import { wantedBy } from '../../src/spec.ts'
import type { Spec } from '../../src/spec.ts'
import type { Policy } from '../../machines/policy.ts'
import type { Wanted } from '../../machines/vocabulary.ts'
import { badImage, drawWishes, processNames } from './wishes.ts'
import type { Wishes } from './wishes.ts'
import { after, count, note, strikes } from './world.ts'
import type { World } from './world.ts'

export interface Declared {
  readonly instances: number
  /** Another image needs another start, another container file waits for the next one. */
  readonly image: number
  readonly container: number
  readonly restartMs: number
  readonly killMs: number
  /** 0: it listens nowhere. */
  readonly port: number
  /** What is asked for beyond starting and stopping. */
  readonly wishes: Wishes
}

export interface Sandbox {
  /** Vanished: it may be half a deployment. Removed: somebody has said that it is meant. */
  readonly state: 'good' | 'bad' | 'vanished' | 'removed'
  readonly processes: ReadonlyMap<string, Declared>
  /** How often it was written. */
  readonly edits: number
}

export interface Configs {
  readonly sandboxes: Map<string, Sandbox>
  isListed: boolean
  /** Of these a switch is at work, which is one at a time. */
  readonly switching: Set<string>
  /** What was last read from a good file, in this life of the supervisor or before. */
  readonly given: Map<string, Evaluation>
  readonly evaluator: Evaluator
  readonly look: (file: string) => { readonly signature: string } | null
  /** All files good, as nobody could complain of. */
  readonly repair: () => void
}

const names = ['web', 'db', 'log']

export const createConfigs = (world: World): Configs => {
  const dice = world.dice('config files')
  const count = dice.pick([1, 1, 2, 2, 3])
  const sandboxes = new Map<string, Sandbox>(
    names.slice(0, count).map(name => [name, { state: 'good', processes: draw(world), edits: 0 }]),
  )
  const evaluations = new Map<string, { edits: number; evaluation: Evaluation }>()
  const given = new Map<string, Evaluation>()

  const evaluate = (name: string): Evaluation => {
    const sandbox = sandboxes.get(name)
    if (sandbox === undefined || sandbox.state !== 'good') {
      if (world.bug === 'bad config empties') return refused(name, [])
      return refused(name, [mistake(name)])
    }
    const known = evaluations.get(name)
    if (known?.edits === sandbox.edits) return known.evaluation
    const evaluation = evaluationOf(world, name, sandbox)
    evaluations.set(name, { edits: sandbox.edits, evaluation })
    return evaluation
  }

  const configs: Configs = {
    sandboxes,
    isListed: true,
    switching: new Set(),
    given,
    look: file => {
      const sandbox = sandboxes.get(file.slice(file.indexOf(':') + 1))
      return sandbox === undefined ? null : { signature: String(sandbox.edits) }
    },
    repair: () => {
      configs.isListed = true
      for (const [name, sandbox] of sandboxes)
        if (sandbox.state !== 'good' && sandbox.state !== 'removed')
          sandboxes.set(name, { ...sandbox, state: 'good', edits: sandbox.edits + 1 })
      for (const [name, sandbox] of sandboxes)
        if ([...sandbox.processes.values()].some(({ image }) => image >= badImage))
          sandboxes.set(
            name,
            withImage(sandbox, () => 0),
          )
    },
    evaluator: {
      settings: () => ({ value: null, problems: [] }),
      sandboxes: () =>
        configs.isListed
          ? {
              names: [...sandboxes].flatMap(([name, { state }]) =>
                state === 'good' || state === 'bad' ? [name] : [],
              ),
              problems: [],
            }
          : { names: null, problems: [mistake('sandboxes')] },
      sandbox: (_, name) => {
        const evaluation = evaluate(name)
        if (sandboxes.get(name)?.state === 'good') given.set(name, evaluation)
        return evaluation
      },
    },
  }
  return configs
}

const mistake = (name: string): Problem => ({
  file: `/etc/lithos/${name}.yaml`,
  line: 1,
  column: 1,
  severity: 'error',
  message: 'is not what it should be',
})

const refused = (sandbox: string, problems: readonly Problem[]): Evaluation => ({
  sandbox,
  problems,
  wanted: new Map(),
  spares: new Map(),
  commands: new Map(),
  specs: new Map(),
  processesJson: null,
  subjects: [],
})

/** Another version of all that `pick` picks; it says null for who stays. */
export const withImage = (
  sandbox: Sandbox,
  pick: (name: string, image: number) => number | null,
): Sandbox => ({
  state: 'good',
  edits: sandbox.edits + 1,
  processes: new Map(
    [...sandbox.processes].map(([name, declared]) => [
      name,
      { ...declared, image: pick(name, declared.image) ?? declared.image },
    ]),
  ),
})

const evaluationOf = (world: World, sandbox: string, { processes }: Sandbox): Evaluation => {
  const [wanted, spares] = [new Map<string, Wanted>(), new Map<string, Wanted>()]
  const specs = new Map<string, Spec>()
  const subjects: unknown[] = []
  for (const [name, declared] of processes) {
    const { image, container, restartMs, killMs, port, wishes, instances } = declared
    const pauses = `${restartMs}:${killMs}:${port}:${JSON.stringify(wishes)}`
    const hash = `${sandbox}/${name}:${image}:${container}:${pauses}`
    const sockets = port === 0 ? undefined : [socketAt(port)]
    const { policy, stop, isInPlace } = wishes
    const spec = {
      ...{ format: 1, sandbox, process: name, image: `/images/${image}`, config: '/c.yaml' },
      ...{ variables: [], container, restartTimeoutMs: restartMs, killTimeoutMs: killMs },
      ...{ restartProcessOnly: isInPlace },
      ...(sockets !== undefined && { sockets }),
      ...(policy !== null && { policy }),
      ...(stop !== null && { stop }),
    } as unknown as Spec
    specs.set(hash, spec)
    const files = { sandbox: { file: `s:${sandbox}` }, container: { file: `c:${sandbox}` } }
    subjects.push({ subject: { ...files, process: { name } }, image: spec.image, spec })
    for (let i = 0; i < instances + (policy?.rolling?.surge ?? 0); i += 1) {
      const kind = i < instances ? wanted : spares
      kind.set(`${sandbox}/${name}.${i}`, {
        ...wantedBy(spec, hash),
        ...(world.bug === 'stop list not counted' && { killMs }),
        ...(world.bug === 'spare taken for ready' && kind === spares && withoutReady(policy)),
        config: `{"image":${image},"name":"${name}.${i}"}`,
      })
    }
  }
  const examined = subjects as Evaluation['subjects']
  return { ...refused(sandbox, []), wanted, spares, specs, subjects: examined }
}

const withoutReady = (policy: Policy | null): Pick<Wanted, 'policy'> => {
  const { ready: _, ...others } = policy ?? {}
  return { policy: others }
}

const socketAt = (port: number) => ({
  ...{ fd: 3, activatedBy: null, host: '0.0.0.0', port, backlog: 128, uid: 0, gid: 0 },
  ...{ reuseAddr: true, reusePort: false, setNonBlock: false },
})

const drawOne = (world: World, name: string): Declared => {
  const dice = world.dice('config files')
  const wishes = drawWishes(world, name)
  const isMany = world.dice('many').happens(0.7) && wishes.policy?.rolling !== undefined
  return {
    instances: dice.pick([0, 1, 1, 2]) + (isMany ? 1 : 0),
    image: dice.upTo(3),
    container: dice.upTo(3),
    restartMs: dice.pick([0, 100, 1_000, 5_000]),
    killMs: dice.pick([0, 100, 500, 5_000]),
    port: dice.pick([0, 80, 81]),
    wishes,
  }
}

const draw = (world: World): ReadonlyMap<string, Declared> =>
  new Map(
    processNames
      .slice(0, world.dice('many').happens(0.2) ? 3 : 2)
      .map(name => [name, drawOne(world, name)]),
  )

// ---- what happens to the files -------------------------------------------------------------

/** One edit; whether anybody is told of it is another matter. */
export const edit = (world: World, configs: Configs): void => {
  const dice = world.dice('edits')
  const name = dice.pick([...configs.sandboxes.keys()])
  const sandbox = configs.sandboxes.get(name)
  if (sandbox === undefined) return
  const next = edited(world, sandbox)
  configs.sandboxes.set(name, { ...next, edits: sandbox.edits + 1 })
  note(world, () => `${name}.yaml is edited: ${next.state}`)
}

const edited = (world: World, sandbox: Sandbox): Sandbox => {
  const dice = world.dice('edits')
  if (strikes(world, 'badConfig', 0.3)) {
    count(world, 'badConfig')
    return { ...sandbox, state: 'bad' }
  }
  count(world, 'config')
  if (dice.happens(0.15)) return { ...sandbox, state: dice.pick(['vanished', 'removed']) }
  const processes = new Map(sandbox.processes)
  const process = dice.pick([...processes.keys()])
  const drawn = drawOne(world, process)
  const before = processes.get(process) ?? drawn
  const change = dice.pick(changes)
  if (change === 'images') return withImage(sandbox, () => drawn.image)
  processes.set(process, { ...before, [change]: drawn[change] })
  return { ...sandbox, state: 'good', processes }
}

/** `images`: of all its processes at once. */
const changes = [
  ...(['instances', 'image', 'container', 'restartMs', 'killMs', 'port'] as const),
  ...(['wishes', 'images'] as const),
] as const

/** The directory cannot be read for a while. */
export const hideListing = (world: World, configs: Configs): void => {
  count(world, 'badListing')
  configs.isListed = false
  note(world, () => 'the sandboxes cannot be listed')
  after(world, world.dice('badListing').wait(3_000), () => {
    configs.isListed = true
  })
}
