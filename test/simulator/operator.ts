/**
 * Who switches a sandbox to another version with `lithos_switch --auto-rollback`: writes the file,
 * asks for a reload, looks at what becomes of it as src/control/watch.ts does, and where anything
 * has failed, or takes too long, puts the former file back and asks once more.
 */
import { fatesIn, livesIn } from '../../src/outcome.ts'
import { withImage } from './configs.ts'
import type { Host } from './host.ts'
import type { Init } from './init.ts'
import { badImage } from './wishes.ts'
import { after, count, note, stampOf } from './world.ts'

/** How long he waits before he takes it for failed. */
const patienceMs = 20_000
const lookAgainMs = 100

export type Answer = 'well' | 'failed' | 'late' | 'lost'

/** `done`: what was said of the new version; what was put back is asked for by then. */
export const switchVersion = (
  { world, configs }: Host,
  init: Init,
  name: string,
  image: number,
  done: (answer: Answer) => void = () => {},
): void => {
  const life = init.life()
  const former = configs.sandboxes.get(name)
  if (life === null || former?.state !== 'good' || configs.switching.has(name)) return
  if ([...former.processes.values()].some(declared => declared.image >= badImage)) return
  const before = livesIn(life.state(), name)
  const began = world.now

  const ask = (): void =>
    init.life()?.hear({ type: 'config.reload', sandbox: name, by: 'operator', ...stampOf(world) })

  const replace = (next: typeof former): void => {
    const edits = (configs.sandboxes.get(name)?.edits ?? 0) + 1
    configs.sandboxes.set(name, { ...next, edits })
    ask()
  }

  const answer = (): Answer | null => {
    const now = init.life()
    if (now !== life || now.mortal.isDead()) return 'lost'
    const verdicts = fatesIn(now.state(), name, before).map(({ verdict }) => verdict)
    if (verdicts.includes('pending')) return world.now - began > patienceMs ? 'late' : null
    return verdicts.includes('failed') ? 'failed' : 'well'
  }

  const look = (): void => {
    const said = answer()
    if (said === null) return after(world, lookAgainMs, look)
    configs.switching.delete(name)
    note(world, () => `the switch of ${name} to version ${image}: ${said}`)
    // Somebody else may have changed it meanwhile, and means it.
    const isOurs = configs.sandboxes.get(name)?.processes === switched.processes
    if (said !== 'well' && isOurs) replace(former)
    done(said)
  }

  configs.switching.add(name)
  const switched = withImage(former, () => image)
  count(world, 'operator')
  note(world, () => `${name} is switched to version ${image}`)
  replace(switched)
  after(world, lookAgainMs, look)
}

/** Now and then, most often to a version that is never ready. */
export const switchSome = (host: Host, init: Init): void => {
  const dice = host.world.dice('operator')
  const name = dice.pick([...host.configs.sandboxes.keys()])
  switchVersion(host, init, name, dice.happens(0.6) ? badImage : dice.upTo(3))
}
