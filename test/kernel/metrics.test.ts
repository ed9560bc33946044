/**
 * Goal: a real supervisor tells the same numbers to cantal, over HTTP and in a file; they are those
 *   of its journal, and do not fall, whatever happens to the supervisor.
 * Method: one world; each change is waited for in what the reader of another process sees, and
 *   compared with the journal after a restart in place and after a SIGKILL.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import type { NetConnectOpts } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import { test } from 'uvu'
import { readCantal } from '../src/metrics/readCantal.ts'
import { readMetrics } from '../src/metrics/readMetrics.ts'
import type { Samples } from '../src/metrics/readMetrics.ts'
import { skipUnless } from '../skip.ts'
import { freePort } from './serving.ts'
import { inputsOf, kill, runs, sleeper, supervised, until } from './supervised.ts'
import type { Supervised } from './supervised.ts'
import { canContain, whyNot } from './world.ts'

const real = skipUnless(canContain, whyNot)

const port = await freePort()
const master = (file: string): string =>
  `metrics-listen: 127.0.0.1:${port}\nmetrics-file: ${file}\nmetrics-interval: 1\n`

const fetchFrom = (where: NetConnectOpts, accept: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(where, () =>
      socket.write(`GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: ${accept}\r\n\r\n`),
    )
    socket.setEncoding('utf8').on('data', piece => (text += piece))
    socket.on('end', () => resolve(text)).on('error', reject)
  })

const bodyOf = (text: string): string => text.slice(text.indexOf('\r\n\r\n') + 4)

const scrape = async (self: Supervised): Promise<Samples> => {
  const path = join(self.world.root, 'run', 'metrics.sock')
  for (let tries = 0; ; tries++)
    try {
      return readMetrics(
        bodyOf(await fetchFrom({ path }, 'application/openmetrics-text; version=1.0.0')),
        'openMetrics',
      )
    } catch (error) {
      // It begins a moment after everything else, also after a restart.
      const { code } = error as NodeJS.ErrnoException
      if (tries > 1_000 || code === undefined || code === 'ERR_ASSERTION') throw error
      await setTimeout(20)
    }
}

/** As cantal does: it looks into the environment of the process. */
const cantalOf = (self: Supervised): ReadonlyMap<string, bigint> | null => {
  const environment = readFileSync(`/proc/${self.tree().pid}/environ`, 'utf8').split('\0')
  const base = environment.find(line => line.startsWith('CANTAL_PATH='))?.slice(12)
  return base === undefined || !existsSync(`${base}.meta`) ? null : readCantal(base)
}

const app = '{sandbox="web",process="app"}'

/** Waits until both readers see as many starts and deaths as the journal, and no fewer than so. */
const settled = async (self: Supervised, starts: number, deaths: number): Promise<Samples> => {
  for (let tries = 0; ; tries++) {
    const turns = self.turns()
    const launches = turns
      .flatMap(({ effects }) => effects)
      .filter(({ type }) => type === 'launch').length
    const ends = inputsOf(turns, 'knot.exited').length + inputsOf(turns, 'knot.refused').length
    const samples = await scrape(self)
    const cantal = cantalOf(self)
    const seen = [
      samples.get(`lithos_starts_total${app}`),
      [...samples]
        .filter(([name]) => name.startsWith('lithos_deaths_total'))
        .reduce((sum, [, value]) => sum + value, 0),
      Number(cantal?.get('processes.web.app started')),
      Number(cantal?.get('containers deaths')),
    ]
    const isEnough = launches >= starts && ends >= deaths
    if (isEnough && String(seen) === String([launches, ends, launches, ends])) return samples
    if (tries > 1_200)
      throw new Error(`seen ${seen}, in the journal ${launches} starts and ${ends} deaths`)
    await setTimeout(50)
  }
}

