/** The file of processes: what runs in a sandbox, from which image, how many times. */
import type { Decoder } from './codec.ts'
import { listOf, mapOf, optional, required, structure } from './codec.ts'
import { anyKey, ipAddress, texts } from './fields.ts'
import { nameProblem } from './names.ts'
import { processPolicyFields } from './policy.ts'
import type { Process, Processes } from './shapes.ts'
import { oneOf, text, wholeNumber } from './words.ts'

/** More than a kernel has process numbers: only a slip of the pen asks for more. */
const INSTANCES_MAX = 4_194_304n

export const process: Decoder<Process> = structure<Process>(
  'the mapping of a process',
  {
    instances: optional(
      wholeNumber(`a number of instances from 0 to ${INSTANCES_MAX}`, 0n, INSTANCES_MAX),
      1,
    ),
    image: required(text('the name of an image')),
    config: required(text('the path of a configuration in the image')),
    variables: optional(mapOf('a mapping of variables to values', anyKey, text('text')), new Map()),
    extraSecretsNamespaces: optional(texts, []),
    ipAddresses: optional(listOf('a list of IP addresses', ipAddress), []),
    kind: optional(oneOf<Process['kind']>(['Daemon', 'Command']), 'Daemon'),
    ...processPolicyFields,
  },
  { wrongKeys: { 'ip-address': 'the key is "ip-addresses", a list with one for each instance' } },
)

export const processes: Decoder<Processes> = mapOf(
  'a mapping of process names to processes',
  nameProblem,
  process,
)
