/** What only `lithos_check` says of images, volumes and ports. */
import { container, processes, run, sandbox, site, web } from '../evaluate/rows/row.ts'
import type { Row } from '../evaluate/rows/row.ts'
import { program } from '../evaluate/world.ts'

const volumes = (lines: string): string => run(`volumes:\n${lines}`)

export const imageRows: readonly Row[] = [
  ['a good one', {}, []],
  [
    'system directories that are not there, or links',
    {
      'images/bad.1/config/web.yaml': run(''),
      'images/bad.1/bin/web': program,
      'images/bad.1/dev/': '',
      'images/bad.1/proc': '→dev',
      [processes]: web('').replace('web.1', 'bad.1'),
    },
    [
      'PROCESSES:2:10: The image $/images/bad.1 needs a real directory /proc, over which ' +
        'the system is mounted',
      'PROCESSES:2:10: The image $/images/bad.1 has no directory /sys, over which the ' +
        'system is mounted',
    ],
  ],
  [
    'an executable that is not there',
    { [container]: 'executable: /bin/nope\nuser-id: 100\n' },
    [
      'CONTAINER:1:13: The executable /bin/nope of site/web is not there: /bin/nope does ' +
        'not exist',
    ],
  ],
  [
    'an executable that is a directory',
    { [container]: 'executable: /bin\nuser-id: 100\n' },
    ['CONTAINER:1:13: The executable /bin of site/web is no regular file'],
  ],
  [
    'an executable that is not executable',
    { 'images/web.1/lib/x': '', [container]: 'executable: /lib/x\nuser-id: 100\n' },
    [
      'CONTAINER:1:13: The executable /lib/x of site/web is not executable for user 100 ' +
        'and group 0',
    ],
  ],
  [
    'programs of probes and stops that are not there, or not executable',
    {
      'images/web.1/lib/x': '',
      [container]: run(
        'ready: {exec: [/bin/up]}\nhealthy: {exec: [/lib/x]}\npre-stop: [/bin/web, --drain]\n',
      ),
    },
    [
      'CONTAINER:3:16: The program /bin/up of `ready` of site/web is not there: /bin/up does …',
      'CONTAINER:4:18: The program /lib/x of `healthy` of site/web is not executable for user …',
    ],
  ],
  [
    'a command before a stop that is a directory',
    { [container]: run('pre-stop: {command: [/bin]}\n') },
    ['CONTAINER:3:1: The program /bin of `pre-stop` of site/web is no regular file'],
  ],
  [
    'a relative executable',
    { [container]: 'executable: web\nworkdir: /bin\nuser-id: 100\n' },
    [
      'CONTAINER:1:13: warning: The executable web of site/web is no absolute path, and ' +
        'is looked for in /bin only',
    ],
  ],
  [
    'an executable through links in the image',
    {
      'images/web.1/sbin': '→/bin',
      'images/web.1/bin/link': '→../sbin/web',
      [container]: 'executable: /sbin/link\nuser-id: 100\n',
    },
    [],
  ],
  [
    'an executable through a link that leads out of the image',
    {
      'images/web.1/bin/sh2': '→/usr/bin/env',
      [container]: 'executable: /bin/sh2\nuser-id: 100\n',
    },
    ['CONTAINER:1:13: The executable /bin/sh2 of site/web is not there: /usr does not ' + 'exist'],
  ],
  [
    'an executable in a volume, from where nothing is to be executed',
    {
      'data/bin/x': '',
      [sandbox]: site('readonly-paths: {/data: $/data}\nexecutable-volumes: false\n'),
      'images/web.1/data/': '',
      [container]: volumes('  /data: !Readonly /data\n').replace('/bin/web', '/data/bin/x'),
    },
    [
      'CONTAINER:1:13: The executable /data/bin/x of site/web is in /data, from where ' +
        'nothing can be executed',
    ],
  ],
  [
    'a workdir that is not there',
    { [container]: run('workdir: /home\n') },
    ['CONTAINER:3:10: The workdir /home of site/web is not there: /home does not exist'],
  ],
  [
    'a workdir that is a file',
    { [container]: run('workdir: /bin/web\n') },
    ['CONTAINER:3:10: The workdir /bin/web of site/web is not a directory'],
  ],
  [
    'output into the image',
    { [container]: run('stdout-stderr-file: /tmp/out\n') },
    [
      'CONTAINER:3:21: The output file /tmp/out of site/web is on a file system that is ' +
        'read-only',
    ],
  ],
  [
    'output into directories, and through a link',
    {
      'data/out': '→/real',
      'images/web.1/data/': '',
      [sandbox]: site('default-user: 100\nwritable-paths: {/data: $/data}\n'),
      [processes]:
        `${web('')}b:\n  image: web.1\n  config: /config/b.yaml\n` +
        'c:\n  image: web.1\n  config: /config/c.yaml\n',
      [container]: run('stdout-stderr-file: /bin\n'),
      'images/web.1/config/b.yaml': volumes('  /tmp: !Tmpfs {}\nstdout-stderr-file: /tmp\n'),
      'images/web.1/config/c.yaml': volumes(
        '  /data: !Persistent {path: /data}\nstdout-stderr-file: /data/out\n',
      ),
    },
    [
      '$/images/web.1/config/b.yaml:5:21: The output file /tmp of site/b is a directory',
      '$/images/web.1/config/c.yaml:5:21: The output file /data/out of site/c is a link, and ' +
        'none is followed there',
      'CONTAINER:3:21: The output file /bin of site/web is a directory',
    ],
  ],
  [
    'output into nowhere',
    { [container]: run('stdout-stderr-file: /var/log/out\n') },
    [
      'CONTAINER:3:21: The output file /var/log/out of site/web has no directory: /var ' +
        'does not exist',
    ],
  ],
  [
    'output into a volume, a tmpfs and a device',
    {
      'images/web.1/db/': '',
      [processes]:
        `${web('')}b:\n  image: web.1\n  config: /config/b.yaml\n` +
        'c:\n  image: web.1\n  config: /config/c.yaml\n',
      [container]: volumes('  /db: !Persistent {path: /db}\nstdout-stderr-file: /db/out\n'),
      'images/web.1/config/b.yaml': volumes('  /tmp: !Tmpfs {}\nstdout-stderr-file: /tmp/out\n'),
      'images/web.1/config/c.yaml': run('stdout-stderr-file: /dev/null\n'),
    },
    [],
  ],
  [
    'mount points that are not there',
    {
      'data/f': '',
      [container]: volumes(
        '  /a: !Tmpfs {}\n  /tmp: !Tmpfs {}\n  /tmp/b: !Tmpfs {}\n' +
          '  /bin/web: !Tmpfs {}\n  /etc: !Readonly /data/f\n',
      ),
    },
    [
      'CONTAINER:4:3: The mount point /a of site/web is not in the image $/images/web.1: ' +
        '/a does not exist',
      'CONTAINER:6:3: The mount point /tmp/b of site/web is not in the image ' +
        '$/images/web.1: /tmp/b would be in the new, empty tmpfs at /tmp',
      'CONTAINER:7:3: The mount point /bin/web of site/web is no directory, and its ' +
        'source is not so',
      'CONTAINER:8:19: The mount point /etc of site/web is a directory, and its source ' +
        'is not so',
    ],
  ],
  [
    'mount points on other volumes',
    {
      'data/sub/': '',
      'images/web.1/data/': '',
      [container]: volumes('  /data: !Readonly /data\n  /data/sub: !Tmpfs {}\n'),
    },
    [],
  ],
  [
    'a file over a file',
    { 'data/f': '', [container]: volumes('  /etc/hosts: !Readonly /data/f\n') },
    [],
  ],
  [
    'volumes that are not there',
    {
      'images/web.1/db/': '',
      'images/web.1/data/': '',
      [container]: volumes('  /db: !Persistent {path: /db/x}\n  /data: !Readonly /data/x\n'),
    },
    [
      'CONTAINER:4:3: The volume at /db of site/web is not there: $/db/x on the host ' +
        'does not exist (see `mkdir`)',
      'CONTAINER:5:20: The volume at /data of site/web is not there: $/data/x on the ' +
        'host does not exist',
    ],
  ],
  [
    'a volume that will be made',
    {
      'images/web.1/db/': '',
      [container]: volumes('  /db: !Persistent {path: /db/x, mkdir: true}\n'),
    },
    [],
  ],
  [
    'a volume behind a link that leads out of its directory',
    {
      'data/out': '→/etc',
      'images/web.1/data/': '',
      [container]: volumes('  /data: !Readonly /data/out\n'),
    },
    [
      'CONTAINER:4:20: The volume at /data of site/web is not there: $/data/out on the ' +
        'host does not exist',
    ],
  ],
  [
    'files that must be mounted over',
    { [container]: run('hosts-file: {mount: true}\nresolv-conf: {mount: true}\n') },
    [
      'CONTAINER:4:22: /etc/resolv.conf is not a valid mount point in site/web: ' +
        '/etc/resolv.conf does not exist',
    ],
  ],
  [
    'a state directory for everybody',
    { 'images/web.1/st/': '', [container]: volumes('  /st: !Statedir {}\n') },
    [
      'CONTAINER:4:3: warning: /st of site/web is its whole state directory, and any ' +
        'user in it may replace its hosts and resolv.conf: give it a `path` or a `mode` of ' +
        'its own',
    ],
  ],
  [
    'a state directory for its owner',
    { 'images/web.1/st/': '', [container]: volumes('  /st: !Statedir {mode: 0o700}\n') },
    [],
  ],
  [
    'more files than the host has',
    { [container]: run('fileno-limit: 9223372036854775807\n') },
    [
      'CONTAINER:3:15: fileno-limit of site/web: 9223372036854775807 is more than the ' +
        '1048576 that this host allows (sysctl fs.nr_open)',
    ],
  ],
  [
    'ranges that allow nobody',
    { [sandbox]: 'image-dir: $/images\n' },
    [
      'SANDBOX:1:1: Group is not in allowed range (gid: 0) for site/web: `allow-groups` ' +
        'of SANDBOX is empty',
      'SANDBOX:1:1: No allowed users range. Please add `allow-users: [1-1000]`',
      'SANDBOX:1:1: No allowed groups range. Please add `allow-groups: [1-1000]`',
      'PROCESSES:6:21: Variable "port" is invalid: TcpPort 8080 is not in allowed range',
      'CONTAINER:1:1: Neither user id is specified nor default is found: set `user-id` ' +
        'here, or `default-user` in SANDBOX',
    ],
  ],
]
