/**
 * What a thousand starts and stops leave behind on the host: `npm run leaks -- --starts 1000`.
 * Containers of several kinds end by themselves and are started again at once; what is counted is
 * the same before and after, or it is said and the exit code is 1. Memory is counted after a full
 * collection, and the most of it after so many starts that V8 has collected by itself.
 */
import { parseArgs } from 'node:util'
import { table } from '../../src/table.ts'
import type { Column } from '../../src/table.ts'
import { enterOwnNetwork } from '../kernel/ownNetwork.ts'
import { makeSupervised } from '../kernel/supervised.ts'
import { churn, differences } from './churn.ts'

enterOwnNetwork(import.meta.url)

const plain = { hasHeader: true, isColoured: false, widthMax: Infinity }

/** V8 first collects when its heap has doubled, and has a limit from then on. */
const first = 1500

const { values } = parseArgs({ options: { starts: { type: 'string', default: '1000' } } })

const self = makeSupervised('cgroup-controllers: [name, cpu, memory, pids]\n')
try {
  const { starts, before, after } = await churn(self, { first, starts: Number(values.starts) })
  const columns: readonly Column<readonly [string, number]>[] = [
    { name: 'what', cell: ([what]) => what },
    { name: 'before', cell: ([what]) => String(before[what] ?? 0), isNumber: true },
    { name: 'after', cell: ([, count]) => String(count), isNumber: true },
  ]
  process.stdout.write(`${starts} starts\n${table(columns, Object.entries(after), plain)}`)
  const left = differences(before, after)
  for (const text of left) process.stdout.write(`${text}\n`)
  process.exitCode = left.length === 0 ? 0 : 1
} finally {
  await self.close()
}
