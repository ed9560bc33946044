/**
 * `npm run test:deb`, as root: the package is built twice, as this version and as a later one, and
 * installed, used, upgraded, removed and purged in an overlay of this host, in namespaces that take
 * everything along when they end. Beside it, the package of npm in a directory of its own.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, rmdirSync } from 'node:fs'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { compile } from '../kernel/compile.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
// An overlay does not lie on another one; /var/tmp seldom is one.
const directory = mkdtempSync('/var/tmp/lithos-deb-')
const group = `lithos-deb-${process.pid}.slice`

const cgroupRoot = '/sys/fs/cgroup'

test.after(() => {
  rmSync(directory, { recursive: true, force: true })
  for (const hierarchy of ['', ...readdirSync(cgroupRoot)])
    try {
      rmdirSync(join(cgroupRoot, hierarchy, group))
    } catch {
      // It is gone, as it should be.
    }
})

const run = (program: string, ...words: readonly string[]): string =>
  execFileSync(program, words, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

const makeImage = (): string => {
  const image = join(directory, 'image')
  for (const place of ['dev', 'proc', 'sys', 'tmp', 'etc', 'bin'])
    mkdirSync(join(image, place), { recursive: true })
  compile('guest.c', join(image, 'bin', 'guest'), '-static')
  writeFileSync(join(image, 'app.yaml'), 'executable: /bin/guest\narguments: [sleep]\n')
  return image
}

test('the package of Debian is installed, upgraded under a running container, removed', () => {
  const deb = (...words: readonly string[]): string =>
    run(process.execPath, 'src/packaging/deb.mjs', '--out', directory, ...words).trim()
  const first = deb()
  const again = readFileSync(first)
  assert.equal(readFileSync(deb('--no-build')), again, 'made twice, it is the same')
  const second = deb('--no-build', '--version', '9.0.0')
  const overlay = join(directory, 'root')
  for (const end of ['', '.upper', '.work']) mkdirSync(overlay + end)
  const { stdout, stderr, status } = spawnSync(
    'unshare',
    [
      ...['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc'],
      ...['sh', 'test/packaging/inside.sh', overlay, first, second, makeImage(), group],
    ],
    { cwd: root, encoding: 'utf8', timeout: 120_000 },
  )
  process.stdout.write(stdout)
  assert.is(status, 0, stderr)
  assert.is(stdout.split('\n').filter(line => line.startsWith('ok ')).length, 6)
})

const needed = [
  ...['lithos', 'lithos_tree', 'lithos_knot'].map(name => `src/bin/${name}`),
  ...['native/lithos_knot', 'native/liblithos.so', 'tree.cjs', 'start.cjs'].map(
    name => `dist/${name}`,
  ),
  ...['dist/man/man8/lithos.8', 'dist/completions/_lithos', 'src/systemd/lithos.service'],
  ...['LICENSE', 'README.md', 'SECURITY.md', 'CHANGELOG.md', 'native/knot.c'],
]

test('the package of npm is installed somewhere else, without a compiler, and runs', () => {
  const packed = run('npm', 'pack', '--ignore-scripts', '--json', '--pack-destination', directory)
  const [{ filename, files }] = JSON.parse(packed) as [
    { readonly filename: string; readonly files: readonly { readonly path: string }[] },
  ]
  const paths = files.map(({ path }) => path)
  for (const path of needed) assert.ok(paths.includes(path), path)
  for (const path of paths) assert.not.match(path, /\.(ts|mjs|deb|tgz)$|^test|^bench|^node_modules/)
  const prefix = join(directory, 'prefix')
  const npm = ['install', '--global', '--prefix', prefix, '--prefer-offline', '--no-audit']
  const { status, stderr } = spawnSync('npm', [...npm, join(directory, filename)], {
    encoding: 'utf8',
    env: { ...process.env, CC: '/bin/false' },
  })
  assert.is(status, 0, stderr)
  const command = (name: string, ...words: readonly string[]): string =>
    run(join(prefix, 'bin', name), ...words)
  assert.match(command('lithos', 'version'), /\d+\.\d+\.\d+/)
  assert.match(command('lithos_tree', '--version'), /\d+\.\d+\.\d+/)
  assert.match(command('lithos', 'ls', '--help'), /^Examples:/)
  assert.ok(
    readFileSync(join(prefix, 'lib/node_modules/lithos/dist/man/man8/lithos.8'), 'utf8').startsWith(
      '.TH',
    ),
  )
})

test.run()
