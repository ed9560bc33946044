/**
 * A plan as bytes, for knot.c. The layout stands twice, here and in plan.h; a test compares
 * what both make of the same plan. Native order: both ends are one machine.
 *
 *     head    magic u32 'LKP1'   bytes u32 (of everything)   steps u32   zero u32
 *             killTimeoutMs i64   restartTimeoutMs i64
 *             logLevel u32   flags u32 (1 restartProcessOnly, 2 isDaemon)
 *             name and exit codes follow as the first record, op 0
 *     record  op u32   strings u32   numbers u32   bytes u32 (of the record, a multiple of 8)
 *             numbers × i64, then strings, each ended by NUL, then zeros up to `bytes`
 */
import type { MountFlags, Plan, Step } from './plan.ts'

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
}

export const logLevels = ['error', 'warn', 'info', 'debug', 'trace'] as const

/** The bits of `MountFlags`, in this order, in one number. */
const flagNames = ['readonly', 'nosuid', 'nodev', 'noexec', 'noatime'] as const

export const encodePlan = (plan: Plan): Buffer => {
  const records = [
    record(ops.head, plan.normalExitCodes, [plan.name]),
    ...plan.steps.map(encodeStep),
  ]
  const head = Buffer.alloc(40)
  const bytes = records.reduce((sum, { length }) => sum + length, head.length)
  head.writeUInt32LE(magic, 0)
  head.writeUInt32LE(bytes, 4)
  head.writeUInt32LE(plan.steps.length, 8)
  head.writeBigInt64LE(BigInt(plan.killTimeoutMs), 16)
  head.writeBigInt64LE(BigInt(plan.restartTimeoutMs), 24)
  head.writeUInt32LE(logLevels.indexOf(plan.logLevel), 32)
  head.writeUInt32LE((plan.restartProcessOnly ? 1 : 0) | (plan.isDaemon ? 2 : 0), 36)
  return Buffer.concat([head, ...records], bytes)
}

const encodeStep = (step: Step): Buffer => {
  const op = ops[step.do]
  switch (step.do) {
    case 'openLog':
      return record(op, [step.log === 'output' ? 0 : 1], [step.path])
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
    case 'cgroup':
      return record(op, [step.join === 'tasks' ? 0 : 1], [step.dir])
    case 'limit':
      return record(op, [step.optional ? 1 : 0], [step.file, step.value])
    case 'pivot':
    case 'inheritOutput':
    case 'joinCgroups':
    case 'noNewPrivileges':
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
    case 'setGid':
      return record(op, [step.gid], [])
    case 'setUid':
      return record(op, [step.uid], [])
    case 'keepCapabilities':
      return record(op, [step.mask], [])
    case 'exec':
      return record(
        op,
        [step.arguments.length, step.environment.length, step.pidVariables.length],
        [step.executable, ...step.arguments, ...step.environment, ...step.pidVariables],
      )
  }
}

const bits = (flags: MountFlags): number =>
  flagNames.reduce((sum, name, bit) => sum | (flags[name] === true ? 1 << bit : 0), 0)

const record = (
  op: number,
  numbers: readonly (number | bigint)[],
  strings: readonly string[],
): Buffer => {
  const text = Buffer.from(strings.map(string => `${string}\0`).join(''))
  const start = 16 + numbers.length * 8
  const bytes = Math.ceil((start + text.length) / 8) * 8
  const buffer = Buffer.alloc(bytes)
  buffer.writeUInt32LE(op, 0)
  buffer.writeUInt32LE(strings.length, 4)
  buffer.writeUInt32LE(numbers.length, 8)
  buffer.writeUInt32LE(bytes, 12)
  numbers.forEach((number, index) => buffer.writeBigInt64LE(BigInt(number), 16 + index * 8))
  text.copy(buffer, start)
  return buffer
}
