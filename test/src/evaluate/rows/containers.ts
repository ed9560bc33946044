/** What is said of users, networks, volumes and limits. */
import { container, processes, run, sandbox, site, web } from './row.ts'
import type { Row } from './row.ts'

export const containersRows: readonly Row[] = [
  // Users and groups
  [
    'no user',
    { [sandbox]: site('') },
    [
      'CONTAINER:1:1: Neither user id is specified nor default is found: set `user-id` ' +
        'here, or `default-user` in SANDBOX',
    ],
  ],
  [
    'a user that is not allowed',
    { [container]: 'executable: /bin/web\nuser-id: 5\n' },
    [
      'CONTAINER:2:10: User is not in allowed range (uid: 5) for site/web: `allow-users` ' +
        'of SANDBOX is 100-200',
    ],
  ],
  [
    'a default user that is not allowed',
    { [sandbox]: site('default-user: 5\n') },
    [
      'SANDBOX:5:15: User is not in allowed range (uid: 5) for site/web: `allow-users` ' +
        'of SANDBOX is 100-200',
    ],
  ],
  [
    'a group that is not allowed',
    { [container]: run('group-id: 11\n') },
    [
      'CONTAINER:3:11: Group is not in allowed range (gid: 11) for site/web: ' +
        '`allow-groups` of SANDBOX is 0-10',
    ],
  ],
  [
    'a user that is nobody',
    {
      [sandbox]: site('').replace('100-200', '0-4294967295'),
      [container]: 'executable: /bin/web\nuser_id: 4294967295\n',
    },
    ['CONTAINER:2:10: The highest number is no user (uid: 4294967295) for site/web'],
  ],
  [
    'nobody is allowed',
    { [sandbox]: 'image-dir: $/images\ndefault-user: 1\n', [container]: 'executable: /bin/web\n' },
    [
      'SANDBOX:1:1: Group is not in allowed range (gid: 0) for site/web: `allow-groups` ' +
        'of SANDBOX is empty',
      'SANDBOX:2:15: User is not in allowed range (uid: 1) for site/web: `allow-users` ' +
        'of SANDBOX is empty',
    ],
  ],
  [
    'a map of the sandbox, and a user outside',
    {
      [sandbox]: site('uid-map: [{inside: 0, outside: 1000, count: 100}]\n'),
      [container]: run(''),
    },
    [
      'SANDBOX:1:1: Group is not in mapped range (gid: 0) for site/web: there is no `gid-map` ' +
        'beside the other one',
      'CONTAINER:2:10: User is not in mapped range (uid: 100) for site/web',
    ],
  ],
  [
    'a map of the container, and a group outside',
    {
      [container]: run(
        'uid-map: [{inside: 100, outside: 150, count: 1}]\n' +
          'gid-map: [{inside: 5, outside: 5, count: 1}]\n',
      ),
    },
    ['SANDBOX:1:1: Group is not in mapped range (gid: 0) for site/web'],
  ],
  [
    'a map of the container that leaves what is allowed',
    { [container]: run('uid-map: [{inside: 0, outside: 150, count: 101}]\n') },
    [
      'SANDBOX:1:1: Group is not in mapped range (gid: 0) for site/web: there is no `gid-map` ' +
        'beside the other one',
      "CONTAINER:3:1: Bad uid mapping (probably doesn't match allow_users): what it maps to " +
        'must lie within `allow-users` of SANDBOX, which is 100-200',
    ],
  ],
  [
    'maps in both',
    {
      [sandbox]: site('uid-map: [{inside: 0, outside: 100, count: 101}]\n'),
      [container]: run('uid-map: [{inside: 0, outside: 100, count: 101}]\n'),
    },
    [
      'SANDBOX:1:1: Group is not in mapped range (gid: 0) for site/web: there is no `gid-map` ' +
        'beside the other one',
      "CONTAINER:3:1: Can't have uid_maps in both the sandbox and a container itself: remove " +
        '`uid-map` here or in SANDBOX',
    ],
  ],

  // Networks and ports
  [
    'fewer addresses than instances',
    {
      [sandbox]: site('bridged-network: {bridge: br0, network: 10.0.0.0/24}\n'),
      [processes]: web('  instances: 2\n  ip-addresses: [10.0.0.1]\n'),
      [container]: run(''),
    },
    ['PROCESSES:6:3: web has 2 instances, but `ip-addresses` lists only 1'],
  ],
  [
    'fewer addresses, though nothing is bridged',
    { [processes]: web('  instances: 2\n  ip-addresses: [10.0.0.1]\n'), [container]: run('') },
    ['PROCESSES:6:3: web has 2 instances, but `ip-addresses` lists only 1'],
  ],
  [
    'an address elsewhere',
    {
      [sandbox]: site('bridged-network: {bridge: br0, network: 10.0.0.0/24}\n'),
      [processes]: web('  ip-addresses: ["10.0.1.1"]\n'),
      [container]: run(''),
    },
    ['PROCESSES:5:18: invalid ip 10.0.1.1: it is not in the network 10.0.0.0/24 of site'],
  ],
  [
    'no address',
    {
      [sandbox]: site('bridged-network: {bridge: br0, network: 10.0.0.0/24}\n'),
      [container]: run(''),
    },
    [
      'PROCESSES:2:1: no IP address specified: site has a bridged network, so each ' +
        'instance of web needs one in `ip-addresses`',
    ],
  ],
  [
    'a port to open that is not allowed',
    { [container]: run('tcp-ports: {80: {fd: 3}}\n') },
    [
      'CONTAINER:3:13: Port 80 is not allowed for site/web: it is not in ' +
        '`allow-tcp-ports` of SANDBOX',
    ],
  ],
  [
    'a port to open that is none',
    {
      [container]: run('variables: {port: !Name }\ntcp-ports: {"@{port}": {fd: 3}}\n'),
      [processes]: web('').replace('8080', 'http'),
    },
    [
      'CONTAINER:4:13: Bad port "@{port}" for site/web: expected a number up to 65535, ' +
        'found "http"',
    ],
  ],
  [
    'ports on the descriptors of output',
    { [container]: run('tcp-ports: {8080: {fd: 1}, 8081: {fd: 2}}\n') },
    [
      'CONTAINER:3:24: passing fd 1 and fd 2 is not supported yet: fd 1 of port ' +
        '8080 is where the application prints; choose 0, 3 or higher',
      'CONTAINER:3:39: passing fd 1 and fd 2 is not supported yet: fd 2 of port ' +
        '8081 is where the application prints; choose 0, 3 or higher',
    ],
  ],
  [
    'two ports on one descriptor',
    { [container]: run('tcp-ports: {8080: {fd: 3}, 8081: {fd: 3}}\n') },
    ['CONTAINER:3:39: fd 3 of port 8081 is that of port 8080 already'],
  ],
  [
    'activation, and its descriptor is taken',
    {
      [container]: run(
        'variables: {port: !TcpPort {activation: systemd}}\ntcp-ports: {8081: {fd: 3}}\n',
      ),
    },
    [
      'CONTAINER:4:24: Port 8081 conflicts with var "port" for fd: 3. You may change ' +
        "file descriptor to a higher value, or expand 'activation' manually.",
    ],
  ],
  [
    'activation, and its variables are taken',
    {
      [container]: run(
        'variables: {port: !TcpPort {activation: systemd}}\n' +
          'environ: {LISTEN_FDS: 1, LISTEN_PID: 2}\n',
      ),
    },
    [
      "CONTAINER:4:23: To use 'activation' you should not have any of LISTEN_FDS, " +
        'LISTEN_FDNAMES, LISTEN_PID in your environ. You can remove vars or remove ' +
        'activation parameter and propagate sockets manually.',
      "CONTAINER:4:38: To use 'activation' you should not have any of LISTEN_FDS, " +
        'LISTEN_FDNAMES, LISTEN_PID in your environ. You can remove vars or remove ' +
        'activation parameter and propagate sockets manually.',
    ],
  ],
  [
    'one port activated twice',
    {
      [container]: run(
        'variables:\n  a: !TcpPort {activation: systemd}\n  b: !TcpPort {activation: systemd}\n',
      ),
      [processes]: web('').replace('port: 8080', 'a: 8080, b: 8080'),
    },
    [
      'PROCESSES:4:27: Variable "b" has the port of "a", 8080; activated sockets need ' +
        'different ones',
    ],
  ],

  [
    'one port, activated and opened',
    {
      [container]: run(
        'variables: {port: !TcpPort {activation: systemd}}\n' +
          'tcp-ports: {8080: {fd: 4}, 8081: {fd: 5}}\n',
      ),
    },
    [
      'CONTAINER:4:13: Port 8080 of site/web is that of the activated variable "port" already; ' +
        'leave one of the two out',
    ],
  ],

  // Volumes, secrets, limits
  [
    'volumes from nowhere',
    {
      [container]: run(
        'volumes:\n  /a: !Readonly /x\n  /b: !Persistent {path: /data}\n' +
          '  /c: !Readonly /db/x\n  /d: !Readonly /database\n',
      ),
    },
    [
      'CONTAINER:4:17: Can\'t find volume for "/x", needed by site/web: no entry of ' +
        '`readonly-paths` or `writable-paths` in SANDBOX contains it',
      'CONTAINER:5:3: Can\'t find volume for "/data", needed by site/web: no entry of ' +
        '`writable-paths`, the only ones for a !Persistent volume, in SANDBOX contains it',
      'CONTAINER:7:17: Can\'t find volume for "/database", needed by site/web: no entry ' +
        'of `readonly-paths` or `writable-paths` in SANDBOX contains it',
    ],
  ],
  [
    'too little of everything',
    { [container]: run('memory-limit: 0\nfileno-limit: 3\n') },
    [
      'CONTAINER:4:15: warning: fileno-limit: a program that may open 3 files can hardly ' +
        'start',
    ],
  ],
  [
    'an address for this host, which has none',
    { [container]: run('hosts-file: {public-hostname: true}\n') },
    [
      'CONTAINER:3:31: Can\'t get IPAddress: the name of this host, "box", has no IPv4 ' +
        'address, and `public-hostname` needs it; add it to /etc/hosts',
    ],
  ],
  [
    'an address for this host, which nobody asked for',
    { [container]: run('hosts-file: {public-hostname: false}\n') },
    [],
  ],
]
