/** What is said of files, names, kinds and variables. */
import { container, processes, run, sandbox, site, web } from './row.ts'
import type { Row } from './row.ts'

export const processesRows: readonly Row[] = [
  ['a good one', {}, []],
  ['an empty sandbox', { [sandbox]: site(''), [processes]: '{}' }, []],
  ['a truncated process file', { [processes]: '' }, ['PROCESSES:1:1: …']],
  ['a truncated sandbox file', { [sandbox]: '# web\n' }, ['SANDBOX:1:1: …']],
  ['a truncated container file', { [container]: '' }, ['CONTAINER:1:1: …']],

  // Files that cannot be read
  ['a sandbox that is no YAML', { [sandbox]: 'a: [1\n' }, ['SANDBOX:2:1: …']],
  ['a sandbox with a strange key', { [sandbox]: site('allow-user: [1]\n') }, ['SANDBOX:1:1: …']],
  ['processes that are no YAML', { [processes]: 'web: {\n' }, ['PROCESSES:2:1: …']],
  ['a process without an image', { [processes]: 'web: {config: /x.yaml}\n' }, ['PROCESSES:1:5: …']],
  ['a container without an executable', { [container]: 'kind: Daemon\n' }, ['CONTAINER:1:1: …']],
  [
    'two mistakes in two files',
    {
      [container]: 'kind: Demon\nexecutable: /bin/web\n',
      [processes]: `${web('')}other:\n  image: web.1\n  config: x.yaml\n`,
    },
    ['PROCESSES:7:11: Config path must be absolute: x.yaml of other is not', 'CONTAINER:1:7: …'],
  ],

  // Names and paths
  [
    'a process name with a dot',
    { [processes]: web('').replace('web:', 'web.v1:') },
    ['PROCESSES:1:1: "web.v1" is not a name for a process: only letters, digits, `-` ' + 'and `_`'],
  ],
  [
    'a relative config path',
    { [processes]: 'web:\n  image: web.1\n  config: x.yaml\n' },
    ['PROCESSES:3:11: Config path must be absolute: x.yaml of web is not'],
  ],
  [
    'a config path that climbs',
    { [processes]: 'web:\n  image: web.1\n  config: /../x.yaml\n' },
    ['PROCESSES:3:11: Config path of web must be without `..`, not /../x.yaml'],
  ],
  [
    'an image with too many names',
    { [processes]: 'web:\n  image: a/b\n  config: /x.yaml\n' },
    [
      'PROCESSES:2:10: Image a/b in sandbox site, process web is invalid: ' +
        '`image-dir-levels` asks for a relative path of 1 name without `..`',
    ],
  ],
  [
    'an absolute image',
    { [processes]: 'web:\n  image: /b\n  config: /x.yaml\n' },
    [
      'PROCESSES:2:10: Image /b in sandbox site, process web is invalid: ' +
        '`image-dir-levels` asks for a relative path of 1 name without `..`',
    ],
  ],
  [
    'an image that climbs',
    {
      [sandbox]: site('image-dir-levels: 2'),
      [processes]: 'web:\n  image: ../b\n  config: /x.yaml\n',
    },
    [
      'PROCESSES:2:10: Image ../b in sandbox site, process web is invalid: ' +
        '`image-dir-levels` asks for a relative path of 2 names without `..`',
    ],
  ],
  [
    'an image that is not there',
    { [processes]: 'web:\n  image: web.2\n  config: /x.yaml\n' },
    ['PROCESSES:2:10: The image of web is not there: no directory $/images/web.2'],
  ],
  [
    'a config that is not there',
    { [processes]: 'web:\n  image: web.1\n  config: /config/x.yaml\n' },
    [
      "PROCESSES:3:11: Can't read container config /config/x.yaml of web in " +
        '$/images/web.1: /config/x.yaml does not exist',
    ],
  ],
  [
    'a config below a file',
    { [processes]: 'web:\n  image: web.1\n  config: /bin/web/x.yaml\n' },
    [
      "PROCESSES:3:11: Can't read container config /bin/web/x.yaml of web in " +
        '$/images/web.1: /bin/web is not a directory',
    ],
  ],
  [
    'more instances than anyone wants',
    { [processes]: web('  instances: 10001\n') },
    [
      'PROCESSES:5:14: 10001 instances of web are more than the 10000 that one process ' +
        'may have',
    ],
  ],

  // A config in the image is looked up in the image
  [
    'a link out of the image',
    {
      'images/web.1/config/out.yaml': '→/etc/passwd',
      [processes]: web('').replace('web.yaml', 'out.yaml'),
    },
    [
      "PROCESSES:3:11: Can't read container config /config/out.yaml of web in " +
        '$/images/web.1: /etc/passwd does not exist',
    ],
  ],
  [
    'a link to above the image',
    {
      'images/web.1/config/up.yaml': '→../../../../etc/master.yaml',
      [processes]: web('').replace('web.yaml', 'up.yaml'),
    },
    [
      "PROCESSES:3:11: Can't read container config /config/up.yaml of web in " +
        '$/images/web.1: /etc/master.yaml does not exist',
    ],
  ],
  [
    'a link within the image',
    {
      'images/web.1/config/in.yaml': '→/config/web.yaml',
      [processes]: web('').replace('web.yaml', 'in.yaml'),
    },
    [],
  ],
  [
    'a link to itself',
    {
      'images/web.1/config/loop.yaml': '→loop.yaml',
      [processes]: web('').replace('web.yaml', 'loop.yaml'),
    },
    [
      "PROCESSES:3:11: Can't read container config /config/loop.yaml of web in " +
        '$/images/web.1: /config/loop.yaml leads through too many links',
    ],
  ],

  // Kinds
  [
    'a command as a daemon',
    { [container]: run('kind: Command\n') },
    [
      'PROCESSES:2:1: Container type mismatch Command != Daemon: site/web is a Daemon ' +
        'here, and a Command in CONTAINER',
    ],
  ],
  [
    'a daemon as a command',
    { [processes]: web('  kind: Command\n') },
    [
      'PROCESSES:5:9: Container type mismatch Daemon != Command: site/web is a Command ' +
        'here, and a Daemon in CONTAINER',
    ],
  ],
  [
    'either as a command',
    { [processes]: web('  kind: Command\n'), [container]: run('kind: CommandOrDaemon\n') },
    [],
  ],

  // Variables
  [
    'a variable without a value',
    { [processes]: web('').replace('  variables: {port: 8080}\n', '') },
    [
      'PROCESSES:1:1: Variable "port" is undefined: CONTAINER declares it, and web gives ' +
        'it no value',
    ],
  ],
  [
    'a value that is no port',
    { [processes]: web('').replace('8080', 'http') },
    [
      'PROCESSES:4:21: Variable "port" is invalid: invalid TcpPort "http": invalid digit ' +
        'found in string',
    ],
  ],
  [
    'a port that is not allowed',
    { [processes]: web('').replace('8080', '81') },
    ['PROCESSES:4:21: Variable "port" is invalid: TcpPort 81 is not in allowed range'],
  ],
  [
    'a name that is none',
    {
      [container]: run('variables: {port: !Name }\n'),
      [processes]: web('').replace('8080', 'a.b'),
    },
    [
      'PROCESSES:4:21: Variable "port" is invalid: Value "a.b" contains characters that ' +
        'are invalid for names (alphanumeric, `-` and `_`)',
    ],
  ],
  [
    'a choice that is not offered',
    { [container]: run('variables: {port: !Choice [a, b]}\n') },
    [
      'PROCESSES:6:21: Variable "port" is invalid: variable value "8080" is not one of ' +
        '["a", "b"]',
    ],
  ],
  [
    'references to what nobody declared',
    { [container]: run('arguments: ["@{port}", "@{x} @{x}"]\nenviron: {A: "@{y}"}\n') },
    [
      'CONTAINER:3:13: undefined variable "port": it is not declared in `variables`',
      'CONTAINER:3:24: undefined variable "x": it is not declared in `variables`',
      'CONTAINER:4:14: undefined variable "y": it is not declared in `variables`',
    ],
  ],
  [
    'built-in variables',
    {
      [container]: run(
        'arguments: ["@{lithos:name}"]\n' +
          'environ: {A: "@{lithos:config_filename}", B: "@{lithos:pid}"}\n',
      ),
    },
    [],
  ],
  [
    'the pid where it is not known',
    { [container]: run('arguments: ["@{lithos:pid}"]\nenviron: {A: "pid @{lithos:pid}"}\n') },
    [
      'CONTAINER:3:13: lithos:pid variable can only be used in environment as a sole ' +
        'value, that is: NAME: "@{lithos:pid}"',
      'CONTAINER:4:14: lithos:pid variable can only be used in environment as a sole ' +
        'value, that is: NAME: "@{lithos:pid}"',
    ],
  ],
  [
    'a variable with the name of a built-in one',
    {
      [container]: run('variables: {"lithos:name": !Name }\n'),
      [processes]: web('').replace('port: 8080', '"lithos:name": x'),
    },
    ['CONTAINER:3:13: warning: variable "lithos:name" hides the built-in one of that ' + 'name'],
  ],
]
