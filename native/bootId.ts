/** The name of this boot of the machine. Pids and monotonic instants mean nothing in another. */
import { readFileSync } from 'node:fs'

export const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
