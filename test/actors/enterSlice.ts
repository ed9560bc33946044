/** Enters a slice of the given name in the given hierarchy, and tells where its threads are. */
import { readdirSync, readFileSync } from 'node:fs'
import { enterSlice, moveRest } from '../../actors/cgroups.ts'
import type { Layout } from '../../native/cgroup.ts'

const layout = JSON.parse(process.argv[2] as string) as Layout

/** A thread that ends meanwhile is nowhere. */
const places = (): string[] =>
  readdirSync('/proc/self/task').flatMap(thread => {
    try {
      return [readFileSync(`/proc/self/task/${thread}/cgroup`, 'utf8')]
    } catch {
      return []
    }
  })

const entered = enterSlice(layout)
const [main = ''] = places()
const moved = await moveRest(layout)
process.stdout.write(JSON.stringify({ problems: [...entered, ...moved], main, all: places() }))
