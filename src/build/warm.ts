/**
 * Runs a bundle once and writes V8's code cache for it: `node FLAGS warm.cjs BUNDLE ARGUMENT...`.
 * The cache is taken at the very end, when it also holds the functions that were compiled on
 * their first call.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { keyOf, load } from './load.ts'

const [, , bundle = '', ...argv] = process.argv
const key = keyOf(readFileSync(bundle))
const { script, command } = load(bundle)

process.on('exit', () => {
  const file = bundle.replace(/\.cjs$/, '.cache')
  writeFileSync(`${file}.new`, Buffer.concat([Buffer.from(key), script.createCachedData()]))
  renameSync(`${file}.new`, file)
})
void command.run(argv)
