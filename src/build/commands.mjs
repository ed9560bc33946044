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

/** The one of `lithos COMMAND` that is called most, and has no name of its own besides. */
export const further = ['ls']

/**
 * `lithos COMMAND` has these in bundles of their own, and they are started without the large one
 * of all the others. Not the supervisor: its restarts in place go on as they began.
 */
export const direct = [...commands, ...further].filter(
  name => !['lithos', 'tree', 'knot'].includes(name),
)

export const nodeFlags = ['--max-semi-space-size=1', '--v8-pool-size=0']
