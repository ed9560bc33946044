/**
 * Text in double quotes, escaped as the original's logs do it: people grep for these lines, and
 * nothing that a configuration or an image says may forge one.
 */

/** No control characters, no separators but the blank, nothing that combines with a neighbour. */
const hidden = /[\p{C}\p{Zl}\p{Zp}\p{Grapheme_Extend}]|(?! )\p{Zs}/u

const short: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\0', '\\0'],
])

/** Nothing to escape, as in nearly all texts: the tables of Unicode cost a start milliseconds. */
const plain = /^[ !#-[\]-~]*$/

export const quote = (text: string): string =>
  plain.test(text) ? `"${text}"` : `"${[...text].map(escape).join('')}"`

const escape = (character: string): string =>
  short.get(character) ??
  (hidden.test(character) ? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}` : character)
