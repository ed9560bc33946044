/** What is said of readiness, back-off, stops, order and upgrades that cannot be as written. */
import { container, processes, run, sandbox, site, web } from './row.ts'
import type { Row } from './row.ts'

const chain = (links: Readonly<Record<string, string>>): string =>
  Object.entries(links)
    .map(([name, lines]) => web(lines).replace('web:', `${name}:`))
    .join('')

export const policiesRows: readonly Row[] = [
  [
    'a back-off whose end is before its beginning',
    { [container]: run('restart-timeout: 0\nbackoff: {initial: 10, max: 5}\n') },
    ['CONTAINER:4:29: backoff: max is 5 s, which is less than initial, 10 s'],
  ],
  [
    'a back-off that restart-timeout makes pointless',
    { [container]: run('restart-timeout: 60\nbackoff: {initial: 1, max: 30}\n') },
    [
      'CONTAINER:4:28: backoff: max is 30 s, but restart-timeout keeps 60 s between two starts ' +
        'anyway, so the curve would never count; lower restart-timeout or raise max',
    ],
  ],
  [
    'an intensity that restart-timeout makes unreachable',
    { [container]: run('restart-timeout: 10\nintensity: {restarts: 10, period: 60}\n') },
    [
      'CONTAINER:4:35: intensity: more than 10 restarts in 60 s can never be, for ' +
        'restart-timeout spreads them over 100 s at least; allow fewer restarts or a longer period',
    ],
  ],
  [
    'an intensity that a back-off makes unreachable',
    {
      [container]: run(
        'restart-timeout: 0\nbackoff: {initial: 1, factor: 2, max: 60, jitter: 0}\n' +
          'intensity: {restarts: 6, period: 60}\n',
      ),
    },
    [
      'CONTAINER:5:34: intensity: more than 6 restarts in 60 s can never be, for backoff ' +
        'spreads them over 63 s at least; allow fewer restarts or a longer period',
    ],
  ],
  [
    'one that can just be reached',
    {
      [container]: run(
        'restart-timeout: 0\nbackoff: {initial: 1, factor: 2, max: 60, jitter: 0}\n' +
          'intensity: {restarts: 5, period: 60}\n',
      ),
    },
    [],
  ],
  [
    'a back-off of what is started again in its place',
    { [container]: run('restart-process-only: true\nbackoff: {max: 5}\n') },
    [
      'CONTAINER:4:1: backoff: with restart-process-only the application is started again in its ' +
        'place, restart-timeout after its last start, and backoff would never count; leave one out',
    ],
  ],
  [
    'a health that is said only once',
    { [container]: run('healthy: {fd: 5}\n') },
    ['CONTAINER:3:15: healthy: a line on a descriptor is written once; use it for `ready`'],
  ],
  [
    'a descriptor that has a port, and one that cannot be',
    {
      [container]: run(
        'ready: {fd: 9}\nfileno-limit: 9\ntcp-ports: {8080: {fd: 9}}\nhealthy: {tcp: 8080}\n',
      ),
    },
    [
      'CONTAINER:3:13: ready: descriptor 9 of site/web is that of port 8080, see `tcp-ports`',
      'CONTAINER:3:13: ready: descriptor 9 cannot be used with fileno-limit 9',
    ],
  ],
  [
    'a port that only root may have',
    { [container]: run('ready: {http: {port: 80}}\n') },
    ['CONTAINER:3:22: warning: ready: site/web may not listen on port 80, which is for root, …'],
  ],
  [
    'programs that would have to be searched for',
    { [container]: run('ready: {exec: [true]}\npre-stop: [sh, -c, x]\n') },
    [
      'CONTAINER:3:16: ready: "true" is no absolute path of a program in the container',
      'CONTAINER:4:1: pre-stop: "sh" is no absolute path of a program in the container',
    ],
  ],
  [
    'variables that are not declared, in probes',
    {
      [container]: run(
        'ready: {tcp: "@{p}"}\nhealthy: {exec: [/bin/x, "@{lithos:name}"]}\npre-stop: ["@{q}"]\n',
      ),
    },
    [
      'CONTAINER:3:14: undefined variable "p": it is not declared in `variables`, and others …',
      'CONTAINER:3:14: ready.tcp: "@{p}" is no port for site/web',
      'CONTAINER:4:26: undefined variable "lithos:name": it is not declared in `variables`, and …',
      'CONTAINER:5:1: undefined variable "q": it is not declared in `variables`, and others …',
    ],
  ],
  [
    'after a stranger, and after itself',
    { [processes]: chain({ db: '  after: [cache]\n', web: '  after: [bd, web]\n' }) },
    [
      'PROCESSES:5:11: after: this sandbox has no process "cache"',
      'PROCESSES:10:3: after: these wait for each other, and none would ever start: web after web',
      'PROCESSES:10:11: after: this sandbox has no process "bd"; did you mean "db"?',
    ],
  ],
  [
    'a circle',
    {
      [processes]: chain({
        a: '  after: [b]\n',
        b: '  after: [c, d]\n',
        c: '  after: [a]\n',
        d: '',
      }),
    },
    [
      'PROCESSES:5:3: after: these wait for each other, and none would ever start: ' +
        'a after b after c after a',
    ],
  ],
  [
    'a surge without addresses',
    {
      [sandbox]: site('bridged-network: {bridge: br0, network: 10.0.0.0/24}\n'),
      [container]: run('ready: {tcp: 80}\n'),
      [processes]: web(
        '  ip-addresses: [10.0.0.2]\n  upgrade: {rolling: {max-unavailable: 0, surge: 1}}\n',
      ),
    },
    ['PROCESSES:6:3: upgrade: 1 more than the 1 instances of web live during an upgrade and …'],
  ],
  [
    'an upgrade that waits for nothing',
    { [processes]: web('  upgrade: rolling\n') },
    ['PROCESSES:5:12: warning: upgrade: CONTAINER has no `ready`, so web counts as up as soon …'],
  ],
  [
    'an answer that any instance may give',
    {
      [container]: run(
        'tcp-ports: {8080: {fd: 4}}\nready: {http: {port: 8080}}\nhealthy: {http: {port: 8080}}\n',
      ),
      [processes]: web('  instances: 2\n'),
    },
    [
      'CONTAINER:4:22: warning: ready: port 8080 is shared by all instances of site/web, and any ' +
        'of them may answer; `tcp`, `notify` or `fd` say it of one alone',
      'CONTAINER:5:24: warning: healthy: port 8080 is shared by all instances of site/web, and …',
    ],
  ],
  [
    'the answer of one alone',
    {
      [container]: run('tcp-ports: {8080: {fd: 4}}\nready: {http: {port: 8080}}\n'),
      [processes]: web('  instances: 1\n'),
    },
    [],
  ],
  [
    'more patience than the sandbox has, and probes more often',
    {
      [sandbox]: site(
        'restart-timeout-min: 2\nkill-timeout-max: 10\npre-stop-timeout-max: 3\n' +
          'ready-timeout-max: 30\nprobe-period-min: 5\n',
      ),
      [container]: run(
        'restart-timeout: 0\nstop: [TERM, 8, QUIT, 5, KILL]\n' +
          'pre-stop: {command: [/bin/x], timeout: 4}\nready: {tcp: 8080, timeout: 90}\n' +
          'healthy: {tcp: 8080, period: 0.5}\n',
      ),
    },
    [
      'CONTAINER:3:18: warning: restart-timeout: site/web asks for 0 s and gets 2 s, see ' +
        '`restart-timeout-min` of SANDBOX',
      'CONTAINER:4:1: warning: stop: site/web asks for 13 s and gets 10 s, see ' +
        '`kill-timeout-max` of SANDBOX',
      'CONTAINER:5:40: warning: pre-stop.timeout: site/web asks for 4 s and gets 3 s, see …',
      'CONTAINER:6:29: warning: ready.timeout: site/web asks for 90 s and gets 30 s, see …',
      'CONTAINER:7:30: warning: healthy.period: site/web asks for 0.5 s and gets 5 s, see …',
    ],
  ],
  [
    'a kill-timeout, which nobody asked for, and one that somebody did',
    {
      [sandbox]: site('kill-timeout-max: 4\n'),
      [container]: run('kill-timeout: 20\n'),
      [processes]: web('') + web('').replace('web:', 'other:'),
    },
    [
      'CONTAINER:3:15: warning: kill-timeout: site/other asks for 20 s and gets 4 s, see …',
      'CONTAINER:3:15: warning: kill-timeout: site/web asks for 20 s and gets 4 s, see …',
    ],
  ],
  [
    'a surge that is not allowed',
    {
      [sandbox]: site('surge-max: 1\n'),
      [container]: run('ready: {tcp: 8080}\n'),
      [processes]: web('  instances: 3\n  upgrade: {rolling: {surge: 2}}\n'),
    },
    [
      'PROCESSES:6:3: warning: upgrade: site/web asks for a surge of 2, and `surge-max` of ' +
        'SANDBOX is 1',
    ],
  ],
  [
    'and without which nothing could be replaced',
    {
      [sandbox]: site('surge-max: 0\n'),
      [container]: run('ready: {tcp: 8080}\n'),
      [processes]: web('  upgrade: {rolling: {max-unavailable: 0, surge: 1}}\n'),
    },
    [
      'PROCESSES:5:3: upgrade: site/web asks for a surge of 1, and `surge-max` of SANDBOX is 0: ' +
        'nothing could be replaced; raise max-unavailable',
    ],
  ],
]
