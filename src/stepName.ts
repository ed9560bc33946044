/** A step of a plan in words: what was attempted, and on what. The knot's log says the same. */
import { placeOf } from '../native/addresses.ts'
import type { Plan, Step } from '../native/plan.ts'

export interface StepName {
  readonly step: string
  readonly about: string
}

/** `index`: as the knot counts, from 0; -1 is the plan itself, -2 the knot before it. */
export const nameStep = (plan: Plan, index: number): StepName => {
  const step = plan.steps[index]
  if (index === -2) return { step: 'executing the knot of', about: plan.name }
  return step === undefined ? { step: 'reading the plan of', about: plan.name } : nameOf(step)
}

const nameOf = (step: Step): StepName => {
  switch (step.do) {
    case 'openLog':
      return { step: 'opening log', about: step.path }
    case 'users':
      return { step: 'making a user namespace', about: '' }
    case 'network':
      return { step: 'making a network namespace', about: '' }
    case 'connect':
      return { step: `connecting ${step.outer} to bridge`, about: step.bridge }
    case 'address':
      return { step: 'adding address', about: `${step.address.text}/${step.prefix}` }
    case 'route':
      return { step: 'adding the default route by', about: step.gateway.text }
    case 'command':
      return {
        step: `running for at most ${step.timeoutMs / 1000}s after-setup-command`,
        about: step.program,
      }
    case 'makeDir':
      return { step: 'making directory', about: below(step) }
    case 'copyFile':
      return { step: `copying to ${below(step)} from`, about: step.source }
    case 'writeFile':
      return { step: 'writing', about: below(step) }
    case 'root':
      return { step: `mounting on ${step.mountPoint} the image`, about: step.image }
    case 'bind':
    case 'bindFile':
      return { step: `binding ${below(step)} to`, about: step.target }
    case 'mount':
      return { step: `mounting ${step.type} on`, about: step.target }
    case 'mask':
      return { step: 'masking parts of', about: step.paths.join(' ') }
    case 'readOnly':
      return { step: 'making read-only parts of', about: step.paths.join(' ') }
    case 'countKills':
      return { step: 'opening the counter of kills', about: step.file }
    case 'secretFiles':
      return { step: 'mounting secret files on', about: step.target }
    case 'cgroup':
      return { step: 'making cgroup', about: step.dir }
    case 'limit':
      return { step: `writing ${step.value} to`, about: step.file }
    case 'probe':
      return { step: 'reading the probe', about: step.what }
    case 'notify':
      return { step: 'making the socket of sd_notify in', about: step.directory }
    case 'readyFd':
      return { step: 'passing a pipe as descriptor', about: String(step.fd) }
    case 'preStop':
      return { step: 'reading pre-stop', about: step.program }
    case 'stop':
      return { step: 'reading the order of signals', about: '' }
    case 'terminal':
      return { step: 'making a terminal', about: '' }
    case 'pivot':
      return { step: 'changing the root', about: '' }
    case 'openOutput':
      return { step: 'opening output file', about: step.path }
    case 'inheritOutput':
      return { step: 'inheriting the output', about: '' }
    case 'fork':
      return { step: 'starting a process', about: '' }
    case 'joinCgroups':
      return { step: 'joining the cgroups', about: '' }
    case 'cgroupNamespace':
      return { step: 'making a cgroup namespace', about: '' }
    case 'sessionKeyring':
      return { step: 'making a session keyring', about: '' }
    case 'resetLimits':
      return { step: 'resetting limits', about: '' }
    case 'passSockets':
      return { step: 'passing sockets as descriptors', about: step.fds.join(' ') }
    case 'limitFiles':
      return { step: 'limiting open files to', about: String(step.max) }
    case 'setGroups':
      return { step: 'setting supplementary groups', about: step.gids.join(' ') }
    case 'listen':
      return { step: 'opening port', about: placeOf(step.host.text, step.port) }
    case 'enterUsers':
      return { step: 'entering the user namespace', about: '' }
    case 'setGid':
      return { step: 'setting group', about: String(step.gid) }
    case 'setUid':
      return { step: 'setting user', about: String(step.uid) }
    case 'keepCapabilities':
      return { step: 'dropping capabilities', about: '' }
    case 'noNewPrivileges':
      return { step: 'giving up new privileges', about: '' }
    case 'seccomp':
      return { step: 'installing the filter of system calls', about: '' }
    case 'landlock':
      return { step: 'making Landlock rules', about: '' }
    case 'enterLandlock':
      return { step: 'putting on Landlock rules', about: '' }
    case 'chdir':
      return { step: 'entering working directory', about: step.path }
    case 'exec':
      return { step: 'executing', about: step.executable }
  }
}

const below = ({ base, path }: { readonly base: string; readonly path: string }): string =>
  path === '/' ? base : `${base}/${path.replace(/^\/+/, '')}`
