/**
 * lithos_switch: not part of this version yet, and says so instead of failing in some other way.
 */
export const run = (): number => {
  process.stderr.write('lithos_switch: not part of this version yet\n')
  return 2
}
