/**
 * "Why is it like this?" The chain of causes behind the present state of an instance, found in its
 * history, newest first. Pure: turns in, steps of an explanation out.
 *
 * A step back goes from a turn to what made it happen: a launch to the input that decided it, an
 * elapsed timer to the turn that armed it, an ending to the signal we sent (if we did), a
 * configuration to whoever asked for it to be read.
 */
import type { Effect, Input } from '../machines/vocabulary.ts'
import { sandboxOf } from '../machines/order.ts'
import { sayInput } from './sentence.ts'
import { saySpan } from './wait.ts'

export interface PastTurn {
  readonly seq: number
  readonly inputs: readonly Input[]
  readonly effects: readonly Effect[]
}

export interface Step {
  readonly seq: number
  /** Wall clock, milliseconds since 1970. */
  readonly at: number
  readonly text: string
}

/** `turns`: those that concern the instance, its sandbox or the supervisor, oldest first. */
export const explain = (instance: string, turns: readonly PastTurn[]): readonly Step[] => {
  const story = new Story(instance, turns)
  const isOurs = (input: Input): boolean => isLifeFact(input) && input.instance === instance
  const last = story.lastOf(Infinity, isOurs)
  if (last === null || !isRemark(last.input)) return last === null ? [] : story.from(last)
  const start = story.lastOf(Infinity, input => isOurs(input) && !isRemark(input))
  const remark = { seq: last.turn.seq, at: last.input.at, text: sayInput(last.input) }
  return start === null ? story.from(last) : [remark, ...story.from(start)]
}

/** It does not say why something runs: its start does, if the journal still has it. */
const isRemark = ({ type }: Input): boolean =>
  ['knot.adopted', 'app.ready', 'app.unready', 'app.unhealthy', 'app.notified'].includes(type)

/** Whether a turn has anything to do with an instance: what `explain` has to be given. */
export const concerns =
  (instance: string) =>
  ({ inputs }: { readonly inputs: readonly Input[] }): boolean =>
    inputs.some(
      input =>
        ('instance' in input && input.instance === instance) ||
        ('sandbox' in input && input.sandbox === sandboxOf(instance)) ||
        (!('instance' in input) && !('sandbox' in input)),
    )

const isLifeFact = (input: Input): input is Input & { readonly instance: string } =>
  'incarnation' in input

interface Moment {
  readonly turn: PastTurn
  readonly input: Input
}

/** No chain is longer: what has failed since ever is explained by its last few lives. */
const stepsMax = 12

class Story {
  readonly instance: string
  readonly turns: readonly PastTurn[]

  constructor(instance: string, turns: readonly PastTurn[]) {
    this.instance = instance
    this.turns = turns
  }

  from(start: Moment): readonly Step[] {
    const steps: Step[] = []
    const seen = new Set<Input>()
    let moment: Moment | null = start
    while (moment !== null && steps.length < stepsMax && !seen.has(moment.input)) {
      seen.add(moment.input)
      const [text, next] = this.tell(moment)
      steps.push({ seq: moment.turn.seq, at: moment.input.at, text })
      moment = next
    }
    return steps
  }

  /** The sentence about a moment, and the moment behind it. */
  tell({ turn, input }: Moment): readonly [text: string, behind: Moment | null] {
    switch (input.type) {
      case 'app.started':
      case 'knot.launched':
        return [sayInput(input), this.launchOf(input.incarnation)]
      case 'knot.adopted':
        return [sayInput(input), this.lastOf(turn.seq, ({ type }) => type === 'tree.started')]
      case 'knot.exited':
        return this.tellExit(turn, input)
      case 'timer.elapsed':
        return this.tellTimer(turn, input)
      case 'config.loaded':
      case 'config.absent':
        return [sayInput(input), this.loadBehind(turn.seq, input.cause)]
      case 'tree.surveyed':
        return [sayInput(input), this.lastOf(turn.seq + 1, ({ type }) => type === 'tree.started')]
      default:
        return [sayInput(input), null]
    }
  }

  tellExit(
    turn: PastTurn,
    input: Extract<Input, { readonly type: 'knot.exited' }>,
  ): readonly [string, Moment | null] {
    const signal = this.turnBefore(turn.seq, ({ effects }) =>
      effects.some(
        effect =>
          effect.type === 'signal' &&
          effect.instance === this.instance &&
          effect.incarnation === input.incarnation,
      ),
    )
    if (signal !== null)
      return [
        `${sayInput(input)}; we had sent it a signal in turn ${signal.seq}`,
        this.decider(signal),
      ]
    return [`${sayInput(input)}; the supervisor had not asked for it`, null]
  }

  tellTimer(
    turn: PastTurn,
    input: Extract<Input, { readonly type: 'timer.elapsed' }>,
  ): readonly [string, Moment | null] {
    const armed = this.turnBefore(turn.seq, ({ effects }) =>
      effects.some(
        effect =>
          effect.type === 'armTimer' &&
          effect.instance === input.instance &&
          effect.timer === input.timer,
      ),
    )
    const behind = armed === null ? null : this.decider(armed)
    const waited = behind === null ? '' : ` ${saySpan(input.at - behind.input.at)} after it was set`
    return input.timer === 'ready'
      ? [`${sayInput(input)}${this.unreadyBefore(turn, armed)}`, behind]
      : [`${sayInput(input)}${waited}`, behind]
  }

  /** What was found when it was last looked for, since the timer was set. */
  unreadyBefore(turn: PastTurn, armed: PastTurn | null): string {
    const isUnready = (input: Input) =>
      input.type === 'app.unready' && input.instance === this.instance
    const found = this.lastOf(turn.seq, isUnready)
    return found?.input.type === 'app.unready' && found.turn.seq > (armed?.seq ?? 0)
      ? `: ${found.input.reason}`
      : ''
  }

  /** What decided that this life begins. */
  launchOf(incarnation: number): Moment | null {
    const turn = this.turns.find(
      ({ seq, effects }) =>
        seq === incarnation &&
        effects.some(effect => effect.type === 'launch' && effect.instance === this.instance),
    )
    return turn === undefined ? null : this.decider(turn)
  }

  /** The input of a turn that made it do something about our instance. */
  decider(turn: PastTurn): Moment | null {
    const sandbox = sandboxOf(this.instance)
    const input =
      turn.inputs.find(one => 'instance' in one && one.instance === this.instance) ??
      turn.inputs.find(one => 'sandbox' in one && one.sandbox === sandbox) ??
      turn.inputs.find(one => !('instance' in one) && !('sandbox' in one))
    return input === undefined ? null : { turn, input }
  }

  loadBehind(before: number, cause: number | undefined): Moment | null {
    const turn = this.turnBefore(before, ({ seq, effects }) =>
      cause === undefined ? effects.some(({ type }) => type === 'load') : seq === cause,
    )
    return turn === null ? null : this.decider(turn)
  }

  turnBefore(seq: number, is: (turn: PastTurn) => boolean): PastTurn | null {
    for (let index = this.turns.length - 1; index >= 0; index--) {
      const turn = this.turns[index] as PastTurn
      if (turn.seq < seq && is(turn)) return turn
    }
    return null
  }

  lastOf(before: number, is: (input: Input) => boolean): Moment | null {
    const turn = this.turnBefore(before, ({ inputs }) => inputs.some(is))
    const input = turn?.inputs.findLast(is)
    return turn === null || input === undefined ? null : { turn, input }
  }
}
