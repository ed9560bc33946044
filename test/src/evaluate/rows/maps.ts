/** What is said of maps of users and groups, and of owners by them. */
import { container, run, sandbox, site } from './row.ts'
import type { Row } from './row.ts'

const mapped =
  'uid-map: [{inside: 100, outside: 1000, count: 2}]\n' +
  'gid-map: [{inside: 0, outside: 0, count: 2}]\nwritable-paths: {/data: $/data}\n'

export const mapsRows: readonly Row[] = [
  [
    'maps that the kernel would refuse',
    {
      [container]: run(
        'uid-map: [{inside: 0, outside: 100, count: 50}, {inside: 49, outside: 150, count: 51}]\n' +
          'gid-map: [{inside: 0, outside: 100, count: 0}]\n',
      ),
    },
    [
      'SANDBOX:1:1: Group is not in mapped range (gid: 0) for site/web',
      'CONTAINER:2:10: User is not in mapped range (uid: 100) for site/web',
      'CONTAINER:3:1: Bad uid mapping: entries 1 and 2 overlap inside of the container',
      'CONTAINER:4:1: Bad gid mapping: entry 1 has a `count` of 0',
    ],
  ],
  [
    'owners by the maps of the sandbox',
    {
      [sandbox]: site(mapped),
      [container]: run(
        'volumes:\n  /a: !Persistent {path: /data/a, mkdir: true, user: 101, group: 1}\n' +
          '  /b: !Statedir {path: /b}\n',
      ),
    },
    [
      'CONTAINER:4:3: warning: The user 101 for volume /a of site/web is 1001 on the host, by ' +
        'the maps of SANDBOX; the original took the number as it is, so what it has made ' +
        'there may need a chown',
      'CONTAINER:5:3: warning: Non-mapped user 0 for volume /b: it is that of the host',
    ],
  ],
  [
    'an owner that no map knows',
    {
      [sandbox]: site(mapped),
      [container]: run('volumes:\n  /b: !Statedir {path: /b, user: 100, group: 5}\n'),
    },
    ['CONTAINER:4:3: Non-mapped group 5 for volume /b of site/web'],
  ],
]
