/**
 * A plan as text, one step a line, for a person who wants to know what the knot would do:
 *
 *      9  bind             /srv/data :/web → /var/www         ro nosuid nodev noexec
 *
 * `:` divides the administrator's directory from the path below it, which cannot leave it.
 */
import { placeOf } from '../../native/addresses.ts'
import type { IdRange, MountFlags, Plan, ProbeKind, Step } from '../../native/plan.ts'
import { quote } from '../quote.ts'
import { filterHash } from './seccomp.ts'

export const showPlan = (plan: Plan): string => {
  const number = String(plan.steps.length).length
  const verb = Math.max(...plan.steps.map(step => step.do.length))
  const lines = plan.steps.map((step, index) => {
    const [first = '', ...more] = detail(step)
    const margin = ' '.repeat(number + 2 + verb + 2)
    const head = `${String(index + 1).padStart(number)}  ${step.do.padEnd(verb)}  ${first}`
    return [head.trimEnd(), ...more.map(line => margin + line)].join('\n')
  })
  return [...headOf(plan), ...lines, ''].join('\n')
}

const headOf = (plan: Plan): readonly string[] => [
  `${plan.name}: log level ${plan.logLevel}, ${normalExit(plan)},`,
  `killed ${seconds(plan.killTimeoutMs)} after SIGTERM, started again ` +
    `${plan.restartProcessOnly ? 'in its container ' : ''}not sooner than ` +
    `${seconds(plan.restartTimeoutMs)} after its last start`,
  '',
]

const normalExit = ({ normalExitCodes, isDaemon }: Plan): string => {
  if (normalExitCodes.length > 0) return `normal exit codes ${normalExitCodes.join(' ')}`
  return isDaemon ? 'no exit code is normal' : 'exit code 0 is normal'
}

const seconds = (ms: number): string => `${ms / 1000}s`

