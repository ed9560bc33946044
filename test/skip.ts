/**
 * Tests that need something of the machine: root, a compiler, a kernel of some age. Where it is
 * missing they are skipped and say why; in CI (CI=true) a skipped test is a failed one, so that
 * nothing can go untested for years without anybody noticing.
 *
 *     const asRoot = skipUnless(isRoot, 'needs root')
 *     asRoot('mounts a tmpfs', () => { ... })
 */
import { test } from 'uvu'

export type Body = () => Promise<void> | void

export const isRoot = process.getuid?.() === 0

const isInCi = process.env['CI'] === 'true'

export const skipUnless = (
  condition: boolean,
  reason: string,
): ((name: string, body: Body) => void) => {
  if (condition) return (name, body) => test(name, body)
  if (isInCi)
    return name =>
      test(name, () => {
        throw new Error(`${reason}, and with CI=true nothing may be skipped`)
      })
  return name => test.skip(`${name} (${reason})`)
}
