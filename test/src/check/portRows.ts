/** What lithos_check says of ports that two processes name: files that differ, what is said. */
import { container, processes, run, web } from '../evaluate/rows/row.ts'
import type { Row } from '../evaluate/rows/row.ts'

export const portRows: readonly Row[] = [
  [
    'one port for two',
    {
      [processes]: web('') + web('').replace('web:', 'b:'),
    },
    ['PROCESSES:4:21: warning: Port 8080 of site/web is that of site/b already'],
  ],
  [
    'one port opened for two, with other options',
    {
      [processes]: `${web('')}b:\n  image: web.1\n  config: /config/b.yaml\n`,
      [container]: run('tcp-ports: {8080: {fd: 3}}\n'),
      'images/web.1/config/b.yaml': run('tcp-ports: {8080: {fd: 4, listen-backlog: 5}}\n'),
    },
    [
      'CONTAINER:3:13: warning: Port 8080 of site/web is that of site/b already, with ' +
        'other options; those of the container that starts first will be used for both',
    ],
  ],
  [
    'one port opened for two in the same way',
    {
      [processes]: `${web('')}b:\n  image: web.1\n  config: /config/b.yaml\n`,
      [container]: run('tcp-ports: {8080: {fd: 3}}\n'),
      'images/web.1/config/b.yaml': run('tcp-ports: {8080: {fd: 4}}\n'),
    },
    [],
  ],
  [
    'ports on addresses of which one includes the other',
    {
      [processes]: `${web('')}b:\n  image: web.1\n  config: /config/b.yaml\n`,
      [container]: run('tcp-ports: {8080: {fd: 3, host: 127.0.0.1}}\n'),
      'images/web.1/config/b.yaml': run('tcp-ports: {8080: {fd: 4, host: "::"}}\n'),
    },
    [
      'CONTAINER:3:13: warning: Port 8080 of site/web (127.0.0.1) and of site/b (::): one ' +
        'address includes the other, and the kernel will let only one of the two listen',
    ],
  ],
  [
    'ports on addresses that have nothing in common',
    {
      [processes]: `${web('')}b:\n  image: web.1\n  config: /config/b.yaml\n`,
      [container]: run('tcp-ports: {8080: {fd: 3, host: 127.0.0.1}}\n'),
      'images/web.1/config/b.yaml': run('tcp-ports: {8080: {fd: 4, host: "::1"}}\n'),
    },
    [],
  ],
  [
    'one port, of which only one wants to have a part',
    {
      [processes]: `${web('')}b:\n  image: web.1\n  config: /config/b.yaml\n`,
      [container]: run('tcp-ports: {8080: {fd: 3}}\n'),
      'images/web.1/config/b.yaml': run('tcp-ports: {8080: {fd: 4, reuse-port: true}}\n'),
    },
    [
      'CONTAINER:3:13: warning: Port 8080 of site/web is that of site/b already; only one of ' +
        'the two has `reuse-port`, so the kernel will refuse one',
    ],
  ],
]
