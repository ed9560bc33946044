/**
 * A program of the tests as one file, in a directory of its own: an image that is compiled on the
 * way starts ten times slower.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { nativeDir, packageDir } from '../../native/where.ts'

export interface Bundle {
  readonly program: string
  readonly remove: () => void
}

export const bundle = (source: string): Bundle => {
  const dir = mkdtempSync(join(tmpdir(), 'lithos-test-'))
  const program = join(dir, 'bundle', 'image.mjs')
  symlinkSync(join(packageDir, 'node_modules'), join(dir, 'node_modules'))
  symlinkSync(dirname(nativeDir), join(dir, 'dist'))
  execFileSync(join(dir, 'node_modules', '.bin', 'esbuild'), [
    source,
    `--outfile=${program}`,
    '--bundle',
    '--platform=node',
    '--format=esm',
    '--external:koffi',
    '--log-level=warning',
  ])
  return { program, remove: () => rmSync(dir, { recursive: true, force: true }) }
}
