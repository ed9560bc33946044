/**
 * What this program is made of, as CycloneDX JSON: out of package-lock.json, and nothing else, so
 * that it is the same wherever it is made. What only builds or tests is marked as excluded.
 *
 *     node src/packaging/sbom.mjs >sbom.cdx.json
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = new URL('../../', import.meta.url)
const read = path => JSON.parse(readFileSync(new URL(path, root), 'utf8'))

/** `@types/node` as `pkg:npm/%40types/node@20.19.43`. */
const purlOf = (name, version) => `pkg:npm/${name.replace('@', '%40')}@${version}`

const hashOf = integrity => {
  const [, algorithm, base64] = /^(sha\d+)-(.+)$/.exec(integrity ?? '') ?? []
  if (algorithm === undefined) return []
  const alg = algorithm.toUpperCase().replace('SHA', 'SHA-')
  return [{ alg, content: Buffer.from(base64, 'base64').toString('hex') }]
}

/** An SPDX expression of several is no id. */
const licenseOf = license =>
  license === undefined
    ? {}
    : {
        licenses: [
          / (?:OR|AND) /.test(license) ? { expression: license } : { license: { id: license } },
        ],
      }

const nameOf = path => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)

/** The package that `name` is for whoever lies at `path`: nearer ones come first. */
const resolve = (packages, path, name) => {
  for (
    let place = path;
    ;
    place = place.slice(0, Math.max(0, place.lastIndexOf('/node_modules/')))
  ) {
    const found = `${place === '' ? '' : `${place}/`}node_modules/${name}`
    if (packages[found] !== undefined) return found
    if (place === '') return null
  }
}

const uuidOf = digest =>
  [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `5${digest.slice(13, 16)}`,
    `a${digest.slice(17, 20)}`,
    digest.slice(20, 32),
  ].join('-')

export const sbom = () => {
  const { name, version, description, license } = read('package.json')
  const { packages } = read('package-lock.json')
  const paths = Object.keys(packages).filter(path => path !== '')
  const refOf = path =>
    path === '' ? purlOf(name, version) : purlOf(nameOf(path), packages[path].version)
  const seen = new Set()
  const components = paths
    .map(path => ({ path, ...packages[path] }))
    .filter(({ path }) => !seen.has(refOf(path)) && seen.add(refOf(path)))
    .map(({ path, version: its, integrity, dev, license: terms }) => {
      const [scope, short] = /^(@[^/]+)\/(.+)$/.exec(nameOf(path))?.slice(1) ?? [null, nameOf(path)]
      return {
        type: 'library',
        'bom-ref': refOf(path),
        ...(scope !== null && { group: scope }),
        name: short,
        version: its,
        scope: dev === true ? 'excluded' : 'required',
        ...(hashOf(integrity).length > 0 && { hashes: hashOf(integrity) }),
        ...licenseOf(terms),
        purl: refOf(path),
      }
    })
  const dependencies = ['', ...paths].map(path => {
    const { dependencies: needs = {}, optionalDependencies: may = {} } = packages[path]
    const found = Object.keys({ ...needs, ...may })
      .map(each => resolve(packages, path, each))
      .filter(each => each !== null)
    return { ref: refOf(path), dependsOn: [...new Set(found.map(refOf))].sort() }
  })
  const unique = [...new Map(dependencies.map(each => [each.ref, each])).values()]
  const content = JSON.stringify({ components, unique })
  const digest = createHash('sha256').update(content).digest('hex')
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    // Of the content: the same list has the same number.
    serialNumber: `urn:uuid:${uuidOf(digest)}`,
    version: 1,
    metadata: {
      component: {
        type: 'application',
        'bom-ref': purlOf(name, version),
        name,
        version,
        description,
        ...licenseOf(license),
        purl: purlOf(name, version),
      },
    },
    components,
    dependencies: unique,
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.stdout.write(`${JSON.stringify(sbom(), null, 2)}\n`)
