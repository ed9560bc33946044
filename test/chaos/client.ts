/** A client that connects to each port all the time, and counts what becomes of it. */
import { createConnection } from 'node:net'
import { setTimeout } from 'node:timers/promises'

export interface Client {
  readonly counts: {
    connects: number
    refused: number
    answered: number
    /** The one who had accepted was killed: nothing that a supervisor could prevent. */
    cut: number
    other: number
  }
  readonly stop: () => Promise<void>
}

/** Between two connections to one port. */
const pauseMs = 5
/** An accepted one whose server died gets an end; one that nobody accepts waits this long. */
const patienceMs = 3_000

export const startClient = (ports: readonly number[]): Client => {
  const counts = { connects: 0, refused: 0, answered: 0, cut: 0, other: 0 }
  let isOver = false

  const connectOnce = (port: number): Promise<void> =>
    new Promise(done => {
      counts.connects += 1
      const socket = createConnection({ port, host: '127.0.0.1' })
      let text = ''
      let hasConnected = false
      socket.setTimeout(patienceMs, () => socket.destroy())
      socket.on('connect', () => (hasConnected = true))
      socket.on('data', (data: Buffer) => (text += data.toString()))
      socket.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNREFUSED') counts.refused += 1
        else if (!hasConnected && error.code !== 'ECONNRESET') counts.other += 1
      })
      socket.on('close', () => {
        if (text === 'here\n') counts.answered += 1
        else if (hasConnected) counts.cut += 1
        done()
      })
    })

  const connectAlways = async (port: number): Promise<void> => {
    while (!isOver) {
      await connectOnce(port)
      await setTimeout(pauseMs)
    }
  }
  const all = Promise.all(ports.map(connectAlways))
  return {
    counts,
    stop: async () => {
      isOver = true
      await all
    },
  }
}
