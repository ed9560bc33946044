/** Texts of /proc as a kernel has written them for a container that is root of its own users. */
import { parseIdMap, parseLimits, parseMountinfo, parseStatus } from '../../../src/audit/proc.ts'
import type { Seen } from '../../../src/audit/shapes.ts'

export const status = `\
Name:	guest
Umask:	0022
State:	S (sleeping)
Pid:	28749
PPid:	28746
Uid:	30000	30000	30000	30000
Gid:	30000	30000	30000	30000
Groups:	 
NSpid:	28749	3
Threads:	1
CapInh:	00000000a80425fb
CapPrm:	00000000a80425fb
CapEff:	00000000a80425fb
CapBnd:	00000000a80425fb
CapAmb:	00000000a80425fb
NoNewPrivs:	1
Seccomp:	2
Seccomp_filters:	1
`

export const mountinfo = `\
100 78 254:0 /img / ro,nosuid,nodev,relatime - ext4 /dev/vda rw,discard
101 100 254:0 /dev /dev ro,nosuid,noexec,relatime - ext4 /dev/vda rw,discard
102 101 0:44 / /dev/pts rw,nosuid,noexec,noatime - devpts devpts rw,mode=600,ptmxmode=666
103 100 0:22 / /sys ro,nosuid,nodev,noexec,noatime - sysfs sysfs rw
104 100 0:45 / /proc rw,nosuid,nodev,noexec,noatime - proc proc rw
105 104 0:46 / /proc/acpi ro,nosuid,nodev,noexec,relatime - tmpfs tmpfs ro,nr_inodes=1,mode=555
106 104 0:6 /null /proc/interrupts ro,nosuid,noexec,relatime - devtmpfs devtmpfs rw,mode=755
107 104 0:6 /null /proc/keys ro,nosuid,noexec,relatime - devtmpfs devtmpfs rw,mode=755
110 104 0:45 /bus /proc/bus ro,nosuid,nodev,noexec,noatime - proc proc rw
113 104 0:45 /sys /proc/sys ro,nosuid,nodev,noexec,noatime - proc proc rw
114 100 0:47 / /a\\040place rw,nosuid,nodev,relatime - tmpfs tmpfs rw,size=1024k
`

export const limits = `\
Limit                     Soft Limit           Hard Limit           Units     
Max cpu time              unlimited            unlimited            seconds   
Max core file size        0                    unlimited            bytes     
Max open files            1024                 1024                 files     
Max nice priority         0                    0                    
`

export const uidMap = '         0      30000       1000\n'

export const places = ['/proc/acpi', '/proc/interrupts', '/proc/keys', '/proc/bus', '/proc/sys']

/** `change`: of one of the texts. */
export const seenOf = (
  change: Partial<Record<'status' | 'mountinfo' | 'limits' | 'uidMap', string>> = {},
): Seen => ({
  processes: [parseStatus(28749, change.status ?? status)],
  own: new Set(['cgroup', 'ipc', 'mnt', 'pid', 'user', 'uts']),
  uidMap: parseIdMap(change.uidMap ?? uidMap),
  gidMap: parseIdMap(uidMap),
  mounts: parseMountinfo(change.mountinfo ?? mountinfo),
  descriptors: [
    { fd: 0, target: '/dev/null', mount: 101 },
    { fd: 1, target: '/var/log/app.log', mount: 23 },
    { fd: 2, target: '/var/log/app.log', mount: 23 },
    { fd: 3, target: 'socket:[123]', mount: 9 },
    { fd: 4, target: '/bin/app', mount: 100 },
  ],
  groups: ['/cg/site:web.3.scope'],
  limits: new Map([
    ['/cg/site:web.3.scope/memory.max', '104857600'],
    ['/cg/site:web.3.scope/cpu.weight', '100'],
    ['/cg/site:web.3.scope/memory.swap.max', null],
  ]),
  resources: parseLimits(change.limits ?? limits),
  oomScoreAdj: 0,
  label: null,
  existing: new Set(places),
})
