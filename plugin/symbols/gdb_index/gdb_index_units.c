// SPDX-License-Identifier: GPL-3.0-or-later
/* The sections of a vmlinux and the headers of its units; see gdb_index_internal.h. */
#include "symbols/gdb_index/gdb_index_internal.h"

#include <stdlib.h>

#include "base/array.h"

/* gdb's CU numbers have 24 bits. */
#define MAX_UNITS INDEX_UNIT_MASK

static struct bytes section(struct index_file *file, const char *name)
{
	struct bytes bytes = { 0 };

	bytes.data = elf_file_contents(&file->elf, name, NULL, &bytes.size);
	return bytes;
}

/* Looks at all sections: what rules an index of ours out, and whether 0 is an address. */
static bool look_at_sections(struct index_file *file, struct error *error)
{
	/* gdb prefers an index in the file to one in its cache; the rest we do not understand */
	static const struct {
		const char *name, *why;
	} unsupported[] = {
		{ ".gdb_index", "it has an index" },
		{ ".debug_names", "it has an index" },
		{ ".gnu_debugaltlink", "dwz moved parts of its debug information to another file" },
		{ ".debug_types", "it has type units" },
		{ ".debug_info.dwo", "its debug information is split" },
		{ ".zdebug_info", "its debug information is compressed in the old way" },
	};
	Elf_Scn *next = NULL;
	GElf_Shdr header;

	while ((next = elf_nextscn(file->elf.elf, next))) {
		const char *name;

		if (!gelf_getshdr(next, &header))
			continue;
		name = elf_file_section_name(&file->elf, &header);
		for (size_t i = 0; i < sizeof(unsupported) / sizeof(unsupported[0]); i++)
			if (!strcmp(name, unsupported[i].name))
				return error_set(error, ERROR_UNSUPPORTED, "%s: %s", file->path,
						 unsupported[i].why);
		if ((header.sh_flags & SHF_ALLOC) && header.sh_addr == 0)
			file->section_at_zero = true;
		if (!strcmp(name, ".debug_info"))
			file->info_mapped = !(header.sh_flags & SHF_COMPRESSED);
	}
	return true;
}

static bool read_sections(struct index_file *file, struct error *error)
{
	const struct {
		struct bytes *bytes;
		const char *name;
		bool strings;
	} wanted[] = {
		{ &file->info, ".debug_info", false },
		{ &file->abbrev, ".debug_abbrev", false },
		{ &file->str, ".debug_str", true },
		{ &file->line_str, ".debug_line_str", true },
		{ &file->ranges, ".debug_ranges", false },
		{ &file->rnglists, ".debug_rnglists", false },
		{ &file->addr, ".debug_addr", false },
		{ &file->str_offsets, ".debug_str_offsets", false },
		{ &file->aranges, ".debug_aranges", false },
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		struct bytes *bytes = wanted[i].bytes;

		*bytes = section(file, wanted[i].name);
		/* So that a string that starts inside of it also ends there. */
		if (wanted[i].strings && bytes->size && bytes->data[bytes->size - 1])
			return error_set(error, ERROR_FORMAT, "%s: %s does not end in a NUL",
					 file->path, wanted[i].name);
	}
	if (!file->info.size || !file->abbrev.size)
		return error_set(error, ERROR_UNSUPPORTED, "%s has no debug information",
				 file->path);
	return true;
}

/* Reads the header at the cursor and moves behind the unit. */
static bool read_unit(struct index_file *file, struct cursor *cursor, struct index_unit *unit,
		      struct error *error)
{
	uint64_t length, type = DW_UT_compile;

	unit->offset = cursor->at - file->info.data;
	unit->offset_size = 4;
	length = cursor_u32(cursor);
	if (length == 0xffffffff) {
		unit->offset_size = 8;
		length = cursor_uint(cursor, 8);
	}
	if (cursor->failed || length > (uint64_t)(cursor->end - cursor->at))
		return error_set(error, ERROR_FORMAT, "%s: .debug_info ends within a unit",
				 file->path);
	unit->size = cursor->at - file->info.data - unit->offset + length;
	unit->version = cursor_uint(cursor, 2);
	if (unit->version == 5) {
		type = cursor_uint(cursor, 1);
		unit->address_size = cursor_uint(cursor, 1);
		unit->abbrevs = cursor_uint(cursor, unit->offset_size);
	} else {
		unit->abbrevs = cursor_uint(cursor, unit->offset_size);
		unit->address_size = cursor_uint(cursor, 1);
	}
	unit->first_die = cursor->at - file->info.data;
	if (unit->version < 2 || unit->version > 5 || type != DW_UT_compile ||
	    (unit->address_size != 4 && unit->address_size != 8))
		return error_set(error, ERROR_UNSUPPORTED,
				 "%s has a unit of DWARF version %u, type %u, address size %u",
				 file->path, unit->version, (unsigned)type, unit->address_size);
	if (cursor->failed || unit->first_die > unit->offset + unit->size)
		return error_set(error, ERROR_FORMAT, "%s: a unit in .debug_info is too short",
				 file->path);
	cursor->at = file->info.data + unit->offset + unit->size;
	return true;
}

static bool read_units(struct index_file *file, struct error *error)
{
	struct cursor cursor = index_cursor(file, file->info, 0);
	size_t room = 0;

	while (cursor.at < cursor.end) {
		struct index_unit *units = array_room(file->units, file->nr_units, &room,
						      sizeof(*units), "the list of units", error);

		if (!units)
			return false;
		file->units = units;
		if (file->nr_units >= MAX_UNITS)
			return error_set(error, ERROR_UNSUPPORTED, "%s has over %u units",
					 file->path, MAX_UNITS);
		file->units[file->nr_units] = (struct index_unit){ 0 };
		if (!read_unit(file, &cursor, &file->units[file->nr_units], error))
			return false;
		file->nr_units++;
	}
	return true;
}

bool index_file_open(struct index_file *file, const char *path, struct error *error)
{
	*file = (struct index_file){ .path = path };
	if (!elf_file_open(&file->elf, path, error))
		return false;
	file->big_endian = file->elf.header.e_ident[EI_DATA] == ELFDATA2MSB;
	if (file->elf.header.e_type != ET_EXEC && file->elf.header.e_type != ET_DYN) {
		index_file_close(file);
		return error_set(error, ERROR_UNSUPPORTED, "%s is not linked", path);
	}
	if (!look_at_sections(file, error) || !read_sections(file, error) ||
	    !read_units(file, error)) {
		index_file_close(file);
		return false;
	}
	return true;
}

void index_file_close(struct index_file *file)
{
	free(file->units);
	file->units = NULL;
	elf_file_close(&file->elf);
}

const struct index_unit *index_file_unit_at(const struct index_file *file, uint64_t offset)
{
	size_t low = 0, high = file->nr_units;

	while (low < high) { /* the units follow each other without gaps */
		size_t middle = low + (high - low) / 2;
		const struct index_unit *unit = &file->units[middle];

		if (offset < unit->offset)
			high = middle;
		else if (offset - unit->offset >= unit->size)
			low = middle + 1;
		else
			return unit;
	}
	return NULL;
}
