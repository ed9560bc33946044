/** Configurations with one mistake in each: programs, directories, files, names. */
import { execFileSync } from 'node:child_process'
import { chmodSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bad } from './row.ts'
import type { Row } from './row.ts'

const program = (executable: string, prepare: Row['prepare'] = () => {}): Row => ({
  whole: `executable: ${executable}\narguments: [say=ready]\n`,
  prepare,
})

/** A volume at /tmp of a directory that everybody may write, and what lies in it. */
const inVolume = (text: string, name: string, fill: (directory: string) => void): Row => ({
  sandbox: `writable-paths: {/w: $/${name}}\n`,
  container: `volumes: {/tmp: !Persistent {${text}}}\n`,
  prepare: (_image, root) => {
    mkdirSync(join(root, name))
    chmodSync(join(root, name), 0o777)
    fill(join(root, name))
  },
})

export const badPlaces: Readonly<Record<string, Row>> = {
  'program-loop': bad(/too many links/, {
    ...program('/bin/loop', image => {
      symlinkSync('/bin/pool', join(image, 'bin/loop'))
      symlinkSync('loop', join(image, 'bin/pool'))
    }),
  }),
  'program-slash': bad(/ends as if it were one/, program('/bin/guest/')),
  'program-of-proc': bad(/from where nothing can be executed/, program('/proc/self/exe')),
  'program-closed': bad(
    /may not enter/,
    program('/closed/guest', image => {
      mkdirSync(join(image, 'closed'), { mode: 0o700 })
      linkSync(join(image, 'bin/guest'), join(image, 'closed/guest'))
    }),
  ),
  'workdir-empty': bad(/has no name/, { container: 'workdir: ""\n' }),
  'workdir-loop': bad(/too many links/, {
    container: 'workdir: /loop\n',
    prepare: image => symlinkSync('/loop', join(image, 'loop')),
  }),
  'workdir-descriptor': bad(/is a descriptor/, { container: 'workdir: /proc/self/fd/3\n' }),
  'workdir-made': bad(/may not enter/, {
    ...inVolume('path: /w/new, mkdir: true, mode: 0o700, user: 1001', 'made', () => {}),
    whole: 'executable: /bin/guest\narguments: [say=ready]\nworkdir: /tmp\n',
  }),
  'workdir-in-made': bad(/new, empty directory/, {
    ...inVolume('path: /w/new, mkdir: true', 'made-too', () => {}),
    whole: 'executable: /bin/guest\narguments: [say=ready]\nworkdir: /tmp/below\n',
  }),
  'make-over-link': bad(
    /a link that leads nowhere/,
    inVolume('path: /w/link, mkdir: true', 'linked', directory =>
      symlinkSync('nowhere', join(directory, 'link')),
    ),
  ),
  'make-below-file': bad(
    /is no directory/,
    inVolume('path: /w/file/new, mkdir: true', 'filed', directory =>
      writeFileSync(join(directory, 'file'), ''),
    ),
  ),
  'volume-root': bad(/the image itself/, { container: 'volumes: {/: !Tmpfs {}}\n' }),
  'no-owner': bad(/from 0 to 4294967294/, {
    container: 'volumes: {/tmp: !Statedir {path: /x, user: 4294967295}}\n',
  }),
  'output-in-proc': bad(/no place for output/, {
    container: 'stdout-stderr-file: /proc/self/fd/1\n',
  }),
  'log-nowhere': bad(/there is no directory/, { sandbox: 'log-file: nowhere/x.log\n' }),
  'log-directory': bad(/is a directory/, { sandbox: 'log-file: $/etc\n' }),
  'masked-link': bad(/is a link/, { sandbox: 'masked-paths: [/proc/self]\n' }),
  'config-pipe': bad(/not a regular file/, {
    processes: 'p: {image: config-pipe, config: /tmp/pipe}\n',
    prepare: image => execFileSync('mkfifo', [join(image, 'tmp/pipe')]),
  }),
  'config-outside': bad(/does not exist/, {
    processes: 'p: {image: config-outside, config: /c2.yaml}\n',
    prepare: image => symlinkSync('../../../../../etc/passwd', join(image, 'c2.yaml')),
  }),
  'image-outside': bad(/without `\.\.`/, {
    processes: 'p: {image: ../images/plain, config: /c.yaml}\n',
  }),
  levels: bad(/of 2 names/, { sandbox: 'image-dir-levels: 2\n' }),
  'name-too-long': bad(/more than 200 characters/, {
    processes: `${'n'.repeat(240)}: {image: name-too-long, config: /c.yaml}\n`,
  }),
}
