/** What a word on a command line may be, so that a shell can finish it. */
import type { Option, Positional } from '../cli/args.ts'
import { common } from '../cli/args.ts'
import { statesOfInstances } from '../cli/states.ts'
import { logLevels } from '../../native/wire.ts'
import type { Known } from './commands.ts'

/**
 * `instances`: they, their processes and sandboxes, out of what runs; `sandboxes`: what is
 * configured, too. Nothing: nobody knows.
 */
export type Words =
  | { readonly kind: 'files' | 'directories' | 'instances' | 'sandboxes' | 'nothing' }
  | { readonly kind: 'these'; readonly words: readonly string[] }

const byMetavar: Readonly<Record<string, Words>> = {
  FILE: { kind: 'files' },
  DIR: { kind: 'directories' },
  LEVEL: { kind: 'these', words: logLevels },
  STATES: { kind: 'these', words: statesOfInstances },
}

export const wordsOfOption = (option: Option): Words | null => {
  if (option.kind === 'flag') return null
  if (option.names.includes('--sandbox')) return { kind: 'sandboxes' }
  if (option.words !== undefined) return { kind: 'these', words: option.words }
  return byMetavar[option.metavar] ?? { kind: 'nothing' }
}

const byPositional: Readonly<Record<string, Words>> = {
  name: { kind: 'instances' },
  instance: { kind: 'instances' },
  sandbox: { kind: 'sandboxes' },
  dir: { kind: 'directories' },
  new_config: { kind: 'files' },
  file: { kind: 'files' },
}

export const wordsOfPositional = ({ name, help }: Positional): Words => {
  // `machines` and the like say which words there are.
  const listed = /^[a-z]+(?:, [a-z]+)+$/.test(help) ? help.split(', ') : null
  // One of lithos_cmd is in a file, and not among what runs.
  const isCommand = name === 'name' && help.startsWith('name of the command')
  return listed === null
    ? ((isCommand ? null : byPositional[name]) ?? { kind: 'nothing' })
    : { kind: 'these', words: listed }
}

export interface Completed {
  readonly words: string
  readonly commands: readonly (readonly [word: string, summary: string])[]
  readonly options: readonly Option[]
  readonly positionals: readonly Words[]
  /** The last of them may be repeated. */
  readonly isOpen: boolean
}

export const completedOf = ({ words, commands, description }: Known): Completed => ({
  words,
  commands: commands.map(({ words: each, summary }) => [each.split(' ').at(-1) ?? '', summary]),
  options: [
    common.help,
    ...Object.values(description?.options ?? {}),
    ...(description === null ? [] : [common.version]),
  ],
  positionals: (description?.positionals ?? []).map(wordsOfPositional),
  isOpen: description?.positionals.at(-1)?.kind === 'rest',
})
