/**
 * Which system calls an application may make (S14, S15, S24 of the threat model):
 *
 *     what a list allows          it may
 *     clone, unshare              not into new namespaces; clone3 hides its flags, so: ENOSYS
 *     socket                      unix, inet, inet6, and netlink for routes
 *     ioctl                       not to type into a terminal, nor give it a line discipline
 *     personality                 only those that weaken nothing
 *     chmod, open and the like    root of the host makes no set-user-id program; openat2 hides the
 *                                 mode of what it makes, so: ENOSYS
 *     what a list refuses         EPERM
 *     what is in no list          ENOSYS: a C library then does without, as on an older kernel
 *     calls of another processor  killed: their numbers mean something else
 *
 * ptrace is allowed: since Linux 4.8 it cannot be used to get around a filter, whom it reaches
 * is decided by the kernel as for everybody, and the knot is out of reach.
 */
import blake from 'blakejs'
import { argumentAt, assemble, numberAt, processorAt, search } from './bpf.ts'
import type { Line, Range } from './bpf.ts'
import { callsOf, callsOfCapability } from './syscalls.ts'
import type { Processor } from './syscalls.ts'

const ALLOW = 0x7fff0000
const KILL_PROCESS = 0x80000000
const error = (errno: number): number => 0x00050000 | errno

const EPERM = 1
const ENOSYS = 38
const EPROTONOSUPPORT = 93

const audit: Readonly<Record<Processor, number>> = { x64: 0xc000003e, arm64: 0xc00000b7 }

/** Numbers with this bit are those of x32, a third way to call the kernel of an x86_64. */
const X32 = 0x40000000
/** What a program calls that wants to hear ENOSYS. */
const NOTHING = 0xffffffff

/** NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const NAMESPACES = 0x7e020000
/** To clone this bit is a part of the exit signal. */
const NEWTIME = 0x80

const AF_UNIX = 1
const AF_INET = 2
const AF_INET6 = 10
const AF_NETLINK = 16
const NETLINK_ROUTE = 0

const TIOCSTI = 0x5412
const TIOCLINUX = 0x541c
/** Loads whatever module a kernel has for serial lines: modems, buses, networks. */
const TIOCSETD = 0x5423

/** Linux, with or without BSD's group ids, UNAME26, SHORT_INODE; and the question. */
const personalities = [0x0, 0x8, 0x20000, 0x20008, 0xffffffff]

/**
 * `capabilities`: by name, without `cap_`; calls that need one come with it. `isRootOfHost`: what
 * it owns in a volume or a log is owned by root outside as well, and counts there.
 */
export const filterFor = (
  capabilities: readonly string[],
  processor: Processor | null = processorHere(),
  isRootOfHost = false,
): readonly bigint[] | null => {
  if (processor === null) return null
  const isBarred = isRootOfHost && !capabilities.includes('fsetid')
  const key = `${processor} ${isBarred} ${[...capabilities].sort().join(' ')}`
  const known = filters.get(key)
  if (known !== undefined) return known
  const filter = assemble(linesOf(capabilities, processor, isBarred))
  filters.set(key, filter)
  return filter
}

const filters = new Map<string, readonly bigint[]>()

/** Null: there is no table for this processor. */
export const processorHere = (arch: string = process.arch): Processor | null =>
  arch === 'x64' || arch === 'arm64' ? arch : null

/** What a start record says of a filter. */
export const filterHash = (filter: readonly bigint[]): string => {
  const known = hashes.get(filter)
  if (known !== undefined) return known
  const bytes = Buffer.from(BigUint64Array.from(filter).buffer)
  const hash = blake.blake2sHex(bytes, undefined, 8)
  hashes.set(filter, hash)
  return hash
}

const hashes = new WeakMap<readonly bigint[], string>()

const linesOf = (
  capabilities: readonly string[],
  processor: Processor,
  isBarred: boolean,
): readonly Line[] => [
  { load: processorAt },
  { test: 'equal', operand: audit[processor], yes: 'native', no: 'kill' },
  { label: 'native' },
  { load: numberAt },
  { test: 'at least', operand: X32, yes: 'foreign', no: 'number' },
  { label: 'number' },
  ...search(rangesOf(capabilities, processor, isBarred), 'half'),
  ...conditions,
  ...(isBarred ? modes : []),
  { label: 'foreign' },
  { test: 'equal', operand: NOTHING, yes: 'unknown', no: 'kill' },
  { label: 'allow' },
  { answer: ALLOW },
  { label: 'refuse' },
  { answer: error(EPERM) },
  { label: 'unknown' },
  { answer: error(ENOSYS) },
  { label: 'no protocol' },
  { answer: error(EPROTONOSUPPORT) },
  { label: 'kill' },
  { answer: KILL_PROCESS },
]

