/**
 * Goal: every command and every key of the configuration has its page, which formatters read
 *   without a complaint; completions offer what there is, names out of what runs, and nothing where
 *   nobody knows.
 * Method: the pages of the build, through groff and mandoc where they are; the scripts in a real
 *   bash with a `lithos` that prints names, and through zsh and fish where they are.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { keysOf } from '../../../src/config/codec.ts'
import { formatPage, formats } from '../../../src/manual/formatPage.ts'
import { escape } from '../../../src/manual/roff.ts'

const dist = fileURLToPath(new URL('../../../dist', import.meta.url))
const script = join(dist, 'completions', 'lithos.bash')

const pages = ['man5', 'man8'].flatMap(section =>
  readdirSync(join(dist, 'man', section)).map(name => join(dist, 'man', section, name)),
)

const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined

// ---------------------------------------------------------------------------
// Pages
// ---------------------------------------------------------------------------

test('every program has a page, and so have the commands of lithos', () => {
  const { bin } = JSON.parse(readFileSync(join(dist, '../package.json'), 'utf8')) as {
    readonly bin: Readonly<Record<string, string>>
  }
  const found = pages.map(path => path.split('/').at(-1))
  // The knot is started by the supervisor only.
  for (const name of Object.keys(bin).filter(name => !/knot$/.test(name)))
    assert.ok(found.includes(`${name}.8`), name)
  for (const name of ['lithos-journal-why.8', 'lithos-ls.8', 'lithos_container.5'])
    assert.ok(found.includes(name), name)
})

test('groff and mandoc have nothing to complain of', () => {
  const groff = spawnSync('groff', ['-man', '-ww', '-z', '-Tascii', ...pages], { encoding: 'utf8' })
  if (groff.error === undefined) assert.is(groff.stderr, '')
  const lint = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', ...pages], { encoding: 'utf8' })
  if (lint.error !== undefined) return
  // They have no date: a build is the same whenever it is made.
  const lines = lint.stdout.split('\n').filter(line => line !== '' && !line.includes('date'))
  assert.equal(lines, [])
})

test('what roff would take for its own is text', () => {
  assert.is(escape(".so it's a-b\\c"), '\\&.so it\\(aqs a\\-b\\ec')
})

test('each key has an entry, with a sentence that is about a key there is', () => {
  for (const format of formats) {
    const keys = keysOf(format.of).map(({ key }) => key)
    assert.ok(keys.length > 3)
    const page = formatPage(format)
    for (const key of keys) assert.ok(page.includes(`\\fB${escape(key)}\\fR`), key)
    for (const key of Object.keys(format.sentences))
      assert.ok(keys.includes(key), `${key} of ${format.name} is no key`)
  }
})

// ---------------------------------------------------------------------------
// bash
// ---------------------------------------------------------------------------

const directory = mkdtempSync(join(tmpdir(), 'completions-'))
test.before(() => {
  const fake = join(directory, 'lithos')
  writeFileSync(
    fake,
    '#!/bin/sh\necho "$@" >"$0.asked"\n[ -e "$0.broken" ] && exit 1\n' +
      'case "$*" in *sandboxes) printf "%s\\n" db web; exit ;; esac\n' +
      'printf "%s\\n" web web/app web/app.0 web/app.1 db db/main db/main.0\n',
  )
  chmodSync(fake, 0o755)
})
test.after(() => rmSync(directory, { recursive: true }))

const env = { ...process.env, PATH: `${directory}:${process.env['PATH'] ?? ''}` }

/** What is offered for the last of these words, as bash calls it. */
const offered = (...words: readonly string[]): readonly string[] =>
  execFileSync(
    'bash',
    [
      '-c',
      'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); ' +
        'complete -p "${1##*/}" >/dev/null || exit 1; _lithos "$1"; ' +
        'printf "%s\\n" "${COMPREPLY[@]}"',
      'bash',
      script,
      ...words,
    ],
    { encoding: 'utf8', env, cwd: directory },
  )
    .split('\n')
    .filter(Boolean)
    .sort()

