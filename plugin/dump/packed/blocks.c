// SPDX-License-Identifier: GPL-3.0-or-later
#include "dump/packed/blocks.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "dump/packed/packed.h"

#define MAX_BLOCK  (64u << 20) /* unpacked; where they are larger, reading a page would cost too much */
#define MAX_BLOCKS (64u << 20)
#define KEPT_BYTES (64u << 20)
#define MIN_SLOTS  4
#define MAX_SLOTS  1024

struct block {
	uint64_t offset; /* in the file */
	uint64_t start;	 /* of what is in it */
	uint32_t packed_size, size;
};

/* An unpacked block: number % nr_slots says which slot it may be in. */
struct slot {
	uint64_t number;
	uint8_t *data; /* NULL: nothing yet */
};

struct blocks {
	const struct packer *packer;
	int fd;
	uint64_t raw_size, size;
	bool cut;
	struct block *blocks;
	size_t nr_blocks, capacity;
	uint32_t largest;
	struct slot *slots;
	size_t nr_slots;
	pthread_mutex_t lock; /* of the slots */
};

uint64_t blocks_size(const struct blocks *blocks)
{
	return blocks->size;
}

bool blocks_are_cut(const struct blocks *blocks)
{
	return blocks->cut;
}

uint64_t blocks_raw_size(const struct blocks *blocks)
{
	return blocks->raw_size;
}

void blocks_set_cut(struct blocks *blocks)
{
	blocks->cut = true;
}

size_t blocks_raw(const struct blocks *blocks, uint64_t offset, void *buffer, size_t size)
{
	size_t done = 0;

	if (offset > INT64_MAX - size)
		return 0;
	while (done < size) {
		ssize_t got = pread(blocks->fd, (char *)buffer + done, size - done, offset + done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		done += got;
	}
	return done;
}

bool blocks_add(struct blocks *blocks, uint64_t offset, uint64_t packed_size, uint64_t size)
{
	struct block *grown;

	if (size > MAX_BLOCK || packed_size > 2 * (uint64_t)MAX_BLOCK || offset > blocks->raw_size ||
	    packed_size > blocks->raw_size - offset || blocks->nr_blocks == MAX_BLOCKS)
		return false;
	if (!size)
		return true;
	grown = array_room(blocks->blocks, blocks->nr_blocks, &blocks->capacity, sizeof(*grown),
			   "the blocks of a compressed file", NULL);
	if (!grown)
		return false;
	blocks->blocks = grown;
	grown[blocks->nr_blocks++] =
		(struct block){ offset, blocks->size, (uint32_t)packed_size, (uint32_t)size };
	blocks->size += size;
	if (size > blocks->largest)
		blocks->largest = size;
	return true;
}

static bool make_slots(struct blocks *blocks)
{
	blocks->nr_slots = KEPT_BYTES / blocks->largest;
	if (blocks->nr_slots < MIN_SLOTS)
		blocks->nr_slots = MIN_SLOTS;
	if (blocks->nr_slots > MAX_SLOTS)
		blocks->nr_slots = MAX_SLOTS;
	blocks->slots = calloc(blocks->nr_slots, sizeof(*blocks->slots));
	return blocks->slots != NULL;
}

bool blocks_open(const struct packer *packer, int fd, const struct patience *patience,
		 struct blocks **blocks_ret, struct error *error)
{
	struct blocks *blocks;
	struct error why = { 0 };
	struct stat status;

	*blocks_ret = NULL;
	if (!packer->index || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		return true;
	blocks = calloc(1, sizeof(*blocks));
	if (!blocks)
		return error_no_memory(error, "a compressed file", sizeof(*blocks));
	pthread_mutex_init(&blocks->lock, NULL);
	blocks->packer = packer;
	blocks->fd = fd;
	blocks->raw_size = status.st_size;
	if (packer->index(blocks, patience, &why) && blocks->size && make_slots(blocks)) {
		*blocks_ret = blocks;
		return true;
	}
	blocks_close(blocks);
	if (why.kind != ERROR_INTERRUPTED)
		return true;
	if (error)
		*error = why;
	return false;
}

void blocks_close(struct blocks *blocks)
{
	if (!blocks)
		return;
	for (size_t i = 0; blocks->slots && i < blocks->nr_slots; i++)
		free(blocks->slots[i].data);
	free(blocks->slots);
	free(blocks->blocks);
	pthread_mutex_destroy(&blocks->lock);
	free(blocks);
}

/* Copies out of a block that was unpacked before. */
static bool copy_kept(struct blocks *blocks, uint64_t number, size_t within, void *buffer, size_t size)
{
	struct slot *slot = &blocks->slots[number % blocks->nr_slots];
	bool found;

	pthread_mutex_lock(&blocks->lock);
	found = slot->data && slot->number == number;
	if (found)
		memcpy(buffer, slot->data + within, size);
	pthread_mutex_unlock(&blocks->lock);
	return found;
}

/* Takes DATA over. */
static void keep(struct blocks *blocks, uint64_t number, uint8_t *data)
{
	struct slot *slot = &blocks->slots[number % blocks->nr_slots];
	uint8_t *old;

	pthread_mutex_lock(&blocks->lock);
	old = slot->data;
	*slot = (struct slot){ number, data };
	pthread_mutex_unlock(&blocks->lock);
	free(old);
}

/* All of a block, malloc'ed; NULL and errno. */
static uint8_t *unpack_block(const struct blocks *blocks, const struct block *block)
{
	uint8_t *from = malloc(block->packed_size), *to = malloc(block->size);
	bool done = false;

	errno = ENOMEM;
	if (from && to) {
		done = blocks_raw(blocks, block->offset, from, block->packed_size) ==
			       block->packed_size &&
		       blocks->packer->unpack_block(from, block->packed_size, to, block->size);
		errno = EBADMSG;
	}
	free(from);
	if (done)
		return to;
	free(to);
	return NULL;
}

int64_t blocks_read(struct blocks *blocks, uint64_t offset, void *buffer, size_t size)
{
	size_t done = 0;

	while (done < size && offset < blocks->size) {
		size_t number = array_up_to(blocks->blocks, blocks->nr_blocks, sizeof(struct block),
					    offsetof(struct block, start), offset) - 1;
		const struct block *block = &blocks->blocks[number];
		size_t within = offset - block->start, length = block->size - within;
		uint8_t *data;

		if (length > size - done)
			length = size - done;
		if (!copy_kept(blocks, number, within, (char *)buffer + done, length)) {
			data = unpack_block(blocks, block);
			if (!data)
				return done ? (int64_t)done : -1;
			memcpy((char *)buffer + done, data + within, length);
			keep(blocks, number, data);
		}
		done += length;
		offset += length;
	}
	return done;
}
