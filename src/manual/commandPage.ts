/** The manual page of a command, out of the same description as its `--help`. */
import { common } from '../cli/args.ts'
import type { Description, Option, Positional } from '../cli/args.ts'
import type { Known } from './commands.ts'
import { bold, escape, example, heading, italic, nameSection, prose } from './roff.ts'
import { seeAlso, tagged, title } from './roff.ts'

/** `lithos journal why` is described in `lithos-journal-why`. */
export const pageName = (words: string): string => words.replaceAll(' ', '-')

const formats = [
  'lithos_master(5)',
  'lithos_sandbox(5)',
  'lithos_processes(5)',
  'lithos_container(5)',
]

export const commandPage = (known: Known): string =>
  known.description === null ? groupPage(known) : pageOf(known, known.description)

const pageOf = ({ words, summary }: Known, description: Description): string => {
  const { positionals, options, examples } = description
  const name = pageName(words)
  const all = [common.help, ...Object.values(options), common.version]
  return [
    title(name, 8),
    nameSection(name, summary),
    heading('SYNOPSIS'),
    `${bold(words)} [${italic('OPTIONS')}] ${positionals.map(shown).join(' ')}`.trim() + '\n',
    heading('DESCRIPTION'),
    `${prose(description.summary)}\n`,
    ...positionals.map(({ name: what, help }) => tagged(italic(what.toUpperCase()), help)),
    heading('OPTIONS'),
    ...all.map(option => tagged(titleOf(option), option.help)),
    heading(examples.length === 1 ? 'EXAMPLE' : 'EXAMPLES'),
    ...examples.map(([line, what]) => `${prose(what)}\n${example([`${words} ${line}`.trim()])}`),
    seeAlso(['lithos(8)', ...formats.slice(0, 2)].filter(page => page !== `${name}(8)`)),
  ].join('')
}

const shown = ({ name, kind }: Positional): string => {
  const upper = italic(name.toUpperCase())
  return kind === 'required' ? upper : kind === 'optional' ? `[${upper}]` : `[${upper} ...]`
}

const titleOf = (option: Option): string =>
  option.names.map(bold).join(', ') + (option.kind === 'flag' ? '' : ` ${italic(option.metavar)}`)

const groupPage = ({ words, summary, commands }: Known): string => {
  const name = pageName(words)
  const pages = commands.map(({ words: each }) => `${pageName(each)}(8)`)
  return [
    title(name, 8),
    nameSection(name, summary),
    heading('SYNOPSIS'),
    `${bold(words)} ${italic('COMMAND')} [${italic('OPTIONS')}] ...\n`,
    heading('DESCRIPTION'),
    `${escape(words)} is made of commands; each has a page of its own and a \\-\\-help.\n`,
    ...commands.map(({ words: each, summary: about }) => tagged(bold(each), about)),
    seeAlso([...pages, ...formats]),
  ].join('')
}
