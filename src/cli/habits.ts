/** What users of other tools type, by what it is called here. */

const places = {
  listed: '`lithos ls` lists all instances, and `lithos show NAME` tells everything about one',
  shown: '`lithos show NAME` tells everything about an instance',
  used: '`lithos monitor` shows what instances use, all the time',
  happening: '`lithos monitor --events` shows what happens, and `lithos history` what happened',
  entered: '`lithos cmd SANDBOX NAME` runs a command of a sandbox in a container of its own',
  started:
    'what is configured is started by itself: add it to the process file of its sandbox, and ' +
    'have that read by `lithos switch SANDBOX FILE`; `lithos restart NAME` starts what is there ' +
    'anew',
  stopped:
    'what is configured is kept running: take it out of the process file of its sandbox, or say ' +
    '`instances: 0`, and have that read by `lithos switch SANDBOX FILE`',
  read: '`lithos switch SANDBOX FILE` has a configuration read, and so has SIGHUP to lithos_tree',
  checked: '`lithos check` says everything that is wrong with the configuration',
  back: '`lithos switch --rollback SANDBOX` goes back to the former configuration',
  images: '`lithos clean --unused` lists images that nothing uses any more',
  host: '`lithos version` and `lithos doctor` tell of this host',
  logged: '`lithos logs NAME` prints what an instance has printed',
} as const

const words: Readonly<Record<keyof typeof places, string>> = {
  listed: 'status list list-units get instances containers',
  shown: 'inspect describe',
  used: 'top stats',
  happening: 'events',
  entered: 'exec run attach enter shell sh',
  started: 'start up create enable',
  stopped: 'stop down kill rm remove delete disable',
  read: 'reload daemon-reload apply update upgrade',
  checked: 'validate config verify lint test',
  back: 'rollback undo',
  images: 'images prune rmi',
  host: 'info',
  logged: 'log tail journalctl output',
}

export const habits: ReadonlyMap<string, string> = new Map(
  Object.entries(words).flatMap(([place, typed]) =>
    typed.split(' ').map(word => [word, places[place as keyof typeof places]] as const),
  ),
)
