/** What the host calls itself, for the `/etc/hosts` of containers, and whom it has. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import { hostname } from 'node:os'
import { ownUserNamespace } from '../../native/userNamespace.ts'
import type { UserNamespace } from '../../native/userNamespace.ts'

export interface HostName {
  readonly hostname: string
  /** Its first IPv4 address, or null. Found out when first asked for: that may take a while. */
  readonly address: () => string | null
  /** Absent: of the host. Another one has not all users. */
  readonly namespace?: UserNamespace | null
}

/** A name server that does not answer must not hold up what has no need of it for longer. */
const patienceMs = 5_000

export const askHost = (hostsFile = '/etc/hosts', name = hostname()): HostName => {
  let known: string | null | undefined
  return {
    hostname: name,
    namespace: ownUserNamespace(),
    address: () => (known ??= inHostsFile(hostsFile, name) ?? fromResolver(name)),
  }
}

const inHostsFile = (file: string, name: string): string | null => {
  const lines = textOf(file).split('\n')
  for (const line of lines) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    if (isIPv4(address) && names.includes(name)) return address
  }
  return null
}

const textOf = (file: string): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // No hosts file is a hosts file that knows nobody.
    return ''
  }
}

const fromResolver = (name: string): string | null => {
  try {
    const text = execFileSync('getent', ['ahostsv4', '--', name], {
      encoding: 'utf8',
      timeout: patienceMs,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [address = ''] = text.split(/\s/)
    return isIPv4(address) ? address : null
  } catch {
    return null
  }
}
