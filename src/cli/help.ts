/** The text of `--help`: examples, usage, what the command does, and every option. */
import { common } from './args.ts'
import type { Description, Example, Option, Positional } from './args.ts'

const width = 79
const indent = 24

export const usageBlock = ({ command, positionals }: Description): string =>
  ['Usage:', `    ${[command, '[OPTIONS]', ...positionals.map(shown)].join(' ')}`, ''].join('\n')

const shown = ({ name, kind }: Positional): string => {
  const upper = name.toUpperCase()
  return kind === 'required' ? upper : kind === 'optional' ? `[${upper}]` : `[${upper} ...]`
}

/** With what they do as a comment, so that they can be typed as they stand. */
export const exampleBlock = (command: string, examples: readonly Example[]): string => {
  const lines = examples.map(([line, what]) => [`    ${command} ${line}`.trimEnd(), what] as const)
  const column = Math.max(...lines.map(each => (fits(...each) ? each[0].length : 0)))
  return ['Examples:', ...lines.flatMap(([line, what]) => noted(line, what, column)), ''].join('\n')
}

const fits = (line: string, what: string): boolean => line.length + 4 + what.length <= width

/** Below it where there is no room beside it. */
const noted = (line: string, what: string, column: number): readonly string[] => {
  const padded = line.padEnd(column)
  return fits(padded, what) ? [`${padded}  # ${what}`] : [line, `        # ${what}`]
}

export const help = (description: Description): string => {
  const { command, examples, summary, positionals, options } = description
  const all = [common.help, ...Object.values(options), common.version]
  const sections = [
    exampleBlock(command, examples),
    usageBlock(description),
    [...wrap(summary, width), ''].join('\n'),
    positionals.length === 0
      ? []
      : ['positional arguments:', ...positionals.map(({ name, help }) => entry(name, help)), ''],
    ['optional arguments:', ...all.map(option => entry(title(option), option.help)), ''],
    // Those that mean more by it say so in their summary.
    ...(/exit code|exits with/i.test(summary) ? [] : [exitCodes]),
  ]
  return sections
    .filter(({ length }) => length > 0)
    .map(lines => (Array.isArray(lines) ? lines.join('\n') : lines))
    .join('\n')
}

const exitCodes: readonly string[] = [
  'exit codes:',
  ...[
    ['0', 'done'],
    ['1', 'it could not be done, and why is on standard error'],
    ['2', 'wrong words on the command line'],
  ].map(([code = '', meaning = '']) => `  ${code.padEnd(22)}${meaning}`),
  '',
]

const title = (option: Option): string =>
  option.names.join(',') + (option.kind === 'flag' ? '' : ` ${option.metavar}`)

/** `  title   text`, the text from column 24 on; a long title has a line of its own. */
const entry = (title: string, text: string): string => {
  const [first = '', ...rest] = wrap(text, width - indent)
  const left = `  ${title}`
  const margin = ' '.repeat(indent)
  const head = left.length < indent ? [left.padEnd(indent) + first] : [left, margin + first]
  return [...head, ...rest.map(line => margin + line)].join('\n')
}

const wrap = (text: string, columns: number): readonly string[] => {
  const lines: string[] = []
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > columns) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}
