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
    [
      ['why web/http.0', 'why an instance is as it is'],
      ['show --since 10m', 'every step of the last ten minutes'],
      ['verify', 'is the record whole?'],
    ],
    argv,
  )
