/** `lithos journal`: what happened, why, and whether the record of it is whole. */
import { dispatch } from './dispatch.ts'

export const run = (argv: readonly string[]): Promise<number> | number =>
  dispatch(
    'lithos journal',
    {
      show: ['what the supervisor heard and did', () => import('./journal/show.ts')],
      why: ['why an instance is as it is', () => import('./journal/why.ts')],
      verify: ['is the record whole, and does it replay', () => import('./journal/verify.ts')],
    },
    argv,
  )
