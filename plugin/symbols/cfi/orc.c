// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Decoding struct orc_entry, whatever its layout; see orc.h.
 *
 * What changed, and what tells it (arch/x86/include/asm/orc_types.h):
 *  - at first: type has 2 bits, no register means the end of the stack
 *  - before 5.10: "end" added, which tells the end from "not known": member "end"
 *  - 6.3: "signal" added (ffb1b4a41016): member "signal"
 *  - 6.4: types renumbered, "end" became a type (fb799447ae29): type has 3 bits
 *  - 7.1: registers renumbered, AX added. The members are the same and the numbers are only
 *    #defines, so types cannot tell. But nearly every row of compiled code starts from the stack
 *    pointer, which is 5 in the old numbers and 3 in the new, where the other number means rdi,
 *    used in a handful of rows of assembly. So the table itself tells, by a majority that is never
 *    close (6.12: 368,724 to 0; 7.2: 328,441 to 1).
 */
#include "symbols/cfi/orc.h"

#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "base/array.h"
#include "symbols/elf/elf_file.h"
#include "symbols/types.h"

#define MAX_ROWS 16000000	/* 40 times what a big kernel has */

/* A field of struct orc_entry. */
struct field {
	uint8_t byte, shift, bits;
};

struct layout {
	uint64_t size;			/* bytes of a struct orc_entry */
	/* bits 0 = absent */
	struct field sp_offset, bp_offset, sp_reg, bp_reg, type, signal, end;
	const uint8_t *bases;		/* register number -> enum orc_base */
};

static const uint8_t bases_old[16] = {
	ORC_BASE_NONE, ORC_BASE_PREV_SP, ORC_BASE_DX, ORC_BASE_DI, ORC_BASE_BP, ORC_BASE_SP,
	ORC_BASE_R10, ORC_BASE_R13, ORC_BASE_BP_INDIRECT, ORC_BASE_SP_INDIRECT,
};

static const uint8_t bases_7_1[16] = {
	ORC_BASE_NONE, ORC_BASE_AX, ORC_BASE_DX, ORC_BASE_SP, ORC_BASE_BP, ORC_BASE_DI,
	ORC_BASE_R10, ORC_BASE_R13, ORC_BASE_PREV_SP, ORC_BASE_SP_INDIRECT, ORC_BASE_BP_INDIRECT,
};

/* --- layout --- */

static bool read_field(struct types *types, const char *name, uint64_t entry_size,
		       struct field *field, struct error *error)
{
	struct member member;
	unsigned bits;

	if (!types_member(types, "orc_entry", name, &member, error))
		return false;
	bits = member.bit_size ? member.bit_size : member.size * 8;
	if (bits == 0 || bits > 16 || member.bit_offset + bits > 24 ||
	    member.offset + (member.bit_offset + bits + 7) / 8 > entry_size)
		return error_set(error, ERROR_UNSUPPORTED,
				 "struct orc_entry.%s is %u bits at byte %llu: a layout of ORC "
				 "this build does not know",
				 name, bits, (unsigned long long)member.offset);
	*field = (struct field){ member.offset, member.bit_offset, bits };
	return true;
}

static bool read_layout(struct types *types, struct layout *layout, struct error *error)
{
	*layout = (struct layout){ .bases = bases_old };
	if (!types_size(types, "orc_entry", &layout->size, error))
		return error_prefix(error, "this kernel has no ORC unwind tables");
	if (layout->size < 6 || layout->size > 16)
		return error_set(error, ERROR_UNSUPPORTED,
				 "struct orc_entry has %llu bytes: a layout of ORC this build "
				 "does not know",
				 (unsigned long long)layout->size);
	if (!read_field(types, "sp_offset", layout->size, &layout->sp_offset, error) ||
	    !read_field(types, "bp_offset", layout->size, &layout->bp_offset, error) ||
	    !read_field(types, "sp_reg", layout->size, &layout->sp_reg, error) ||
	    !read_field(types, "bp_reg", layout->size, &layout->bp_reg, error) ||
	    !read_field(types, "type", layout->size, &layout->type, error))
		return false;
	if (types_has_member(types, "orc_entry", "signal") &&
	    !read_field(types, "signal", layout->size, &layout->signal, error))
		return false;
	if (types_has_member(types, "orc_entry", "end") &&
	    !read_field(types, "end", layout->size, &layout->end, error))
		return false;
	if (layout->sp_reg.bits != 4 || layout->bp_reg.bits != 4 || layout->sp_offset.bits != 16 ||
	    layout->bp_offset.bits != 16 || layout->type.bits < 2 || layout->type.bits > 4 ||
	    (layout->type.bits > 2 && layout->end.bits))
		return error_set(error, ERROR_UNSUPPORTED,
				 "the fields of struct orc_entry have sizes this build does not "
				 "know");
	return true;
}

