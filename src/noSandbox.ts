/** What is said to somebody who has named a sandbox that is not there. */
import { listSandboxes } from './evaluate/listing.ts'
import type { Settings } from './evaluate/settings.ts'
import { nearest } from './nearest.ts'

export const sayNoSandbox = ({ places }: Settings, sandbox: string): string => {
  const names = sandboxesIn(places.sandboxesDir)
  return `There is no sandbox "${sandbox}" in ${places.sandboxesDir}${sayNearest(sandbox, names)}`
}

const sandboxesIn = (directory: string): readonly string[] => {
  try {
    return listSandboxes(directory)
  } catch {
    return []
  }
}

/** The end of a sentence: what may have been meant, or what there is. */
export const sayNearest = (name: string, names: readonly string[]): string => {
  const similar = nearest(name, names)
  if (similar !== null) return `; did you mean "${similar}"?`
  return names.length === 0 ? '' : `; there is ${names.map(other => `"${other}"`).join(', ')}`
}
