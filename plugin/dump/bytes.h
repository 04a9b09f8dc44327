/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Integers out of file headers, in either byte order and at any alignment. The kdump and flattened
 * headers have no reader in a library (ELF's have libelf).
 */
#ifndef VMCORE_DUMP_BYTES_H
#define VMCORE_DUMP_BYTES_H

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

#endif
