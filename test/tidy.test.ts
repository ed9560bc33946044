/**
 * Goal: the rules of style that a machine can keep, kept by a machine.
 * Method: read every file of ours once, one test a file. Add a rule here the second time a
 * reviewer says it.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'

/** Whose code a directory may import, besides its own. `self` is false where even that is wrong. */
const mayImport: Record<string, { readonly self: boolean; readonly ours: readonly string[] }> = {
  machines: { self: true, ours: [] },
  journal: { self: true, ours: [] },
  native: { self: true, ours: [] },
  actors: { self: false, ours: ['native/', 'machines/vocabulary.ts'] },
  src: { self: true, ours: ['machines/', 'journal/', 'native/', 'actors/'] },
  test: { self: true, ours: ['machines/', 'journal/', 'native/', 'actors/', 'src/', 'bench/'] },
  bench: { self: true, ours: ['machines/', 'journal/', 'native/', 'actors/', 'src/'] },
}

/** Every package has a home. What is not listed may not be imported at all. */
const homes: Record<string, readonly string[]> = {
  koffi: ['native/libc.ts'],
  xstate: ['machines/', 'src/decide.ts', 'src/step.ts', 'test/'],
  rxjs: ['actors/', 'src/inTurns.ts', 'src/turn.ts', 'test/'],
  'io-ts': ['machines/', 'src/', 'test/'],
  'fp-ts': ['journal/', 'native/', 'actors/', 'src/', 'test/', 'bench/'],
  yaml: ['src/', 'test/src/'],
  tweetnacl: ['src/', 'test/src/'],
  ed2curve: ['src/', 'test/src/'],
  blakejs: ['src/', 'test/src/'],
  uvu: ['test/'],
  esbuild: ['src/build/'],
  'node:assert': ['machines/', 'journal/', 'native/', 'actors/', 'src/', 'bench/'],
  node: ['journal/', 'native/', 'actors/', 'src/', 'test/', 'bench/'],
}

const columnsMax = 100
const linesMax: Record<string, number> = { '.ts': 300, '.mjs': 300, '.c': 600, '.h': 300 }

/** What, where it is allowed, and what to use instead. `tools` run beside the product. */
const tools = ['src/build/', 'src/demo/', 'bench/', 'test/']
const banned: ReadonlyArray<readonly [RegExp, readonly string[], string]> = [
  [/\bDate\.now\(|\bnew Date\(\)/, ['actors/clock.ts', ...tools], 'the `at` of an input'],
  [/\bMath\.random\(/, ['test/'], 'a seeded generator'],
  // Programs that stand in a text, to be run by somebody else, may.
  [/\bconsole\./, ['src/demo/stage.ts', 'test/build/'], 'src/say.ts'],
  [/\bprocess\.(stdout|stderr)\b/, ['src/cli/', 'src/say', ...tools], 'src/say.ts'],
  [/\bas any\b|: any\b|<any>|@ts-ignore|@ts-nocheck/, [], '`unknown` and a codec'],
  [/^export \* from/m, [], 'an import of the file that defines it'],
  [/^export default/m, [], 'a named export'],
]

/** In any text of ours, also in documents: words for issues, places of one machine, dates. */
const bannedAnywhere: ReadonlyArray<readonly [RegExp, string]> = [
  [/\bTODO\b|\bFIXME\b|\bXXX\b/, 'an issue is the place for what is left to do'],
  [/(^|[^A-Za-z0-9_.])\/(work|root|home|farm)\//m, 'a path of one machine'],
  [/registry\.npmjs|npmmirror/, 'the host of a registry'],
]

// In CI the clone may belong to another user, which git would refuse to look at.
const listing = ['-c', 'safe.directory=*', 'ls-files', '-co', '--exclude-standard', '-z']
const tracked = execFileSync('git', listing, { encoding: 'utf8' })
  .split('\0')
  .filter(path => path !== '' && path !== 'package-lock.json' && path !== 'test/tidy.test.ts')

const extensionOf = (path: string): string => /\.[^./]+$/.exec(path)?.[0] ?? ''

/** A file can be listed and gone, while somebody works. */
const textOf = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

for (const path of tracked) {
  const text = textOf(path)
  if (text === null || text.includes('\0')) continue

  test(path, () => {
    for (const [pattern, why] of bannedAnywhere)
      assert.not.match(text, pattern, `${String(pattern)}: ${why}`)

    const most = linesMax[extensionOf(path)]
    if (most === undefined) return
    const lines = text.trimEnd().split('\n')
    assert.ok(text.startsWith('/*'), 'begins by saying what it is for')
    assert.ok(lines.length <= most, `${lines.length} lines, at most ${most}`)
    lines.forEach((line, i) => {
      const width = line.replaceAll('\t', '        ').length
      assert.ok(width <= columnsMax, `line ${i + 1} is ${width} wide, at most ${columnsMax}`)
    })
    if (path.startsWith('test/') && path.endsWith('.test.ts'))
      assert.match(text, /^\/\*\*\n \* Goal: [^]*\n \* Method: /, 'says Goal and Method')
    if (path.endsWith('.ts')) checkCode(path, text)
  })
}

const withoutComments = (text: string): string =>
  text.replaceAll(/^\s*(\/?\*|\/\/).*$/gm, '').replaceAll(/\s\/\/ .*$/gm, '')

const checkCode = (path: string, text: string): void => {
  const code = withoutComments(text)
  for (const [pattern, where, instead] of banned)
    assert.ok(
      !pattern.test(code) || where.some(place => path.startsWith(place)),
      `${String(pattern)}: use ${instead}`,
    )
  for (const [, target = ''] of text.matchAll(/\b(?:from|import\(|import) ?'([^'\n]+)'/g))
    assert.ok(isAllowed(path, target), `may not import ${target}`)
}

const isAllowed = (path: string, target: string): boolean => {
  const directory = path.split('/')[0] ?? ''
  if (target.startsWith('.')) {
    if (!/\.(ts|mjs|json)$/.test(target)) return false
    const place = join(dirname(path), target)
    const rule = mayImport[directory]
    if (rule === undefined) return false
    return place.startsWith(`${directory}/`)
      ? rule.self
      : rule.ours.some(start => place.startsWith(start))
  }
  const name = target in homes ? target : (target.split(/[:/]/)[0] ?? '')
  return (homes[name] ?? []).some(home => path.startsWith(home))
}

test('the table of imports forbids what it should', () => {
  const wrong: ReadonlyArray<readonly [string, string]> = [
    ['machines/instance.ts', 'node:fs'],
    ['machines/instance.ts', '../native/plan.ts'],
    ['journal/record.ts', '../machines/vocabulary.ts'],
    ['native/pidfd.ts', 'koffi'],
    ['actors/timers.ts', './clock.ts'],
    ['actors/timers.ts', '../machines/instance.ts'],
    ['src/plan.ts', '../test/skip.ts'],
    ['src/plan.ts', 'koffi'],
    ['src/plan.ts', './plan/show'],
    ['actors/knots.ts', 'yaml'],
    ['src/plan.ts', 'left-pad'],
  ]
  for (const [path, target] of wrong) assert.not.ok(isAllowed(path, target), `${path}: ${target}`)
})

test.run()
