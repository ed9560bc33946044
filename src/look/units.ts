/** Bytes and spans of time as the original's lithos_ps shows them. */

const [ki, mi, gi] = [1024, 1024 ** 2, 1024 ** 3]

/** `123B`, `1.5kiB`, `12.0MiB`, `1.0GiB`. */
export const sayMemory = (bytes: number): string =>
  bytes < ki
    ? `${bytes}B`
    : bytes < mi
      ? `${(bytes / ki).toFixed(1)}kiB`
      : bytes < gi
        ? `${(bytes / mi).toFixed(1)}MiB`
        : `${(bytes / gi).toFixed(1)}GiB`

export interface Unit {
  readonly name: string
  readonly bytes: number
}

/** One for a whole column, chosen by the largest value in it. */
export const unitFor = (values: readonly number[]): Unit => {
  const largest = Math.max(0, ...values)
  if (largest <= 10 * ki) return { name: 'B', bytes: 1 }
  if (largest <= 10 * mi) return { name: 'kiB', bytes: ki }
  return largest <= 10 * gi ? { name: 'MiB', bytes: mi } : { name: 'GiB', bytes: gi }
}

/** Time of processors: `0.25s`, `5:12.3`, `26:02:03`. */
export const sayCpuTime = (ms: number): string => {
  const s = ms / 1000
  if (s < 60) return `${s.toFixed(2)}s`
  const [hours, minutes] = [Math.floor(s / 3600), Math.floor(s / 60) % 60]
  const two = (value: number): string => String(value).padStart(2, '0')
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(Math.floor(s % 60))}`
    : `${minutes}:${(s % 60).toFixed(1).padStart(4, '0')}`
}
