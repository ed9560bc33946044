/**
 * How much check, clean and switch say on standard error: RUST_LOG, as the original's logger reads
 * it. Of a value that speaks of other programs only, nothing is taken; exit codes do not change.
 */

const levels = ['off', 'error', 'warn', 'info', 'debug', 'trace']

export const isHeard = (
  command: string,
  level: 'error' | 'warn',
  rustLog = process.env['RUST_LOG'],
): boolean => levels.indexOf(level) <= loudnessOf(command, rustLog ?? '')

const usual = levels.indexOf('warn')

/** `off`, or `warn,lithos_check=error`; what stands behind a slash is about the text. */
const loudnessOf = (command: string, rustLog: string): number => {
  const [directives = ''] = rustLog.split('/', 1)
  let [forAll, forUs]: (number | null)[] = [null, null]
  for (const directive of directives.split(',').map(part => part.trim())) {
    const [name = '', level] = directive.split('=')
    const alone = levels.indexOf(name.toLowerCase())
    if (level === undefined && alone >= 0) forAll = alone
    if (name === command) forUs = level === undefined ? levels.length : levelOf(level)
  }
  return forUs ?? forAll ?? usual
}

const levelOf = (text: string): number => {
  const level = levels.indexOf(text.trim().toLowerCase())
  return level < 0 ? usual : level
}
