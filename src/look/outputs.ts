/**
 * The file in which an instance's output is, as somebody outside of its container can open it. A
 * file that the container configuration names is opened without following any link on its way:
 * the application could make it lead to a file of the host.
 */
import { closeSync, constants, openSync } from 'node:fs'
import { viewOf } from '../check/view.ts'
import { componentsOf } from '../evaluate/inside.ts'
import { outputOf } from '../spec.ts'
import type { Spec } from '../spec.ts'
import { openLog } from './logPieces.ts'
import type { Row } from './rows.ts'

export interface Output {
  readonly path: string
  /** Null: it is no file. Throws what the file system throws. */
  readonly open: () => number | null
  /** Whether knots write to it when an application starts and ends, and rotation reaches it. */
  readonly isOurs: boolean
}

export type Found = Output | { readonly problem: string }

export const outputFor = (row: Row, which: 'output' | 'log'): Found => {
  const { spec } = row
  if (spec === null) return { problem: `nobody remembers the configuration of ${row.name}` }
  if (which === 'log') return ours(spec.places.log)
  if (spec.outputFile === null) return ours(outputOf(spec, row.name))
  return row.pid === null ? inImage(spec, spec.outputFile) : inContainer(row.pid, spec.outputFile)
}

const ours = (path: string): Output => ({ path, open: () => openLog(path), isOurs: true })

const inContainer = (pid: number, path: string): Output => ({
  path: `/proc/${pid}/root${path}`,
  open: () => openBelow(`/proc/${pid}/root`, componentsOf(path)),
  isOurs: false,
})

const inImage = (spec: Spec, path: string): Found => {
  const view = viewOf({ image: spec.image, spec })
  const found = view.look(path)
  if (found.kind !== 'found')
    return { problem: `it does not run, and its ${path} was in the container only` }
  const base = found.mount === null ? spec.image : (view.mounts.get(found.mount) ?? spec.image)
  return {
    path: found.host,
    open: () => openBelow(base, componentsOf(found.host.slice(base.length))),
    isOurs: false,
  }
}

const openBelow = (base: string, names: readonly string[]): number | null => {
  const directory = constants.O_RDONLY | constants.O_DIRECTORY
  let fd = openSync(base, directory)
  try {
    for (const name of names.slice(0, -1)) {
      const next = openSync(`/proc/self/fd/${fd}/${name}`, directory | constants.O_NOFOLLOW)
      closeSync(fd)
      fd = next
    }
    return openLog(`/proc/self/fd/${fd}/${names.at(-1) ?? '.'}`, constants.O_NOFOLLOW)
  } finally {
    closeSync(fd)
  }
}
