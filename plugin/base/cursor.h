/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading numbers out of hostile bytes, as DWARF writes them: of a given size, and LEB128 (DWARF 5, 7.6).
 *
 * A cursor never leaves its bytes: a read past the end gives 0, goes to the end and sets `failed`, so that a long reading
 * checks once. The bytes stay the caller's. (Writing: base/buffer.h.)
 */
#ifndef VMCORE_BASE_CURSOR_H
#define VMCORE_BASE_CURSOR_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cursor {
	const uint8_t *at, *end;
	bool big_endian, failed;
};

static inline uint64_t cursor_fail(struct cursor *cursor)
{
	cursor->at = cursor->end;
	cursor->failed = true;
	return 0;
}

/* An unsigned integer of SIZE (1 to 8) bytes. */
static inline uint64_t cursor_uint(struct cursor *cursor, size_t size)
{
	uint64_t value = 0;

	if ((size_t)(cursor->end - cursor->at) < size)
		return cursor_fail(cursor);
	if (cursor->big_endian)
		for (size_t i = 0; i < size; i++)
			value = value << 8 | cursor->at[i];
	else
		for (size_t i = size; i > 0; i--)
			value = value << 8 | cursor->at[i - 1];
	cursor->at += size;
	return value;
}

static inline uint64_t cursor_u32(struct cursor *cursor)
{
	uint32_t value;

	if (cursor->big_endian)
		return cursor_uint(cursor, 4);
	if ((size_t)(cursor->end - cursor->at) < 4)
		return cursor_fail(cursor);
	memcpy(&value, cursor->at, 4);
	cursor->at += 4;
	return le32toh(value);
}

static inline uint64_t cursor_leb(struct cursor *cursor, bool is_signed)
{
	uint64_t value = 0;

	for (unsigned shift = 0; cursor->at < cursor->end; shift += 7) {
		uint8_t byte = *cursor->at++;

		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte & 0x80)
			continue;
		return is_signed && byte & 0x40 && shift + 7 < 64 ? value | ~0ull << (shift + 7) : value;
	}
	return cursor_fail(cursor);
}

static inline uint64_t cursor_uleb(struct cursor *cursor)
{
	return cursor_leb(cursor, false);
}

static inline int64_t cursor_sleb(struct cursor *cursor)
{
	return (int64_t)cursor_leb(cursor, true);
}

static inline void cursor_skip(struct cursor *cursor, uint64_t size)
{
	if ((uint64_t)(cursor->end - cursor->at) < size)
		cursor_fail(cursor);
	else
		cursor->at += size;
}

/* Of an inline string; *SIZE without its NUL. NULL if it does not end. */
static inline const char *cursor_string(struct cursor *cursor, size_t *size)
{
	const uint8_t *start = cursor->at, *nul = memchr(start, 0, cursor->end - start);

	if (!nul) {
		cursor_fail(cursor);
		return NULL;
	}
	cursor->at = nul + 1;
	*size = nul - start;
	return (const char *)start;
}

/* As many bytes as the ULEB128 before them says; NULL if there are fewer. */
static inline const uint8_t *cursor_block(struct cursor *cursor, size_t *size_ret)
{
	uint64_t size = cursor_uleb(cursor);
	const uint8_t *block = cursor->at;

	*size_ret = size;
	cursor_skip(cursor, size);
	return cursor->failed ? NULL : block;
}

#endif
