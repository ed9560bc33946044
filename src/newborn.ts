/** The first snapshots. No machine does anything on its way there: nothing is to be performed. */
import { instanceMachine } from '../machines/instance.ts'
import { newMemory } from '../machines/life.ts'
import { newSandboxMemory, sandboxMachine } from '../machines/sandbox.ts'
import type { InstanceSnapshot, SandboxSnapshot } from './decide.ts'

export const newInstance = (name: string): InstanceSnapshot =>
  instanceMachine.resolveState({ value: 'stopped', context: newMemory(name) })

export const newSandbox = (name: string): SandboxSnapshot =>
  sandboxMachine.resolveState({ value: 'empty', context: newSandboxMemory(name) })
