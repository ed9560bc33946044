/** The file of a container, which comes with its image: what it needs and what it runs. */
import * as t from 'io-ts'
import type { Decoder } from './codec.ts'
import {
  byTag,
  decoder,
  listOf,
  mapOf,
  optional,
  required,
  structure,
  unexpected,
} from './codec.ts'
import { MAX_64, anyKey, idMap, ipAddress, path, texts, u32 } from './fields.ts'
import { fileCount, furtherLimitFields, memoryBytes, shareCount } from './limits.ts'
import { containerPolicyFields } from './policy.ts'
import type { Container, TcpPort, VariableType } from './shapes.ts'
import { portRule } from './variables.ts'
import { volumes } from './volumes.ts'
import { flag, mapped, nullable, nullableFlag, oneOf, plainNumber, text } from './words.ts'
import { textOf, wholeNumber } from './words.ts'

// ---------------------------------------------------------------------------
// Variables
// ---------------------------------------------------------------------------

/** A word; or, as the original also read it, a tag without a value. */
const activation = decoder<'systemd'>('the word systemd', (value, context) =>
  textOf(value) === 'systemd' || (value.kind === 'null' && value.tag?.name === 'systemd')
    ? t.success('systemd')
    : unexpected(value, context, 'leave the key out for no activation'),
)

const tcpPortVariable: Decoder<VariableType> = mapped(
  structure<{ activation: 'systemd' | null }>('a mapping with activation, or nothing', {
    activation: optional(activation as Decoder<'systemd' | null>, null),
  }),
  fields => ({ type: 'TcpPort', ...fields }),
)

const bare = (type: 'Name' | 'DottedName'): Decoder<VariableType> =>
  decoder(`nothing after !${type}`, (value, context) =>
    value.kind === 'null' ? t.success({ type }) : unexpected(value, context),
  )

const choice: Decoder<VariableType> = mapped(
  listOf('a list of texts after !Choice', text('text')),
  of => ({ type: 'Choice', of }),
)

const variables = mapOf(
  'a mapping of variables to types',
  anyKey,
  byTag<VariableType>('a type', {
    TcpPort: tcpPortVariable,
    Name: bare('Name'),
    DottedName: bare('DottedName'),
    Choice: choice,
  }),
)

// ---------------------------------------------------------------------------
// Ports, secrets, generated files
// ---------------------------------------------------------------------------

const I32_MAX = 2n ** 31n - 1n

/** listen(2) takes an int, and the kernel cuts it to net.core.somaxconn anyway. */
const backlog = mapped(plainNumber('a number in decimal digits', Number(2n ** 64n)), length =>
  Math.min(length, Number(I32_MAX)),
)

const tcpPort: Decoder<TcpPort> = structure<TcpPort>('the mapping of a port', {
  fd: required(wholeNumber('the number of a file descriptor', 0n, I32_MAX)),
  host: optional(ipAddress, '0.0.0.0'),
  reuseAddr: optional(flag, true),
  reusePort: optional(flag, false),
  setNonBlock: optional(flag, false),
  listenBacklog: optional(backlog, 128),
  external: optional(flag, false),
})

const secretTexts = listOf('a secret or a list of secrets', text('a secret'))

/** One secret stands for a list of one. */
const secrets = decoder<readonly string[]>(secretTexts.name, (value, context) => {
  const single = textOf(value)
  return single === null || single.includes('\0')
    ? secretTexts.validate(value, context)
    : t.success([single])
})

export const secretEnviron = mapOf('a mapping of variables to secrets', anyKey, secrets)

const SECRET_FILE = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,255}$/

const secretFiles = mapOf(
  'a mapping of file names to secrets',
  key =>
    SECRET_FILE.test(key)
      ? null
      : 'expected the name of a file, of letters, digits, ".", "_" and "-" only',
  secrets,
)

const resolvConf = structure<Container['resolvConf']>('a mapping of mount and copy-from-host', {
  mount: optional(nullableFlag, null),
  copyFromHost: optional(flag, true),
})

const hostsFile = structure<Container['hostsFile']>(
  'a mapping of mount, copy-from-host, localhost and public-hostname',
  {
    mount: optional(nullableFlag, null),
    copyFromHost: optional(flag, true),
    localhost: optional(nullableFlag, null),
    publicHostname: optional(nullableFlag, null),
  },
)

// ---------------------------------------------------------------------------
// The whole file
// ---------------------------------------------------------------------------

const milliseconds = mapped(
  wholeNumber('a number of seconds from 0 to 86400', 0n, 86_400n),
  seconds => seconds * 1000,
)

const exitCode = wholeNumber('an exit code', -I32_MAX - 1n, I32_MAX)

export const container: Decoder<Container> = structure<Container>(
  'the mapping of a container configuration',
  {
    kind: optional(oneOf<Container['kind']>(['Daemon', 'Command', 'CommandOrDaemon']), 'Daemon'),
    variables: optional(variables, new Map()),
    volumes: optional(volumes, new Map()),
    userId: optional(nullable(u32), null),
    groupId: optional(nullable(u32), null),
    memoryLimit: optional(memoryBytes, MAX_64),
    filenoLimit: optional(fileCount, 1024n),
    cpuShares: optional(shareCount, 1024),
    ...furtherLimitFields,
    restartTimeoutMs: optional(milliseconds, 1000, 'restart-timeout'),
    killTimeoutMs: optional(milliseconds, 5000, 'kill-timeout'),
    executable: required(text('the path of a program')),
    arguments: optional(texts, []),
    environ: optional(mapOf('a mapping of variables to texts', anyKey, text('text')), new Map()),
    secretEnviron: optional(secretEnviron, new Map()),
    secretEnvironFile: optional(nullable(path), null),
    secretFiles: optional(secretFiles, new Map()),
    workdir: optional(path, '/'),
    resolvConf: optional(resolvConf, { mount: null, copyFromHost: true }),
    hostsFile: optional(hostsFile, {
      mount: null,
      copyFromHost: true,
      localhost: null,
      publicHostname: null,
    }),
    uidMap: optional(idMap, []),
    gidMap: optional(idMap, []),
    stdoutStderrFile: optional(nullable(path), null),
    interactive: optional(flag, false),
    restartProcessOnly: optional(flag, false),
    normalExitCodes: optional(listOf('a list of exit codes', exitCode), []),
    tcpPorts: optional(mapOf('a mapping of ports', portRule, tcpPort), new Map()),
    ...containerPolicyFields,
  },
  {
    ignoredKeys: ['metadata'],
    wrongKeys: {
      'work-dir': 'the key is "workdir"',
      'uid-maps': 'the key is "uid-map"',
      'gid-maps': 'the key is "gid-map"',
      command: 'the keys are "executable" and "arguments"',
      env: 'the key is "environ"',
      environment: 'the key is "environ"',
      user: 'the key is "user-id"',
      group: 'the key is "group-id"',
    },
  },
)
