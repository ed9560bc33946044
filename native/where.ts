/**
 * Where the compiled programs are: beside a bundle (`dist/native` seen from `dist/tree.cjs`) or,
 * when this runs from its sources, in the `dist` of the checkout.
 */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))

export const nativeDir: string =
  [join(here, 'native'), join(here, '..', 'dist', 'native')].find(dir =>
    existsSync(join(dir, 'liblithos.so')),
  ) ?? join(here, 'native')

export const libraryPath: string = join(nativeDir, 'liblithos.so')
export const knotPath: string = join(nativeDir, 'lithos_knot')
/** What `lithos_cmd` becomes. */
export const waitPath: string = join(nativeDir, 'lithos_wait')
export const keepPath: string = join(nativeDir, 'lithos_keep')
/** The way of an ordinary user into a namespace of his own. */
export const rootlessPath: string = join(nativeDir, 'lithos_rootless')

/** The checkout or the installed package, where node_modules may be. */
export const packageDir: string = join(here, '..')
