/**
 * Somebody who sits at a terminal, for tests: types, reads the screen, changes its size, goes away.
 * See pty.c.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { compile } from './compile.ts'

export interface Typing {
  /** Of what was started. */
  readonly pid: () => Promise<number>
  readonly type: (keys: string) => void
  /** Resolves when that is on the screen, in what came after all that was seen before. */
  readonly sees: (pattern: RegExp) => Promise<string>
  readonly resize: (rows: number, columns: number) => void
  readonly hangUp: () => void
  readonly screen: () => string
  readonly ended: () => Promise<number | null>
}

export interface Desk {
  readonly start: (program: string, ...words: readonly string[]) => Typing
  /** Ends what a failed test has left. */
  readonly close: () => void
}

const patienceMs = 60_000

export const makeDesk = (dir: string): Desk => {
  const pty = join(dir, 'pty')
  compile('pty.c', pty)
  const sitting = new Set<ChildProcess>()
  return {
    start: (program, ...words) => {
      const child = spawn(pty, [program, ...words], {
        stdio: ['pipe', 'pipe', 'inherit', 'pipe', 'pipe'],
        env: { ...process.env, PS1: '$ ', TERM: 'vt100' },
      })
      sitting.add(child)
      child.on('close', () => sitting.delete(child))
      return typingAt(child)
    },
    // With its terminal, which tells everybody who has it.
    close: () => sitting.forEach(child => child.kill('SIGKILL')),
  }
}

const typingAt = (child: ChildProcess): Typing => {
  const knobs = child.stdio[3] as Writable
  let screen = ''
  let seen = 0
  let hasEnded = false
  child.on('close', () => (hasEnded = true))
  const words: string[] = []
  child.stdout?.on('data', (text: Buffer) => (screen += text.toString()))
  ;(child.stdio[4] as Readable).on('data', (text: Buffer) => words.push(text.toString()))
  // What is typed to somebody who has gone is lost, and shows in what is not seen.
  for (const stream of [child.stdin, knobs]) stream?.on('error', () => {})

  const wait = async <A>(what: string, look: () => A | null): Promise<A> => {
    for (let waited = 0; ; waited += 5) {
      const found = look()
      if (found !== null) return found
      if (waited > patienceMs) throw new Error(`waited in vain for ${what}, saw:\n${screen}`)
      await setTimeout(5)
    }
  }
  return {
    pid: () => wait('a pid', () => (words.length === 0 ? null : Number(words[0]))),
    type: keys => void child.stdin?.write(keys),
    sees: pattern =>
      wait(String(pattern), () => {
        const found = pattern.exec(screen.slice(seen))
        if (found === null) return null
        seen += found.index + found[0].length
        return found[0]
      }),
    resize: (rows, columns) => void knobs.write(`size ${rows} ${columns}\n`),
    hangUp: () => void knobs.write('hangup\n'),
    screen: () => screen,
    ended: () =>
      wait('the end', () => (hasEnded ? { code: child.exitCode } : null)).then(end => end.code),
  }
}
