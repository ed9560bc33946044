/** Manual pages in the macros of man(7), which groff and mandoc both read. */
import { version } from '../cli/version.ts'

/** What roff would take for itself; a line must not begin with a point or an apostrophe. */
export const escape = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replaceAll('"', '\\(dq')
    .replaceAll("'", '\\(aq')
    .replaceAll('…', '...')
    .replaceAll('→', '\\->')
    .replaceAll(/^\./gm, '\\&.')

/** Each sentence in a line of its own, as roff wants it. */
export const prose = (text: string): string =>
  escape(text)
    .replaceAll(/([.;:!?]) (?=[A-Z\\"])/g, '$1\n')
    .replaceAll(/^\./gm, '\\&.')

export const title = (name: string, section: number): string =>
  `.TH ${name.toUpperCase().replaceAll('-', '\\-')} ${section} "" "lithos ${version}" "lithos"\n`

export const heading = (name: string): string => `.SH ${name}\n`

/** An entry of a list: what, and under it what that is. */
export const tagged = (what: string, text: string): string => `.TP\n${what}\n${prose(text)}\n`

export const bold = (text: string): string => `\\fB${escape(text)}\\fR`
export const italic = (text: string): string => `\\fI${escape(text)}\\fR`

export const example = (lines: readonly string[]): string =>
  `.nf\n.RS 4\n${lines.map(escape).join('\n')}\n.RE\n.fi\n`

export const nameSection = (name: string, what: string): string =>
  `${heading('NAME')}${escape(name)} \\- ${escape(what)}\n`

/** `lithos_ps(8)`, and so on. */
export const seeAlso = (pages: readonly string[]): string =>
  heading('SEE ALSO') +
  pages
    .map((page, index) => {
      const [, name = page, section = ''] = /^(.*)(\(\d\))$/.exec(page) ?? []
      return `.BR ${escape(name)} ${section}${index === pages.length - 1 ? '' : ','}\n`
    })
    .join('')
