/** Commands that are made of commands: the first word says which. */
import { nearest } from '../nearest.ts'
import type { Example } from './args.ts'
import { describe } from './describing.ts'
import { exampleBlock } from './help.ts'
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
): Promise<number> => {
  const shown = Object.fromEntries(Object.entries(commands).filter(([each]) => isShown(each)))
  if (describe({ kind: 'group', name, commands: shown })) return 0
  const [word, ...rest] = argv
  if (word === undefined) return say(process.stderr, help(name, commands, examples), 2)
  if (word === '--help' || word === '-h' || word === 'help')
    return say(process.stdout, help(name, commands, examples), 0)
  if (word === '--version') return say(process.stdout, `${version}\n`, 0)
  if (Object.hasOwn(commands, word)) return (await commands[word]![1]()).run(rest)
  if (word === 'version') return say(process.stdout, `${version}\n`, 0)
  const similar = nearest(word, Object.keys(shown))
  const hint = similar === null ? `see ${name} --help` : `did you mean ${similar}?`
  return say(process.stderr, `${name}: there is no command ${JSON.stringify(word)}; ${hint}\n`, 2)
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
