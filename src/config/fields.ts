/** Words that several of the files share. */
import type { Decoder, KeyRule } from './codec.ts'
import { listOf, required, structure } from './codec.ts'
import { readAddress } from './addresses.ts'
import { U32_MAX } from './numbers.ts'
import { readRange } from './ranges.ts'
import type { IdMapping, LogLevel, Range } from './shapes.ts'
import { isUsable, mapped, text, wholeNumber, word } from './words.ts'

export const MAX_64 = 2n ** 63n - 1n

export const path = text('a path')
export const texts = listOf('a list of texts', text('text'))

export const u32 = wholeNumber('a whole number from 0 to 4294967295', 0n, BigInt(U32_MAX))

/** The last number stands for no user and no group; the kernel leaves the owner as it is. */
export const ownerId = wholeNumber('a whole number from 0 to 4294967294', 0n, BigInt(U32_MAX) - 1n)

export const range: Decoder<Range> = word('a range such as 1000 or 1-65535', source => {
  const means = readRange(source)
  if (means !== null) return { means }
  const spaced = readRange(source.replaceAll(' ', ''))
  return { hint: spaced === null ? null : 'without blanks' }
})

export const ranges = listOf('a list of ranges such as [0, 1000-2000]', range)

const idMapping: Decoder<IdMapping> = structure('a mapping of inside, outside and count', {
  inside: required(u32),
  outside: required(u32),
  count: required(u32),
})

export const idMap = listOf('a list of id mappings', idMapping)

export const ipAddress: Decoder<string> = word('an IP address', source => {
  const read = readAddress(source)
  if (read !== null) return { means: read.address }
  const hint = /^[A-Za-z]/.test(source) ? 'host names are not looked up' : null
  return { hint }
})

const LOG_LEVELS: readonly LogLevel[] = ['error', 'warn', 'info', 'debug', 'trace']

export const logLevelOf = (source: string): LogLevel | null =>
  LOG_LEVELS.find(level => level === source.toLowerCase()) ?? null

/** An unknown word is accepted; `concerns.ts` warns of it. */
export const logLevel = mapped(text('a log level'), logLevelOf)

export const anyKey: KeyRule = key =>
  isUsable(key) ? null : 'expected a key without a NUL character'
