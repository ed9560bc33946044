/** `lithos show`: everything about an instance. */
import { stamp } from '../../actors/clock.ts'
import { aboutRow } from '../look/about.ts'
import type { Fact, Section } from '../look/about.ts'
import { concernsAny, lastEvents } from '../look/events.ts'
import type { Event } from '../look/events.ts'
import { colourOfState, paint } from '../look/paint.ts'
import { lookAt } from '../look/rows.ts'
import { refusedIn } from '../status.ts'
import type { Refused } from '../status.ts'
import { visible } from '../table.ts'
import { sayTime } from '../time.ts'
import type { Description } from './args.ts'
import { runCommand } from './command.ts'
import { configOption, jsonOption } from './common.ts'
import { matches, select } from './names.ts'
import { viewPresent } from './present.ts'
import { hasColours } from './terminal.ts'

const eventsShown = 10
/** The end of the archive is enough for what is recent. */
const segmentsRead = 1

export const description = {
  command: 'lithos show',
  examples: [
    ['web/http.0', 'one instance'],
    ['--json web', 'all of a sandbox, for scripts'],
  ],
  summary:
    'Shows everything about an instance, or about all of a process, sandbox or pattern: state, ' +
    'how its last life ended, what it uses, its program, image, limits, sockets, confinement ' +
    'and places, and what happened to it last. Works with and without a running supervisor.',
  options: {
    config: configOption,
    json: jsonOption,
    noColor: { kind: 'flag', names: ['--no-color'], help: 'no colours, as with NO_COLOR' },
  },
  positionals: [
    { name: 'name', help: 'an instance, process, sandbox or pattern', kind: 'required' },
  ],
} as const satisfies Description

interface About {
  readonly name: string
  readonly sections: readonly Section[]
  readonly refused: Refused | null
  readonly events: readonly Event[]
}

export const run = (argv: readonly string[]): Promise<number> | number =>
  runCommand(description, argv, async (options, [name = '']) => {
    const viewed = await viewPresent(description.command, options.config)
    if (viewed === null) return 1
    const { state } = viewed.present
    const { mono } = stamp()
    const { rows } = lookAt(state, { mono, withUsage: matches(name) })
    const { names, problems } = select(
      [name],
      rows.map(row => row.name),
    )
    for (const problem of problems) say(problem)
    if (problems.length > 0) return 1
    if (names.length === 0) {
      say(`no instance is meant by ${JSON.stringify(name)}`)
      return 1
    }
    const refused = refusedIn(state)
    const abouts: About[] = []
    for (const row of rows.filter(each => names.includes(each.name)))
      abouts.push({
        name: row.name,
        sections: aboutRow(row, mono),
        refused: refused.find(({ sandbox }) => sandbox === row.sandbox) ?? null,
        events: await lastEvents(viewed.journals, {
          ...{ since: 0, until: Infinity, countMax: eventsShown, segmentsMax: segmentsRead },
          isMeant: concernsAny([row.name], other => other === row.name),
        }),
      })
    process.stdout.write(
      options.json
        ? `${JSON.stringify(abouts.map(toObject))}\n`
        : abouts.map(about => toText(about, hasColours(options.noColor))).join('\n'),
    )
    return 0
  })

const toObject = ({ sections, refused, events }: About): object => ({
  ...Object.fromEntries(
    sections.map(({ title, facts }) => [
      title,
      Object.fromEntries(facts.map(({ name, value }) => [name, value])),
    ]),
  ),
  refused,
  history: events.map(({ turn, at, event, by, text }) => ({
    ...{ turn, time: sayTime(at), event, by, text },
  })),
})

const width = 22

const toText = ({ sections, refused, events }: About, isColoured: boolean): string =>
  [
    ...sections.flatMap(({ title, facts }, index) => [
      ...(index === 0 ? [] : [heading(title)]),
      ...facts.flatMap(each => lines(each, index === 0 ? '' : '  ', isColoured)),
    ]),
    ...(refused === null
      ? []
      : [
          heading('refused'),
          `  the configuration of ${refused.sandbox} is refused, what runs goes on as before`,
          ...refused.reasons.map(reason => `  ${visible(reason)}`),
        ]),
    ...(events.length === 0
      ? []
      : [
          heading('history'),
          ...events.map(({ at, turn, text }) => `  ${sayTime(at)}  turn ${turn}: ${visible(text)}`),
        ]),
  ]
    .map(line => `${line}\n`)
    .join('')

const heading = (title: string): string => `${title.replaceAll('_', ' ').toUpperCase()}`

/** A list has a line for each of its words. */
const lines = (
  { name, value, text }: Fact,
  indent: string,
  isColoured: boolean,
): readonly string[] => {
  const texts = Array.isArray(value) && text === undefined ? value : [text ?? sayValue(value)]
  const colour = isColoured && name === 'state' ? colourOfState(String(value)) : null
  return texts.map((each, index) => {
    const label = index === 0 ? `${name.replaceAll('_', ' ')}:` : ''
    const shown = visible(String(each))
    return indent + label.padEnd(width) + (colour === null ? shown : paint(colour, shown))
  })
}

const sayValue = (value: Fact['value']): string =>
  value === true ? 'yes' : value === false ? 'no' : String(value)

const say = (message: string): void =>
  void process.stderr.write(`${description.command}: ${message}\n`)
