/**
 * One thing to say, in the two forms in which a system's log takes it: a line of syslog, and the
 * fields of journald's own protocol. Pure.
 */
import type { LogLevel } from '../config/shapes.ts'
import { messageIds } from './messageIds.ts'

/** What it is about, where that is known. */
export interface About {
  readonly turn?: number
  readonly sandbox?: string
  readonly instance?: string
  /** The type of the input or effect, `knot.exited`. */
  readonly kind?: string
}

export interface Entry {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly level: LogLevel
  readonly text: string
  readonly facility: number
  /** Who says it, and its pid: the supervisor, or a knot. */
  readonly tag: string
  readonly pid: number
  readonly about: About
}

const severities: Readonly<Record<LogLevel, number>> = {
  error: 3,
  warn: 4,
  info: 6,
  debug: 7,
  trace: 7,
}

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/** `<27>Aug  3 07:04:05 lithos[12]: text`, in the time of this host; one for each line. */
export const syslogLines = ({ at, level, text, facility, tag, pid }: Entry): readonly string[] => {
  const then = new Date(at)
  const two = (number: number): string => String(number).padStart(2, '0')
  const day = String(then.getDate()).padStart(2, ' ')
  const time = [then.getHours(), then.getMinutes(), then.getSeconds()].map(two).join(':')
  const priority = facility * 8 + severities[level]
  const head = `<${priority}>${months[then.getMonth()]} ${day} ${time} ${tag}[${pid}]: `
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => head + line)
}

/**
 * `NAME=value`, or, where there is more than a line, the name and the length before the value. The
 * pid of the sender journald knows by itself.
 */
export const journaldFields = (entry: Entry): Buffer => {
  const { level, text, facility, tag, pid, about } = entry
  const id = about.kind === undefined ? undefined : messageIds[about.kind]
  const fields: readonly (readonly [name: string, value: string | number | undefined])[] = [
    ['MESSAGE', text],
    ['PRIORITY', severities[level]],
    ['MESSAGE_ID', id],
    ['SYSLOG_FACILITY', facility],
    ['SYSLOG_IDENTIFIER', tag],
    ['SYSLOG_PID', pid],
    ['LITHOS_TURN', about.turn],
    ['LITHOS_SANDBOX', about.sandbox],
    ['LITHOS_INSTANCE', about.instance],
    ['LITHOS_EVENT', about.kind],
  ]
  return Buffer.concat(
    fields.flatMap(([name, value]) =>
      value === undefined ? [] : [fieldOf(name, Buffer.from(String(value)))],
    ),
  )
}

const newline = 10

const fieldOf = (name: string, value: Buffer): Buffer => {
  if (!value.includes(newline)) return Buffer.concat([Buffer.from(`${name}=`), value, end])
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(value.length))
  return Buffer.concat([Buffer.from(`${name}\n`), length, value, end])
}

const end = Buffer.from([newline])
