/**
 * Goal: whatever a process prints is whole and stands between its markers, however short its
 *   life; logs that were renamed or removed are opened anew, and nothing is lost over it.
 * Method: a real knot and a real supervisor; every line says who has printed it, and all of them
 *   are counted, in files that are renamed while they are written.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { gunzipSync } from 'node:zlib'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { compressOld, rotate } from '../../actors/rotator.ts'
import { skipUnless } from '../skip.ts'
import { damage, inputsOf, runs, sleeper, supervised, until } from './supervised.ts'
import { canContain, ownWorld, planOf, untimed, whyNot } from './world.ts'

const real = skipUnless(canContain, whyNot)
const world = ownWorld()

const textOf = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '')

// ---------------------------------------------------------------------------
// Whole and attributed
// ---------------------------------------------------------------------------

const lives = 200
const brief =
  'executable: /bin/guest\narguments: ["say=@{lithos:name} a", "say=@{lithos:name} b", exit=3]\n' +
  'restart-timeout: 0\n'

/** What one instance and its knot have written, as letters: one life is `<ab>`. */
const storyOf = (instance: string, text: string): string =>
  text
    .split('\n')
    .flatMap(line => {
      if (line.includes(`----- Starting "${instance}":`)) return ['<']
      if (line.includes(`----- Process "${instance}" exited with code 3`)) return ['>']
      return line.startsWith(`${instance} `) ? [line.slice(instance.length + 1)] : []
    })
    .join('')

real(
  `${lives} processes of a millisecond each: all that they print is there, between its markers`,
  supervised(async self => {
    self.configure({ app: { container: brief, instances: 10 } })
    await self.start()
    const said = () => self.log('stderr/web.log')
    await until('they have lived', () => said().split('exited with code 3').length > lives)
    assert.is(await self.stop(), 0)
    const text = said()
    for (let number = 0; number < 10; number++) {
      const story = storyOf(`web/app.${number}`, text)
      // The last one may have been stopped on its way.
      assert.match(story, /^(<ab>){3,}(<a?b?)?$/, `web/app.${number}`)
    }
    const known =
      /^(web\/app\.\d [ab]|\d{4}-\S+Z: ----- (Starting|Process) "web\/app\.\d".* -----)$/
    for (const line of text.trimEnd().split('\n')) assert.match(line, known)
    assert.equal(self.leftovers(), [])
  }),
)

// ---------------------------------------------------------------------------
// The knot
// ---------------------------------------------------------------------------

const moved = (path: string): string => `${path}.moved`

real('a knot that is told opens both logs anew; its application keeps what it has', async () => {
  const running = await world.start(planOf(world, ['hear-term', 'say=here', 'sleep']))
  await running.sees('output', /here/)
  rmSync(moved(world.logPath), { force: true })
  renameSync(world.logPath, moved(world.logPath))
  rmSync(world.outputPath)
  process.kill(running.pid, 'SIGURG')
  await until('both are there', () => existsSync(world.logPath) && existsSync(world.outputPath))
  process.kill(running.pid, 'SIGKILL')
  const { output } = await running.over
  assert.is(output, '')
  assert.match(textOf(moved(world.logPath)), 'Starting "sb/p.0"')
})

real('the end is said in the new files', async () => {
  const running = await world.start(planOf(world, ['exit-on-term', 'say=here', 'sleep']))
  await running.sees('output', /here/)
  renameSync(world.outputPath, moved(world.outputPath))
  renameSync(world.logPath, moved(world.logPath))
  process.kill(running.pid, 'SIGURG')
  await until('both are there', () => existsSync(world.logPath) && existsSync(world.outputPath))
  process.kill(running.pid, 'SIGTERM')
  const { output, log } = await running.over
  assert.is(untimed(output), 'NOW: ----- Process "sb/p.0" exited with code 5, uptime Us -----\n')
  assert.match(log, 'exited with code 5')
  assert.match(textOf(moved(world.outputPath)), 'here\n')
})

real('S27: a log whose name leads elsewhere now stays as it is', async () => {
  const running = await world.start(planOf(world, ['exit-on-term', 'say=here', 'sleep']))
  await running.sees('output', /here/)
  const elsewhere = join(world.dir, 'elsewhere')
  renameSync(world.outputPath, moved(world.outputPath))
  symlinkSync(elsewhere, world.outputPath)
  process.kill(running.pid, 'SIGURG')
  process.kill(running.pid, 'SIGTERM')
  await running.over
  assert.not.ok(existsSync(elsewhere))
  assert.match(textOf(moved(world.outputPath)), 'exited with code 5')
  rmSync(world.outputPath)
})

real('with restart-process-only, each start looks for itself', async () => {
  const pipe = ['first-time-exit=/data/once', 'say=second', 'sleep']
  rmSync(join(world.image, 'data/once'), { force: true })
  const head = { restartProcessOnly: true, isDaemon: true, restartTimeoutMs: 500 }
  const before = [
    { do: 'bind', base: join(world.dir, 'volume'), path: '/', target: '/data', flags: {} },
    { do: 'bind', base: join(world.dir, 'state'), path: '/', target: '/logs', flags: {} },
  ] as const
  const plan = planOf(world, pipe, { head, before })
  const pivot = plan.steps.findIndex(step => step.do === 'pivot') + 1
  const steps = [...plan.steps]
  steps.splice(pivot, 0, { do: 'openOutput', path: '/logs/out' })
  const running = await world.start({ ...plan, steps })
  await running.sees('output', /exited with code 9/)
  for (const path of [world.outputPath, world.logPath, join(world.dir, 'state/out')])
    renameSync(path, moved(path))
  await running.sees('output', /Starting/)
  await running.sees('log', /Starting/)
  await until('it prints', () => textOf(join(world.dir, 'state/out')) === 'second\n')
  assert.is(textOf(moved(join(world.dir, 'state/out'))), '')
})

