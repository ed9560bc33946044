/**
 * `npm run build`: everything under dist/, from nothing but Node, npm's packages and a C
 * compiler. Runs as it is (no TypeScript here), because `npm ci` calls it before anything else.
 *
 *     dist/native/      the knot and the C library
 *     dist/NAME.cjs     one bundle for each command, for it starts in half the time of modules
 *     dist/tree-*.cjs   what the supervisor loads late (src/late.ts), and what both halves need
 *     dist/switchPresent.cjs  the part of lithos_switch that only --dry-run needs
 *     dist/NAME.cache   what V8 made of it, see load.ts
 *     dist/man, dist/completions   made of what the commands say of themselves, see pages.ts
 *     dist/start.cjs    the first JavaScript of every command
 *     dist/node-path    the Node that did this, which the launchers prefer
 *     dist/complete     written last: its age tells whether a build is stale
 */
import { context, build as esbuild, transform } from 'esbuild'
import { execFile } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { commands, direct, further, nodeFlags } from './commands.mjs'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const dist = join(root, 'dist')
const run = promisify(execFile)

/** CommonJS, because only that can be compiled from a code cache. */
const options = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  // The ES6 builds of fp-ts and io-ts: only from these can be left out what nobody calls.
  mainFields: ['module', 'main'],
  // The same of rxjs, of yaml (whose build for browsers is the one made of modules), and of what
  // Node has to be told to take from the CommonJS folder of fp-ts.
  alias: {
    // Node's own draws in streams, colours and standard error: ten milliseconds of each start.
    'node:assert': join(root, 'src/build/assert.ts'),
    // For tweetnacl.
    crypto: join(root, 'src/build/crypto.ts'),
    rxjs: join(root, 'node_modules/rxjs/dist/esm/index.js'),
    yaml: join(root, 'node_modules/yaml/browser/index.js'),
    'fp-ts/lib': join(root, 'node_modules/fp-ts/es6'),
  },
  // Native code cannot be bundled, and native/libc.ts looks for it in its own way.
  external: ['koffi'],
  // A script compiled by node:vm has no import().
  supported: { 'dynamic-import': false },
  // Lines stay lines: a stack at night should name one.
  minifySyntax: true,
  legalComments: 'eof',
  logLevel: 'warning',
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  define: {
    'import.meta.url': 'importMetaUrl',
    builtForArch: JSON.stringify(process.arch),
    directCommands: JSON.stringify(direct),
  },
}

/**
 * What a command needs only sometimes, and what would double its start: the journal and the
 * machines, for `lithos_switch --dry-run`. It lies beside the command and is loaded when asked for.
 */
const parts = { '../switch/present.ts': 'switchPresent' }

const apart = {
  name: 'apart',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\.\.\/switch\/present\.ts$/ }, ({ path }) => ({
      path: `./${parts[path]}.cjs`,
      external: true,
    })),
}

/** In `lithos COMMAND`, a command that has a bundle of its own is that bundle. */
const commandsApart = {
  name: 'commandsApart',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\.\/\w+\.ts$/ }, ({ path, importer, kind }) => {
      const name = basename(path, '.ts')
      const isCommand = kind === 'dynamic-import' && [...commands, ...further].includes(name)
      return isCommand && importer === join(root, 'src/cli/lithos.ts')
        ? { path: `./${name}.cjs`, external: true }
        : undefined
    }),
}

/**
 * The supervisor in pieces: what it imports with `import()` is a file of its own. esbuild splits
 * ES modules only, so each piece is made a CommonJS one afterwards.
 */
const supervisor = 'src/cli/tree.ts'
const { banner, ...undecorated } = options
const { supported, target, platform, minifySyntax } = options

const inPieces = {
  name: 'inPieces',
  setup: ({ onEnd }) =>
    onEnd(async ({ outputFiles = [] }) => {
      const shape = { format: 'cjs', banner: banner.js, supported, target, platform, minifySyntax }
      // The old ones stay until the new ones are there: somebody may start just now.
      for (const { path, text } of outputFiles) {
        writeFileSync(`${path}.new`, (await transform(text, shape)).code)
        renameSync(`${path}.new`, path)
      }
      const present = outputFiles.map(({ path }) => basename(path, '.cjs'))
      for (const name of readdirSync(dist).filter(name => /^tree-/.test(name)))
        if (!present.includes(name.replace(/\.\w+$/, ''))) rmSync(join(dist, name))
    }),
}

const pieces = {
  ...undecorated,
  supported: {},
  format: 'esm',
  splitting: true,
  write: false,
  entryPoints: [supervisor],
  chunkNames: 'tree-[hash]',
  outdir: 'dist',
  plugins: [inPieces],
}

