/** Mistakes that somebody could make in the C code, and the tests that have to fail by each. */
export interface Mistake {
  readonly file: string
  readonly was: string
  readonly is: string
  /** Files of tests; one of them has to fail. */
  readonly tests: readonly string[]
}

const of =
  (file: string, ...tests: readonly string[]) =>
  (was: string, is: string): Mistake => ({ file: `native/${file}`, was, is, tests })

const users = of('users.c', 'test/kernel/users.test.ts')
const network = of('network.c', 'test/kernel/network.test.ts', 'test/kernel/bridged.test.ts')
const confine = of('confine.c', 'test/kernel/hostile.test.ts', 'test/kernel/hostileCalls.test.ts')
const masks = of('masks.c', 'test/kernel/hostile.test.ts')
const landlock = of('landlock.c', 'test/kernel/landlock.test.ts', 'test/kernel/given.test.ts')
const mounts = of(
  'mounts.c',
  ...['links', 'start', 'given', 'kinds', 'hostile'].map(name => `test/kernel/${name}.test.ts`),
)
const files = of('files.c', 'test/kernel/links.test.ts', 'test/kernel/start.test.ts')
const secrets = of('secrets.c', 'test/kernel/secrets.test.ts')
const knot = of('knot.c', 'test/kernel/inside.test.ts', 'test/kernel/hostile.test.ts')
const bare = of('launch.c', 'test/kernel/inside.test.ts', 'test/kernel/kinds.test.ts')
const sockets = of('sockets.c', 'test/kernel/ports.test.ts')
const deliver = of('deliver.c', 'test/actors/knots.test.ts', 'test/native/spawn.test.ts')
const launch = of('launch.c', 'test/kernel/kinds.test.ts', 'test/kernel/given.test.ts')
const capabilities = of('capabilities.c', 'test/kernel/kinds.test.ts')

export const mistakes: readonly Mistake[] = [
  users('ranges + 3 * users, groups', 'ranges, groups'),
  users('"gid_map"', '"uid_map"'),
  users('where.f_type != PROC_SUPER_MAGIC', 'false'),
  users("!put_id(&map, ranges[1], ' ')", "!put_id(&map, ranges[0], ' ')"),
  users('\t\tsys_kill((int) pid, SIGKILL);\n\t\tcall4(__NR_wait4', '\t\tcall4(__NR_wait4'),
  network('return bring_up(container->inside, LOOPBACK);', 'return 0;'),
  network('(unsigned char) step->number[1],\n\t\t.ifa_index', '24,\n\t\t.ifa_index'),
  network('number >> 8 * (5 - i)', 'number >> 8 * i'),
  network('if (error == -EEXIST && !container->is_command) {', 'if (false) {'),
  network('bits[shift >= 64 ? 0 : 1]', 'bits[1]'),
  network('bytes[3] = (unsigned char) port;', 'bytes[3] = 0;'),
  confine('call1(__NR_personality, 0);', ''),
  confine('call3(__NR_ioprio_set, IOPRIO_WHO_PROCESS, 0, 0);', ''),
  confine('limit.rlim_cur = 0;\n', ''),
  confine('sys_write((int) fd, "0", 1)', 'sys_write((int) fd, "1", 1)'),
  confine('KEYCTL_JOIN_SESSION_KEYRING, 0)', 'KEYCTL_GET_KEYRING_ID, 0)'),
  masks('where.f_type != PROC_SUPER_MAGIC && where.f_type != SYSFS_MAGIC', 'false'),
  masks('restrict_tree(tree, MOUNT_ATTR_RDONLY)', '0'),
  masks('MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC', 'MS_NOSUID | MS_NODEV | MS_NOEXEC'),
  masks('if (place == -ENOENT)\n\t\t\tcontinue;', 'if (false)\n\t\t\tcontinue;'),
  landlock('allow(container, "/", TO_LOOK)', 'allow(container, "/", attributes.files)'),
  landlock('version >= 6 ? SCOPE_ABSTRACT_SOCKETS : 0', '0'),
  landlock('fd <= 2', 'fd < 1'),
  landlock('if (error == -EINVAL)\n', 'if (false)\n'),
  landlock('(flags & O_ACCMODE) != O_WRONLY', 'true'),
  landlock('(flags & O_ACCMODE) != O_RDONLY', 'true'),
  mounts('restrict_tree(tree, OF_FILES)', '0'),
  mounts('return RESOLVE_NO_SYMLINKS;', 'return 0;'),
  mounts('MS_REC | MS_PRIVATE, 0', 'MS_REC | MS_SHARED, 0'),
  mounts(
    'AT_EMPTY_PATH | AT_RECURSIVE,\n\t\t     ADDRESS(&attr',
    'AT_EMPTY_PATH,\n\t\t     ADDRESS(&attr',
  ),
  mounts('place < 0 || !is_kind(place, FILE_REGULAR)', 'place < 0'),
  mounts('restrict_tree(tree, step->number[0]);\n\tif (error == 0)', '0;\n\tif (error == 0)'),
  mounts('call2(__NR_umount2, ADDRESS("."), MNT_DETACH)', '0'),
  files('RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS', 'RESOLVE_NO_MAGICLINKS'),
  files('flags | O_NOFOLLOW | O_NONBLOCK', 'flags | O_NONBLOCK'),
  files('where.f_type == PROC_SUPER_MAGIC || where.f_type == SYSFS_MAGIC', 'false'),
  files('fd < 0 || is_kind(fd, FILE_REGULAR)', 'true'),
  secrets('MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC', 'MOUNT_ATTR_NODEV'),
  secrets('restrict_tree(mount, MOUNT_ATTR_RDONLY)', '0'),
  secrets('call3(__NR_fchown, fd, step->number[0], step->number[1])', '0'),
  knot('call1(__NR_umask, 0022);', ''),
  knot('forget_ancestors();', ''),
  bare('long error = close_others(start);', 'long error = 0;'),
  bare("where[0] == '/' ? 0 : -EACCES", '0'),
  bare(': call0(__NR_setsid)', ': 0'),
  sockets('IPV6_V6ONLY, 0)', 'IPV6_V6ONLY, 1)'),
  sockets('call(SYS_setfsuid, old_uid, 0, 0, 0, 0);', ''),
  sockets('old | O_NONBLOCK', 'old'),
  deliver('field == 22', 'field == 21'),
  deliver('\t\tcall(SYS_unlinkat, AT_FDCWD, (long)path, 0, 0, 0);', ''),
  launch(
    'start->instead != NULL && is_passed(start->at.op)',
    'start->instead != NULL && (is_passed(start->at.op) || start->at.op == OP_SECCOMP)',
  ),
  launch('if (is_null(own))\n', 'if (false)\n'),
  capabilities('drop_from_bounding_set(mask)', '0'),
  capabilities('if (error == 0 && mask == 0)', 'if (false)'),
  capabilities('set_capabilities(mask, mask, mask)', 'set_capabilities(mask, mask, 0)'),
]
