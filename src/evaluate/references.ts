/**
 * Rules that need nothing but the container configuration: the variables it refers to are
 * declared, and socket activation has its descriptors and variables for itself. They are all
 * that `lithos_check --check-container` asks.
 */
import type { Container } from '../config/shapes.ts'
import { activatedVariables } from '../config/instantiate.ts'
import { isBuiltIn, PID_REFERENCE, PID_VARIABLE, referencesIn } from '../config/variables.ts'
import { mistake, warning } from './finding.ts'
import type { Finding, KeyPath } from './finding.ts'
import { checkContainerPolicy } from './policy.ts'
import { checkSecrets } from './secrets.ts'

export const checkContainer = (file: string, container: Container): readonly Finding[] => [
  ...checkReferences(file, container),
  ...checkActivation(file, container),
  ...checkPorts(file, container),
  ...checkSecrets(file, container),
  ...checkContainerPolicy(file, container),
]

const checkReferences = (file: string, container: Container): readonly Finding[] => {
  const declared = container.variables
  const places: readonly (readonly [path: KeyPath, text: string])[] = [
    ...container.arguments.map((text, index) => [['arguments', index], text] as const),
    ...[...container.environ]
      .filter(([, text]) => text !== PID_REFERENCE)
      .map(([name, text]) => [['environ', name], text] as const),
    ...[...container.tcpPorts.keys()].map(key => [['tcp-ports', key], key] as const),
  ]
  const shadowing = [...declared.keys()].filter(isBuiltIn)
  return [
    ...shadowing.map(name =>
      warning(file, ['variables', name], `variable "${name}" hides the built-in one of that name`),
    ),
    ...places.flatMap(([path, text]) =>
      [...new Set(referencesIn(text))].flatMap(name => {
        if (name === PID_VARIABLE)
          return [
            mistake(
              file,
              path,
              `${name} variable can only be used in environment as a sole value, ` +
                `that is: NAME: "${PID_REFERENCE}"`,
            ),
          ]
        if (declared.has(name) || isBuiltIn(name)) return []
        return [
          mistake(file, path, `undefined variable "${name}": it is not declared in \`variables\``),
        ]
      }),
    ),
  ]
}

/** The first descriptor that is passed to an activated service. */
const firstFd = 3

const checkActivation = (file: string, container: Container): readonly Finding[] => {
  const names = activatedVariables(container)
  if (names.length === 0) return []
  const taken = [...container.tcpPorts].flatMap(([port, { fd }]) => {
    const name = names[fd - firstFd]
    return name === undefined
      ? []
      : [
          mistake(
            file,
            ['tcp-ports', port, 'fd'],
            `Port ${port} conflicts with var "${name}" for fd: ${fd}. You may change file ` +
              "descriptor to a higher value, or expand 'activation' manually.",
          ),
        ]
  })
  const own = ['LISTEN_FDS', 'LISTEN_FDNAMES', 'LISTEN_PID']
    .filter(name => container.environ.has(name))
    .map(name =>
      mistake(
        file,
        ['environ', name],
        "To use 'activation' you should not have any of LISTEN_FDS, LISTEN_FDNAMES, LISTEN_PID " +
          'in your environ. You can remove vars or remove activation parameter and propagate ' +
          'sockets manually.',
      ),
    )
  return [...taken, ...own]
}

const checkPorts = (file: string, { tcpPorts }: Container): readonly Finding[] =>
  [...tcpPorts].flatMap(([port, { fd }], index) => {
    if (fd === 1 || fd === 2)
      return [
        mistake(
          file,
          ['tcp-ports', port, 'fd'],
          `passing fd 1 and fd 2 is not supported yet: fd ${fd} of port ${port} is where the ` +
            'application prints; choose 0, 3 or higher',
        ),
      ]
    const earlier = [...tcpPorts].slice(0, index).find(([, other]) => other.fd === fd)
    return earlier === undefined
      ? []
      : [
          mistake(
            file,
            ['tcp-ports', port, 'fd'],
            `fd ${fd} of port ${port} is that of port ${earlier[0]} already`,
          ),
        ]
  })
