/**
 * Goal: what `lithos_check` prints, where, and how it exits.
 * Method: the command itself on configurations on disk.
 */
import { hostname } from 'node:os'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { run } from '../../../src/cli/check.ts'
import { isRoot, skipUnless } from '../../skip.ts'
import { container, processes, run as running, web } from '../evaluate/rows/row.ts'
import { makeWorld } from '../evaluate/world.ts'
import { capture } from './capture.ts'
import type { Said } from './capture.ts'

const asRoot = skipUnless(isRoot, 'needs root')

/** `$` in the words and in what is said is the directory of the configuration. */
const check = async (
  files: Readonly<Record<string, string>>,
  words: readonly string[],
): Promise<Said> => {
  const world = makeWorld(files)
  try {
    const argv = words.map(word => word.replaceAll('$', world.top))
    const { code, out, err } = await capture(run, ['-C', world.master, ...argv])
    return { code, out: world.shown(out), err: world.shown(err) }
  } finally {
    world.remove()
  }
}

const wrongUser = { [container]: 'executable: /bin/web\nuser-id: 5\n' }
const wrongUserLine =
  '$/images/web.1/config/web.yaml:2:10: User is not in allowed range (uid: 5) for site/web: ' +
  '`allow-users` of $/etc/sandboxes/site.yaml is 100-200'
const last = 'lithos_check: Lithos version v0.18.4\n'

asRoot('silence is success', async () =>
  assert.equal(await check({}, []), { code: 0, out: '', err: '' }),
)

asRoot('problems with their places, and the version, on standard error', async () =>
  assert.equal(await check(wrongUser, []), { code: 1, out: '', err: `${wrongUserLine}\n${last}` }),
)

asRoot('a warning is no failure', async () => {
  const { code, out, err } = await check({ [container]: running('fileno-limit: 3\n') }, [])
  assert.is(code, 0)
  assert.is(out, '')
  assert.match(err, /^\$\/images\/web\.1\/config\/web\.yaml:3:15: warning: fileno-limit: a program/)
  assert.not.match(err, 'Lithos version')
})

asRoot('broken processes are no longer a mere warning', async () => {
  const { code, err } = await check({ [processes]: 'web: [\n' }, [])
  assert.is(code, 1)
  assert.match(err, /^\$\/etc\/processes\/site\.yaml:2:1: /)
})

asRoot('one JSON document', async () => {
  const { code, out, err } = await check(wrongUser, ['--json'])
  assert.is(code, 1)
  assert.is(err, '')
  assert.equal(JSON.parse(out), {
    version: '0.18.4',
    ok: false,
    problems: [
      {
        file: '$/images/web.1/config/web.yaml',
        line: 2,
        column: 10,
        severity: 'error',
        message: wrongUserLine.slice(wrongUserLine.indexOf('User')),
      },
    ],
  })
  const good = await check({}, ['--json'])
  assert.equal(JSON.parse(good.out), { version: '0.18.4', ok: true, problems: [] })
  assert.is(good.code, 0)
})

asRoot('the host on request', async () => {
  const { code, out } = await check({}, ['-v'])
  assert.is(code, 0)
  const [name, address] = out.split('\n')
  assert.is(name, `Hostname is ${hostname()}`)
  assert.match(address!, /^IPAddr is (\d+\.\d+\.\d+\.\d+|unknown)$/)
})

asRoot('a new process configuration, before it is put in place', async () => {
  const files = { 'new.yaml': web('').replace('8080', '81') }
  const [option, file] = ['--alternate-config', '$/new.yaml']
  const line = '$/new.yaml:4:21: Variable "port" is invalid: TcpPort 81 is not in allowed range\n'
  for (const name of ['--sandbox', '--sandbox-name', '-T', '--tree', '--subtree-name'])
    assert.equal(await check(files, [option, file, name, 'site']), {
      code: 1,
      out: '',
      err: line + last,
    })
  assert.equal(await check(files, [option, file]), {
    code: 1,
    out: '',
    err: `lithos_check: Please specify --sandbox if you use --alternate-config\n${last}`,
  })
  assert.equal(await check(files, [option, file, '--sandbox', 'other']), {
    code: 1,
    out: '',
    err: `lithos_check: Tree "other" is not used: there is no sandbox of this name\n${last}`,
  })
})

test('containers alone: nothing else is read', async () => {
  const files = {
    'a.yaml': 'executable: /x\narguments: ["@{lithos:name}"]\n',
    'b.yaml': 'executable: /x\narguments: ["@{y}"]\n',
    'etc/master.yaml': 'nonsense',
  }
  const offline = (name: string): readonly string[] => ['--check-container', `$/${name}`]
  assert.equal(await check(files, offline('a.yaml')), { code: 0, out: '', err: '' })
  assert.equal(await check(files, [...offline('a.yaml'), ...offline('b.yaml')]), {
    code: 1,
    out: '',
    err: `$/b.yaml:2:13: undefined variable "y": it is not declared in \`variables\`\n${last}`,
  })
})

test('the plan of an instance', async () => {
  const { code, out, err } = await check({}, ['--show-plan', 'site', 'web.1'])
  assert.is(err, '')
  assert.is(code, 0)
  assert.match(out, /^site\/web\.1: log level warn, no exit code is normal,\n/)
  assert.match(out, / root +\$\/images\/web\.1 → \$\/run\/mnt {2}ro nosuid nodev\n/)
  assert.match(out, / exec +"\/bin\/web" "--port=8080"\n/)
  assert.is(
    (await check({}, ['--show-plan', 'site', 'web'])).out,
    out.replaceAll('web.1', 'web.0').replace('images/web.0', 'images/web.1'),
  )
})

test('no plan of what is not there, or not right', async () => {
  const said = async (files: Readonly<Record<string, string>>, ...words: string[]) =>
    (await check(files, ['--show-plan', ...words])).err
  assert.is(
    await said({}, 'site', 'db'),
    `lithos_check: There is no process "db" in sandbox site; there is "web"\n${last}`,
  )
  assert.is(
    await said({}, 'sight', 'web'),
    `lithos_check: There is no sandbox "sight" in $/etc/sandboxes; there is "site"\n${last}`,
  )
  assert.is(
    await said({}, 'site', 'web.2'),
    `lithos_check: site/web has 2 instances, and no instance 2\n${last}`,
  )
  assert.is(await said(wrongUser, 'site', 'web'), `${wrongUserLine}\n${last}`)
  assert.match(
    await said({}, 'nowhere', 'web'),
    /^lithos_check: There is no sandbox "nowhere" in \$\/etc\/sandboxes; /,
  )
})

test.run()
