/** `--timeout SECONDS`, as all that wait have it. */

const secondsUsual = 60

export const isNoSeconds = (text: string): string | null =>
  /^\d{1,6}s?$/.test(text)
    ? null
    : `Bad value ${JSON.stringify(text)}: expected a whole number of seconds`

/** Milliseconds. */
export const timeoutOf = (text: string | null, usual = secondsUsual): number =>
  Number.parseInt(text ?? String(usual), 10) * 1000

export const sayTimeout = (text: string | null, usual = secondsUsual): string =>
  `within ${timeoutOf(text, usual) / 1000} s`