test('bash: commands, options, names, files', () => {
  execFileSync('bash', ['-n', script])
  const table: readonly (readonly [words: readonly string[], expected: readonly string[]])[] = [
    [['lithos', 'jou'], ['journal']],
    [
      ['lithos', 'journal', ''],
      ['show', 'verify', 'why'],
    ],
    [
      ['lithos', 'journal', 'why', 'web/'],
      ['web/app', 'web/app.0', 'web/app.1'],
    ],
    [['lithos', 'ls', '--hide'], ['--hide-header']],
    [
      ['lithos', 'ls', '--sandbox', ''],
      ['db', 'web'],
    ],
    [
      ['lithos', 'ls', 'web/app.0', 'd'],
      ['db', 'db/main', 'db/main.0'],
    ],
    [['lithos', 'ls', '-S', 'run'], ['running']],
    // What the machine calls so is shown as `starting`.
    [['lithos', 'ls', '-S', 'read'], []],
    [['lithos', 'ls', '-o', 'restar'], ['restarts']],
    [['lithos_cmd', 'web', 'web'], []],
    [['lithos_switch', 'w'], ['web']],
    [['lithos_tree', '--log-level', 'e'], ['error']],
    [['lithos_tree', '--log-level', '=', 'e'], ['error']],
    // A switch takes a sandbox, then a file.
    [
      ['lithos_switch', 'web', 'li'],
      ['lithos', 'lithos.asked'],
    ],
    [['/usr/bin/lithos', 'journal', 've'], ['verify']],
    [['lithos_tree', ''], []],
    [['lithos_crypt', 'enc'], ['encrypt']],
    [['lithos', 'crypt', 'encrypt', '-'], offered('lithos_crypt', 'encrypt', '-')],
    [['lithos', 'nonsense', ''], []],
  ]
  for (const [words, expected] of table) assert.equal(offered(...words), expected, words.join(' '))
  assert.ok(offered('lithos', 'crypt', 'encrypt', '-').includes('--namespace'))
})

test('bash: names are asked for with the master file that was typed; no answer is no offer', () => {
  offered('lithos', 'ls', '-C', '/etc/other.yaml', '')
  const asked = (): string => readFileSync(join(directory, 'lithos.asked'), 'utf8').trim()
  assert.is(asked(), '__names -C /etc/other.yaml')
  assert.equal(offered('lithos_cmd', '--master', '/etc/other.yaml', 'w'), ['web'])
  assert.is(asked(), '__names -C /etc/other.yaml sandboxes')
  writeFileSync(join(directory, 'lithos.broken'), '')
  assert.equal(offered('lithos', 'ls', ''), [])
  rmSync(join(directory, 'lithos.broken'))
})

test('zsh and fish read theirs', () => {
  if (has('zsh')) {
    const zsh = join(dist, 'completions', '_lithos')
    execFileSync('zsh', ['-n', zsh])
    // Words are completed in its line editor only: its own functions are stood in for.
    const script =
      'compadd() { shift; print -rl -- "$@" }; source "$1"; words=(lithos ls -S x); CURRENT=4; ' +
      '_lithos; words=(lithos_cmd web x); CURRENT=3; _lithos; ' +
      'words=(lithos_cmd w); CURRENT=2; _lithos'
    const said = spawnSync('zsh', ['-f', '-c', script, 'zsh', zsh], { encoding: 'utf8', env })
    assert.is(said.stderr, '')
    assert.match(said.stdout, /\nrunning\n[^]*\ndb\nweb\n$/)
  }
  if (!has('fish')) return
  const fish = join(dist, 'completions', 'lithos.fish')
  execFileSync('fish', ['-n', fish])
  const ask = (line: string): readonly string[] =>
    execFileSync(
      'fish',
      ['--no-config', '-c', `source ${fish}; complete -C ${JSON.stringify(line)}`],
      {
        encoding: 'utf8',
        env,
      },
    )
      .split('\n')
      .filter(Boolean)
      .map(text => text.split('\t')[0] ?? '')
      .sort()
  assert.equal(ask('lithos journal '), ['show', 'verify', 'why'])
  assert.equal(ask('lithos journal why web/'), ['web/app', 'web/app.0', 'web/app.1'])
  assert.equal(ask('lithos ls -C /etc/other.yaml web/app.'), ['web/app.0', 'web/app.1'])
  const asked = readFileSync(join(directory, 'lithos.asked'), 'utf8').trim()
  assert.is(asked, '__names -C /etc/other.yaml')
  assert.equal(ask('lithos ls --sandbox '), ['db', 'web'])
})

test.run()
