/** `lithos COMMAND`: all that there is, under one name. */
import { dispatch } from './dispatch.ts'

export const run = (argv: readonly string[]): Promise<number> | number =>
  dispatch(
    'lithos',
    {
      ls: ['all instances, one line each', () => import('./ls.ts')],
      ps: ['what runs: state, pid, uptime, restarts, last exit', () => import('./ps.ts')],
      journal: ['what happened, why, and is the record whole', () => import('./journal.ts')],
      logs: ['logs opened anew, or rotated', () => import('./logs.ts')],
      audit: ['how confined what runs is, read back from the kernel', () => import('./audit.ts')],
      machines: ['the state machines, drawn from what runs', () => import('./machines.ts')],
      check: ['would the supervisor start all that is configured?', () => import('./check.ts')],
      crypt: ['encrypt and decrypt the secrets of configurations', () => import('./crypt.ts')],
      switch: [
        'another process configuration for a sandbox, whole or not at all',
        () => import('./switch.ts'),
      ],
      mkdev: ['make the /dev of containers', () => import('./mkdev.ts')],
      tree: ['the supervisor itself, in the foreground', () => import('./tree.ts')],
    },
    argv,
  )
