/**
 * A configuration with one thing wrong (or odd), and every line it earns. Files are those of
 * world.ts, where not said otherwise; in the lines their names stand for them, and `…` for words
 * that other tests watch over.
 */
export type Row = readonly [
  name: string,
  files: Readonly<Record<string, string>>,
  lines: readonly string[],
]

export const sandbox = 'etc/sandboxes/site.yaml'
export const processes = 'etc/processes/site.yaml'
export const container = 'images/web.1/config/web.yaml'

/** The files with some lines more. */
export const site = (lines: string): string =>
  [
    'image-dir: $/images',
    'allow-users: [100-200]',
    'allow-groups: [0-10]',
    'allow-tcp-ports: [8000-9000]',
    lines,
  ].join('\n')
export const web = (lines: string): string =>
  `web:\n  image: web.1\n  config: /config/web.yaml\n  variables: {port: 8080}\n${lines}`
export const run = (lines: string): string => `executable: /bin/web\nuser-id: 100\n${lines}`
