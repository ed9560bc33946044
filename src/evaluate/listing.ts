/**
 * The sandboxes of a directory: `NAME.yaml`, a regular file or a link to one. Hidden files are
 * none, and what editors leave behind (`x.yaml~`, `x.yaml.bak`, `#x.yaml#`) does not end so.
 */
import { existsSync, readdirSync, statSync } from 'node:fs'
import type { Dirent } from 'node:fs'
import { join } from 'node:path'
import { sandboxOf } from '../config/names.ts'

/** Names in order. Throws what the directory throws. */
export const listSandboxes = (directory: string): readonly string[] =>
  readdirSync(directory, { withFileTypes: true })
    .filter(entry => isFile(directory, entry))
    .flatMap(({ name }) => sandboxOf(name) ?? [])
    .sort()

const isFile = (directory: string, entry: Dirent): boolean =>
  entry.isFile() || (entry.isSymbolicLink() && mayBeFile(join(directory, entry.name)))

/** Somebody wanted a file where a link leads nowhere: reading it says what is wrong. */
const mayBeFile = (link: string): boolean => {
  try {
    return statSync(link).isFile()
  } catch {
    return true
  }
}

/** How an administrator says, in the directory itself, that a sandbox is to be no more. */
export const isRemoved = (directory: string, sandbox: string): boolean =>
  existsSync(join(directory, `${sandbox}.yaml.removed`))
