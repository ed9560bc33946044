/**
 * What the journal costs: turns a second written to a real tmpfs (or where TMPDIR says), with
 * and without an archive beside it; read back at a start and by the post-mortem; bytes a turn.
 * The turn is a realistic one: a process that exited and is armed for its restart.
 */
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { fileURLToPath } from 'node:url'
import { startArchive } from '../journal/archive.ts'
import { openHot } from '../journal/hot.ts'
import type { Hot } from '../journal/hot.ts'
import { readAll } from '../journal/read.ts'
import { verify } from '../journal/verify.ts'
import { table } from './figures.ts'

const rounds = 7
const turnsCount = 30_000

const inputs = [
  {
    type: 'knot.exited',
    at: 1_700_000_000_000,
    mono: 123_456_789,
    cause: 41_233,
    instance: 'web/nginx.2',
    incarnation: 41_207,
    pid: 14_242,
    status: 256,
    uptimeMs: 360_000,
  },
]
const effects = [
  { type: 'armTimer', instance: 'web/nginx.2', timer: 'restart', due: 123_457_789 },
  { type: 'sweep', instance: 'web/nginx.2', cgroup: true },
]

/** As large as that of a host with a thousand instances. */
const instance = { value: 'running', context: { pid: 14_242, birth: 99_182_772, deaths: [1, 2] } }
const state = Object.fromEntries(
  Array.from({ length: 1_000 }, (_, index) => [`web/nginx.${index}`, instance]),
)

const silent = { onStalled: (): void => undefined, onResumed: (): void => undefined }

const open = (directory: string, turnBytesMax: number) =>
  openHot(directory, { version: 1, stateOf: () => state, turnBytesMax, ...silent })

const secondsOf = async (work: () => void | Promise<void>): Promise<number> => {
  const before = process.hrtime.bigint()
  await work()
  return Number(process.hrtime.bigint() - before) / 1e9
}

/** In gusts of a hundred: between them the journal has its say, as in life. */
const writeTurns = async (hot: Hot): Promise<void> => {
  for (let turn = 0; turn < turnsCount; turn++) {
    hot.append(inputs, effects)
    if (turn % 100 === 99) await new Promise(resolve => setImmediate(resolve))
  }
}

const inDirectory = async (
  parent: string,
  work: (directory: string) => Promise<void>,
): Promise<void> => {
  const directory = fs.mkdtempSync(path.join(parent, 'lithos-bench-'))
  try {
    await work(directory)
  } finally {
    fs.rmSync(directory, { recursive: true, force: true })
  }
}

interface Samples {
  readonly written: number[]
  readonly writtenWithCheckpoints: number[]
  readonly writtenBesideArchive: number[]
  readonly recovered: number[]
  readonly verified: number[]
  readonly turnBytes: number[]
  readonly checkpointMs: number[]
}

const round = async (samples: Samples): Promise<void> => {
  const memory = fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir()
  await inDirectory(memory, async directory => {
    const { hot } = open(directory, 1 << 30)
    const seconds = await secondsOf(() => writeTurns(hot))
    samples.written.push(turnsCount / seconds)
    samples.turnBytes.push(fs.statSync(path.join(directory, 'hot.log')).size / turnsCount)
    hot.close()
    const start = await secondsOf(() => open(directory, 1 << 30).hot.close())
    samples.recovered.push(turnsCount / start)
    const where = { hotDirectory: directory, archiveDirectory: path.join(directory, 'none') }
    const reading = await secondsOf(async () => void (await verify(readAll(where))))
    samples.verified.push(turnsCount / reading)
  })
  await inDirectory(memory, async directory => {
    const { hot } = open(directory, 4 << 20)
    samples.writtenWithCheckpoints.push(turnsCount / (await secondsOf(() => writeTurns(hot))))
    samples.checkpointMs.push(1e3 * (await secondsOf(() => void hot.checkpoint())))
    hot.close()
  })
  await inDirectory(memory, directory =>
    inDirectory(os.tmpdir(), async disk => {
      const { hot } = open(directory, 4 << 20)
      const now = (): number => Date.now()
      const options = { directory: disk, source: hot, sync: 'interval', now, ...silent } as const
      const archive = startArchive(options)
      samples.writtenBesideArchive.push(turnsCount / (await secondsOf(() => writeTurns(hot))))
      await archive.close()
      hot.close()
    }),
  )
}

export const run = async (): Promise<void> => {
  const samples: Samples = {
    written: [],
    writtenWithCheckpoints: [],
    writtenBesideArchive: [],
    recovered: [],
    verified: [],
    turnBytes: [],
    checkpointMs: [],
  }
  for (let each = 0; each < rounds; each++) await round(samples)
  const speeds = table(
    'journal',
    ['turns a second'],
    [
      ['written, one write(2) each', samples.written],
      ['with checkpoints of 1000 instances', samples.writtenWithCheckpoints],
      ['with an archive beside it', samples.writtenBesideArchive],
      ['read at a start', samples.recovered],
      ['read by the post-mortem', samples.verified],
    ],
  )
  const sizes = table('', ['bytes'], [['a turn', samples.turnBytes]])
  const pauses = table('', ['ms'], [['a checkpoint of 1000 instances', samples.checkpointMs]])
  process.stdout.write(`${speeds}${sizes}${pauses}`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await run()
