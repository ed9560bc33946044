/** Colours of terminals, and which of our words have one. Whether there are any is for others. */
export type Colour = 'red' | 'green' | 'yellow' | 'blue'

const codes: Readonly<Record<Colour, number>> = { red: 31, green: 32, yellow: 33, blue: 34 }

/** In the manner of the original: bold, in a colour. */
export const paint = (colour: Colour, text: string): string =>
  `\x1b[${codes[colour]}m\x1b[1m${text}\x1b[0m\x1b[22m`

const states: Readonly<Record<string, Colour>> = {
  running: 'green',
  starting: 'yellow',
  waiting: 'yellow',
  readying: 'yellow',
  leaving: 'yellow',
  stopping: 'yellow',
  failed: 'red',
  killing: 'red',
  backoff: 'red',
  lost: 'red',
}

export const colourOfState = (state: string): Colour | null => states[state] ?? null
