/**
 * `lithos __names [-C FILE] [instances|processes|sandboxes]`: what completions offer. Not in the
 * help, and silent whatever happens: one name a line, of all kinds or of one.
 */
import { listSandboxes } from '../evaluate/listing.ts'
import { readPresent, journalsOf } from '../history.ts'
import { defaultMaster, quietSettings } from './common.ts'
import { knownNames } from './names.ts'

type Kind = 'instances' | 'processes' | 'sandboxes'

const isOf: Readonly<Record<Kind, (name: string) => boolean>> = {
  instances: name => /\/.*\.\d+$/.test(name),
  processes: name => /\/(?!.*\.\d+$)/.test(name),
  sandboxes: name => !name.includes('/'),
}

const sandboxesIn = (directory: string): readonly string[] => {
  try {
    return listSandboxes(directory)
  } catch {
    return []
  }
}

export const run = async (argv: readonly string[]): Promise<number> => {
  const words = [...argv]
  const at = words.findIndex(word => word === '-C' || word === '--config')
  const [, config = defaultMaster] = at === -1 ? [] : words.splice(at, 2)
  const [kind] = words
  try {
    const settings = quietSettings(config)
    if (settings === null) return 0
    const { state } = (await readPresent(journalsOf(settings.places).hotDirectory)) ?? {}
    const names = knownNames([...(state?.instances.keys() ?? [])])
    const filter = kind !== undefined && Object.hasOwn(isOf, kind) ? isOf[kind as Kind] : () => true
    // One without instances, or with commands only, is known by its file.
    const configured = sandboxesIn(settings.places.sandboxesDir).filter(filter)
    const shown = [...new Set([...names.filter(filter), ...configured])].sort()
    process.stdout.write(shown.map(name => `${name}\n`).join(''))
  } catch {
    // Somebody is typing: nothing to offer is all there is to say.
  }
  return 0
}
