/**
 * What the instances use, as their control groups say. A thousand of them are three thousand
 * files: they are read a few at a time, and whatever there is to decide goes first.
 */
import { setImmediate } from 'node:timers/promises'
import { join } from 'node:path'
import { groupsOf } from '../../native/cgroup.ts'
import type { Layout } from '../../native/cgroup.ts'
import { readTexts } from '../../native/look.ts'
import type { Usage } from './families.ts'

/** So many take less than half a millisecond. */
const atOnce = 20

interface Files {
  readonly memory: string | null
  readonly cpu: string | null
  /** One of them as text to seconds. */
  readonly toSeconds: (text: string) => number
}

const filesOf = (layout: Layout, instance: string): Files => {
  const { v1, v2 } = groupsOf(layout, instance)
  const of = (controller: string): string | null =>
    v1.find(({ controllers }) => controllers.includes(controller))?.dir ?? null
  const [memory, cpu] = [of('memory'), of('cpuacct')]
  const memoryFile =
    memory !== null ? join(memory, 'memory.usage_in_bytes') : inV2(v2, 'memory.current')
  return cpu !== null
    ? { memory: memoryFile, cpu: join(cpu, 'cpuacct.usage'), toSeconds: nano }
    : { memory: memoryFile, cpu: inV2(v2, 'cpu.stat'), toSeconds: micro }
}

const inV2 = (dir: string | null, name: string): string | null =>
  dir === null ? null : join(dir, name)

const nano = (text: string): number => Number(text) / 1e9

const micro = (text: string): number => Number(/^usage_usec (\d+)$/m.exec(text)?.[1] ?? NaN) / 1e6

/** Of those that have a control group. Never rejects. */
export const readUsage = async (
  layout: Layout,
  instances: readonly string[],
): Promise<ReadonlyMap<string, Usage>> => {
  const usage = new Map<string, Usage>()
  for (let start = 0; start < instances.length; start += atOnce) {
    const some = instances.slice(start, start + atOnce)
    try {
      readSome(layout, some, usage)
    } catch {
      // A shortage of descriptors, say: then it is not known this time.
    }
    await setImmediate()
  }
  return usage
}

const readSome = (layout: Layout, names: readonly string[], into: Map<string, Usage>): void => {
  const files = names.map(name => filesOf(layout, name))
  const paths = files.flatMap(({ memory, cpu }) => [memory, cpu]).filter(path => path !== null)
  const texts = new Map(readTexts(paths).map((text, index) => [paths[index] as string, text]))
  names.forEach((name, index) => {
    const { memory, cpu, toSeconds } = files[index] as Files
    const memoryText = memory === null ? null : (texts.get(memory) ?? null)
    const cpuText = cpu === null ? null : (texts.get(cpu) ?? null)
    if (memoryText === null && cpuText === null) return
    into.set(name, {
      memoryBytes: known(memoryText === null ? NaN : Number(memoryText)),
      cpuSeconds: known(cpuText === null ? NaN : toSeconds(cpuText)),
    })
  })
}

const known = (value: number): number | null => (Number.isFinite(value) ? value : null)
