/** `lithos pid`: in which instance a process of the host is. */
import { createInterface } from 'node:readline'
import { findKnotOf } from '../look/ownerOf.ts'
import { visible } from '../table.ts'
import type { Description } from './args.ts'
import { runCommand } from './command.ts'
import { jsonOption } from './common.ts'

export const description = {
  command: 'lithos pid',
  examples: [
    ['4711 4712', 'in which instances these are'],
    ['- <pids.txt', 'of a list, one pid a line'],
  ],
  summary:
    'Tells for each pid of the host which instance it belongs to, its pid in there, and the name ' +
    'of its program. [host]: it is in no container; -: there is no such process. Asks the kernel ' +
    'only. Exit code 0: all were found; 1: at least one does not exist.',
  options: {
    noHeader: { kind: 'flag', names: ['-H', '--hide-header'], help: 'no line of headers' },
    json: { ...jsonOption, help: 'a JSON document for each pid, one a line' },
  },
  positionals: [
    {
      name: 'pid',
      help: 'a pid of the host; - reads more of them, one a line, from standard input',
      kind: 'rest',
    },
  ],
} as const satisfies Description

export const run = (argv: readonly string[]): Promise<number> | number =>
  runCommand(description, argv, async (options, words) => {
    if (words.length === 0) return usage('Argument PID is required')
    let code = 0
    if (!options.noHeader && !options.json) print(line('PID', 'CONTAINER', 'CTPID', 'NAME'))
    for await (const word of wordsIn(words)) {
      if (!/^\d{1,10}$/.test(word)) {
        process.stderr.write(`${description.command}: ${JSON.stringify(word)} is no pid\n`)
        code = 1
        continue
      }
      const owner = findKnotOf(Number(word))
      if (owner === null) code = 1
      const { instance, innerPid, program } = owner ?? { ...none, program: null }
      print(
        options.json
          ? `${JSON.stringify({ pid: Number(word), instance, inner_pid: innerPid, program })}\n`
          : line(
              word,
              owner === null ? '-' : (instance ?? '[host]'),
              instance === null ? '-' : String(innerPid ?? '-'),
              program ?? '-',
            ),
      )
    }
    return code
  })

const none = { instance: null, innerPid: null }

async function* wordsIn(words: readonly string[]): AsyncGenerator<string> {
  for (const word of words) {
    if (word !== '-') {
      yield word
      continue
    }
    for await (const line of createInterface({ input: process.stdin }))
      if (line.trim() !== '') yield line.trim()
  }
}

const line = (pid: string, container: string, inner: string, name: string): string =>
  `${pid.padEnd(10)} ${container.padEnd(20)} ${inner.padEnd(10)} ${visible(name)}\n`

const print = (text: string): void => void process.stdout.write(text)

const usage = (message: string): number => {
  process.stderr.write(`${description.command}: ${message}\n`)
  return 2
}
