/**
 * From configuration to container, for tests: files on disk, evaluated, compiled, and carried out
 * by the real knot, without a supervisor.
 */
import * as assert from 'uvu/assert'
import * as fs from 'node:fs'
import { dirname, join } from 'node:path'
import { slicesOf } from '../../native/cgroup.ts'
import type { Layout } from '../../native/cgroup.ts'
import type { Plan, Step } from '../../native/plan.ts'
import { sayProblem } from '../../src/config/report.ts'
import { createEvaluator } from '../../src/evaluate/evaluator.ts'
import { plan } from '../../src/plan.ts'
import type { Outcome, World } from './world.ts'

export interface More {
  readonly layout?: Layout
  /** Lines of the sandbox. */
  readonly sandbox?: string
  /** In place of /bin/guest. */
  readonly program?: string
}

/** The plan of instance 0 of a process whose container configuration has these lines. */
export const planFor = (
  { dir, logPath, outputPath }: World,
  lines: string,
  { layout, sandbox = '', program = '/bin/guest' }: More = {},
): Plan => {
  const write = (name: string, text: string): void => {
    fs.mkdirSync(dirname(join(dir, name)), { recursive: true })
    fs.writeFileSync(join(dir, name), text)
  }
  write(
    'etc/master.yaml',
    `runtime-dir: ${dir}\ndevfs-dir: /dev\ndefault-log-dir: ${dirname(logPath)}\n` +
      (layout === undefined
        ? 'cgroup-name: null\n'
        : 'cgroup-name: used\ncgroup-controllers: [memory, cpu, pids]\n'),
  )
  write(
    'etc/sandboxes/sb.yaml',
    `image-dir: ${dir}\nallow-users: [0-1000]\nallow-groups: [0-1000]\n` +
      `readonly-paths: {/host: ${dir}/volume}\nwritable-paths: {/rw: ${dir}/made}\n${sandbox}`,
  )
  write('etc/processes/sb.yaml', 'p: {image: image, config: /c.yaml, variables: {v: 1 2}}\n')
  write('image/c.yaml', `executable: ${program}\n${lines}`)

  const evaluator = createEvaluator(join(dir, 'etc/master.yaml'), () => 0)
  const { value } = evaluator.settings()
  const { specs, problems } = evaluator.sandbox(value!, 'sb')
  assert.equal(problems.filter(({ severity }) => severity === 'error').map(sayProblem), [])
  const [spec] = specs.values()
  const places = { ...spec!.places, log: logPath, output: outputPath }
  const cgroups = layout === undefined ? { v1: [], v2: null } : slicesOf(layout)
  const host = { cgroups, hostname: 'box', hostAddress: '192.0.2.7', term: 'vt100' }
  fs.rmSync(join(dir, 'state/sb/p.0'), { recursive: true, force: true })
  return plan({ ...spec!, places }, host, 'sb/p.0')
}

export const without = (whole: Plan, ...kinds: readonly Step['do'][]): Plan => ({
  ...whole,
  steps: whole.steps.filter(step => !kinds.includes(step.do)),
})

/** What the guest printed, without the markers of the knot. */
export const printed = ({ output, log, stderr }: Outcome): readonly string[] => {
  const lines = output.split('\n').filter(line => line !== '' && !/: ----- .* -----$/.test(line))
  return lines.length > 0 ? lines : [log, stderr]
}
