/**
 * Goal: a code cache makes a start quicker and can never change what runs.
 * Method: the real start.ts, cache.ts and load.ts, bundled beside small commands of our own, which
 * are changed behind the back of their caches.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const test = suite('load')
const dir = mkdtempSync(join(realpathSync(tmpdir()), 'lithos-load-'))

test.before(() => {
  execFileSync('node_modules/.bin/esbuild', [
    ...['start', 'cache', 'load'].map(name => `src/build/${name}.ts`),
    '--bundle',
    '--platform=node',
    '--format=cjs',
    '--out-extension:.js=.cjs',
    `--define:builtForArch=${JSON.stringify(process.arch)}`,
    '--define:directCommands=["swift"]',
    '--log-level=error',
    `--outdir=${dir}`,
  ])
})
test.after(() => rmSync(dir, { recursive: true, force: true }))

/** A command NAME.cjs; compiled functions are worth caching only if there are some. */
const write = (name: string, body: string): string => {
  const file = join(dir, `${name}.cjs`)
  writeFileSync(file, `const f = argv => { ${body} }\nexports.run = argv => f(argv)\n`)
  return file
}
const node = (...argv: string[]) => spawnSync(process.execPath, argv, { encoding: 'utf8' })
const cache = (bundle: string): void =>
  void execFileSync(process.execPath, [join(dir, 'cache.cjs'), bundle])
const start = (...argv: string[]) => node(join(dir, 'start.cjs'), ...argv)

/** `undefined`: no cache was shown to V8; `false`: it took it. */
const rejected = (bundle: string): string => {
  const [load, file] = [join(dir, 'load.cjs'), bundle].map(path => JSON.stringify(path))
  const said = `load.optimiseLate(); load.compile(${file}).script.cachedDataRejected`
  return node('-p', `const load = require(${load}); ${said}`).stdout.trim()
}

test('a command that has a bundle of its own is started without that of all', () => {
  write('lithos', 'return argv.length + 20')
  write('swift', 'return argv.length + 40')
  assert.is(start('lithos', 'swift', 'a').status, 41)
  assert.is(start('lithos', 'slow', 'a').status, 22)
  assert.is(start('lithos_swift', 'a').status, 41)
})

test('V8 takes a cache that fits', () => {
  const bundle = write('fits', 'return 0')
  assert.is(rejected(bundle), 'undefined')
  cache(bundle)
  assert.is(rejected(bundle), 'false')
})

test('a changed source of equal length runs, not the code in the cache', () => {
  const bundle = write('changed', 'return 3')
  cache(bundle)
  assert.is(start('changed').status, 3)
  write('changed', 'return 4')
  assert.is(start('changed').status, 4)
  assert.is(rejected(bundle), 'undefined')
})

test('a cache of another Node, a cut one and a directory in its place are no matter', () => {
  const bundle = write('other', 'return 5')
  cache(bundle)
  const file = join(dir, 'other.cache')
  const bytes = readFileSync(file)
  writeFileSync(file, bytes.toString('latin1').replace(process.version, 'v1.2.3'), 'latin1')
  assert.is(rejected(bundle), 'undefined')
  writeFileSync(file, bytes.subarray(0, 70))
  assert.is(start('other').status, 5)
  rmSync(file)
  assert.not.ok(existsSync(file))
  assert.is(start('other').status, 5)
})

test('a cache made under other flags is left to V8 to judge, and the command runs', () => {
  const bundle = write('flags', 'return 6')
  execFileSync(process.execPath, ['--max-semi-space-size=1', join(dir, 'cache.cjs'), bundle])
  // Node 20 and 22 reject it, 24 knows that this flag changes no code.
  assert.match(rejected(bundle), /^(true|false)$/)
  assert.is(start('flags').status, 6)
})

test('the exit code is that of the command, and that of one which is never done is not 0', () => {
  write('code', 'return Promise.resolve(7)')
  assert.is(start('lithos_code').status, 7)
  write('never', 'return new Promise(() => {})')
  assert.is(start('lithos_never').status, 1)
  write('throws', `throw new Error('no')`)
  assert.is(start('lithos_throws').status, 1)
})

test('heavy parts of Node are loaded when they are used, and whole', () => {
  // Not console.log: printing to a pipe loads node:net by itself.
  writeFileSync(
    join(dir, 'heavy.cjs'),
    `const net = require('node:net'), { writeSync } = require('node:fs')
const isLoaded = () => process.moduleLoadList.includes('NativeModule net')
exports.run = () => {
  const before = isLoaded()
  const found = [typeof net.Socket, 'Socket' in net, Object.keys(net).includes('Socket')]
  writeSync(1, [before, isLoaded(), ...found].join())
  return 0
}
`,
  )
  assert.is(start('heavy').stdout, 'false,true,function,true,true')
})

test('a piece that is loaded late may have been removed until then', () => {
  const piece = write('long-piece', 'return 5')
  cache(piece)
  const remove = (file: string) => `require('node:fs').rmSync(${JSON.stringify(file)});`
  const late = `${remove(piece)} ${remove(piece.replace('.cjs', '.cache'))}`
  write('long', `${late} return require('./long-piece.cjs').run()`)
  assert.is(start('long').status, 5)
})

test('arguments are those after the name', () => {
  writeFileSync(join(dir, 'words.cjs'), 'exports.run = argv => (console.log(argv.join()), 0)\n')
  assert.is(start('lithos_words', 'a', '--b', 'c').stdout, 'a,--b,c\n')
})

test('the process shows under its own name and words', () => {
  const read = (name: string) => `require('fs').readFileSync('/proc/self/${name}', 'utf8')`
  write(
    'shown',
    `console.log(${read('comm')} + ${read('cmdline')}.replaceAll('\\0', '')); return 0`,
  )
  assert.is(start('lithos_shown', '-x').stdout, 'lithos_shown\nlithos_shown -x\n')
})

test('a command that is not there is named with what to do', () => {
  const { status, stderr } = start('lithos_nothing')
  assert.is(status, 127)
  assert.is(
    stderr,
    `lithos_nothing: no such command here: ${dir}/nothing.cjs is missing; run npm ci first\n`,
  )
})

test.run()
