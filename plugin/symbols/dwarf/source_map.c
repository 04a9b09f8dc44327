// SPDX-License-Identifier: GPL-3.0-or-later
/* Functions of addresses, also inlined ones; see source_map.h. */
#include "symbols/dwarf/source_map.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "symbols/dwarf/source_line.h"

/* More than these is damage: a file's references can lead in circles. */
#define MAX_RANGES    (1 << 22) /* of all units, or of one unit's functions */
#define MAX_FUNCTIONS (1 << 20) /* entries at the top of a unit */
#define MAX_VISITS    (1 << 17) /* entries inside of a function, and their ranges */
#define MAX_DEPTH     64	/* blocks in blocks */

#define MAX_PATCHABLE 64       /* bytes of a function before its first line */
#define CACHE_SLOTS   1024 /* the stacks of a machine go through few places */

struct range {
	uint64_t start, end; /* end: the first address behind it */
	uint64_t die;	     /* offset: of a unit's DIE, or of a function's */
	uint32_t unit;	     /* number of the unit */
};

struct ranges {
	struct range *list; /* sorted by start */
	size_t count, capacity;
	size_t seen; /* also those that are empty */
};

struct unit {
	struct ranges functions;
	struct source_rows rows;
	const char *directory; /* it was compiled in; NULL = not known */
	bool read;
};

struct answer {
	uint64_t address;
	size_t count;
	bool known;
	struct source_frame frames[SOURCE_MAX_FRAMES];
};

struct source_map {
	Dwfl *dwfl;
	Dwfl_Module *module;
	Dwarf *dwarf;
	Dwarf_Addr bias; /* an address is this much more than DWARF says */
	GElf_Addr placed; /* and libdwfl's this much more than that */
	struct ranges ranges;
	struct unit *units;
	size_t nr_units, units_capacity;
	struct answer *cache; /* [CACHE_SLOTS] */
};

/* --- units and their functions --- */

static bool add_ranges(struct ranges *ranges, Dwarf_Die *die, uint32_t unit, struct error *error)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0;

	while ((at = dwarf_ranges(die, at, &base, &start, &end)) > 0) {
		struct range *list;

		if (++ranges->seen > MAX_RANGES)
			return error_set(error, ERROR_CORRUPT, "DWARF has absurdly many ranges");
		if (start >= end)
			continue;
		list = array_room(ranges->list, ranges->count, &ranges->capacity, sizeof(*list),
				  "DWARF's ranges", error);
		if (!list)
			return false;
		ranges->list = list;
		list[ranges->count++] = (struct range){ start, end, dwarf_dieoffset(die), unit };
	}
	return true;
}

static int compare_ranges(const void *left, const void *right)
{
	const struct range *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->die < b->die ? -1 : a->die > b->die;
}

static void sort_ranges(struct ranges *ranges)
{
	if (ranges->count)
		qsort(ranges->list, ranges->count, sizeof(*ranges->list), compare_ranges);
}

/* No two of them overlap where the file is sound. */
static const struct range *find_range(const struct ranges *ranges, uint64_t address)
{
	size_t low = array_up_to(ranges->list, ranges->count, sizeof(*ranges->list),
				 offsetof(struct range, start), address);

	return low && address < ranges->list[low - 1].end ? &ranges->list[low - 1] : NULL;
}

static bool read_units(struct source_map *map, struct error *error)
{
	Dwarf_Off at = 0, next;
	size_t header;

	for (; dwarf_nextcu(map->dwarf, at, &next, &header, NULL, NULL, NULL) == 0; at = next) {
		struct unit *units;
		Dwarf_Die die;

		if (next <= at)
			break;
		if (!dwarf_offdie(map->dwarf, at + header, &die))
			continue;
		units = array_room(map->units, map->nr_units, &map->units_capacity, sizeof(*units),
				   "DWARF's units", error);
		if (!units)
			return false;
		map->units = units;
		units[map->nr_units] = (struct unit){ 0 };
		if (!add_ranges(&map->ranges, &die, map->nr_units++, error))
			return false;
	}
	sort_ranges(&map->ranges);
	return true;
}

/* What cannot be read is left out: then there is a line and no function. */
static void read_functions(struct unit *unit, Dwarf_Die *unit_die)
{
	Dwarf_Die die;

	if (dwarf_child(unit_die, &die) != 0)
		return;
	for (size_t i = 0; i < MAX_FUNCTIONS; i++) {
		if (dwarf_tag(&die) == DW_TAG_subprogram &&
		    !add_ranges(&unit->functions, &die, 0, NULL))
			break;
		if (dwarf_siblingof(&die, &die) != 0)
			break;
	}
	sort_ranges(&unit->functions);
}

static void read_unit(struct unit *unit, Dwarf_Die *die)
{
	Dwarf_Attribute attribute;

	unit->read = true;
	unit->directory = dwarf_formstring(dwarf_attr(die, DW_AT_comp_dir, &attribute));
	source_rows_read(&unit->rows, die);
	read_functions(unit, die);
}

/* --- inlined functions --- */

