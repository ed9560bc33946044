/**
 * A supervisor that is going to be killed: launches what its arguments say, and says when all
 * applications run. Started by survey.test.ts.
 */
import { stamp } from '../../actors/clock.ts'
import { createKnots } from '../../actors/knots.ts'

const [standIn = '', knotsDir = '', master = '', ...launches] = process.argv.slice(2)
let waiting = launches.length

const knots = createKnots(
  fact => {
    if (fact.type === 'app.started') waiting -= 1
    if (waiting === 0) process.stdout.write('running\n')
  },
  {
    stamp,
    knotsDir,
    env: [],
    prepare: ({ instance, incarnation, wanted }) => ({
      plan: Buffer.from(launches[incarnation - 1]?.split('=')[1] ?? ''),
      argv: [standIn, '--name', instance, '--master', master, '--config', wanted.config],
      about: step => ({ step: `${step}`, about: instance }),
    }),
  },
)

launches.forEach((launch, index) => {
  const instance = launch.split('=')[0] as string
  const wanted = { spec: 'abc', config: `{"n":${index}}`, restartMs: 0, killMs: 0 }
  knots.perform({ type: 'launch', instance, incarnation: index + 1, wanted }, index + 1)
})
