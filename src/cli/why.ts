/** `lithos why`: what `lithos journal why` is, in short. */
import { runAs } from './journal/why.ts'

export const run = (argv: readonly string[]): Promise<number> | number => runAs('lithos why', argv)
