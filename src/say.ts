/** What is said on the standard error stream outside of commands: by the supervisor itself. */
export const say = (text: string): void => {
  process.stderr.write(text)
}
