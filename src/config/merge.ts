/**
 * The merge key `<<`: own keys win over merged ones, earlier sources over later ones. A source
 * that merges itself has done so already.
 */
import { error } from './report.ts'
import type { Mistake } from './report.ts'
import type { Entry, Value } from './value.ts'

export const mergeInto = (entries: Map<string, Entry>, source: Value): readonly Mistake[] => {
  switch (source.kind) {
    case 'map':
      for (const entry of source.entries) {
        if (!entries.has(entry.key)) entries.set(entry.key, entry)
      }
      return []
    case 'list':
      return source.items.flatMap(item => mergeInto(entries, item))
    case 'broken':
      return []
    default:
      return [error(source.at, 'expected a mapping or a list of mappings after <<')]
  }
}
