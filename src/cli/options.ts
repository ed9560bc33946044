/** Options that several commands have. A file of its own: the supervisor reads settings later. */

export const defaultMaster = '/etc/lithos/master.yaml'

export const configOption = {
  kind: 'value',
  names: ['-C', '--config'],
  metavar: 'FILE',
  help: `master configuration; default: ${defaultMaster}`,
} as const

export const jsonOption = {
  kind: 'flag',
  names: ['--json'],
  help: 'one JSON document instead of text',
} as const
