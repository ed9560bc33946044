/** `lithos COMMAND`: all that there is, under one name. */
import { dispatch } from './dispatch.ts'
import { habits } from './habits.ts'

export const run = (argv: readonly string[]): Promise<number> | number =>
  dispatch(
    'lithos',
    {
      ls: ['all instances, one line each', () => import('./ls.ts')],
      show: ['everything about an instance', () => import('./show.ts')],
      ps: ['the tree of what runs', () => import('./ps.ts')],
      monitor: ['what instances use, or what happens, all the time', () => import('./monitor.ts')],
      history: ['what happened, and who asked for it', () => import('./history.ts')],
      why: ['why an instance is as it is', () => import('./why.ts')],
      journal: ['every step, why, and is the record whole', () => import('./journal.ts')],
      logs: ['what instances print; logs opened anew or rotated', () => import('./logs.ts')],
      pid: ['in which instance a process is', () => import('./pid.ts')],
      audit: ['how confined what runs is, read back from the kernel', () => import('./audit.ts')],
      restart: ['instances are started anew', () => import('./restart.ts')],
      wait: ['until instances are in a state', () => import('./wait.ts')],
      check: ['would the supervisor start all that is configured?', () => import('./check.ts')],
      switch: [
        'another process configuration for a sandbox, whole or not at all',
        () => import('./switch.ts'),
      ],
      cmd: ['a command in a container of its own', () => import('./cmd.ts')],
      crypt: ['encrypt and decrypt the secrets of configurations', () => import('./crypt.ts')],
      clean: ['images that nothing uses any more, listed or deleted', () => import('./clean.ts')],
      init: ['a first configuration, and what to type next', () => import('./init.ts')],
      doctor: ['is this host fit, and what is to be mended', () => import('./doctor.ts')],
      mkdev: ['make the /dev of containers', () => import('./mkdev.ts')],
      tree: ['the supervisor itself, in the foreground', () => import('./tree.ts')],
      knot: ['PID 1 of a container; called by the supervisor', () => import('./runKnot.ts')],
      machines: ['the state machines, drawn from what runs', () => import('./machines.ts')],
      version: ['of this, of what runs, and of the host', () => import('./showVersion.ts')],
      __names: ['for completions', () => import('./knownNames.ts')],
    },
    [
      ['doctor', 'is this host fit for it?'],
      ['init /tmp/first', 'a first configuration, to try it'],
      ['ls', 'what runs'],
      ['logs -f web/http.0', 'what an instance prints'],
      ['why web/http.0', 'why it was started anew'],
    ],
    argv,
    habits,
  )
