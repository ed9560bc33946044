/**
 * The configuration log: one line for every sandbox at every start and reload, also where nothing
 * changed, so that "when was it active" has an answer. Format and rotation are the original's:
 * lithos_clean and people's scripts read it.
 */
import { appendFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { sayTime } from './time.ts'

const bytesMax = 10_485_760
const filesMax = 100

/** `at`: milliseconds since 1970. Throws what the file system throws. */
export const appendConfigLog = (
  directory: string,
  sandbox: string,
  at: number,
  json: string,
): void => {
  const file = join(directory, `${sandbox}.log`)
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > bytesMax) rotate(file)
  appendFileSync(file, `${sayTime(at)} ${json}\n`)
}

const rotate = (file: string): void => {
  rmSync(`${file}.${filesMax}`, { force: true })
  for (let number = filesMax - 1; number >= 1; number -= 1)
    move(`${file}.${number}`, `${file}.${number + 1}`)
  move(file, `${file}.1`)
}

const move = (from: string, to: string): void => {
  if (statSync(from, { throwIfNoEntry: false }) !== undefined) renameSync(from, to)
}
