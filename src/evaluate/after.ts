/** `after`: the order of the processes of a sandbox. It has to be one: no circle, no stranger. */
import { nearMiss } from '../config/nearMiss.ts'
import type { Processes } from '../config/shapes.ts'
import { mistake } from './finding.ts'
import type { Finding } from './finding.ts'

export const checkAfter = (file: string, processes: Processes): readonly Finding[] => [
  ...[...processes].flatMap(([name, { after }]) =>
    after.flatMap((other, index): readonly Finding[] => {
      const path = [name, 'after', index]
      const target = processes.get(other)
      if (target === undefined) {
        const near = nearMiss(other, [...processes.keys()])
        const advice = near === null ? '' : `; did you mean "${near}"?`
        return [mistake(file, path, `after: this sandbox has no process "${other}"${advice}`)]
      }
      return target.kind === 'Command'
        ? [mistake(file, path, `after: ${other} is a Command, and so it is never up`)]
        : []
    }),
  ),
  ...circlesIn(processes).map(circle =>
    mistake(
      file,
      [circle[0] as string, 'after'],
      `after: these wait for each other, and none would ever start: ${circle.join(' after ')}`,
    ),
  ),
]

/** Each circle once, beginning and ending with its first name in the order of the alphabet. */
const circlesIn = (processes: Processes): readonly (readonly string[])[] => {
  const circles: (readonly string[])[] = []
  const done = new Set<string>()
  const walk = (name: string, way: readonly string[]): void => {
    const begun = way.indexOf(name)
    if (begun !== -1) return void circles.push([...way.slice(begun), name])
    if (done.has(name)) return
    for (const other of processes.get(name)?.after ?? []) walk(other, [...way, name])
    done.add(name)
  }
  for (const name of [...processes.keys()].sort()) walk(name, [])
  return circles
}
