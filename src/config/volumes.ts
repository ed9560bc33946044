/** What is mounted into a container, and how. */
import type { Decoder } from './codec.ts'
import { byTag, mapOf, optional, structure } from './codec.ts'
import { MAX_64, ownerId } from './fields.ts'
import { containedPath, mountPointRule } from './paths.ts'
import type { Volume } from './shapes.ts'
import { flag, mapped, wholeNumber } from './words.ts'

type Persistent = Extract<Volume, { kind: 'Persistent' }>
type Tmpfs = Extract<Volume, { kind: 'Tmpfs' }>
type Statedir = Extract<Volume, { kind: 'Statedir' }>

const MODE_DEFAULT = 0o777
const TMPFS_SIZE_DEFAULT = 100 * 1024 * 1024

const volumePath = containedPath('an absolute path')

/** No set-uid and set-gid bits. `755` without its `0o` is a decimal number; `concerns.ts` warns. */
const mode = wholeNumber('a file mode from 0 to 0o1777, written as 0o755', 0n, 0o1777n, source =>
  /^[0-7]{4}$/.test(source) ? `it is a decimal number; write 0o${source}` : null,
)

const readonly: Decoder<Volume> = mapped(
  containedPath('an absolute path after !Readonly'),
  path => ({ kind: 'Readonly', path }),
)

const persistent: Decoder<Volume> = mapped(
  structure<Omit<Persistent, 'kind'>>(
    'a mapping of path, mkdir, mode, user and group',
    {
      path: optional(volumePath, '/'),
      mkdir: optional(flag, false),
      mode: optional(mode, MODE_DEFAULT),
      user: optional(ownerId, 0),
      group: optional(ownerId, 0),
    },
    { shorthand: 'path' },
  ),
  fields => ({ kind: 'Persistent', ...fields }),
)

const tmpfs: Decoder<Volume> = mapped(
  structure<Omit<Tmpfs, 'kind'>>(
    'a mapping of size and mode',
    {
      size: optional(
        wholeNumber('a number of bytes such as 100Mi', 0n, MAX_64),
        TMPFS_SIZE_DEFAULT,
      ),
      mode: optional(mode, MODE_DEFAULT),
    },
    { shorthand: 'size' },
  ),
  fields => ({ kind: 'Tmpfs', ...fields }),
)

const statedir: Decoder<Volume> = mapped(
  structure<Omit<Statedir, 'kind'>>(
    'a mapping of path, mode, user and group',
    {
      path: optional(volumePath, '/'),
      mode: optional(mode, MODE_DEFAULT),
      user: optional(ownerId, 0),
      group: optional(ownerId, 0),
    },
    { shorthand: 'path' },
  ),
  fields => ({ kind: 'Statedir', ...fields }),
)

export const volumes = mapOf(
  'a mapping of mount points to volumes',
  mountPointRule,
  byTag<Volume>('a volume', {
    Readonly: readonly,
    Persistent: persistent,
    Tmpfs: tmpfs,
    Statedir: statedir,
  }),
)
