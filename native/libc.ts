/**
 * Every C function we call, each once: libc's in the words of its man page, ours from library.h.
 * Nothing else lives here: no policy, no errors, no types of ours. The only importer of koffi.
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type koffiModule from 'koffi'
import type { KoffiFunc } from 'koffi'
import { libraryPath, packageDir } from './where.ts'

type Koffi = typeof koffiModule

/** The add-on itself, without koffi's search for it: that is a third of our start-up time. */
const loadDirectly = (): Koffi | null => {
  const addOn = { exports: {} as Koffi }
  const name = `koffi-linux-${process.arch}`
  const file = `linux_${process.arch}/koffi.node`
  try {
    process.dlopen(addOn, join(packageDir, 'node_modules', '@koromix', name, file))
    return addOn.exports
  } catch {
    // It lies elsewhere, or is another libc's: koffi's own loader knows all the places.
    return null
  }
}

const koffi = loadDirectly() ?? (createRequire(import.meta.url)('koffi') as Koffi)

const openLibrary = () => {
  try {
    return koffi.load(libraryPath)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`Cannot load ${libraryPath} (${reason}); run "npm run build" to compile it`)
  }
}

// Symbols of libc are found through our library, which depends on it: one search instead of two.
const library = openLibrary()

type Argument = number | bigint | string | Buffer | NodeJS.TypedArray | null

type Bound<A extends readonly Argument[]> = KoffiFunc<(...args: [...A]) => number>

/** Looked up and parsed at its first use: no start comes to call all of them. */
const bindTo = <A extends readonly Argument[]>(prototype: string): (() => Bound<A>) => {
  let bound: Bound<A> | null = null
  return () => (bound ??= library.func(prototype) as unknown as Bound<A>)
}

const bind = <A extends readonly Argument[]>(prototype: string) => {
  const bound = bindTo<A>(prototype)
  return (...args: [...A]): number => bound()(...args)
}

type Done = (error: unknown, result: number) => void

/** In another thread, because it may take long. */
const bindAside = <A extends readonly Argument[]>(prototype: string) => {
  const bound = bindTo<A>(prototype)
  return (...args: [...A, Done]): void => bound().async(...args)
}

// ---- libc: -1 is an error, and errno says which ------------------------------------------

export const read = bind<[fd: number, buffer: Buffer, count: number]>(
  'long read(int fd, void *buffer, size_t count)',
)
export const fcntl = bind<[fd: number, command: number, argument: number]>(
  'int fcntl(int fd, int command, long argument)',
)
export const flock = bind<[fd: number, operation: number]>('int flock(int fd, int operation)')
export const memfdCreate = bind<[name: string, flags: number]>(
  'int memfd_create(const char *name, unsigned int flags)',
)
export const epollCreate = bind<[flags: number]>('int epoll_create1(int flags)')
export const inotifyInit = bind<[flags: number]>('int inotify_init1(int flags)')
export const inotifyAddWatch = bind<[fd: number, path: string, mask: number]>(
  'int inotify_add_watch(int fd, const char *path, uint32_t mask)',
)
export const getsockopt = bind<
  [fd: number, level: number, name: number, value: Int32Array, length: Uint32Array]
>('int getsockopt(int fd, int level, int name, void *value, void *length)')
export const isatty = bind<[fd: number]>('int isatty(int fd)')
export const socket = bind<[family: number, type: number, protocol: number]>(
  'int socket(int family, int type, int protocol)',
)
export const connect = bind<[fd: number, address: Buffer, bytes: number]>(
  'int connect(int fd, const void *address, unsigned int bytes)',
)
/** glibc has it as a symbol since 2.33 only. */
export const mknod = bind<[path: string, mode: number, device: number]>(
  'int mknod(const char *path, unsigned int mode, unsigned long device)',
)
export const clockGettime = bind<[clock: number, time: BigInt64Array]>(
  'int clock_gettime(int clock, void *time)',
)

// Calls newer than the oldest glibc we support.
const syscall = bind<[number: number, a: number, b: number, c: number, d: number]>(
  'long syscall(long number, long a, long b, long c, long d)',
)
export const pidfdOpen = (pid: number, flags: number): number => syscall(434, pid, flags, 0, 0)
export const pidfdSendSignal = (pidfd: number, signal: number): number =>
  syscall(424, pidfd, signal, 0, 0)

export const pidfdGetfd = (pidfd: number, fd: number, flags: number): number =>
  syscall(438, pidfd, fd, flags, 0)

export const errno = (): number => koffi.errno()

// ---- our library: what is negative is an errno -------------------------------------------

