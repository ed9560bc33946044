/** Addresses as text, in the one spelling that all of us use: equal ones are equal texts. */

/** The longest run of zeros, two at least, is `::`; the first of equals. */
export const writeGroups = (groups: readonly number[]): string => {
  const isMapped = groups.slice(0, 5).every(group => group === 0) && groups[5] === 0xffff
  if (isMapped) {
    const [high = 0, low = 0] = groups.slice(6)
    return `::ffff:${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
  }
  const { start, length } = longestZeros(groups)
  const write = (some: readonly number[]): string => some.map(one => one.toString(16)).join(':')
  return length < 2
    ? write(groups)
    : `${write(groups.slice(0, start))}::${write(groups.slice(start + length))}`
}

const longestZeros = (groups: readonly number[]): { start: number; length: number } => {
  let best = { start: 0, length: 0 }
  let start = 0
  groups.forEach((group, index) => {
    if (group !== 0) start = index + 1
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start }
  })
  return best
}

export const placeOf = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

/** What a listening TCP socket is known by. */
export const keyOf = (host: string, port: number): string => `tcp:${placeOf(host, port)}`

/** The number of an address, as two of 64 bits. */
export const halves = ({ bits }: { readonly bits: bigint }): readonly bigint[] => [
  bits >> 64n,
  bits & (2n ** 64n - 1n),
]
