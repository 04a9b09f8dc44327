// SPDX-License-Identifier: GPL-3.0-or-later
#include "symbols/elf/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "dump/packed/packed.h"
#include "dump/packed/stream.h"
#include "symbols/elf/inflate.h"

#define MAX_UNPACKED (16ull << 30) /* a bomb, or not what it says it is */

/* A sink, of which CONTEXT points to a file's descriptor. */
static bool put(struct unpacking *unpacking, const uint8_t *data, size_t size, struct error *error)
{
	if (unpacking->out_done + size > MAX_UNPACKED)
		return error_set(error, ERROR_FORMAT, "%s unpacks to more than 16 GiB",
				 unpacking->path);
	return unpacking_write(unpacking, data, size, error);
}

size_t unpack_stem(const char *path)
{
	const struct packer *packer = packed_by_suffix(path);

	return packer ? strlen(path) - strlen(packer->suffix) : 0;
}

static bool unpack_into(const char *path, const struct packer *packer, const char *temporary,
			const struct patience *patience, int in, struct error *error)
{
	int out = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct unpacking unpacking = {
		.path = path, .patience = patience, .in = in, .sink = put, .context = &out
	};
	bool done;

	if (out < 0)
		return error_set(error, ERROR_IO, "cannot write to %s: %s", temporary,
				 strerror(errno));
	done = unpacking_run(&unpacking, packer, error);
	if (close(out) != 0 && done)
		done = error_set(error, ERROR_IO, "cannot write to %s: %s", temporary,
				 strerror(errno));
	return done;
}

/* Unpacks PATH, open as IN, under a temporary name, and gives it its own when it is whole. */
static bool unpack_to(const char *path, int in, const char *plain, const struct patience *patience,
		      struct error *error)
{
	const struct packer *packer = packed_by_suffix(path);
	char temporary[PATH_MAX + 360];
	bool done;

	snprintf(temporary, sizeof(temporary), "%s.%d.tmp", plain, (int)getpid());
	done = packer ? unpack_into(path, packer, temporary, patience, in, error) :
			inflate_file(path, temporary, patience, error);
	if (done && rename(temporary, plain) < 0)
		done = error_set(error, ERROR_IO, "cannot rename %s: %s", temporary,
				 strerror(errno));
	if (!done)
		unlink(temporary);
	return done;
}

/* The file as a whole, or sections of it. */
static bool unpack_once(const char *path, const struct patience *patience, char **plain_ret,
			struct error *error)
{
	char directory[PATH_MAX], plain[PATH_MAX + 320];
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	size_t stem = unpack_stem(name);
	struct stat status;
	bool done = true;
	int in;

	in = open(path, O_RDONLY | O_CLOEXEC);
	if (in < 0 || fstat(in, &status) < 0) {
		if (in >= 0)
			close(in);
		return error_set(error, ERROR_IO, "cannot open %s: %s", path, strerror(errno));
	}
	if (!files_cache_directory("unpacked", directory, sizeof(directory), error)) {
		close(in);
		return false;
	}
	snprintf(plain, sizeof(plain), "%s/%" PRIx64 "-%" PRIx64 "-%" PRIx64 "-%.*s", directory,
		 (uint64_t)status.st_ino, (uint64_t)status.st_size,
		 (uint64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec,
		 (int)(stem ? stem : strlen(name)), name);
	if (access(plain, R_OK) < 0)
		done = unpack_to(path, in, plain, patience, error);
	close(in);
	if (!done)
		return false;
	*plain_ret = strdup(plain);
	return *plain_ret || error_no_memory(error, "a file name", strlen(plain));
}

bool unpack(const char *path, const struct patience *patience, char **plain_ret,
	    struct error *error)
{
	char *whole = NULL;
	bool done;

	if (packed_by_suffix(path) && !unpack_once(path, patience, &whole, error))
		return false;
	if (!inflate_needed(whole ? whole : path)) {
		*plain_ret = whole ? whole : strdup(path);
		return *plain_ret || error_no_memory(error, "a file name", strlen(path));
	}
	done = unpack_once(whole ? whole : path, patience, plain_ret, error);
	if (whole)
		unlink(whole);
	free(whole);
	return done;
}