static unsigned get(const uint8_t *entry, struct field field)
{
	uint32_t value = 0;

	for (unsigned i = 0; i * 8 < field.shift + field.bits; i++)
		value |= (uint32_t)entry[field.byte + i] << i * 8;
	return value >> field.shift & ((1U << field.bits) - 1);
}

/* Which register numbers the rows use; see the head of this file. */
static void choose_bases(struct layout *layout, const uint8_t *entries, size_t count)
{
	size_t old_numbers = 0, new_numbers = 0;

	if (layout->type.bits < 3)
		return;
	for (size_t i = 0; i < count; i++) {
		const uint8_t *entry = entries + i * layout->size;
		unsigned sp_reg = get(entry, layout->sp_reg), bp_reg = get(entry, layout->bp_reg);

		old_numbers += (sp_reg == 5) + (bp_reg == 1);
		new_numbers += (sp_reg == 3) + (bp_reg == 8);
	}
	if (new_numbers > old_numbers)
		layout->bases = bases_7_1;
}

/* --- rows --- */

static uint8_t old_type(const uint8_t *entry, const struct layout *layout)
{
	static const uint8_t types[4] = { ORC_TYPE_FRAME, ORC_TYPE_PT_REGS, ORC_TYPE_IRET,
					  ORC_TYPE_UNKNOWN };

	if (get(entry, layout->sp_reg) != 0)
		return types[get(entry, layout->type) & 3];
	/* Without the bit, undefined was used for "the stack ends here" alone. */
	return !layout->end.bits || get(entry, layout->end) ? ORC_TYPE_END : ORC_TYPE_UNKNOWN;
}

static uint8_t new_type(const uint8_t *entry, const struct layout *layout)
{
	static const uint8_t types[5] = {
		ORC_TYPE_UNKNOWN, ORC_TYPE_END, ORC_TYPE_FRAME, ORC_TYPE_PT_REGS, ORC_TYPE_IRET,
	};
	unsigned type = get(entry, layout->type);

	return type < 5 ? types[type] : ORC_TYPE_UNKNOWN;
}

static struct orc_row decode_row(const uint8_t *entry, const struct layout *layout)
{
	struct orc_row row = {
		.type = layout->type.bits < 3 ? old_type(entry, layout) : new_type(entry, layout),
		.sp_base = layout->bases[get(entry, layout->sp_reg)],
		.bp_base = layout->bases[get(entry, layout->bp_reg)],
		.sp_offset = (int16_t)get(entry, layout->sp_offset),
		.bp_offset = (int16_t)get(entry, layout->bp_offset),
	};

	if (row.type == ORC_TYPE_UNKNOWN || row.type == ORC_TYPE_END)
		return (struct orc_row){ .type = row.type };
	if (row.sp_base == ORC_BASE_NONE || row.sp_base == ORC_BASE_PREV_SP)
		return (struct orc_row){ .type = ORC_TYPE_UNKNOWN };
	row.signal = layout->signal.bits ? get(entry, layout->signal) : row.type != ORC_TYPE_FRAME;
	return row;
}

/* --- order --- */

struct sort_row {
	uint64_t address;
	struct orc_row row;
	uint32_t index;
};

/*
 * Of rows at one address the last one counts. An unknown row there is the end mark of a section
 * that another one follows without a gap, so it goes first (as the kernel's orc_sort_cmp has it).
 */
static int compare_rows(const void *a, const void *b)
{
	const struct sort_row *left = a, *right = b;
	int left_known = left->row.type != ORC_TYPE_UNKNOWN;
	int right_known = right->row.type != ORC_TYPE_UNKNOWN;

	if (left->address != right->address)
		return left->address < right->address ? -1 : 1;
	if (left_known != right_known)
		return left_known - right_known;
	return left->index < right->index ? -1 : left->index > right->index;
}

static bool sort_rows(struct orc_table *table, struct error *error)
{
	struct sort_row *rows;
	size_t i;

	for (i = 1; i < table->count && table->addresses[i - 1] < table->addresses[i]; i++)
		;
	if (i >= table->count)
		return true;
	rows = malloc(table->count * sizeof(*rows));
	if (!rows)
		return error_no_memory(error, "sorting ORC rows", table->count * sizeof(*rows));
	for (i = 0; i < table->count; i++)
		rows[i] = (struct sort_row){ table->addresses[i], table->rows[i], i };
	qsort(rows, table->count, sizeof(*rows), compare_rows);
	for (i = 0; i < table->count; i++) {
		table->addresses[i] = rows[i].address;
		table->rows[i] = rows[i].row;
	}
	free(rows);
	return true;
}

