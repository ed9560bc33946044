/**
 * What the hot journal needs of a file system, and the real one. All of it is synchronous:
 * the hot journal lies in memory (tmpfs), and a turn is written before it is acted upon.
 * Each call throws as node:fs does. Tests bring a disk that is full, or that dies on the way.
 */
import * as fs from 'node:fs'

export interface Disk {
  readonly makeDirectory: (path: string) => void
  readonly list: (path: string) => ReadonlyArray<string>
  readonly read: (path: string) => Uint8Array
  /** Empties the file if there is one. */
  readonly create: (path: string) => number
  readonly openToAppend: (path: string) => number
  /** One write(2); tells how many bytes were taken. */
  readonly write: (file: number, bytes: Uint8Array) => number
  /** False: someone has removed the file, and what is written there is lost. */
  readonly isLinked: (file: number) => boolean
  readonly truncate: (file: number, bytes: number) => void
  readonly close: (file: number) => void
  readonly link: (path: string, to: string) => void
  readonly rename: (path: string, to: string) => void
  readonly remove: (path: string) => void
}

export const realDisk: Disk = {
  makeDirectory: path => void fs.mkdirSync(path, { recursive: true, mode: 0o755 }),
  list: path => fs.readdirSync(path),
  read: path => fs.readFileSync(path),
  create: path => fs.openSync(path, createFlags, fileMode),
  openToAppend: path => fs.openSync(path, appendFlags, fileMode),
  write: (file, bytes) => fs.writeSync(file, bytes),
  isLinked: file => fs.fstatSync(file).nlink > 0,
  truncate: (file, bytes) => fs.ftruncateSync(file, bytes),
  close: file => fs.closeSync(file),
  link: (path, to) => fs.linkSync(path, to),
  rename: (path, to) => fs.renameSync(path, to),
  remove: path => fs.unlinkSync(path),
}

/** `ENOSPC` and its kin, for a sentence and for a decision. */
export const codeOf = (error: unknown): string =>
  error instanceof Error ? ((error as { code?: string }).code ?? error.message) : String(error)

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_TRUNC, O_WRONLY } = fs.constants
const appendFlags = O_WRONLY | O_APPEND | O_NOFOLLOW
const createFlags = appendFlags | O_CREAT | O_TRUNC
const fileMode = 0o640
