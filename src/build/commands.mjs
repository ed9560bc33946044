/**
 * The commands we ship, and the flags of Node under which they run. The flags stand a second
 * time in the launchers of src/bin, because V8 takes its code cache only under the very flags
 * it was made with; test/build/launchers.test.ts compares the two.
 */

/** Each is a file src/cli/NAME.ts that exports `run(argv)`; `lithos_knot` itself is C. */
export const commands = [
  'lithos',
  'tree',
  'knot',
  'cmd',
  'switch',
  'check',
  'crypt',
  'clean',
  'ps',
  'mkdev',
]

export const nodeFlags = ['--max-semi-space-size=1', '--v8-pool-size=0']
