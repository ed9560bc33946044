/** Texts of /proc/PID as values. Pure; a line that is missing is what an older kernel lacks. */
import { unescape } from '../../native/cgroup.ts'
import type { Mount, Process, Range } from './shapes.ts'

export const parseStatus = (pid: number, text: string): Process => {
  const fields = new Map(
    [...text.matchAll(/^(\w+):[\t ]*(.*)$/gm)].map(([, key = '', value = '']) => [key, value]),
  )
  const numbers = (key: string): readonly number[] =>
    (fields.get(key) ?? '').split(/\s+/).filter(Boolean).map(Number)
  const filters = fields.get('Seccomp_filters')
  return {
    pid,
    name: fields.get('Name') ?? '?',
    uids: numbers('Uid'),
    gids: numbers('Gid'),
    groups: numbers('Groups'),
    capabilities: ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].reduce(
      (all, key) => all | BigInt(`0x${fields.get(key) || '0'}`),
      0n,
    ),
    cannotGain: fields.get('NoNewPrivs') === '1',
    seccomp: Number(fields.get('Seccomp') ?? 0),
    filters: filters === undefined ? null : Number(filters),
  }
}

/** In the order in which they were mounted: of two on one place the later one counts. */
export const parseMountinfo = (text: string): readonly Mount[] =>
  text
    .split('\n')
    .filter(line => line.includes(' - '))
    .map(line => {
      const [before = '', after = ''] = line.split(' - ')
      const [id, , , , at = '/', options = '', ...optional] = before.split(' ')
      const [type = '', , ofSuper = ''] = after.split(' ')
      const flags = options.split(',')
      return {
        at: unescape(at),
        id: Number(id),
        type,
        readonly: flags.includes('ro') || ofSuper.split(',').includes('ro'),
        nosuid: flags.includes('nosuid'),
        nodev: flags.includes('nodev'),
        noexec: flags.includes('noexec'),
        isShared: optional.some(field => /^(shared|master):/.test(field)),
      }
    })

export const parseIdMap = (text: string): readonly Range[] =>
  text
    .split('\n')
    .map(line => line.trim().split(/\s+/).map(Number))
    .flatMap(([inside, outside, count]) =>
      inside === undefined || outside === undefined || count === undefined
        ? []
        : [{ inside, outside, count }],
    )

/** What a process without a user namespace has: everybody is himself. */
export const isIdentity = (map: readonly Range[]): boolean =>
  map.length === 1 && map[0]?.inside === 0 && map[0].outside === 0 && map[0].count === 0xffffffff

export const parseLimits = (
  text: string,
): ReadonlyMap<string, readonly [number | null, number | null]> =>
  new Map(
    [...text.matchAll(/^(Max [a-z ]+?)\s{2,}(\S+)\s+(\S+)/gm)].map(
      ([, name = '', soft = '', hard = '']) => [name, [valueOf(soft), valueOf(hard)]],
    ),
  )

const valueOf = (text: string): number | null => (text === 'unlimited' ? null : Number(text))

/** `mnt_id` of /proc/PID/fdinfo/N. */
export const parseMountId = (text: string): number | null => {
  const found = /^mnt_id:\s*(\d+)$/m.exec(text)
  return found === null ? null : Number(found[1])
}
