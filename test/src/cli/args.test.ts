/**
 * Goal: the option parser behaves, and speaks, as that of the original's tools.
 * Method: a table of command lines with what they give or the exact message they earn; the help
 * text of one description, letter by letter.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parse } from '../../../src/cli/args.ts'
import type { Description } from '../../../src/cli/args.ts'
import { help } from '../../../src/cli/help.ts'

const options = {
  config: {
    kind: 'value',
    names: ['-C', '--config'],
    metavar: 'FILE',
    help: 'the file',
  },
  level: {
    kind: 'value',
    names: ['--log-level'],
    metavar: 'LEVEL',
    help: 'a level',
    wrong: (text: string) => (text === 'warn' ? null : `Bad value ${text}`),
  },
  verbose: { kind: 'flag', names: ['-v', '--verbose'], help: 'more' },
  quiet: { kind: 'flag', names: ['-q'], help: 'less' },
  also: { kind: 'list', names: ['--also'], metavar: 'NAME', help: 'again and again' },
  both: { kind: 'pair', names: ['--both'], metavar: 'A B', help: 'two words' },
} as const

const plain = {
  command: 'tool',
  examples: [
    ['-C some.yaml', 'one'],
    ['web', 'a line that is so long that it has no room beside the other one'],
  ],
  summary: 'Does a thing.',
  options,
  positionals: [],
} satisfies Description<typeof options>
const positional = {
  ...plain,
  positionals: [
    { name: 'sandbox', help: 'its name', kind: 'required' },
    { name: 'process', help: 'its name', kind: 'optional' },
  ],
} as const
const stopping = {
  ...plain,
  stopsAtFirst: true,
  positionals: [
    { name: 'sandbox', help: 'its name', kind: 'required' },
    { name: 'argument', help: 'passed on', kind: 'rest' },
  ],
} as const
const demanding = {
  ...plain,
  options: { config: { ...options.config, names: ['--config'], required: true } },
} as const

const nothing = { config: null, level: null, verbose: false, quiet: false, also: [], both: null }

type Row = [
  name: string,
  of: Description,
  argv: readonly string[],
  gives: Readonly<Record<string, unknown>>,
  words?: readonly string[],
]
const accepted: readonly Row[] = [
  ['nothing', plain, [], nothing],
  ['a long option', plain, ['--config', 'x'], { ...nothing, config: 'x' }],
  ['with an equals sign', plain, ['--config=x=y'], { ...nothing, config: 'x=y' }],
  ['an empty value', plain, ['--config='], { ...nothing, config: '' }],
  ['a short option', plain, ['-C', 'x'], { ...nothing, config: 'x' }],
  ['value in the same word', plain, ['-Cx'], { ...nothing, config: 'x' }],
  ['flags together', plain, ['-vq'], { ...nothing, verbose: true, quiet: true }],
  ['flag and value', plain, ['-vC', 'x'], { ...nothing, verbose: true, config: 'x' }],
  ['flag and value in one', plain, ['-vCx'], { ...nothing, verbose: true, config: 'x' }],
  ['the last one wins', plain, ['-Cx', '-C', 'y'], { ...nothing, config: 'y' }],
  ['a value with a dash', plain, ['-C', '--verbose'], { ...nothing, config: '--verbose' }],
  ['a value that is --', plain, ['-C', '--'], { ...nothing, config: '--' }],
  ['a list', plain, ['--also', 'x', '--also=y'], { ...nothing, also: ['x', 'y'] }],
  ['a pair', plain, ['--both', 'x', 'y'], { ...nothing, both: ['x', 'y'] }],
  [
    'the last pair wins',
    plain,
    ['--both', 'x', 'y', '--both=z', 'w'],
    { ...nothing, both: ['z', 'w'] },
  ],
  ['a value that is checked', plain, ['--log-level', 'warn'], { ...nothing, level: 'warn' }],
  ['positionals', positional, ['a', 'b'], nothing, ['a', 'b']],
  ['an optional one left out', positional, ['a'], nothing, ['a']],
  ['options after', positional, ['a', '-v', 'b'], { ...nothing, verbose: true }, ['a', 'b']],
  ['-- ends options', positional, ['--', '-v', '--'], nothing, ['-v', '--']],
  ['a lone dash', positional, ['-'], nothing, ['-']],
  [
    'stops at the first',
    stopping,
    ['-v', 'a', '-q', '--', 'b'],
    { ...nothing, verbose: true },
    ['a', '-q', '--', 'b'],
  ],
  ['-- before the first', stopping, ['--', 'a', '--', 'b'], nothing, ['a', '--', 'b']],
]

for (const [name, of, argv, gives, words = []] of accepted)
  test(`accepted: ${name}`, () =>
    assert.equal(parse(of, argv), { kind: 'run', options: gives, words }))

const refused: readonly [of: Description, argv: readonly string[], message: string][] = [
  [plain, ['--verbose=1'], 'Option --verbose does not accept an argument'],
  [plain, ['-C'], 'Option ["-C", "--config"] requires an argument'],
  [plain, ['--config'], 'Option ["-C", "--config"] requires an argument'],
  [plain, ['--both', 'x'], 'Option ["--both"] requires two arguments'],
  [plain, ['--conf', 'x'], 'Unknown option --conf'],
  [plain, ['--foo=bar'], 'Unknown option --foo=bar'],
  [plain, ['---'], 'Unknown option ---'],
  [plain, ['-x'], 'Unknown short option "x"'],
  [plain, ['-vx'], 'Unknown short option "x"'],
  [plain, ['-v-x'], 'Unknown short option "-"'],
  [plain, ['xyz'], 'Unexpected argument xyz'],
  [positional, ['a', 'b', 'c'], 'Unexpected argument c'],
  [positional, ['-v'], 'Argument SANDBOX is required'],
  [demanding, [], 'Option ["--config"] is required'],
  [plain, ['--log-level', 'loud'], 'Bad value loud'],
  [plain, ['--log-level', 'loud', '--version'], 'Bad value loud'],
]

for (const [of, argv, message] of refused)
  test(`refused: ${argv.join(' ') || 'nothing'}`, () => {
    const { hint: _hint, ...said } = { hint: '', ...parse(of, argv) }
    assert.equal(said, { kind: 'usage', message })
  })

test('what may have been meant is said beside it', () => {
  const message = 'Unknown option --confg'
  const hint = 'did you mean --config?'
  assert.equal(parse(plain, ['--confg=x']), { kind: 'usage', message: `${message}=x`, hint })
  assert.equal(parse(plain, ['--conf', 'x']), {
    kind: 'usage',
    message: 'Unknown option --conf',
    hint,
  })
  assert.equal(parse(plain, ['--no-such']), { kind: 'usage', message: 'Unknown option --no-such' })
})

test('what other commands call --master is --config here', () => {
  const { hint } = { hint: '', ...parse(plain, ['--master', 'x']) }
  assert.is(hint, 'did you mean --config?')
})

test('help and version end it where they are met', () => {
  assert.equal(parse(plain, ['-v', '--version', '--nonsense']), { kind: 'version' })
  assert.equal(parse(positional, ['-h']), { kind: 'help' })
  assert.equal(parse(plain, ['-vh', '--nonsense']), { kind: 'help' })
})

test('help', () => {
  const long = {
    ...positional,
    summary:
      'Does a thing that takes more than one line to tell, for there is so much of it to do.',
    options: {
      config: options.config,
      wide: { ...options.level, names: ['--a-rather-long-option'] },
      also: {
        ...options.also,
        help: 'a text that does not fit into the columns that are left to it',
      },
    },
  } as const
  assert.is(
    help(long),
    `Examples:
    tool -C some.yaml  # one
    tool web
        # a line that is so long that it has no room beside the other one

Usage:
    tool [OPTIONS] SANDBOX [PROCESS]

Does a thing that takes more than one line to tell, for there is so much of it
to do.

positional arguments:
  sandbox               its name
  process               its name

optional arguments:
  -h,--help             show this help message and exit
  -C,--config FILE      the file
  --a-rather-long-option LEVEL
                        a level
  --also NAME           a text that does not fit into the columns that are left
                        to it
  --version             show the version and exit

exit codes:
  0                     done
  1                     it could not be done, and why is on standard error
  2                     wrong words on the command line
`,
  )
})

test.run()
