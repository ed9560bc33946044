/** What can be told of an event, column by column. */
import type { Event } from '../look/events.ts'
import { sayInstant, sayTime } from '../time.ts'
import type { Fields } from './listing.ts'

export const eventFields: Fields<Event> = {
  usual: ['time', 'turn', 'text'],
  all: [
    {
      name: 'time',
      help: 'when it happened',
      value: ({ at }) => sayInstant(at),
      show: ({ at }) => sayTime(at),
    },
    { name: 'turn', help: 'its turn in the journal', value: ({ turn }) => turn, isNumber: true },
    { name: 'event', help: 'what it is called in the journal', value: ({ event }) => event },
    { name: 'name', help: 'the instance or sandbox it is about', value: ({ name }) => name },
    { name: 'by', help: 'who asked for it', value: ({ by }) => by },
    {
      name: 'text',
      help: 'a sentence',
      value: ({ text }) => text,
      colour: ({ event }) => (/\.(?:refused|exited|stalled)$/.test(event) ? 'red' : null),
    },
  ],
}
