/**
 * `npm run chaos -- --seconds 60 --containers 53 --seed 1 --json`: a real supervisor with real
 * containers under load, while everything that can happen to it does. Exit code 1 if anything was
 * lost, doubled, wrong or refused; then the journal is kept. Needs root.
 */
import { parseArgs } from 'node:util'
import { runChaos } from './run.ts'
import type { Report } from './run.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    containers: { type: 'string', default: '53' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    json: { type: 'boolean', default: false },
  },
})

const print = (line: string): void => void process.stdout.write(`${line}\n`)
const row = (name: string, value: number | string): void => print(`${name.padEnd(40)}${value}`)

const printReport = ({ done, faults, connects, kept, ...report }: Report): void => {
  row('seed', report.seed)
  for (const [name, count] of Object.entries(done)) row(name, count)
  row('starts of the supervisor', report.starts)
  row('ends of containers in the journal', report.ends)
  row('samples', report.samples)
  row('configurations taken', report.reloads.loaded)
  row('configurations refused', report.reloads.refused)
  for (const [name, count] of Object.entries(connects)) row(name, count)
  for (const [name, list] of Object.entries(faults)) {
    row(name, list.length)
    for (const line of list.slice(0, 20)) print(`    ${line}`)
  }
  if (kept !== null)
    print(`everything is kept in ${kept}; --seed ${report.seed} tries the same again`)
}

const abort = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => abort.abort())

try {
  const report = await runChaos({
    seconds: Number(values.seconds),
    containers: Number(values.containers),
    seed: Number(values.seed),
    abort: abort.signal,
  })
  if (values.json) print(JSON.stringify(report, null, 2))
  else printReport(report)
  process.exitCode = report.kept === null ? 0 : 1
} catch (error) {
  process.stderr.write(
    `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  )
  process.exitCode = abort.signal.aborted ? 130 : 1
}
