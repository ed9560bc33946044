/** The monitor of lithos_ps, as lithos 0.18 prints it: a table that is drawn anew each second. */
import { memoryIn, sum, ticksIn } from '../../look/family.ts'
import { unitFor } from '../../look/units.ts'
import { ticksPerSecond } from '../../../native/processes.ts'
import { visible } from '../../table.ts'
import type { PsTree } from './found.ts'

export interface Sample {
  readonly name: string
  readonly pid: number
  readonly ticks: number
  readonly threads: number
  readonly processes: number
  readonly memory: number
}

export const samplesOf = (trees: readonly PsTree[]): readonly Sample[] =>
  trees
    .flatMap(({ children }) => children)
    .map(({ name, heads }) => {
      const usage = sum(heads)
      const [head] = heads
      return {
        name,
        pid: head !== undefined && heads.length === 1 ? head.pid : 0,
        ticks: ticksIn(usage),
        threads: usage.threads,
        processes: usage.processes,
        memory: memoryIn(usage),
      }
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))

/** One of a name and pid that was there before, and how much it has used since. */
export const percentSince = (
  before: ReadonlyMap<string, Sample>,
  now: Sample,
  elapsedMs: number,
): number => {
  const then = before.get(now.name)
  if (then === undefined || then.pid !== now.pid || elapsedMs <= 0) return 0
  return Math.max(0, ((now.ticks - then.ticks) / ticksPerSecond / (elapsedMs / 1000)) * 100)
}

const headers = ['PID', 'NAME', 'CPU', 'THR', 'PRC', 'MEM'] as const
const widthMin = 3

/** Each cell is followed by a blank, the last one, too. */
export const monitorText = (
  samples: readonly Sample[],
  before: ReadonlyMap<string, Sample>,
  elapsedMs: number,
): string => {
  const unit = unitFor(samples.map(({ memory }) => memory))
  const rows = samples.map(sample => [
    String(sample.pid),
    visible(sample.name),
    percentSince(before, sample, elapsedMs).toFixed(1).padStart(5),
    String(sample.threads),
    String(sample.processes),
    `${(sample.memory / unit.bytes).toFixed(1).padStart(7)}${unit.name}`,
  ])
  const widths = headers.map((header, column) =>
    Math.max(widthMin, header.length, ...rows.map(row => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return `${column === 1 ? cell.padEnd(width) : cell.padStart(width)} `
      })
      .join('')
  return [headers, ...rows].map(cells => `${line(cells)}\n`).join('')
}

export const clearScreen = '\x1b[2J\x1b[;H'
