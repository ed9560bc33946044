/** How the charts of the machines are tried and drawn: one row an event, one column a state. */
import type { Heard } from '../../machines/letters.ts'

/** What a test says; when, and in which turn, is added where it is heard. */
export type Said = Heard extends infer H
  ? H extends Heard
    ? Omit<H, 'at' | 'mono' | 'turn'>
    : never
  : never

/** A state by its name, and the shortest story that leads to it. */
export type Stories = Readonly<Record<string, readonly Said[]>>

interface Snapshot {
  readonly value: unknown
}

/** A dash where nothing moves. `widths`: of the first column, and of the others. */
export const drawChart = <S extends Snapshot>(
  stories: Stories,
  alphabet: Readonly<Record<string, Said>>,
  reach: (story: readonly Said[]) => S,
  ask: (snapshot: S, said: Said) => Snapshot,
  widths: readonly [number, number],
): string => {
  const row = (name: string, cells: readonly string[]): string =>
    (name.padEnd(widths[0]) + cells.map(cell => cell.padEnd(widths[1])).join('')).trimEnd()
  const cell = (story: readonly Said[], said: Said): string => {
    const before = reach(story)
    const after = ask(before, said)
    return after.value === before.value ? '-' : String(after.value)
  }
  return [
    row('', Object.keys(stories)),
    ...Object.entries(alphabet).map(([name, said]) =>
      row(
        name,
        Object.values(stories).map(story => cell(story, said)),
      ),
    ),
  ].join('\n')
}
