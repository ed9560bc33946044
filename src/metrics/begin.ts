/**
 * The metrics of a supervisor that has just begun: turns are put aside, and everything else is
 * loaded when the start is over.
 */
import { join } from 'node:path'
import type { Stamp } from '../../actors/clock.ts'
import type { Layout } from '../../native/cgroup.ts'
import type { Settings } from '../evaluate/settings.ts'
import type { Bus } from '../turn.ts'
import type { Turn } from './counts.ts'
import type { OpenMetrics } from './metrics.ts'

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

export const createMetrics = (options: MetricsOptions): Metrics => {
  const { settings, bus, warn } = options
  const base = announceCantal(settings.places.runtimeDir)
  const waiting: Turn[] = []
  let metrics: OpenMetrics | null = null
  let isClosed = false
  const following = bus.finished.subscribe(({ seq, heard, effects }) => {
    if (metrics === null) waiting.push({ seq, heard, effects })
    else metrics.take({ seq, heard, effects })
  })

  const open = async (): Promise<void> => {
    try {
      const { openMetrics } = await import('../rest.ts')
      if (!isClosed) metrics = openMetrics(options, { variable: cantalVariable, base, waiting })
    } catch (error) {
      following.unsubscribe()
      warn(`There are no metrics: ${String(error)}`)
    }
  }
  setTimeout(() => void open(), firstMs).unref()

  return {
    close: () => {
      isClosed = true
      following.unsubscribe()
      metrics?.close()
    },
  }
}
