/** The file of a sandbox: what the administrator allows to all processes in it. */
import * as t from 'io-ts'
import { readNetwork } from './addresses.ts'
import type { Decoder } from './codec.ts'
import { decoder, mapOf, optional, required, structure } from './codec.ts'
import { confinementFields } from './confinement.ts'
import { anyKey, idMap, ipAddress, logLevel, path, ranges, texts } from './fields.ts'
import { boundFields, ceilingFields } from './limits.ts'
import { U32_MAX } from './numbers.ts'
import type { BridgedNetwork, Sandbox } from './shapes.ts'
import { flag, mapped, nullable, plainNumber, text, wholeNumber, word } from './words.ts'

const userId = plainNumber('a user id in decimal digits', U32_MAX)
const groupId = plainNumber('a group id in decimal digits', U32_MAX)

const network: Decoder<BridgedNetwork['network']> = word(
  'a network such as 10.0.0.0/24',
  source => {
    const means = readNetwork(source)
    if (means !== null) return { means }
    return { hint: /\/\d+\.\d+/.test(source) ? 'write the netmask as a number of bits' : null }
  },
)

/** The supervisor gives up on a start after a minute; by then this has to have been said. */
const patience = mapped(
  wholeNumber('a number of seconds from 1 to 50', 1n, 50n),
  seconds => seconds * 1000,
)

const bridged: Decoder<BridgedNetwork> = structure<BridgedNetwork>(
  'the mapping of a bridged network',
  {
    bridge: required(text('the name of a bridge')),
    network: required(network),
    defaultGateway: optional(nullable(ipAddress), null),
    afterSetupCommand: optional(texts, []),
    afterSetupTimeoutMs: optional(patience, 30_000, 'after-setup-timeout'),
  },
)

/** Nothing after the key means that there is none; a written null is a mistake. */
const bridgedOrAbsent = decoder<BridgedNetwork | null>(bridged.name, (value, context) =>
  value.kind === 'null' && value.isImplicit ? t.success(null) : bridged.validate(value, context),
)

const pathMap = mapOf('a mapping of virtual paths to host paths', anyKey, path)

export const sandbox: Decoder<Sandbox> = structure<Sandbox>(
  'the mapping of a sandbox configuration',
  {
    configFile: optional(nullable(path), null),
    imageDir: optional(path, '/var/lib/lithos/containers'),
    imageDirLevels: optional(wholeNumber('a whole number from 1 to 16', 1n, 16n), 1),
    usedImagesList: optional(nullable(path), null),
    logFile: optional(nullable(path), null),
    logLevel: optional(nullable(logLevel), null),
    outputPerProcess: optional(flag, false),
    readonlyPaths: optional(pathMap, new Map()),
    writablePaths: optional(pathMap, new Map()),
    allowUsers: optional(ranges, []),
    defaultUser: optional(nullable(userId), null),
    allowGroups: optional(ranges, []),
    defaultGroup: optional(groupId, 0),
    allowTcpPorts: optional(ranges, []),
    additionalHosts: optional(
      mapOf('a mapping of host names to addresses', anyKey, text('an address')),
      new Map(),
    ),
    uidMap: optional(idMap, []),
    gidMap: optional(idMap, []),
    autoClean: optional(flag, true),
    resolvConf: optional(path, '/etc/resolv.conf'),
    hostsFile: optional(path, '/etc/hosts'),
    bridgedNetwork: optional(bridgedOrAbsent, null),
    secretsPrivateKey: optional(nullable(path), null),
    secretsNamespaces: optional(texts, []),
    ...confinementFields,
    ...ceilingFields,
    ...boundFields,
  },
  {
    wrongKeys: {
      'uid-maps': 'the key is "uid-map"',
      'gid-maps': 'the key is "gid-map"',
      'allow-ports': 'the key is "allow-tcp-ports"',
    },
  },
)