/** One by one, so that a mistake in one command leaves the others usable. */
const bundles = () =>
  [
    ...['start', 'cache', 'pages'].map(name => `src/build/${name}.ts`),
    ...[...commands, ...further].map(name => `src/cli/${name}.ts`),
  ]
    .filter(path => exists(path) && path !== supervisor)
    .map(path => ({
      ...options,
      plugins: path === 'src/cli/lithos.ts' ? [apart, commandsApart] : [apart],
      entryPoints: [path],
      outdir: 'dist',
    }))
    .concat(
      Object.entries(parts).map(([path, name]) => ({
        ...options,
        entryPoints: { [name]: join('src/cli', path) },
        outdir: 'dist',
      })),
      exists(supervisor) ? [pieces] : [],
    )

const exists = path => existsSync(join(root, path))

// ---------------------------------------------------------------------------
// The steps
// ---------------------------------------------------------------------------

const buildNative = async () => {
  const recipe = join(root, 'native/build.mjs')
  if (!existsSync(recipe)) return
  const { buildNative } = await import(pathToFileURL(recipe).href)
  await buildNative({ outDir: join(dist, 'native') })
}

const apartFromCommands = new Set(['start.cjs', 'cache.cjs', 'pages.cjs'])

/** A cache is only a quicker start: without one everything works, so a failure is only said. */
const makeCaches = async () => {
  const present = readdirSync(dist)
    .filter(name => /\.cjs$/.test(name) && !apartFromCommands.has(name))
    .map(name => join(dist, name))
  try {
    await run(process.execPath, [...nodeFlags, join(dist, 'cache.cjs'), ...present])
  } catch (error) {
    say(`no code caches, commands will start more slowly: ${lastLine(error)}`)
  }
  rmSync(join(dist, 'cache.cjs'), { force: true })
}

/** Whoever changes a command has them anew with the next build; without them all else works. */
const makePages = async () => {
  for (const name of ['man', 'completions'])
    rmSync(join(dist, name), { recursive: true, force: true })
  try {
    const { stderr } = await run(process.execPath, [join(dist, 'pages.cjs'), dist])
    process.stderr.write(stderr)
  } catch (error) {
    say(`no manual pages and completions: ${lastLine(error)}`)
  }
  rmSync(join(dist, 'pages.cjs'), { force: true })
}

const lastLine = error =>
  String(error.stderr || error.message)
    .trim()
    .split('\n')
    .at(-1)

/** The kernel names a process after the file it executes: the supervisor's is its own. */
const nameNode = () => {
  const link = join(dist, 'lithos_tree')
  rmSync(link, { force: true })
  symlinkSync(process.execPath, link)
}

export const build = async () => {
  mkdirSync(dist, { recursive: true })
  rmSync(join(dist, 'complete'), { force: true })
  writeFileSync(join(dist, 'node-path'), `${process.execPath}\n`)
  nameNode()
  // First: without it no command works, and the launchers say so as long as nothing is there.
  await buildNative()
  const steps = await Promise.allSettled(bundles().map(esbuild))
  await Promise.all([makeCaches(), makePages()])
  const failed = steps.find(({ status }) => status === 'rejected')
  if (failed !== undefined) throw failed.reason
  writeFileSync(join(dist, 'complete'), '')
}

/** True where a source is newer than what was built of it. */
export const isStale = () => {
  if (!exists('dist/complete')) return true
  const builtAt = statSync(join(dist, 'complete')).mtimeMs
  return ['machines', 'journal', 'native', 'actors', 'src', 'package-lock.json'].some(
    path => exists(path) && newestIn(join(root, path)) > builtAt,
  )
}

const newestIn = path => {
  const status = statSync(path)
  if (!status.isDirectory()) return status.mtimeMs
  return Math.max(status.mtimeMs, ...readdirSync(path).map(name => newestIn(join(path, name))))
}

// ---------------------------------------------------------------------------
// As a program
// ---------------------------------------------------------------------------

const say = text => process.stderr.write(`build: ${text}\n`)

const watch = async () => {
  await build()
  for (const each of bundles()) await (await context({ ...each, logLevel: 'info' })).watch()
  say('watching src, machines, journal, native and actors; after a change in C run npm run build')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await (process.argv.includes('--watch') ? watch() : build())
  } catch (error) {
    // esbuild has printed its own errors with their places; ours are one sentence.
    if (error.errors === undefined) say(error.message)
    process.exitCode = 1
  }
}
