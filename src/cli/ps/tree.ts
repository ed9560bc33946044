/** The tree form of lithos_ps, as lithos 0.18 prints it. */
import { memoryIn, sum } from '../../look/family.ts'
import type { Usage } from '../../look/family.ts'
import { paint } from '../../look/paint.ts'
import type { Colour } from '../../look/paint.ts'
import { sayMemory } from '../../look/units.ts'
import { visible } from '../../table.ts'
import { sayUptime } from '../../wait.ts'
import type { Child, PsTree } from './found.ts'

export interface TreeLook {
  readonly isColoured: boolean
  /** Milliseconds since 1970. */
  readonly now: number
}

type Brush = (colour: Colour, text: string) => string

/** What has run for less than this is shown in red. */
const youngMs = 30_000

export const treeText = (trees: readonly PsTree[], { isColoured, now }: TreeLook): string => {
  const brush: Brush = isColoured ? paint : (_, text) => text
  return trees
    .map(tree =>
      linesOf(tree, brush, now)
        .map(line => `${line}\n`)
        .join(''),
    )
    .join('')
}

/** A line and what hangs below it. */
interface Branch {
  readonly text: string
  readonly below: readonly Branch[]
}

const linesOf = ({ pid, config, children }: PsTree, brush: Brush, now: number): string[] => {
  const usage = usageOf(children)
  const id = brush('blue', pid === null ? '-' : String(pid))
  return [
    `${id} tree ${brush('blue', visible(config))} ${figures(usage, brush)}`,
    ...hang(
      groupBy(children, ({ sandbox }) => sandbox).map(([sandbox, own]) => ({
        text: `${visible(sandbox)} ${figures(usageOf(own), brush)}`,
        below: groupBy(own, ({ process }) => process).map(([process, all]) =>
          processBranch(process, all, brush, now),
        ),
      })),
      '  ',
    ),
  ]
}

const processBranch = (
  process: string,
  all: readonly Child[],
  brush: Brush,
  now: number,
): Branch => {
  const lines = all.map(child => ({ text: childText(child, brush, now), below: [] }))
  const [only] = lines
  if (only !== undefined && lines.length === 1 && all[0]?.index === 0) return only
  return { text: `${visible(process)} ${figures(usageOf(all), brush)}`, below: lines }
}

const childText = ({ name, knot, heads }: Child, brush: Brush, now: number): string => {
  const [head] = heads
  const knotText = brush('red', `(${knot ?? '-'})`)
  if (head === undefined) return `${knotText} ${visible(name)} ${brush('red', '<failing>')}`
  if (heads.length > 1)
    return (
      `${knotText} ${visible(name)} ${brush('red', `<${heads.length}>`)} ` +
      figures(sum(heads), brush)
    )
  const upMs = Math.max(0, now - head.startTime * 1000)
  const uptime = brush(upMs < youngMs ? 'red' : 'blue', sayUptime(upMs))
  return `${brush('green', String(head.pid))} ${visible(name)} ${uptime} ${figures(head, brush)}`
}

const usageOf = (children: readonly Child[]): Usage => sum(children.flatMap(({ heads }) => heads))

const figures = (usage: Usage, brush: Brush): string =>
  `${brush('blue', `[${usage.processes}/${usage.threads}]`)} ` +
  brush('blue', sayMemory(memoryIn(usage)))

const hang = (branches: readonly Branch[], indent: string): string[] =>
  branches.flatMap(({ text, below }, index) => {
    const isLast = index === branches.length - 1
    return [
      `${indent}${isLast ? '└─' : '├─'}${text}`,
      ...hang(below, `${indent}${isLast ? '    ' : '│   '}`),
    ]
  })

/** In the order in which they first appear. */
const groupBy = (
  children: readonly Child[],
  key: (child: Child) => string,
): readonly (readonly [string, readonly Child[]])[] =>
  [...new Set(children.map(key))].map(
    name => [name, children.filter(child => key(child) === name)] as const,
  )
