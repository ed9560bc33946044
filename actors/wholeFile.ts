/**
 * A file that is there whole or not at all: written beside its place and renamed. One write at a
 * time; of what is to be written meanwhile, only the last.
 */
import { constants } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'

export interface WholeFile {
  /** Resolves when this text, or a later one, has its name or could not get it. Never rejects. */
  readonly write: (text: string | Buffer) => Promise<void>
}

/** `failed` is told the code of each failure, and null when it goes well again. */
export const createWholeFile = (
  path: string,
  mode: number,
  failed: (code: string | null) => void,
): WholeFile => {
  let waiting: string | Buffer | null = null
  let flight: Promise<void> | null = null

  const run = async (): Promise<void> => {
    for (let text = waiting; text !== null; text = waiting) {
      waiting = null
      try {
        await writeWhole(path, text, mode)
        failed(null)
      } catch (error) {
        failed((error as NodeJS.ErrnoException).code ?? String(error))
      }
    }
    flight = null
  }

  return {
    write: text => {
      waiting = text
      return (flight ??= run())
    },
  }
}

const writeWhole = async (path: string, text: string | Buffer, mode: number): Promise<void> => {
  const aside = `${path}.tmp`
  await rm(aside, { force: true })
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  const file = await open(aside, flags, mode)
  try {
    // Whatever the umask of who has started us.
    await file.chmod(mode)
    await file.writeFile(text)
  } finally {
    await file.close()
  }
  await rename(aside, path)
}
