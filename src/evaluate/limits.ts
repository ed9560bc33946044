/**
 * What a container asks for, and what its sandbox grants. A ceiling is not refused but kept to:
 * one that was lowered has to bind at the next start, whatever stands in the image.
 */
import type { Container } from '../config/shapes.ts'
import { warning } from './finding.ts'
import type { Finding } from './finding.ts'
import type { Limits } from '../spec.ts'
import { nameOf } from './subject.ts'
import type { Subject } from './subject.ts'

type Key =
  'memoryLimit' | 'memoryHigh' | 'filenoLimit' | 'cpuShares' | 'pidsLimit' | 'cpuQuota' | 'ioWeight'

/** What a key means that is not written. */
const unasked: Readonly<Partial<Record<Key, bigint>>> = {
  memoryLimit: 2n ** 63n - 1n,
  filenoLimit: 1024n,
  cpuShares: 1024n,
  ioWeight: 100n,
}

const keys: readonly Key[] = [
  'memoryLimit',
  'memoryHigh',
  'filenoLimit',
  'cpuShares',
  'pidsLimit',
  'cpuQuota',
  'ioWeight',
]

const asBigint = (value: bigint | number | null): bigint | null =>
  value === null ? null : BigInt(value)

const askedOf = (container: Container, key: Key): bigint | null => asBigint(container[key])

const granted = ({ sandbox, container }: Subject, key: Key): bigint | null => {
  const asked = askedOf(container.value, key)
  const ceiling = asBigint(sandbox.value[key])
  if (ceiling === null) return asked
  const wish = asked ?? unasked[key] ?? ceiling
  return wish < ceiling ? wish : ceiling
}

/** The limits of a specification; those that are ours only where there are any. */
export const limitsOf = (
  subject: Subject,
): {
  readonly memoryLimit: string
  readonly filenoLimit: string
  readonly cpuShares: number
  readonly limits?: Limits
} => {
  const number = (key: Key): number | null => {
    const value = granted(subject, key)
    return value === null ? null : Number(value)
  }
  const memoryHigh = granted(subject, 'memoryHigh')
  const [pids, cpuQuota, ioWeight] = [number('pidsLimit'), number('cpuQuota'), number('ioWeight')]
  const limits: Limits = {
    ...(memoryHigh !== null && { memoryHigh: String(memoryHigh) }),
    ...(pids !== null && { pids }),
    ...(cpuQuota !== null && { cpuQuota }),
    ...(ioWeight !== null && { ioWeight }),
  }
  return {
    memoryLimit: String(granted(subject, 'memoryLimit')),
    filenoLimit: String(granted(subject, 'filenoLimit')),
    cpuShares: number('cpuShares') ?? 0,
    ...(Object.keys(limits).length > 0 && { limits }),
  }
}

const dashed = (key: Key): string => key.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)

export const checkCeilings = (subject: Subject): readonly Finding[] =>
  keys.flatMap(key => {
    const asked = askedOf(subject.container.value, key)
    const given = granted(subject, key)
    if (asked === null || given === asked || asked === unasked[key]) return []
    const { file } = subject.container
    const name = dashed(key)
    return [
      warning(
        file,
        [name],
        `${name}: ${nameOf(subject)} asks for ${asked} and gets ${given}, ` +
          `which is \`${name}\` of ${subject.sandbox.file}`,
      ),
    ]
  })
