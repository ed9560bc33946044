/**
 * Where everything is: the paths of the master file made absolute. Directories of configuration
 * lie beside the master file, run-time state below `runtime-dir`, logs below `default-log-dir`.
 * Paths are joined as text: `..` is left to the kernel, which knows about symbolic links.
 */
import { dirname, resolve } from 'node:path'
import type { Master, Sandbox } from './shapes.ts'

export interface Places {
  readonly masterFile: string
  readonly sandboxesDir: string
  readonly processesDir: string
  readonly runtimeDir: string
  readonly stateDir: string
  readonly mountDir: string
  readonly devfsDir: string
  readonly defaultLogDir: string
  /** Null: what was configured is not logged. */
  readonly configLogDir: string | null
  readonly stdioLogDir: string
  readonly logFile: string
  /** Null: there is no archive. */
  readonly journalDir: string | null
  readonly pidFile: string
}

/** `workingDir` is what relative paths without a home are relative to. */
export const placesOf = (master: Master, masterFile: string, workingDir: string): Places => {
  const file = below(workingDir, masterFile)
  const home = dirname(file)
  const runtimeDir = below(workingDir, master.runtimeDir)
  const defaultLogDir = below(workingDir, master.defaultLogDir)
  return {
    masterFile: file,
    sandboxesDir: below(home, master.sandboxesDir),
    processesDir: below(home, master.processesDir),
    runtimeDir,
    stateDir: below(runtimeDir, master.stateDir),
    mountDir: below(runtimeDir, master.mountDir),
    devfsDir: below(workingDir, master.devfsDir),
    defaultLogDir,
    configLogDir: master.configLogDir === null ? null : below(workingDir, master.configLogDir),
    stdioLogDir: below(workingDir, master.stdioLogDir),
    logFile: below(defaultLogDir, master.logFile),
    journalDir: master.journalDir === null ? null : below(defaultLogDir, master.journalDir),
    pidFile: below(runtimeDir, 'master.pid'),
  }
}

/** Those that a start makes where they are missing, in this order; `what` is its word for each. */
export const madeDirectories = (
  places: Places,
): readonly { readonly key: string; readonly what: string; readonly path: string }[] => [
  { key: 'runtime-dir', what: 'runtime-dir', path: places.runtimeDir },
  { key: 'state-dir', what: 'state-dir', path: places.stateDir },
  { key: 'mount-dir', what: 'mount-dir', path: places.mountDir },
  { key: 'default-log-dir', what: 'log dir', path: places.defaultLogDir },
  ...(places.configLogDir === null
    ? []
    : [{ key: 'config-log-dir', what: 'configuration log dir', path: places.configLogDir }]),
  { key: 'stdio-log-dir', what: 'stdio log dir', path: places.stdioLogDir },
]

/** What is cleaned out, or mounted over, must not be where something else is kept. */
export const sharedDirectory = (
  places: Places,
): { readonly key: string; readonly text: string } | null => {
  const found = [
    { key: 'state-dir', path: places.stateDir, other: 'runtime-dir', its: places.runtimeDir },
    { key: 'mount-dir', path: places.mountDir, other: 'runtime-dir', its: places.runtimeDir },
    { key: 'mount-dir', path: places.mountDir, other: 'state-dir', its: places.stateDir },
  ].find(({ path, its }) => resolve(path) === resolve(its))
  return found === undefined
    ? null
    : {
        key: found.key,
        text: `${found.key} and ${found.other} are the same directory, ${found.its}`,
      }
}

export const sandboxFile = (places: Places, name: string): string =>
  below(places.sandboxesDir, `${name}.yaml`)

export const processesFile = (places: Places, name: string, sandbox: Sandbox): string =>
  below(places.processesDir, sandbox.configFile ?? `${name}.yaml`)

/** What the knots of a sandbox say. */
export const sandboxLogFile = (places: Places, name: string, sandbox: Sandbox): string =>
  below(places.defaultLogDir, sandbox.logFile ?? `${name}.log`)

/** What the applications of a sandbox print. */
export const outputLogFile = (places: Places, name: string): string =>
  below(places.stdioLogDir, `${name}.log`)

export const imageDirOf = (sandbox: Sandbox, image: string): string =>
  below(sandbox.imageDir, image)

export const below = (base: string, path: string): string => {
  if (path.startsWith('/')) return path
  const rest = path.replace(/^(?:\.\/+)+/, '')
  if (rest === '' || rest === '.') return base
  return base.endsWith('/') ? base + rest : `${base}/${rest}`
}
