/** Secrets in a container configuration and in the file that it names. */
import { container, run, sandbox, site } from './row.ts'
import type { Row } from './row.ts'

const secret = '"v2:a:b:c:d"'
const config = 'images/web.1/config'

export const secretsRows: readonly Row[] = [
  [
    'secrets of all kinds',
    { [container]: run(`secret-environ: {A: ${secret}}\nsecret-files: {a.b: [${secret}]}\n`) },
    [],
  ],
  [
    'secrets here and in a file',
    {
      [container]: run(`secret-environ: {A: ${secret}}\nsecret-environ-file: s.yaml\n`),
      [`${config}/s.yaml`]: '{}',
    },
    ['CONTAINER:4:22: secret-environ and secret-environ-file settings are mutually ' + 'exclusive'],
  ],
  [
    'names that are none, and names that are taken',
    {
      [container]: run(
        `environ: {A: plain}\nsecret-environ: {"": x, "a=b": x, A: ${secret}, LITHOS_NAME: x}\n`,
      ),
    },
    [
      'CONTAINER:4:22: "" is no name of a variable: expected at least one character, and no "="',
      'CONTAINER:4:32: "a=b" is no name of a variable: expected at least one character, and no "="',
      'CONTAINER:4:38: warning: the secret A replaces the variable in `environ`',
      'CONTAINER:4:65: warning: LITHOS_NAME is set by lithos, and not to this secret',
    ],
  ],
  [
    'more than anybody needs',
    { [container]: run(`secret-environ: {A: [${`${secret},`.repeat(1001)}]}\n`) },
    ['CONTAINER:3:1: 1001 secrets are more than the 1000 that there may be'],
  ],
  [
    'a name that is no file',
    { [container]: run(`secret-files: {../x: ${secret}, .: ${secret}, a/b: ${secret}}\n`) },
    ['CONTAINER:3:16: …', 'CONTAINER:3:36: …', 'CONTAINER:3:53: …'],
  ],
  [
    'a file of secrets beside the configuration, and elsewhere in the image',
    { [container]: run('secret-environ-file: s/own.yaml\n'), [`${config}/s/own.yaml`]: 'A: x\n' },
    [],
  ],
  [
    'a file of secrets elsewhere in the image, behind a link that would lead out',
    {
      [container]: run('secret-environ-file: /link/own.yaml\n'),
      'images/web.1/link': '→/secrets',
      'images/web.1/secrets/own.yaml': 'A: x\n',
    },
    [],
  ],
  [
    'a file of secrets that is nowhere, also if it is on the host',
    { [container]: run('secret-environ-file: /etc/master.yaml\n') },
    [
      'CONTAINER:3:22: Can\'t read secret environ file "/etc/master.yaml": /etc/master.yaml ' +
        'does not exist',
    ],
  ],
  [
    'a file of secrets that climbs',
    { [container]: run('secret-environ-file: ../../../etc/master.yaml\n') },
    ['CONTAINER:3:22: …'],
  ],
  [
    'a file of secrets in a volume, behind links of the administrator',
    {
      [sandbox]: site('readonly-paths: {/data: $/linked}\ndefault-user: 100\n'),
      [container]: run('secret-environ-file: /vol/s.yaml\nvolumes: {/vol: !Readonly /data}\n'),
      linked: '→$/data',
      'data/s.yaml': 'A: x\n',
    },
    [],
  ],
  [
    'a file of secrets in a volume that is empty at the start',
    { [container]: run('secret-environ-file: /vol/s.yaml\nvolumes: {/vol: !Tmpfs}\n') },
    [
      'CONTAINER:3:22: Can\'t read secret environ file "/vol/s.yaml": /vol is filled only at the ' +
        'start',
    ],
  ],
  [
    'a file of secrets with mistakes',
    {
      [container]: run('secret-environ-file: s.yaml\nenviron: {B: plain}\n'),
      [`${config}/s.yaml`]: 'A: null\nB: x\n',
    },
    ['$/images/web.1/config/s.yaml:1:4: A: expected a secret or a list of secrets, found null'],
  ],
  [
    'a file of secrets with a name that is taken',
    {
      [container]: run('secret-environ-file: s.yaml\nenviron: {B: plain}\n'),
      [`${config}/s.yaml`]: 'A: x\nB: x\n',
    },
    ['$/images/web.1/config/s.yaml:2:4: warning: the secret B replaces the variable in `environ`'],
  ],
]
