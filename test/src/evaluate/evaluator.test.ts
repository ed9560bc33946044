/**
 * Goal: a second look sees every change and nothing else, and costs nothing where nothing changed.
 * Method: configurations that are changed between evaluations. That a file was not read again
 * shows by the identity of what comes back.
 */
import * as fs from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { createEvaluator } from '../../../src/evaluate/evaluator.ts'
import type { Evaluator } from '../../../src/evaluate/evaluator.ts'
import { createFileCache } from '../../../src/evaluate/files.ts'
import type { Evaluation } from '../../../src/evaluate/sandbox.ts'
import type { Settings } from '../../../src/evaluate/settings.ts'
import { container, processes, run, sandbox, site, web } from './rows/row.ts'
import { makeWorld } from './world.ts'
import type { World } from './world.ts'

interface Scene {
  readonly world: World
  readonly evaluator: Evaluator
  readonly settings: Settings
  readonly evaluate: () => Evaluation
}

/** `later`: how long after they were written the files are looked at, milliseconds. */
const scene = (use: (scene: Scene) => void, later = 3_600_000, address: string | null = null) => {
  const world = makeWorld()
  const host = { hostname: 'box', address: () => address }
  try {
    const evaluator = createEvaluator(
      world.master,
      () => Date.now() + later,
      () => host,
    )
    const { value } = evaluator.settings()
    if (value === null) throw new Error('the master file of the test is wrong')
    use({ world, evaluator, settings: value, evaluate: () => evaluator.sandbox(value, 'site') })
  } finally {
    world.remove()
  }
}

test('what has not changed is not judged again', () =>
  scene(({ evaluate }) => {
    const first = evaluate()
    assert.is(evaluate(), first)
    assert.is(evaluate(), first)
  }))

const changes: readonly (readonly [name: string, change: (world: World) => void])[] = [
  ['the sandbox', ({ write }) => write({ [sandbox]: site('default-user: 101\n') })],
  ['the processes', ({ write }) => write({ [processes]: web('  instances: 3\n') })],
  ['the container', ({ write }) => write({ [container]: run('arguments: [x]\n') })],
  [
    'another file of the same size in its place',
    ({ top, write }) => {
      write({ 'other.yaml': web('  instances: 9\n').replace('web:', 'wex:') })
      fs.renameSync(join(top, 'other.yaml'), join(top, processes))
    },
  ],
  [
    'a link in the image that leads elsewhere',
    ({ top, write }) => {
      write({ 'images/web.1/config.new/web.yaml': run('') })
      fs.renameSync(join(top, 'images/web.1/config'), join(top, 'images/web.1/config.old'))
      fs.symlinkSync('config.new', join(top, 'images/web.1/config'))
    },
  ],
]
for (const [name, change] of changes)
  test(`a change is seen: ${name}`, () =>
    scene(({ world, evaluate }) => {
      const first = evaluate()
      change(world)
      const second = evaluate()
      assert.is.not(second, first)
      assert.is.not(JSON.stringify([...second.wanted]), JSON.stringify([...first.wanted]))
      assert.is(evaluate(), second)
    }))

test('a refusal is judged again, though no file has changed', () =>
  scene(({ world, evaluate }) => {
    world.write({ [container]: run('hosts-file: {public-hostname: true}\n') })
    const first = evaluate()
    assert.is(first.wanted.size, 0)
    assert.is.not(evaluate(), first)
  }))

test('the name of the host is a reason only where it is wanted', () => {
  const files = { [container]: run('hosts-file: {copy-from-host: false}\n') }
  const wanted = (address: string | null): number => {
    let size = -1
    const use = ({ world, evaluate }: Scene): void => {
      world.write(files)
      size = evaluate().wanted.size
    }
    scene(use, 0, address)
    return size
  }
  assert.is(wanted('192.0.2.1'), 2)
  assert.is(wanted(null), 0)
})

test('a file that may still be changing is read again, though it looks the same', () => {
  const world = makeWorld()
  try {
    const file = join(world.top, 'x')
    fs.writeFileSync(file, 'one')
    const { ctimeMs } = fs.statSync(file)
    let now = ctimeMs + 50
    const cache = createFileCache(() => now)
    const decode = (_file: string, text: string) => ({ value: { text }, problems: [] })
    const read = () => cache.open('s').read(file, decode).value
    const first = read()
    assert.is.not(read(), first)
    now = ctimeMs + 1_000
    const late = read()
    assert.is(read(), late)
    assert.equal(late, { text: 'one' })
    fs.rmSync(file)
    assert.is(cache.open('s').read(file, decode).value, null)
  } finally {
    world.remove()
  }
})

test('sandboxes come and go', () =>
  scene(({ world, evaluator, settings }) => {
    assert.equal(evaluator.sandboxes(settings).names, ['site'])
    world.write({
      'etc/sandboxes/a.yaml': '',
      'etc/sandboxes/.b.yaml': '',
      'etc/sandboxes/c.yml': '',
    })
    assert.equal(evaluator.sandboxes(settings).names, ['a', 'site'])
    fs.rmSync(join(world.top, sandbox))
    assert.equal(evaluator.sandboxes(settings).names, ['a'])
    fs.rmSync(join(world.top, 'etc/sandboxes'), { recursive: true })
    const { names, problems } = evaluator.sandboxes(settings)
    assert.is(names, null)
    assert.is(problems[0]?.message, "Can't read config directory: it does not exist")
  }))

test.run()
