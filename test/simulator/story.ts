/** What a failing seed tells: one line a turn, with what went wrong before it. */
import type { Effect, Input } from '../../machines/vocabulary.ts'
import type { WrittenTurn } from './memory.ts'
import type { World } from './world.ts'

export interface Story {
  readonly turn: (turn: WrittenTurn) => void
  readonly lines: () => readonly string[]
}

export const createStory = (world: World): Story => {
  const lines: string[] = []
  return {
    turn: ({ seq, inputs, effects, time: at }) => {
      if (!world.isTold) return
      const time = (at / 1_000).toFixed(3).padStart(9)
      const heard = inputs.map(sayInput).join(', ')
      const done = effects.length === 0 ? '' : ` → ${effects.map(sayEffect).join(', ')}`
      lines.push(`${time} #${seq} ${heard}${done}${takeNotes(world)}`)
    },
    lines: () => [...lines, ...(world.notes.length === 0 ? [] : [takeNotes(world).trim()])],
  }
}

const takeNotes = (world: World): string => {
  const notes = world.notes.splice(0)
  return notes.length === 0 ? '' : `   [${notes.join('; ')}]`
}

const nameOf = (about: {
  readonly type: string
  readonly instance?: string | undefined
  readonly incarnation?: number | undefined
}): string =>
  about.instance === undefined
    ? ''
    : ` ${about.instance}${about.incarnation === undefined ? '' : `@${about.incarnation}`}`

const sayInput = (input: Input): string => {
  const about = nameOf(input)
  switch (input.type) {
    case 'signal.received':
      return input.signal
    case 'timer.elapsed':
      return `${input.timer} elapsed${about}`
    case 'knot.exited':
      return `${input.type}${about} ${input.pid}: ${input.status}/${input.app ?? '-'}`
    case 'knot.launched':
    case 'knot.adopted':
      return `${input.type}${about} ${input.pid}`
    case 'config.loaded':
      return `${input.type} ${input.sandbox} (${Object.keys(input.wanted).join(' ')})`
    default:
      return `${input.type}${about}${'sandbox' in input ? ` ${input.sandbox}` : ''}`
  }
}

const sayEffect = (effect: Effect): string => {
  switch (effect.type) {
    case 'signal':
      return `${effect.signal}${nameOf(effect)}`
    case 'armTimer':
      return `armTimer ${effect.timer}${nameOf(effect)} until ${effect.due}`
    case 'disarmTimer':
      return `${effect.type} ${effect.timer}${nameOf(effect)}`
    default:
      return 'instance' in effect ? `${effect.type}${nameOf(effect)}` : effect.type
  }
}
