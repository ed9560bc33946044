/**
 * Goal: what a container finds as its file system.
 * Method: a table of differences to a plain specification, each with all the steps of the kinds
 * that it touches.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { copied, plainSteps, state, stepsOf } from './specs.ts'
import type { Row } from './specs.ts'

const data = { nosuid: true, nodev: true }
const made = {
  do: 'makeDir',
  base: '/run/lithos/state',
  path: '/site/web.3',
  mode: 0o1777,
  uid: 0,
  gid: 0,
  always: false,
} as const

const rows: readonly Row[] = [
  [
    'volumes: each kind',
    {
      volumes: [
        { target: '/a', kind: 'readonly', base: '/srv/a', path: '/x' },
        { target: '/b', kind: 'persistent', base: '/srv/b', path: '/', make: null },
        { target: '/tmp', kind: 'tmpfs', size: 1048576, mode: 0o766 },
        { target: '/st', kind: 'statedir', path: '/sub', make: { mode: 0o700, user: 1, group: 2 } },
      ],
    },
    ['makeDir', 'bind', 'mount'],
    [
      made,
      ...plainSteps.filter(step => step.do === 'bind' || step.do === 'mount'),
      { do: 'bind', base: '/srv/a', path: '/x', target: '/a', flags: { readonly: true, ...data } },
      { do: 'bind', base: '/srv/b', path: '/', target: '/b', flags: data },
      {
        do: 'mount',
        type: 'tmpfs',
        target: '/tmp',
        options: ['size=1048576', 'mode=00766'],
        flags: { nosuid: true, nodev: true },
      },
      { do: 'makeDir', base: state, path: '/sub', mode: 0o700, uid: 1, gid: 2, always: true },
      {
        do: 'bind',
        base: state,
        path: '/sub',
        target: '/st',
        flags: { nosuid: true, nodev: true },
      },
    ],
  ],
  [
    'volumes: a sticky tmpfs',
    { volumes: [{ target: '/tmp', kind: 'tmpfs', size: 1, mode: 0o1777 }] },
    ['mount'],
    [
      ...plainSteps.filter(step => step.do === 'mount'),
      {
        do: 'mount',
        type: 'tmpfs',
        target: '/tmp',
        options: ['size=1', 'mode=01777'],
        flags: { nosuid: true, nodev: true },
      },
    ],
  ],
  [
    'mkdir: what the administrator named is made by its own name, and belongs to whom it is for',
    {
      volumes: [
        {
          target: '/b',
          kind: 'persistent',
          base: '/srv/b',
          path: '/',
          make: { mode: 0o750, user: 5, group: 6 },
        },
      ],
    },
    ['makeDir'],
    [
      made,
      { do: 'makeDir', base: '/', path: '/srv/b', mode: 0o750, uid: 5, gid: 6, always: false },
    ],
  ],
  [
    'mkdir: below it, only what is below belongs to them',
    {
      volumes: [
        {
          target: '/b',
          kind: 'persistent',
          base: '/srv/b',
          path: '/c/d',
          make: { mode: 0o750, user: 5, group: 6 },
        },
      ],
    },
    ['makeDir'],
    [
      made,
      { do: 'makeDir', base: '/', path: '/srv/b', mode: 0o755, uid: 0, gid: 0, always: false },
      { do: 'makeDir', base: '/srv/b', path: '/c/d', mode: 0o750, uid: 5, gid: 6, always: false },
    ],
  ],
  [
    'resolv.conf is copied, and mounted where one is',
    { resolvConf: { copyFrom: '/etc/resolv.conf', mount: null } },
    ['copyFile', 'writeFile', 'bindFile'],
    [
      { do: 'copyFile', source: '/etc/resolv.conf', base: state, path: '/resolv.conf' },
      {
        do: 'bindFile',
        base: state,
        path: '/resolv.conf',
        target: '/etc/resolv.conf',
        ifRegular: true,
      },
    ],
  ],
  [
    'resolv.conf that must be mounted and is not copied is an empty file',
    { resolvConf: { copyFrom: null, mount: true } },
    ['copyFile', 'writeFile', 'bindFile'],
    [
      { do: 'writeFile', base: state, path: '/resolv.conf', text: '', mode: 0o644 },
      {
        do: 'bindFile',
        base: state,
        path: '/resolv.conf',
        target: '/etc/resolv.conf',
        ifRegular: false,
      },
    ],
  ],
  [
    'resolv.conf that is copied and must not be mounted',
    { resolvConf: { copyFrom: '/etc/resolv.conf', mount: false } },
    ['copyFile', 'bindFile'],
    [{ do: 'copyFile', source: '/etc/resolv.conf', base: state, path: '/resolv.conf' }],
  ],
  ['hosts: nothing to say, nothing to mount', {}, ['copyFile', 'writeFile', 'bindFile'], []],
  [
    'hosts: a copy alone',
    { hosts: copied },
    ['copyFile', 'writeFile', 'bindFile'],
    [
      { do: 'copyFile', source: '/etc/hosts', base: state, path: '/hosts' },
      { do: 'writeFile', base: state, path: '/hosts', text: '\n', mode: 0o644 },
      { do: 'bindFile', base: state, path: '/hosts', target: '/etc/hosts', ifRegular: true },
    ],
  ],
  [
    'hosts: all four parts, after the copy and in order',
    {
      hosts: {
        ...copied,
        localhost: true,
        publicHostname: true,
        additional: [
          ['a', '10.0.0.1'],
          ['b', '10.0.0.2'],
        ],
        mount: true,
      },
    },
    ['copyFile', 'writeFile', 'bindFile'],
    [
      { do: 'copyFile', source: '/etc/hosts', base: state, path: '/hosts' },
      {
        do: 'writeFile',
        base: state,
        path: '/hosts',
        text:
          '\n127.0.0.1 localhost.localdomain localhost\n192.0.2.7 box\n' +
          '10.0.0.1 a\n10.0.0.2 b\n',
        mode: 0o644,
      },
      { do: 'bindFile', base: state, path: '/hosts', target: '/etc/hosts', ifRegular: false },
    ],
  ],
  [
    'hosts: made of additional ones only',
    { hosts: { ...copied, copyFrom: null, additional: [['a', '10.0.0.1']] } },
    ['copyFile', 'writeFile', 'bindFile'],
    [
      { do: 'writeFile', base: state, path: '/hosts', text: '10.0.0.1 a\n', mode: 0o644 },
      { do: 'bindFile', base: state, path: '/hosts', target: '/etc/hosts', ifRegular: true },
    ],
  ],
  [
    'hosts: made, and not mounted',
    { hosts: { ...copied, copyFrom: null, localhost: true, mount: false } },
    ['writeFile', 'bindFile'],
    [
      {
        do: 'writeFile',
        base: state,
        path: '/hosts',
        text: '127.0.0.1 localhost.localdomain localhost\n',
        mode: 0o644,
      },
    ],
  ],
]

for (const row of rows) test(row[0], () => assert.equal(stepsOf(row), row[3]))

test.run()
