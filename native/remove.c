/*
 * Removes a directory whose content belongs to somebody hostile: nothing is named by more than
 * one component below an open directory, so that no link and no rename leads outside; mounts
 * are not entered; and depth costs neither stack nor descriptors.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include "library.h"

enum { DEPTH_MAX = 12, LISTING_BYTES = 4096 };

struct listed {
	uint64_t inode;
	int64_t offset;
	uint16_t length;
	uint8_t type;
	char name[];
};

struct removal {
	int top;      /* what is too deep is moved here, so that depth costs no descriptors */
	int moved;
	int progress; /* something was removed or moved in this pass */
	int error;    /* the first in this pass, and the name it is about */
	char *about;
	size_t room;
};

static void note(struct removal *removal, long error, const char *name)
{
	if (removal->error)
		return;
	removal->error = (int)error;
	strncpy(removal->about, name, removal->room - 1);
	removal->about[removal->room - 1] = '\0';
}

/* Below one directory only: no link is followed, no mount is entered. */
static long open_below(int dir, const char *name)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};

	return call(SYS_openat2, dir, (long)name, (long)&how, sizeof(how), 0);
}

static void move_up(struct removal *removal, int dir, const char *name)
{
	char target[] = ".deep-0000000000";
	long result = -EEXIST;

	/* The owner of the tree may have taken the name. */
	while (result == -EEXIST) {
		put_number(target + sizeof(target) - 1, removal->moved++, 10);
		result = call(SYS_renameat2, dir, (long)name, removal->top, (long)target,
			      1 /* RENAME_NOREPLACE */);
	}
	if (result < 0)
		note(removal, result, name);
	else
		removal->progress = 1;
}

static void empty(struct removal *removal, int dir, int depth);

static void remove_entry(struct removal *removal, int dir, const char *name, int depth)
{
	long result = call(SYS_unlinkat, dir, (long)name, 0, 0, 0);

	if (result == -EISDIR)
		result = call(SYS_unlinkat, dir, (long)name, AT_REMOVEDIR, 0, 0);
	if (result == -ENOTEMPTY) {
		long below;

		if (depth >= DEPTH_MAX) {
			move_up(removal, dir, name);
			return;
		}
		below = open_below(dir, name);
		if (below < 0) {
			note(removal, below, name);
			return;
		}
		empty(removal, (int)below, depth + 1);
		call(SYS_close, below, 0, 0, 0, 0);
		result = call(SYS_unlinkat, dir, (long)name, AT_REMOVEDIR, 0, 0);
	}
	if (result >= 0 || result == -ENOENT)
		removal->progress = 1;
	else
		note(removal, result, name);
}

static void empty(struct removal *removal, int dir, int depth)
{
	_Alignas(struct listed) char listing[LISTING_BYTES];
	long bytes;

	while ((bytes = call(SYS_getdents64, dir, (long)listing, sizeof(listing), 0, 0)) > 0) {
		for (long at = 0; at < bytes;) {
			struct listed *entry = (struct listed *)(listing + at);

			at += entry->length;
			if (strcmp(entry->name, ".") != 0 && strcmp(entry->name, "..") != 0)
				remove_entry(removal, dir, entry->name, depth);
		}
	}
	if (bytes < 0)
		note(removal, bytes, "its list of files");
}

/*
 * Removes `name` in `parent`, whatever it is; that it is not there is success. What cannot be
 * removed does not save the rest. On failure `about` names the first obstacle. May take long:
 * not for the main thread.
 */
int lithos_remove(const char *parent, const char *name, char *about, int room)
{
	struct removal removal = {.about = about, .room = (size_t)room};
	int dir = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	long result;

	if (dir < 0) {
		note(&removal, -errno, parent);
		return removal.error == -ENOENT ? 0 : removal.error;
	}
	result = call(SYS_unlinkat, dir, (long)name, 0, 0, 0);
	if (result == -EISDIR)
		result = open_below(dir, name);
	if (result > 0) {
		removal.top = (int)result;
		/* Once more while it helps: listing and removing disturb one another. */
		do {
			removal.error = removal.progress = 0;
			call(SYS_lseek, removal.top, 0, SEEK_SET, 0, 0);
			empty(&removal, removal.top, 0);
		} while (removal.progress);
		call(SYS_close, removal.top, 0, 0, 0, 0);
		result = call(SYS_unlinkat, dir, (long)name, AT_REMOVEDIR, 0, 0);
	}
	if (result < 0 && result != -ENOENT)
		note(&removal, result, name);
	else
		removal.error = 0;
	call(SYS_close, dir, 0, 0, 0, 0);
	return removal.error;
}

/* What a plan writes into a state directory; see src/plan/fileSystem.ts. */
static const char *const generated[] = {"hosts", "resolv.conf"};

/* More than anybody needs there. Freeing what is large takes its time. */
enum { SMALL_BYTES = 65536 };

static int is_small_file(int dir, const char *name)
{
	struct stat found;

	return fstatat(dir, name, &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(found.st_mode) &&
	       found.st_size <= SMALL_BYTES;
}

/*
 * Removes a state directory at once if nothing is in it but what was generated, which is so for
 * nearly every life. Negative: there is more, and it is for lithos_remove.
 */
int lithos_discard(const char *path)
{
	long result = call(SYS_unlinkat, AT_FDCWD, (long)path, AT_REMOVEDIR, 0, 0);
	int dir;

	if (result == 0 || result == -ENOENT)
		return 0;
	dir = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	for (size_t i = 0; i < sizeof(generated) / sizeof(*generated); i++)
		if (is_small_file(dir, generated[i]))
			call(SYS_unlinkat, dir, (long)generated[i], 0, 0, 0);
	close(dir);
	return (int)call(SYS_unlinkat, AT_FDCWD, (long)path, AT_REMOVEDIR, 0, 0);
}