const restartsAs = (samples: Samples): readonly unknown[] =>
  ['started', 'replaced', 'crashed'].map(how =>
    samples.get(`lithos_supervisor_starts_total{how="${how}"}`),
  )

real(
  'cantal, HTTP and the file tell what the journal has, over all lives of the supervisor',
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'metrics-'))
    const file = join(directory, 'lithos.prom')
    const body = supervised(async self => {
      self.configure({ app: { container: sleeper, instances: 2 } })
      await self.start()
      await runs(self, 'web/app.0', 'web/app.1')
      const first = await settled(self, 2, 0)
      assert.is(first.get('lithos_start_seconds_count{sandbox="web"}'), 2)
      assert.is(first.get(`lithos_instances{sandbox="web",process="app",state="running"}`), 2)
      const ofInstance = '{sandbox="web",process="app",instance="1"}'
      assert.ok((first.get(`lithos_instance_memory_bytes${ofInstance}`) ?? 0) > 0)
      assert.ok((first.get(`lithos_instance_cpu_seconds_total${ofInstance}`) ?? -1) >= 0)
      assert.is(first.get('lithos_supervisor_state{state="serving"}'), 1)

      kill(self.appOf('web/app.0'))
      const second = await settled(self, 3, 1)
      assert.is(second.get('lithos_deaths_total{sandbox="web",process="app",cause="signal"}'), 1)

      // At once after a death: what the file of counts does not have yet comes of the journal.
      kill(self.appOf('web/app.1'))
      await until('it is written', () => inputsOf(self.turns(), 'knot.exited').length === 2)
      kill(self.tree().pid, 'SIGHUP')
      await until('a new image serves', () => inputsOf(self.turns(), 'tree.surveyed').length === 2)
      assert.equal(restartsAs(await settled(self, 4, 2)), [1, 1, 0])

      kill(self.appOf('web/app.0'))
      await until('it is written', () => inputsOf(self.turns(), 'knot.exited').length === 3)
      kill(self.tree().pid)
      await self.tree().ended
      await self.start()
      // It may have died in the middle of a start, which is then refused and tried again.
      await until('both run again', () => self.ps().every(({ state }) => state === 'running'))
      const last = await settled(self, 5, 3)
      assert.equal(restartsAs(last), [2, 1, 0])
      assert.is(last.get('lithos_metrics_missed_turns_total'), 0)
      assert.is(last.get('lithos_turns_total'), last.get('lithos_journal_last_turn'))
      const starts = last.get(`lithos_starts_total${app}`) ?? 0
      assert.is(last.get(`lithos_restarts_total${app}`), starts - 2)

      const overTcp = await fetchFrom({ port, host: '127.0.0.1' }, '*/*')
      assert.match(overTcp, /^HTTP\/1\.1 200 OK\r\nContent-Type: text\/plain; version=0\.0\.4/)
      assert.is(readMetrics(bodyOf(overTcp), 'prometheus').get(`lithos_starts_total${app}`), starts)
      await until(
        'the file has them',
        () =>
          existsSync(file) &&
          readMetrics(readFileSync(file, 'utf8'), 'prometheus').get(`lithos_starts_total${app}`) ===
            starts,
      )

      // Whoever connects and says nothing is in nobody's way.
      const path = join(self.world.root, 'run', 'metrics.sock')
      const idle = Array.from({ length: 30 }, () => connect({ path }).on('error', () => {}))
      kill(self.appOf('web/app.1'))
      await until('it is written', () => inputsOf(self.turns(), 'knot.exited').length === 4)
      for (const socket of idle) socket.destroy()
      await settled(self, starts + 1, 4)

      assert.is(await self.stop(), 0)
      for (const name of ['metrics.meta', 'metrics.values', 'metrics.sock'])
        assert.not.ok(existsSync(join(self.world.root, 'run', name)), name)
      assert.equal(self.leftovers(), [])
    }, master(file))
    await body().finally(() => rmSync(directory, { recursive: true }))
  },
)

test.run()
