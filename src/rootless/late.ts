/** What the supervisor loads to become root of a namespace of its own, and never else. */
export { sayProblem } from '../config/report.ts'
export { readSettings } from '../evaluate/settings.ts'
export { becomeRoot, isOwn } from './become.ts'
