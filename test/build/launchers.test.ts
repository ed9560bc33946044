/**
 * Goal: every command starts from wherever somebody may have put it.
 * Method: a copy of the launchers beside a small dist of our own, whose start.cjs prints what it
 * was given; reached by path, links, PATH, and with what they need missing.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const names = readdirSync('src/bin')
const build = (await import('../../src/build/commands.mjs' as string)) as {
  readonly commands: readonly string[]
  readonly nodeFlags: readonly string[]
}

interface World {
  dir: string
}
const test = suite<World>('launchers', { dir: '' })

test.before.each(world => {
  world.dir = mkdtempSync(join(realpathSync(tmpdir()), 'lithos launchers '))
  const dist = join(world.dir, 'package', 'dist')
  mkdirSync(join(dist, 'native'), { recursive: true })
  cpSync('src/bin', join(world.dir, 'package', 'src', 'bin'), { recursive: true })
  writeFileSync(
    join(dist, 'start.cjs'),
    'const { argv, execArgv, env } = process\n' +
      'const extra = env.NODE_EXTRA_CA_CERTS ?? null\n' +
      'console.log(JSON.stringify({ argv: argv.slice(1), execArgv, extra }))\n',
  )
  writeFileSync(join(dist, 'node-path'), `${process.execPath}\n`)
  writeFileSync(join(dist, 'native', 'lithos_knot'), '#!/bin/sh\necho "knot $*"\n')
  chmodSync(join(dist, 'native', 'lithos_knot'), 0o755)
})
test.after.each(({ dir }) => rmSync(dir, { recursive: true, force: true }))

const started = (program: string, argv: readonly string[] = [], options = {}) => {
  const text = execFileSync(program, argv, { encoding: 'utf8', ...options })
  return JSON.parse(text) as { argv: string[]; execArgv: string[]; extra: string | null }
}

test('are one file under ten names, each of them in package.json', () => {
  const { bin } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    bin: Record<string, string>
  }
  assert.equal(
    bin,
    Object.fromEntries(
      [...names]
        .sort((a, b) => Object.keys(bin).indexOf(a) - Object.keys(bin).indexOf(b))
        .map(name => [name, `src/bin/${name}`]),
    ),
  )
  assert.equal(
    names,
    build.commands.map(name => (name === 'lithos' ? name : `lithos_${name}`)).sort(),
  )
  for (const name of names) {
    assert.is(readFileSync(`src/bin/${name}`, 'utf8'), readFileSync('src/bin/lithos', 'utf8'))
    assert.is(statSync(`src/bin/${name}`).mode & 0o777, 0o755, name)
  }
})

test('pass on their name and every argument as it is, under the flags of the cache', ({ dir }) => {
  const words = ['--config', 'a b', '', '*', '$HOME', '-x']
  const { argv, execArgv } = started(join(dir, 'package/src/bin/lithos_tree'), words)
  assert.equal(argv, [join(dir, 'package/dist/start.cjs'), 'lithos_tree', ...words])
  assert.equal(execArgv, build.nodeFlags)
})

test('are found by path, by relative path, through PATH and through sh', ({ dir }) => {
  const bin = join(dir, 'package/src/bin')
  const nameOf = (program: string, argv: string[], options: object) =>
    started(program, argv, options).argv[1]
  assert.is(nameOf('./lithos_ps', [], { cwd: bin }), 'lithos_ps')
  assert.is(nameOf('../src/bin/lithos_ps', [], { cwd: join(dir, 'package/dist') }), 'lithos_ps')
  assert.is(nameOf('src/bin/lithos_ps', [], { cwd: join(dir, 'package') }), 'lithos_ps')
  assert.is(nameOf('sh', ['lithos_ps'], { cwd: bin }), 'lithos_ps')
  const env = { ...process.env, PATH: `${bin}:${process.env['PATH']}`, CDPATH: '/' }
  assert.is(nameOf('lithos_ps', [], { cwd: '/', env }), 'lithos_ps')
})

test('are found through links: absolute, relative, chained, renamed, of a directory', ({ dir }) => {
  const link = (target: string, name: string) => {
    symlinkSync(target, join(dir, name))
    return join(dir, name)
  }
  const real = join(dir, 'package/dist/start.cjs')
  const paths = [
    link(join(dir, 'package/src/bin/lithos_ps'), 'absolute'),
    link('package/src/bin/lithos_ps', 'relative'),
    link('relative', 'chained'),
    join(link('package/src/bin', 'bin'), 'lithos_ps'),
    join(link('package/src', 'src'), 'bin/lithos_ps'),
  ]
  for (const path of paths) {
    const [main = '', name] = started(path).argv
    assert.is(realpathSync(main), real, path)
    assert.is(name, 'lithos_ps', path)
  }
})

test('do not lose their way where `..` of a link is another place', ({ dir }) => {
  mkdirSync(join(dir, 'far/away/bin'), { recursive: true })
  symlinkSync('../../../package/src/bin/lithos_ps', join(dir, 'far/away/bin/lithos_ps'))
  symlinkSync('far/away/bin', join(dir, 'near'))
  assert.is(started(join(dir, 'near/lithos_ps')).argv[1], 'lithos_ps')
})

test('lithos_knot becomes the knot, not node', ({ dir }) => {
  const knot = join(dir, 'package/src/bin/lithos_knot')
  assert.is(execFileSync(knot, ['--name', 'a/b.0'], { encoding: 'utf8' }), 'knot --name a/b.0\n')
})

test('take LITHOS_NODE, else the node of the build, else that of PATH', ({ dir }) => {
  const start = join(dir, 'package/src/bin/lithos_ps')
  const other = join(dir, 'other node')
  writeFileSync(other, `#!/bin/sh\necho '{"argv":["other"]}'\n`)
  chmodSync(other, 0o755)
  assert.equal(started(start, [], { env: { ...process.env, LITHOS_NODE: other } }).argv, ['other'])

  writeFileSync(join(dir, 'package/dist/node-path'), '/nowhere/node\n')
  assert.is(started(start).argv[1], 'lithos_ps')
})

test('say in one sentence that there is no Node', ({ dir }) => {
  writeFileSync(join(dir, 'package/dist/node-path'), '/nowhere/node\n')
  const { status, stderr } = spawnSync(join(dir, 'package/src/bin/lithos_ps'), {
    encoding: 'utf8',
    env: { PATH: '/nowhere' },
  })
  assert.is(status, 127)
  assert.match(stderr, /^lithos_ps: no node here: install Node 20 or later, .*\n$/)
})

test('drop the certificates that would cost each start its milliseconds', ({ dir }) => {
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: '/dev/null' }
  assert.is(started(join(dir, 'package/src/bin/lithos_ps'), [], { env }).extra, null)
})

test('say in one sentence that nothing is built', ({ dir }) => {
  rmSync(join(dir, 'package/dist'), { recursive: true })
  const { status, stderr } = spawnSync(join(dir, 'package/src/bin/lithos_ps'), {
    encoding: 'utf8',
  })
  assert.is(status, 127)
  assert.is(stderr, `lithos_ps: nothing is built in ${dir}/package/dist: run npm ci first\n`)
})

test.run()
