/**
 * Writes V8's code cache for bundles, `node FLAGS cache.cjs BUNDLE...`, under the very flags they
 * will run with. Nothing is run for it: every function is compiled ahead, so that none has to be
 * when it is called for the first time.
 */
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { cacheFileOf, compile, optimiseLate, packCache } from './load.ts'

optimiseLate()

for (const bundle of process.argv.slice(2)) {
  const file = cacheFileOf(bundle)
  rmSync(file, { force: true })
  setFlagsFromString('--no-lazy')
  const { script, source } = compile(bundle)
  // Back again before the cache is made: it remembers the flags, and they must be the usual ones.
  setFlagsFromString('--lazy')
  writeFileSync(`${file}.new`, packCache(source, script.createCachedData()))
  renameSync(`${file}.new`, file)
}
