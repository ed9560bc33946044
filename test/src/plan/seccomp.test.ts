/**
 * Goal: S14, S15, S16, S24: the filter answers every system call as its lists say, whatever the
 * arguments, and the numbers in the lists are those of the kernel.
 * Method: an interpreter of filters, asked about every number there is; arguments at random and
 * at the borders; the headers of the kernel, read by the compiler. SEED=123 repeats one.
 */
import { spawnSync } from 'node:child_process'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { filterFor, filterHash, processorHere } from '../../../src/plan/seccomp.ts'
import { callsOf, callsOfCapability } from '../../../src/plan/syscalls.ts'
import type { Processor } from '../../../src/plan/syscalls.ts'
import { prng } from '../../prng.ts'
import { skipUnless } from '../../skip.ts'

interface Call {
  readonly processor: number
  readonly number: number
  readonly words: readonly bigint[]
}

const native: Readonly<Record<Processor, number>> = { x64: 0xc000003e, arm64: 0xc00000b7 }
const processors: readonly Processor[] = ['x64', 'arm64']
const lists = { x64: callsOf('x64'), arm64: callsOf('arm64') }

const answers: Readonly<Record<number, string>> = {
  0x7fff0000: 'allow',
  0x80000000: 'kill',
  0x50001: 'EPERM',
  0x50026: 'ENOSYS',
  0x5005d: 'EPROTONOSUPPORT',
}

/** As the kernel runs it. Also counts, so that a filter cannot become slow unnoticed. */
const ask = (filter: readonly bigint[], { processor, number, words }: Call) => {
  const data = Buffer.alloc(64)
  data.writeUInt32LE(number >>> 0, 0)
  data.writeUInt32LE(processor >>> 0, 4)
  words.forEach((word, index) => data.writeBigUInt64LE(BigInt.asUintN(64, word), 16 + 8 * index))
  let loaded = 0
  for (let at = 0, steps = 1; ; at += 1, steps += 1) {
    const instruction = filter[at]
    if (instruction === undefined) throw new Error('it runs out of the program')
    const code = Number(instruction & 0xffffn)
    const [yes, no] = [Number((instruction >> 16n) & 0xffn), Number((instruction >> 24n) & 0xffn)]
    const operand = Number(instruction >> 32n)
    if (code === 0x06) return { answer: answers[operand] ?? String(operand), steps }
    if (code === 0x20) {
      loaded = data.readUInt32LE(operand)
      continue
    }
    const isTrue =
      code === 0x15
        ? loaded === operand
        : code === 0x35
          ? loaded >= operand
          : (loaded & operand) !== 0
    at += isTrue ? yes : no
  }
}

const zeros = [0n, 0n, 0n, 0n, 0n, 0n]

const answerTo = (
  processor: Processor,
  name: string,
  words: readonly bigint[],
  capabilities: readonly string[] = [],
): string => {
  const calls = lists[processor]
  const number =
    calls.allowed.get(name) ?? calls.conditional.get(name) ?? calls.refused.get(name) ?? -1
  return ask(filterFor(capabilities, processor)!, { processor: native[processor], number, words })
    .answer
}

test('S14: every number there is, as the lists say', () => {
  for (const processor of processors) {
    const filter = filterFor([], processor)!
    const { allowed, conditional, refused } = lists[processor]
    const expected = new Map([
      ...[...allowed.values()].map(number => [number, 'allow'] as const),
      ...[...refused.values()].map(number => [number, 'EPERM'] as const),
    ])
    for (let number = 0; number < 2000; number++) {
      if ([...conditional.values()].includes(number)) continue
      const { answer, steps } = ask(filter, { processor: native[processor], number, words: zeros })
      assert.is(answer, expected.get(number) ?? 'ENOSYS', `${processor} ${number}`)
      assert.ok(steps < 16, `${steps} steps`)
    }
    assert.is(answerTo(processor, 'clone3', zeros), 'ENOSYS')
  }
})

test('S14: what is dangerous is in no list of what is allowed', () => {
  const dangerous =
    'io_uring_setup io_uring_enter io_uring_register userfaultfd keyctl add_key request_key bpf ' +
    'perf_event_open kexec_load kexec_file_load mount umount2 fsopen fsmount move_mount ' +
    'open_tree mount_setattr pivot_root setns open_by_handle_at init_module finit_module ' +
    'delete_module reboot swapon acct settimeofday'
  for (const processor of processors)
    for (const name of dangerous.split(' ')) {
      assert.is(answerTo(processor, name, zeros), 'EPERM', `${processor} ${name}`)
      assert.ok(lists[processor].refused.has(name), name)
    }
})

