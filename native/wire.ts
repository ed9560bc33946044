/**
 * A plan as bytes, for knot.c. The layout stands twice, here and in plan.h; a test compares
 * what both make of the same plan. Native order: both ends are one machine.
 *
 *     head    magic u32 'LKP1'   bytes u32 (of everything)   steps u32   zero u32
 *             killTimeoutMs i64   restartTimeoutMs i64
 *             logLevel u32   flags u32 (1 restartProcessOnly, 2 isDaemon, 4 isCommand)
 *             name and exit codes follow as the first record, op 0
 *     record  op u32   strings u32   numbers u32   bytes u32 (of the record, a multiple of 8)
 *             numbers × i64, then strings, each ended by NUL, then zeros up to `bytes`
 */
import { strict } from 'node:assert'
import { halves, placeOf } from './addresses.ts'
import type { IdRange, MountFlags, Plan, SecretBytes, Step } from './plan.ts'
import { probeNumbers, probeStrings } from './probe.ts'

export const magic = 0x31504b4c

export const ops: Readonly<Record<Step['do'] | 'head', number>> = {
  head: 0,
  openLog: 1,
  makeDir: 2,
  copyFile: 3,
  writeFile: 4,
  root: 5,
  bind: 6,
  bindFile: 7,
  mount: 8,
  cgroup: 9,
  limit: 10,
  pivot: 11,
  openOutput: 12,
  inheritOutput: 13,
  fork: 14,
  joinCgroups: 15,
  limitFiles: 16,
  setGroups: 17,
  setGid: 18,
  setUid: 19,
  keepCapabilities: 20,
  noNewPrivileges: 21,
  chdir: 22,
  exec: 23,
  passSockets: 24,
  mask: 25,
  readOnly: 26,
  countKills: 27,
  cgroupNamespace: 28,
  sessionKeyring: 29,
  resetLimits: 30,
  seccomp: 31,
  secretFiles: 32,
  users: 33,
  network: 34,
  connect: 35,
  address: 36,
  route: 37,
  command: 38,
  enterUsers: 39,
  listen: 40,
  probe: 41,
  notify: 42,
  readyFd: 43,
  preStop: 44,
  stop: 45,
  terminal: 46,
  landlock: 47,
  enterLandlock: 48,
}

export const logLevels = ['error', 'warn', 'info', 'debug', 'trace'] as const

/** The bits of `MountFlags`, in this order, in one number. */
const flagNames = ['readonly', 'nosuid', 'nodev', 'noexec', 'noatime'] as const

const headBytes = 40

/** One buffer for all plans: they are made one at a time, a thousand when a host starts. */
let room = Buffer.alloc(65_536)
let used = 0

export const encodePlan = (plan: Plan): Buffer => {
  used = headBytes
  record(ops.head, plan.normalExitCodes, [plan.name])
  for (const step of plan.steps) encodeStep(step)
  room.fill(0, 0, headBytes)
  room.writeUInt32LE(magic, 0)
  room.writeUInt32LE(used, 4)
  room.writeUInt32LE(plan.steps.length, 8)
  writeNumber(plan.killTimeoutMs, 16)
  writeNumber(plan.restartTimeoutMs, 24)
  room.writeUInt32LE(logLevels.indexOf(plan.logLevel), 32)
  const kind = (plan.isDaemon ? 2 : 0) | (plan.isCommand ? 4 : 0)
  room.writeUInt32LE((plan.restartProcessOnly ? 1 : 0) | kind, 36)
  const bytes = Buffer.from(room.subarray(0, used))
  if (plan.steps.some(hasSecrets)) room.fill(0, 0, used)
  return bytes
}

const hasSecrets = (step: Step): boolean =>
  step.do === 'secretFiles' || (step.do === 'exec' && step.secrets !== undefined)

