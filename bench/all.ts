/**
 * `npm run bench`: every benchmark, one after the other. `npm run bench -- start cold`: those.
 * They need root, a quiet machine and some patience, and leave nothing behind.
 */
import { existsSync } from 'node:fs'

const names = [
  ...['start', 'cold', 'restart', 'switch', 'blind', 'memory', 'journal', 'look', 'check'],
  ...['backoff', 'probes'],
]

const wanted = process.argv.slice(2)
const unknown = wanted.filter(name => !names.includes(name))

if (unknown.length > 0) {
  process.stderr.write(`bench: there is no ${unknown.join(', ')}, only ${names.join(', ')}\n`)
  process.exitCode = 2
} else if (process.getuid?.() !== 0) {
  process.stderr.write('bench: containers are started, which needs root\n')
  process.exitCode = 1
} else {
  for (const name of wanted.length > 0 ? wanted : names) {
    const file = new URL(`./${name}.ts`, import.meta.url)
    if (!existsSync(file)) continue
    const { run } = (await import(file.href)) as { run: () => Promise<void> }
    await run()
  }
}