struct walk {
	Dwarf_Addr address;
	Dwarf_Die inlined[SOURCE_MAX_FRAMES - 1]; /* outermost first */
	size_t count;
	size_t visits;
};

/* A block without addresses stands for what is in it. */
static bool has_addresses(Dwarf_Die *die)
{
	return dwarf_hasattr(die, DW_AT_ranges) || dwarf_hasattr(die, DW_AT_low_pc);
}

static bool covers(struct walk *walk, Dwarf_Die *die)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0;

	while ((at = dwarf_ranges(die, at, &base, &start, &end)) > 0 &&
	       ++walk->visits <= MAX_VISITS)
		if (walk->address >= start && walk->address < end)
			return true;
	return false;
}

/* Goes down to the innermost block below PARENT that has the address. False if none has. */
static bool descend(struct walk *walk, Dwarf_Die *parent, unsigned depth)
{
	Dwarf_Die die;

	if (depth == MAX_DEPTH || dwarf_child(parent, &die) != 0)
		return false;
	do {
		bool inlined = dwarf_tag(&die) == DW_TAG_inlined_subroutine;

		if (++walk->visits > MAX_VISITS)
			return false;
		if (!inlined && dwarf_tag(&die) != DW_TAG_lexical_block)
			continue;
		if (covers(walk, &die)) {
			if (inlined && walk->count == SOURCE_MAX_FRAMES - 1)
				return false;
			if (inlined)
				walk->inlined[walk->count++] = die;
			descend(walk, &die, depth + 1);
			return true;
		}
		if (!inlined && !has_addresses(&die) && descend(walk, &die, depth + 1))
			return true;
	} while (dwarf_siblingof(&die, &die) == 0);
	return false;
}

static uint64_t number_of(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;

	return dwarf_formudata(dwarf_attr(die, name, &attribute), &value) == 0 ? value : 0;
}

/* PATH as people know it: without the directory that the unit was compiled in. */
static const char *file_name(const struct unit *unit, const char *path)
{
	size_t length = unit->directory ? strlen(unit->directory) : 0;

	if (length && path && !strncmp(path, unit->directory, length) && path[length] == '/')
		return path + length + 1;
	return path;
}

/* Where INLINED was called. */
static void call_site(const struct unit *unit, Dwarf_Die *die, Dwarf_Die *inlined,
		      struct source_frame *frame)
{
	uint64_t file = number_of(inlined, DW_AT_call_file);
	uint64_t line = number_of(inlined, DW_AT_call_line);
	Dwarf_Files *files;
	size_t count;

	if (!line || line > INT32_MAX || dwarf_getsrcfiles(die, &files, &count) != 0 ||
	    file >= count)
		return;
	frame->file = file_name(unit, dwarf_filesrc(files, file, NULL, NULL));
	frame->line = frame->file ? line : 0;
}

static void name_functions(const struct unit *unit, Dwarf_Die *die, const struct walk *walk,
			   Dwarf_Die *function, struct answer *answer)
{
	struct source_frame *frame = answer->frames;

	for (size_t i = walk->count; i-- > 0; frame++) {
		Dwarf_Die inlined = walk->inlined[i];

		frame->function = dwarf_diename(&inlined);
		call_site(unit, die, &inlined, frame + 1);
	}
	frame->function = dwarf_diename(function);
	answer->count = walk->count + 1;
}

/*
 * What gcc puts in front for ftrace (-fpatchable-function-entry) is the function's, says the symbol table, but DWARF begins
 * it behind that: where the line table still has the function before. Returns where DWARF begins what ADDRESS is in.
 */
static uint64_t behind_patchable(struct source_map *map, const struct ranges *functions, uint64_t address)
{
	const struct range *next;
	size_t low = array_up_to(functions->list, functions->count, sizeof(*functions->list),
				 offsetof(struct range, start), address);
	GElf_Sym symbol;
	GElf_Off offset;

	if (low == functions->count || find_range(functions, address))
		return address;
	next = &functions->list[low];
	if (next->start - address > MAX_PATCHABLE ||
	    !dwfl_module_addrinfo(map->module, address + map->bias + map->placed, &offset, &symbol, NULL, NULL, NULL) ||
	    next->start - address + offset >= symbol.st_size)
		return address;
	return next->start;
}

