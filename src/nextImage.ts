/**
 * What this program becomes when it starts anew in place: whatever is installed then at the path
 * it was started by. Where nothing has changed it is executed directly, which is quickest. What is
 * new goes through its own launcher, which knows how it wants to be started, and is tried in a
 * child before: half a deployment must not end a supervisor that works.
 */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { nativeDir, packageDir } from '../native/where.ts'
import type { Image } from '../native/exec.ts'

export interface NextImage {
  /** Directly, or by its launcher, which finds its way also where links have been changed. */
  readonly image: (way: 'direct' | 'launcher') => Omit<Image, 'env'>
  readonly hasChanged: () => boolean
  /** Null: it can start. Waits for a child where something has changed. */
  readonly whyNot: () => Promise<string | null>
}

/** Node under our name, where the build has left such a link: never are we called `node`. */
const named = join(nativeDir, '..', 'lithos_tree')
const program = existsSync(named) ? named : process.execPath

const shell = '/bin/sh'
const patienceMs = 10_000

/** `launcher`: the path by which we were started, links and all; `limits`: a proc(5) file. */
export const createNextImage = (
  launcher: string | null,
  limits = '/proc/self/limits',
): NextImage => {
  const first = look(launcher)
  const [, , name = 'lithos_tree', ...words] = process.argv
  return {
    image: way =>
      way === 'direct' || launcher === null
        ? {
            path: program,
            argv: [process.execPath, ...process.execArgv, ...process.argv.slice(1)],
          }
        : { path: shell, argv: [name, launcher, ...words] },
    hasChanged: () => look(launcher) !== first,
    whyNot: async () => {
      const room = whyNoRoom(limits)
      if (room !== null) return room
      const now = look(launcher)
      if (now === first || launcher === null) return null
      const reason = await tried(launcher)
      if (reason !== null) return reason
      return look(launcher) === now ? null : `${launcher} is being changed at this moment`
    },
  }
}

/** The launcher has the same figure: with less, Node dies before it runs anything. */
const addressSpaceMin = 2 ** 30

const whyNoRoom = (file: string): string | null => {
  try {
    const limits = readFileSync(file, 'latin1')
    const room = Number(/^Max address space +(\d+) /m.exec(limits)?.[1] ?? Infinity)
    return room >= addressSpaceMin
      ? null
      : `only ${room} bytes of address space are allowed (ulimit -v), not ${addressSpaceMin}`
  } catch {
    // Nobody can tell; then it is tried.
    return null
  }
}

/** The files that a start reads, as they are now; an empty word for what is missing. */
const look = (launcher: string | null): string => {
  const root = launcher === null ? packageDir : rootOf(launcher)
  const files = [
    launcher ?? program,
    ...['start.cjs', 'complete', 'lithos_tree', 'node-path', ...piecesIn(join(root, 'dist'))],
    ...['native/liblithos.so', 'native/lithos_knot', 'native/lithos_keep'],
  ].map((file, index) => (index === 0 ? file : join(root, 'dist', file)))
  return [root, ...files.map(signature)].join('\n')
}

/** Of the supervisor, and what V8 made of each. */
const piecesIn = (dist: string): readonly string[] => {
  try {
    return readdirSync(dist).filter(name => /^tree[.-]/.test(name))
  } catch {
    return []
  }
}

const rootOf = (launcher: string): string => {
  try {
    return dirname(dirname(dirname(realpathSync(launcher))))
  } catch {
    return ''
  }
}

const signature = (file: string): string => {
  try {
    const { ino, size, mtimeMs, ctimeMs } = statSync(file)
    return [ino, size, mtimeMs, ctimeMs].join(' ')
  } catch {
    return ''
  }
}

/** It loads everything that a start loads, and says its version. */
const tried = (launcher: string): Promise<string | null> =>
  new Promise(resolve => {
    const knot = join(rootOf(launcher), 'dist', 'native', 'lithos_knot')
    if (!existsSync(knot)) return resolve(`${launcher} leads to no ${knot}`)
    execFile(shell, [launcher, '--version'], { timeout: patienceMs }, (error, _, errors) => {
      if (error === null) return resolve(null)
      const said = errors.trim().split('\n').filter(Boolean)
      // Node shows the place, then the error; the error is what a person looks for.
      const words = said.find(line => /^\w*Error\b/.test(line)) ?? said[0] ?? error.message
      resolve(`what is installed at ${launcher} does not start: ${words}`)
    })
  })
