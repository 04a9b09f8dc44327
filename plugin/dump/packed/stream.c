// SPDX-License-Identifier: GPL-3.0-or-later
#include "dump/packed/stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dump/packed/packed.h"

#define SMALL_FILE   (1u << 20)
#define SMALL_MEMORY (1ull << 27) /* what zstd itself gives unasked; xz -9 takes half of it */
#define MOST_MEMORY  (1ull << 31) /* zstd --long=31 */

bool unpacking_run(struct unpacking *unpacking, const struct packer *packer, struct error *error)
{
	struct stat status;
	bool done;

	unpacking->in_size = fstat(unpacking->in, &status) == 0 ? status.st_size : 0;
	unpacking->in_done = unpacking->out_done = 0;
	unpacking->input = malloc(UNPACKING_PIECE);
	unpacking->output = malloc(UNPACKING_PIECE);
	done = (unpacking->input && unpacking->output) ||
	       error_no_memory(error, "unpacking", 2 * UNPACKING_PIECE);
	done = done && packer->unpack(unpacking, error);
	free(unpacking->input);
	free(unpacking->output);
	return done;
}

bool unpacking_take(struct unpacking *unpacking, size_t *size_ret, struct error *error)
{
	const struct patience *patience = unpacking->patience;
	ssize_t got;

	if (patience && patience->progress)
		patience->progress(patience->context, "Unpacking", unpacking->in_done,
				   unpacking->in_size);
	if (patience && patience->interrupted && patience->interrupted(patience->context))
		return error_set(error, ERROR_INTERRUPTED, "interrupted");
	do
		got = pread(unpacking->in, unpacking->input, UNPACKING_PIECE, unpacking->in_done);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_set(error, ERROR_IO, "cannot read %s: %s", unpacking->path,
				 strerror(errno));
	unpacking->in_done += got;
	*size_ret = got;
	return true;
}

bool unpacking_put(struct unpacking *unpacking, size_t size, struct error *error)
{
	if (!size)
		return true;
	if (!unpacking->sink(unpacking, unpacking->output, size, error))
		return false;
	unpacking->out_done += size;
	return true;
}

uint64_t unpacking_memory(const struct unpacking *unpacking)
{
	return unpacking->in_size < SMALL_FILE ? SMALL_MEMORY : MOST_MEMORY;
}

bool unpacking_damaged(const struct unpacking *unpacking, const char *why, struct error *error)
{
	return error_set(error, ERROR_FORMAT, "%s cannot be unpacked: %s", unpacking->path, why);
}

bool unpacking_ends_early(const struct unpacking *unpacking, struct error *error)
{
	return error_set(error, ERROR_TRUNCATED,
			 "%s cannot be unpacked: it ends early, after %" PRIu64 " bytes",
			 unpacking->path, unpacking->in_done);
}

bool unpacking_write(struct unpacking *unpacking, const uint8_t *data, size_t size,
		     struct error *error)
{
	const int *fd = unpacking->context;

	while (size) {
		ssize_t written = write(*fd, data, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return error_set(error, ERROR_IO, "cannot write what %s unpacks to: %s",
					 unpacking->path, strerror(errno));
		data += written;
		size -= written;
	}
	return true;
}
