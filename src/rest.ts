/**
 * What reads configuration, and all else that a start needs only when those who ended meanwhile
 * have been heard and started again. The build makes a file of its own of it, half of the whole,
 * which src/late.ts loads then.
 */
export { serveLater } from './control/later.ts'
export { createDecryption } from './decryption.ts'
export { createEvaluator } from './evaluate/evaluator.ts'
export { openMetrics } from './metrics/metrics.ts'
export { createRotation } from './rotation.ts'
export { whyNotInPlace } from './samePlaces.ts'
export { stand } from './standing.ts'
