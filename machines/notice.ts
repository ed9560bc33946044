/** What an application has said of itself. */
import type { Heard } from './letters.ts'

/** Of sd_notify, the last of each. */
export interface Notice {
  readonly status?: string
  readonly reloading?: boolean
  readonly stopping?: boolean
  readonly watchdogUs?: number
}

export const noticeOf = ({
  status,
  reloading,
  stopping,
  watchdogUs,
}: Heard & { type: 'app.notified' }): Notice => ({
  ...(status !== undefined && { status }),
  ...(reloading !== undefined && { reloading }),
  ...(stopping !== undefined && { stopping }),
  ...(watchdogUs !== undefined && { watchdogUs }),
})
