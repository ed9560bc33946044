/**
 * A container's configuration with the variables of one instance put in: what is left is final.
 * Every mistake is reported, each once.
 */
import * as E from 'fp-ts/lib/Either.js'
import { byCodePoints } from './codec.ts'
import type { Container, TcpPort } from './shapes.ts'
import { builtIns, PID_REFERENCE, PID_VARIABLE, readPort, substitute } from './variables.ts'
import type { Lookup } from './variables.ts'

export interface Instantiated {
  readonly arguments: readonly string[]
  readonly environ: ReadonlyMap<string, string>
  /** Variables of the environment that become the process number in the container. */
  readonly pidVariables: readonly string[]
  readonly tcpPorts: ReadonlyMap<number, TcpPort>
}

export interface InstanceNames {
  /** `sandbox/process.N` */
  readonly instance: string
  /** The `config` of the process: the path in the image. */
  readonly configFile: string
}

export const instantiate = (
  container: Container,
  variables: ReadonlyMap<string, string>,
  names: InstanceNames,
): E.Either<readonly string[], Instantiated> => {
  const errors = new Set<string>()
  const known = builtIns(names.instance, names.configFile)
  const lookup: Lookup = name => variables.get(name) ?? known.get(name) ?? null

  const put = (text: string): string | null => {
    const outcome = substitute(text, lookup)
    if (E.isRight(outcome)) return outcome.right
    for (const name of outcome.left) errors.add(complaint(name))
    return null
  }

  const environ = new Map<string, string>()
  const pidVariables: string[] = []
  for (const [name, value] of container.environ) {
    if (value === PID_REFERENCE) pidVariables.push(name)
    else environ.set(name, put(value) ?? '')
  }
  const args = container.arguments.map(argument => put(argument) ?? '')
  const tcpPorts = new Map<number, TcpPort>()
  for (const [key, port] of container.tcpPorts) {
    const number = readPort(put(key) ?? key)
    if (E.isRight(number)) tcpPorts.set(number.right, port)
    else errors.add(`Bad port ${JSON.stringify(key)}: ${number.left}`)
  }

  const activated = activate(container, variables)
  for (const error of activated.errors) errors.add(error)
  if (errors.size > 0) return E.left([...errors])
  if (activated.names.length > 0) {
    environ.set('LISTEN_FDS', String(activated.names.length))
    environ.set('LISTEN_FDNAMES', activated.names.join(':'))
    environ.delete('LISTEN_PID')
    pidVariables.push('LISTEN_PID')
  }
  for (const [number, port] of activated.ports) tcpPorts.set(number, port)
  return E.right({
    arguments: args,
    environ,
    pidVariables: [...new Set(pidVariables)],
    tcpPorts,
  })
}

const complaint = (name: string): string =>
  name === PID_VARIABLE
    ? `${PID_VARIABLE} variable can only be used in environment as a sole value`
    : `unknown variable ${JSON.stringify(name)}`

interface Activated {
  readonly names: readonly string[]
  readonly ports: ReadonlyMap<number, TcpPort>
  readonly errors: readonly string[]
}

/** Sockets in the manner of systemd: descriptors 3, 4, … in the order of the variables' names. */
const activate = (container: Container, variables: ReadonlyMap<string, string>): Activated => {
  const names = activatedVariables(container)
  const ports = new Map<number, TcpPort>()
  const errors: string[] = []
  names.forEach((name, index) => {
    const value = variables.get(name)
    if (value === undefined) {
      errors.push(`can't find var ${JSON.stringify(name)}`)
      return
    }
    const port = readPort(value)
    if (E.isLeft(port)) {
      const found = `value ${JSON.stringify(value)}: ${port.left}`
      errors.push(`can't parse port ${JSON.stringify(name)}: ${found}`)
    } else if (ports.has(port.right)) {
      errors.push(`port ${port.right} is activated twice, the second time by ${name}`)
    } else {
      ports.set(port.right, activatedPort(FIRST_FD + index))
    }
  })
  return { names, ports, errors }
}

const FIRST_FD = 3

export const activatedVariables = ({ variables }: Container): readonly string[] =>
  [...variables]
    .filter(([, type]) => type.type === 'TcpPort' && type.activation === 'systemd')
    .map(([name]) => name)
    .toSorted(byCodePoints)

const activatedPort = (fd: number): TcpPort => ({
  fd,
  host: '0.0.0.0',
  reuseAddr: true,
  reusePort: false,
  setNonBlock: false,
  listenBacklog: 128,
  external: false,
})
