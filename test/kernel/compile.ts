/**
 * The C programs of the tests. Many worlds need the same one: it is compiled once, as long as
 * neither it nor a header changes, and every world gets a copy of its own.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const kept = fileURLToPath(new URL('../../node_modules/.cache/lithos-test', import.meta.url))

export const compile = (source: string, output: string, ...flags: string[]): void => {
  const program = join(kept, `${source}.${digestOf(source, flags)}`)
  if (!existsSync(program)) {
    mkdirSync(kept, { recursive: true })
    // Two may do so at once.
    const unfinished = `${program}.${process.pid}`
    const args = ['-O1', '-Wall', ...flags, '-o', unfinished, join(here, source)]
    const { status, stderr } = spawnSync('cc', args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`cc cannot compile ${source}: ${stderr}`)
    renameSync(unfinished, program)
  }
  copyFileSync(program, output)
}

/** Of all that it is made of. */
const digestOf = (source: string, flags: readonly string[]): string => {
  const headers = ['../../native', '.'].flatMap(place =>
    readdirSync(join(here, place))
      .filter(name => /\.[ch]$/.test(name))
      .filter(name => name.endsWith('.h') || place !== '.')
      .map(name => join(here, place, name)),
  )
  const hash = createHash('sha256').update(JSON.stringify(flags))
  for (const path of [join(here, source), ...headers.sort()]) hash.update(readFileSync(path))
  return hash.digest('hex').slice(0, 16)
}
