/**
 * Tests of networks run in a network namespace of their own, with a bridge of their own: the host
 * sees nothing of it, and it goes when the last of its processes goes.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const variable = 'LITHOS_TEST_NETWORK'
const isInside = process.env[variable] === 'own'

export const canNetwork = spawnSync('unshare', ['--net', 'true']).status === 0

/** Everything that follows the first call is done in a new process, and not here. */
export const enterOwnNetwork = (file: string): void => {
  if (isInside || !canNetwork) return
  const argv = [...process.execArgv, fileURLToPath(file), ...process.argv.slice(2)]
  const words = ['--net', process.execPath, ...argv]
  const { status } = spawnSync('unshare', words, {
    stdio: 'inherit',
    env: { ...process.env, [variable]: 'own' },
  })
  process.exit(status ?? 1)
}

/** Names of the interfaces that there are, sorted. */
export const interfaces = (): readonly string[] =>
  readFileSync('/proc/net/dev', 'utf8')
    .split('\n')
    .slice(2)
    .map(line => line.split(':')[0]?.trim() ?? '')
    .filter(name => name !== '')
    .sort()
