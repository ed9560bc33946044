/**
 * Goal: who has nothing but `lithos --help` comes to a first running service, by typing what
 * `lithos init` prints; and `lithos doctor` says of a host what is in the way.
 * Method: in an empty directory, the commands are taken from what is printed, and run as they stand
 * there; then the place is broken in one way after the other.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { program } from '../../src/demo/world.ts'
import { skipUnless } from '../skip.ts'
import { killIfThere } from './serving.ts'
import { until } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const contains = skipUnless(canContain, whyNot)

const bin = dirname(program('lithos'))
const path = { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}` }
const shell = (line: string) => spawnSync('sh', ['-c', line], { encoding: 'utf8', env: path })

/** Not in a directory that is mounted nodev. */
const emptyDirectory = (): string => mkdtempSync('/var/tmp/lithos-first-')

interface Finding {
  readonly name: string
  readonly state: string
  readonly found: string
  readonly remedy?: string
}

const doctor = (config: string): readonly Finding[] => {
  const { stdout } = spawnSync(program('lithos'), ['doctor', '--json', '--config', config], {
    encoding: 'utf8',
  })
  return (JSON.parse(stdout) as { readonly findings: readonly Finding[] }).findings
}

const problems = (config: string): readonly string[] =>
  doctor(config)
    .filter(({ state }) => state === 'problem')
    .map(({ name, remedy }) => `${name}: ${remedy}`)

const processNamed = (words: string): number | null =>
  readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .find(pid => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').includes(words)
      } catch {
        return false
      }
    }) ?? null

/** Containers outlive a supervisor that is killed: it is asked to end them. */
const endAll = async (dir: string): Promise<void> => {
  killIfThere(processNamed(`lithos_tree --config ${dir}`), 'SIGTERM')
  await until('nobody is left', () => processNamed(dir) === null)
}

contains('from an empty directory to a service, with what is printed', async () => {
  const root = emptyDirectory()
  const dir = join(root, 'first')
  let tree: number | null = null
  try {
    assert.match(shell('lithos --help').stdout, /^ +init +\S/m)
    const { stdout, stderr, status } = shell(`lithos init ${dir}`)
    assert.is(status, 0, stderr)
    assert.is(stderr, '', 'not even a warning')
    const [start = '', look = ''] = stdout
      .split('\n')
      .flatMap(line => /^ {4}(\S.*)/.exec(line)?.[1] ?? [])
    assert.equal(problems(join(dir, 'master.yaml')), [])

    spawn('sh', ['-c', start], { env: path, stdio: 'ignore' })
    const isUp = () => /^hello\/clock\.0 +running/m.test(shell(look).stdout)
    await until('the service runs', isUp)
    tree = processNamed(`lithos_tree --config ${dir}`)
    const output = /is in (\S+)\.$/m.exec(stdout)?.[1] ?? ''
    await until(
      'it prints',
      () => existsSync(output) && /^hello from/m.test(readFileSync(output, 'utf8')),
    )
    const command = /^(lithos_cmd .*) opens/m.exec(stdout)?.[1] ?? ''
    assert.is(shell(`echo 'id -u; exit 5' | ${command}`).stdout, '10000\n')

    const before = readFileSync(join(dir, 'master.yaml'), 'utf8')
    writeFileSync(join(dir, 'master.yaml'), `${before}# mine\n`)
    const again = shell(`lithos init ${dir}`)
    assert.is(again.status, 1)
    assert.match(again.stderr, /master\.yaml.* there already, and nothing is overwritten/)
    assert.match(readFileSync(join(dir, 'master.yaml'), 'utf8'), /# mine/)
    process.kill(tree ?? 0, 'SIGTERM')
    await until('the supervisor has ended', () => !existsSync(`/proc/${tree}/exe`))
  } finally {
    await endAll(dir)
    rmSync(root, { recursive: true, force: true })
  }
})

contains('the doctor says what fails, and how to mend it', () => {
  const root = emptyDirectory()
  const master = join(root, 'master.yaml')
  try {
    assert.equal(problems(master), ['configuration: write it; `lithos init` makes a first one'])
    execFileSync(program('lithos'), ['init', root])
    assert.equal(problems(master), [])
    const good = readFileSync(master, 'utf8')
    const rows: ReadonlyArray<readonly [text: string, problem: string]> = [
      [good.replace(`${root}/dev`, '/nowhere'), 'devfs-dir: lithos_mkdev /nowhere'],
      [good.replace(`${root}/run`, '/nowhere/at/all'), 'runtime-dir: mkdir -p /nowhere/at/all'],
      [
        `${good}cgroup-controllers: [bogus]\n`,
        'control groups: mount what is missing, leave it out of `cgroup-controllers`, or ' +
          '`cgroup-name: null`',
      ],
      ['runtime-dir: [', `configuration: mend ${master}, then try lithos_check`],
    ]
    for (const [text, expected] of rows) {
      writeFileSync(master, text)
      assert.equal(problems(master), [expected])
    }
    const { status, stdout } = spawnSync(program('lithos'), ['doctor', '-C', master], {
      encoding: 'utf8',
    })
    assert.is(status, 1)
    assert.match(
      stdout,
      /^problem +configuration .*\n +fails: lithos_tree does not start\n +mend: /m,
    )
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
})

test.run()
