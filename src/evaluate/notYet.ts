/**
 * What is read and checked but cannot be started yet. One table, so that nothing is started
 * without what it was promised; it ends where the last row goes.
 */
import type { Container, Sandbox } from '../config/shapes.ts'
import { mistake } from './finding.ts'
import type { Finding } from './finding.ts'
import type { Subject } from './subject.ts'

const inSandbox: readonly (readonly [key: string, isUsed: (sandbox: Sandbox) => boolean])[] = [
  ['uid-map', ({ uidMap }) => uidMap.length > 0],
  ['gid-map', ({ gidMap }) => gidMap.length > 0],
  ['bridged-network', ({ bridgedNetwork }) => bridgedNetwork !== null],
]

const inContainer: readonly (readonly [key: string, isUsed: (container: Container) => boolean])[] =
  [
    ['uid-map', ({ uidMap }) => uidMap.length > 0],
    ['gid-map', ({ gidMap }) => gidMap.length > 0],
  ]

export const notYetInSandbox = (file: string, sandbox: Sandbox): readonly Finding[] =>
  inSandbox.filter(([, isUsed]) => isUsed(sandbox)).map(([key]) => notYet(file, [key], key))

export const notYetInContainer = ({ container: { file, value } }: Subject): readonly Finding[] =>
  inContainer.filter(([, isUsed]) => isUsed(value)).map(([key]) => notYet(file, [key], key))

const notYet = (file: string, path: readonly string[], key: string): Finding =>
  mistake(file, path, `\`${key}\` is not supported by this version yet`)
