/** Takes the pid file it is told of, says how that went, and holds it until it is killed. */
import * as E from 'fp-ts/lib/Either.js'
import { takePidFile } from '../../actors/pidFile.ts'

const taken = takePidFile(process.argv[2] as string)
process.stdout.write(E.isRight(taken) ? 'taken\n' : `${taken.left}\n`)
if (E.isRight(taken)) setInterval(() => {}, 60_000)
