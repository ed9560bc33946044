/** What the kernel would refuse at the exec, or kill right after it, however it is asked. */
import { instanceJson } from '../config/instanceJson.ts'
import { mistake } from '../evaluate/finding.ts'
import type { Finding, KeyPath } from '../evaluate/finding.ts'
import type { Examined } from '../evaluate/sandbox.ts'
import { nameOf } from '../evaluate/subject.ts'
import { substituted } from '../plan/substituted.ts'

/** Of one argument or variable, with the zero that ends it: 32 pages. */
export const wordMax = 128 * 1024
/** Of all together: a quarter of the usual stack of 8 MiB. */
const wordsMax = 2 * 1024 * 1024
const pointerBytes = 8

/**
 * Bytes. The pages that the kernel charges for the stack, tables and first pages of any program
 * are more than this, so that it is killed before its first instruction.
 */
const memoryMin = 128n * 1024n

export const checkKernelBounds = (examined: Examined): readonly Finding[] => [
  ...checkWords(examined),
  ...checkMemory(examined),
]

const checkWords = ({ subject, spec }: Examined): readonly Finding[] => {
  const { container, process } = subject
  const { file } = container
  const instance = `${nameOf(subject)}.0`
  const words: readonly (readonly [path: KeyPath, text: string])[] = [
    ...spec.arguments.map((text, index) => [['arguments', index], text] as const),
    ...spec.environ.map(([name, text]) => [['environ', name], `${name}=${text}`] as const),
  ]
  const sizes = words.map(
    ([path, text]) => [path, Buffer.byteLength(substituted(spec, instance, text)) + 1] as const,
  )
  const large = sizes.filter(([, size]) => size > wordMax)
  const total = sizes.reduce((sum, [, size]) => sum + size + pointerBytes, 0)
  // A knot has what its instance was configured with on its own command line.
  const shown = Buffer.byteLength(instanceJson(process.value, 0))
  return [
    ...(shown >= wordMax
      ? [
          mistake(
            process.file,
            [process.name],
            `The variables of ${nameOf(subject)} and all else that is said of it here have ` +
              `${shown} bytes, and the kernel takes ${wordMax - 1} at most`,
          ),
        ]
      : []),
    ...large.map(([path, size]) =>
      mistake(
        file,
        path,
        `${path[0] === 'arguments' ? 'An argument' : `The variable ${path[1]}`} of ` +
          `${nameOf(subject)} has ${size - 1} bytes, and the kernel takes ${wordMax - 1} at most`,
      ),
    ),
    ...(total > wordsMax && large.length === 0
      ? [
          mistake(
            file,
            ['executable'],
            `The arguments and variables of ${nameOf(subject)} have ${total} bytes together, ` +
              `and the kernel takes ${wordsMax} at most`,
          ),
        ]
      : []),
  ]
}

const checkMemory = ({ subject, spec }: Examined): readonly Finding[] => {
  const limit = BigInt(spec.memoryLimit)
  const isKept = spec.cgroup !== null && spec.cgroup.controllers.includes('memory')
  if (!isKept || limit >= memoryMin) return []
  const { sandbox, container } = subject
  const file = limit === container.value.memoryLimit ? container.file : sandbox.file
  return [
    mistake(
      file,
      ['memory-limit'],
      `memory-limit: ${limit} bytes are too few for any program; ${nameOf(subject)} would be ` +
        'killed at once',
    ),
  ]
}
