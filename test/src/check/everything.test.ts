/**
 * Goal: the check finds what a start would stumble over, and nothing where there is nothing.
 * Method: configurations with images on disk, each with the lines it earns. It takes root only
 * because files that belong to somebody else are warned of.
 */
import * as fs from 'node:fs'
import * as assert from 'uvu/assert'
import { test } from 'uvu'
import { checkContainerFile, checkEverything } from '../../../src/check/everything.ts'
import type { Asked } from '../../../src/check/everything.ts'
import { sayProblem } from '../../../src/config/report.ts'
import { isRoot, skipUnless } from '../../skip.ts'
import { linesLike } from '../evaluate/lines.ts'
import { container, processes, run, site, web } from '../evaluate/rows/row.ts'
import { makeWorld, program } from '../evaluate/world.ts'
import type { World } from '../evaluate/world.ts'
import { emptyRows } from './emptyRows.ts'
import { hostRows } from './hostRows.ts'
import { imageRows } from './imageRows.ts'
import { portRows } from './portRows.ts'

const asRoot = skipUnless(isRoot, 'needs root')

const remedy = 'whoever can write it can run anything as root: chown root:root and chmod go-w'

const check = (
  files: Readonly<Record<string, string>>,
  expected: readonly string[],
  more: (world: World) => Partial<Asked> = () => ({}),
): void => {
  const world = makeWorld(files)
  try {
    const asked = {
      ...{ masterFile: world.master, alternate: null, programs: [], now: () => 0 },
      // Whoever else is on this host.
      listeners: () => [],
    }
    const problems = checkEverything({ ...asked, ...more(world) })
    assert.equal(linesLike(world, problems, expected), expected)
  } finally {
    world.remove()
  }
}

for (const [name, files, expected] of [...imageRows, ...portRows, ...emptyRows, ...hostRows])
  asRoot(name, () => check(files, expected))

asRoot('programs that are not there', () =>
  check({}, [": Can't find /nowhere/lithos_knot: run npm run build"], () => ({
    programs: ['/nowhere/lithos_knot', '/bin/sh'],
  })),
)

asRoot('a process configuration in place of that of a sandbox', () => {
  const files = { 'new.yaml': web('  instance: 1\n') }
  const alternate = (sandbox: string) => (world: World) => ({
    alternate: { sandbox, file: `${world.top}/new.yaml` },
  })
  check(files, ['$/new.yaml:2:3: …'], alternate('site'))
  check(files, [': Tree "other" is not used: there is no sandbox of this name'], alternate('other'))
})

asRoot('S36: files that others may write', () =>
  check(
    {},
    [
      `SANDBOX: warning: this file may be written by others than root (mode 0664); ${remedy}`,
      `PROCESSES: warning: this file belongs to user 4242; ${remedy}`,
      `$/etc/processes: warning: this directory may be written by others than root (mode 0777); ` +
        remedy,
    ],
    ({ top }) => {
      fs.chmodSync(`${top}/etc/sandboxes/site.yaml`, 0o664)
      fs.chownSync(`${top}/etc/processes/site.yaml`, 4242, 0)
      fs.chmodSync(`${top}/etc/processes`, 0o777)
      return {}
    },
  ),
)

const owners: readonly (readonly [uid: number, gid: number, mode: number, isFine: boolean])[] = [
  [100, 0, 0o677, false],
  [100, 1, 0o100, true],
  [0, 0, 0o767, false],
  [0, 0, 0o010, true],
  [0, 1, 0o776, false],
  [0, 1, 0o001, true],
]
for (const [uid, gid, mode, isFine] of owners)
  asRoot(`a program of ${uid}:${gid} with mode ${mode.toString(8)}, for 100:0`, () =>
    check(
      {},
      isFine
        ? []
        : [
            'CONTAINER:2:13: The executable /bin/web of site/web is not executable for user 100 ' +
              'and group 0',
          ],
      ({ top }) => {
        fs.chownSync(`${top}/images/web.1/bin/web`, uid, gid)
        fs.chmodSync(`${top}/images/web.1/bin/web`, mode)
        return {}
      },
    ),
  )

asRoot('a directory that the user may not enter', () =>
  check(
    { [container]: run('workdir: /tmp\n') },
    [
      'CONTAINER:1:13: The executable /bin/web of site/web needs $/images/web.1/bin, which ' +
        'user 100 and group 0 may not enter',
      'CONTAINER:3:10: The workdir /tmp of site/web needs $/images/web.1/tmp, which user 100 ' +
        'and group 0 may not enter',
    ],
    ({ top }) => {
      fs.chownSync(`${top}/images/web.1/bin`, 0, 1)
      fs.chmodSync(`${top}/images/web.1/bin`, 0o776)
      fs.chmodSync(`${top}/images/web.1/tmp`, 0o700)
      return {}
    },
  ),
)

asRoot('hundreds of sandboxes are no burden', () => {
  const names = Array.from({ length: 200 }, (_, index) => `s${index}`)
  const files = names.flatMap(name => [
    [`etc/sandboxes/${name}.yaml`, site('default-user: 100\n')],
    [
      `etc/processes/${name}.yaml`,
      web('')
        .replace('web.1', `i${name}`)
        .replace('8080', `8${name.slice(1).padStart(3, '0')}`),
    ],
    [`images/i${name}/config/web.yaml`, run('variables: {port: !TcpPort }\n')],
    [`images/i${name}/bin/web`, program],
    ...['dev', 'proc', 'sys'].map(directory => [`images/i${name}/${directory}/`, '']),
  ])
  check({ ...Object.fromEntries(files), [processes]: '{}' }, [])
})

test('one container configuration, offline', () => {
  const world = makeWorld({
    [container]: run('arguments: ["@{x}"]\nenviron: {A: "@{lithos:name}"}\nuser-id: 4294967295\n'),
    'broken.yaml': 'a: [',
    'fine.yaml': run('variables: {p: !TcpPort {activation: systemd}}\ntcp-ports: {80: {fd: 4}}\n'),
  })
  try {
    const lines = (name: string): readonly string[] =>
      checkContainerFile(`${world.top}/${name}`).map(problem => world.shown(sayProblem(problem)))
    assert.equal(lines('fine.yaml'), [])
    assert.is(lines('broken.yaml').length, 1)
    assert.is(lines('not there').length, 1)
    assert.equal(lines(container).length, 1)
  } finally {
    world.remove()
  }
})

test.run()
