/**
 * Goal: what is shipped says truly what it is made of; scripts and units are what they should be.
 * Method: the list of parts against the lock file; scripts and units through whatever checks them
 *   here. `npm run test:deb` makes and installs both packages.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'

const root = fileURLToPath(new URL('../..', import.meta.url))
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8')

interface Part {
  readonly 'bom-ref': string
  readonly name: string
  readonly scope?: string
  readonly purl: string
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[]
  readonly licenses?: readonly object[]
}

test('the list of parts has each package of the lock file, and refers to nothing else', () => {
  const made = execFileSync(process.execPath, [join(root, 'src/packaging/sbom.mjs')], {
    encoding: 'utf8',
  })
  const bom = JSON.parse(made) as {
    readonly bomFormat: string
    readonly specVersion: string
    readonly serialNumber: string
    readonly metadata: { readonly component: Part }
    readonly components: readonly Part[]
    readonly dependencies: readonly { readonly ref: string; readonly dependsOn: string[] }[]
  }
  assert.is(`${bom.bomFormat} ${bom.specVersion}`, 'CycloneDX 1.5')
  assert.match(
    bom.serialNumber,
    /^urn:uuid:[\da-f]{8}-[\da-f]{4}-[1-5][\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/,
  )
  const { packages } = JSON.parse(textOf('package-lock.json')) as {
    readonly packages: Readonly<Record<string, { readonly version: string; readonly dev?: true }>>
  }
  const locked = Object.entries(packages)
    .filter(([path]) => path !== '')
    .map(([path, { version }]) => `${path.split('node_modules/').at(-1)}@${version}`)
  const told = bom.components.map(({ purl }) => purl.replace('pkg:npm/', '').replace('%40', '@'))
  assert.equal([...new Set(told)].sort(), [...new Set(locked)].sort())
  const refs = [bom.metadata.component, ...bom.components].map(part => part['bom-ref'])
  assert.is(new Set(refs).size, refs.length)
  assert.equal(bom.dependencies.map(({ ref }) => ref).sort(), [...refs].sort())
  for (const { dependsOn } of bom.dependencies)
    for (const ref of dependsOn) assert.ok(refs.includes(ref), ref)
  for (const { hashes = [], name } of bom.components)
    for (const { alg, content } of hashes) {
      assert.is(alg, 'SHA-512')
      assert.match(content, /^[\da-f]{128}$/, name)
    }
  const needed = bom.components.filter(({ scope }) => scope === 'required').map(({ name }) => name)
  for (const name of ['koffi', 'xstate', 'yaml']) assert.ok(needed.includes(name), name)
  assert.not.ok(needed.includes('typescript'))
})

test('scripts are scripts, and the unit is one', () => {
  const scripts = ['debian/postinst', 'debian/prerm', 'debian/postrm', 'debian/running']
  for (const name of [...scripts, 'runit/run', 'runit/log/run', 'openrc/lithos'])
    execFileSync('sh', ['-n', join(root, 'src/packaging', name)])
  const unit = join(root, 'src/systemd/lithos.service')
  const verified = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' })
  if (verified.error === undefined && verified.status !== null)
    assert.not.match(verified.stderr, /Unknown (?:key|section|lvalue)/)
  const text = textOf('src/systemd/lithos.service')
  for (const line of ['Type=notify', 'KillMode=process', 'Delegate=yes', 'FileDescriptorStoreMax='])
    assert.ok(text.includes(`\n${line}`), line)
  // An upgrade must not stop what a removal stops.
  assert.not.match(textOf('src/packaging/debian/prerm'), /upgrade\b.*\)/)
})

test('the changelog tells of the version that this is', () => {
  const { version } = JSON.parse(textOf('package.json')) as { readonly version: string }
  assert.ok(textOf('CHANGELOG.md').includes(`\n## ${version}\n`))
})

test.run()
