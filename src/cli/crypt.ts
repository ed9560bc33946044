/**
 * `lithos_crypt`: makes the secrets that configurations hold, and opens them. Command lines,
 * outputs and exit codes are those of the original; what is ours is that data may come from
 * standard input, because everybody on a host can read the words of a command line.
 */
import { readFileSync } from 'node:fs'
import { isatty } from 'node:tty'
import * as E from 'fp-ts/lib/Either.js'
import { nearest } from '../nearest.ts'
import { checkKey, encryptSecret } from '../secrets/secret.ts'
import { parse } from './args.ts'
import type { Description } from './args.ts'
import { CryptError, decryptWith, privateKeysOf, publicKeyOf } from './cryptKeys.ts'
import { describe } from './describing.ts'
import { help } from './help.ts'
import { endQuietly } from './terminal.ts'
import { version } from './version.ts'

const NAMESPACE = /^[a-zA-Z0-9_.-]*$/

const dataOption = (metavar: string, text: string) =>
  ({ kind: 'value', names: ['-d', '--data'], metavar, help: text }) as const

const secretOption = dataOption(
  'SECRET',
  'the encrypted secret, v2:…; without it, what stands on standard input',
)

const publicKeyOption = {
  kind: 'value',
  names: ['-k', '--key-file'],
  metavar: 'FILE',
  help: 'the ed25519 public key, such as id_ed25519.pub; its first line is read',
} as const

const descriptions = {
  encrypt: {
    command: 'lithos_crypt encrypt',
    examples: [['-k key.pub -n web.prod <password.txt', 'what a container configuration takes']],
    summary:
      'Encrypts a secret for the owner of a key, and prints what a container configuration takes ' +
      'under `secret-environ`. Give the secret on standard input: on the command line every ' +
      'user of the host can read it, and the shell may keep it in its history. One newline at ' +
      'its end is not taken for a part of it.',
    options: {
      keyFile: publicKeyOption,
      data: dataOption('TEXT', 'the secret; without it, what stands on standard input'),
      namespace: {
        kind: 'value',
        names: ['-n', '--namespace'],
        metavar: 'NS',
        help: 'only a sandbox that allows this namespace can use the secret; default: empty',
        wrong: text =>
          NAMESPACE.test(text)
            ? null
            : "Invalid value for '--namespace <namespace>': invalid namespace, " +
              `valid on should match regex \`${NAMESPACE.source}\``,
      },
    },
    positionals: [],
  },
  decrypt: {
    command: 'lithos_crypt decrypt',
    examples: [["-i /etc/lithos/keys/web -d 'v2:…'", 'the password, on standard output']],
    summary:
      'Decrypts a secret. It is printed on standard output as it is, without a newline; its ' +
      'namespace and a colon go to standard error.',
    options: {
      keyFile: {
        kind: 'value',
        names: ['-i', '--key-file'],
        metavar: 'FILE',
        help: 'the ed25519 private key, not encrypted; of several in the file any may fit',
      },
      data: secretOption,
    },
    positionals: [],
  },
  'check-key': {
    command: 'lithos_crypt check-key',
    examples: [["-k key.pub -d 'v2:…'", 'exit code 0: it was made for this key']],
    summary:
      'Was this secret encrypted for this key? Prints nothing and exits with 0 if so. The ' +
      'private key is not needed, for the secret carries a hash of the public one.',
    options: { keyFile: publicKeyOption, data: secretOption },
    positionals: [],
  },
} as const satisfies Readonly<Record<string, Description>>

type Name = keyof typeof descriptions
type Given = { readonly keyFile: string; readonly data: Buffer; readonly namespace: string }

const summaries: Readonly<Record<Name, string>> = {
  'check-key': 'was this secret encrypted for this key?',
  decrypt: 'a secret back to its text',
  encrypt: 'a text to a secret',
}

const described = () =>
  Object.fromEntries(
    Object.entries(descriptions).map(([name, description]) => {
      const run = (): number => Number(!describe({ kind: 'command', description }))
      return [name, [summaries[name as Name], async () => ({ run })] as const]
    }),
  )

export const run = (argv: readonly string[]): number => {
  if (describe({ kind: 'group', name: 'lithos_crypt', commands: described() })) return 0
  const [word, ...rest] = argv
  endQuietly('lithos_crypt')
  if (argv.some(isBroken)) return say(process.stderr, brokenText, 1)
  if (word === undefined) return say(process.stderr, overview(), 1)
  if (word === '-V' || word === '--version')
    return say(process.stdout, `lithos_crypt ${version}\n`, 0)
  if (word === '-h' || word === '--help') return say(process.stdout, overview(), 0)
  if (word === 'help') return showHelp(rest)
  return isName(word) ? perform(word, rest) : unknown(word)
}

/** Node has put U+FFFD in the place of what it could not read, and that is another secret. */
const isBroken = (word: string): boolean => word.includes('\ufffd')

const brokenText =
  'error: Invalid UTF-8 was detected in one or more arguments; a secret that is no text can be ' +
  'given on standard input\n'

const say = (stream: NodeJS.WriteStream, text: string, code: number): number => {
  stream.write(text)
  return code
}