// ---------------------------------------------------------------------------
// The supervisor
// ---------------------------------------------------------------------------

real(
  'lithos logs --reopen: the supervisor and its knots go on in new files',
  supervised(async self => {
    self.configure({ app: { container: sleeper, instances: 3 } })
    await self.start()
    await runs(self, 'web/app.0', 'web/app.1', 'web/app.2')
    const { root, master } = self.world
    for (const name of ['log/master.log', 'log/web.log', 'log/stderr/web.log'])
      renameSync(join(root, name), join(root, `${name}.1`))
    await until('the control socket is there', () => existsSync(join(root, 'run/control')))
    const said = self.command('lithos', 'logs', '--reopen', '-C', master)
    assert.is(said, 'told the supervisor and 3 knots\n')
    assert.ok(existsSync(join(root, 'log/master.log')))
    await until('the knots have', () => existsSync(join(root, 'log/stderr/web.log')))
    assert.is(await self.stop(), 0)
    for (const number of [0, 1, 2])
      assert.match(self.log('stderr/web.log'), `Process "web/app.${number}"`)
    assert.equal(inputsOf(self.turns(), 'knot.refused'), [])
    assert.ok(readdirSync(join(root, 'log')).includes('master.log.1'))
  }),
)

real(
  'a master log that was renamed is noticed without being told, and every line is somewhere',
  supervised(async self => {
    self.configure({ app: { container: brief.replace('exit=3', 'exit=4'), instances: 5 } })
    await self.start()
    const log = join(self.world.root, 'log/master.log')
    for (let round = 1; round <= 3; round++) {
      const before = inputsOf(self.turns(), 'knot.exited').length
      renameSync(log, `${log}.${round}`)
      await until('it is there again', () => existsSync(log))
      await until('more ended', () => inputsOf(self.turns(), 'knot.exited').length > before)
      await setTimeout(10)
    }
    assert.is(await self.stop(), 0)
    const told = ['', '.1', '.2', '.3'].map(end => textOf(log + end)).join('')
    const deaths = inputsOf(self.turns(), 'knot.exited').length
    assert.is(told.split('\n').filter(line => line.includes('Container "web/app.')).length, deaths)
  }),
)

// ---------------------------------------------------------------------------
// Rotation
// ---------------------------------------------------------------------------

real('a full disk: it says so, and everything is as it was', async () => {
  const place = mkdtempSync(join(tmpdir(), 'full-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'none', place])
  assert.is(mounted.status, 0, String(mounted.stderr))
  try {
    const log = join(place, 'log')
    // What cannot be compressed well fills what is left.
    const text = Array.from({ length: 30_000 }, (_, i) => `${(i * 2654435761) % 2 ** 32}`)
      .join('')
      .slice(0, 180_000)
    writeFileSync(log, text)
    assert.is(await rotate(log, { count: 3, isCompressed: true }), 'renamed')
    const failure = await compressOld(log, { count: 3, isCompressed: true }).catch(
      (error: NodeJS.ErrnoException) => error.code,
    )
    assert.is(failure, 'ENOSPC')
    assert.equal(readdirSync(place), ['log.1'])
    assert.is(readFileSync(`${log}.1`, 'utf8'), text)
  } finally {
    spawnSync('umount', [place])
    rmSync(place, { recursive: true })
  }
})

const chatty =
  'executable: /bin/guest\narguments: ["say=@{lithos:name} ' +
  `${'x'.repeat(2000)}", "say=b", exit=3]\nrestart-timeout: 0\n`

real(
  'lithos logs --rotate: a log that has become too large loses nothing but its beginning',
  supervised(async self => {
    const { root, master } = self.world
    self.configure({ app: { container: chatty, instances: 5 } })
    await self.start()
    const output = join(root, 'log/stderr/web.log')
    await until('it is large', () => existsSync(output) && statSync(output).size > 200_000)
    const said = self.command('lithos', 'logs', '--rotate', '-C', master)
    assert.match(said, `rotated ${output}\n`)
    assert.is(await self.stop(), 0)
    const rotated = existsSync(`${output}.1.gz`)
      ? gunzipSync(readFileSync(`${output}.1.gz`)).toString()
      : textOf(`${output}.1`)
    const all = rotated + textOf(output)
    const starts = all.split('----- Starting "web/app.').length - 1
    assert.ok(starts >= inputsOf(self.turns(), 'app.started').length, `${starts} starts`)
    assert.equal(self.leftovers(), [])
  }, 'log-rotate-size: 64ki\n'),
)

real(
  'output-per-process: each instance has a file of its own',
  supervised(async self => {
    self.configure({ app: { container: brief, instances: 2 } })
    damage(
      join(self.world.root, 'etc/sandboxes/web.yaml'),
      text => `${text}output-per-process: true\n`,
    )
    await self.start()
    for (const number of [0, 1])
      await until('it has lived', () => self.log(`stderr/web:app.${number}.log`).includes('code 3'))
    assert.is(await self.stop(), 0)
    for (const number of [0, 1]) {
      const text = self.log(`stderr/web:app.${number}.log`)
      assert.match(storyOf(`web/app.${number}`, text), /^(<ab>)+(<a?b?)?$/)
      assert.not.match(text, `web/app.${1 - number}`)
    }
    assert.is(self.log('stderr/web.log'), '')
  }),
)

test.run()
