/**
 * The first JavaScript of every command: `node dist/start.cjs lithos_tree ARGUMENT...`, as the
 * launchers in src/bin call it and as the supervisor calls itself when it restarts in place.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { load, optimiseLate } from './load.ts'

/** Of the machine that built this; esbuild puts it in. */
declare const builtForArch: string
/** What of `lithos COMMAND` is a bundle of its own; from esbuild as well. */
declare const directCommands: readonly string[]

const [, , name = '', ...argv] = process.argv
const [word = ''] = argv
const isDirect = name === 'lithos' && directCommands.includes(word)

const refusal = (): string | null => {
  const major = Number(process.versions.node.split('.')[0])
  if (major < 20) return `Node ${process.version} runs this; Node 20 or later is needed`
  if (process.arch !== builtForArch)
    return (
      `this package was built for ${builtForArch}, but Node here is ${process.arch}: ` +
      'run npm ci and npm pack in a checkout on a machine like this one'
    )
  if (!existsSync(bundle)) return `no such command here: ${bundle} is missing; run npm ci first`
  return null
}

const bundle = join(__dirname, `${isDirect ? word : name.replace(/^lithos_/, '')}.cjs`)

const reason = refusal()
if (reason !== null) {
  process.stderr.write(`${name}: ${reason}\n`)
  process.exitCode = 127
} else {
  optimiseLate()
  // People and scripts find a supervisor by its words, `pgrep -f 'lithos_tree --config'`, and by
  // its name, `pkill -QUIT lithos_tree`; the title sets both, but cuts the words into the name.
  process.title = [name, ...argv].join(' ')
  try {
    writeFileSync('/proc/self/comm', name)
  } catch {
    // Without /proc there is nobody who could look.
  }
  // A command that is never done must not look like one that went well.
  process.exitCode = 1
  void Promise.resolve(load(bundle).run(isDirect ? argv.slice(1) : argv)).then(code => {
    process.exitCode = code
  })
}
