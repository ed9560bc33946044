/**
 * The C programs of the benchmarks, compiled when they are needed, into a directory that the
 * caller removes.
 */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))

export const compile = (name: 'driver' | 'guest', dir: string): string => {
  const output = join(dir, name)
  const flags = ['-std=c17', '-O2', ...(name === 'guest' ? ['-static'] : [])]
  execFileSync(process.env['CC'] ?? 'cc', [...flags, '-o', output, join(here, `${name}.c`)])
  return output
}
