// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Where unpacked dumps are: DIRECTORY/NAME-PATH-IDENTITY, two hashes in hexadecimal, and ".cut" behind them where the
 * packed file gave no more. While one is written its name ends in ".tmp", and its writer holds a lock on it: who comes
 * meanwhile waits, and what a writer that was killed left is seen by nobody holding the lock, and removed.
 */
#include "dump/packed/packed.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/files.h"
#include "dump/packed/stream.h"

#define MAX_NAME    100
#define WAIT_US	    100000
#define SPACE_LEFT  (64ull << 20)  /* on the disk, for others */
#define SPACE_EVERY (16ull << 20)  /* bytes written between two looks at it */
#define HOLE	    4096	   /* pages of zeros need no room */

static char *wanted_directory; /* packed_set_directory() */

bool packed_set_directory(const char *directory)
{
	char *copy = directory && *directory ? strdup(directory) : NULL;

	if (!copy && directory && *directory)
		return false;
	free(wanted_directory);
	wanted_directory = copy;
	return true;
}

/* What an unpacked file is called, and what it is while it is written. */
struct names {
	char directory[PATH_MAX];
	char prefix[MAX_NAME + 16]; /* up to the identity: older versions of the same file begin so, too */
	char final[PATH_MAX + MAX_NAME + 40];
	char cut[PATH_MAX + MAX_NAME + 48], temporary[PATH_MAX + MAX_NAME + 48];
};

static uint64_t hash_bytes(uint64_t hash, const void *data, size_t size)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3; /* FNV-1a */
	return hash;
}

static bool find_directory(struct names *names, struct error *error)
{
	if (!wanted_directory)
		return files_cache_directory("unpacked", names->directory, sizeof(names->directory),
					     error);
	if (strlen(wanted_directory) >= sizeof(names->directory))
		return error_set(error, ERROR_USAGE, "the name of vmcore unpack-dir is too long");
	strcpy(names->directory, wanted_directory);
	return files_make_directories(names->directory, error);
}

static bool find_names(const struct packer *packer, const char *path, int fd, struct names *names,
		       struct error *error)
{
	char *real = realpath(path, NULL);
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	size_t length = strlen(name), suffix = strlen(packer->suffix);
	uint64_t hash = hash_bytes(0xcbf29ce484222325, real ? real : path, strlen(real ? real : path));
	struct stat status;
	uint64_t identity[4];

	free(real);
	if (fstat(fd, &status) < 0)
		return error_set(error, ERROR_IO, "cannot stat %s: %s", path, strerror(errno));
	if (!find_directory(names, error))
		return false;
	if (length > suffix && !strcmp(name + length - suffix, packer->suffix))
		length -= suffix;
	identity[0] = status.st_size;
	identity[1] = status.st_mtim.tv_sec;
	identity[2] = status.st_mtim.tv_nsec;
	identity[3] = status.st_ino;
	snprintf(names->prefix, sizeof(names->prefix), "%.*s-%08x-",
		 (int)(length < MAX_NAME ? length : MAX_NAME), name, (uint32_t)(hash ^ hash >> 32));
	snprintf(names->final, sizeof(names->final), "%s/%s%016" PRIx64, names->directory,
		 names->prefix, hash_bytes(hash, identity, sizeof(identity)));
	snprintf(names->cut, sizeof(names->cut), "%s.cut", names->final);
	snprintf(names->temporary, sizeof(names->temporary), "%s.tmp", names->final);
	return true;
}

