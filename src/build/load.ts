/**
 * How a bundle becomes running code: compiled as Node would, but with V8's code cache beside
 * it where there is one that fits, which saves more than half of the start. V8 itself compares
 * nothing but the length of the source and would run the old code of a changed file of equal
 * length. Therefore a cache file carries the very source it was made of:
 *
 *     key, padded to 64 bytes   source, padded to a multiple of 8   what V8 made of it
 *
 * Comparing half a megabyte takes a tenth of the time in which any module with a checksum in
 * it (node:zlib, node:crypto) can be loaded.
 */
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { Script } from 'node:vm'

export interface Command {
  readonly run: (argv: string[]) => Promise<number> | number
}

/** Both programs that load are bundled as CommonJS into the directory of the bundles. */
declare const require: NodeJS.Require

const keyBytes = 64

/** V8 compares version and flags as well, but not the build of Node it is part of. */
const keyOf = (source: Buffer): string =>
  `${process.version} ${process.arch} ${source.length}`.padEnd(keyBytes - 1) + '\n'

/** V8 copies data that is not aligned. */
const startOfData = (source: Buffer): number => keyBytes + Math.ceil(source.length / 8) * 8

export const cacheFileOf = (bundle: string): string => bundle.replace(/\.cjs$/, '.cache')

export const packCache = (source: Buffer, data: Buffer): Buffer => {
  const head = Buffer.alloc(startOfData(source))
  head.write(keyOf(source), 'latin1')
  source.copy(head, keyBytes)
  return Buffer.concat([head, data])
}

const fittingCache = (bundle: string, source: Buffer): Buffer | undefined => {
  try {
    const file = readFileSync(cacheFileOf(bundle))
    const fits =
      file.toString('latin1', 0, keyBytes) === keyOf(source) &&
      source.equals(file.subarray(keyBytes, keyBytes + source.length))
    return fits ? file.subarray(startOfData(source)) : undefined
  } catch {
    return undefined
  }
}

/** Throws where the bundle cannot be read; a cache that is missing or does not fit is no matter. */
export const load = (bundle: string): { script: Script; source: Buffer; command: Command } => {
  const source = readFileSync(bundle)
  const cachedData = fittingCache(bundle, source)
  // esbuild escapes what is not ASCII, so that a bundle is one byte a character for V8, too.
  const script = new Script(
    `(function (exports, require, module, __filename, __dirname) {${source.toString('latin1')}\n})`,
    { filename: bundle, ...(cachedData === undefined ? {} : { cachedData }) },
  )
  const module = { exports: {} as Command }
  script.runInThisContext()(module.exports, require, module, bundle, dirname(bundle))
  return { script, source, command: module.exports }
}
