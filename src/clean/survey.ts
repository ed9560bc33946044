/**
 * What is used and what is not, of all directories of images that may be cleaned. A directory of
 * which anything is in doubt is left alone as a whole.
 */
import { readFileSync } from 'node:fs'
import { below, imageDirOf, processesFile, sandboxFile } from '../config/places.ts'
import { readFileText } from '../config/fileText.ts'
import { readProcesses, readSandbox } from '../config/read.ts'
import { sayProblem } from '../config/report.ts'
import type { Decoded } from '../config/report.ts'
import type { Sandbox } from '../config/shapes.ts'
import { hasLevels } from '../evaluate/names.ts'
import { listSandboxes } from '../evaluate/listing.ts'
import type { Settings } from '../evaluate/settings.ts'
import { quote } from '../quote.ts'
import { readHistory } from './configHistory.ts'
import type { Limits } from './configHistory.ts'
import { identityOf } from './inUse.ts'
import { isRecent, scan } from './scan.ts'
import { here } from '../../native/here.ts'

export interface Wish extends Limits {
  /** Milliseconds since 1970: what was made later is left alone. Null: nothing is. */
  readonly recentSince: number | null
}

export interface Survey {
  /** Paths, in order. */
  readonly used: readonly string[]
  readonly unused: readonly string[]
  /** What earlier removals have left half done. */
  readonly doomed: readonly string[]
  /** Logs in which nothing counts any more. */
  readonly logs: readonly string[]
  /** Directories that are left alone as a whole. */
  readonly excluded: readonly string[]
  readonly warnings: readonly string[]
}

/** `inUse`: identities of directories, see inUse.ts. `fatal`: nothing may be concluded at all. */
export const surveyImages = (
  settings: Settings,
  wish: Wish,
  inUse: ReadonlySet<string>,
): Survey | { readonly fatal: readonly string[] } => {
  const read = readSandboxes(settings, wish)
  const fatal = read.flatMap(sandbox => ('fatal' in sandbox ? sandbox.fatal : []))
  if (fatal.length > 0) return { fatal }
  const sandboxes = read.filter((sandbox): sandbox is Told => !('fatal' in sandbox))

  const warnings = sandboxes.flatMap(({ warnings }) => warnings)
  const used = new Set(sandboxes.flatMap(({ used }) => used))
  const usedIdentities = new Set([...inUse, ...[...used].flatMap(path => identityOf(path) ?? [])])
  const kept = [...used, ...sandboxes.map(({ directory }) => directory)]
  const holdsMore = (image: string): boolean => kept.some(path => path.startsWith(`${image}/`))
  const unused: string[] = []
  const doomed: string[] = []
  const excluded: string[] = []

  for (const [directory, sharing] of byDirectory(sandboxes)) {
    if (!sharing.some(({ autoClean }) => autoClean)) continue
    const doubts = doubtsAbout(directory, sharing)
    if (doubts.length > 0) {
      excluded.push(directory)
      warnings.push(
        ...doubts,
        `Can't reliably find out used images in the directory ${quote(directory)}`,
      )
      continue
    }
    try {
      const found = scan(directory, sharing[0]?.levels ?? 1)
      doomed.push(...found.doomed)
      for (const image of found.images) {
        const identity = identityOf(image)
        // Another directory of images may lie in this one.
        if (used.has(image) || holdsMore(image)) continue
        if (identity === null || usedIdentities.has(identity)) used.add(image)
        else if (wish.recentSince === null || !isRecent(image, wish.recentSince)) unused.push(image)
      }
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      warnings.push(
        code === 'ENOENT'
          ? `Directory ${quote(directory)} does not exists`
          : `Can't list the directory ${quote(directory)}: ${message}`,
      )
    }
  }
  const logs = sandboxes.flatMap(({ logs }) => logs)
  return { used: [...used].sort(), unused, doomed, logs, excluded, warnings }
}

// ---------------------------------------------------------------------------
// One sandbox
// ---------------------------------------------------------------------------

interface Told {
  readonly directory: string
  readonly levels: number
  readonly autoClean: boolean
  readonly used: readonly string[]
  readonly logs: readonly string[]
  readonly warnings: readonly string[]
  /** Why the directory is to be left alone. */
  readonly doubts: readonly string[]
}

type SandboxRead = Told | { readonly fatal: readonly string[] }

