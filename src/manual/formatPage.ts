/** The manual pages of the configuration: keys out of the decoders, sentences out of keys.ts. */
import { keysOf } from '../config/codec.ts'
import { container } from '../config/container.ts'
import { master } from '../config/master.ts'
import { process } from '../config/processes.ts'
import { sandbox } from '../config/sandbox.ts'
import { containerKeys, masterKeys, processKeys, sandboxKeys } from './keys.ts'
import type { Sentences } from './keys.ts'
import { bold, example, heading, nameSection, prose, seeAlso, tagged, title } from './roff.ts'

export interface Format {
  readonly name: string
  readonly what: string
  readonly place: string
  readonly about: string
  readonly of: object
  readonly sentences: Sentences
  readonly example: readonly string[]
}

export const formats: readonly Format[] = [
  {
    name: 'lithos_master',
    what: 'configuration of the supervisor',
    place: '/etc/lithos/master.yaml',
    about: 'Where everything is, and how much is said about it. A file of {} is all defaults.',
    of: master,
    sentences: masterKeys,
    example: ['log-level: info', 'syslog-facility: daemon', 'metrics-listen: 127.0.0.1:9200'],
  },
  {
    name: 'lithos_sandbox',
    what: 'what a group of processes is allowed',
    place: '/etc/lithos/sandboxes/NAME.yaml',
    about: 'What the administrator of a host allows to all processes of a sandbox.',
    of: sandbox,
    sentences: sandboxKeys,
    example: [
      'image-dir: /var/lib/lithos/images',
      'allow-users: [1000-2000]',
      'default-user: 1000',
      'allow-tcp-ports: [8000-8100]',
    ],
  },
  {
    name: 'lithos_processes',
    what: 'what runs in a sandbox',
    place: '/etc/lithos/processes/NAME.yaml',
    about:
      'A mapping of names to processes. An empty file is refused; {} says that nothing runs. ' +
      'Changed with lithos_switch, which checks it first.',
    of: process,
    sentences: processKeys,
    example: ['web:', '  image: web-7', '  config: /config/web.yaml', '  instances: 2'],
  },
  {
    name: 'lithos_container',
    what: 'what a process needs, and what it runs',
    place: 'a file in the image, as processes/NAME.yaml says',
    about: 'It comes with its image and may ask for no more than its sandbox allows.',
    of: container,
    sentences: containerKeys,
    example: [
      'kind: Daemon',
      'executable: /usr/bin/python3',
      'arguments: [-m, http.server, "@{port}"]',
      'variables: { port: !TcpPort }',
      'memory-limit: 64Mi',
    ],
  },
]

export const formatPage = ({ name, what, place, about, of, sentences, ...rest }: Format): string =>
  [
    title(name, 5),
    nameSection(name, what),
    heading('SYNOPSIS'),
    `${prose(place)}\n`,
    heading('DESCRIPTION'),
    `${prose(about)}\n.PP\n`,
    'It is YAML. Keys may be written with dashes or underscores; one that begins with an\n',
    'underscore is nobody\\(aqs. Whatever else is unknown is an error, with its line and column.\n',
    `${bold('lithos_check')} tells all of them.\n`,
    heading('KEYS'),
    ...keysOf(of).map(({ key, field }) => {
      const { decoder, fallback } = field
      const usual = fallback === undefined ? ' Required.' : sayUsual(name, key, fallback.value)
      return tagged(bold(key), `${sentences[key] ?? ''} Takes ${decoder.name}.${usual}`.trim())
    }),
    heading('EXAMPLE'),
    example(rest.example),
    seeAlso([
      ...formats.filter(other => other.name !== name).map(other => `${other.name}(5)`),
      'lithos_check(8)',
      'lithos_tree(8)',
    ]),
  ].join('')

/** Where the value that a decoder fills in is not what one would write. */
const written: Readonly<Record<string, string>> = {
  'journal-segment-size': '8Mi',
  'journal-max-size': '1Gi',
  'metrics-interval': '15',
  'restart-timeout': '1',
  'kill-timeout': '5',
}

const sayUsual = (_name: string, key: string, value: unknown): string => {
  const text = written[key] ?? (isPlain(value) ? String(value) : null)
  return text === null || key === 'memory-limit' ? '' : ` Default: ${text}.`
}

const isPlain = (value: unknown): boolean =>
  ['string', 'number', 'bigint', 'boolean'].includes(typeof value)
