/** `lithos journal verify`: is the history whole, and does it replay to what was recorded? */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { readAll } from '../../../journal/read.ts'
import { verify } from '../../../journal/verify.ts'
import type { Finding } from '../../../journal/verify.ts'
import { replay } from '../../replay.ts'
import type { Description } from '../args.ts'
import { configOption, jsonOption } from '../common.ts'
import { runCommand } from '../command.ts'
import { findJournals } from './where.ts'

export const description = {
  command: 'lithos journal verify',
  examples: [['', 'of the journal of /etc/lithos/master.yaml']],
  summary:
    'Checks every line of the archive and of the hot journal: checksums, the chain from line to ' +
    'line, that no turn is missing, and that the machines, given the same inputs, decide the ' +
    'recorded effects and reach the recorded states. Exit code 0: all is well; 1: something was ' +
    'found; 2: usage.',
  options: { config: configOption, json: jsonOption },
  positionals: [],
} as const satisfies Description

export const run = (argv: readonly string[]): Promise<number> | number =>
  runCommand(description, argv, async options => {
    const where = findJournals(description.command, options.config)
    if (where === null) return 1
    const report = await verify(readAll(where), replay)
    const { turns, replayed, foreign, checkpoints } = report
    const findings = [...evidenceIn(where.hotDirectory), ...report.findings]
    if (options.json) process.stdout.write(`${JSON.stringify({ ...report, findings })}\n`)
    else
      process.stdout.write(
        findings.map(say).join('') +
          `${turns} turns read, ${replayed} replayed, ${checkpoints} checkpoints, ` +
          `${foreign === 0 ? '' : `${foreign} decided by another version and not compared, `}` +
          `${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}\n`,
      )
    return findings.length === 0 ? 0 : 1
  })

/** What a start could not read is not part of the history any more, and is not forgotten either. */
const evidenceIn = (directory: string): readonly Finding[] =>
  (existsSync(directory) ? readdirSync(directory) : [])
    .filter(name => /^hot\.damaged-\d+$/.test(name))
    .map(name => ({
      file: join(directory, name),
      line: 1,
      seq: null,
      kind: 'damage',
      what: 'a start found this journal damaged and set it aside; remove it when it is understood',
    }))

const say = ({ file, line, seq, kind, what }: Finding): string =>
  `${file}:${line}: ${kind}${seq === null ? '' : `, turn ${seq}`}: ${what}\n`
