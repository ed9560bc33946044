/**
 * One command of a sandbox, evaluated as the supervisor evaluates its processes. What is wrong with
 * other processes of the sandbox is no concern of it; what is wrong with the sandbox itself is.
 */
import { stamp } from '../../actors/clock.ts'
import type { Wanted } from '../../machines/vocabulary.ts'
import { isName } from '../config/names.ts'
import { sayProblem } from '../config/report.ts'
import type { Process } from '../config/shapes.ts'
import { createFileCache } from '../evaluate/files.ts'
import { gather } from '../evaluate/gather.ts'
import { askHost } from '../evaluate/host.ts'
import { judge } from '../evaluate/sandbox.ts'
import type { Settings } from '../evaluate/settings.ts'
import { sayNearest, sayNoSandbox } from '../noSandbox.ts'
import type { Spec } from '../spec.ts'
import { existsSync } from 'node:fs'
import { sandboxFile } from '../config/places.ts'

export interface Ready {
  readonly wanted: Wanted
  readonly spec: Spec
  readonly warnings: readonly string[]
}

/** Sentences about what is in the way; a hint where those are the original's words. */
export type NotReady = { readonly reasons: readonly string[]; readonly hint?: string }

export const evaluateCommand = (
  settings: Settings,
  sandbox: string,
  name: string,
): Ready | NotReady => {
  if (!isName(sandbox)) return no(`Wrong sandbox name: ${sandbox}`, nameHint)
  if (!isName(name)) return no(`Wrong command name: ${name}`, nameHint)
  if (!existsSync(sandboxFile(settings.places, sandbox))) return no(sayNoSandbox(settings, sandbox))
  const files = createFileCache(() => stamp().at).open(sandbox)
  const gathered = gather(settings, sandbox, files, undefined, name)
  const entries = gathered.processes?.value
  if (entries != null) {
    const entry = entries.get(name)
    if (entry === undefined) return no(noCommand(entries, name))
    if (entry.kind !== 'Command')
      return no(
        `The target container is: ${entry.kind}`,
        `lithos_tree runs ${sandbox}/${name}; a command has \`kind: Command\`` +
          sayNearest('', commandsOf(entries)),
      )
  }
  const { commands, specs, problems } = judge(settings, gathered, askHost())
  const said = (wanted: 'error' | 'warning') =>
    problems.filter(({ severity }) => severity === wanted).map(sayProblem)
  const wanted = commands.get(name)
  const spec = wanted === undefined ? undefined : specs.get(wanted.spec)
  if (wanted === undefined || spec === undefined) return { reasons: said('error') }
  return { wanted, spec, warnings: said('warning') }
}

const no = (reason: string, hint?: string): NotReady => ({
  reasons: [reason],
  ...(hint !== undefined && { hint }),
})

const nameHint = 'a name is of ASCII letters, digits, "-" and "_"'

const noCommand = (entries: ReadonlyMap<string, Process>, name: string): string =>
  `Command "${name}" not found${sayNearest(name, commandsOf(entries))}`

const commandsOf = (entries: ReadonlyMap<string, Process>): readonly string[] =>
  [...entries].flatMap(([name, { kind }]) => (kind === 'Command' ? [name] : []))
