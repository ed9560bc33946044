/**
 * The log of the system, whoever keeps it:
 *
 *     journald's own socket         fields; what is too long for a datagram goes in a sealed file
 *     /dev/log, /var/run/syslog     a datagram for each line
 *     127.0.0.1:601 over TCP        lines
 *     127.0.0.1:514 over UDP        a datagram for each line, and nobody says that it came
 *
 * The first that answers is taken. What cannot be sent now is not sent at all: nobody who keeps a
 * log may stop a supervisor. The caller is told, and has a file.
 */
import { closeSync } from 'node:fs'
import type { Socket } from 'node:net'
import * as E from 'fp-ts/lib/Either.js'
import { sealedFile } from '../native/files.ts'
import { connectUnix, sendNow } from '../native/unix.ts'

export interface SyslogOptions<A> {
  readonly fields: (entry: A) => Buffer
  readonly lines: (entry: A) => readonly string[]
  /** Of what was not taken, or may not have been: at once, or later. */
  readonly untold: (entry: A) => void
  /** Milliseconds of any clock. */
  readonly now: () => number
  readonly places?: SyslogPlaces
}

export interface SyslogPlaces {
  readonly journald: string
  readonly local: readonly string[]
  readonly tcpPort: number
  readonly udpPort: number
}

export const usualPlaces: SyslogPlaces = {
  journald: '/run/systemd/journal/socket',
  local: ['/dev/log', '/var/run/syslog'],
  tcpPort: 601,
  udpPort: 514,
}

export interface Syslog<A> {
  readonly write: (entry: A) => void
  readonly close: () => void
}

/** Where nobody has answered, somebody may have come meanwhile. */
const lookAgainMs = 1_000
const host = '127.0.0.1'

export const createSyslog = <A>(options: SyslogOptions<A>): Syslog<A> => {
  const { fields, lines, untold, now, places = usualPlaces } = options
  let near: { readonly fd: number; readonly isJournald: boolean } | null = null
  let far: Far<A> | null = null
  let lookedAt = -Infinity

  const look = (): void => {
    if (near !== null || now() - lookedAt < lookAgainMs) return
    lookedAt = now()
    for (const path of [places.journald, ...places.local]) {
      const connected = connectUnix(path, 'datagram')
      if (E.isLeft(connected)) continue
      near = { fd: connected.right, isJournald: path === places.journald }
      return
    }
  }

  /** Null: sent. */
  const send = (entry: A): string | null => {
    if (near === null) return 'ENOTCONN'
    const { fd, isJournald } = near
    if (isJournald) return sendFields(fd, fields(entry))
    for (const line of lines(entry)) {
      const sent = sendNow(fd, Buffer.from(line))
      if (E.isLeft(sent)) return sent.left.code
    }
    return null
  }

  const forget = (): void => {
    if (near !== null) closeSync(near.fd)
    near = null
  }

  return {
    write: entry => {
      look()
      let code = send(entry)
      if (code !== null && code !== 'ENOTCONN' && !isItsOwn(code)) {
        // Whoever has listened there is gone; another one may listen by now.
        forget()
        lookedAt = -Infinity
        look()
        code = send(entry)
      }
      if (code === null) return
      if (near !== null) return untold(entry)
      far ??= createFar({ lines, untold, places, now })
      far.write(entry)
    },
    close: () => {
      forget()
      far?.close()
    },
  }
}

/** Not of the connection: nobody reads just now, or this one is too long. */
const isItsOwn = (code: string): boolean =>
  code === 'EAGAIN' || code === 'ENOBUFS' || code === 'EMSGSIZE'

const sendFields = (fd: number, bytes: Buffer): string | null => {
  const sent = sendNow(fd, bytes)
  if (E.isRight(sent)) return null
  if (sent.left.code !== 'EMSGSIZE' && sent.left.code !== 'ENOBUFS') return sent.left.code
  const file = sealedFile('lithos-message', bytes)
  if (E.isLeft(file)) return file.left.code
  const passed = sendNow(fd, Buffer.alloc(0), file.right)
  closeSync(file.right)
  return E.isLeft(passed) ? passed.left.code : null
}

// ---------------------------------------------------------------------------
// Over the loopback
// ---------------------------------------------------------------------------

interface Far<A> {
  readonly write: (entry: A) => void
  readonly close: () => void
}

/** What may wait for somebody who does not read. */
const waitingBytesMax = 256 * 1024
const waitingMax = 1_000
const connectAgainMs = 30_000

const createFar = <A>({
  lines,
  untold,
  places,
  now,
}: Required<Omit<SyslogOptions<A>, 'fields'>>): Far<A> => {
  let socket: Socket | null = null
  let isConnected = false
  let waiting: A[] = []
  let triedAt = -Infinity

  const datagrams = async (entries: readonly A[]): Promise<void> => {
    for (const entry of entries) untold(entry)
    if (places.udpPort === 0) return
    const { createSocket } = await import('node:dgram')
    const sender = createSocket('udp4').unref()
    sender.on('error', () => {})
    let left = 1
    const done = (): void => {
      left -= 1
      if (left === 0) sender.close()
    }
    for (const line of entries.flatMap(entry => lines(entry))) {
      left += 1
      sender.send(line, places.udpPort, host, done)
    }
    done()
  }

  const giveUp = (): void => {
    socket = null
    isConnected = false
    const entries = waiting
    waiting = []
    void datagrams(entries).catch(() => {})
  }

  const connect = async (): Promise<void> => {
    triedAt = now()
    const { createConnection } = await import('node:net')
    const made = createConnection({ host, port: places.tcpPort })
    made.unref()
    socket = made
    made.on('connect', () => {
      isConnected = true
      const entries = waiting
      waiting = []
      entries.forEach(pass)
    })
    // It has nothing to say to us; what it says is not kept.
    made.resume()
    made.on('error', () => {})
    made.on('close', giveUp)
  }

  const pass = (entry: A): void => {
    if (socket === null || socket.writableLength > waitingBytesMax) return untold(entry)
    for (const line of lines(entry)) socket.write(`${line}\n`)
  }

  return {
    write: entry => {
      if (isConnected) return pass(entry)
      const isTrying = now() - triedAt < connectAgainMs
      if (isTrying && socket === null && triedAt !== -Infinity && waiting.length === 0)
        return void datagrams([entry]).catch(() => {})
      waiting.push(entry)
      if (waiting.length > waitingMax) untold(waiting.shift() as A)
      if (!isTrying) void connect().catch(giveUp)
    },
    close: () => {
      waiting.splice(0).forEach(untold)
      socket?.destroySoon()
    },
  }
}
