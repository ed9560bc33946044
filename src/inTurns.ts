/**
 * Gathers what is heard into turns, in one total order: all that one event of the outside made
 * our actors say is one turn; what is heard while a turn is being taken waits for the next one.
 * Nothing is dropped, nothing is reordered, turns never overlap.
 *
 *     heard   -(ab)---c(d)------e--|        (d) is said by the turn of c
 *     turns    -[ab]--[c]-[d]---[e]-|
 */
import { Observable } from 'rxjs'
import type { OperatorFunction } from 'rxjs'

export const inTurns =
  <A, B>(turn: (heard: readonly A[]) => B): OperatorFunction<A, B> =>
  source =>
    new Observable<B>(subscriber => {
      let waiting: A[] = []
      let isAwake = false

      const takeTurns = (): void => {
        while (waiting.length > 0) {
          const heard = waiting
          waiting = []
          subscriber.next(turn(heard))
        }
        isAwake = false
      }

      return source.subscribe({
        next: value => {
          waiting.push(value)
          if (isAwake) return
          isAwake = true
          queueMicrotask(takeTurns)
        },
        error: error => subscriber.error(error),
        complete: () => subscriber.complete(),
      })
    })
