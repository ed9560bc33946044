/**
 * Goal: who follows sees each turn once, as soon as it is written, through every replacement
 *       of the file, and leaves nothing behind.
 * Method: a writer and a follower in one process, taking turns.
 */
import * as fs from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { follow } from '../../journal/follow.ts'
import type { Item } from '../../journal/read.ts'
import { numbers } from './archiveWorld.ts'
import { brief, inTemporaryDirectory, live } from './story.ts'
import type { Life } from './story.ts'

const hear = (life: Life, times: number): void => {
  for (let turn = 0; turn < times; turn++) life.hear('a')
}

const take = async (items: AsyncGenerator<Item>, turns: number): Promise<string> => {
  const seen: Item[] = []
  while (seen.filter(({ kind }) => kind === 'turn').length < turns) {
    const next = await items.next()
    if (next.done === true) throw new Error(`the story ended after ${brief(seen)}`)
    seen.push(next.value)
  }
  return brief(seen)
}

/** A story that never comes would keep the test waiting for ever. */
const hangsAfterMs = 60_000

const following = (
  work: (directory: string, begin: (afterSeq?: number) => AsyncGenerator<Item>) => Promise<void>,
): (() => Promise<void>) => {
  return () =>
    inTemporaryDirectory(async directory => {
      const stop = new AbortController()
      const hanging = setTimeout(() => stop.abort(), hangsAfterMs)
      const begun: AsyncGenerator<Item>[] = []
      const begin = (afterSeq?: number): AsyncGenerator<Item> => {
        const start = afterSeq === undefined ? {} : { afterSeq }
        const items = follow({ hotDirectory: directory, signal: stop.signal, ...start })
        begun.push(items)
        return items
      }
      try {
        await work(directory, begin)
      } finally {
        clearTimeout(hanging)
        stop.abort()
        await Promise.all(begun.map(items => items.return(undefined)))
      }
    })
}

test(
  'from a turn on: what is there already, then what comes',
  following(async (directory, begin) => {
    const life = live(directory)
    hear(life, 5)
    const items = begin(3)
    assert.is(await take(items, 2), '4 5')
    const next = take(items, 2)
    hear(life, 2)
    assert.is(await next, '6 7')
  }),
)

test(
  'without a beginning: what comes next',
  following(async (directory, begin) => {
    const life = live(directory)
    hear(life, 5)
    const items = begin()
    const writing = setInterval(() => hear(life, 1), 5)
    const [first = 0, second, third] = (await take(items, 3)).split(' ').map(Number)
    clearInterval(writing)
    assert.ok(first > 5)
    assert.equal([second, third], [first + 1, first + 2])
  }),
)

test(
  'through checkpoints, one or several at a time',
  following(async (directory, begin) => {
    const life = live(directory)
    hear(life, 2)
    const items = begin(0)
    assert.is(await take(items, 2), '1 2')
    hear(life, 2)
    life.hot.checkpoint()
    hear(life, 2)
    assert.is(await take(items, 4), '3 4 [4] 5 6')
    hear(life, 1)
    life.hot.checkpoint()
    hear(life, 2)
    life.hot.checkpoint()
    hear(life, 1)
    assert.is(await take(items, 4), '7 [7] 8 9 [9] 10')
  }),
)

test(
  'three checkpoints at a time: what nobody has any more is a gap',
  following(async (directory, begin) => {
    const life = live(directory)
    hear(life, 2)
    const items = begin(0)
    await take(items, 2)
    for (let group = 0; group < 3; group++) {
      hear(life, 2)
      life.hot.checkpoint()
    }
    hear(life, 1)
    assert.is(await take(items, 5), '3 4 gap 5-6 [6] 7 8 [8] 9')
  }),
)

test(
  'many turns through many checkpoints, written while they are read',
  following(async (directory, begin) => {
    const life = live(directory, { turnBytesMax: 5_000 })
    const items = begin(0)
    const seen: string[] = []
    for (let group = 0; group < 50; group++) {
      const next = take(items, 40)
      hear(life, 13)
      await new Promise(resolve => setImmediate(resolve))
      hear(life, 27)
      seen.push(...(await next).split(' ').filter(word => /^\d+$/.test(word)))
    }
    assert.is(seen.join(' '), numbers(1, 2_000))
  }),
)

test(
  'through a new life of the supervisor, and a journal set aside',
  following(async (directory, begin) => {
    const first = live(directory)
    hear(first, 2)
    const items = begin(0)
    await take(items, 2)
    first.hot.close()
    const second = live(directory)
    hear(second, 1)
    assert.is(await take(items, 1), '3')
    second.hot.close()
    const file = `${directory}/hot.log`
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('"a"', '"b"'))
    const third = live(directory)
    const seq = third.hear('a')
    assert.match(await take(items, 1), new RegExp(`${seq}$`))
  }),
)

test('ends with the signal, also while it sleeps; closes what it opened', () =>
  inTemporaryDirectory(async directory => {
    const life = live(directory)
    hear(life, 1)
    const before = fs.readdirSync('/proc/self/fd').length
    const stop = new AbortController()
    const items = follow({ hotDirectory: directory, signal: stop.signal, afterSeq: 0 })
    await take(items, 1)
    const last = items.next()
    setTimeout(() => stop.abort(), 5)
    assert.equal(await last, { value: undefined, done: true })
    assert.ok(fs.readdirSync('/proc/self/fd').length <= before + 1, 'inotify itself may stay')
    const gone = new AbortController()
    gone.abort()
    for await (const item of follow({ hotDirectory: directory, signal: gone.signal })) {
      assert.unreachable(brief([item]))
    }
  }))

test('a directory that is not there is an error', async () => {
  const items = follow({ hotDirectory: '/nonexistent', signal: new AbortController().signal })
  try {
    await items.next()
    assert.unreachable()
  } catch (error) {
    assert.match(String(error), /ENOENT.*\/nonexistent/)
  }
})

test.run()
