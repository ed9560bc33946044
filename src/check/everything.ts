/**
 * The whole check: what the supervisor would ask, and what it would stumble over later. It reads
 * and never changes anything; what it finds is a list of problems, in the order of the files.
 */
import { existsSync } from 'node:fs'
import { listeners } from '../../native/listeners.ts'
import type { Listener } from '../../native/listeners.ts'
import { readContainer } from '../config/read.ts'
import { readFileText } from '../config/fileText.ts'
import { sandboxFile } from '../config/places.ts'
import type { Problem } from '../config/shapes.ts'
import { createEvaluator } from '../evaluate/evaluator.ts'
import type { Evaluator } from '../evaluate/evaluator.ts'
import { mistake } from '../evaluate/finding.ts'
import type { Finding } from '../evaluate/finding.ts'
import type { Alternate } from '../evaluate/gather.ts'
import { locate, textsOf } from '../evaluate/locate.ts'
import { tidy } from '../evaluate/order.ts'
import { checkContainer } from '../evaluate/references.ts'
import type { Evaluation } from '../evaluate/sandbox.ts'
import type { Settings } from '../evaluate/settings.ts'
import { checkAddressesOfAll, checkBridge, checkOddAddresses } from './addresses.ts'
import { checkGround } from './ground.ts'
import { checkDevices, checkFileLimits, checkMasks } from './host.ts'
import { inspectImage } from './image.ts'
import { checkHosts } from './hosts.ts'
import { checkKernelBounds } from './kernelBounds.ts'
import { checkLogFile } from './logFiles.ts'
import { checkMapsOfAll } from './maps.ts'
import { checkAddressesAgainstOthers } from './others.ts'
import { checkOwnership } from './ownership.ts'
import { checkPortsOfAll } from './ports.ts'
import { checkDecryption, inspectSecretFiles } from './secrets.ts'
import { checkStateDirs } from './stateDirs.ts'
import { checkTaken } from './taken.ts'

export interface Asked {
  readonly masterFile: string
  /** A process configuration to be used instead of that of one sandbox. */
  readonly alternate: { readonly sandbox: string; readonly file: string } | null
  /** Programs that the supervisor needs. */
  readonly programs: readonly string[]
  readonly now: () => number
  /** Absent: those of the network that we are in. */
  readonly listeners?: () => readonly Listener[]
}

export const checkEverything = (asked: Asked): readonly Problem[] => {
  const missing = asked.programs
    .filter(program => !existsSync(program))
    .map(program => unplaced(`Can't find ${program}: run npm run build`))
  const evaluator = createEvaluator(asked.masterFile, asked.now)
  const { value: settings, problems } = evaluator.settings()
  if (settings === null) return [...missing, ...problems]

  const { names, problems: listing } = evaluator.sandboxes(settings)
  const evaluations = (names ?? []).map(name =>
    evaluator.sandbox(settings, name, alternateFor(asked, name)),
  )
  return tidy([
    ...missing,
    ...problems,
    ...locate(checkDevices(settings.file, settings.places.devfsDir)),
    ...locate(checkGround(settings)),
    ...listing,
    ...evaluations.flatMap(evaluation => [
      ...evaluation.problems,
      ...locate(checkFurther(settings, evaluation)),
    ]),
    ...locate(checkPortsOfAll(evaluations.flatMap(({ subjects }) => subjects))),
    ...locate(
      checkTaken(
        asked.masterFile,
        evaluations.flatMap(({ subjects }) => subjects),
        asked.listeners ?? listeners,
      ),
    ),
    ...locate(checkAddressesOfAll(evaluations.flatMap(({ subjects }) => subjects))),
    ...locate(checkMapsOfAll(evaluations.flatMap(({ subjects }) => subjects))),
    ...checkOwnership(filesOf(settings, evaluations)),
    ...unusedAlternate(asked, names),
  ])
}

/**
 * All that concerns one sandbox, as it is or is about to be. Of the others only the addresses are
 * read, and only where it has some itself; what is wrong with them is no concern of it.
 */
export const checkSandbox = (
  settings: Settings,
  evaluator: Evaluator,
  sandbox: string,
  alternate?: Alternate,
): { readonly problems: readonly Problem[]; readonly evaluation: Evaluation } => {
  const evaluation = evaluator.sandbox(settings, sandbox, alternate)
  const texts = alternate === undefined ? undefined : textsOf(alternate)
  const problems = tidy([
    ...locate(checkDevices(settings.file, settings.places.devfsDir)),
    ...evaluation.problems,
    ...locate(checkFurther(settings, evaluation), texts),
    ...locate(checkPortsOfAll(evaluation.subjects), texts),
    ...locate(checkAddressesAgainstOthers(settings, evaluation), texts),
    ...checkOwnership([settings.file, sandboxFile(settings.places, sandbox)]),
  ])
  return { problems, evaluation }
}

/** "Offline": one container configuration, and nothing else. */
export const checkContainerFile = (file: string): readonly Problem[] => {
  const text = readFileText(file)
  if (text.value === null) return text.problems
  const { value, problems } = readContainer(file, text.value)
  return value === null ? problems : [...problems, ...locate(checkContainer(file, value))]
}

/** A problem of the call, or of the installation: of no file. */
export const unplaced = (message: string): Problem => ({
  file: '',
  line: null,
  column: null,
  severity: 'error',
  message,
})

const checkFurther = (
  settings: Settings,
  { sandbox, subjects }: Evaluation,
): readonly Finding[] => [
  ...checkAllowed(settings, sandbox, subjects),
  ...subjects.flatMap(inspectImage),
  ...subjects.flatMap(checkKernelBounds),
  ...subjects.flatMap(checkDecryption),
  ...subjects.flatMap(inspectSecretFiles),
  ...checkFileLimits(subjects),
  ...checkStateDirs(subjects),
  ...checkLogFile(settings, subjects),
  ...checkMasks(subjects),
  ...subjects.flatMap(({ subject }) => checkHosts(subject)),
  ...checkBridge(subjects),
  ...subjects.flatMap(checkOddAddresses),
]

/** Said once for a sandbox, however many processes are refused for it. */
const checkAllowed = (
  settings: Settings,
  name: string,
  subjects: Evaluation['subjects'],
): readonly Finding[] => {
  const [first] = subjects
  if (first === undefined) return []
  const { allowUsers, allowGroups } = first.subject.sandbox.value
  const file = sandboxFile(settings.places, name)
  const empty = (kind: 'users' | 'groups'): Finding =>
    mistake(
      file,
      [`allow-${kind}`],
      `No allowed ${kind} range. Please add \`allow-${kind}: [1-1000]\``,
    )
  return [
    ...(allowUsers.length === 0 ? [empty('users')] : []),
    ...(allowGroups.length === 0 ? [empty('groups')] : []),
  ]
}

const alternateFor = ({ alternate }: Asked, sandbox: string): Alternate | undefined =>
  alternate?.sandbox === sandbox ? { file: alternate.file, text: null } : undefined

const unusedAlternate = (
  { alternate }: Asked,
  names: readonly string[] | null,
): readonly Problem[] =>
  alternate === null || names === null || names.includes(alternate.sandbox)
    ? []
    : [unplaced(`Tree "${alternate.sandbox}" is not used: there is no sandbox of this name`)]

const filesOf = (settings: Settings, evaluations: readonly Evaluation[]): readonly string[] => [
  settings.file,
  ...evaluations.flatMap(({ sandbox, subjects }) => [
    sandboxFile(settings.places, sandbox),
    ...subjects.map(({ subject }) => subject.process.file),
  ]),
]
