/** Key files made by hand, so that every part of them can be wrong. */
import nacl from 'tweetnacl'

export const string = (bytes: Uint8Array | string): Buffer => {
  const body = Buffer.from(bytes)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  return Buffer.concat([length, body])
}

const number = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export interface TestKey {
  readonly publicKey: Uint8Array
  readonly secretKey: Uint8Array
}

export const keyOf = (seed: Uint8Array): TestKey => nacl.sign.keyPair.fromSeed(seed)

/** 32 bytes from `first` on. */
export const seedFrom = (first: number): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, index) => (first + index) & 0xff)

export const keyA = keyOf(seedFrom(0))
export const keyB = keyOf(seedFrom(0x20))

export const publicLine = ({ publicKey }: TestKey, comment = ' somebody'): string =>
  `ssh-ed25519 ${publicBlob(publicKey).toString('base64')}${comment}\n`

export const publicBlob = (publicKey: Uint8Array): Buffer =>
  Buffer.concat([string('ssh-ed25519'), string(publicKey)])

export interface Odd {
  readonly cipher?: string
  readonly type?: string
  readonly secondCheck?: number
  /** One private section for each key, as the original has it. */
  readonly apart?: boolean
  readonly count?: number
  readonly publicKey?: Uint8Array
}

export const privateFile = (keys: readonly TestKey[], odd: Odd = {}): string => {
  const one = ({ publicKey, secretKey }: TestKey): Buffer =>
    Buffer.concat([
      ...[odd.type ?? 'ssh-ed25519', odd.publicKey ?? publicKey, secretKey, 'comment'].map(string),
    ])
  const section = (of: readonly TestKey[]): Buffer =>
    string(
      Buffer.concat([
        number(7),
        number(odd.secondCheck ?? 7),
        ...of.map(one),
        Buffer.from([1, 2, 3]),
      ]),
    )
  const blobs = keys.map(({ publicKey }) => string(publicBlob(publicKey)))
  const parts =
    odd.apart === true
      ? keys.flatMap((key, index) => [blobs[index]!, section([key])])
      : [...blobs, section(keys)]
  return armoured(
    Buffer.concat([
      Buffer.from('openssh-key-v1\0'),
      ...[odd.cipher ?? 'none', odd.cipher ?? 'none', ''].map(string),
      number(odd.count ?? keys.length),
      ...parts,
    ]),
  )
}

export const armoured = (bytes: Buffer): string =>
  [
    '-----BEGIN OPENSSH PRIVATE KEY-----',
    ...(bytes.toString('base64').match(/.{1,70}/g) ?? []),
    '-----END OPENSSH PRIVATE KEY-----',
    '',
  ].join('\n')
