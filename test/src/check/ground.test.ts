/**
 * Goal: where the check finds no mistake in the places of a master configuration, a start finds
 *   ground to stand on; where it finds one, none.
 * Method: master configurations in a directory with files and links in the way; each is checked,
 *   which makes nothing, and then its places are prepared as a start prepares them.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { checkGround } from '../../../src/check/ground.ts'
import { settingsFrom } from '../../../src/evaluate/settings.ts'
import { whyNoGround } from '../../../src/ground.ts'
import { isRoot, skipUnless } from '../../skip.ts'

const asRoot = skipUnless(isRoot, 'needs root')

const usual: Readonly<Record<string, string>> = {
  'runtime-dir': '$/run',
  'devfs-dir': '/dev',
  'default-log-dir': '$/log',
  'config-log-dir': '$/log/config',
  'stdio-log-dir': '$/log/stderr',
  'cgroup-name': 'null',
}

type Row = readonly [change: Readonly<Record<string, string>>, mistake: RegExp | null]

const rows: readonly Row[] = [
  [{}, null],
  [{ 'state-dir': 'a/b' }, /state-dir \$\/run\/a\/b cannot be made: there is no directory/],
  [{ 'state-dir': '$/elsewhere' }, null],
  [{ 'state-dir': '$/file' }, /state-dir \$\/file is there and no directory/],
  [{ 'state-dir': '$/file/x' }, /state-dir \$\/file\/x cannot be made/],
  [{ 'state-dir': '""' }, /state-dir and runtime-dir are the same directory/],
  [{ 'mount-dir': '$/run/state/' }, /mount-dir and state-dir are the same directory/],
  [{ 'mount-dir': 'other' }, null],
  [{ 'mount-dir': '$/no/such' }, /mount-dir/],
  [{ 'runtime-dir': '$/no/run' }, /runtime-dir \$\/no\/run cannot be made/],
  [{ 'runtime-dir': '$/linked' }, null],
  [{ 'runtime-dir': '$/loop' }, /runtime-dir/],
  [{ 'runtime-dir': '$/dangling' }, /runtime-dir/],
  [{ 'default-log-dir': '$/no/log', 'config-log-dir': 'null' }, /default-log-dir/],
  [{ 'default-log-dir': '$/new', 'stdio-log-dir': '$/new/s', 'config-log-dir': '$/new/c' }, null],
  [{ 'config-log-dir': '$/file' }, /config-log-dir \$\/file is there and no directory/],
  [{ 'stdio-log-dir': '$/no/log' }, /stdio-log-dir/],
  [{ 'log-file': '$/empty' }, /log file \$\/empty of the supervisor is a directory/],
  [{ 'log-file': 'no/x.log' }, /there is no directory \$\/log\/no/],
  [{ 'log-file': '$/empty/x.log' }, null],
  [{ 'cgroup-name': 'x', 'cgroup-controllers': '[nope]' }, /CGroup nope not mounted/],
]

const within = (body: (directory: string) => void): void => {
  const directory = mkdtempSync(join(tmpdir(), 'ground-'))
  try {
    for (const name of ['real', 'empty']) mkdirSync(join(directory, name))
    writeFileSync(join(directory, 'file'), '')
    symlinkSync('real', join(directory, 'linked'))
    symlinkSync('loop', join(directory, 'loop'))
    symlinkSync('nowhere', join(directory, 'dangling'))
    body(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const settingsOf = (directory: string, change: Row[0]) => {
  const text = Object.entries({ ...usual, ...change })
    .map(([key, value]) => `${key}: ${value.replaceAll('$', directory)}\n`)
    .join('')
  const { value, problems } = settingsFrom(join(directory, 'master.yaml'), text)
  assert.ok(value !== null, JSON.stringify(problems))
  return value
}

asRoot('what is said of the ground is what a start finds', () => {
  for (const [change, mistake] of rows)
    within(directory => {
      const settings = settingsOf(directory, change)
      const before = readdirSync(directory, { recursive: true })
      const said = checkGround(settings).map(({ message }) => message.replaceAll(directory, '$'))
      assert.equal(readdirSync(directory, { recursive: true }), before, 'nothing was made')
      const name = JSON.stringify(change)
      const reason = whyNoGround(settings)
      assert.is(said.length > 0, reason !== null, `${name}: ${said.join()}, ${String(reason)}`)
      if (mistake !== null) assert.match(said.join(), mistake, name)
    })
})

asRoot('a control group stands directly below what is there, and never above', () => {
  within(directory => {
    const [said] = checkGround(settingsOf(directory, { 'cgroup-name': 'no/such' }))
    const groups = /The control group no\/such cannot be made: there is no \/|not mounted/
    assert.match(said?.message ?? '', groups)
    const text = 'cgroup-name: a/../../b\n'
    const { problems } = settingsFrom(join(directory, 'master.yaml'), text)
    assert.match(problems[0]?.message ?? '', '".." is not accepted')
  })
})

test.run()
