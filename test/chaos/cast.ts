/**
 * Who takes part: which processes the sandboxes of the chaos have, how each of them ends, and the
 * files that say so.
 */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { addSandbox, imageDir, makeImage, makeWorld, writeIn } from '../../src/demo/world.ts'
import type { World } from '../../src/demo/world.ts'
import { freePort } from '../kernel/serving.ts'

/** How a process of this kind ends: by nobody but us, by itself with this wait status, never. */
type Fate = 'ours' | 'changing' | { readonly status: number } | 'refused'

interface Role {
  readonly sandbox: string
  readonly process: string
  readonly instances: number
  readonly fate: Fate
  readonly words: string
  readonly port?: number
  readonly more?: string
}

export interface Cast {
  readonly world: World
  readonly ports: readonly number[]
  /** Every instance that is to run, by name. `changing` is not among them. */
  readonly fates: ReadonlyMap<string, Fate>
  /** Writes what sandbox `mod` is to be: so many instances, in this variant. */
  readonly change: (instances: number, variant: number) => void
  /** Where the files of sandbox `mod` lie, to be damaged. */
  readonly changing: { readonly sandbox: string; readonly processes: string }
}

const rolesFor = (containers: number, ports: readonly number[]): readonly Role[] => {
  const servers = Math.max(1, Math.floor(containers / 10))
  const mortals = Math.max(1, Math.floor(containers / 25))
  const mortal = (name: string, ms: number, end: string, status: number): Role => ({
    sandbox: 'app',
    process: name,
    instances: mortals,
    fate: { status },
    words: `mortal, "${ms}", "${end}"`,
  })
  const roles: readonly Role[] = [
    ...ports.map((port, i): Role => ({
      sandbox: 'web',
      process: `server-${i}`,
      instances: servers,
      fate: 'ours',
      words: 'serve, "3"',
      port,
    })),
    mortal('exits', 700, '3', 3 << 8),
    mortal('crashes', 1_300, 's11', 11),
    mortal('aborts', 1_900, 's6', 6),
    { sandbox: 'app', process: 'deaf', instances: 1, fate: 'ours', words: 'deaf' },
    { sandbox: 'app', process: 'refused', instances: 1, fate: 'refused', words: 'sleep' },
  ]
  const taken = roles.reduce((sum, { instances }) => sum + instances, 0)
  const rest = Math.max(1, containers - taken - 2)
  return [
    ...roles,
    { sandbox: 'app', process: 'steady', instances: rest, fate: 'ours', words: 'sleep' },
  ]
}

const containerOf = ({ fate, words, port, more = '' }: Role): string =>
  `executable: ${fate === 'refused' ? '/nothing' : '/guest'}
arguments: [${words}]
user-id: 1000
group-id: 1000
restart-timeout: ${fate === 'ours' ? 0 : 1}
kill-timeout: 1
${port === undefined ? '' : `tcp-ports: { ${port}: { fd: 3, host: 127.0.0.1 } }\n`}${more}`

const compile = (output: string): void => {
  const source = fileURLToPath(new URL('guest.c', import.meta.url))
  execFileSync(process.env['CC'] ?? 'cc', ['-std=c17', '-O1', '-static', '-o', output, source])
}

export const makeCast = async (containers: number): Promise<Cast> => {
  const ports = [await freePort(), await freePort(), await freePort()]
  const world = makeWorld('chaos')
  const image = makeImage(world, 'img')
  compile(join(image, 'guest'))
  const roles = rolesFor(containers, ports)
  for (const sandbox of ['web', 'app']) addRoles(world, sandbox, roles)
  const file = (kind: string): string => join(world.root, 'etc', kind, 'mod.yaml')
  const changing = { sandbox: file('sandboxes'), processes: file('processes') }
  const change = (instances: number, variant: number): void => {
    const role: Role = {
      sandbox: 'mod',
      process: `v${variant}`,
      instances,
      fate: 'changing',
      words: 'sleep',
    }
    addRoles(world, 'mod', [role])
  }
  change(2, 0)
  const fates = new Map(
    roles.flatMap(({ sandbox, process, instances, fate }) =>
      Array.from({ length: instances }, (_, i) => [`${sandbox}/${process}.${i}`, fate] as const),
    ),
  )
  return { world, ports, fates, change, changing }
}

const addRoles = (world: World, sandbox: string, roles: readonly Role[]): void => {
  const mine = roles.filter(role => role.sandbox === sandbox)
  for (const role of mine)
    writeIn(imageDir(world, 'img'), `config/${role.process}.yaml`, containerOf(role))
  const ports = mine.flatMap(({ port }) => port ?? [])
  addSandbox(world, sandbox, {
    sandbox: `allow-users: [1000]\nallow-groups: [1000]\nallow-tcp-ports: [${ports.join(', ')}]\n`,
    processes: mine
      .map(
        ({ process, instances }) =>
          `${process}: { image: img, config: /config/${process}.yaml, instances: ${instances} }\n`,
      )
      .join(''),
  })
}

export const damageFile = (path: string, text: string | Buffer): void => writeFileSync(path, text)
