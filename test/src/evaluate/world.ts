/**
 * A configuration on disk, for tests: a master file, sandboxes, processes and images below a
 * directory of their own. What is not said is as in `good`, with which nothing is wrong.
 */
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export interface World {
  readonly top: string
  readonly master: string
  /** Content; a directory where the name ends with a slash; a link where it begins with `→`. */
  readonly write: (files: Readonly<Record<string, string>>) => void
  /** With `$` in place of the directory. */
  readonly shown: (text: string) => string
  readonly remove: () => void
}

/** The least that the kernel of this machine would execute: a header, without any segment. */
export const program = ((): string => {
  const header = Buffer.alloc(64)
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  header.writeUInt16LE(process.arch === 'arm64' ? 183 : 62, 18)
  return header.toString('latin1')
})()

export const good: Readonly<Record<string, string>> = {
  'etc/master.yaml': `
runtime-dir: $/run
devfs-dir: /dev
default-log-dir: $/log
config-log-dir: $/log/config
stdio-log-dir: $/log/stderr
`,
  'etc/sandboxes/site.yaml': `
image-dir: $/images
default-user: 100
allow-users: [100-200]
allow-groups: [0-10]
allow-tcp-ports: [8000-9000]
readonly-paths: {/data: $/data}
writable-paths: {/db: $/db}
`,
  'etc/processes/site.yaml': `
web:
  image: web.1
  config: /config/web.yaml
  instances: 2
  variables: {port: 8080}
`,
  'images/web.1/config/web.yaml': `
executable: /bin/web
arguments: ["--port=@{port}"]
variables:
  port: !TcpPort
`,
  'images/web.1/bin/web': program,
  'images/web.1/dev/': '',
  'images/web.1/proc/': '',
  'images/web.1/sys/': '',
  'images/web.1/tmp/': '',
  'images/web.1/etc/hosts': '',
  'data/': '',
  'db/': '',
}

export const makeWorld = (files: Readonly<Record<string, string>> = {}): World => {
  const top = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'lithos-world-'))
  const write = (more: Readonly<Record<string, string>>): void => {
    for (const [name, text] of Object.entries(more)) {
      const path = join(top, name)
      fs.mkdirSync(name.endsWith('/') ? path : dirname(path), { recursive: true })
      if (name.endsWith('/')) continue
      fs.rmSync(path, { force: true })
      if (text.startsWith('→')) fs.symlinkSync(text.slice(1).replaceAll('$', top), path)
      else fs.writeFileSync(path, text.replaceAll('$', top), text === program ? 'latin1' : 'utf8')
      if (name.includes('/bin/') && !text.startsWith('→')) fs.chmodSync(path, 0o755)
    }
  }
  write({ ...good, ...files })
  return {
    top,
    master: join(top, 'etc/master.yaml'),
    write,
    shown: text => text.replaceAll(top, '$'),
    remove: () => fs.rmSync(top, { recursive: true, force: true }),
  }
}
