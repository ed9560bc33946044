/** What tests of orders say, and ask, of a world. */
import type { Policy } from '../../machines/vocabulary.ts'
import type { Processes, World } from './orderWorld.ts'

export const ready: NonNullable<Policy['ready']> = {
  probe: { kind: 'tcp', port: 80 },
  timeoutMs: 10_000,
  onTimeout: 'restart',
}
export const good = () => false
export const rolling = (maxUnavailable: number, surge: number): Policy => ({
  ready,
  rolling: { maxUnavailable, surge },
})

export const launches = ({ effects }: World): readonly string[] =>
  effects.flatMap(effect => (effect.type === 'launch' ? [effect.instance] : []))
export const signals = ({ effects }: World): readonly string[] =>
  effects.flatMap(effect => (effect.type === 'signal' ? [effect.instance] : []))
export const versions = ({ knots }: World): readonly string[] =>
  [...knots].map(([name, { config }]) => `${name} ${config}`).sort()
export const expectedOf = (processes: Processes): readonly string[] =>
  Object.entries(processes)
    .flatMap(([name, { count, version }]) =>
      Array.from({ length: count }, (_, index) => `s/${name}.${index} ${version}`),
    )
    .sort()
export const upOf = ({ knots }: World, process: string): number =>
  [...knots].filter(
    ([name, { isReady, isStopping }]) => name.startsWith(`s/${process}.`) && isReady && !isStopping,
  ).length

export const chain: Processes = {
  web: { count: 2, version: '1', policy: { after: ['db'], ready } },
  db: { count: 1, version: '1', policy: { ready } },
  proxy: { count: 1, version: '1', policy: { after: ['web'] } },
}