/* --- the ways in --- */

void orc_free(struct orc_table *table)
{
	free(table->addresses);
	free(table->rows);
	*table = (struct orc_table){ 0 };
}

static bool decode(const struct layout *layout, const uint8_t *ips, uint64_t ips_address,
		   const uint8_t *entries, size_t count, struct orc_table *table,
		   struct error *error)
{
	*table = (struct orc_table){ .count = count };
	table->addresses = malloc(count * sizeof(*table->addresses) + 1);
	table->rows = malloc(count * sizeof(*table->rows) + 1);
	if (!table->addresses || !table->rows) {
		orc_free(table);
		return error_no_memory(error, "ORC rows",
				       count * (sizeof(*table->addresses) + sizeof(*table->rows)));
	}
	for (size_t i = 0; i < count; i++) {
		int32_t distance;

		memcpy(&distance, ips + i * 4, 4);
		table->addresses[i] = ips_address + i * 4 + (int64_t)distance;
		table->rows[i] = decode_row(entries + i * layout->size, layout);
	}
	if (!sort_rows(table, error)) {
		orc_free(table);
		return false;
	}
	return true;
}

bool orc_decode(struct types *types, const void *ips, uint64_t ips_address, const void *entries,
		size_t count, struct orc_table *table, struct error *error)
{
	struct layout layout;

	*table = (struct orc_table){ 0 };
	if (!read_layout(types, &layout, error))
		return false;
	if (count > MAX_ROWS)
		return error_set(error, ERROR_CORRUPT, "%zu ORC rows: this cannot be right", count);
	choose_bases(&layout, entries, count);
	return decode(&layout, ips, ips_address, entries, count, table, error);
}

bool orc_read_elf(struct types *types, const char *path, uint64_t kaslr, struct orc_table *table,
		  struct error *error)
{
	size_t ips_size, entries_size;
	const void *ips, *entries;
	struct elf_file file;
	GElf_Shdr header;
	uint64_t size;
	bool ok = false;

	*table = (struct orc_table){ 0 };
	if (!types_size(types, "orc_entry", &size, error))
		return error_prefix(error, "this kernel has no ORC unwind tables");
	if (!elf_file_open(&file, path, error))
		return false;
	ips = elf_file_contents(&file, ".orc_unwind_ip", &header, &ips_size);
	entries = elf_file_contents(&file, ".orc_unwind", NULL, &entries_size);
	if (!ips || !entries)
		error_set(error, ERROR_NO_SYMBOL, "%s has no ORC unwind tables", path);
	else if (size == 0 || ips_size % 4 || entries_size % size ||
		 ips_size / 4 != entries_size / size)
		error_set(error, ERROR_FORMAT,
			  "%s: .orc_unwind (%zu bytes) and .orc_unwind_ip (%zu bytes) do not match",
			  path, entries_size, ips_size);
	else
		ok = orc_decode(types, ips, header.sh_addr + kaslr, entries, ips_size / 4, table,
				error);
	elf_file_close(&file);
	return ok;
}

bool orc_read_memory(struct types *types, struct memory *memory, uint64_t ips_address,
		     uint64_t entries_address, size_t count, struct orc_table *table,
		     struct error *error)
{
	uint64_t size;
	uint8_t *bytes;
	bool ok;

	*table = (struct orc_table){ 0 };
	if (!types_size(types, "orc_entry", &size, error))
		return error_prefix(error, "this kernel has no ORC unwind tables");
	if (count > MAX_ROWS || size > 16)
		return error_set(error, ERROR_CORRUPT, "%zu ORC rows: this cannot be right", count);
	bytes = malloc(count * (4 + size) + 1);
	if (!bytes)
		return error_no_memory(error, "ORC rows", count * (4 + size));
	ok = (memory_read(memory, ips_address, bytes, count * 4, error) &&
	      memory_read(memory, entries_address, bytes + count * 4, count * size, error)) ||
	     error_prefix(error, "reading ORC rows");
	ok = ok && orc_decode(types, bytes, ips_address, bytes + count * 4, count, table, error);
	free(bytes);
	return ok;
}

const struct orc_row *orc_find(const struct orc_table *table, uint64_t address)
{
	size_t low = array_up_to(table->addresses, table->count, sizeof(*table->addresses), 0,
				 address);

	return low ? &table->rows[low - 1] : NULL;
}
