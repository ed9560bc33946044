/**
 * Mistakes that are planted on purpose, at the edges of the shipped code: each is one that somebody
 * could make, and the simulator must find every one of them.
 */
export const bugs = [
  /** The turn is written after it was performed. */
  'effect before append',
  /** A process is recognised by its number alone. */
  'pid without birth',
  /** A shared socket is closed with the first life that used it. */
  'socket closed early',
  /** What is left of a life is removed before its end is in the journal. */
  'status forgotten',
  /** It is removed as soon as its end was heard, though the journal cannot be written. */
  'forgotten while stalled',
  /** After turns were lost their numbers are given to other lives. */
  'numbers given twice',
  /** The deadlines of the last life of the supervisor are not armed again. */
  'timers not armed again',
  /** A restart timer elapses too early. */
  'restart too soon',
  /** A signal goes to whoever has the pid now. */
  'signal by pid',
  /** A file that cannot be read is taken for one that wants nothing. */
  'bad config empties',
  /** The torn last line stays, and the next one is written behind it. */
  'torn line kept',
  /** A knot that lives is not seen where the journal does not know its pid yet. */
  'launched twice',
  /** Deadlines are kept by the wall clock. */
  'wall clock',
  /** A second knot of the same name is left alone. */
  'spare left alone',
  /** A stop that is ordered again goes on to its next signal at once. */
  'stop step skipped',
  /** The last deadline of a stop is that of `kill-timeout`, whatever its list of signals says. */
  'stop list not counted',
  /** A spare instance is as good as ready when it is started: the old one is stopped too early. */
  'spare taken for ready',
  /** That a former life was ready is told of the next one of the same name. */
  'ready of a former life',
  /** After a death everybody is taken for up. */
  'standing is stale',
  /** A life of the supervisor begins a new queue of starts. */
  'start-rate queue forgotten',
  /** What was said while nobody listened is not told when a knot is adopted. */
  'said to nobody',
  /** Over a restart in place the kill deadline is forgotten. */
  'kill forgotten over exec',
] as const
export type Bug = (typeof bugs)[number]
