/**
 * Names of sandboxes and processes. They become directories, cgroups, arguments and keys of the
 * control protocol: what may not be part of a path is refused, what is merely odd is not.
 */
export const isName = (name: string): boolean => /^[A-Za-z0-9_-]+$/.test(name)

/** `sandbox/cmd.NAME.PID`, as a run of `lithos_cmd` is called. */
export const isCommandName = (value: unknown): value is string =>
  typeof value === 'string' && /^[A-Za-z0-9_-]+\/cmd\.[A-Za-z0-9_-]+\.\d+$/.test(value)

/** A sentence about a name that would leave its directory, or null. */
export const nameProblem = (name: string): string | null => {
  if (name === '') return 'expected a name, found an empty one'
  if (name === '.' || name === '..') return 'expected a name, found a directory'
  if (/[/\0]/.test(name)) return 'expected a name without "/" and NUL'
  return null
}

/** The sandbox that a file in `sandboxes-dir` configures; null for files that do not. */
export const sandboxOf = (fileName: string): string | null => {
  const isMeant = fileName.endsWith('.yaml') && !/^[.#]/.test(fileName)
  return isMeant ? fileName.slice(0, -'.yaml'.length) : null
}