const isName = (word: string): word is Name => Object.hasOwn(descriptions, word)

const showHelp = ([word]: readonly string[]): number => {
  if (word === undefined || word === 'help') return say(process.stdout, overview(), 0)
  return isName(word) ? say(process.stdout, help(descriptions[word]), 0) : unknown(word)
}

const unknown = (word: string): number => {
  const similar = nearest(word, [...Object.keys(descriptions), 'help'])
  const hint = similar === null ? 'see lithos_crypt --help' : `did you mean ${similar}?`
  const found = `Found argument '${word}' which wasn't expected, or isn't valid in this context`
  return say(process.stderr, `error: ${found}; ${hint}\n`, 1)
}

const overview = (): string =>
  [
    'EXAMPLES:',
    "    ssh-keygen -t ed25519 -N '' -f key                        # once, on the host",
    '    lithos_crypt encrypt -k key.pub -n web.prod <password.txt # for a configuration',
    '',
    `lithos_crypt ${version}`,
    'Makes and opens the secrets that container configurations hold.',
    '',
    'USAGE:',
    '    lithos_crypt <SUBCOMMAND>',
    '',
    'FLAGS:',
    '    -h, --help       Prints help information',
    '    -V, --version    Prints version information',
    '',
    'SUBCOMMANDS:',
    ...Object.entries(summaries).map(([name, text]) => `    ${name.padEnd(13)}${text}`),
    '    help         this, or the help of a subcommand',
    '',
  ].join('\n')

// ---------------------------------------------------------------------------
// The subcommands
// ---------------------------------------------------------------------------

const perform = (name: Name, argv: readonly string[]): number => {
  const description = descriptions[name]
  const words = argv.map(word => (word === '-V' ? '--version' : word))
  const parsed = parse(description as Description, words)
  if (parsed.kind === 'help') return say(process.stdout, help(description), 0)
  if (parsed.kind === 'version') return say(process.stdout, `lithos_crypt-${name} ${version}\n`, 0)
  if (parsed.kind === 'usage') return say(process.stderr, sayUsage(parsed), 1)

  const given = parsed.options as Readonly<Record<string, string | null>>
  const { keyFile, data, namespace } = given
  const bytes = typeof data === 'string' ? Buffer.from(data) : readInput(name === 'encrypt')
  if (typeof keyFile !== 'string' || bytes === null)
    return say(process.stderr, sayMissing(name, typeof keyFile !== 'string', bytes === null), 1)
  try {
    subcommands[name]({ keyFile, data: bytes, namespace: namespace ?? '' })
    return 0
  } catch (error) {
    if (!(error instanceof CryptError)) throw error
    return say(process.stderr, `${error.message}\n`, 1)
  } finally {
    bytes.fill(0)
  }
}

/** Null: nobody has given anything, which is no empty secret. */
const readInput = (isExact: boolean): Buffer | null => {
  if (isatty(0)) return null
  const bytes = read()
  if (bytes === null || bytes.length === 0) return null
  if (!isExact) return Buffer.from(bytes.toString('utf8').trim())
  return bytes.at(-1) === 0x0a ? bytes.subarray(0, -1) : bytes
}

const read = (): Buffer | null => {
  try {
    return readFileSync(0)
  } catch (error) {
    // Closed, or a directory: there is nothing to be had from it.
    if (['EBADF', 'EISDIR', 'EAGAIN'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return null
    throw error
  }
}

/** The key file is `-k` where it is public and `-i` where it is not, as with the original. */
const sayUsage = ({ message, hint }: { message: string; hint?: string }): string => {
  const [, letter] = /^Unknown short option "([ik])"$/.exec(message) ?? []
  const meant = letter === undefined ? hint : `did you mean ${letter === 'k' ? '-i' : '-k'}?`
  const more = meant === undefined ? '' : `; ${meant}`
  return `error: ${message}${more}\n`
}

const sayMissing = (name: Name, lacksKey: boolean, lacksData: boolean): string =>
  [
    'error: The following required arguments were not provided:',
    ...(lacksData ? ['    --data <data>   (or standard input)'] : []),
    ...(lacksKey ? ['    --key-file <key>'] : []),
    '',
    'USAGE:',
    `    lithos_crypt ${name} [OPTIONS] --data <data> --key-file <key>`,
    '',
    'For more information try --help',
    '',
  ].join('\n')

const subcommands: Readonly<Record<Name, (given: Given) => void>> = {
  encrypt: ({ keyFile, data, namespace }) => {
    const made = encryptSecret(publicKeyOf(keyFile), namespace, data)
    if (E.isLeft(made)) throw new CryptError(made.left)
    process.stdout.write(`${made.right}\n`)
  },
  decrypt: ({ keyFile, data }) => {
    const { namespace, bytes } = decryptWith(privateKeysOf(keyFile), data.toString('utf8'))
    process.stderr.write(`${namespace}:`)
    process.stdout.write(bytes)
    process.stderr.write('\n')
  },
  'check-key': ({ keyFile, data }) => {
    const wrong = checkKey(publicKeyOf(keyFile), data.toString('utf8'))
    if (wrong !== null) throw new CryptError(wrong)
  },
}
