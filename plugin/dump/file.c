// SPDX-License-Identifier: GPL-3.0-or-later
#include "dump/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dump/cache.h"
#include "dump/flattened.h"
#include "dump/packed/blocks.h"
#include "dump/packed/packed.h"

#define CACHE_BLOCK 4096
#define HEAD_SIZE   (1u << 20) /* of a compressed file: what tells a dump from other files */

int64_t dump_file_read_raw(const struct dump_file *file, uint64_t offset, void *buffer, size_t size)
{
	size_t done = 0;

	if (offset > INT64_MAX || size > INT64_MAX - offset)
		return 0;
	if (file->packed)
		return blocks_read(file->packed, offset, buffer, size);
	if (file->head) {
		if (offset >= file->raw_size)
			return 0;
		if (size > file->raw_size - offset)
			size = file->raw_size - offset;
		memcpy(buffer, file->head + offset, size);
		return size;
	}
	while (done < size) {
		ssize_t got = pread(file->fd, (char *)buffer + done, size - done, offset + done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (!got)
			break;
		done += got;
	}
	return done;
}

size_t dump_file_read_some(const struct dump_file *file, uint64_t offset, void *buffer, size_t size)
{
	int64_t got = file->flattened ? flattened_read(file, offset, buffer, size)
				      : dump_file_read_raw(file, offset, buffer, size);

	return got < 0 ? 0 : got;
}

uint64_t dump_file_next_data(const struct dump_file *file, uint64_t offset)
{
	off_t next;

	if (file->flattened || file->packed || file->head || offset >= file->size)
		return offset;
	/* Moves the file's position, which nothing here uses. */
	next = lseek(file->fd, offset, SEEK_DATA);
	if (next < 0)
		return errno == ENXIO ? file->size : offset;
	return (uint64_t)next > offset ? (uint64_t)next : offset;
}

bool dump_file_read(const struct dump_file *file, uint64_t offset, void *buffer, size_t size,
		    struct error *error)
{
	int64_t got = file->flattened ? flattened_read(file, offset, buffer, size)
				      : dump_file_read_raw(file, offset, buffer, size);

	if (got == (int64_t)size)
		return true;
	if (got < 0 && errno == EBADMSG && file->packed)
		return error_set(error, ERROR_FORMAT,
				 "%s is damaged: what it has at offset 0x%" PRIx64
				 " cannot be unpacked (%s)",
				 file->path, offset, file->packer->name);
	if (got < 0)
		return error_set(error, ERROR_IO, "cannot read %s at offset 0x%" PRIx64 ": %s",
				 file->path, offset, strerror(errno));
	if (file->flattened && file->truncated)
		return error_set(error, ERROR_TRUNCATED,
				 "%s is truncated: it is a flattened dump of %" PRIu64
				 " bytes that ends before its record for offset 0x%" PRIx64,
				 file->path, file->raw_size, offset + got);
	return error_set(error, ERROR_TRUNCATED,
			 "%s is truncated at offset 0x%" PRIx64 ": %zu bytes at offset 0x%" PRIx64
			 " were asked for",
			 file->path, file->size, size, offset);
}

/* Maps all of FILE; MAP_FAILED if that cannot or should not be. */
static void *map_all(const struct dump_file *file)
{
	uint64_t pages = sysconf(_SC_PHYS_PAGES), page_size = sysconf(_SC_PAGESIZE);
	struct stat status;
	void *map;

	if (file->flattened || file->packed || file->head || !file->raw_size || file->raw_size / page_size > pages / 2 ||
	    fstat(file->fd, &status) < 0 || !S_ISREG(status.st_mode))
		return MAP_FAILED;
	map = mmap(NULL, file->raw_size, PROT_READ, MAP_SHARED, file->fd, 0);
	/* Reads ahead further, and the system takes such pages back sooner. */
	if (map != MAP_FAILED)
		madvise(map, file->raw_size, MADV_SEQUENTIAL);
	return map;
}

const void *dump_file_map(struct dump_file *file, uint64_t offset, uint64_t size)
{
	void *map = __atomic_load_n(&file->map, __ATOMIC_ACQUIRE), *none = NULL;

	if (!map) {
		map = map_all(file);
		if (!__atomic_compare_exchange_n(&file->map, &none, map, false, __ATOMIC_ACQ_REL,
						 __ATOMIC_ACQUIRE)) {
			if (map != MAP_FAILED) /* another thread was faster */
				munmap(map, file->raw_size);
			map = none;
		}
	}
	if (map == MAP_FAILED || offset > file->raw_size || size > file->raw_size - offset)
		return NULL;
	return (const char *)map + offset;
}

void dump_file_set_cache(struct dump_file *file, size_t bytes)
{
	if (!file->blocks)
		file->blocks = page_cache_new(CACHE_BLOCK, bytes);
}

bool dump_file_read_cached(const struct dump_file *file, uint64_t offset, void *buffer, size_t size,
			   struct error *error)
{
	while (size) {
		size_t within = offset % CACHE_BLOCK;
		size_t length = size < CACHE_BLOCK - within ? size : CACHE_BLOCK - within;
		uint8_t block[CACHE_BLOCK];

		if (!page_cache_read(file->blocks, offset / CACHE_BLOCK, within, buffer, length)) {
			/*
			 * The last block of a file is short: what is asked for may still be in it.
			 */
			if (!file->blocks || dump_file_read_some(file, offset - within, block,
								 CACHE_BLOCK) < CACHE_BLOCK)
				return dump_file_read(file, offset, buffer, size, error);
			page_cache_insert(file->blocks, offset / CACHE_BLOCK, block);
			memcpy(buffer, block + within, length);
		}
		buffer = (char *)buffer + length;
		offset += length;
		size -= length;
	}
	return true;
}

/* The size of a regular file or a block device; nothing else can be read at offsets. */
static bool find_size(struct dump_file *file, struct error *error)
{
	struct stat status;
	off_t end;

	if (fstat(file->fd, &status) < 0)
		return error_set(error, ERROR_IO, "cannot stat %s: %s", file->path,
				 strerror(errno));
	if (S_ISDIR(status.st_mode))
		return error_set(error, ERROR_IO, "%s is a directory, not a dump", file->path);
	if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode))
		return error_set(error, ERROR_IO,
				 "%s is neither a regular file nor a block device; copy the dump "
				 "to a file first",
				 file->path);
	end = S_ISREG(status.st_mode) ? status.st_size : lseek(file->fd, 0, SEEK_END);
	if (end < 0)
		return error_set(error, ERROR_IO, "cannot find the size of %s: %s", file->path,
				 strerror(errno));
	file->raw_size = file->size = end;
	return true;
}

