/**
 * Compiles the C programs of the table into dist/native, each only when something it is made of
 * is newer. Needs a C compiler and the kernel's headers, and says so in one sentence if it has
 * none. LITHOS_DEV=1 turns every warning into an error.
 *
 *     node native/build.mjs [DIRECTORY]        or        await buildNative({ outDir })
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const root = fileURLToPath(new URL('..', import.meta.url))

const knotSources = [
  'system.c',
  'knot.c',
  'refuse.c',
  'live.c',
  'watch.c',
  'notify.c',
  'probe.c',
  'port.c',
  'launch.c',
  'capabilities.c',
  'confine.c',
  'mounts.c',
  'masks.c',
  'users.c',
  'landlock.c',
  'network.c',
  'command.c',
  'files.c',
  'secrets.c',
  'terminal.c',
  'cgroups.c',
  'say.c',
  'plan.c',
]

const common = ['-std=c17', '-O2', '-ffunction-sections', '-Wl,--gc-sections']

/**
 * No C library (see system.h), one mapping for code and constants. Loops stay loops: memcpy would
 * otherwise be compiled into a call of itself.
 */
const freestanding = [
  '-ffreestanding',
  '-nostdlib',
  '-static',
  '-fno-pie',
  '-no-pie',
  '-fno-stack-protector',
  '-fno-asynchronous-unwind-tables',
  '-fno-tree-loop-distribute-patterns',
  '-Wl,-z,noseparate-code,-z,noexecstack,--build-id=none',
  '-s',
]

const hasOwnCalls = process.arch === 'x64' || process.arch === 'arm64'

/** The first set of flags that compiles is taken; `notice` is said when it is not the first. */
const programs = [
  {
    output: 'lithos_knot',
    sources: knotSources,
    headers: ['system.h', 'plan.h', 'watch.h', 'knot.h'],
    ways: [
      ...(hasOwnCalls ? [{ flags: freestanding }] : []),
      { flags: ['-DKNOT_WITH_LIBC', '-static', '-s'], notice: 'with a static C library' },
      { flags: ['-DKNOT_WITH_LIBC', '-s'], notice: 'with a shared C library: starts are slower' },
    ],
  },
  {
    output: 'lithos_keep',
    sources: ['system.c', 'keep.c'],
    headers: ['system.h'],
    ways: [
      ...(hasOwnCalls ? [{ flags: freestanding }] : []),
      { flags: ['-DKNOT_WITH_LIBC', '-static', '-s'], notice: 'with a static C library' },
      { flags: ['-DKNOT_WITH_LIBC', '-s'], notice: 'with a shared C library' },
    ],
  },
  {
    output: 'lithos_wait',
    sources: ['wait.c', 'relay.c', 'leave.c', 'tell.c', 'remove.c'],
    headers: ['wait.h', 'library.h'],
    ways: [{ flags: ['-static', '-s'] }, { flags: ['-s'] }],
  },
  {
    output: 'lithos_rootless',
    sources: ['rootless.c'],
    headers: [],
    ways: [{ flags: ['-static', '-s'] }, { flags: ['-s'] }],
  },
  {
    output: 'liblithos.so',
    sources: [
      'lithos.c',
      'spawn.c',
      'deliver.c',
      'exec.c',
      'hold.c',
      'sockets.c',
      'remove.c',
      'look.c',
      'cut.c',
      'wall.c',
      'interface.c',
      'environ.c',
    ],
    headers: ['library.h'],
    ways: [{ flags: ['-shared', '-fPIC', '-pthread'] }],
  },
]

const warnings = ['-Wall', '-Wextra', '-Wconversion']

/** @returns {{ command: string } | { problem: string }} */
const findCompiler = () => {
  const chosen = process.env['CC']
  const candidates = chosen ? [chosen] : ['cc', 'gcc', 'clang']
  const command = candidates.find(name => spawnSync(name, ['--version']).status === 0)
  if (command !== undefined) return { command }
  const tried = chosen ? `the one that CC names, ${chosen}, does not run` : 'cc, gcc, clang'
  return {
    problem:
      `lithos needs a C compiler and found none (${tried}): ` +
      'install gcc or clang with the headers of the C library and of Linux ' +
      '(apt-get install gcc libc6-dev, dnf install gcc glibc-devel, ' +
      'apk add gcc musl-dev linux-headers).',
  }
}

const isFresh = (output, inputs) => {
  if (!existsSync(output)) return false
  const age = statSync(output).mtimeMs
  return inputs.every(input => statSync(input).mtimeMs <= age)
}

/** Compiled aside and renamed: a program that runs keeps its file, and none is ever half there. */
const compile = (command, program, output) => {
  const aside = `${output}.${process.pid}`
  const strict = process.env['LITHOS_DEV'] === '1' ? ['-Werror'] : []
  const sources = program.sources.map(name => join(here, name))
  let complaint = ''
  for (const [index, { flags, notice }] of program.ways.entries()) {
    const all = [...common, ...warnings, ...strict, ...flags, '-o', aside, ...sources]
    const { status, stderr, error } = spawnSync(command, all, { encoding: 'utf8' })
    if (status === 0) {
      renameSync(aside, output)
      if (stderr !== '') process.stderr.write(stderr)
      if (index > 0) process.stderr.write(`${program.output} is built ${notice}.\n`)
      return null
    }
    rmSync(aside, { force: true })
    complaint ||= stderr || String(error ?? `exit status ${status}`)
  }
  return (
    `${command} cannot compile ${program.output}: ${firstError(complaint)} ` +
    '(are the headers of the C library and of Linux 5.14 or later installed?)'
  )
}

const firstError = complaint => {
  const lines = complaint.split('\n').filter(line => line.trim() !== '')
  return (lines.find(line => line.includes('error')) ?? lines[0] ?? 'no reason given').trim()
}

/**
 * Throws an Error with one sentence if something cannot be built. What has no sources is skipped:
 * a package may carry the finished programs only.
 */
export const buildNative = async ({ outDir = join(root, 'dist', 'native') } = {}) => {
  mkdirSync(outDir, { recursive: true })
  const stale = programs.filter(({ output, sources, headers }) => {
    const inputs = [...sources, ...headers].map(name => join(here, name))
    if (!inputs.every(input => existsSync(input))) return false
    return !isFresh(join(outDir, output), [...inputs, fileURLToPath(import.meta.url)])
  })
  if (stale.length === 0) return
  const compiler = findCompiler()
  if ('problem' in compiler) throw new Error(compiler.problem)
  for (const program of stale) {
    const problem = compile(compiler.command, program, join(outDir, program.output))
    if (problem !== null) throw new Error(problem)
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    await buildNative(process.argv[2] ? { outDir: process.argv[2] } : {})
  } catch (problem) {
    process.stderr.write(`${problem instanceof Error ? problem.message : problem}\n`)
    process.exitCode = 1
  }
}
