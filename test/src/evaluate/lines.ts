/** Problems as lines to compare with those of a row. */
import { sayProblem } from '../../../src/config/report.ts'
import type { Problem } from '../../../src/config/shapes.ts'
import { container, processes, sandbox } from './rows/row.ts'
import type { World } from './world.ts'

/** Where an expected line ends in `…`, only what is before it is compared. */
export const linesLike = (
  world: World,
  problems: readonly Problem[],
  expected: readonly string[],
): readonly string[] =>
  problems
    .map(problem =>
      world
        .shown(sayProblem(problem))
        .replaceAll(`$/${sandbox}`, 'SANDBOX')
        .replaceAll(`$/${processes}`, 'PROCESSES')
        .replaceAll(`$/${container}`, 'CONTAINER'),
    )
    .map((line, index) => {
      const like = expected[index]
      return like?.endsWith('…') && line.startsWith(like.slice(0, -1)) ? like : line
    })