/* Reads the start of a compressed file. */
static bool open_head(struct dump_file *file, struct error *error)
{
	file->packer = packed_recognize(file->fd);
	if (!file->packer)
		return true;
	file->head = malloc(HEAD_SIZE);
	if (!file->head)
		return error_no_memory(error, "the start of a compressed file", HEAD_SIZE);
	file->packed_size = file->raw_size;
	file->raw_size = file->size = packed_head(file->packer, file->fd, file->head, HEAD_SIZE);
	return true;
}

static void forget_head(struct dump_file *file)
{
	flattened_close(file->flattened);
	file->flattened = NULL;
	file->truncated = false;
	free(file->head);
	file->head = NULL;
}

bool dump_file_unpack(struct dump_file *file, const struct patience *patience, struct error *error)
{
	struct unpacked unpacked;
	bool cut;

	if (!file->head)
		return true;
	if (!blocks_open(file->packer, file->fd, patience, &file->packed, error) ||
	    (!file->packed && !packed_unpack(file->packer, file->path, file->fd, patience,
					     &unpacked, error)))
		return false;
	forget_head(file);
	if (file->packed) {
		file->raw_size = file->size = blocks_size(file->packed);
		cut = blocks_are_cut(file->packed);
	} else {
		close(file->fd);
		file->fd = unpacked.fd;
		file->unpacked_path = unpacked.path;
		file->unpacked_now = unpacked.fresh;
		cut = unpacked.cut;
		if (!find_size(file, error))
			return false;
	}
	if (!flattened_open(file, error))
		return false;
	file->truncated |= cut;
	return true;
}

bool dump_file_open(const char *path, struct dump_file **file_ret, struct error *error)
{
	struct dump_file *file = calloc(1, sizeof(*file));

	if (!file)
		return error_no_memory(error, "an open file", sizeof(*file));
	file->fd = -1;
	file->path = strdup(path);
	if (!file->path) {
		free(file);
		return error_no_memory(error, "a file name", strlen(path));
	}
	/* O_NONBLOCK: opening a FIFO must fail below, not hang. */
	file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (file->fd < 0) {
		error_set(error, ERROR_IO, "cannot open %s: %s", path, strerror(errno));
		goto fail;
	}
	if (!find_size(file, error) || !open_head(file, error) || !flattened_open(file, error))
		goto fail;
	*file_ret = file;
	return true;
fail:
	dump_file_close(file);
	return false;
}

void dump_file_close(struct dump_file *file)
{
	if (!file)
		return;
	flattened_close(file->flattened);
	blocks_close(file->packed);
	free(file->head);
	free(file->unpacked_path);
	page_cache_free(file->blocks);
	if (file->map && file->map != MAP_FAILED)
		munmap(file->map, file->raw_size);
	if (file->fd >= 0)
		close(file->fd);
	free(file->path);
	free(file);
}
