/**
 * The metrics of a running supervisor: what it counts, where it puts that, and who may ask. Looks
 * at finished turns only. Whatever goes wrong here is said once and costs metrics, nothing else.
 *
 *     metrics.meta, metrics.values   for cantal, see cantal.ts; or where CANTAL_PATH says
 *     metrics.sock                   HTTP, for root
 *     metrics.json                   the counts, for the next life
 *
 * What the kept counts lack is counted out of the hot journal, which is read beside the work.
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { createCantalFiles } from '../../actors/cantalFiles.ts'
import type { Stamp } from '../../actors/clock.ts'
import { serveTcp, serveUnix } from '../../actors/metricsServer.ts'
import type { MetricsServer, Page } from '../../actors/metricsServer.ts'
import { createWholeFile } from '../../actors/wholeFile.ts'
import { instanceMachine } from '../../machines/instance.ts'
import { treeMachine } from '../../machines/tree.ts'
import type { Layout } from '../../native/cgroup.ts'
import { showVariable } from '../../native/environ.ts'
import { version } from '../cli/version.ts'
import type { Settings } from '../evaluate/settings.ts'
import type { Bus } from '../turn.ts'
import { sayCode } from '../wait.ts'
import { metaOf, valuesOf } from './cantal.ts'
import { count, forget, newCounts } from './counts.ts'
import type { Turn } from './counts.ts'
import { familiesOf, instancesMax, processesIn } from './families.ts'
import type { Moment } from './families.ts'
import { keepCounts } from './kept.ts'
import { legacyOf } from './legacy.ts'
import { contentTypes, linesOf } from './openMetrics.ts'
import type { Dialect } from './openMetrics.ts'
import { keptName, recall } from './recall.ts'
import { readUsage } from './usage.ts'

export interface MetricsOptions {
  readonly settings: Settings
  readonly layout: Layout
  readonly bus: Pick<Bus, 'finished' | 'state'>
  readonly bootId: string
  readonly lag: () => number | null
  readonly stamp: () => Stamp
  readonly warn: (text: string) => void
}

export interface Metrics {
  /** At the end of everything: what is left of them would be believed. */
  readonly close: () => void
}

const cantalVariable = 'CANTAL_PATH'

/** Where the files of cantal are. In our environment, so that the next image shows it at once. */
export const announceCantal = (runtimeDir: string): string =>
  (process.env[cantalVariable] ||= join(runtimeDir, 'metrics'))

/** A start has better things to do. */
const firstMs = 200
const cantalMs = 250
const keepMs = 2_000
const listenAgainMs = 30_000
/** So many lines take a fraction of a millisecond. */
const linesAtOnce = 200

