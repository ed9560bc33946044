/**
 * The same container as an OCI bundle, for runc and crun.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { imageDir } from '../src/demo/world.ts'
import type { World } from '../src/demo/world.ts'

export const bundleOf = (world: World, user: number): string => {
  const dir = join(world.root, 'bundle')
  mkdirSync(dir, { recursive: true })
  const mount = (type: string, destination: string, options: readonly string[]) => ({
    destination,
    type,
    source: type,
    options,
  })
  const config = {
    ociVersion: '1.0.2',
    process: {
      terminal: false,
      user: { uid: user, gid: user },
      args: ['/guest'],
      env: [],
      cwd: '/',
      capabilities: { bounding: [], effective: [], permitted: [] },
      noNewPrivileges: true,
    },
    root: { path: imageDir(world, 'bench'), readonly: true },
    hostname: 'bench',
    mounts: [
      mount('proc', '/proc', []),
      mount('tmpfs', '/dev', ['nosuid', 'mode=755']),
      mount('devpts', '/dev/pts', ['nosuid', 'noexec', 'newinstance']),
      mount('sysfs', '/sys', ['nosuid', 'noexec', 'nodev', 'ro']),
      mount('tmpfs', '/tmp', ['nosuid', 'nodev']),
    ],
    linux: {
      resources: { memory: { limit: 67108864 }, cpu: { shares: 1024 } },
      cgroupsPath: `/${world.cgroup}/bundle`,
      namespaces: ['pid', 'ipc', 'uts', 'mount'].map(type => ({ type })),
    },
  }
  writeFileSync(join(dir, 'config.json'), JSON.stringify(config))
  return dir
}
