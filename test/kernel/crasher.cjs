/**
 * Loaded into a supervisor (NODE_OPTIONS=--require) by the tests of its deaths: does what the file
 * `$LITHOS_TEST_CRASH` says as soon as it is there, once a life, and takes the word away before.
 * `start MODE` stays there: then every life ends so, a moment after its beginning.
 */
const fs = require('node:fs')
const { readFileSync, unlinkSync, writeFileSync } = fs

const file = process.env.LITHOS_TEST_CRASH
const isTree = process.argv[2] === 'lithos_tree' && !process.argv.includes('--version')

const crashes = {
  throw: () => {
    throw new Error('thrown on purpose')
  },
  reject: () => void Promise.reject(new Error('rejected on purpose')),
  overflow: () => {
    const deeper = depth => deeper(depth + 1) + 1
    deeper(0)
  },
  heap: () => {
    const kept = []
    for (;;) kept.push(Array.from({ length: 1000 }, (_, index) => ({ index })))
  },
  buffer: () => {
    const kept = []
    for (;;) kept.push(Buffer.alloc(64 << 20, 1))
  },
  // Somebody is heard, and then nothing more comes of it.
  hang: () =>
    process.once('SIGUSR2', () => {
      for (;;);
    }),
  // Somebody is heard, and that takes half a second of a processor, however long that lasts.
  busy: () =>
    process.once('SIGUSR2', () => {
      const spent = () => Object.values(process.cpuUsage()).reduce((a, b) => a + b)
      const enough = spent() + 500_000
      writeFileSync(`${file}.busy`, '')
      while (spent() < enough);
    }),
  // Nobody is heard yet: what a knot has said is being read, and that never ends.
  mute: () => {
    const { openSync } = fs
    fs.openSync = (path, ...more) => {
      while (String(path).includes('/run/knots/'));
      return openSync(path, ...more)
    }
  },
  abort: () => process.abort(),
  segv: () => process.kill(process.pid, 'SIGSEGV'),
}

const look = () => {
  let words = ''
  try {
    words = readFileSync(file, 'utf8').trim()
  } catch {
    return
  }
  if (words === '') return
  if (!words.startsWith('start ')) unlinkSync(file)
  crashes[words.replace('start ', '')]()
}

if (isTree && file !== undefined) setInterval(look, 20).unref()
