/**
 * Secrets of a process, still encrypted: what they are called, and who may have made them. That
 * they can be decrypted is no question of configuration; the start asks it, and lithos_check.
 */
import { below } from '../config/places.ts'
import type { Container } from '../config/shapes.ts'
import type { Alternatives } from '../secrets/decrypt.ts'
import type { SpecSecrets } from '../spec.ts'
import { mistake, warning } from './finding.ts'
import type { Finding } from './finding.ts'
import type { Subject } from './subject.ts'
import { here } from '../../native/here.ts'

type Secrets = Container['secretEnviron']

/** Nothing where the container has none, so that its specification is as it always was. */
export const secretsOf = ({
  sandbox,
  process,
  container,
  secrets,
}: Subject): { readonly secrets?: SpecSecrets } => {
  const environ = inOrder(secrets?.value ?? container.value.secretEnviron)
  const files = inOrder(container.value.secretFiles)
  if (environ.length === 0 && files.length === 0) return {}
  const { secretsPrivateKey, secretsNamespaces } = sandbox.value
  const own = secretsNamespaces.length === 0 ? [''] : secretsNamespaces
  return {
    secrets: {
      keyFile: secretsPrivateKey === null ? null : below(here(), secretsPrivateKey),
      namespaces: [...own, ...process.value.extraSecretsNamespaces],
      environ,
      files,
    },
  }
}

const inOrder = (secrets: Secrets): Alternatives =>
  [...secrets]
    .map(([name, texts]) => [name, texts.map(onlyEncrypted)] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))

/** What somebody has forgotten to encrypt goes to no journal; nothing is as wrong as it was. */
const onlyEncrypted = (text: string): string => (text.startsWith('v2:') ? text : '')

/** Opening a box takes a millisecond, in which the supervisor does nothing else. */
const SECRETS_MAX = 1000

const checkNumber = (file: string, path: readonly string[], secrets: Secrets) => {
  const number = [...secrets.values()].reduce((sum, texts) => sum + texts.length, 0)
  return number <= SECRETS_MAX
    ? []
    : [mistake(file, path, `${number} secrets are more than the ${SECRETS_MAX} that there may be`)]
}

export const checkSecrets = (file: string, container: Container): readonly Finding[] => [
  ...checkNumber(file, ['secret-environ'], container.secretEnviron),
  ...checkNumber(file, ['secret-files'], container.secretFiles),
  ...(container.secretEnviron.size > 0 && container.secretEnvironFile !== null
    ? [
        mistake(
          file,
          ['secret-environ-file'],
          'secret-environ and secret-environ-file settings are mutually exclusive',
        ),
      ]
    : []),
  ...checkNames(file, ['secret-environ'], container.secretEnviron, container),
]

/** For the other file, whose names are its only keys. */
export const checkSecretFile = ({ secrets, container }: Subject): readonly Finding[] =>
  secrets === undefined
    ? []
    : [
        ...checkNumber(secrets.file, [], secrets.value),
        ...checkNames(secrets.file, [], secrets.value, container.value),
      ]

const checkNames = (
  file: string,
  path: readonly string[],
  secrets: Secrets,
  { environ }: Container,
): readonly Finding[] =>
  [...secrets.keys()].flatMap(name => {
    if (name === '' || name.includes('='))
      return [
        mistake(
          file,
          [...path, name],
          `${JSON.stringify(name)} is no name of a variable: expected at least one character, ` +
            'and no "="',
        ),
      ]
    return [
      ...(environ.has(name)
        ? [
            warning(
              file,
              [...path, name],
              `the secret ${name} replaces the variable in \`environ\``,
            ),
          ]
        : []),
      ...(ours.includes(name)
        ? [warning(file, [...path, name], `${name} is set by lithos, and not to this secret`)]
        : []),
    ]
  })

const ours = ['LITHOS_NAME', 'LITHOS_CONFIG']
