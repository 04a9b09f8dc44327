/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Integers in either byte order and at any alignment: of file headers that no library reads (kdump's, the flattened stream's;
 * ELF's have libelf), of a machine's registers, and of what is made for gdb.
 */
#ifndef VMCORE_BASE_BYTES_H
#define VMCORE_BASE_BYTES_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t bytes_u32(const void *data, bool big_endian)
{
	uint32_t value;

	memcpy(&value, data, sizeof(value));
	return big_endian ? be32toh(value) : le32toh(value);
}

static inline uint64_t bytes_u64(const void *data, bool big_endian)
{
	uint64_t value;

	memcpy(&value, data, sizeof(value));
	return big_endian ? be64toh(value) : le64toh(value);
}

/* An unsigned number of 1 to 8 bytes. */
static inline uint64_t bytes_number(const uint8_t *bytes, size_t size, bool big_endian)
{
	uint64_t value = 0;

	for (size_t i = 0; i < size; i++)
		value = value << 8 | bytes[big_endian ? i : size - 1 - i];
	return value;
}

static inline void bytes_put(uint8_t *bytes, size_t size, bool big_endian, uint64_t value)
{
	for (size_t i = 0; i < size; i++)
		bytes[big_endian ? size - 1 - i : i] = (uint8_t)(value >> 8 * i);
}

#endif
