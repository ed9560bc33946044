/** What only `lithos_check` says of the host and of the files as such. */
import { site } from '../evaluate/rows/row.ts'
import type { Row } from '../evaluate/rows/row.ts'

const master = 'etc/master.yaml'

export const hostRows: readonly Row[] = [
  ['a master file that is not there', { [master]: '→nowhere' }, ['$/etc/master.yaml: …']],
  ['a master file that is wrong', { [master]: 'runtime: /run\n' }, ['$/etc/master.yaml:1:1: …']],
  [
    'no devices',
    { [master]: 'devfs-dir: $/dev\n' },
    [
      '$/etc/master.yaml:1:12: Devfs dir ("$/dev") must exist and contain device nodes: ' +
        'there is no such directory; run: lithos_mkdev $/dev',
    ],
  ],
  [
    'an empty directory of devices',
    { [master]: 'devfs-dir: $/dev\n', 'dev/': '' },
    [
      '$/etc/master.yaml:1:12: Devfs dir ("$/dev") must exist and contain device nodes: ' +
        'it lacks pts, shm, null, zero, random, urandom, tty, full; run: lithos_mkdev $/dev',
    ],
  ],
  [
    'no sandboxes',
    { [master]: 'devfs-dir: /dev\nsandboxes-dir: none\n' },
    ["$/etc/none: Can't read config directory: it does not exist"],
  ],
  [
    'files that are no sandboxes',
    {
      'etc/sandboxes/.hidden.yaml': '!',
      'etc/sandboxes/x.yaml~': '!',
      'etc/sandboxes/x.yaml.bak': '!',
      'etc/sandboxes/dir.yaml/': '',
    },
    [],
  ],
  [
    'a link to a sandbox',
    { 'else.yaml': site(''), 'etc/sandboxes/link.yaml': '→$/else.yaml' },
    ['$/etc/processes/link.yaml: …'],
  ],
  [
    'a process file that is not there, one that is broken',
    {
      'etc/sandboxes/a.yaml': site(''),
      'etc/sandboxes/b.yaml': site(''),
      'etc/processes/b.yaml': 'a: [',
    },
    ['$/etc/processes/a.yaml: …', '$/etc/processes/b.yaml:1:5: …'],
  ],
]
