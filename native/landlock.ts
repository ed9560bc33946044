/** Whether this kernel has a Landlock that the knot can use; asked once. */
import * as libc from './libc.ts'

/** The first that can say that files may be renamed from one directory to another: Linux 5.19. */
const usable = 2

let version: number | null = null

export const hasLandlock = (): boolean => (version ??= libc.lithosLandlock()) >= usable
