/**
 * Programs for the kernel's packet filter, which is what a filter of system calls is written in.
 * Jumps go forward only and skip at most 255 instructions, so the numbers of calls are found by
 * halving, and all answers stand at the end.
 *
 * An instruction is carried as one number, as the kernel lays it out on a little-endian machine:
 * code u16, jump if true u8, jump if false u8, operand u32.
 */
import { strict as assert } from 'node:assert'

/** What the kernel shows of a call: u32 number, u32 processor, u64 address, six u64 arguments. */
export const numberAt = 0
export const processorAt = 4
/** The lower half of an argument, which is all there is of those that are an `int`. */
export const argumentAt = (index: number): number => 16 + 8 * index

const LOAD = 0x20
const JUMP_EQUAL = 0x15
const JUMP_AT_LEAST = 0x35
const JUMP_ANY_BIT = 0x45
const RETURN = 0x06

export type Line =
  | { readonly label: string }
  | { readonly load: number }
  | { readonly answer: number }
  | {
      readonly test: 'equal' | 'at least' | 'any bit'
      readonly operand: number
      readonly yes: string
      readonly no: string
    }

/** A label stands for the line after it. */
export const assemble = (lines: readonly Line[]): readonly bigint[] => {
  const places = new Map<string, number>()
  let length = 0
  for (const line of lines)
    if ('label' in line) places.set(line.label, length)
    else length += 1
  let at = 0
  return lines.flatMap(line => {
    if ('label' in line) return []
    at += 1
    const skip = (label: string): number => {
      const place = places.get(label)
      assert(place !== undefined, `no label ${label}`)
      assert(place >= at && place - at <= 255, `a jump from ${at} to ${place}`)
      return place - at
    }
    if ('load' in line) return [instruction(LOAD, 0, 0, line.load)]
    if ('answer' in line) return [instruction(RETURN, 0, 0, line.answer)]
    return [instruction(codes[line.test], skip(line.yes), skip(line.no), line.operand)]
  })
}

const codes = { equal: JUMP_EQUAL, 'at least': JUMP_AT_LEAST, 'any bit': JUMP_ANY_BIT } as const

const instruction = (code: number, yes: number, no: number, operand: number): bigint =>
  BigInt(code) | (BigInt(yes) << 16n) | (BigInt(no) << 24n) | (BigInt(operand >>> 0) << 32n)

/** From `from` on, up to the next one, a number leads to this label. */
export interface Range {
  readonly from: number
  readonly label: string
}

/** Which label the loaded number leads to. The first range begins at 0. `name`: for labels. */
export const search = (ranges: readonly Range[], name: string): readonly Line[] => {
  const lines: Line[] = []
  const halve = (low: number, high: number): string => {
    if (high - low === 1) return ranges[low]?.label ?? ''
    const middle = (low + high) >> 1
    const label = `${name} ${low} ${high}`
    const at = lines.length
    lines.push({ label })
    const no = halve(low, middle)
    const yes = halve(middle, high)
    const operand = ranges[middle]?.from ?? 0
    lines.splice(at + 1, 0, { test: 'at least', operand, yes, no })
    return label
  }
  const first = halve(0, ranges.length)
  return lines.length > 0 ? lines : [{ test: 'at least', operand: 0, yes: first, no: first }]
}
