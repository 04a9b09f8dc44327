// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Finding the kernel's symbol table where VMCOREINFO does not say where it is (before 6.0).
 *
 * scripts/kallsyms.c wrote it like this until 6.3 (404bad70fcf7 changed the order), each part
 * aligned to 8 bytes: offsets, relative_base, num_syms, names, markers, (6.2: seqs_of_names),
 * token_table, token_index.
 *  - A token of one character stands at that character's number, and every kernel's symbols have
 *    all ten digits, so the table has "0", "1" ... "9" in a row. Whether it is the table is told by
 *    the index behind it, which must point to the same places.
 *  - relative_base is the address of the first symbol, where the kernel's text begins; it, the
 *    number of symbols and the names stand together. Whether it is the right place is told by
 *    reading the names to their end: the markers behind them say where every 256th name starts.
 *  - Before 4.6 (2213e9a66bb8) whole addresses, in order, stand in place of offsets and base.
 */
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "dump/dump.h"
#include "symbols/kallsyms/kallsyms.h"

#define MAX_IMAGE   (64u << 20) /* from _stext; kallsyms is in the first 30 MB of big kernels */
#define MIN_SYMBOLS 1000
#define MAX_SYMBOLS 4000000
#define NR_TOKENS   256
#define BASE_SLACK  (2u << 20) /* the first symbol can be before _stext */

static const char digits[] = "0\0001\0002\0003\0004\0005\0006\0007\0008\0009";

/* The kernel's image as far as it is in the dump: pages that are not are zeros. */
struct image {
	uint64_t start, size;
	uint8_t *data;
};

static bool read_image(struct memory *memory, uint64_t start, struct image *image,
		       struct error *error)
{
	*image = (struct image){ .start = start, .data = calloc(1, MAX_IMAGE) };
	if (!image->data)
		return error_no_memory(error, "searching for symbols", MAX_IMAGE);
	for (uint64_t at = 0; at < MAX_IMAGE;) {
		uint64_t address = start + at;
		size_t size = 65536 - address % 65536;

		if (size > MAX_IMAGE - at)
			size = MAX_IMAGE - at;
		if (!memory_read(memory, address, image->data + at, size, NULL))
			for (size_t page = 0; page < size; page += 4096)
				if (!memory_read(memory, address + page, image->data + at + page,
						 size - page < 4096 ? size - page : 4096, NULL))
					memset(image->data + at + page, 0,
					       size - page < 4096 ? size - page : 4096);
		at += size;
	}
	image->size = MAX_IMAGE;
	return true;
}

static uint32_t get32(const struct image *image, uint64_t at)
{
	uint32_t value;

	memcpy(&value, image->data + at, 4);
	return value;
}

static uint64_t align8(uint64_t value)
{
	return (value + 7) & ~7ull;
}

/* Do the digits' tokens at AT belong to a table with an index? */
static bool is_token_table(const struct image *image, uint64_t at, uint64_t *table_ret,
			   uint64_t *index_ret)
{
	uint64_t end = at, index;
	uint16_t offsets[NR_TOKENS];

	for (unsigned token = '0'; token < NR_TOKENS; token++) {
		const uint8_t *nul = memchr(image->data + end, 0, image->size - end);

		if (!nul || nul - image->data - end > 64)
			return false;
		end = nul - image->data + 1;
	}
	index = align8(end);
	if (index + sizeof(offsets) > image->size)
		return false;
	memcpy(offsets, image->data + index, sizeof(offsets));
	for (unsigned token = 1; token < NR_TOKENS; token++)
		if (offsets[token] <= offsets[token - 1])
			return false;
	for (unsigned digit = 0; digit < 10; digit++)
		if (offsets['0' + digit] != offsets['0'] + 2 * digit)
			return false;
	if (offsets[0] != 0 || offsets['0'] > at)
		return false;
	*table_ret = at - offsets['0'];
	*index_ret = index;
	return true;
}

static bool find_tokens(const struct image *image, uint64_t *table_ret, uint64_t *index_ret)
{
	uint64_t at = 0;

	while (at < image->size) {
		const uint8_t *found = memmem(image->data + at, image->size - at, digits,
					      sizeof(digits));

		if (!found)
			return false;
		at = found - image->data;
		if (is_token_table(image, at, table_ret, index_ret))
			return true;
		at++;
	}
	return false;
}

/* Are the markers at AT, of SIZE bytes each, STARTS? */
static bool are_markers(const struct image *image, uint64_t at, const uint32_t *starts,
			uint32_t count, size_t size, uint64_t limit)
{
	if (at + (uint64_t)count * size > limit)
		return false;
	for (uint32_t i = 0; i < count; i++, at += size)
		if (get32(image, at) != starts[i] || (size == 8 && get32(image, at + 4)))
			return false;
	return true;
}

