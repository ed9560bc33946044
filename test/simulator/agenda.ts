/** What is to come, in the order of time; of the same instant in the order of its making. */
export interface Agenda {
  readonly at: (time: number, work: () => void) => void
  readonly next: () => Entry | undefined
  readonly take: () => Entry | undefined
}

export interface Entry {
  readonly time: number
  readonly order: number
  readonly work: () => void
}

// A binary heap: the children of `i` are `2i + 1` and `2i + 2`, and neither comes before it.

export const createAgenda = (): Agenda => {
  const heap: Entry[] = []
  let orders = 0

  const swap = (a: number, b: number): void => {
    const entry = heap[a] as Entry
    heap[a] = heap[b] as Entry
    heap[b] = entry
  }

  const comesBefore = (a: number, b: number): boolean => {
    const [first, second] = [heap[a], heap[b]]
    if (first === undefined || second === undefined) return first !== undefined
    return first.time < second.time || (first.time === second.time && first.order < second.order)
  }

  const sink = (): void => {
    for (let at = 0; ;) {
      const left = 2 * at + 1
      const child = comesBefore(left + 1, left) ? left + 1 : left
      if (!comesBefore(child, at)) return
      swap(at, child)
      at = child
    }
  }

  return {
    at: (time, work) => {
      let at = heap.push({ time, order: (orders += 1), work }) - 1
      for (let parent = (at - 1) >> 1; at > 0 && comesBefore(at, parent); parent = (at - 1) >> 1) {
        swap(at, parent)
        at = parent
      }
    },
    next: () => heap[0],
    take: () => {
      const first = heap[0]
      const last = heap.pop()
      if (last !== undefined && heap.length > 0) {
        heap[0] = last
        sink()
      }
      return first
    },
  }
}