const encodeStep = (step: Step): void => {
  const op = ops[step.do]
  switch (step.do) {
    case 'openLog':
      return record(op, [step.log === 'output' ? 0 : 1], [step.path])
    case 'users':
      return record(
        op,
        [
          step.uidMap.length,
          step.gidMap.length,
          ...rangesOf(step.uidMap),
          ...rangesOf(step.gidMap),
        ],
        [],
      )
    case 'connect':
      return record(op, [step.hardwareAddress], [step.outer, step.bridge, step.inner])
    case 'address': {
      const { text, family } = step.address
      return record(op, [family, step.prefix, ...halves(step.address)], [`${text}/${step.prefix}`])
    }
    case 'route':
      return record(op, [step.gateway.family, ...halves(step.gateway)], [step.gateway.text])
    case 'listen': {
      const { fd, host, port, backlog } = step
      const flags = (step.reuseAddr ? 1 : 0) | (step.reusePort ? 2 : 0) | (step.setNonBlock ? 4 : 0)
      const numbers = [fd, host.family, ...halves(host), port, backlog, flags]
      return record(op, numbers, [placeOf(host.text, port)])
    }
    case 'probe':
      return record(op, probeNumbers(step), probeStrings(step))
    case 'notify':
      return record(op, [step.extendTo.readyMs ?? -1, step.extendTo.stopMs ?? -1], [step.directory])
    case 'readyFd':
      return record(op, [step.fd], [])
    case 'stop':
      return record(
        op,
        step.signals.flatMap(({ signal, waitMs }) => [signal, waitMs]),
        [],
      )
    case 'preStop':
    case 'command':
      return record(op, [step.timeoutMs], [step.program, ...step.arguments])
    case 'makeDir':
      return record(
        op,
        [step.mode, step.uid, step.gid, step.always ? 1 : 0],
        [step.base, step.path],
      )
    case 'copyFile':
      return record(op, [], [step.source, step.base, step.path])
    case 'writeFile':
      return record(op, [step.mode], [step.base, step.path, step.text])
    case 'root':
      return record(op, [bits(step.flags)], [step.image, step.mountPoint])
    case 'bind':
      return record(op, [bits(step.flags)], [step.base, step.path, step.target])
    case 'bindFile':
      return record(op, [step.ifRegular ? 1 : 0], [step.base, step.path, step.target])
    case 'mount':
      return record(op, [bits(step.flags)], [step.type, step.target, ...step.options])
    case 'mask':
    case 'readOnly':
      return record(op, [], step.paths)
    case 'landlock':
      return record(op, [], step.writable)
    case 'cgroup':
      return record(op, [step.join === 'tasks' ? 0 : 1], [step.dir])
    case 'limit':
      return record(op, [step.optional ? 1 : 0], [step.file, step.value])
    case 'countKills':
      return record(op, [step.limit], [step.file])
    case 'terminal':
      return record(op, [step.uid, step.gid, step.which], [])
    case 'network':
    case 'enterUsers':
    case 'pivot':
    case 'inheritOutput':
    case 'joinCgroups':
    case 'cgroupNamespace':
    case 'sessionKeyring':
    case 'resetLimits':
    case 'noNewPrivileges':
    case 'enterLandlock':
      return record(op, [], [])
    case 'openOutput':
    case 'chdir':
      return record(op, [], [step.path])
    case 'fork':
      return record(op, [], [step.announce])
    case 'limitFiles':
      return record(op, [step.max], [])
    case 'setGroups':
      return record(op, step.gids, [])
    case 'passSockets':
      return record(op, step.fds, [])
    case 'setGid':
      return record(op, [step.gid], [])
    case 'setUid':
      return record(op, [step.uid], [])
    case 'keepCapabilities':
      return record(op, [step.mask], [])
    case 'seccomp':
      return record(op, step.filter, [])
    case 'exec':
      return record(
        op,
        [
          step.arguments.length,
          step.environment.length + (step.secrets?.length ?? 0),
          step.pidVariables.length,
        ],
        [
          ...[step.executable, ...step.arguments, ...step.environment],
          ...(step.secrets ?? []).map(secret => bytesOf(`${secret.name}=`, secret)),
          ...step.pidVariables,
        ],
      )
    case 'secretFiles':
      return record(
        op,
        [step.uid, step.gid],
        [step.target, ...step.files.flatMap(file => [file.name, bytesOf('', file)])],
      )
  }
}

const rangesOf = (map: readonly IdRange[]): readonly number[] =>
  map.flatMap(({ inside, outside, count }) => [inside, outside, count])

/** Secrets stay bytes: a string of one could not be wiped. */
interface Text {
  readonly before: string
  readonly bytes: Uint8Array
}

const bytesOf = (before: string, { name, bytes }: SecretBytes): Text => {
  strict(bytes !== null, `a plan is carried out without the secret ${name}`)
  return { before, bytes }
}

const bits = (flags: MountFlags): number =>
  flagNames.reduce((sum, name, bit) => sum | (flags[name] === true ? 1 << bit : 0), 0)

const record = (
  op: number,
  numbers: readonly (number | bigint)[],
  strings: readonly (string | Text)[],
): void => {
  makeRoom(16 + numbers.length * 8 + strings.reduce((sum, text) => sum + bytesMax(text), 0) + 8)
  const start = used
  let end = start + 16
  for (const number of numbers) {
    writeNumber(number, end)
    end += 8
  }
  for (const text of strings) {
    end += room.write(typeof text === 'string' ? text : text.before, end)
    if (typeof text !== 'string') {
      room.set(text.bytes, end)
      end += text.bytes.length
    }
    room[end++] = 0
  }
  while (end % 8 !== 0) room[end++] = 0
  room.writeUInt32LE(op, start)
  room.writeUInt32LE(strings.length, start + 4)
  room.writeUInt32LE(numbers.length, start + 8)
  room.writeUInt32LE(end - start, start + 12)
  used = end
}

/** No character takes more than three bytes for each of its units. */
const bytesMax = (text: string | Text): number =>
  1 + (typeof text === 'string' ? text.length * 3 : text.before.length * 3 + text.bytes.length)

const makeRoom = (bytes: number): void => {
  if (used + bytes <= room.length) return
  const larger = Buffer.alloc(Math.max(room.length * 2, used + bytes))
  room.copy(larger, 0, 0, used)
  room.fill(0, 0, used)
  room = larger
}

/** As i64; whatever a double holds exactly goes without a bigint. */
const writeNumber = (number: number | bigint, at: number): void => {
  if (typeof number === 'bigint') {
    room.writeBigInt64LE(BigInt.asIntN(64, number), at)
    return
  }
  const high = Math.floor(number / 2 ** 32)
  room.writeUInt32LE(number - high * 2 ** 32, at)
  room.writeInt32LE(high, at + 4)
}
