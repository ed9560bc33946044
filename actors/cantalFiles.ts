/**
 * The two files of the cantal protocol: `BASE.values`, which readers map into their memory, and
 * `BASE.meta`, which says what is in it. Both are opened anew under their names only where the set
 * of values is another one; else the values are written over in place. Nothing depends on them, so
 * what fails is said once. Nothing here waits for a disk in the way of somebody else.
 */
import { constants, rmSync } from 'node:fs'
import { open, readFile, rename, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'

export interface CantalFiles {
  /** What the files of an earlier life say. Resolves with null where they are not there. */
  readonly read: () => Promise<{ readonly meta: string; readonly values: Buffer } | null>
  /** Never rejects. One at a time; of those that come meanwhile only the last is written. */
  readonly write: (meta: string, values: Buffer) => Promise<void>
  /** Both names are gone when this returns. */
  readonly remove: () => void
}

export const createCantalFiles = (base: string, warn: (text: string) => void): CantalFiles => {
  const [metaFile, valuesFile, aside] = [`${base}.meta`, `${base}.values`, `${base}.tmp`]
  let published: { readonly meta: string; readonly file: FileHandle } | null = null
  let waiting: { readonly meta: string; readonly values: Buffer } | null = null
  let flight: Promise<void> | null = null
  let hasComplained = false
  let isRemoved = false

  const read: CantalFiles['read'] = async () => {
    try {
      const [meta, values] = await Promise.all([readFile(metaFile, 'utf8'), readFile(valuesFile)])
      return { meta, values }
    } catch {
      return null
    }
  }

  /** Those of an earlier life, where they are what we would make. */
  const reuse = async (meta: string, values: Buffer): Promise<FileHandle | null> => {
    const old = await read()
    if (old === null || old.meta !== meta || old.values.length !== values.length) return null
    const file = await open(valuesFile, constants.O_RDWR | constants.O_NOFOLLOW)
    if ((await file.stat()).isFile()) return file
    await file.close()
    return null
  }

  /** The values have their name before the text that describes them has. */
  const publish = async (meta: string, values: Buffer): Promise<FileHandle> => {
    for (const path of [aside, valuesFile, metaFile]) await rm(path, { force: true })
    const file = await make(values)
    try {
      await rename(aside, valuesFile)
      await (await make(meta)).close()
      await rename(aside, metaFile)
      return file
    } catch (error) {
      await file.close()
      throw error
    }
  }

  const make = async (content: Buffer | string): Promise<FileHandle> => {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
    const file = await open(aside, flags, 0o644)
    await file.chmod(0o644)
    await file.writeFile(content)
    return file
  }

  const put = async (meta: string, values: Buffer): Promise<void> => {
    if (published !== null && published.meta === meta) {
      await published.file.write(values, 0, values.length, 0)
      return
    }
    const former = published
    const old = former === null ? await reuse(meta, values) : null
    await old?.write(values, 0, values.length, 0)
    published = { meta, file: old ?? (await publish(meta, values)) }
    await former?.file.close()
  }

  const run = async (): Promise<void> => {
    for (let next = waiting; next !== null; next = waiting) {
      waiting = null
      try {
        await put(next.meta, next.values)
      } catch (error) {
        if (!hasComplained) warn(`Metrics cannot be written to ${base}.values: ${String(error)}`)
        hasComplained = true
      }
    }
    flight = null
    if (isRemoved) removeFiles()
  }

  const removeFiles = (): void => {
    for (const path of [aside, metaFile, valuesFile]) {
      try {
        rmSync(path, { force: true })
      } catch {
        // A directory of somebody, a file system that went read-only: not ours to mend.
      }
    }
  }

  return {
    read,
    write: (meta, values) => {
      if (isRemoved) return Promise.resolve()
      waiting = { meta, values }
      return (flight ??= run())
    },
    remove: () => {
      isRemoved = true
      waiting = null
      void published?.file.close()
      published = null
      removeFiles()
    },
  }
}
