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

/**
 * What exercises a command before its code cache is taken, so that the cache holds the
 * functions that a start needs. It must touch nothing and end by itself.
 */
export const warmUp = name => (name === 'lithos' ? ['--help'] : ['--version'])
