/**
 * An image of programs that this host has: each copied with the shared libraries it names, to the
 * paths where they are looked for. Nothing is downloaded.
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** `at`: where the image has it; the host may have it anywhere. */
export const copyProgram = (image: string, host: string, at: string): void => {
  copy(host, join(image, at))
  for (const library of librariesOf(host)) copy(library, join(image, library))
}

const copy = (from: string, to: string): void => {
  if (existsSync(to)) return
  mkdirSync(dirname(to), { recursive: true })
  copyFileSync(realpathSync(from), to)
}

/** ldd names them all, with the loader itself; of a static program it says there are none. */
const librariesOf = (program: string): readonly string[] => {
  try {
    const text = execFileSync('ldd', [program], { encoding: 'utf8', stdio: 'pipe' })
    return [...text.matchAll(/(?:^\s+|=> )(\/\S+)/gm)].map(([, path = '']) => path)
  } catch {
    return []
  }
}

/** The path of a program of the host, as the shell would find it. */
export const whereIs = (name: string): string =>
  (process.env['PATH'] ?? '')
    .split(':')
    .map(dir => join(dir, name))
    .find(existsSync) ?? `/bin/${name}`
