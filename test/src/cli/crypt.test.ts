/**
 * Goal: `lithos_crypt` takes the command lines of the original, answers with its outputs and exit
 * codes, and takes data from standard input as well.
 * Method: the command itself, as a process; standard input is a file, a pipe, or nothing.
 */
import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { keyA, keyB, privateFile, publicLine } from '../secrets/keys.ts'

const program = fileURLToPath(new URL('../../../src/bin/lithos_crypt', import.meta.url))
let top = ''
test.before(() => {
  top = fs.mkdtempSync(join(tmpdir(), 'lithos-crypt-'))
  fs.writeFileSync(join(top, 'a'), privateFile([keyA]), { mode: 0o644 })
  fs.writeFileSync(join(top, 'a.pub'), publicLine(keyA))
  fs.writeFileSync(join(top, 'b.pub'), publicLine(keyB))
  fs.writeFileSync(join(top, 'both'), privateFile([keyB]) + privateFile([keyA]))
  fs.writeFileSync(join(top, 'locked'), privateFile([keyA], { cipher: 'aes256-ctr' }))
})
test.after(() => fs.rmSync(top, { recursive: true, force: true }))

const run = (words: readonly string[], input = '') => {
  const { status, stdout, stderr } = spawnSync(program, words, { cwd: top, input })
  return { code: status, out: stdout.toString('latin1'), err: stderr.toString() }
}

const fails = (words: readonly string[], err: string, input?: string): void =>
  assert.equal(run(words, input), { code: 1, out: '', err: `${err}\n` })

const sealed = (...words: readonly string[]): string => {
  const { code, out, err } = run(['encrypt', '-k', 'a.pub', ...words])
  assert.is(code, 0, err)
  assert.match(out, /^v2:i4\+dWTpg(:[A-Za-z0-9+/=]+){3}\n$/)
  return out.trimEnd()
}

test('there and back, by either spelling of an option', () => {
  const [one, other] = [sealed('-d', 'x:y', '-n', 'my.app'), sealed('--data=x:y')]
  assert.is.not(sealed('-d', 'x'), sealed('-d', 'x'))
  assert.equal(run(['decrypt', '-i', 'a', '-d', one]), { code: 0, out: 'x:y', err: 'my.app:\n' })
  assert.equal(run(['decrypt', '--key-file', 'both', '--data', other]), {
    code: 0,
    out: 'x:y',
    err: ':\n',
  })
  assert.equal(run(['check-key', '-k', 'a.pub', '-d', one]), { code: 0, out: '', err: '' })
})

test('from standard input: a secret as it is but for one newline', () => {
  for (const [input, secret] of [
    ['the secret\n', 'the secret'],
    ['two\nlines\n\n', 'two\nlines\n'],
    [' \r\n', ' \r'],
    ['\n', ''],
  ] as const) {
    const { out } = run(['encrypt', '-k', 'a.pub'], input)
    assert.is(run(['decrypt', '-i', 'a'], `  ${out}\n`).out, secret)
    assert.is(run(['check-key', '-k', 'a.pub'], out).code, 0)
  }
  assert.is(run(['decrypt', '-i', 'a', '-d', sealed('-d', '')], 'else').out, '')
})

test('what is missing', () => {
  for (const name of ['encrypt', 'decrypt', 'check-key']) {
    const { code, out, err } = run([name])
    assert.is(code, 1)
    assert.is(out, '')
    assert.match(err, /^error: The following required arguments were not provided:\n/)
    assert.match(err, /--data <data>[^]*--key-file <key>/)
  }
  const { code, err } = run([])
  assert.is(code, 1)
  assert.match(err, 'SUBCOMMANDS:')
})

test('what is wrong with a key, a namespace, a word', () => {
  const key = "error: Invalid value for '--key-file <key>': "
  fails(['encrypt', '-k', 'nowhere', '-d', 'x'], `${key}nowhere: no such file`)
  fails(
    ['encrypt', '-k', 'a', '-d', 'x'],
    `${key}unsupported key type "-----BEGIN"; this is a private key, and the public one is ` +
      'wanted: FILE.pub',
  )
  fails(
    ['decrypt', '-i', 'a.pub', '-d', 'x'],
    `${key}invalid key format; this is a public key, and the private one is wanted`,
  )
  fails(['encrypt', '-k', '.', '-d', 'x'], `${key}.: illegal operation on a directory (EISDIR)`)
  fails(['decrypt', '-i', 'locked', '-d', 'x'], `${key}key was encrypted`)
  fails(
    ['encrypt', '-k', 'a.pub', '-d', 'x', '-n', 'a:b'],
    "error: Invalid value for '--namespace <namespace>': invalid namespace, valid on should " +
      'match regex `^[a-zA-Z0-9_.-]*$`',
  )
  assert.match(run(['encrypt', '-x']).err, /^error: /)
  fails(['encrypt', '-i', 'a.pub'], 'error: Unknown short option "i"; did you mean -k?')
  fails(['decrypt', '-k', 'a'], 'error: Unknown short option "k"; did you mean -i?')
  fails(['decrypt', '--key=a'], 'error: Unknown option --key=a; did you mean --key-file?')
  assert.is(run(['help', 'help']).out, run(['help']).out)
  assert.match(run(['enrypt']).err, /^error: .*did you mean encrypt\?\n$/)
})

test('bytes that are no text are no other secret', () => {
  const script = `exec "$0" encrypt -k a.pub -d "$(printf 'a\\377b')"`
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', script, program], { cwd: top })
  assert.equal([status, String(stdout)], [1, ''])
  assert.match(String(stderr), /^error: Invalid UTF-8 was detected in one or more arguments; /)
})

test('what is wrong with a secret', () => {
  const open = (data: string, err: string): void => fails(['decrypt', '-i', 'a', '-d', data], err)
  open('the_secret', 'Only v2 secrets are supported')
  open('v2:a:b:c', 'invalid key format')
  open('v2:a:b:c:!abc', 'Invalid byte 33, offset 0.')
  open('v2:a:b:c:abcde', 'Encoded text cannot have a 6-bit remainder.')
  open('v2:a:b:c:abcd', 'decryption error. This usually means the key is wrong.')
  const [, , space, hash, box] = sealed('-d', 'x').split(':')
  open(`v2:RDJ7jWCm:${space}:${hash}:${box}`, 'invalid key hash')
  fails(['check-key', '-k', 'b.pub', '-d', sealed('-d', 'x')], "key doesn't match")
  fails(['check-key', '-k', 'b.pub', '-d', 'v1:x:y'], 'Only v1 secrets are supported')
  fails(['check-key', '-k', 'b.pub', '-d', 'v2:x'], 'bad format of data')
})

test('help and version', () => {
  for (const words of [['-V'], ['--version']])
    assert.equal(run(words), { code: 0, out: 'lithos_crypt 0.18.4\n', err: '' })
  for (const words of [['-h'], ['--help'], ['help']]) {
    const { code, out } = run(words)
    assert.is(code, 0)
    assert.match(out, 'SUBCOMMANDS:')
  }
  for (const words of [
    ['encrypt', '--help'],
    ['help', 'encrypt'],
  ])
    assert.match(
      run(words).out,
      /^Examples:\n    lithos_crypt encrypt .* <password\.txt\n {8}# .*\n\nUsage:\n/,
    )
})

test.run()
