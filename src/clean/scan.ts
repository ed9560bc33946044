/** What lies in a directory of images: every directory at the depth at which images are. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Left behind by a removal that was cut short: nobody's image any more. */
export const doomedPrefix = '.lithos_clean.'

const editorsOwn = [/^\./, /~$/, /\.bak$/, /^#.*#$/]

export interface Scan {
  readonly images: readonly string[]
  readonly doomed: readonly string[]
}

/** Throws what the file system throws. Links are not followed, and hidden names are not seen. */
export const scan = (directory: string, levels: number): Scan => {
  const found = readdirSync(directory, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
  const paths = found
    .filter(name => !editorsOwn.some(pattern => pattern.test(name)))
    .map(name => join(directory, name))
  const doomed = found
    .filter(name => name.startsWith(doomedPrefix))
    .map(name => join(directory, name))
  if (levels === 1) return { images: paths, doomed }
  const deeper = paths.map(path => scan(path, levels - 1))
  return {
    images: deeper.flatMap(({ images }) => images),
    doomed: [...doomed, ...deeper.flatMap(({ doomed }) => doomed)],
  }
}

/** Made or changed after `since`, milliseconds since 1970; also what cannot be looked at. */
export const isRecent = (path: string, since: number): boolean => {
  try {
    const { birthtimeMs, mtimeMs } = statSync(path)
    return birthtimeMs > since || mtimeMs > since
  } catch {
    return true
  }
}
