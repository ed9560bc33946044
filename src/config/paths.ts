/**
 * Paths that the configuration of a container names. They are looked up below a directory of the
 * administrator's, so a path that is not absolute or climbs with `..` is a mistake wherever it is.
 */
import * as t from 'io-ts'
import type { Decoder, KeyRule } from './codec.ts'
import { decoder, unexpected } from './codec.ts'
import { isUsable, textOf } from './words.ts'
import { quote } from './value.ts'

const isContained = (path: string): boolean =>
  path.startsWith('/') && !path.split('/').includes('..') && isUsable(path)

export const containedPath = (name: string): Decoder<string> =>
  decoder(name, (value, context) => {
    const path = textOf(value)
    return path !== null && isContained(path)
      ? t.success(path)
      : unexpected(value, context, hintFor(path))
  })

const hintFor = (path: string | null): string | null => {
  if (path === null) return null
  if (!isUsable(path)) return 'a path cannot hold a NUL character'
  return path.startsWith('/') ? '".." is not accepted' : 'it must begin with "/"'
}

export const mountPointRule: KeyRule = path =>
  isContained(path)
    ? /[^/]/.test(path)
      ? null
      : 'expected a mount point, found "/", which is the image itself'
    : `expected an absolute mount point without "..", found ${quote(path)}; ${hintFor(path)}`
