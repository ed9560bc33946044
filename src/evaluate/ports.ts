/** The ports of one process: which they are, and whether it may have them. */
import * as E from 'fp-ts/lib/Either.js'
import { activatedVariables } from '../config/instantiate.ts'
import { isInRanges } from '../config/ranges.ts'
import type { TcpPort } from '../config/shapes.ts'
import { readPort, substitute } from '../config/variables.ts'
import { mistake } from './finding.ts'
import type { Finding } from './finding.ts'
import { nameOf } from './subject.ts'
import type { Subject } from './subject.ts'

/** Two sockets on one port: the later service would wait for a descriptor that never comes. */
export const checkActivatedPorts = ({ process, container }: Subject): readonly Finding[] => {
  const ports = activatedVariables(container.value).map(name => ({
    name,
    port: Number(process.value.variables.get(name)),
  }))
  return ports.flatMap(({ name, port }, index) => {
    const earlier = ports.slice(0, index).find(other => other.port === port)
    return earlier === undefined
      ? []
      : [
          mistake(
            process.file,
            [process.name, 'variables', name],
            `Variable "${name}" has the port of "${earlier.name}", ${port}; ` +
              'activated sockets need different ones',
          ),
        ]
  })
}

export interface Port {
  /** As it stands in the file. */
  readonly key: string
  /** As it was meant. */
  readonly text: string
  /** NaN where it is none. */
  readonly port: number
  readonly options: TcpPort
}

export const portsOf = ({ container, process }: Subject): readonly Port[] =>
  [...container.value.tcpPorts].map(([key, options]) => {
    const text = E.getOrElse(() => key)(
      substitute(key, name => process.value.variables.get(name) ?? null),
    )
    return { key, text, port: E.getOrElse(() => NaN)(readPort(text)), options }
  })

export const checkPortNumbers = (subject: Subject): readonly Finding[] => {
  const { sandbox, container } = subject
  return portsOf(subject).flatMap(({ key, text, port, options }) => {
    const path = ['tcp-ports', key]
    if (Number.isNaN(port))
      return [
        mistake(
          container.file,
          path,
          `Bad port "${key}" for ${nameOf(subject)}: expected a number up to 65535` +
            (text === key ? '' : `, found "${text}"`),
        ),
      ]
    const isOnHost = sandbox.value.bridgedNetwork === null || options.external
    return !isOnHost || isInRanges(sandbox.value.allowTcpPorts, port)
      ? []
      : [
          mistake(
            container.file,
            path,
            `Port ${port} is not allowed for ${nameOf(subject)}: ` +
              `it is not in \`allow-tcp-ports\` of ${sandbox.file}`,
          ),
        ]
  })
}
