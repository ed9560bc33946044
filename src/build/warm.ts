/**
 * Runs a bundle once and writes V8's code cache for it: `node FLAGS warm.cjs BUNDLE ARGUMENT...`.
 * The cache is taken at the very end, when it also holds the functions that were compiled on
 * their first call.
 */
import { renameSync, writeFileSync } from 'node:fs'
import { cacheFileOf, load, packCache } from './load.ts'

const [, , bundle = '', ...argv] = process.argv
const { script, source, command } = load(bundle)

process.on('exit', () => {
  const file = cacheFileOf(bundle)
  writeFileSync(`${file}.new`, packCache(source, script.createCachedData()))
  renameSync(`${file}.new`, file)
})
void command.run(argv)
