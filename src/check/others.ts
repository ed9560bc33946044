/**
 * One sandbox, as it is or is about to be, against all others: what only one of them can have.
 * What is wrong with the others, or between them, is not said here; and of each no more is read
 * than may have to do with this one.
 */
import { readFileText } from '../config/fileText.ts'
import { processesFile, sandboxFile } from '../config/places.ts'
import { readProcesses, readSandbox } from '../config/read.ts'
import type { Process, Sandbox } from '../config/shapes.ts'
import type { Evaluator } from '../evaluate/evaluator.ts'
import type { Finding } from '../evaluate/finding.ts'
import { lookInside } from '../evaluate/inside.ts'
import { listSandboxes } from '../evaluate/listing.ts'
import { imageDirOf } from '../config/places.ts'
import type { Evaluation } from '../evaluate/sandbox.ts'
import type { Settings } from '../evaluate/settings.ts'
import { checkAddressesOfAll } from './addresses.ts'
import type { Addressed } from './addresses.ts'
import { checkPortsOfAll, portsIn } from './ports.ts'

/** Mistakes: two containers cannot have one address. */
export const checkAddressesAgainstOthers = (
  settings: Settings,
  { sandbox, subjects }: Evaluation,
): readonly Finding[] => {
  const bridges = new Set(
    subjects.flatMap(({ subject }) =>
      subject.process.value.ipAddresses.length === 0
        ? []
        : (subject.sandbox.value.bridgedNetwork?.bridge ?? []),
    ),
  )
  if (bridges.size === 0) return []
  const others = othersOf(settings, sandbox, ({ bridgedNetwork }) =>
    bridges.has(bridgedNetwork?.bridge ?? ''),
  ).flatMap(({ processes, ...other }) => processes.map(process => addressed(other, process)))
  return newIn(others, subjects, checkAddressesOfAll)
}

const addressed = (
  { name, file, sandbox, path }: Omit<Other, 'processes'>,
  [processName, value]: readonly [string, Process],
): Addressed => ({
  subject: {
    sandbox: { name, file, value: sandbox },
    process: { name: processName, file: path, value },
  },
})

/** Warnings, as for two processes of one sandbox. */
export const checkPortsAgainstOthers = (
  settings: Settings,
  evaluator: Evaluator,
  { sandbox, subjects }: Evaluation,
): readonly Finding[] => {
  const ports = portsIn(subjects)
  if (ports.length === 0) return []
  const others = othersOf(settings, sandbox, ({ bridgedNetwork }) => bridgedNetwork === null)
    .filter(other => mayUse(other, ports))
    .flatMap(({ name }) => evaluator.sandbox(settings, name).subjects)
  return newIn(others, subjects, all => checkPortsOfAll(all)).filter(
    finding => !checkPortsOfAll(subjects).some(own => isSame(own, finding)),
  )
}

/** A port is written out where it is used, or is a number in another notation. */
const mayUse = ({ path, sandbox, processes }: Other, ports: readonly number[]): boolean => {
  const pattern = new RegExp(`\\b(?:${ports.join('|')})\\b|\\b0[xob]|\\d_\\d`)
  return [path, ...processes.flatMap(([, process]) => containerFile(sandbox, process))].some(file =>
    pattern.test(readFileText(file).value ?? ''),
  )
}

const containerFile = (sandbox: Sandbox, { image, config }: Process): readonly string[] => {
  const found = lookInside(imageDirOf(sandbox, image), config)
  return found.kind === 'found' ? [found.host] : []
}

interface Other {
  readonly name: string
  readonly file: string
  readonly sandbox: Sandbox
  readonly path: string
  readonly processes: readonly (readonly [string, Process])[]
}

/** All others that can be read, and that are of interest. */
const othersOf = (
  settings: Settings,
  self: string,
  isOfInterest: (sandbox: Sandbox) => boolean,
): readonly Other[] =>
  namesIn(settings.places.sandboxesDir)
    .filter(name => name !== self)
    .flatMap(name => {
      const file = sandboxFile(settings.places, name)
      const sandbox = readSandbox(file, readFileText(file).value ?? '').value
      if (sandbox === null || !isOfInterest(sandbox)) return []
      const path = processesFile(settings.places, name, sandbox)
      const { value } = readProcesses(path, readFileText(path).value ?? '')
      return value === null ? [] : [{ name, file, sandbox, path, processes: [...value] }]
    })

const namesIn = (directory: string): readonly string[] => {
  try {
    return listSandboxes(directory)
  } catch {
    // The supervisor says it better.
    return []
  }
}

/** Ours come last, so that what is found is found in ours. */
const newIn = <A>(
  others: readonly A[],
  ours: readonly A[],
  find: (all: readonly A[]) => readonly Finding[],
): readonly Finding[] => {
  const old = find(others)
  return find([...others, ...ours]).filter(finding => !old.some(known => isSame(known, finding)))
}

const isSame = (a: Finding, b: Finding): boolean => JSON.stringify(a) === JSON.stringify(b)
