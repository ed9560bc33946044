/*
 * What driver.c does more for a container with everything on: a user namespace, what /proc and
 * /sys show of the host hidden or frozen, a cgroup namespace, limits of descriptors, cores and the
 * kernel's choice of victims, a keyring, no capabilities, no new privileges, and our own filter of
 * system calls, which is read from a file.
 */
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#define OUTSIDE "0 100000 65536\n"
#define CAPABILITIES 41
#define KEYCTL_JOIN 1

static const char *const masked_files[] = { "/proc/interrupts", "/proc/kcore", "/proc/keys",
					    "/proc/latency_stats", "/proc/sched_debug",
					    "/proc/timer_list", "/proc/timer_stats" };
static const char *const masked_dirs[] = { "/proc/acpi", "/proc/asound", "/proc/scsi",
					   "/sys/devices/virtual/powercap", "/sys/firmware" };
static const char *const frozen[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
				      "/proc/sysrq-trigger" };

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct sock_filter filter[BPF_MAXINSNS];
static unsigned short filter_length;
static char helper_path[64] = "/proc/";

static void read_filter(const char *path)
{
	ssize_t bytes;
	int fd;

	MUST(fd = open(path, O_RDONLY | O_CLOEXEC), path);
	MUST(bytes = read(fd, filter, sizeof(filter)), path);
	close(fd);
	filter_length = bytes / sizeof(filter[0]);
}

static int stand_still(void *unused)
{
	ssize_t length = readlink("/proc/self", helper_path + 6, sizeof(helper_path) - 7);

	(void)unused;
	helper_path[6 + length] = '\0';
	kill(getpid(), SIGSTOP);
	_exit(0);
}

/* A descriptor of a new user namespace with its maps. */
static int make_users(void)
{
	static char helper_stack[4096] __attribute__((aligned(16)));
	char path[80];
	pid_t helper;
	int status, users;

	MUST(helper = clone(stand_still, helper_stack + sizeof(helper_stack),
			    CLONE_VM | CLONE_NEWUSER | SIGCHLD, NULL),
	     "user namespace");
	MUST(waitpid(helper, &status, WUNTRACED), "helper");
	write_file(helper_path, "uid_map", OUTSIDE);
	write_file(helper_path, "gid_map", OUTSIDE);
	snprintf(path, sizeof(path), "%s/ns/user", helper_path);
	MUST(users = open(path, O_RDONLY | O_CLOEXEC), path);
	kill(helper, SIGKILL);
	waitpid(helper, &status, 0);
	return users;
}

static void hide(const char *at)
{
	const unsigned long ro = MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
	char path[512];

	for (size_t i = 0; i < COUNT(masked_files); i++) {
		snprintf(path, sizeof(path), "%s%s", at, masked_files[i]);
		if (mount("/dev/null", path, NULL, MS_BIND, NULL) == 0)
			MUST(mount("none", path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL),
			     path);
	}
	for (size_t i = 0; i < COUNT(masked_dirs); i++) {
		snprintf(path, sizeof(path), "%s%s", at, masked_dirs[i]);
		mount("tmpfs", path, "tmpfs", ro & ~MS_BIND, "nr_inodes=1,mode=555");
	}
	for (size_t i = 0; i < COUNT(frozen); i++) {
		snprintf(path, sizeof(path), "%s%s", at, frozen[i]);
		if (mount(path, path, NULL, MS_BIND | MS_REC, NULL) == 0)
			MUST(mount("none", path, NULL, MS_REMOUNT | ro, NULL), path);
	}
}

static void isolate(void)
{
	struct rlimit cores = { 0, RLIM_INFINITY }, files = { 1024, 1024 };

	MUST(unshare(CLONE_NEWCGROUP), "cgroup namespace");
	syscall(SYS_keyctl, KEYCTL_JOIN, NULL);
	MUST(setrlimit(RLIMIT_CORE, &cores), "cores");
	MUST(setrlimit(RLIMIT_NOFILE, &files), "files");
	write_file("/proc/self", "oom_score_adj", "0");
}

static void surrender(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
	struct sock_fprog program = { filter_length, filter };

	for (int i = 0; i < CAPABILITIES; i++)
		MUST(prctl(PR_CAPBSET_DROP, i, 0, 0, 0), "bounding set");
	MUST(setresgid(1000, 1000, 1000), "gid");
	MUST(setresuid(1000, 1000, 1000), "uid");
	MUST(syscall(SYS_capset, &header, none), "capabilities");
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "privileges");
	MUST(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program), "filter");
}
