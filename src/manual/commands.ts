/** All commands with their descriptions, as they tell them themselves; see cli/describing.ts. */
import type { Description } from '../cli/args.ts'
import { describedBy } from '../cli/describing.ts'
import type { Command } from '../cli/dispatch.ts'

export interface Known {
  /** As it is typed: `lithos journal why`. */
  readonly words: string
  readonly summary: string
  /** Null: a group of commands. */
  readonly description: Description | null
  readonly commands: readonly Known[]
}

/** Throws where a command does nothing of the kind: then it would be missing in the manual. */
export const knownOf = async (
  words: string,
  summary: string,
  load: () => Promise<Command>,
): Promise<Known | null> => {
  const described = await describedBy((await load()).run)
  if (described === null) return null
  if (described.kind === 'command')
    return { words, summary, description: described.description, commands: [] }
  const commands = await inTurn(
    Object.entries(described.commands).map(
      ([word, [about, loadOne]]) =>
        () =>
          knownOf(`${words} ${word}`, about, loadOne),
    ),
  )
  return { words, summary, description: null, commands: commands.filter(known => known !== null) }
}

/** One after the other: only one may describe itself at a time. */
export const inTurn = async <A>(works: readonly (() => Promise<A>)[]): Promise<readonly A[]> => {
  const results: A[] = []
  for (const work of works) results.push(await work())
  return results
}

export const flat = (known: Known): readonly Known[] => [known, ...known.commands.flatMap(flat)]
