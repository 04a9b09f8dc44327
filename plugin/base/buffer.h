/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A growing byte buffer, for strings and for file images under construction.
 *
 * Zero-initialise it, append to it, buffer_free() it. A failed allocation sets `failed` and turns
 * every later append into a no-op, so a long construction checks once, at its end. `data` is always
 * NUL-terminated once anything was appended (the NUL is not counted in `size`).
 */
#ifndef VMCORE_BASE_BUFFER_H
#define VMCORE_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
	char *data;
	size_t size;
	size_t capacity;
	bool failed;
};

void buffer_append(struct buffer *buffer, const void *data, size_t size);
void buffer_string(struct buffer *buffer, const char *string);
void buffer_char(struct buffer *buffer, char c);
void buffer_printf(struct buffer *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* An unsigned number of SIZE (1 to 8) bytes. */
void buffer_number(struct buffer *buffer, uint64_t value, size_t size, bool big_endian);
/* DWARF's numbers of any length: 7 bits a byte (DWARF 5, 7.6). */
void buffer_uleb(struct buffer *buffer, uint64_t value);
void buffer_sleb(struct buffer *buffer, int64_t value);
/* Appends SIZE zero bytes. */
void buffer_zeros(struct buffer *buffer, size_t size);
/* Pads with zero bytes until size is a multiple of ALIGNMENT. */
void buffer_align(struct buffer *buffer, size_t alignment);
/* Forgets the contents, keeps the allocation. */
void buffer_clear(struct buffer *buffer);
void buffer_free(struct buffer *buffer);

#endif