const readSandboxes = (settings: Settings, wish: Wish): readonly SandboxRead[] => {
  try {
    return listSandboxes(settings.places.sandboxesDir).map(name => tell(settings, name, wish))
  } catch (error) {
    const { message } = error as Error
    return [{ fatal: [`Can't read dir ${quote(settings.places.sandboxesDir)}: ${message}`] }]
  }
}

const tell = (settings: Settings, name: string, wish: Wish): SandboxRead => {
  const file = sandboxFile(settings.places, name)
  const sandbox = decode(file, readSandbox)
  if (sandbox.value === null) return { fatal: sandbox.problems.map(sayProblem) }
  const { value } = sandbox
  const directory = below(here(), value.imageDir)
  const path = processesFile(settings.places, name, value)
  const processes = decode(path, readProcesses)
  if (processes.value === null && identityOf(path) !== null)
    return { fatal: processes.problems.map(sayProblem) }

  const current = [...(processes.value?.values() ?? [])].map(({ image }) => image)
  const history = historyOf(settings, name, value, wish)
  const absolute = (image: string): string => below(here(), imageDirOf(value, image))
  return {
    directory,
    levels: value.imageDirLevels,
    autoClean: value.autoClean,
    used: [...new Set([...current, ...history.images].map(absolute))],
    logs: value.autoClean ? history.logs : [],
    warnings: history.warnings,
    doubts: history.doubts,
  }
}

const decode = <T>(file: string, read: (file: string, text: string) => Decoded<T>): Decoded<T> => {
  const text = readFileText(file)
  return text.value === null ? { value: null, problems: text.problems } : read(file, text.value)
}

interface Past {
  readonly images: readonly string[]
  readonly logs: readonly string[]
  readonly warnings: readonly string[]
  readonly doubts: readonly string[]
}

const historyOf = (settings: Settings, name: string, sandbox: Sandbox, wish: Wish): Past => {
  const { usedImagesList, imageDirLevels } = sandbox
  const { configLogDir } = settings.places
  if (usedImagesList !== null) return readList(usedImagesList, imageDirLevels)
  if (configLogDir !== null) {
    const { images, unneeded, problems } = readHistory(configLogDir, name, wish)
    return { images: [...images], logs: unneeded, warnings: [], doubts: problems }
  }
  const doubt =
    `Neither \`config-log-dir\` nor \`used-images-list\` is set for sandbox ${quote(name)}. ` +
    "Can't clean images."
  return { images: [], logs: [], warnings: [], doubts: [doubt] }
}

const readList = (file: string, levels: number): Past => {
  const nothing = { images: [], logs: [], warnings: [], doubts: [] }
  try {
    const names = readFileSync(file, 'utf8')
      .split('\n')
      .map(line => line.trim())
      .filter(line => line !== '')
    const warnings = names
      .filter(image => !hasLevels(image, levels))
      .map(image => `Image name ${quote(image)} from file ${quote(file)} is invalid`)
    return { ...nothing, images: names.filter(image => hasLevels(image, levels)), warnings }
  } catch (error) {
    const { message } = error as Error
    return { ...nothing, doubts: [`Can't read image list ${quote(file)}: ${message}`] }
  }
}

// ---------------------------------------------------------------------------
// Sandboxes that share a directory
// ---------------------------------------------------------------------------

/** By identity, so that two paths to one directory are one. */
const byDirectory = (sandboxes: readonly Told[]): ReadonlyMap<string, readonly Told[]> => {
  const names = new Map<string, string>()
  const groups = new Map<string, Told[]>()
  for (const sandbox of sandboxes) {
    const { directory } = sandbox
    const identity = identityOf(directory) ?? directory
    const name = names.get(identity) ?? directory
    names.set(identity, name)
    groups.set(name, [...(groups.get(name) ?? []), sandbox])
  }
  return groups
}

const doubtsAbout = (directory: string, sharing: readonly Told[]): readonly string[] => [
  ...(sharing.some(({ autoClean }) => !autoClean)
    ? [`Conflicting \`auto-clean\` setting for ${quote(directory)}`]
    : []),
  ...(new Set(sharing.map(({ levels }) => levels)).size > 1
    ? [`Conflicing image dir levels for ${quote(directory)}`]
    : []),
  ...sharing.flatMap(({ doubts }) => doubts),
]
