/** Commands that are made of commands: the first word says which. */
import { nearest } from '../nearest.ts'
import type { Example } from './args.ts'
import { describe } from './describing.ts'
import { exampleBlock } from './help.ts'
import { endQuietly } from './terminal.ts'
import { version } from './version.ts'

export interface Command {
  readonly run: (argv: readonly string[]) => Promise<number> | number
}

/** What help says of it, and how it is loaded. */
export type Commands = Readonly<
  Record<string, readonly [summary: string, load: () => Promise<Command>]>
>

export const dispatch = async (
  name: string,
  commands: Commands,
  examples: readonly Example[],
  argv: readonly string[],
  habits: ReadonlyMap<string, string> = new Map(),
): Promise<number> => {
  const shown = Object.fromEntries(Object.entries(commands).filter(([each]) => isShown(each)))
  if (describe({ kind: 'group', name, commands: shown })) return 0
  const [word, ...rest] = argv
  const named = async (command: string, words: readonly string[]): Promise<number> =>
    (await commands[command]![1]()).run(words)
  if (word !== undefined && Object.hasOwn(commands, word)) return named(word, rest)
  if (word === 'help' && rest[0] !== undefined && Object.hasOwn(shown, rest[0]))
    return named(rest[0], [...rest.slice(1), '--help'])
  endQuietly(name)
  if (word === undefined) return say(process.stderr, help(name, commands, examples), 2)
  if (word === '--help' || word === '-h' || word === 'help')
    return say(process.stdout, help(name, commands, examples), 0)
  if (word === '--version') return say(process.stdout, `${version}\n`, 0)
  if (word === 'version') return say(process.stdout, `${version}\n`, 0)
  const quoted = JSON.stringify(word)
  const wrong = word.startsWith('-')
    ? `options stand behind the command, ${name} COMMAND ${word}, and not before it`
    : `there is no command ${quoted}; ${habits.get(word) ?? hintFor(name, word, shown)}`
  return say(process.stderr, `${name}: ${wrong}\n`, 2)
}

const hintFor = (name: string, word: string, shown: Commands): string => {
  const similar = nearest(word, Object.keys(shown))
  return similar === null ? `see ${name} --help` : `did you mean ${similar}?`
}

/** What begins with `__` is called by programs. */
const isShown = (command: string): boolean => !command.startsWith('__')

const say = (stream: NodeJS.WriteStream, text: string, code: number): number => {
  stream.write(text)
  return code
}

const help = (name: string, commands: Commands, examples: readonly Example[]): string => {
  const names = Object.keys(commands).filter(isShown)
  const width = Math.max(...names.map(({ length }) => length))
  return [
    exampleBlock(name, examples),
    'Usage:',
    `    ${name} COMMAND [OPTIONS] …`,
    '',
    ...names.map(command => `  ${command.padEnd(width)}  ${commands[command]![0]}`),
    '',
    `${name} COMMAND --help tells more about each.`,
    '',
  ].join('\n')
}
