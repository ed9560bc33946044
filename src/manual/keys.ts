/**
 * What the keys of the configuration mean, a sentence or two each. Which keys there are, what they
 * take and what they are by default comes from the decoders themselves; a key without a sentence
 * is told with that alone.
 */
export type Sentences = Readonly<Record<string, string>>

export const masterKeys: Sentences = {
  'sandboxes-dir': 'Sandboxes, one file NAME.yaml each. Relative to the directory of this file.',
  'processes-dir': 'What runs in them, one file each. Relative to the directory of this file.',
  'runtime-dir':
    'State of the running supervisor: pid file, control socket, hot journal, metrics. ' +
    'Should be a tmpfs. Cannot change while it runs.',
  'state-dir': 'State directories of containers. Relative to runtime-dir.',
  'mount-dir':
    'Where every knot mounts the root of its container, each in a name space of its own. ' +
    'Relative to runtime-dir.',
  'devfs-dir': 'What containers see as /dev; lithos_mkdev makes it.',
  'default-log-dir': 'Logs of the supervisor and of sandboxes.',
  'config-log-dir': 'Every configuration that was used, for lithos_clean; null for none.',
  'stdio-log-dir': 'What applications print, SANDBOX.log each.',
  'log-file': 'The log of the supervisor. Relative to default-log-dir.',
  'log-level': 'error, warn, info, debug or trace.',
  'syslog-facility': 'daemon, local0 and so on: log to journald or syslog instead of the file.',
  'syslog-app-name': 'The name of the supervisor in that log; knots are NAME-SANDBOX.',
  'cgroup-name':
    'The control group of everything, below that of pid 1; null for no control groups and ' +
    'no limits. Cannot change while it runs.',
  'cgroup-controllers':
    'Controllers that are used. An empty list stands for name, cpu, cpuacct, memory and ' +
    'blkio, and pids where a limit needs it.',
  'journal-dir': 'The archive of the journal, relative to default-log-dir; null for none.',
  'journal-sync':
    'When the archive is synced: each group of turns at once, every second, or by the ' + 'kernel.',
  'journal-segment-size': 'A file of the archive is not longer than that by much.',
  'journal-max-size': 'The oldest files of the archive go when all are larger than this.',
  'journal-max-days': 'The oldest files of the archive go after so many days.',
  'log-rotate-size': 'Logs that reach it are rotated; null: never for their size.',
  'log-rotate-days': 'Logs are rotated after so many days; null: never for their age.',
  'log-rotate-count': 'Old ones that are kept of each log.',
  'log-rotate-compress': 'Old ones are compressed.',
  'metrics-listen':
    'Serve metrics over HTTP at this loopback address, besides metrics.sock in ' + 'runtime-dir.',
  'metrics-file': 'Write metrics to this file, for the textfile collector of node_exporter.',
  'metrics-interval': 'Seconds between two writes of metrics-file.',
  'start-rate': 'So many starts a second at most, over all sandboxes.',
}

export const sandboxKeys: Sentences = {
  'config-file': 'The processes of this sandbox; NAME.yaml if not said. Relative to processes-dir.',
  'image-dir': 'The directory of images; the image of a process is a path in it.',
  'image-dir-levels': 'How many parts the name of an image has.',
  'used-images-list': 'A file that lithos_clean reads for images that are used by somebody else.',
  'log-file': 'The log of the knots; NAME.log if not said. Relative to default-log-dir.',
  'log-level': 'Of the knots; that of the supervisor if not said.',
  'output-per-process': 'Each instance prints to a file of its own.',
  'readonly-paths':
    'Virtual paths that volumes !Readonly may name, and directories of the host that they ' +
    'stand for.',
  'writable-paths': 'The same for volumes !Persistent.',
  'allow-users': 'Users that processes may run as.',
  'default-user': 'The user of a container that names none.',
  'allow-groups': 'Groups that processes may run as.',
  'default-group': 'The group of a container that names none.',
  'allow-tcp-ports': 'Ports that processes may have opened.',
  'additional-hosts': 'Names and addresses for /etc/hosts of containers.',
  'uid-map': 'User name space: inside, outside and count each. Either here or in containers.',
  'gid-map': 'The same for groups.',
  'auto-clean': 'Whether lithos_clean may delete images of this sandbox.',
  'resolv-conf': 'What containers get as /etc/resolv.conf where they copy it from the host.',
  'hosts-file': 'The same for /etc/hosts.',
  'bridged-network':
    'A network of its own for each instance: bridge, network, default-gateway, ' +
    'after-setup-command, after-setup-timeout.',
  'secrets-private-key':
    'The file of the ed25519 key by which secrets are decrypted. Read at each start; ' +
    "root's, mode 0600.",
  'secrets-namespaces':
    'Only secrets of these namespaces are used; an empty list stands for the empty ' + 'namespace.',
  seccomp: 'off: no filter of system calls.',
  'no-new-privileges': 'false: setuid programs of the image work.',
  capabilities:
    'What every application has. If not said: none; in a user name space those that count ' +
    'for nothing outside.',
  'writable-proc-sys': 'true: root in a container may write to /proc/sys.',
  'masked-paths': 'Hidden in place of the usual list.',
  'executable-volumes': 'false: nothing in a volume can be executed.',
  'memory-limit': 'A container gets the lesser of this and its own.',
  'memory-high': 'As memory-limit: above it, the kernel slows the application.',
  'pids-limit': 'As memory-limit: processes and threads.',
  'cpu-quota': 'As memory-limit: of one processor, 150% is one and a half.',
  'io-weight': 'As memory-limit: where disks are busy.',
  'fileno-limit': 'As memory-limit: open files.',
  'cpu-shares': 'As memory-limit: where processors are busy.',
}

