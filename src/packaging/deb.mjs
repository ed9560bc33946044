/**
 * `npm run deb`: builds, and makes lithos_VERSION_ARCH.deb of what was built, with dpkg-deb and
 * nothing else. The only package of npm that a running lithos needs is the add-on of koffi.
 *
 *     node src/packaging/deb.mjs [--out DIRECTORY] [--version VERSION] [--no-build]
 *
 * Made twice of the same tree with the same SOURCE_DATE_EPOCH, it is the same file.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, root } from '../build/build.mjs'
import { sbom } from './sbom.mjs'

const argument = name => {
  const at = process.argv.indexOf(name)
  return at === -1 ? null : process.argv[at + 1]
}

const {
  bin,
  version: ours,
  description,
} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const version = argument('--version') ?? ours
const out = argument('--out') ?? root
const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch]
if (architecture === undefined) throw new Error(`there is no package for ${process.arch}`)

const node = '/usr/bin/node'
const home = 'usr/lib/lithos'

const furnish = stage => {
  const at = (...path) => join(stage, ...path)
  const put = (path, content, mode = 0o644) => {
    mkdirSync(dirname(at(path)), { recursive: true })
    writeFileSync(at(path), content)
    chmodSync(at(path), mode)
  }
  const copy = (from, to) =>
    cpSync(join(root, from), at(to), { recursive: true, dereference: true })
  const link = (target, path) => {
    mkdirSync(dirname(at(path)), { recursive: true })
    symlinkSync(target, at(path))
  }

  for (const path of ['package.json', 'src/bin', 'src/packaging/debian/running'])
    copy(path, `${home}/${path}`)
  for (const name of readdirSync(join(root, 'dist')))
    if (/\.(?:cjs|cache)$|^native$|^complete$/.test(name))
      copy(`dist/${name}`, `${home}/dist/${name}`)
  const addOn = `node_modules/@koromix/koffi-linux-${process.arch}`
  copy(addOn, `${home}/${addOn}`)
  put(`${home}/dist/node-path`, `${node}\n`)
  link(node, `${home}/dist/lithos_tree`)
  for (const name of Object.keys(bin)) link(`../lib/lithos/src/bin/${name}`, `usr/bin/${name}`)

  put(
    'usr/lib/systemd/system/lithos.service',
    readFileSync(join(root, 'src/systemd/lithos.service'), 'utf8').replace(
      '/usr/bin/env lithos_tree',
      '/usr/bin/lithos_tree',
    ),
  )
  for (const section of ['man5', 'man8'])
    for (const name of readdirSync(join(root, 'dist/man', section)))
      put(
        `usr/share/man/${section}/${name}.gz`,
        gzipSync(readFileSync(join(root, 'dist/man', section, name))),
      )
  const completion = name => readFileSync(join(root, 'dist/completions', name))
  put('usr/share/bash-completion/completions/lithos', completion('lithos.bash'))
  put('usr/share/zsh/vendor-completions/_lithos', completion('_lithos'))
  put('usr/share/fish/vendor_completions.d/lithos.fish', completion('lithos.fish'))
  for (const name of Object.keys(bin).filter(each => each !== 'lithos')) {
    link('lithos', `usr/share/bash-completion/completions/${name}`)
    link('lithos.fish', `usr/share/fish/vendor_completions.d/${name}.fish`)
  }

  const doc = 'usr/share/doc/lithos'
  copy('LICENSE', `${doc}/copyright`)
  for (const name of ['README.md', 'SECURITY.md']) copy(name, `${doc}/${name}`)
  put(`${doc}/changelog.gz`, gzipSync(readFileSync(join(root, 'CHANGELOG.md'))))
  put(`${doc}/sbom.cdx.json`, `${JSON.stringify(sbom(), null, 2)}\n`)
  for (const name of ['openrc', 'runit']) copy(`src/packaging/${name}`, `${doc}/examples/${name}`)

  copy('src/packaging/debian/master.yaml', 'etc/lithos/master.yaml')
  for (const name of ['sandboxes', 'processes'])
    mkdirSync(at('etc/lithos', name), { recursive: true })
}

const filesIn = (directory, path = '') =>
  readdirSync(join(directory, path)).flatMap(name => {
    const inner = join(path, name)
    return lstatSync(join(directory, inner)).isDirectory() ? filesIn(directory, inner) : [inner]
  })

const control = stage => {
  const files = filesIn(stage).sort()
  const plain = files.filter(path => lstatSync(join(stage, path)).isFile())
  const kibibytes = plain.reduce((sum, path) => sum + lstatSync(join(stage, path)).size, 0) / 1024
  const sums = plain
    .filter(path => !path.startsWith('etc/'))
    .map(path => {
      const sum = createHash('md5')
        .update(readFileSync(join(stage, path)))
        .digest('hex')
      return `${sum}  ${path}\n`
    })
  const write = (name, text, mode = 0o644) => {
    writeFileSync(join(stage, 'DEBIAN', name), text)
    chmodSync(join(stage, 'DEBIAN', name), mode)
  }
  mkdirSync(join(stage, 'DEBIAN'))
  write(
    'control',
    `Package: lithos
Version: ${version}
Architecture: ${architecture}
Maintainer: lithos <lithos@localhost>
Installed-Size: ${Math.ceil(kibibytes)}
Depends: nodejs (>= 20.15), libc6
Section: admin
Priority: optional
Description: ${description}
 It reads four YAML files, starts every configured process in a container of
 its own, restarts what dies, and is replaced without any of them noticing.
`,
  )
  write('conffiles', '/etc/lithos/master.yaml\n')
  write('md5sums', sums.join(''))
  for (const name of ['postinst', 'prerm', 'postrm'])
    write(name, readFileSync(join(root, 'src/packaging/debian', name)), 0o755)
}

const make = () => {
  const stage = mkdtempSync(join(tmpdir(), 'lithos-deb-'))
  try {
    chmodSync(stage, 0o755)
    furnish(stage)
    // Whoever builds may have any umask.
    execFileSync('chmod', ['-R', 'u=rwX,go=rX', stage])
    control(stage)
    mkdirSync(out, { recursive: true })
    const file = join(out, `lithos_${version}_${architecture}.deb`)
    const env = { SOURCE_DATE_EPOCH: '0', ...process.env }
    execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', '--build', stage, file], {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    return file
  } finally {
    rmSync(stage, { recursive: true, force: true })
  }
}

if (!process.argv.includes('--no-build') || !existsSync(join(root, 'dist/complete'))) await build()
process.stdout.write(`${make()}\n`)
