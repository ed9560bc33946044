/** Which controllers of control groups a configuration means. */
import type { Master } from '../config/shapes.ts'

/** `name` is the hierarchy of systemd, which has no controller. */
const controllersDefault = ['name', 'cpu', 'cpuacct', 'memory', 'blkio']

/** An empty list stands for the usual ones. */
export const controllersOf = ({ cgroupControllers }: Master): readonly string[] =>
  cgroupControllers.length === 0 ? controllersDefault : cgroupControllers

/** Of no use to most, so only those join it who are limited by it; and no host has to have it. */
export const furtherControllersOf = ({ cgroupControllers }: Master): readonly string[] =>
  cgroupControllers.length === 0 ? ['pids'] : []
