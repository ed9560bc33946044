/**
 * Goal: what is quoted is one line, and looks as in the logs of the original.
 * Method: a table of texts.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { quote } from '../../src/quote.ts'

const table: readonly (readonly [text: string, quoted: string])[] = [
  ['', '""'],
  ['site/web.0', '"site/web.0"'],
  ["it's", '"it\'s"'],
  ['say "hi"', '"say \\"hi\\""'],
  ['back\\slash', '"back\\\\slash"'],
  ['a\nb\r\tc\0', '"a\\nb\\r\\tc\\0"'],
  ['\u001b[31m', '"\\u{1b}[31m"'],
  ['\u007f', '"\\u{7f}"'],
  ['é ж 漢 😀', '"é ж 漢 😀"'],
  ['no\u00a0break', '"no\\u{a0}break"'],
  ['\u2028', '"\\u{2028}"'],
  ['zero\u200bwidth', '"zero\\u{200b}width"'],
  ['e\u0301', '"e\\u{301}"'],
  ['\ud800', '"\\u{d800}"'],
]

for (const [text, quoted] of table)
  test(quoted, () => {
    assert.is(quote(text), quoted)
    assert.not.match(quote(text), /[\n\r\u2028\u2029]/)
  })

test.run()
