/** Configurations with one mistake in each: addresses, ports, variables, secrets. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { keyA, privateFile } from '../../src/secrets/keys.ts'
import { sealed } from '../secretWorld.ts'
import { at, bad, bridged } from './row.ts'
import type { Row } from './row.ts'

const anyPort = 'allow-tcp-ports: [0-65535]\n'

const port = (container: string, entry = ''): Row => ({ sandbox: anyPort, container, entry })

const secret = (container: string): Row => ({
  sandbox: 'secrets-private-key: $/etc/key-sized\n',
  container,
  prepare: (_image, root) =>
    writeFileSync(join(root, 'etc/key-sized'), privateFile([keyA]), { mode: 0o600 }),
})

export const badNetworks: Readonly<Record<string, Row>> = {
  'address-missing': bad(/lists only 1/, {
    ...at('198.18.2.2'),
    entry: '  instances: 2\n  ip-addresses: [198.18.2.2]\n',
  }),
  'address-other-family': bad(/is not in the network/, at('"fd00::9"')),
  'gateway-other-family': bad(
    /is not in the network/,
    at('198.18.2.3', '', '  default-gateway: "fd00::1"\n'),
  ),
  netmask: bad(/as a number of bits/, {
    sandbox: 'bridged-network: {bridge: br0, network: 198.18.0.0/255.255.0.0}\n',
    entry: '  ip-addresses: [198.18.2.4]\n',
  }),
  'no-bridge-but-interface': bad(/an interface, but no bridge/, {
    sandbox: bridged('lo'),
    entry: '  ip-addresses: [198.18.2.5]\n',
  }),
  'port-of-nobody': bad(
    /has no address 203\.0\.113\.9/,
    at('198.18.2.6', 'tcp-ports: {80: {fd: 3, host: 203.0.113.9}}\n'),
  ),
  'port-outside': bad(
    /not allowed/,
    at('198.18.2.7', 'tcp-ports: {22100: {fd: 3, external: true}}\n'),
  ),
  'port-of-no-interface': {
    ...port('tcp-ports: {22101: {fd: 3, host: 203.0.113.9}}\n'),
    says: { text: /as long as this host has no address/, isWarning: true },
  },
  'port-by-name': bad(
    /host names are not looked up/,
    port('tcp-ports: {22102: {fd: 3, host: localhost}}\n'),
  ),
  'port-of-word': bad(
    /Bad port/,
    port('variables: {p: !Name}\ntcp-ports: {"@{p}": {fd: 3}}\n', '  variables: {p: word}\n'),
  ),
  'port-of-undeclared': bad(
    /undefined variable/,
    port('tcp-ports: {"@{p}": {fd: 3}}\n', '  variables: {p: 22103}\n'),
  ),
  'secret-too-long': bad(
    /longer than the 131071 bytes/,
    secret(`secret-environ: {A: ${sealed(keyA, 'x'.repeat(131_072))}}\n`),
  ),
  'secret-with-zero': bad(
    /no null bytes/,
    secret(`secret-environ: {A: ${sealed(keyA, 'x\0y')}}\n`),
  ),
  'secret-name': bad(
    /is no name of a variable/,
    secret(`secret-environ: {"A=B": ${sealed(keyA, 'x')}}\n`),
  ),
  'secrets-twice': bad(
    /mutually exclusive/,
    secret(`secret-environ-file: ./s.yaml\nsecret-environ: {A: ${sealed(keyA, 'x')}}\n`),
  ),
}