/** The rest of the line, and what does not fit into one. */
const detail = (step: Step): readonly string[] => {
  switch (step.do) {
    case 'openLog':
      return [`${step.log === 'output' ? 'what it prints' : 'messages'} → ${step.path}`]
    case 'users':
      return [
        ...step.uidMap.map(range => `users  ${shownRange(range)}`),
        ...step.gidMap.map(range => `groups ${shownRange(range)}`),
      ]
    case 'connect':
      return [`${step.bridge} ${step.outer} → ${step.inner}`]
    case 'address':
      return [`${step.address.text}/${step.prefix}`]
    case 'route':
      return [`default by ${step.gateway.text}`]
    case 'listen':
      return [`${placeOf(step.host.text, step.port)} → ${step.fd}  backlog ${step.backlog}`]
    case 'preStop':
    case 'command':
      return [
        `${[step.program, ...step.arguments].map(quote).join(' ')}  ` +
          `at most ${seconds(step.timeoutMs)}`,
      ]
    case 'makeDir':
      return [
        `${below(step)}  mode ${octal(step.mode)} owner ${step.uid}:${step.gid}` +
          (step.always ? '' : ' if missing'),
      ]
    case 'copyFile':
      return [`${step.source} → ${below(step)}`]
    case 'writeFile':
      return [`${below(step)}  mode ${octal(step.mode)}  ${quote(step.text)}`]
    case 'root':
      return [`${step.image} → ${step.mountPoint}  ${flags(step.flags)}`]
    case 'bind':
      return [`${below(step)} → ${step.target}  ${flags(step.flags)}`]
    case 'bindFile':
      return [`${below(step)} → ${step.target}${step.ifRegular ? '  if a regular file' : ''}`]
    case 'mount':
      return [
        [step.type, '→', `${step.target} `, flags(step.flags), ...step.options].join(' ').trimEnd(),
      ]
    case 'mask':
    case 'readOnly':
      return step.paths
    case 'landlock':
      return step.writable.map(path => `${path}  may be changed`)
    case 'countKills':
      return [step.file]
    case 'probe':
      return [shownProbe(step)]
    case 'notify':
      return [`${step.directory}/notify`]
    case 'readyFd':
      return [String(step.fd)]
    case 'stop':
      return [
        [...step.signals.map(({ signal, waitMs }) => `${signal} ${seconds(waitMs)}`), '9'].join(
          ' ',
        ),
      ]
    case 'seccomp':
      return [`${step.filter.length} instructions, ${filterHash(step.filter)}`]
    case 'secretFiles':
      return [
        `${step.target}  mode 0400 owner ${step.uid}:${step.gid}  ` +
          step.files.map(({ name }) => name).join(' '),
      ]
    case 'cgroup':
      return [`${step.dir}  joined by ${step.join === 'tasks' ? 'tasks' : 'cgroup.procs'}`]
    case 'limit':
      return [`${step.file} = ${step.value}${step.optional ? '  if there' : ''}`]
    case 'openOutput':
    case 'chdir':
      return [step.path]
    case 'fork':
      return [step.announce]
    case 'passSockets':
      return [step.fds.map((fd, index) => `${index + 5} → ${fd}`).join(', ')]
    case 'limitFiles':
      return [String(step.max)]
    case 'setGroups':
      return [step.gids.length === 0 ? 'none' : step.gids.join(' ')]
    case 'setGid':
      return [String(step.gid)]
    case 'setUid':
      return [String(step.uid)]
    case 'keepCapabilities':
      return [step.mask === 0n ? 'none' : `0x${step.mask.toString(16)}`]
    case 'exec':
      return [
        [step.executable, ...step.arguments].map(quote).join(' '),
        ...step.environment.map(shownVariable),
        ...(step.secrets ?? []).map(({ name }) => `${name}=(secret)`),
        ...step.pidVariables.map(name => `${name}=(its pid)`),
      ]
    case 'terminal':
      return [`of ${step.uid}:${step.gid}`]
    case 'network':
    case 'enterUsers':
    case 'pivot':
    case 'inheritOutput':
    case 'joinCgroups':
    case 'cgroupNamespace':
    case 'sessionKeyring':
    case 'resetLimits':
    case 'noNewPrivileges':
    case 'enterLandlock':
      return []
  }
}

const shownProbe = (step: Extract<Step, { do: 'probe' }>): string => {
  const { what, how, attemptMs, timeoutMs, periodMs, failures, startDelayMs } = step
  const when =
    what === 'ready'
      ? `within ${seconds(timeoutMs)}`
      : `each ${seconds(periodMs)} after ${seconds(startDelayMs)}, ${failures} in a row`
  return `${what} by ${placeOfProbe(how)}  ${seconds(attemptMs)} each, ${when}`
}

export const placeOfProbe = (how: ProbeKind): string => {
  switch (how.kind) {
    case 'tcp':
      return `port ${how.port}${how.isGiven ? ' that it was given' : ''}`
    case 'notify':
      return 'notify'
    case 'fd':
      return `descriptor ${how.fd}`
    case 'exec':
      return how.words.map(quote).join(' ')
    case 'http':
      return `${placeOf(how.host.text, how.port)} ${quote(how.request.split('\r\n')[0] ?? '')}`
  }
}

const shownRange = ({ inside, outside, count }: IdRange): string =>
  `${inside} → ${outside}, ${count} of them`

const below = ({ base, path }: { readonly base: string; readonly path: string }): string =>
  path === '/' ? base : `${base} :${path}`

const octal = (mode: number): string => mode.toString(8).padStart(4, '0')

const flags = (set: MountFlags): string =>
  [
    set.readonly ? 'ro' : 'rw',
    ...(['nosuid', 'nodev', 'noexec', 'noatime'] as const).filter(name => set[name]),
  ].join(' ')

const shownVariable = (variable: string): string => {
  const equals = variable.indexOf('=')
  return `${variable.slice(0, equals)}=${quote(variable.slice(equals + 1))}`
}
