/**
 * Commands describe themselves: while somebody listens, they hand over what they are described by
 * instead of doing anything. The manual and the completions are made in this way at the build, so
 * that a new command has both without anybody thinking of it.
 */
import type { Description } from './args.ts'
import type { Commands } from './dispatch.ts'

export type Described =
  | { readonly kind: 'command'; readonly description: Description }
  | { readonly kind: 'group'; readonly name: string; readonly commands: Commands }

let listener: ((described: Described) => void) | null = null

/** True: it was heard, and there is nothing else to do. */
export const describe = (described: Described): boolean => {
  listener?.(described)
  return listener !== null
}

/** Null: it did not describe itself. */
export const describedBy = async (
  run: (argv: readonly string[]) => unknown,
): Promise<Described | null> => {
  const heard: Described[] = []
  listener = described => void heard.push(described)
  try {
    await run([])
  } finally {
    listener = null
  }
  return heard[0] ?? null
}
