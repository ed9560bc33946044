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
import { closeSync, openSync, readFileSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { Script } from 'node:vm'

export interface Command {
  readonly run: (argv: string[]) => Promise<number> | number
}

/** Both programs that load are bundled as CommonJS into the directory of the bundles. */
declare const require: NodeJS.Require

/**
 * A supervisor does a little of everything now and then: what V8 takes for hot after a dozen
 * restarts it would optimise for longer than it is ever run. Of another version Node refuses to
 * start with this word among its own; the flags of a cache have to be those of who loads it.
 */
export const optimiseLate = (): void => {
  if (process.version.startsWith('v20.')) setFlagsFromString('--interrupt-budget=1000000')
}

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

const opened = new Map<string, number>()

/** What is loaded late is opened at once: until then this version may have been removed. */
const openPieces = (bundle: string): void => {
  const start = `${basename(bundle, '.cjs')}-`
  for (const name of readdirSync(dirname(bundle)).filter(name => name.startsWith(start))) {
    const file = join(dirname(bundle), name)
    opened.set(file, openSync(file, 'r'))
  }
}

const read = (file: string): Buffer => {
  const fd = opened.get(file)
  if (fd === undefined) return readFileSync(file)
  opened.delete(file)
  try {
    return readFileSync(fd)
  } finally {
    closeSync(fd)
  }
}

const fittingCache = (bundle: string, source: Buffer): Buffer | undefined => {
  try {
    const file = read(cacheFileOf(bundle))
    const fits =
      file.toString('latin1', 0, keyBytes) === keyOf(source) &&
      source.equals(file.subarray(keyBytes, keyBytes + source.length))
    return fits ? file.subarray(startOfData(source)) : undefined
  } catch {
    return undefined
  }
}

/** Throws where the bundle cannot be read; a cache that is missing or does not fit is no matter. */
export const compile = (bundle: string): { readonly script: Script; readonly source: Buffer } => {
  const source = read(bundle)
  const cachedData = fittingCache(bundle, source)
  // esbuild escapes what is not ASCII, so that a bundle is one byte a character for V8, too.
  const script = new Script(
    `(function (exports, require, module, __filename, __dirname) {${source.toString('latin1')}\n})`,
    { filename: bundle, ...(cachedData === undefined ? {} : { cachedData }) },
  )
  return { script, source }
}

export const load = (bundle: string): Command => {
  openPieces(bundle)
  const module = { exports: {} as Command }
  run(bundle, module, requireFrom(dirname(bundle)))
  return module.exports
}

const run = (bundle: string, module: { exports: object }, requireLate: Require): void => {
  const { script } = compile(bundle)
  script.runInThisContext()(module.exports, requireLate, module, bundle, dirname(bundle))
}

type Require = (name: string) => unknown

/** Parts of Node that take milliseconds to load, and that most starts never come to use. */
const heavy = new Set(
  ['child_process', 'crypto', 'fs/promises', 'module', 'net', 'stream/promises', 'zlib'].map(
    name => `node:${name}`,
  ),
)

/**
 * A bundle asks for all modules it may need before its first line runs, and names a function of
 * one only where it calls it. So the heavy ones are loaded at the first of these.
 */
const requireFrom = (directory: string) => {
  const pieces = new Map<string, { exports: object }>()
  const requirePiece = (file: string): object => {
    const known = pieces.get(file)
    if (known !== undefined) return known.exports
    const module = { exports: {} }
    pieces.set(file, module)
    run(file, module, requireLate)
    return module.exports
  }
  const requireLate = (name: string): unknown =>
    name.startsWith('./') ? requirePiece(join(directory, name)) : requireNode(name)
  return requireLate
}

const requireNode = (name: string): unknown => {
  if (!heavy.has(name)) return require(name)
  const loaded = (): object => require(name) as object
  return new Proxy(
    {},
    {
      get: (_, key) => Reflect.get(loaded(), key) as unknown,
      has: (_, key) => Reflect.has(loaded(), key),
      ownKeys: () => Reflect.ownKeys(loaded()),
      getOwnPropertyDescriptor: (_, key) => ({
        ...Reflect.getOwnPropertyDescriptor(loaded(), key),
        configurable: true,
      }),
    },
  )
}
