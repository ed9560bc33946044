/**
 * What the demo shows: three sandboxes in a world of their own.
 *
 *     web       a small HTTP service in three instances, each with a port of its own
 *     clock     a shell that says every second what time it is
 *     mayfly    a shell that ends by itself every two seconds, and not well
 */
import { createServer } from 'node:net'
import { copyProgram, whereIs } from '../init/programs.ts'
import { addSandbox, isRoot, makeImage, makeWorld, writeIn } from './world.ts'
import type { World } from './world.ts'

export const instances = 3

/** The whole service. It is told its name by lithos, and takes its port from it. */
const server = `import { createServer } from 'node:http'

const { LITHOS_NAME: name, FIRST_PORT } = process.env
const port = Number(FIRST_PORT) + Number(name.split('.').at(-1))
const born = Date.now()

createServer((request, response) => {
  const age = ((Date.now() - born) / 1000).toFixed(1)
  response.end(\`I am \${name}, pid \${process.pid}, uid \${process.getuid()}, \${age} s old\\n\`)
}).listen(port, '127.0.0.1', () => console.log(\`\${name} listens on port \${port}\`))
`

/** Without root there may be nobody else than the user himself, who is 0 there. */
const user = isRoot ? 1000 : 0

const shellConfig = (script: string): string => `executable: /bin/sh
arguments: [-c, ${JSON.stringify(script)}]
environ: { PATH: /bin }
user-id: ${user}
memory-limit: 16Mi
restart-timeout: 1
`

const users = `allow-users: [${user}]\nallow-groups: [0, ${user}]\n`

export const makeStage = async (): Promise<{ readonly world: World; readonly port: number }> => {
  const world = makeWorld('demo')
  const port = await freePorts()

  const web = makeImage(world, 'web')
  copyProgram(web, process.execPath, '/bin/node')
  writeIn(web, 'app/server.mjs', server)
  writeIn(
    web,
    'config.yaml',
    `executable: /bin/node
arguments: [/app/server.mjs]
environ: { FIRST_PORT: "${port}" }
user-id: ${user}
group-id: ${user}
memory-limit: 256Mi
restart-timeout: 1
`,
  )
  addSandbox(world, 'web', {
    sandbox: users,
    processes: `hello: { image: web, config: /config.yaml, instances: ${instances} }\n`,
  })

  const shell = makeImage(world, 'shell')
  for (const name of ['sh', 'date', 'sleep']) copyProgram(shell, whereIs(name), `/bin/${name}`)
  writeIn(shell, 'clock.yaml', shellConfig('while date; do sleep 1; done'))
  writeIn(shell, 'mayfly.yaml', shellConfig('sleep 2; exit 7'))
  for (const name of ['clock', 'mayfly'])
    addSandbox(world, name, {
      sandbox: users,
      processes: `${name}: { image: shell, config: /${name}.yaml }\n`,
    })
  return { world, port }
}

/** The first of as many ports in a row, on which nobody listens. */
const freePorts = async (): Promise<number> => {
  for (let port = 8100; port < 60_000; port += 10) {
    const range = Array.from({ length: instances }, (_, index) => port + index)
    if ((await Promise.all(range.map(isFree))).every(Boolean)) return port
  }
  throw new Error(`no ${instances} free ports in a row on 127.0.0.1`)
}

const isFree = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
