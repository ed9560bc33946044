/**
 * Tables for people: two blanks between columns, headers in capitals, numbers to the right,
 * nothing behind the last column, `-` for what is not there.
 */
import { paint } from './look/paint.ts'
import type { Colour } from './look/paint.ts'

export interface Column<Row> {
  readonly name: string
  readonly cell: (row: Row) => string
  readonly isNumber?: boolean
  readonly colour?: ((row: Row) => Colour | null) | undefined
}

export interface Look {
  readonly hasHeader: boolean
  readonly isColoured: boolean
  /** Longer lines are cut, and end with `…`. */
  readonly widthMax: number
}

interface Cell {
  readonly text: string
  readonly colour: Colour | null
}

export const table = <Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { hasHeader, isColoured, widthMax }: Look,
): string => {
  const plain = (text: string): Cell => ({ text, colour: null })
  const cells = [
    ...(hasHeader ? [columns.map(({ name }) => plain(name.toUpperCase()))] : []),
    ...rows.map(row =>
      columns.map(({ cell, colour }) => ({
        text: visible(cell(row)) || '-',
        colour: isColoured ? (colour?.(row) ?? null) : null,
      })),
    ),
  ]
  const widths = columns.map((_, index) =>
    cells.reduce((most, line) => Math.max(most, line[index]?.text.length ?? 0), 0),
  )
  const last = columns.length - 1
  return cells
    .map(line => {
      const padded = line.map(({ text, colour }, index) => {
        const width = widths[index] ?? 0
        const isNumber = columns[index]?.isNumber === true
        return {
          colour,
          text: isNumber ? text.padStart(width) : endless(text, width, index === last),
        }
      })
      return `${cutTo(padded, widthMax)}\n`
    })
    .join('')
}

const endless = (text: string, width: number, isLast: boolean): string =>
  isLast ? text : text.padEnd(width)

const gap = '  '

const cutTo = (cells: readonly Cell[], widthMax: number): string => {
  let room = widthMax
  const shown: string[] = []
  for (const [index, { text, colour }] of cells.entries()) {
    if (index > 0) room -= gap.length
    if (room <= 0) break
    const fits = text.length <= room
    const part = fits ? text : `${text.slice(0, room - 1)}…`
    shown.push(colour === null ? part : paint(colour, part))
    if (!fits) break
    room -= text.length
  }
  return shown.join(gap).trimEnd()
}

/** What a configuration or an image says must not be able to steer the terminal it is shown on. */
const steering = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g

export const visible = (text: string): string =>
  text.replace(steering, character => `\\u{${character.charCodeAt(0).toString(16)}}`)
