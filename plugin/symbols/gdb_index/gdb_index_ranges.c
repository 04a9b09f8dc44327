// SPDX-License-Identifier: GPL-3.0-or-later
/* Which addresses belong to which unit; see gdb_index_internal.h. */
#include "symbols/gdb_index/gdb_index_internal.h"

#include <stdlib.h>

#include "base/array.h"

bool ranges_add(struct index_ranges *ranges, uint64_t start, uint64_t end, uint32_t unit)
{
	struct index_range *last = ranges->nr ? &ranges->list[ranges->nr - 1] : NULL, *list;

	if (start >= end)
		return true;
	if (last && last->unit == unit && last->start <= start && start <= last->end) {
		if (end > last->end)
			last->end = end;
		return true;
	}
	list = array_room(ranges->list, ranges->nr, &ranges->room, sizeof(*list), "address ranges",
			  NULL);
	if (!list)
		return false;
	ranges->list = list;
	ranges->list[ranges->nr++] = (struct index_range){ start, end, unit };
	return true;
}

void ranges_free(struct index_ranges *ranges)
{
	free(ranges->list);
	*ranges = (struct index_ranges){ 0 };
}

/* .debug_aranges */

enum set { SET_READ, SET_BAD, SET_NO_MEMORY };

static enum set read_tuples(struct index_ranges *ranges, const struct index_file *file,
			    struct cursor *set, unsigned address_size, uint32_t unit)
{
	/* Padded to twice the size of an address, by most: what is left over is the padding. */
	cursor_skip(set, (set->end - set->at) % (2 * address_size));
	while (set->at < set->end) {
		uint64_t start = cursor_uint(set, address_size);
		uint64_t size = cursor_uint(set, address_size), end;

		if (set->failed)
			return SET_BAD;
		/* 0 is the end, or what the linker threw away. */
		if ((!start && (!size || !file->section_at_zero)) ||
		    __builtin_add_overflow(start, size, &end))
			continue;
		if (!ranges_add(ranges, start, end, unit))
			return SET_NO_MEMORY;
	}
	return SET_READ;
}

/* One unit's set; CURSOR moves behind it. */
static enum set read_set(struct index_ranges *ranges, struct index_file *file,
			 struct cursor *cursor)
{
	unsigned offset_size = 4, address_size, segment_size, version;
	const struct index_unit *unit;
	uint64_t length = cursor_u32(cursor), offset;
	struct cursor set;
	enum set result;

	if (length == 0xffffffff) {
		offset_size = 8;
		length = cursor_uint(cursor, 8);
	}
	if (cursor->failed || length > (uint64_t)(cursor->end - cursor->at))
		return SET_BAD;
	set = *cursor;
	set.end = set.at + length;
	cursor->at = set.end;
	version = cursor_uint(&set, 2);
	offset = cursor_uint(&set, offset_size);
	address_size = cursor_uint(&set, 1);
	segment_size = cursor_uint(&set, 1);
	unit = index_file_unit_at(file, offset);
	if (set.failed || version != 2 || !unit || unit->offset != offset ||
	    unit->addresses_known || address_size < 1 || address_size > 8 || segment_size)
		return SET_BAD;
	result = read_tuples(ranges, file, &set, address_size, unit - file->units);
	if (result == SET_READ)
		file->units[unit - file->units].addresses_known = true;
	return result;
}

bool ranges_read_aranges(struct index_ranges *ranges, struct index_file *file)
{
	struct cursor cursor = index_cursor(file, file->aranges, 0);
	enum set set = SET_READ;

	while (set == SET_READ && cursor.at < cursor.end)
		set = read_set(ranges, file, &cursor);
	if (set != SET_READ) {
		ranges_free(ranges);
		for (size_t i = 0; i < file->nr_units; i++)
			file->units[i].addresses_known = false;
	}
	return set != SET_NO_MEMORY;
}

/* Range lists. Like gdb: a list that is damaged counts up to there. */

static bool add(struct scanner *scanner, uint64_t start, uint64_t end)
{
	if (!start && !scanner->file->section_at_zero)
		return true;
	if (ranges_add(&scanner->ranges, start, end, scanner->number))
		return true;
	return error_no_memory(scanner->error, "address ranges", scanner->ranges.room);
}

/* DWARF 2 to 4: .debug_ranges. */
static bool read_old_list(struct scanner *scanner, uint64_t offset)
{
	struct cursor cursor = index_cursor(scanner->file, scanner->file->ranges, offset);
	unsigned size = scanner->unit->address_size;
	uint64_t base = scanner->base, highest = size == 8 ? UINT64_MAX : UINT32_MAX;

	for (;;) {
		uint64_t start = cursor_uint(&cursor, size), end = cursor_uint(&cursor, size);

		if (cursor.failed || (!start && !end))
			return true;
		if (start == highest)
			base = end;
		else if (start < end && !add(scanner, base + start, base + end))
			return false;
	}
}

/* The addresses of one entry of .debug_rnglists; *MORE false: the list is at its end, or broken. */
static bool read_entry(struct scanner *scanner, struct cursor *cursor, uint64_t *base, bool *more)
{
	unsigned size = scanner->unit->address_size, kind = cursor_uint(cursor, 1);
	uint64_t start = 0, end = 0;

	*more = true;
	switch (kind) {
	case DW_RLE_base_addressx:
		*more = scan_address(scanner, cursor_uleb(cursor), base);
		return true;
	case DW_RLE_base_address: *base = cursor_uint(cursor, size); return true;
	case DW_RLE_startx_endx:
		*more = scan_address(scanner, cursor_uleb(cursor), &start) &&
			scan_address(scanner, cursor_uleb(cursor), &end);
		break;
	case DW_RLE_startx_length:
		*more = scan_address(scanner, cursor_uleb(cursor), &start);
		end = start + cursor_uleb(cursor);
		break;
	case DW_RLE_offset_pair:
		start = *base + cursor_uleb(cursor);
		end = *base + cursor_uleb(cursor);
		break;
	case DW_RLE_start_end:
		start = cursor_uint(cursor, size);
		end = cursor_uint(cursor, size);
		break;
	case DW_RLE_start_length:
		start = cursor_uint(cursor, size);
		end = start + cursor_uleb(cursor);
		break;
	default: /* the end, or one we do not know */ *more = false;
	}
	if (cursor->failed)
		*more = false;
	return !*more || add(scanner, start, end);
}

static bool read_new_list(struct scanner *scanner, uint64_t offset)
{
	struct cursor cursor = index_cursor(scanner->file, scanner->file->rnglists, offset);
	uint64_t base = scanner->base;
	bool more = true;

	while (more && !cursor.failed)
		if (!read_entry(scanner, &cursor, &base, &more))
			return false;
	return true;
}

bool ranges_read_list(struct scanner *scanner, uint64_t offset, bool is_index)
{
	if (scanner->unit->version < 5)
		return read_old_list(scanner, offset);
	if (is_index) {
		unsigned size = scanner->unit->offset_size;
		struct cursor cursor;
		uint64_t at;

		if (__builtin_mul_overflow(offset, size, &at) ||
		    __builtin_add_overflow(at, scanner->rnglists_base, &at))
			return true;
		cursor = index_cursor(scanner->file, scanner->file->rnglists, at);
		offset = scanner->rnglists_base + cursor_uint(&cursor, size);
		if (cursor.failed)
			return true;
	}
	return read_new_list(scanner, offset);
}
