/**
 * Makes mistakes in the C code, one at a time in a copy of the tree, and looks whether the tests
 * fail: `npm run mutants`, or `npm run mutants -- users masks:2` for those of some files, or the
 * second of a file. Those that survive are listed, and make exit code 1.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { mistakes } from './mistakes.ts'
import type { Mistake } from './mistakes.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const rooms = ['machines', 'journal', 'native', 'actors', 'src', 'test', 'package.json']
const patienceMs = 110_000

const say = (text: string): boolean => process.stdout.write(`${text}\n`)

const copyTree = (): string => {
  const copy = mkdtempSync(join(tmpdir(), 'mutants-'))
  for (const room of rooms) cpSync(join(root, room), join(copy, room), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  return copy
}

/** Of the library and the commands; the tests of the knot build their own. */
const build = (copy: string): boolean =>
  spawnSync(process.execPath, ['src/build/build.mjs'], { cwd: copy }).status === 0

/** Null: it does not even compile, or is in no place. Else the test that failed, or ''. */
const tryMistake = (copy: string, { file, was, is, tests }: Mistake): string | null => {
  const path = join(copy, file)
  let isEndless = false
  const right = readFileSync(path, 'utf8')
  if (!right.includes(was)) return null
  try {
    writeFileSync(path, right.replace(was, is))
    if (!build(copy)) return null
    const failed = tests.find(test => {
      const words = ['--import=tsx', test]
      const { status } = spawnSync(process.execPath, words, { cwd: copy, timeout: patienceMs })
      isEndless = status === null
      return status !== 0
    })
    // On a host that is busy this may say nothing of the mistake.
    return failed === undefined ? '' : isEndless ? `${failed} (no end)` : failed
  } finally {
    writeFileSync(path, right)
  }
}

const wanted = process.argv.slice(2)
const numberOf = (mistake: Mistake): number =>
  mistakes.filter(({ file }) => file === mistake.file).indexOf(mistake) + 1
const chosen = mistakes.filter(
  mistake =>
    wanted.length === 0 ||
    wanted.some(word => {
      const [name, number] = word.split(':')
      const isMeant = number === undefined || Number(number) === numberOf(mistake)
      return mistake.file === `native/${name}.c` && isMeant
    }),
)
const copy = copyTree()
try {
  const bad = chosen.filter(mistake => {
    const failed = tryMistake(copy, mistake)
    const told = failed === null ? 'CANNOT BE MADE' : failed === '' ? 'SURVIVES' : failed
    say(`${mistake.file}  ${JSON.stringify(mistake.is || mistake.was)}  ${told}`)
    return failed === null || failed === ''
  })
  say(`${chosen.length - bad.length} of ${chosen.length} mistakes are found`)
  process.exitCode = bad.length === 0 ? 0 : 1
} finally {
  rmSync(copy, { recursive: true, force: true })
}
