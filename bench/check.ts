/**
 * How long `lithos_check` takes for a host of fifty sandboxes, each of one process with an image
 * of its own, ports and volumes: from the start of the command to its end, Node included.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { copyProgram, whereIs } from '../src/init/programs.ts'
import {
  addSandbox,
  makeImage,
  makeWorld,
  program,
  removeWorld,
  writeIn,
} from '../src/demo/world.ts'
import type { World } from '../src/demo/world.ts'
import { table } from './figures.ts'

const runs = 20
const processesEach = 1

export const run = async (): Promise<void> => {
  const world = makeWorld('check')
  try {
    const rows = [1, 10, 50].map(
      sandboxes => [`${sandboxes} sandboxes`, timesOf(grow(world, sandboxes))] as const,
    )
    process.stdout.write(table('lithos_check, ms', ['to its end'], rows))
  } finally {
    await removeWorld(world)
  }
}

let made = 0

const grow = (world: World, sandboxes: number): World => {
  for (; made < sandboxes; made++) addOne(world, made)
  return world
}

const addOne = (world: World, number: number): void => {
  const names = Array.from({ length: processesEach }, (_, index) => `p${index}`)
  for (const name of names) {
    const image = makeImage(world, `img${number}-${name}`)
    copyProgram(image, whereIs('sleep'), '/bin/sleep')
    writeIn(image, 'data/README', '')
    writeIn(image, 'config/app.yaml', container(name))
  }
  addSandbox(world, `sandbox${number}`, {
    sandbox:
      'allow-users: [1000-2000]\nallow-groups: [0-10]\ndefault-user: 1000\n' +
      `allow-tcp-ports: [1-65535]\nreadonly-paths: {/data: ${join(world.root, 'etc')}}\n` +
      `uid-map: [{inside: 1000, outside: ${100_000 * number}, count: 1000}]\n` +
      `gid-map: [{inside: 0, outside: ${100_000 * number}, count: 1000}]\n`,
    processes: names
      .map(
        (name, index) =>
          `${name}:\n  image: img${number}-${name}\n  config: /config/app.yaml\n  instances: 3\n` +
          `  variables: {port: ${1000 + number * processesEach + index}}\n`,
      )
      .join(''),
  })
}

const container = (name: string): string => `kind: Daemon
executable: /bin/sleep
arguments: ["--port=@{port}", --name=${name}, "1000"]
variables: {port: !TcpPort}
tcp-ports: {"@{port}": {fd: 3}}
environ: {LANG: C.UTF-8, HOME: /tmp, PATH: "/bin:/usr/bin"}
memory-limit: 64Mi
fileno-limit: 1k
restart-timeout: 1
volumes:
  /data: !Readonly /data
  /tmp: !Tmpfs {size: 10Mi}
`

const timesOf = ({ master }: World): readonly number[] =>
  Array.from({ length: runs }, () => {
    const began = process.hrtime.bigint()
    const { status, stderr } = spawnSync(program('lithos_check'), ['--config', master], {
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(stderr)
    return Number(process.hrtime.bigint() - began) / 1e6
  })
