/**
 * Manual pages and completions, made at each build of what the commands say of themselves. Its
 * word is the directory for them: `man/man8`, `man/man5`, `completions/`.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bashCompletion, fishCompletion, zshCompletion } from '../manual/completions.ts'
import { commandPage, pageName } from '../manual/commandPage.ts'
import { flat, inTurn, knownOf } from '../manual/commands.ts'
import type { Known } from '../manual/commands.ts'
import { formatPage, formats } from '../manual/formatPage.ts'
import { completedOf } from '../manual/words.ts'

const programs: Readonly<Record<string, Parameters<typeof knownOf>[2]>> = {
  lithos: () => import('../cli/lithos.ts'),
  lithos_tree: () => import('../cli/tree.ts'),
  lithos_cmd: () => import('../cli/cmd.ts'),
  lithos_switch: () => import('../cli/switch.ts'),
  lithos_check: () => import('../cli/check.ts'),
  lithos_crypt: () => import('../cli/crypt.ts'),
  lithos_clean: () => import('../cli/clean.ts'),
  lithos_ps: () => import('../cli/ps.ts'),
  lithos_mkdev: () => import('../cli/mkdev.ts'),
}

const summaries: Readonly<Record<string, string>> = {
  lithos: 'keeps containers running, and tells what it does',
  lithos_tree: 'the supervisor of containers',
  lithos_cmd: 'runs a command in a container',
  lithos_switch: 'another process configuration for a sandbox, whole or not at all',
  lithos_check: 'would the supervisor start all that is configured?',
  lithos_crypt: 'encrypts and decrypts the secrets of configurations',
  lithos_clean: 'images that nothing uses any more',
  lithos_ps: 'what runs, as a tree or a table',
  lithos_mkdev: 'makes the /dev of containers',
}

const all = async (): Promise<readonly Known[]> => {
  const found = await inTurn(
    Object.entries(programs).map(([name, load]) => async () => {
      const known = await knownOf(name, summaries[name] ?? '', load)
      if (known === null) process.stderr.write(`build: ${name} does not describe itself\n`)
      return known
    }),
  )
  return found.filter(known => known !== null)
}

const write = (directory: string, name: string, text: string): void => {
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, name), text)
}

const main = async (directory: string): Promise<void> => {
  const known = await all()
  const commands = known.flatMap(flat)
  // `lithos ps` is told under its older name.
  const older = new Set(known.map(({ words }) => words.replace('lithos_', 'lithos ')))
  const isOlder = (words: string): boolean =>
    words.split(' ').some((_, end, all) => end > 0 && older.has(all.slice(0, end + 1).join(' ')))
  for (const each of commands.filter(({ words }) => !isOlder(words)))
    write(join(directory, 'man/man8'), `${pageName(each.words)}.8`, commandPage(each))
  for (const format of formats)
    write(join(directory, 'man/man5'), `${format.name}.5`, formatPage(format))
  const completed = commands.map(completedOf)
  const completions = join(directory, 'completions')
  write(completions, 'lithos.bash', bashCompletion(completed))
  write(completions, '_lithos', zshCompletion(completed))
  write(completions, 'lithos.fish', fishCompletion(completed))
}

void main(process.argv[2] ?? 'dist')
