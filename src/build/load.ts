/**
 * How a bundle becomes running code: compiled as Node would, but with V8's code cache beside
 * it where there is one that fits, which saves half of the start. V8 itself compares nothing
 * but the length of the source and would run the old code of a changed file of equal length;
 * therefore a cache begins with a line that names the content it was made of.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { Script } from 'node:vm'
import * as zlib from 'node:zlib'

export interface Command {
  readonly run: (argv: string[]) => Promise<number> | number
}

/** V8 wants its data aligned, so the line is padded to this many bytes. */
export const keyBytes = 64

/** Which source, for which Node: what must agree before a cache is even shown to V8. */
export const keyOf = (source: Buffer): string => {
  // Node before 20.15 has no crc32. It starts without a cache.
  const { crc32 } = zlib as { crc32?: (data: Buffer) => number }
  const sum = crc32 === undefined ? 'none' : crc32(source).toString(16)
  return `${sum} ${source.length} ${process.version} ${process.arch}`.padEnd(keyBytes - 1) + '\n'
}

const fittingCache = (file: string, source: Buffer): Buffer | undefined => {
  try {
    const cache = readFileSync(file)
    const fits = cache.toString('latin1', 0, keyBytes) === keyOf(source)
    return fits ? cache.subarray(keyBytes) : undefined
  } catch {
    return undefined
  }
}

/** `file` is a bundle NAME.cjs; its cache is NAME.cache. Throws where the bundle cannot be read. */
export const load = (file: string): { readonly script: Script; readonly command: Command } => {
  const source = readFileSync(file)
  const cachedData = fittingCache(file.replace(/\.cjs$/, '.cache'), source)
  // esbuild escapes what is not ASCII, so that a bundle is one byte a character for V8, too.
  const script = new Script(
    `(function (exports, require, module, __filename, __dirname) {${source.toString('latin1')}\n})`,
    { filename: file, ...(cachedData === undefined ? {} : { cachedData }) },
  )
  const module = { exports: {} as Command }
  script.runInThisContext()(module.exports, createRequire(file), module, file, dirname(file))
  return { script, command: module.exports }
}