export const lithosSpawn = bind<
  [
    words: Buffer,
    argc: number,
    envc: number,
    fds: Int32Array,
    count: number,
    namespaces: number,
    cgroup: number,
    out: Int32Array,
  ]
>(
  'int lithos_spawn(void *words, int argc, int envc, void *fds, int count,' +
    ' uint64_t namespaces, int cgroup, void *out)',
)
export const lithosDeliver = bind<
  [
    path: string,
    header: string,
    plan: Buffer,
    bytes: number,
    words: Buffer,
    length: number,
    argc: number,
    envc: number,
    extra: Int32Array,
    extras: number,
    namespaces: number,
    out: BigInt64Array,
  ]
>(
  'int lithos_deliver(const char *path, const char *header, void *plan, int bytes, void *words,' +
    ' int length, int argc, int envc, void *extra, int extras, uint64_t namespaces, void *out)',
)
export const lithosImage = bind<
  [words: Buffer, length: number, argc: number, envc: number, generation: number]
>('int lithos_image(void *words, int length, int argc, int envc, int generation)')
export const lithosKeep = bind<[fds: Int32Array, count: number]>(
  'int lithos_keep(void *fds, int count)',
)
export const lithosExec = bind<[]>('int lithos_exec()')
export const lithosHold = bind<[]>('int lithos_hold()')
export const lithosRelease = bind<[]>('int lithos_release()')
export const lithosCatch = bind<[healthyMs: number]>('int lithos_catch(int healthy_ms)')
export const lithosThrown = bind<[words: string]>('int lithos_thrown(const char *words)')
export const lithosWatch = bind<[cells: Uint32Array, patienceSeconds: number]>(
  'int lithos_watch(void *cells, int patience_s)',
)
export const lithosWake = bind<[cells: Uint32Array]>('int lithos_wake(void *cells)')
export const lithosReady = bind<[epoll: number, tags: Uint32Array, room: number]>(
  'int lithos_ready(int epoll, void *tags, int room)',
)
export const lithosAwait = bind<[epoll: number, fd: number, tag: number, always: number]>(
  'int lithos_await(int epoll, int fd, uint32_t tag, int always)',
)
export const lithosWait = bind<[pidfd: number, keep: number]>(
  'int lithos_wait(int pidfd, int keep)',
)
export const lithosExitInfo = bind<[pidfd: number]>('int lithos_exit_info(int pidfd)')
export const lithosRemove = bindAside<[parent: string, name: string, about: Buffer, room: number]>(
  'int lithos_remove(const char *parent, const char *name, void *about, int room)',
)
export const lithosDiscard = bind<[path: string]>('int lithos_discard(const char *path)')
export const lithosCut = bindAside<[fd: number, mode: number, offset: number, bytes: number]>(
  'int lithos_cut(int fd, int mode, int64_t offset, int64_t bytes)',
)
export const lithosListen = bind<
  [
    host: string,
    port: number,
    backlog: number,
    flags: number,
    uid: number,
    gid: number,
    stage: Int32Array,
  ]
>(
  'int lithos_listen(const char *host, int port, int backlog, int flags, int uid, int gid,' +
    ' void *stage)',
)
export const lithosAdjust = bind<
  [fd: number, backlog: number, flags: number, uid: number, gid: number]
>('int lithos_adjust(int fd, int backlog, int flags, int uid, int gid)')
export const lithosListening = bind<[fd: number, bytes: Buffer, out: Int32Array]>(
  'int lithos_listening(int fd, void *bytes, void *out)',
)
export const lithosNotify = bind<[path: string, text: string, fd: number]>(
  'int lithos_notify(const char *path, const char *text, int fd)',
)

export const lithosLook = bind<
  [paths: Buffer, count: number, out: Buffer, room: number, lengths: Int32Array]
>('int lithos_look(void *paths, int count, void *out, int room, void *lengths)')
export const lithosLandlock = bind<[]>('int lithos_landlock()')
export const lithosBridge = bind<[name: string]>('int lithos_bridge(const char *name)')
export const lithosUnplug = bind<[index: number]>('int lithos_unplug(int index)')
export const lithosCables = bind<[out: Buffer, room: number]>(
  'int lithos_cables(void *out, int room)',
)
export const lithosShow = bind<[variable: string]>('int lithos_show(const char *variable)')
export const lithosSend = bind<[fd: number, bytes: Buffer, count: number, passed: number]>(
  'int lithos_send(int fd, const void *bytes, int count, int passed)',
)

// ---- the event loop ----------------------------------------------------------------------

/** Calls back whenever `fd` is readable, from Node's own loop; level triggered. */
export const whenReadable = (fd: number, callback: () => void): { close: () => void } =>
  koffi.node.poll(fd, { readable: true }, () => callback())
