/** `lithos logs --reopen` and `--rotate`: orders to the supervisor. */
import * as E from 'fp-ts/lib/Either.js'
import { connect } from '../../control/client.ts'
import type { Settings } from '../../evaluate/settings.ts'
import { sayCode } from '../../wait.ts'
import { sayStart } from '../common.ts'

interface Answer {
  readonly knots: number
  readonly rotated: readonly string[]
}

export const order = async (
  command: string,
  settings: Settings,
  what: 'reopen' | 'rotate',
  isJson: boolean,
): Promise<number> => {
  const complain = (message: string): number => {
    process.stderr.write(`${command}: ${message}\n`)
    return 1
  }
  const { places } = settings
  const connected = connect(places.runtimeDir)
  if (E.isLeft(connected)) {
    const who = `the supervisor cannot be asked, ${places.runtimeDir}/control`
    const isThere = !['ENOENT', 'ECONNREFUSED'].includes(connected.left)
    return complain(`${who}: ${sayCode(connected.left)}${isThere ? '' : `; ${sayStart(settings)}`}`)
  }
  const answer = await connected.right.ask(what, {})
  connected.right.close()
  if (E.isLeft(answer)) return complain(answer.left.message)
  const said = answer.right as Answer
  const text =
    what === 'reopen'
      ? `told the supervisor and ${said.knots} knots\n`
      : said.rotated.map(path => `rotated ${path}\n`).join('')
  process.stdout.write(isJson ? `${JSON.stringify(said)}\n` : text)
  return 0
}
