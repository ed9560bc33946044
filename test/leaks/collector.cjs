/**
 * Loaded into a supervisor before its program (`NODE_OPTIONS`), with `--expose-gc`: whoever writes
 * the file `ask` gets `answer`, which says what is still held after two full collections. Without
 * it, nobody can tell memory that is kept from memory that V8 has not yet looked at.
 */
const { existsSync, renameSync, unlinkSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')

const place = process.env.LITHOS_TEST_COLLECTOR

if (place !== undefined && process.argv[2] === 'lithos_tree') {
  const ask = join(place, 'ask')
  const answer = join(place, 'answer')
  setInterval(() => {
    if (!existsSync(ask)) return
    unlinkSync(ask)
    globalThis.gc()
    globalThis.gc()
    const { heapUsed, external } = process.memoryUsage()
    writeFileSync(`${answer}.new`, String(heapUsed + external))
    renameSync(`${answer}.new`, answer)
  }, 100).unref()
}
