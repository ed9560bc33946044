/**
 * The first configuration of a host, with comments for who reads it: a daemon that prints the time,
 * and a shell as a command. It is what `lithos init` writes, and nothing else reads it.
 */
import { basename, join } from 'node:path'

export interface Where {
  /** Holds master.yaml, sandboxes/ and processes/. */
  readonly config: string
  /** Null: everything where hosts usually have it. */
  readonly runtime: string | null
  readonly logs: string | null
  readonly devices: string
  readonly images: string
  /** Null: `lithos.slice`, which two supervisors of one host cannot share. */
  readonly group: string | null
}

/** Beneath one directory, or, for /etc/lithos, where the defaults are. */
export const whereIn = (directory: string): Where =>
  directory === systemDirectory
    ? {
        config: directory,
        runtime: null,
        logs: null,
        devices: '/var/lib/lithos/dev',
        images: '/var/lib/lithos/images',
        group: null,
      }
    : {
        config: directory,
        runtime: join(directory, 'run'),
        logs: join(directory, 'log'),
        devices: join(directory, 'dev'),
        images: join(directory, 'images'),
        group: `lithos-${basename(directory).replaceAll(/[^A-Za-z0-9]/g, '-')}.slice`,
      }

export const systemDirectory = '/etc/lithos'
export const image = 'hello'

/** What there is of control groups: null for all that is usual; or a list; or none at all. */
export type Controllers = readonly string[] | null

export const masterText = (where: Where, controllers: Controllers): string =>
  `# The supervisor, one for a host. Everything that is not said here has a default.

# Where it keeps what is of this boot: its journal, its socket, the state of containers.
${lineOf('runtime-dir', where.runtime, '/run/lithos')}
# What containers see as /dev; made by lithos_mkdev.
devfs-dir: ${where.devices}

# Its log, those of its sandboxes, and what was configured when.
${lineOf('default-log-dir', where.logs, '/var/log/lithos')}
${lineOf('config-log-dir', under(where.logs, 'config'), '/var/log/lithos/config')}
# What applications print.
${lineOf('stdio-log-dir', under(where.logs, 'stderr'), '/var/log/lithos/stderr')}
${controlLines(where, controllers)}`

const under = (directory: string | null, name: string): string | null =>
  directory === null ? null : join(directory, name)

const lineOf = (key: string, value: string | null, standard: string): string =>
  value === null ? `# ${key}: ${standard}` : `${key}: ${value}`

const controlLines = ({ group }: Where, controllers: Controllers): string => {
  if (controllers?.length === 0)
    return '\n# This host has no control groups that can be used: no limits.\ncgroup-name: null\n'
  return [
    ...(group === null ? [] : ['', '# Of this supervisor only.', `cgroup-name: ${group}`]),
    ...(controllers === null
      ? []
      : ['', '# What this host has of them.', `cgroup-controllers: [${controllers.join(', ')}]`]),
    '',
  ].join('\n')
}

export const sandboxText = (where: Where, isForRoot: boolean): string =>
  `# What the administrator allows to all processes of this sandbox. Its processes are listed in
# ../processes/hello.yaml; of what one of them is made stands in its image.

# One directory in it for each image.
image-dir: ${where.images}

${isForRoot ? usersForRoot : usersForOne}

# Ports of this host that they may listen on.
# allow-tcp-ports: [8000-8099]

# Directories of this host that they may see, by names that containers use for them.
# readonly-paths: {/static: /srv/static}
# writable-paths: {/data: /srv/data}

# Bounds for each container, whatever its image asks for.
fileno-limit: 1024
`

const usersForRoot = `# Who applications may be, as numbers: better no users of this host.
allow-users: [10000-10099]
default-user: 10000
allow-groups: [10000-10099]
default-group: 10000`

const usersForOne = `# Who applications may be, as numbers. Without root, 0 is the user who
# starts lithos_tree; 1 and above are the further ones that /etc/subuid and /etc/subgid give him.
allow-users: [0]
default-user: 0
allow-groups: [0]
default-group: 0`

export const processesText = `# What of this sandbox shall run. To change it, change a copy:
#
#     lithos_switch hello COPY
#
# checks that, puts it here, and restarts what has changed.

clock:
  kind: Daemon            # runs always
  image: ${image}
  config: /config/clock.yaml
  instances: 1            # hello/clock.0; 2 make hello/clock.1 as well
  variables: {greeting: hello}

shell:
  kind: Command           # runs when somebody says so: lithos_cmd hello shell
  image: ${image}
  config: /config/shell.yaml
`

/** In the image: whoever makes images writes these. */
export const containerTexts: Readonly<Record<string, string>> = {
  'config/clock.yaml': `# How this image is started as the daemon \`clock\`.
kind: Daemon
executable: /bin/sh
arguments:
- -c
- 'while :; do echo "@{greeting} from $LITHOS_NAME"; sleep 5; done'
environ: {PATH: /bin}

# Values come from the process configuration.
variables: {greeting: !Choice [hello, goodbye]}

memory-limit: 32Mi
restart-timeout: 1        # not sooner than a second after its last start
volumes:
  /tmp: !Tmpfs {size: 1Mi}
`,
  'config/shell.yaml': `# How this image is started as the command \`shell\`.
kind: Command
executable: /bin/sh
interactive: true         # what it prints comes to who has called it
environ: {PATH: /bin}
memory-limit: 64Mi
volumes:
  /tmp: !Tmpfs {size: 10Mi}
`,
}

/** Mount points, which an image has to have. */
export const imageDirectories: readonly string[] = ['dev', 'proc', 'sys', 'tmp', 'etc']

/** Programs of this host that are copied into the image, with the libraries that they need. */
export const programs: readonly string[] = ['sh', 'sleep', 'cat', 'ls', 'id']
