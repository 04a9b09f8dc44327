/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A compressed file of pieces that can each be unpacked alone, read at random: a table of where they are, and the last
 * ones that were unpacked. Reading is thread-safe.
 */
#ifndef VMCORE_DUMP_BLOCKS_H
#define VMCORE_DUMP_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/patience.h"

struct blocks;
struct packer;

/* The blocks of the open file FD; NULL if it has no table of them. False: Ctrl-C. FD stays the caller's. */
bool blocks_open(const struct packer *packer, int fd, const struct patience *patience,
		 struct blocks **blocks_ret, struct error *error);
void blocks_close(struct blocks *blocks);

uint64_t blocks_size(const struct blocks *blocks); /* unpacked, bytes */
/* Does the file end before its last block does? */
bool blocks_are_cut(const struct blocks *blocks);
/* As many bytes as there are; -1 and errno: EBADMSG where a block cannot be unpacked. */
int64_t blocks_read(struct blocks *blocks, uint64_t offset, void *buffer, size_t size);

/* For packers' index: the next block. False: it makes no sense. */
bool blocks_add(struct blocks *blocks, uint64_t offset, uint64_t packed_size, uint64_t size);
/* For packers' index: bytes of the file; the file's size; it ends before its table says. */
size_t blocks_raw(const struct blocks *blocks, uint64_t offset, void *buffer, size_t size);
uint64_t blocks_raw_size(const struct blocks *blocks);
void blocks_set_cut(struct blocks *blocks);

#endif