/* Is there what an earlier call unpacked? */
static bool find_done(const struct names *names, struct unpacked *unpacked)
{
	const char *path = names->final;

	unpacked->fd = open(path, O_RDONLY | O_CLOEXEC);
	unpacked->cut = unpacked->fd < 0;
	if (unpacked->cut) {
		path = names->cut;
		unpacked->fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (unpacked->fd < 0)
		return false;
	unpacked->path = strdup(path);
	return true;
}

/* --- writing --- */

struct writing {
	const char *directory;
	int fd;
	uint64_t since_look; /* bytes written since the disk's space was looked at */
};

static bool no_space(const struct unpacking *unpacking, const char *directory, uint64_t wanted,
		     struct error *error)
{
	return error_set(error, ERROR_IO,
			 "there is no room in %s for what %s unpacks to, at least %" PRIu64
			 " MB; name another directory: set vmcore unpack-dir DIRECTORY",
			 directory, unpacking->path, (wanted >> 20) + 1);
}

/* What all of it will need, going by what there is so far. */
static uint64_t estimate(const struct unpacking *unpacking)
{
	double share = unpacking->in_done ? (double)unpacking->in_size / unpacking->in_done : 1;

	return share > 1 ? unpacking->out_done * share : unpacking->out_done;
}

static bool check_space(const struct unpacking *unpacking, const char *directory, uint64_t wanted,
			struct error *error)
{
	struct statvfs space;

	if (statvfs(directory, &space) < 0 ||
	    (uint64_t)space.f_bavail * space.f_frsize >= SPACE_LEFT)
		return true;
	return no_space(unpacking, directory, wanted, error);
}

static bool is_zero(const uint8_t *data, size_t size)
{
	return !data[0] && !memcmp(data, data + 1, size - 1);
}

/* A sink: writes into the file, but leaves out pages of zeros. */
static bool write_sparsely(struct unpacking *unpacking, const uint8_t *data, size_t size,
			   struct error *error)
{
	struct writing *writing = unpacking->context;
	struct unpacking inner = { .path = unpacking->path, .context = &writing->fd };

	writing->since_look += size;
	if (writing->since_look >= SPACE_EVERY) {
		writing->since_look = 0;
		if (!check_space(unpacking, writing->directory, estimate(unpacking), error))
			return false;
	}
	for (size_t at = 0, length; at < size; at += length) {
		bool zero = size - at >= HOLE && is_zero(data + at, HOLE);

		for (length = HOLE; zero && size - at - length >= HOLE &&
				    is_zero(data + at + length, HOLE);)
			length += HOLE;
		while (!zero && size - at > length &&
		       (size - at - length < HOLE || !is_zero(data + at + length, HOLE)))
			length += size - at - length < HOLE ? size - at - length : HOLE;
		if (length > size - at)
			length = size - at;
		if (zero ? lseek(writing->fd, length, SEEK_CUR) < 0
			 : !unpacking_write(&inner, data + at, length, NULL))
			return errno == ENOSPC || errno == EDQUOT
				       ? no_space(unpacking, writing->directory,
						  estimate(unpacking), error)
				       : error_set(error, ERROR_IO,
						   "cannot write what %s unpacks to into %s: %s",
						   unpacking->path, writing->directory,
						   strerror(errno));
	}
	return true;
}

/* Into the temporary file, which is ours and empty. *cut_ret: it could not be unpacked to its end. */
static bool unpack_all(const struct packer *packer, const char *path, int in,
		       const struct names *names, int out, const struct patience *patience,
		       bool *cut_ret, struct error *error)
{
	struct writing writing = { .directory = names->directory, .fd = out };
	struct unpacking unpacking = {
		.path = path, .in = in, .patience = patience, .sink = write_sparsely, .context = &writing
	};
	struct stat status;
	struct error why = { 0 };
	bool done;

	/* A dump is hardly ever smaller than what it was compressed to. */
	done = fstat(in, &status) < 0 ||
	       check_space(&unpacking, names->directory, status.st_size, &why);
	done = done && unpacking_run(&unpacking, packer, &why);
	*cut_ret = !done && unpacking.out_done &&
		   (why.kind == ERROR_TRUNCATED || why.kind == ERROR_FORMAT);
	if ((done || *cut_ret) && ftruncate(out, unpacking.out_done) < 0)
		return error_set(error, ERROR_IO, "cannot write to %s: %s", names->temporary,
				 strerror(errno));
	if (!done && !*cut_ret && error)
		*error = why;
	return done || *cut_ret;
}

/* --- one writer at a time --- */

/* Is the file open as FD still the one at PATH? */
static bool is_at(int fd, const char *path)
{
	struct stat mine, there;

	return fstat(fd, &mine) == 0 && stat(path, &there) == 0 && mine.st_ino == there.st_ino &&
	       mine.st_dev == there.st_dev;
}

/*
 * The temporary file, open and locked: *fd_ret. *done_ret: somebody else has just unpacked it, into UNPACKED. Waits for
 * whoever is at it.
 */
static bool lock_temporary(const struct names *names, const struct patience *patience, int *fd_ret,
			   bool *done_ret, struct unpacked *unpacked, struct error *error)
{
	for (;; usleep(WAIT_US)) {
		int fd = open(names->temporary, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		bool locked;

		if (fd < 0)
			return error_set(error, ERROR_IO, "cannot write to %s: %s",
					 names->temporary, strerror(errno));
		/* A disk that cannot lock (EOPNOTSUPP) must not make us wait for ever. */
		locked = flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
		*done_ret = find_done(names, unpacked);
		if (*done_ret || (locked && is_at(fd, names->temporary))) {
			if (*done_ret && locked && is_at(fd, names->temporary))
				unlink(names->temporary);
			if (*done_ret)
				close(fd);
			else
				*fd_ret = fd;
			return true;
		}
		close(fd);
		if (patience && patience->interrupted && patience->interrupted(patience->context))
			return error_set(error, ERROR_INTERRUPTED, "interrupted");
	}
}

static bool is_hexadecimal(const char *text, size_t size)
{
	return strspn(text, "0123456789abcdef") >= size;
}

/* What a writer that was killed left behind, and what this file was unpacked to before it changed. */
static void sweep(const struct names *names)
{
	const char *keep = strrchr(names->temporary, '/') + 1;
	DIR *directory = opendir(names->directory);
	struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		const char *name = entry->d_name;
		size_t length = strlen(name), tail = strlen(".tmp") + 16;
		bool temporary = length > tail && !strcmp(name + length - 4, ".tmp") &&
				 name[length - tail - 1] == '-' &&
				 is_hexadecimal(name + length - tail, 16);
		bool older = !temporary && !strncmp(name, names->prefix, strlen(names->prefix)) &&
			     is_hexadecimal(name + strlen(names->prefix), 16);
		int fd = temporary && strcmp(name, keep)
				 ? openat(dirfd(directory), name, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
				 : -1;

		if (older || (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0))
			unlinkat(dirfd(directory), name, 0);
		if (fd >= 0)
			close(fd);
	}
	if (directory)
		closedir(directory);
}

static bool unpack_locked(const struct packer *packer, const char *path, int in,
			  const struct names *names, int out, const struct patience *patience,
			  struct unpacked *unpacked, struct error *error)
{
	const char *final;
	bool cut;

	sweep(names);
	if (ftruncate(out, 0) < 0 ||
	    !unpack_all(packer, path, in, names, out, patience, &cut, error)) {
		unlink(names->temporary);
		return false;
	}
	final = cut ? names->cut : names->final;
	if (rename(names->temporary, final) < 0) {
		error_set(error, ERROR_IO, "cannot rename %s: %s", names->temporary, strerror(errno));
		unlink(names->temporary);
		return false;
	}
	if (!find_done(names, unpacked))
		return error_set(error, ERROR_IO, "cannot open %s: %s", final, strerror(errno));
	unpacked->fresh = true;
	return true;
}

bool packed_unpack(const struct packer *packer, const char *path, int fd,
		   const struct patience *patience, struct unpacked *unpacked, struct error *error)
{
	struct names *names = malloc(sizeof(*names));
	bool done, found = false;
	int out;

	*unpacked = (struct unpacked){ .fd = -1 };
	if (!names)
		return error_no_memory(error, "unpacking", sizeof(*names));
	done = find_names(packer, path, fd, names, error);
	if (done && !find_done(names, unpacked)) {
		done = lock_temporary(names, patience, &out, &found, unpacked, error);
		if (done && !found) {
			done = unpack_locked(packer, path, fd, names, out, patience, unpacked, error);
			close(out);
		}
	}
	free(names);
	if (done && !unpacked->path) {
		close(unpacked->fd);
		return error_no_memory(error, "a file name", 0);
	}
	return done;
}
