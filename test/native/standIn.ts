/**
 * A knot of a few lines of C, standing in for the real one where a test is about us and not
 * about containers: see standIn.c. Compiled once per test file, into a directory of its own.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))

export interface Workshop {
  readonly dir: string
  /** Called `lithos_knot`, as a survey wants it. */
  readonly standIn: string
  readonly close: () => void
}

export const openWorkshop = (): Workshop => {
  const dir = mkdtempSync(join(tmpdir(), 'lithos-test-'))
  const standIn = join(dir, 'lithos_knot')
  execFileSync('cc', ['-O1', '-static', '-o', standIn, join(here, 'standIn.c')])
  return { dir, standIn, close: () => rmSync(dir, { recursive: true, force: true }) }
}

/** Waits for what has to come; a test that waits in vain is ended by its runner. */
export const until = async (isSo: () => boolean, what: string): Promise<void> => {
  for (let tries = 0; tries < 30_000; tries += 1) {
    if (isSo()) return
    await new Promise(resolve => setTimeout(resolve, 2))
  }
  throw new Error(`waited in vain for ${what}`)
}