/* Are there COUNT names at AT, and behind them the markers that say where every 256th starts? */
static bool are_names(const struct image *image, uint64_t at, uint32_t count, uint64_t limit)
{
	uint32_t nr_markers = (count + 255) / 256, *starts = malloc(nr_markers * sizeof(*starts));
	uint64_t first = at, markers;
	bool same = starts != NULL;

	for (uint32_t i = 0; same && i < count; i++) {
		uint32_t length;

		same = at + 2 < limit;
		if (!same)
			break;
		if (i % 256 == 0)
			starts[i / 256] = at - first;
		length = image->data[at++];
		if (length & 0x80)
			length = (length & 0x7f) | (uint32_t)image->data[at++] << 7;
		at += length;
	}
	markers = align8(at);
	/* They were unsigned longs until 80ffbaa5b1bd. */
	same = same && (are_markers(image, markers, starts, nr_markers, 4, limit) ||
			are_markers(image, markers, starts, nr_markers, 8, limit));
	free(starts);
	return same;
}

/* The base, the number and the names, before the tokens at LIMIT. */
static bool find_base(const struct image *image, uint64_t limit, uint64_t *base_ret,
		      uint32_t *count_ret)
{
	for (uint64_t at = align8(image->start) - image->start; at + 24 < limit; at += 8) {
		uint64_t base;
		uint32_t count;

		memcpy(&base, image->data + at, 8);
		if (base > image->start || image->start - base > BASE_SLACK || base % 8)
			continue;
		count = get32(image, at + 8);
		if (count < MIN_SYMBOLS || count > MAX_SYMBOLS || get32(image, at + 12) ||
		    align8(count * 4ull) > at || !are_names(image, at + 16, count, limit))
			continue;
		*base_ret = at;
		*count_ret = count;
		return true;
	}
	return false;
}

static uint64_t get64(const struct image *image, uint64_t at)
{
	uint64_t value;

	memcpy(&value, image->data + at, 8);
	return value;
}

/* Do COUNT addresses, the last of them the kernel's, end at END? */
static bool are_addresses(const struct image *image, uint64_t end, uint32_t count)
{
	uint64_t at = end - count * 8ull;

	if (get64(image, end - 8) < image->start)
		return false;
	for (; at + 8 < end; at += 8)
		if (get64(image, at) > get64(image, at + 8))
			return false;
	return true;
}

/* The number of the symbols, addresses before it and names behind it, before the tokens at LIMIT. */
static bool find_addresses(const struct image *image, uint64_t limit, uint64_t *number_ret, uint32_t *count_ret)
{
	for (uint64_t at = align8(image->start) - image->start; at + 16 < limit; at += 8) {
		uint64_t count = get64(image, at);

		if (count < MIN_SYMBOLS || count > MAX_SYMBOLS || count * 8 > at || !are_addresses(image, at, count) ||
		    !are_names(image, at + 8, count, limit))
			continue;
		*number_ret = at;
		*count_ret = count;
		return true;
	}
	return false;
}

bool kallsyms_search(struct memory *memory, uint64_t text, struct kallsyms_tables *tables,
		     struct error *error)
{
	uint64_t table, index, base;
	struct image image;
	uint32_t count;
	bool found = false;

	*tables = (struct kallsyms_tables){ 0 };
	if (!read_image(memory, text, &image, error))
		return false;
	if (!find_tokens(&image, &table, &index)) {
		error_set(error, ERROR_NO_SYMBOL,
			  "the kernel's symbol table (kallsyms) is not to be found in the %u MB "
			  "from 0x%llx on",
			  MAX_IMAGE >> 20, (unsigned long long)text);
	} else if (find_base(&image, table, &base, &count)) {
		*tables = (struct kallsyms_tables){
			.names = image.start + base + 16,
			.num_syms = image.start + base + 8,
			.relative_base = image.start + base,
			.offsets = image.start + base - align8(count * 4ull),
		};
		found = true;
	} else if (find_addresses(&image, table, &base, &count)) {
		*tables = (struct kallsyms_tables){
			.names = image.start + base + 8,
			.num_syms = image.start + base,
			.addresses = image.start + base - count * 8ull,
		};
		found = true;
	} else {
		error_set(error, ERROR_NO_SYMBOL,
			  "the kernel's symbol table (kallsyms) is incomplete: its tokens are at "
			  "0x%llx, its names are not to be found",
			  (unsigned long long)(image.start + table));
	}
	if (found) {
		tables->token_table = image.start + table;
		tables->token_index = image.start + index;
	}
	free(image.data);
	return found;
}
