/**
 * Goal: who the application is, where it prints, and with what it begins.
 * Method: a table of differences to a plain specification, each with all the steps of the kinds
 * that it touches.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { stepsOf } from './specs.ts'
import type { Row } from './specs.ts'

const rows: readonly Row[] = [
  [
    'output: into a file of the container',
    { outputFile: 'var/out.log' },
    ['openOutput', 'inheritOutput'],
    [{ do: 'openOutput', path: '/var/out.log' }],
  ],
  [
    'output: to the terminal',
    { interactive: true },
    ['openOutput', 'inheritOutput'],
    [{ do: 'inheritOutput' }],
  ],
  [
    'output: a file goes before the terminal',
    { interactive: true, outputFile: '/o' },
    ['openOutput', 'inheritOutput'],
    [{ do: 'openOutput', path: '/o' }],
  ],
  [
    'S12: root of the host keeps no capability',
    { user: 0, group: 0 },
    ['setUid', 'setGid', 'keepCapabilities'],
    [
      { do: 'setGid', gid: 0 },
      { do: 'setUid', uid: 0 },
      { do: 'keepCapabilities', mask: 0n },
    ],
  ],
  [
    'files: more than the kernel has is left to the kernel to refuse',
    { filenoLimit: '9223372036854775807' },
    ['limitFiles'],
    [{ do: 'limitFiles', max: Number.MAX_SAFE_INTEGER }],
  ],
  [
    'environment: later ones win, a pid is filled in by the knot',
    {
      environ: [
        ['A', '@{lithos:name} @{lithos:config_filename} @{port}'],
        ['LITHOS_NAME', 'mine'],
        ['PID', '@{lithos:pid}'],
        ['TERM', 'vt100'],
      ],
    },
    ['exec'],
    [
      {
        do: 'exec',
        executable: '/bin/web',
        arguments: ['--port=8080', 'say "hi"'],
        environment: [
          'TERM=vt100',
          'A=site/web.3 /config/web.yaml 8080',
          'LITHOS_NAME=site/web.3',
          'LITHOS_CONFIG=/config/web.yaml',
        ],
        pidVariables: ['PID'],
      },
    ],
    { term: 'xterm' },
  ],
]

for (const row of rows) test(row[0], () => assert.equal(stepsOf(row), row[3]))

test.run()
