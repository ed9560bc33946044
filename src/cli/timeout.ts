/** `--timeout SECONDS`, as all that wait have it. */

const secondsUsual = 60

export const isNoSeconds = (text: string): string | null =>
  /^\d{1,6}$/.test(text) ? null : `Bad value ${JSON.stringify(text)}`

/** Milliseconds. */
export const timeoutOf = (text: string | null, usual = secondsUsual): number =>
  Number(text ?? usual) * 1000

export const sayTimeout = (text: string | null, usual = secondsUsual): string =>
  `within ${text ?? usual} s`
