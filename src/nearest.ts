/** Names as people type them at a command: longer than keys, and further off. */
import { distance } from './config/nearMiss.ts'

/** The name somebody may have meant: the nearest by edits, if it is near at all. */
export const nearest = (name: string, names: readonly string[]): string | null => {
  // Of two letters, two others make any word.
  const farMax = name.length < 4 ? 1 : Math.max(2, name.length / 3)
  const ranked = names
    .map(other => ({ other, far: distance(name, other, farMax) }))
    .sort((a, b) => a.far - b.far)
  const best = ranked[0]
  return best !== undefined && best.far <= farMax ? best.other : null
}
