/** What `lithos_check` knows of places that are made at the start, and of files that are copied. */
import { container, processes, run, sandbox, site, web } from '../evaluate/rows/row.ts'
import type { Row } from '../evaluate/rows/row.ts'

const volumes = (lines: string): string => run(`volumes:\n${lines}`)

export const emptyRows: readonly Row[] = [
  [
    'a workdir in a state directory',
    {
      'images/web.1/st/': '',
      'images/web.1/sub/': '',
      [processes]: `${web('')}b:\n  image: web.1\n  config: /config/b.yaml\n`,
      [container]: volumes('  /st: !Statedir {path: /x}\nworkdir: /st/y\n'),
      'images/web.1/config/b.yaml': volumes(
        '  /st: !Statedir {path: /x}\n  /sub: !Statedir {path: /x/y/z}\nworkdir: /st/y\n',
      ),
    },
    [
      'CONTAINER:5:10: The workdir /st/y of site/web is not there: /st/y would be in the ' +
        'new, empty state directory at /st',
    ],
  ],
  [
    'a workdir in a volume for others only',
    {
      'images/web.1/st/': '',
      [processes]: `${web('')}b:\n  image: web.1\n  config: /config/b.yaml\n`,
      [container]: volumes('  /tmp: !Tmpfs {mode: 0o700}\nworkdir: /tmp\n'),
      'images/web.1/config/b.yaml': volumes(
        '  /st: !Statedir {path: /x, mode: 0o700, user: 100}\nworkdir: /st\n',
      ),
    },
    [
      'CONTAINER:5:10: The workdir /tmp of site/web is the volume /tmp, which user 100 and ' +
        'group 0 may not enter',
    ],
  ],
  [
    'an executable and a workdir in a new tmpfs',
    {
      [container]:
        'executable: /tmp/web\nuser-id: 100\nvolumes: {/tmp: !Tmpfs {}}\nworkdir: /tmp/x\n',
    },
    [
      'CONTAINER:1:13: The executable /tmp/web of site/web is not there: /tmp/web would be ' +
        'in the new, empty tmpfs at /tmp',
      'CONTAINER:4:10: The workdir /tmp/x of site/web is not there: /tmp/x would be in the ' +
        'new, empty tmpfs at /tmp',
    ],
  ],
  [
    'two volumes at one mount point',
    { [container]: volumes('  /tmp: !Tmpfs {}\n  /tmp/: !Tmpfs {}\n') },
    [],
  ],
  [
    'a mount point in a state directory that another one makes',
    {
      'images/web.1/st/': '',
      'images/web.1/a/': '',
      [container]: volumes(
        '  /a: !Statedir {path: /x/y}\n  /st: !Statedir {path: /x}\n' +
          '  /st/y: !Tmpfs {}\n  /st/zz: !Tmpfs {}\n',
      ),
    },
    [
      'CONTAINER:7:3: The mount point /st/zz of site/web is not in the image ' +
        '$/images/web.1: /st/zz would be in the new, empty state directory at /st',
    ],
  ],
  [
    'links where a file must be mounted',
    {
      'images/web.1/etc/resolv.conf': '→hosts',
      [container]: run('resolv-conf: {mount: true}\n'),
    },
    [
      'CONTAINER:3:22: /etc/resolv.conf is not a valid mount point in site/web: it is a ' +
        'link, or behind one',
    ],
  ],
  [
    'files of the host that are not there',
    { [sandbox]: site('default-user: 100\nhosts-file: $/none\nresolv-conf: $/nope\n') },
    [
      'SANDBOX:6:13: The file $/none, to be copied for site/web, is not there',
      'SANDBOX:7:14: The file $/nope, to be copied for site/web, is not there',
    ],
  ],
]
