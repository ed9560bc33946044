/**
 * `npm test`: types, format, a build where it is stale, then every test/**.test.ts in a process of
 * its own. Two run at a time: in the first lane those that count what the whole kernel has mounted
 * and running, one after the other, in the second those that need no kernel. What is left then,
 * whole supervisors in worlds of their own, which wait more than they work, is shared between these
 * two and a third. The longest come first. What fails is printed whole, as soon as it is known.
 * With CI=true up to three files that failed are run once more when all others are done: one that
 * passes alone is told as unsteady, by name, and does not fail the whole. The last line is
 * `N passed, N failed, N skipped`.
 *
 *     npm test                      everything
 *     npm test -- test/journal      only what lies there; types and format are left out
 */
import { spawn } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { build, isStale, root } from './build.mjs'

/** On a quiet host no test takes a tenth of it: one that hangs is named instead of hanging CI. */
const patienceMs = 300_000

const kernelDirectories = ['test/kernel/', 'test/native/', 'test/actors/']
/** It takes all the memory and all the processes that it can get. */
const alone = ['test/kernel/hostileLimits.test.ts']
const formatted = ['machines', 'journal', 'native', 'actors', 'src', 'test', 'bench']

/** By experience. One that is begun at last keeps everybody waiting. */
const longest = [
  'test/machines/closed.test.ts',
  'test/simulator/simulator.test.ts',
  'test/machines/explored.test.ts',
  'test/simulator/planted.test.ts',
  'test/src/rotator.test.ts',
  'test/kernel/crashes.test.ts',
  'test/kernel/broken.test.ts',
  'test/kernel/switch.test.ts',
  'test/kernel/logs.test.ts',
  'test/kernel/network.test.ts',
  'test/kernel/dying.test.ts',
  'test/kernel/crowd.test.ts',
  'test/kernel/sockets.test.ts',
  'test/kernel/adoption.test.ts',
]

/** More than a few that fail have not failed by chance. */
const unsteadyAtMost = 3

const totals = { passed: 0, failed: 0, skipped: 0 }
/** The counts of each thing that failed. */
const failures = new Map()
/** Files that failed beside others and passed alone. */
const unsteady = []

// ---------------------------------------------------------------------------
// One process
// ---------------------------------------------------------------------------

const alive = new Set()

/** Runs until the end or until patience is over; then its whole group goes, with its children. */
const run = (program, argv) =>
  new Promise(resolve => {
    const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' }
    const options = { cwd: root, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] }
    const child = spawn(program, argv, options)
    alive.add(child)
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', text => (output += text))
    const timer = setTimeout(() => {
      output += `\nnot done after ${patienceMs / 1000} seconds, killed\n`
      end(child)
    }, patienceMs)
    child.on('error', error => (output += error.message))
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      alive.delete(child)
      resolve({ output, end: signal ?? code })
    })
  })

const end = child => {
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It has ended by itself in the meantime.
  }
}

for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => {
    alive.forEach(end)
    process.exit(130)
  })

// ---------------------------------------------------------------------------
// What is run
// ---------------------------------------------------------------------------

const report = (name, tally, output, startedAt) => {
  const { passed, failed, skipped } = tally
  for (const word in totals) totals[word] += tally[word]
  const counts = `${passed} passed${skipped > 0 ? `, ${skipped} skipped` : ''}`
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1)
  if (failed === 0) return print(`ok    ${name}  ${counts}, ${seconds} s`)
  failures.set(name, tally)
  print(`\nFAIL  ${name}\n${output.trimEnd()}\n`)
}

const print = line => process.stdout.write(`${line}\n`)

/** A step that either goes well or not, counted as one test. */
const check = async (name, work) => {
  const startedAt = Date.now()
  try {
    const { output, end } = await work()
    report(
      name,
      { passed: end === 0 ? 1 : 0, failed: end === 0 ? 0 : 1, skipped: 0 },
      output,
      startedAt,
    )
    return end === 0
  } catch (error) {
    report(name, { passed: 0, failed: 1, skipped: 0 }, String(error.stack ?? error), startedAt)
    return false
  }
}

const bin = name => join(root, 'node_modules', '.bin', name)

const typecheck = () => run(bin('tsc'), ['--noEmit'])
const format = () => run(bin('prettier'), ['--check', '--log-level', 'warn', ...formatted])
const buildIfStale = async () => {
  if (isStale()) await build()
  return { output: '', end: 0 }
}

const testFile = async path => {
  const startedAt = Date.now()
  const { output, end } = await run(process.execPath, ['--import', 'tsx', path])
  report(path, countsOf(output, end), output, startedAt)
}

/** What failed beside others is tried alone; what has been said of the first failure stays. */
const testAgain = async path => {
  for (const word in totals) totals[word] -= failures.get(path)[word]
  failures.delete(path)
  print(`once more, alone: ${path}`)
  await testFile(path)
  if (!failures.has(path)) unsteady.push(path)
}

/** A file that ends without totals, or badly in spite of them, has failed, whatever it printed. */
const countsOf = (output, end) => {
  const number = word => Number(output.match(new RegExp(`^  ${word}: +(\\d+)$`, 'm'))?.[1] ?? NaN)
  const [total, passed, skipped] = [number('Total'), number('Passed'), number('Skipped')]
  if (Number.isNaN(total + passed + skipped)) return { passed: 0, failed: 1, skipped: 0 }
  const failed = total - passed
  return { passed, failed: end === 0 ? failed : Math.max(failed, 1), skipped }
}

/** Several may take from the same list. */
const inTurn = async paths => {
  for (let path = paths.shift(); path !== undefined; path = paths.shift()) await testFile(path)
}

const longestFirst = paths => [
  ...longest.filter(path => paths.includes(path)),
  ...paths.filter(path => !longest.includes(path)),
]

const testFiles = readdirSync(join(root, 'test'), { recursive: true })
  .filter(name => name.endsWith('.test.ts'))
  .map(name => `test/${name}`)
  .sort()

const wanted = process.argv.slice(2)
const isWanted = path => wanted.length === 0 || wanted.some(start => path.startsWith(start))
const isOfKernel = path => kernelDirectories.some(start => path.startsWith(start))
const isOfAWorld = path =>
  isOfKernel(path) &&
  !alone.includes(path) &&
  readFileSync(join(root, path), 'utf8').includes("from './supervised.ts'")

if (wanted.length === 0) await Promise.all([check('types', typecheck), check('format', format)])
if (await check('build', buildIfStale)) {
  const paths = longestFirst(testFiles.filter(isWanted))
  const shared = paths.filter(isOfAWorld)
  const counting = inTurn(paths.filter(path => isOfKernel(path) && !isOfAWorld(path)))
  const others = inTurn(paths.filter(path => !isOfKernel(path)))
  await Promise.all([
    counting.then(() => inTurn(shared)),
    Promise.all([counting, others]).then(() => Promise.all([inTurn(shared), inTurn(shared)])),
  ])
}

const again = [...failures.keys()].filter(name => testFiles.includes(name))
if (process.env.CI === 'true' && again.length <= unsteadyAtMost)
  for (const path of again) await testAgain(path)

if (failures.size > 0) print(`\nfailed: ${[...failures.keys()].join(' ')}`)
if (unsteady.length > 0) print(`\nunsteady, passed alone only: ${unsteady.join(' ')}`)
print(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`)
process.exitCode = totals.failed === 0 ? 0 : 1
