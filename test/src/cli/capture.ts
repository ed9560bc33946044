/** Runs a command in this process, and keeps what it says instead of printing it. */
export interface Said {
  readonly code: number
  readonly out: string
  readonly err: string
}

type Run = (argv: string[]) => Promise<number> | number

export const capture = async (run: Run, argv: readonly string[]): Promise<Said> => {
  const said = { out: '', err: '' }
  const { stdout, stderr } = process
  const before = { out: stdout.write, err: stderr.write }
  stdout.write = ((text: string) => ((said.out += text), true)) as typeof stdout.write
  stderr.write = ((text: string) => ((said.err += text), true)) as typeof stderr.write
  try {
    return { code: await run([...argv]), ...said }
  } finally {
    stdout.write = before.out
    stderr.write = before.err
  }
}