static void look_up(struct source_map *map, struct answer *answer)
{
	struct walk walk = { .address = answer->address };
	const struct range *range = find_range(&map->ranges, answer->address);
	const struct source_row *row;
	Dwarf_Die die, function;
	struct unit *unit;
	const char *file;
	int line;

	/* At the start of a section not even a unit begins so early. */
	if (!range) {
		walk.address = behind_patchable(map, &map->ranges, answer->address);
		range = find_range(&map->ranges, walk.address);
	}
	if (!range || !dwarf_offdie(map->dwarf, range->die, &die))
		return;
	unit = &map->units[range->unit];
	if (!unit->read)
		read_unit(unit, &die);
	walk.address = behind_patchable(map, &unit->functions, walk.address);
	row = source_rows_find(&unit->rows, walk.address);
	if (row) {
		answer->frames[0].file = file_name(unit, row->file);
		answer->frames[0].line = row->line;
		answer->count = 1;
	}
	range = find_range(&unit->functions, walk.address);
	if (range && !dwarf_offdie(map->dwarf, range->die, &function))
		range = NULL;
	if (range) {
		descend(&walk, &function, 0);
		name_functions(unit, &die, &walk, &function, answer);
	}
	/* What is in front has no row of its own, and nothing is inlined into it. */
	if (range && walk.address != answer->address && answer->count) {
		file = dwarf_decl_file(&function);
		answer->frames[0] = (struct source_frame){ .function = answer->frames[answer->count - 1].function };
		answer->frames[0].file = file ? file_name(unit, file) : NULL;
		if (answer->frames[0].file && dwarf_decl_line(&function, &line) == 0)
			answer->frames[0].line = line;
		answer->count = 1;
	}
}

size_t source_map_find(struct source_map *map, uint64_t address,
		       const struct source_frame **frames_ret)
{
	struct answer *answer;

	address -= map->bias;
	answer = &map->cache[(address ^ address >> 10) % CACHE_SLOTS];
	if (!answer->known || answer->address != address) {
		*answer = (struct answer){ .address = address, .known = true };
		look_up(map, answer);
	}
	*frames_ret = answer->frames;
	return answer->count;
}

bool source_frame_place(const struct source_frame *frame, char *buffer, size_t size)
{
	const char *from = frame->file;
	size_t used = 0;

	if (!from || !frame->line || !size)
		return false;
	/* TRACE_INCLUDE_PATH makes directories that end in a slash. */
	for (; *from && used + 1 < size; from++)
		if (from[0] != '/' || from[1] != '/')
			buffer[used++] = *from;
	snprintf(buffer + used, size - used, ":%u", frame->line);
	return true;
}

/* --- the file --- */

bool source_map_section(struct source_map *map, const char *name, uint64_t *address_ret)
{
	GElf_Addr bias;
	Elf *elf = dwfl_module_getelf(map->module, &bias);
	Elf_Scn *section = NULL;
	size_t names;

	if (!elf || elf_getshdrstrndx(elf, &names) != 0)
		return false;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		const char *found;

		if (!gelf_getshdr(section, &header) || !(header.sh_flags & SHF_ALLOC))
			continue;
		found = elf_strptr(elf, names, header.sh_name);
		if (found && !strcmp(found, name)) {
			*address_ret = header.sh_addr + bias;
			return true;
		}
	}
	return false;
}

/*
 * libdwfl places the sections of a file that is not linked, and relocates its DWARF. A kernel that can be moved is of
 * type ET_DYN on some machines (arm64): libdwfl places that, too, but it is asked for addresses as they were linked.
 */
static void set_bias(struct source_map *map)
{
	GElf_Ehdr header;
	GElf_Addr placed;
	Elf *elf = dwfl_module_getelf(map->module, &placed);

	if (!elf || !gelf_getehdr(elf, &header) || header.e_type == ET_REL)
		return;
	map->placed = placed;
	map->bias -= placed;
}

static bool open_file(struct source_map *map, const char *path, struct error *error)
{
	/* Where a file is stripped, gdb looks for its other half by build-id, too. */
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = dwfl_build_id_find_debuginfo,
		.section_address = dwfl_offline_section_address,
	};

	map->dwfl = dwfl_begin(&callbacks);
	map->module = map->dwfl ? dwfl_report_offline(map->dwfl, "", path, -1) : NULL;
	if (!map->module || dwfl_report_end(map->dwfl, NULL, NULL) != 0)
		return error_set(error, ERROR_FORMAT, "%s cannot be read: %s", path,
				 dwfl_errmsg(-1));
	map->dwarf = dwfl_module_getdwarf(map->module, &map->bias);
	if (!map->dwarf)
		return error_set(error, ERROR_NO_SYMBOL, "%s has no debug information: %s", path,
				 dwfl_errmsg(-1));
	set_bias(map);
	return true;
}

bool source_map_open(const char *path, struct source_map **map_ret, struct error *error)
{
	struct source_map *map = calloc(1, sizeof(*map));

	*map_ret = NULL;
	if (!map)
		return error_no_memory(error, "source lines", sizeof(*map));
	map->cache = calloc(CACHE_SLOTS, sizeof(*map->cache));
	if (!map->cache)
		error_no_memory(error, "source lines", CACHE_SLOTS * sizeof(*map->cache));
	if (!map->cache || !open_file(map, path, error) || !read_units(map, error)) {
		source_map_close(map);
		return false;
	}
	*map_ret = map;
	return true;
}

void source_map_close(struct source_map *map)
{
	if (!map)
		return;
	for (size_t i = 0; i < map->nr_units; i++) {
		source_rows_free(&map->units[i].rows);
		free(map->units[i].functions.list);
	}
	free(map->units);
	free(map->ranges.list);
	free(map->cache);
	if (map->dwfl)
		dwfl_end(map->dwfl);
	free(map);
}