/** Neighbours with the same answer are one range. */
const rangesOf = (
  capabilities: readonly string[],
  processor: Processor,
  isBarred: boolean,
): readonly Range[] => {
  const calls = callsOf(processor)
  const isAdmin = capabilities.includes('sys_admin')
  const granted = new Set(capabilities.flatMap(name => callsOfCapability.get(name) ?? []))
  const labels = new Map<number, string>()
  for (const number of calls.allowed.values()) labels.set(number, 'allow')
  for (const [name, number] of calls.refused)
    labels.set(number, granted.has(name) ? 'allow' : 'refuse')
  for (const [name, number] of calls.conditional)
    labels.set(number, isAdmin && namespaceCalls.includes(name) ? 'allow' : name)
  labels.set(calls.conditional.get('clone3') ?? -1, isAdmin ? 'allow' : 'unknown')
  for (const [name, label] of isBarred ? barred : []) {
    const number = calls.allowed.get(name)
    if (number !== undefined) labels.set(number, label)
  }

  const ranges: Range[] = []
  const end = Math.max(...labels.keys()) + 1
  for (let number = 0; number <= end; number++) {
    const label = labels.get(number) ?? 'unknown'
    if (ranges.at(-1)?.label !== label) ranges.push({ from: number, label })
  }
  return ranges
}

const namespaceCalls = ['clone', 'unshare']

/** Which argument the mode of a file is; not every processor has all of these calls. */
const barred = new Map([
  ...['chmod', 'fchmod', 'creat', 'mknod'].map(name => [name, 'mode 1'] as const),
  ...['fchmodat', 'fchmodat2', 'mknodat'].map(name => [name, 'mode 2'] as const),
  ['open', 'open'],
  ['openat', 'openat'],
  ['openat2', 'unknown'],
])

const SET_USER_ID = 0o4000
/** O_CREAT, or O_TMPFILE: without them nobody looks at the mode. */
const MAKES = 0o20000100

const modes: readonly Line[] = [
  { label: 'open' },
  { load: argumentAt(1) },
  { test: 'any bit', operand: MAKES, yes: 'mode 2', no: 'allow' },
  { label: 'openat' },
  { load: argumentAt(2) },
  { test: 'any bit', operand: MAKES, yes: 'mode 3', no: 'allow' },
  ...[1, 2, 3].flatMap((index): readonly Line[] => [
    { label: `mode ${index}` },
    { load: argumentAt(index) },
    { test: 'any bit', operand: SET_USER_ID, yes: 'refuse', no: 'allow' },
  ]),
]

const conditions: readonly Line[] = [
  { label: 'clone' },
  { load: argumentAt(0) },
  { test: 'any bit', operand: NAMESPACES, yes: 'refuse', no: 'allow' },
  { label: 'unshare' },
  { load: argumentAt(0) },
  { test: 'any bit', operand: NAMESPACES | NEWTIME, yes: 'refuse', no: 'allow' },
  { label: 'socket' },
  { load: argumentAt(0) },
  { test: 'equal', operand: AF_NETLINK, yes: 'netlink', no: 'family' },
  { label: 'family' },
  { test: 'equal', operand: AF_UNIX, yes: 'allow', no: 'inet' },
  { label: 'inet' },
  { test: 'equal', operand: AF_INET, yes: 'allow', no: 'inet6' },
  { label: 'inet6' },
  { test: 'equal', operand: AF_INET6, yes: 'allow', no: 'refuse' },
  { label: 'netlink' },
  { load: argumentAt(2) },
  { test: 'equal', operand: NETLINK_ROUTE, yes: 'allow', no: 'no protocol' },
  { label: 'socketpair' },
  { load: argumentAt(0) },
  { test: 'equal', operand: AF_UNIX, yes: 'allow', no: 'refuse' },
  { label: 'ioctl' },
  { load: argumentAt(1) },
  { test: 'equal', operand: TIOCSTI, yes: 'refuse', no: 'linux' },
  { label: 'linux' },
  { test: 'equal', operand: TIOCLINUX, yes: 'refuse', no: 'discipline' },
  { label: 'discipline' },
  { test: 'equal', operand: TIOCSETD, yes: 'refuse', no: 'allow' },
  { label: 'personality' },
  { load: argumentAt(0) },
  ...personalities.flatMap((operand, index): readonly Line[] => [
    { label: `persona ${index}` },
    {
      test: 'equal',
      operand,
      yes: 'allow',
      no: index + 1 < personalities.length ? `persona ${index + 1}` : 'refuse',
    },
  ]),
]
