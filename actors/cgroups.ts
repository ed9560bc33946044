/**
 * Makes the supervisor's own group and moves it there, so that it and the knots are counted
 * apart from the containers. Where the groups are is decided in native/cgroup.ts.
 *
 * Moving a thread of v1 takes some fifty microseconds; moving a process takes the kernel ten
 * milliseconds. Therefore `enterSlice` moves only the main thread, whose children the knots
 * are, and only in v1; the rest comes with `moveRest`, beside the work. On v2 nothing may be
 * launched before that is done.
 */
import { mkdirSync, readFileSync, readdirSync, rmdirSync, writeFile, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Layout } from '../native/cgroup.ts'

/** Ours in v2, where a group with children that have controllers may not have processes. */
const leafName = 'tree'

/** Sentences about what could not be done; none is well. */
export const enterSlice = ({ v1, v2 }: Layout): string[] => {
  return [
    ...v1.flatMap(({ slice }) => {
      if (threadsIn(slice).has(String(process.pid))) return []
      const failed = makeGroup(slice)
      // The thread that writes: the main one.
      return failed.length > 0
        ? failed
        : attempt(join(slice, 'tasks'), adding(slice), path => writeFileSync(path, '0'))
    }),
    ...(v2 === null ? [] : enterUnified(v2)),
  ]
}

/** The threads in it. An image that was executed in place is where the former was. */
const threadsIn = (slice: string): ReadonlySet<string> => {
  try {
    return new Set(readFileSync(join(slice, 'tasks'), 'latin1').split('\n'))
  } catch {
    return new Set()
  }
}

/** Only made, for whoever starts a container without a supervisor. */
export const makeSlice = ({ v1, v2 }: Layout): string[] => [
  ...v1.flatMap(({ slice }) => makeGroup(slice)),
  ...(v2 === null ? [] : prepareUnified(v2)),
]

/** The other threads of this process in v1, the whole of it in v2. */
export const moveRest = async ({ v1, v2 }: Layout): Promise<string[]> => {
  const threads = v1.length === 0 ? [] : readdirSync('/proc/self/task')
  const moves = v1.flatMap(({ slice }) => {
    const inside = threadsIn(slice)
    return threads
      .filter(thread => !inside.has(thread))
      .map(thread => move(join(slice, 'tasks'), thread, slice))
  })
  if (v2 !== null) {
    const leaf = join(v2.slice, leafName)
    moves.push(move(join(leaf, 'cgroup.procs'), String(process.pid), leaf))
  }
  return (await Promise.all(moves)).flat()
}

/** Before an exit: out of our groups again, and away with them where nobody else is inside. */
export const leaveSlice = async ({ v1, v2 }: Layout): Promise<void> => {
  const threads = v1.length === 0 ? [] : readdirSync('/proc/self/task')
  await Promise.all(
    v1.flatMap(({ slice }) => {
      const above = dirname(slice)
      return threads.map(thread => move(join(above, 'tasks'), thread, above))
    }),
  )
  for (const { slice } of v1) removeEmpty(slice)
  if (v2 === null) return
  const above = dirname(v2.slice)
  await move(join(above, 'cgroup.procs'), String(process.pid), above)
  removeEmpty(join(v2.slice, leafName))
  removeEmpty(v2.slice)
}

/** Busy: a command of lithos_cmd runs on, and the next supervisor will find the group. */
const removeEmpty = (dir: string): void => {
  try {
    rmdirSync(dir)
  } catch (error) {
    if (!['EBUSY', 'ENOENT', 'ENOTEMPTY', 'EPERM', 'EROFS'].includes(codeOf(error))) throw error
  }
}

const enterUnified = (unified: NonNullable<Layout['v2']>): string[] => {
  const leaf = join(unified.slice, leafName)
  if (unified.isDelegated !== true) return [...prepareUnified(unified), ...makeGroup(leaf)]
  const failed = [unified.slice, leaf].flatMap(makeGroup)
  if (failed.length === 0)
    failed.push(
      ...attempt(join(leaf, 'cgroup.procs'), adding(leaf), path =>
        writeFileSync(path, String(process.pid)),
      ),
    )
  return failed.length > 0 ? failed : prepareUnified(unified)
}

const prepareUnified = ({ mount, slice, controllers }: NonNullable<Layout['v2']>): string[] => {
  const failed = makeGroup(slice)
  if (failed.length > 0) return failed
  const enabled = controllers.map(name => `+${name}`).join(' ')
  const groups = controllers.length === 0 ? [] : [...parentsOf(slice, mount), slice]
  return groups.flatMap(group =>
    attempt(join(group, 'cgroup.subtree_control'), `enabling ${controllers.join(', ')}`, path =>
      writeFileSync(path, enabled),
    ),
  )
}

/** From `mount` down to above `dir`. */
const parentsOf = (dir: string, mount: string): string[] =>
  dir === mount || dir === '/' ? [] : [...parentsOf(dirname(dir), mount), dirname(dir)]

const makeGroup = (dir: string): string[] =>
  attempt(dir, 'creating cgroup dir', path => mkdirSync(path), 'EEXIST')

/** A thread that has ended meanwhile needs no group. */
const move = (file: string, id: string, group: string): Promise<string[]> =>
  new Promise(resolve =>
    writeFile(file, id, error => {
      const isFine = error === null || error.code === 'ESRCH'
      resolve(isFine ? [] : [sentence(adding(group), file, error.code ?? String(error))])
    }),
  )

const adding = (group: string) => `adding myself (pid: ${process.pid}) to the group "${group}"`

const attempt = (
  path: string,
  what: string,
  act: (path: string) => void,
  fine?: string,
): string[] => {
  try {
    act(path)
    return []
  } catch (error) {
    const code = codeOf(error)
    return code === fine ? [] : [sentence(what, path, code)]
  }
}

const sentence = (what: string, path: string, code: string) => `Error ${what}: ${code} on "${path}"`

const codeOf = (error: unknown): string => {
  const code = (error as NodeJS.ErrnoException).code
  if (code === undefined) throw error
  return code
}
