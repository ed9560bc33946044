/** What a sandbox runs now, as the journal knows it. */
import type { Settings } from '../evaluate/settings.ts'
import { journalsOf, readPresent } from '../history.ts'
import { isIn } from '../outcome.ts'
import type { Present } from './plan.ts'

export const presentOf = async (
  settings: Settings,
  sandbox: string,
): Promise<ReadonlyMap<string, Present>> => {
  const present = await readPresent(journalsOf(settings.places).hotDirectory)
  return new Map(
    [...(present?.state.instances ?? [])]
      .filter(([name]) => isIn(sandbox, name))
      .map(([name, { context }]) => [
        name,
        { config: context.life?.config ?? null, spec: context.want?.spec ?? null },
      ]),
  )
}
