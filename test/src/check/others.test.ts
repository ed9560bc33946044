/**
 * Goal: before a switch a sandbox is checked against all others as lithos_check would, and what is
 * wrong with those, or between them, is no matter.
 * Method: two sandboxes on disk, of which one is about to change; what is said of it.
 */
import * as assert from 'uvu/assert'
import { test } from 'uvu'
import { checkAddressesAgainstOthers, checkPortsAgainstOthers } from '../../../src/check/others.ts'
import { createEvaluator } from '../../../src/evaluate/evaluator.ts'
import { run, site, web } from '../evaluate/rows/row.ts'
import { makeWorld } from '../evaluate/world.ts'

const entry = (more: string): string => web(more).replace('web:', 'app:')
const bridged =
  'bridged-network: { bridge: br0, network: 10.9.0.0/24, default-gateway: null, ' +
  'after-setup-command: [] }\n'

/** What is said of `site`, about to be `text`. */
const against = (files: Readonly<Record<string, string>>, text: string) => {
  const world = makeWorld(files)
  try {
    const evaluator = createEvaluator(world.master, () => 0)
    const settings = evaluator.settings().value
    if (settings === null) throw new Error('no settings')
    const evaluation = evaluator.sandbox(settings, 'site', { file: 'new.yaml', text })
    return {
      addresses: checkAddressesAgainstOthers(settings, evaluation).map(said),
      ports: checkPortsAgainstOthers(settings, evaluator, evaluation).map(said),
    }
  } finally {
    world.remove()
  }
}

const said = ({ file, severity, message }: Finding): string =>
  `${file.endsWith('new.yaml') ? 'new.yaml' : 'image'}: ${severity}: ${message}`
interface Finding {
  readonly file: string
  readonly severity: string
  readonly message: string
}

test('a port that another sandbox uses, in this or in another notation', () => {
  for (const port of ['8080', '0x1f90', '0b1111110010000']) {
    const files = {
      'etc/sandboxes/other.yaml': site(''),
      'etc/processes/other.yaml': entry('').replace('8080', port),
    }
    assert.equal(against(files, web('')).ports, [
      'new.yaml: warning: Port 8080 of site/web is that of other/app already',
    ])
    assert.equal(against(files, web('').replace('8080', '8081')).ports, [], port)
  }
})

test('a port that another opens with other options', () => {
  const files = {
    'images/web.1/config/web.yaml': run('tcp-ports: {8080: {fd: 3}}\n'),
    'images/web.1/config/other.yaml': run('tcp-ports: {8080: {fd: 3, listen-backlog: 5}}\n'),
    'etc/sandboxes/other.yaml': site(''),
    'etc/processes/other.yaml':
      'app: { image: web.1, config: /config/other.yaml }\nb: { image: web.1, config: /nowhere }\n',
  }
  const text = 'web: { image: web.1, config: /config/web.yaml }\n'
  assert.equal(against(files, text).ports, [
    'image: warning: Port 8080 of site/web is that of other/app already, with other options; ' +
      'those of the container that starts first will be used for both',
  ])
})

test('an address that another has on the same bridge, and what is no matter', () => {
  const ip = (address: string) => `  ip-addresses: [${address}]\n`
  const files = {
    'etc/sandboxes/site.yaml': site(bridged),
    'etc/processes/site.yaml': web(ip('10.9.0.2')),
    'etc/sandboxes/one.yaml': site(bridged),
    'etc/processes/one.yaml': entry(ip('10.9.0.7')),
    'etc/sandboxes/two.yaml': site(bridged),
    'etc/processes/two.yaml': entry(ip('10.9.0.7')),
    'etc/sandboxes/far.yaml': site(bridged.replace('br0', 'br1')),
    'etc/processes/far.yaml': entry(ip('10.9.0.8')),
    'etc/sandboxes/broken.yaml': 'not: [good\n',
    'etc/sandboxes/torn.yaml': site(bridged),
    'etc/processes/torn.yaml': '',
  }
  assert.equal(against(files, web(ip('10.9.0.7'))).addresses, [
    'new.yaml: error: The address 10.9.0.7 of site/web.0 on br0 is that of one/app.0 already',
  ])
  assert.equal(against(files, web(ip('10.9.0.8'))).addresses, [])
  assert.equal(against(files, web(ip('10.9.0.2'))).addresses, [])
})

test.run()