export const processKeys: Sentences = {
  instances: 'How many run.',
  image: 'Its image: a path in image-dir of the sandbox.',
  config: 'The container configuration, a path in the image.',
  variables: 'Values of the variables that the container configuration declares.',
  'extra-secrets-namespaces': 'Besides secrets-namespaces of the sandbox.',
  'ip-addresses': 'One for each instance, in a sandbox with a bridged-network.',
  kind: 'Daemon: it is kept running. Command: lithos_cmd starts it.',
}

export const containerKeys: Sentences = {
  kind: 'What it may be used for.',
  variables:
    'Variables that processes give values to: !TcpPort, !Name, !DottedName or !Choice [a, ' +
    'b]. @{NAME} in arguments, environ and tcp-ports is replaced.',
  volumes:
    'By mount point: !Readonly /virtual/path, !Persistent {path, mkdir, mode, user, ' +
    'group}, !Tmpfs {size, mode}, !Statedir {path, mode, user, group}.',
  'user-id': 'Who runs it; must be in allow-users of the sandbox, which also has the default.',
  'group-id': 'The same for its group.',
  'memory-limit': 'Bytes, swap included. The sandbox may lower it.',
  'memory-high': 'Above it, the kernel slows the application and takes memory back.',
  'pids-limit': 'Processes and threads.',
  'cpu-quota': 'Of one processor, 150% is one and a half.',
  'io-weight': 'A proportion where disks are busy.',
  'fileno-limit': 'Open files, soft and hard.',
  'cpu-shares': 'A proportion where processors are busy.',
  'restart-timeout': 'Seconds from one start to the next at least.',
  'kill-timeout': 'Seconds from SIGTERM to SIGKILL.',
  executable: 'The program, as the container sees it.',
  arguments: 'Its words, without the name of the program.',
  environ: 'Its environment, besides TERM, LITHOS_NAME and LITHOS_CONFIG.',
  'secret-environ':
    'Variables with encrypted values, or with a list of which the first that can be ' +
    'decrypted is taken.',
  'secret-environ-file': 'A file with the same, in the image or a volume.',
  'secret-files': 'The same as files in /run/secrets, and not as variables.',
  workdir: 'Where it starts.',
  'resolv-conf': 'Whether /etc/resolv.conf is mounted, and copied from the host.',
  'hosts-file': 'Whether /etc/hosts is mounted, and what is in it.',
  'uid-map': 'User name space: inside, outside and count each.',
  'gid-map': 'The same for groups.',
  'stdout-stderr-file': 'What it prints goes to this file, as the container sees it.',
  interactive: 'Standard input, output and error are those of the supervisor.',
  'restart-process-only': 'A death starts the program anew in the same container.',
  'normal-exit-codes': 'Codes that are no failure.',
  'tcp-ports':
    'By port: a listening socket that is given to it. fd is required; host, reuse-addr, ' +
    'reuse-port, set-non-block, listen-backlog and external may be said.',
  ready: 'When a start has succeeded; until then lithos_switch waits.',
  healthy: 'What is asked while it runs, and how often it may not answer before it is restarted.',
  backoff: 'How the time between restarts grows.',
  intensity: 'After so many restarts in a period it is tried again only after a while.',
  stop: 'How it is stopped: signals, with seconds between them.',
  'pre-stop': 'What is run in the container before it is stopped.',
}
