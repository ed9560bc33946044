/**
 * What the fake kernel shows to a start, in the shape of native/survey.ts and by its rules: the
 * living by their command lines, the dead by the files they have left.
 */
import type { Found } from '../../native/survey.ts'
import { parseFileName } from '../../native/statusFile.ts'
import { lifeOf, sharedBy } from '../../native/statusLife.ts'
import { appPidOf } from './kernel.ts'
import type { Kernel, Process } from './kernel.ts'

export const surveyOf = (kernel: Kernel): readonly Found[] => {
  const living = [...kernel.byPid.values()].filter(
    ({ instance, state }) => instance !== null && state === 'alive',
  )
  const taken = new Set(living.map(({ file }) => file))
  return [
    ...living.map(process => describeLiving(kernel, process)),
    ...[...kernel.files.keys()]
      .filter(name => !taken.has(name))
      .map(name => describeOther(kernel, name)),
  ]
}

const describeLiving = (kernel: Kernel, process: Process): Found => {
  const file =
    process.file !== null && kernel.files.get(process.file) === process.lines ? process.file : null
  return {
    ...read(kernel, file),
    instance: process.instance ?? '',
    incarnation: file === null ? 0 : process.incarnation,
    state: 'alive',
    foreign: file === null,
    config: process.config,
    ...bodyOf(process),
    appPid: appPidOf(process),
  }
}

const describeOther = (kernel: Kernel, name: string): Found => {
  const lines = kernel.files.get(name) ?? []
  const written = lines.find(line => line.said === 'pid')
  const found = written === undefined ? undefined : kernel.byPid.get(written.pid)
  const held = found?.birth === written?.birth ? found : undefined
  return {
    ...read(kernel, name),
    instance: '',
    incarnation: 0,
    ...parseFileName(name),
    state: held === undefined ? 'gone' : held.state === 'alive' ? 'alive' : 'zombie',
    foreign: false,
    config: held?.state === 'alive' ? held.config : null,
    ...(held === undefined
      ? { pid: written?.pid ?? 0, birth: written?.birth ?? 0, bornAt: 0, pidfd: null }
      : bodyOf(held)),
    appPid: null,
  }
}

const bodyOf = ({ id, pid, birth }: Process) => ({
  pid,
  birth,
  bornAt: birth * 10,
  pidfd: id as Found['pidfd'],
})

const read = (kernel: Kernel, file: string | null) => {
  const lines = file === null ? [] : (kernel.files.get(file) ?? [])
  return sharedBy(lifeOf(file ?? '', { lines, offset: lines.length }), file)
}
