/** Capabilities by name, in the order of the kernel's numbers: the first is 0. */
import type { Decoder } from './codec.ts'
import { listOf } from './codec.ts'
import { nearMiss } from './nearMiss.ts'
import { word } from './words.ts'

const names: readonly string[] = (
  'chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable ' +
  'net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio ' +
  'sys_chroot sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time ' +
  'sys_tty_config mknod lease audit_write audit_control setfcap mac_override mac_admin syslog ' +
  'wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore'
).split(' ')

/** Bit n is capability n. */
export const capabilityMask = (some: readonly string[]): bigint =>
  some.reduce((mask, name) => mask | (1n << BigInt(names.indexOf(name))), 0n)

/** Those that the kernel knows and we do not are numbers. */
export const capabilityNames = (mask: bigint): readonly string[] =>
  Array.from({ length: 64 }, (_, bit) => bit)
    .filter(bit => (mask >> BigInt(bit)) & 1n)
    .map(bit => names[bit] ?? String(bit))

/** As people write them: `net_bind_service`, `CAP_NET_BIND_SERVICE`. */
const capability: Decoder<string> = word('a capability such as net_bind_service', source => {
  const name = source.toLowerCase().replace(/^cap_/, '')
  if (names.includes(name)) return { means: name }
  const near = nearMiss(name, names)
  return { hint: near === null ? null : `did you mean ${near}?` }
})

export const capabilities = listOf('a list of capabilities', capability)
