/**
 * Everything that is read for one sandbox: its file, its processes, and the configuration in the
 * image of each. Nothing is judged here but whether there is something to read.
 */
import { existsSync } from 'node:fs'
import { below, imageDirOf, processesFile, sandboxFile } from '../config/places.ts'
import { readContainer, readProcesses, readSandbox } from '../config/read.ts'
import type { Decoded } from '../config/report.ts'
import type { Container, Process, Processes, Sandbox } from '../config/shapes.ts'
import type { Files } from './files.ts'
import { mistake } from './finding.ts'
import type { Finding } from './finding.ts'
import { lookInside } from './inside.ts'
import type { Texts } from './locate.ts'
import { checkProcess } from './names.ts'
import { gainSecrets } from './secretFile.ts'
import type { SecretFile } from './secretFile.ts'
import type { Settings } from './settings.ts'
import { here } from '../../native/here.ts'

export interface Gathered {
  readonly name: string
  readonly file: string
  readonly sandbox: Decoded<Sandbox>
  readonly processesFile: string | null
  readonly processes: Decoded<Processes> | null
  readonly containers: readonly Gained[]
  readonly texts: Texts
}

/** What there is for one process, or why there is nothing. */
export interface Gained {
  readonly name: string
  readonly process: Process
  readonly findings: readonly Finding[]
  /** The root of the image, and the file in it, on the host. */
  readonly image: string
  readonly file: string
  readonly container: Decoded<Container> | null
  /** What `secret-environ-file` names, where it names anything. */
  readonly secretFile: SecretFile | null
}

/** A process configuration instead of the one that the sandbox names; null: to be read. */
export interface Alternate {
  readonly file: string
  readonly text: string | null
}

export const gather = (
  settings: Settings,
  name: string,
  files: Files,
  alternate?: Alternate,
  /** Of one process only. */
  only?: string,
): Gathered => {
  const file = sandboxFile(settings.places, name)
  const sandbox = files.read(file, readSandbox)
  const { value } = sandbox
  const texts = alternate?.text == null ? new Map() : new Map([[alternate.file, alternate.text]])
  const nothing = { processesFile: null, processes: null, containers: [] }
  if (value === null) return { name, file, sandbox, texts, ...nothing }

  const path = alternate?.file ?? processesFile(settings.places, name, value)
  const processes =
    alternate?.text == null ? files.read(path, readProcesses) : readProcesses(path, alternate.text)
  const containers = [...(processes.value ?? [])]
    .filter(([processName]) => only === undefined || processName === only)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([processName, process]) => gain(path, processName, process, name, value, files))
  return { name, file, sandbox, texts, processesFile: path, processes, containers }
}

const gain = (
  file: string,
  name: string,
  process: Process,
  sandboxName: string,
  sandbox: Sandbox,
  files: Files,
): Gained => {
  const image = below(here(), imageDirOf(sandbox, process.image))
  const refused = (findings: readonly Finding[]): Gained => ({
    ...{ name, process, findings, image },
    ...{ file: '', container: null, secretFile: null },
  })
  const findings = checkProcess(file, name, process, sandboxName, sandbox.imageDirLevels)
  if (findings.length > 0) return refused(findings)

  // As the container would find it: no link in the image leads out of it.
  const found = lookInside(image, process.config)
  if (found.kind === 'found') {
    const container = files.read(found.host, readContainer)
    const secrets = gainSecrets({ image, config: process.config, file: found.host }, sandbox, {
      container: container.value,
      files,
    })
    return { name, process, image, file: found.host, container, ...secrets }
  }
  const reason = found.kind === 'missing' ? `${found.at} ${found.reason}` : 'it is not there'
  return refused([
    existsSync(image)
      ? mistake(
          file,
          [name, 'config'],
          `Can't read container config ${process.config} of ${name} in ${image}: ${reason}`,
        )
      : mistake(file, [name, 'image'], `The image of ${name} is not there: no directory ${image}`),
  ])
}

/** Files that have not changed are decoded once, so it is enough to compare what came of them. */
export const isSame = (a: Gathered, b: Gathered): boolean =>
  a.sandbox === b.sandbox &&
  a.processes === b.processes &&
  a.processesFile === b.processesFile &&
  a.containers.length === b.containers.length &&
  a.containers.every(({ container, secretFile }, index) => {
    const other = b.containers[index]
    return container === other?.container && secretFile?.content === other?.secretFile?.content
  })
