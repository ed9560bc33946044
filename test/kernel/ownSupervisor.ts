/** What tests of a supervisor without root ask of its processes, and do to it. */
import { readFileSync, readlinkSync } from 'node:fs'
import { kill, sleeper, until } from './supervised.ts'
import type { Supervised } from './supervised.ts'

export const asHimself = 'user-id: 0\ngroup-id: 0\n'
export const himself = `${sleeper}${asHimself}`

const statusOf = (pid: number | null): string => readFileSync(`/proc/${pid}/status`, 'utf8')
export const fieldOf = (pid: number | null, name: string): string =>
  new RegExp(`^${name}:[ \\t]*(.*?)[ \\t]*$`, 'm').exec(statusOf(pid))?.[1] ?? 'nothing'
export const usersOf = (pid: number | null): string => readlinkSync(`/proc/${pid}/ns/user`)

const loads = (self: Supervised): number =>
  self.turns().filter(({ effects }) => effects.some(({ type }) => type === 'load')).length

/** Also where nothing comes of it. */
export const reload = async (self: Supervised): Promise<void> => {
  const before = loads(self)
  kill(self.tree().pid, 'SIGQUIT')
  await until('it has read them', () => loads(self) > before)
}

export const die = async (self: Supervised): Promise<void> => {
  kill(self.tree().pid)
  await self.tree().ended
}
