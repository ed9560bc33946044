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
import { serveTcp, serveUnix } from '../../actors/metricsServer.ts'
import type { MetricsServer, Page } from '../../actors/metricsServer.ts'
import { createWholeFile } from '../../actors/wholeFile.ts'
import { instanceMachine } from '../../machines/instance.ts'
import { treeMachine } from '../../machines/tree.ts'
import { showVariable } from '../../native/environ.ts'
import { version } from '../cli/version.ts'
import { sayCode } from '../wait.ts'
import type { Metrics, MetricsOptions } from './begin.ts'
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

/** Where cantal finds its files, and what it finds it by. */
export interface Opened {
  readonly variable: string
  readonly base: string
  /** What was heard before. More of them may be added until all is counted that was before. */
  readonly waiting: Turn[]
}

export interface OpenMetrics extends Metrics {
  readonly take: (turn: Turn) => void
}

const cantalMs = 1_000
const keepMs = 2_000
const listenAgainMs = 30_000
/** So many lines take a fraction of a millisecond. */
const linesAtOnce = 200

export const openMetrics = (options: MetricsOptions, opened: Opened): OpenMetrics => {
  const { settings, layout, bus, bootId, lag, stamp, warn } = options
  const { variable, base } = opened
  const { runtimeDir } = settings.places
  const { metricsListen, metricsFile, metricsIntervalMs } = settings.master
  const cantal = createCantalFiles(base, warn)
  const complainOnce = once(warn)
  const keptFile = createWholeFile(join(runtimeDir, keptName), 0o600, code => {
    if (code !== null) complainOnce(`Metrics cannot be kept in ${runtimeDir}: ${sayCode(code)}`)
  })
  const servers: MetricsServer[] = []
  /** Until the past is known, what comes waits. */
  let waiting: Turn[] | null = opened.waiting
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

  const shown = showVariable(variable, base)
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

  return {
    take: turn => {
      if (waiting === null) safely(() => take(turn))
      else waiting.push(turn)
    },
    close: () => {
      isClosed = true
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