export const createMetrics = (options: MetricsOptions): Metrics => {
  const { settings, layout, bus, bootId, lag, stamp, warn } = options
  const { runtimeDir } = settings.places
  const { metricsListen, metricsFile, metricsIntervalMs } = settings.master
  const base = announceCantal(runtimeDir)
  const cantal = createCantalFiles(base, warn)
  const complainOnce = once(warn)
  const keptFile = createWholeFile(join(runtimeDir, keptName), 0o600, code => {
    if (code !== null) complainOnce(`Metrics cannot be kept in ${runtimeDir}: ${sayCode(code)}`)
  })
  const servers: MetricsServer[] = []
  /** Until the past is known, what comes waits. */
  let waiting: Turn[] | null = []
  let counts = newCounts()
  let isClosed = false

  const safely = (work: () => void): void => {
    try {
      work()
    } catch (error) {
      complainOnce(`Metrics: ${String(error)}; they may be wrong from here on`)
    }
  }

  const later = (delayMs: number, work: () => void): (() => void) => {
    let timer: NodeJS.Timeout | null = null
    return () => {
      timer ??= setTimeout(() => {
        timer = null
        if (!isClosed) safely(work)
      }, delayMs).unref()
    }
  }

  const tellCantal = later(cantalMs, () => {
    const metrics = legacyOf(counts, bus.state())
    void cantal.write(metaOf(metrics), valuesOf(metrics))
  })
  const keep = later(keepMs, () => {
    if (bus.state().tree.value === 'serving') forget(counts, new Set(bus.state().instances.keys()))
    void keptFile.write(keepCounts(counts, bootId))
  })

  const take = (turn: Turn): void => {
    count(counts, turn)
    tellCantal()
    keep()
  }

  const following = bus.finished.subscribe(({ seq, heard, effects }) => {
    if (waiting === null) safely(() => take({ seq, heard, effects }))
    else waiting.push({ seq, heard, effects })
  })

  // -------------------------------------------------------------------------
  // The past
  // -------------------------------------------------------------------------

  const begin = async (): Promise<void> => {
    try {
      counts = await recall({
        settings,
        bootId,
        old: cantal.read,
        processes: () => processesIn(bus.state()).keys(),
        firstOfLife: () => waiting?.[0]?.seq ?? null,
      })
    } catch (error) {
      complainOnce(`Metrics: ${String(error)}; they do not know what was before`)
    }
    const turns = waiting ?? []
    waiting = null
    for (const turn of turns) safely(() => take(turn))
    tellCantal()
  }

  // -------------------------------------------------------------------------
  // Who asks
  // -------------------------------------------------------------------------

  const moment = async (): Promise<Moment> => {
    const state = bus.state()
    const names = state.instances.size <= instancesMax ? [...state.instances.keys()] : []
    const { at, mono } = stamp()
    const { user, system } = process.cpuUsage()
    return {
      counts,
      state,
      version,
      phases: Object.keys(treeMachine.states),
      instanceStates: Object.keys(instanceMachine.states),
      lag: lag(),
      usage: await readUsage(layout, names),
      bootAt: at - mono,
      self: {
        residentBytes: process.memoryUsage.rss(),
        cpuSeconds: (user + system) / 1e6,
        openFiles: (await readdir('/proc/self/fd').catch(() => [])).length,
      },
    }
  }

  const write = async (dialect: Dialect): Promise<string> => {
    let text = ''
    let lines = 0
    for (const line of linesOf(familiesOf(await moment()), dialect)) {
      text += line
      lines += 1
      if (lines % linesAtOnce === 0) await setImmediate()
    }
    return text
  }

  /** Who asks while the same is being written for somebody else gets that. */
  const flights = new Map<Dialect, Promise<string>>()
  const text = (dialect: Dialect): Promise<string> => {
    const known = flights.get(dialect)
    if (known !== undefined) return known
    const flight = write(dialect).finally(() => flights.delete(dialect))
    flights.set(dialect, flight)
    return flight
  }

  const render = async (accept: string): Promise<Page> => {
    const dialect = /application\/openmetrics-text/.test(accept) ? 'openMetrics' : 'prometheus'
    return { type: contentTypes[dialect], body: await text(dialect) }
  }

  const serve = async (where: string, open: () => Promise<MetricsServer>): Promise<void> => {
    for (let tries = 0; !isClosed; tries++) {
      try {
        const server = await open()
        if (isClosed) return server.close()
        if (tries > 0) warn(`Metrics are served at ${where} now`)
        return void servers.push(server)
      } catch (error) {
        const { code = String(error) } = error as NodeJS.ErrnoException
        if (tries === 0)
          warn(`Metrics cannot be served at ${where}: ${sayCode(code)}. It is tried again`)
      }
      await new Promise(resolve => setTimeout(resolve, listenAgainMs).unref())
    }
  }

  const writeFiles = (path: string): void => {
    const complain = onChange((code: string | null) => {
      if (code !== null) warn(`Metrics cannot be written to ${path}: ${sayCode(code)}`)
    })
    const file = createWholeFile(path, 0o644, complain)
    const put = async (): Promise<void> => file.write(await text('prometheus'))
    const again = (): void => void put().catch(error => complain(String(error)))
    again()
    setInterval(again, metricsIntervalMs).unref()
  }

  // -------------------------------------------------------------------------
  // Begin and end
  // -------------------------------------------------------------------------

  setTimeout(() => {
    const shown = showVariable(cantalVariable, base)
    if (E.isLeft(shown))
      warn(`cantal may not find ${base}.values before the next restart: ${shown.left.code}`)
    void begin().then(() => {
      if (isClosed) return
      void serve(join(runtimeDir, 'metrics.sock'), () =>
        serveUnix(runtimeDir, 'metrics.sock', render),
      )
      if (metricsListen !== null) {
        const { host, port } = metricsListen
        void serve(`${host}:${port}`, () => serveTcp(host, port, render))
      }
      if (metricsFile !== null) writeFiles(metricsFile)
    })
  }, firstMs).unref()

  return {
    close: () => {
      isClosed = true
      following.unsubscribe()
      for (const server of servers) safely(server.close)
      cantal.remove()
    },
  }
}

const once = (say: (text: string) => void): ((text: string) => void) => {
  let hasSaid = false
  return text => {
    if (!hasSaid) say(text)
    hasSaid = true
  }
}

const onChange = <A>(say: (value: A) => void): ((value: A) => void) => {
  let last: A | undefined
  return value => {
    if (value !== last) say(value)
    last = value
  }
}
