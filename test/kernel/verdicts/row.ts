/** One sandbox of the table, with one process `p` of one instance in an image of its own. */
export interface Row {
  /** Lines of the sandbox; `$` is the directory of the world. */
  readonly sandbox?: string
  /** In place of the users and groups that are allowed. */
  readonly users?: string
  /** More lines of the process. */
  readonly entry?: string
  /** In place of the whole process file. */
  readonly processes?: string
  /** More lines of the container. */
  readonly container?: string
  /** In place of the program and its arguments. */
  readonly whole?: string
  readonly prepare?: (image: string, root: string) => void
  /** What the check has to say; nothing: it finds no mistake, and the process runs. */
  readonly says?: {
    readonly text: RegExp
    /** It depends on what only the start will show. */
    readonly isWarning?: boolean
    /** It is only warned of, and runs. */
    readonly runs?: boolean
  }
}

/** `text`: what has to be said of it. */
export const bad = (text: RegExp, row: Row): Row => ({ ...row, says: { text } })

export const ids = (key: string, outside = 100000, count = 60000): string =>
  `${key}: [{inside: 0, outside: ${outside}, count: ${count}}]\n`

export const bridged = (bridge = 'br0'): string =>
  `bridged-network:\n  bridge: ${bridge}\n  network: 198.18.0.0/16\n`

/** On the bridge, with more lines of the container and of the sandbox. */
export const at = (address: string, container = '', more = ''): Row => ({
  sandbox: bridged() + more,
  entry: `  ip-addresses: [${address}]\n`,
  container,
})
