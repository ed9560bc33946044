/**
 * Goal: interfaces are called what the original called them, and addresses are read into bits.
 * Method: names that were seen in logs of the original, or computed by its rule.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cableOfIp, networkSteps } from '../../src/plan/namespaces.ts'
import { plainSpec } from './plan/specs.ts'

const names: readonly (readonly [bridge: string, ip: string, outer: string])[] = [
  ['br0', '10.0.0.1', 'li_ca02f9_0001'],
  ['br0', '10.39.0.5', 'li_1683f8_0005'],
  ['br0', '10.64.0.1', 'li_439c26_0001'],
  ['br0', '10.64.255.254', 'li_1238dd_fffe'],
  ['br0', '192.168.0.1', 'li_610bb8_0001'],
  ['br1', '10.0.0.1', 'li_e7eb97_0001'],
  ['br0', 'fe80::1', 'li_effabc_0001'],
]

test('both ends are called as the original called them', () => {
  for (const [bridge, ip, outer] of names) {
    const cable = cableOfIp(bridge, ip)
    assert.is(cable.outer, outer)
    assert.is(cable.inner, outer.replaceAll('_', '-'))
  }
})

test('hardware addresses differ, are of no manufacturer, and of one station', () => {
  const all = names.map(([bridge, ip]) => cableOfIp(bridge, ip).hardwareAddress)
  assert.is(new Set(all).size, all.length)
  for (const address of all) assert.is(Math.floor(address / 2 ** 40), 2)
})

const network = {
  bridge: 'br0',
  prefix: 24,
  gateway: '10.0.0.254',
  addresses: ['10.0.0.1', '10.0.0.2'],
  afterSetup: ['/bin/x', '@{container_ip}', '-@{ container_ip }-', '@{other}', '@{'],
  afterSetupTimeoutMs: 1000,
}

test('an instance has the address of its number, and the command knows it', () => {
  const steps = networkSteps({ ...plainSpec, network }, 'site/web.1')
  assert.equal(
    steps.map(step => step.do),
    ['network', 'connect', 'address', 'route', 'command'],
  )
  assert.equal(steps[2], {
    do: 'address',
    address: { text: '10.0.0.2', family: 4, bits: 0x0a000002n },
    prefix: 24,
  })
  assert.equal(steps.at(-1), {
    do: 'command',
    program: '/bin/x',
    arguments: ['10.0.0.2', '-10.0.0.2-', '', '@{'],
    timeoutMs: 1000,
  })
})

test('who has no address has a loopback, and who has no bridge the network of the host', () => {
  const lone = { ...plainSpec, network: { ...network, addresses: [] } }
  assert.equal(networkSteps(lone, 'site/cmd.web.1'), [{ do: 'network' }])
  assert.equal(networkSteps(plainSpec, 'site/web.0'), [])
})

test.run()