test('S15: calls of another processor and of x32 are killed, nonsense is answered', () => {
  const filter = filterFor([], 'x64')!
  const other = (processor: number, number: number) =>
    ask(filter, { processor, number, words: zeros }).answer
  for (let number = 0; number < 500; number++) {
    assert.is(other(0x40000003, number), 'kill', 'i386')
    assert.is(other(native.arm64, number), 'kill', 'aarch64')
    assert.is(other(native.x64, 0x40000000 + number), 'kill', 'x32')
  }
  assert.is(other(native.x64, -1), 'ENOSYS')
})

test('S15: of the families of sockets four, and netlink for routes only', () => {
  for (const processor of processors)
    for (let family = 0n; family < 64n; family++) {
      const isOpen = [1n, 2n, 10n, 16n].includes(family)
      const said = answerTo(processor, 'socket', [family, 3n, 0n, 0n, 0n, 0n])
      assert.is(said, isOpen ? 'allow' : 'EPERM', String(family))
      const high = answerTo(processor, 'socket', [family | (1n << 32n), 3n, 0n, 0n, 0n, 0n])
      assert.is(high, said, 'the kernel looks at 32 bits, and so do we')
      for (const protocol of [1n, 9n, 12n, 15n])
        if (family === 16n)
          assert.is(
            answerTo(processor, 'socket', [family, 3n, protocol, 0n, 0n, 0n]),
            'EPROTONOSUPPORT',
          )
    }
})

test('S24: no terminal can be typed into, whatever the upper half of the request', () => {
  for (const processor of processors)
    for (const upper of [0n, 1n, 0x8000_0000n, 0xffff_ffffn])
      for (const [request, said] of [
        [0x5412n, 'EPERM'],
        [0x541cn, 'EPERM'],
        [0x5423n, 'EPERM'],
        [0x5413n, 'allow'],
        [0x5401n, 'allow'],
      ] as const)
        assert.is(answerTo(processor, 'ioctl', [0n, request | (upper << 32n), 0n]), said)
})

const suid = 0o4755n
const O_CREAT = 0o100n
const O_TMPFILE = 0o20200000n

/** A call that makes a set-user-id program, and the same without that bit. */
const makers = (name: string): readonly (readonly [words: readonly bigint[], mode: number])[] => {
  switch (name) {
    case 'open':
      return [O_CREAT, O_TMPFILE].map(flags => [[0n, flags, suid], 2] as const)
    case 'openat':
      return [O_CREAT, O_TMPFILE].map(flags => [[0n, 0n, flags, suid], 3] as const)
    case 'fchmodat':
    case 'fchmodat2':
    case 'mknodat':
      return [[[0n, 0n, suid], 2]]
    default:
      return [[[0n, suid], 1]]
  }
}

test('S13: root of the host makes no set-user-id program, unless it was given fsetid', () => {
  const names = 'open openat creat chmod fchmod fchmodat fchmodat2 mknod mknodat'.split(' ')
  for (const processor of processors)
    for (const name of names.filter(each => lists[processor].allowed.has(each)))
      for (const [words, mode] of makers(name)) {
        const number = lists[processor].allowed.get(name)!
        const say = (filter: readonly bigint[] | null, some: readonly bigint[]): string => {
          const padded = [...some, ...Array.from({ length: 6 - some.length }, () => 0n)]
          return ask(filter!, { processor: native[processor], number, words: padded }).answer
        }
        const plain = words.map((word, index) => (index === mode ? 0o2755n : word))
        assert.is(say(filterFor([], processor, true), words), 'EPERM', name)
        assert.is(say(filterFor([], processor, true), plain), 'allow', name)
        assert.is(say(filterFor([], processor), words), 'allow', 'who is not root')
        assert.is(say(filterFor(['fsetid'], processor, true), words), 'allow')
      }
})

test('S13: a mode that nobody looks at counts for nothing, one that is hidden is refused', () => {
  for (const processor of processors) {
    const filter = filterFor([], processor, true)!
    const say = (name: string, words: readonly bigint[]): string => {
      const number = lists[processor].allowed.get(name)!
      return ask(filter, { processor: native[processor], number, words }).answer
    }
    assert.is(say('openat', [0n, 0n, 0o2n, suid, 0n, 0n]), 'allow')
    assert.is(say('openat2', [0n, 0n, 0n, 24n, 0n, 0n]), 'ENOSYS')
    for (const [name, number] of lists[processor].allowed) {
      if (name === 'openat2') continue
      const call = { processor: native[processor], number, words: [0n, 0n, 0n, 0n, 0n, 0n] }
      const { answer, steps } = ask(filter, call)
      assert.is(answer, 'allow', name)
      assert.ok(steps <= 18, `${name} takes ${steps} steps`)
    }
  }
})

