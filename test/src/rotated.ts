/** Rotates a file without end, in a process that a test may kill: PATH COUNT COMPRESS. */
import { rotate } from '../../actors/rotator.ts'

const [path = '', count = '', isCompressed = ''] = process.argv.slice(2)
process.stdout.write('ready\n')
for (;;) await rotate(path, { count: Number(count), isCompressed: isCompressed === 'yes' })
