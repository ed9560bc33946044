/** What `/dev` of a container consists of; `lithos_mkdev` makes it, `lithos_check` looks for it. */
export const devices = [
  { name: 'null', major: 1, minor: 3, mode: 0o666 },
  { name: 'zero', major: 1, minor: 5, mode: 0o666 },
  { name: 'random', major: 1, minor: 8, mode: 0o666 },
  { name: 'urandom', major: 1, minor: 9, mode: 0o666 },
  { name: 'tty', major: 5, minor: 0, mode: 0o666 },
  { name: 'full', major: 1, minor: 7, mode: 0o666 },
] as const

/** Empty: `pts` is a mount point. */
export const directories = ['pts', 'shm'] as const

export const links = [
  { name: 'ptmx', target: 'pts/ptmx' },
  { name: 'fd', target: '/proc/self/fd' },
  { name: 'stdin', target: '/proc/self/fd/0' },
  { name: 'stdout', target: '/proc/self/fd/1' },
  { name: 'stderr', target: '/proc/self/fd/2' },
] as const
