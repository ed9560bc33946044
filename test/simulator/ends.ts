/** What is promised of ends: each is told once, truly, and of the very life that it was. */
import type { InputOf } from '../../machines/vocabulary.ts'
import { fileName } from '../../native/statusFile.ts'
import type { Kernel, Process } from './kernel.ts'
import type { Ledger } from './ledger.ts'

export interface Ends {
  readonly tellsTruly: (input: InputOf<'knot.exited'>, isInFile: boolean) => void
  readonly tellsRefusal: (input: InputOf<'knot.refused'>, isInFile: boolean) => void
  readonly adoptsItsOwn: (input: InputOf<'knot.adopted'>) => void
  /** What was told may be told again. */
  readonly forget: () => void
}

type Fail = (promise: string, what: string) => void

export const createEnds = (kernel: Kernel, ledger: Ledger, fail: Fail): Ends => {
  const { lives, told, excused, terms } = ledger
  /** What was told of them was forgotten, or could not be written: it may be told again. */
  const forgotten = new Set<Process>()

  /** Each end is told once, only of what has ended, and truly. */
  const tellsTruly = (input: InputOf<'knot.exited'>, isInFile: boolean): void => {
    const { instance, incarnation, pid, status } = input
    const known = lives.get(fileName(instance, incarnation))
    // Those of the original have no number: then the pid says which one is meant.
    const isMeant = incarnation > 0 || (known?.pid === pid && known.state !== 'alive')
    const process = isMeant ? known : (kernel.latest(instance, pid, 'ended') ?? known)
    if (process === undefined) return fail('exit status', `${instance} ends, which never lived`)
    const { state: now, status: truth, exited, isChild } = process
    if (now === 'alive') fail('exit status', `the end of ${instance} ${pid} is told, but it lives`)
    if (told.has(process) && !forgotten.has(process))
      fail('exit status', `the end of ${instance} ${pid} is told twice`)
    told.add(process)
    if (!isInFile) forgotten.add(process)
    if (status !== null && status !== truth)
      fail('exit status', `${instance} ${pid} ended with ${truth}, told is ${status}`)
    if (excused.has(process) || !isFindable(process)) return
    if (status === null && isChild && now === 'zombie')
      fail('exit status', `${instance} ${pid} ended with ${truth}, which is not told`)
    const app = exited === null || exited.started === 0 ? undefined : exited.status
    if (input.app !== app && (input.app !== undefined || process.file !== null))
      fail('exit status', `the application of ${instance} ended with ${app}, told: ${input.app}`)
  }

  const fileLost = kernel.lostFiles

  /** Without its file, or its pid in there, nobody can find a zombie. */
  const isFindable = ({ file, lines }: Process): boolean =>
    file === null || (!fileLost.has(lines) && lines.some(({ said }) => said === 'pid'))

  const tellsRefusal = (input: InputOf<'knot.refused'>, isInFile: boolean): void => {
    const { instance, incarnation } = input
    const process = lives.get(fileName(instance, incarnation))
    if (process === undefined) return
    // Of a knot without its file nobody can know which life it is.
    if (fileLost.has(process.lines)) return void excused.add(process)
    if (process.state === 'alive')
      fail('exit status', `${instance} ${process.pid} is told to be refused, but it lives`)
    if (told.has(process) && !forgotten.has(process))
      fail('exit status', `the end of ${instance} is told twice`)
    told.add(process)
    if (!isInFile) forgotten.add(process)
  }

  /** Only a living knot of that very name is ever adopted. */
  const adoptsItsOwn = (input: InputOf<'knot.adopted'>): void => {
    const { instance, incarnation, pid, birth } = input
    const process = kernel.processes.findLast(
      process => process.pid === pid && process.birth === birth,
    )
    if (process === undefined || process.instance !== instance)
      return fail('adopts its own', `${instance} is said to be ${pid}, which is another process`)
    process.isSpare = false
    const key = fileName(instance, incarnation)
    if (lives.get(key) !== process) terms.delete(key)
    lives.set(key, process)
  }

  const forget = (): void => {
    for (const process of told) forgotten.add(process)
  }

  return { tellsTruly, tellsRefusal, adoptsItsOwn, forget }
}
