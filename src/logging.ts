/**
 * Where the supervisor says things: its file, or the log of the system where the master
 * configuration names a `syslog-facility`. What that log does not take goes to the file.
 */
import { openLogFile } from '../actors/logFile.ts'
import type { LogFile } from '../actors/logFile.ts'
import { createSyslog } from '../actors/syslog.ts'
import { logLevels } from '../native/wire.ts'
import { facilityOf } from './config/facilities.ts'
import type { LogLevel } from './config/shapes.ts'
import type { Settings } from './evaluate/settings.ts'
import { logLines } from './logLines.ts'
import { say } from './say.ts'
import { journaldFields, syslogLines } from './syslog/entry.ts'
import type { About, Entry } from './syslog/entry.ts'
import { knotLines } from './syslog/knotLines.ts'
import { sayTime } from './time.ts'
import type { FinishedTurn } from './turn.ts'

export interface Logging {
  readonly log: (level: LogLevel, text: string) => void
  /** All that is to be said of a turn. */
  readonly tell: (turn: FinishedTurn) => void
  readonly reopenLog: LogFile['reopen']
  readonly drainLog: LogFile['drained']
  readonly flushLog: LogFile['flush']
}

export interface LoggingOptions {
  readonly logLevel: LogLevel | null
  readonly logToStderr: boolean
  readonly now: () => number
}

/** Throws what the file system says. */
export const openLogging = ({ places, master }: Settings, options: LoggingOptions): Logging => {
  const { now, logToStderr } = options
  const { syslogFacility, syslogAppName } = master
  const facility = syslogFacility === null ? null : facilityOf(syslogFacility)
  if (syslogFacility !== null && facility === null)
    say(`Can't parse syslog facility: ${JSON.stringify(syslogFacility)}. Syslog is disabled.\n`)
  const file = openLogFile(places.logFile, {
    now,
    ...(logToStderr && facility === null && { copy: say }),
  })
  const toFile = ({ at, level, text }: Pick<Entry, 'at' | 'level' | 'text'>): void =>
    file.write(`[${sayTime(at)}][${level.toUpperCase()}] ${text}\n`)
  const syslog =
    facility === null
      ? null
      : createSyslog<Entry>({
          fields: journaldFields,
          lines: syslogLines,
          now,
          // What a knot says is in the log of its sandbox anyway.
          untold: entry => (entry.tag === syslogAppName ? toFile(entry) : undefined),
        })

  const isUpTo = (severity: LogLevel, level: LogLevel): boolean =>
    logLevels.indexOf(severity) <= logLevels.indexOf(level)
  const isLogged = (severity: LogLevel): boolean =>
    isUpTo(severity, options.logLevel ?? master.logLevel)

  const write = (level: LogLevel, text: string, about: About): void => {
    const at = now()
    if (syslog === null || facility === null) return toFile({ at, level, text })
    const { pid } = process
    syslog.write({ at, level, text, facility, tag: syslogAppName, pid, about })
  }

  const tellKnots = (turn: FinishedTurn): void => {
    if (syslog === null || facility === null) return
    const lines = knotLines(turn, (level, spec) =>
      isUpTo(level, options.logLevel ?? spec?.logLevel ?? master.logLevel),
    )
    for (const { level, text, about, pid } of lines) {
      const tag = `${syslogAppName}-${about.sandbox ?? ''}`
      syslog.write({ at: now(), level, text, facility, tag, pid: pid ?? process.pid, about })
    }
  }

  return {
    log: (level, text) => {
      if (isLogged(level)) write(level, text, {})
    },
    tell: turn => {
      for (const { level, text, about } of logLines(turn, isLogged))
        if (isLogged(level)) write(level, text, about)
      tellKnots(turn)
    },
    reopenLog: file.reopen,
    drainLog: file.drained,
    flushLog: () => {
      syslog?.close()
      file.flush()
    },
  }
}