const seed = Number(process.env['SEED'] ?? Date.now() % 100_000)

test(`S14: whatever the arguments of clone, unshare and personality (SEED=${seed})`, () => {
  const random = prng(seed)
  const namespaces = 0x7e020000n
  for (let round = 0; round < 20_000; round++) {
    const bits = random() < 0.5 ? 1 << Math.floor(random() * 32) : random() * 2 ** 32
    const word = BigInt(Math.floor(bits) >>> 0)
    const isNew = (word & namespaces) !== 0n
    assert.is(answerTo('x64', 'clone', [word]), isNew ? 'EPERM' : 'allow')
    const isNewToo = isNew || (word & 0x80n) !== 0n
    assert.is(answerTo('x64', 'unshare', [word]), isNewToo ? 'EPERM' : 'allow')
    const isMild = [0n, 8n, 0x20000n, 0x20008n, 0xffffffffn].includes(word)
    assert.is(answerTo('x64', 'personality', [word]), isMild ? 'allow' : 'EPERM')
  }
  for (const mild of [0n, 8n, 0x20000n, 0x20008n, 0xffffffffn])
    assert.is(answerTo('arm64', 'personality', [mild]), 'allow')
})

test('S14: a capability brings the calls that are of use with it, and no others', () => {
  for (const processor of processors)
    for (const [capability, names] of callsOfCapability)
      for (const name of lists[processor].refused.keys())
        assert.is(
          answerTo(processor, name, zeros, [capability]),
          names.includes(name) ? 'allow' : 'EPERM',
          `${capability} ${name}`,
        )
  assert.is(answerTo('x64', 'clone', [0x10000000n], ['sys_admin']), 'allow')
  assert.is(answerTo('x64', 'clone', [0x10000000n], ['net_admin', 'sys_chroot']), 'EPERM')
})

test('S16: equal bytes for equal wishes, and other bytes for others', () => {
  const hash = (...capabilities: string[]) => filterHash(filterFor(capabilities, 'x64')!)
  assert.is(hash('bpf', 'syslog'), hash('syslog', 'bpf'))
  assert.is.not(hash(), hash('bpf'))
  assert.is(filterFor([], processorHere('riscv64')), null)
})

/** What the compiler's headers define as `__NR_…`; their kernel may be older than our table. */
const defined = (header: string, ...flags: readonly string[]): ReadonlyMap<string, number> => {
  const args = ['-E', '-dM', '-x', 'c', ...flags, '-']
  const { stdout } = spawnSync('cc', args, { input: `#include <${header}>\n`, encoding: 'utf8' })
  const texts = new Map(
    [...(stdout ?? '').matchAll(/^#define (__NR\w+) (\w+)$/gm)].map(([, name, text]) => [
      name!,
      text!,
    ]),
  )
  const valueOf = (text: string): number =>
    texts.has(text) ? valueOf(texts.get(text)!) : Number(text)
  return new Map(
    [...texts]
      .filter(([name]) => name.startsWith('__NR_'))
      .map(([name, text]) => [name.slice(5), valueOf(text)]),
  )
}

/** The processors that came late share one header. */
const generic = [
  '-D__BITS_PER_LONG=64',
  ...['RENAMEAT', 'NEW_STAT', 'SET_GET_RLIMIT', 'SYS_CLONE3', 'MEMFD_SECRET'].map(
    name => `-D__ARCH_WANT_${name}`,
  ),
]
const headers = new Map<Processor, ReadonlyMap<string, number>>([
  ['x64', process.arch === 'x64' ? defined('asm/unistd.h') : new Map()],
  ['arm64', defined('asm-generic/unistd.h', ...generic)],
])

skipUnless(headers.get('arm64')!.size > 0, 'needs a compiler and the headers of Linux')(
  'S16: the numbers are those of the headers, and no call of the headers is forgotten',
  () => {
    for (const processor of processors) {
      const { allowed, conditional, refused } = lists[processor]
      const ours = new Map([...allowed, ...conditional, ...refused])
      assert.is(ours.size, allowed.size + conditional.size + refused.size, 'each in one list')
      for (const [name, number] of headers.get(processor)!) {
        if (['syscalls', 'arch_specific_syscall', 'riscv_flush_icache'].includes(name)) continue
        assert.is(ours.get(name), number, `${processor} ${name}`)
      }
    }
  },
)

test.run()
