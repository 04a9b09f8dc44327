// SPDX-License-Identifier: GPL-3.0-or-later
#include "dump/packed/packed.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "dump/packed/stream.h"

#define LONGEST_MAGIC 8
/* zstd's and lz4's frames that decompressors skip, before the first real one (pzstd has such) */
#define SKIPPABLE      0x184d2a50
#define SKIPPABLE_MASK 0xfffffff0
#define MAX_SKIPPED    16

static const struct packer *const packers[] = {
	&packer_gzip, &packer_xz, &packer_zstd, &packer_lz4, &packer_bzip2,
};

#define NR_PACKERS (sizeof(packers) / sizeof(packers[0]))

const struct packer *packed_recognize(int fd)
{
	uint8_t start[LONGEST_MAGIC];
	uint64_t at = 0;

	for (unsigned skipped = 0; skipped < MAX_SKIPPED; skipped++) {
		ssize_t got = pread(fd, start, sizeof(start), at);

		for (size_t i = 0; i < NR_PACKERS; i++)
			if (got >= (ssize_t)packers[i]->magic_size &&
			    !memcmp(start, packers[i]->magic, packers[i]->magic_size))
				return packers[i];
		if (got < (ssize_t)sizeof(start) ||
		    (bytes_u32(start, false) & SKIPPABLE_MASK) != SKIPPABLE)
			break;
		at += 8 + (uint64_t)bytes_u32(start + 4, false);
	}
	return NULL;
}

const struct packer *packed_by_suffix(const char *path)
{
	size_t length = strlen(path);

	for (size_t i = 0; i < NR_PACKERS; i++) {
		size_t suffix = strlen(packers[i]->suffix);

		if (length > suffix && !strcmp(path + length - suffix, packers[i]->suffix))
			return packers[i];
	}
	return NULL;
}

struct head {
	uint8_t *buffer;
	size_t size, done;
};

/* A sink: false, which ends the pass, once the head is full. */
static bool take_head(struct unpacking *unpacking, const uint8_t *data, size_t size, struct error *error)
{
	struct head *head = unpacking->context;
	size_t length = size < head->size - head->done ? size : head->size - head->done;

	(void)error;
	memcpy(head->buffer + head->done, data, length);
	head->done += length;
	return head->done < head->size;
}

size_t packed_head(const struct packer *packer, int fd, void *buffer, size_t size)
{
	struct head head = { buffer, size, 0 };
	struct unpacking unpacking = { .path = "", .in = fd, .sink = take_head, .context = &head };

	unpacking_run(&unpacking, packer, NULL);
	return head.done;
}
