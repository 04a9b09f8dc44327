// SPDX-License-Identifier: GPL-3.0-or-later
/* Where the struct pages are, and the direct map; page.h. References: include/linux/mmzone.h, mm/sparse.c, include/asm-generic/memory_model.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "kernel/memory/nodes.h"
#include "kernel/memory/page.h"

#define SECTION_PRESENT 1u
#define SECTION_HAS_MAP 2u
/* The flags in section_mem_map, of which there were more and more: a section's array is aligned to more than that. */
#define SECTION_FLAGS 0x3full
#define MAX_SECTIONS (1u << 24)	/* 2^52 bytes in sections of 2^28 */

static void map_free(void *value)
{
	struct page_map *map = value;

	free(map->runs);
	free(map);
}

static const struct kernel_slot slot = { map_free };

/* What is lost first is what is told. */
static void lose(struct error *damage, const struct error *why)
{
	if (damage->kind == ERROR_NONE)
		*damage = *why;
}

/* A piece of the array, joined to the one before it if it goes on there. */
static bool add_run(struct page_map *map, uint64_t pfn, uint64_t count, uint64_t address, struct error *error)
{
	struct page_run *last = map->nr_runs ? &map->runs[map->nr_runs - 1] : NULL, *runs;

	if (last && last->pfn + last->count == pfn && last->address + last->count * map->struct_size == address) {
		last->count += count;
		return true;
	}
	runs = array_room(map->runs, map->nr_runs, &map->capacity, sizeof(*runs), "the page array", error);
	if (!runs)
		return false;
	map->runs = runs;
	runs[map->nr_runs++] = (struct page_run){ pfn, count, address };
	return true;
}

/* --- SPARSEMEM --- */

struct sections {
	struct kernel *kernel;
	struct page_map *map;
	struct member mem_map;
	section_function *callback;
	void *context;
	struct error damage;	/* the first that was lost */
	uint64_t table;		/* of pointers to roots, or of sections */
	uint64_t size, per_root, count;
	bool roots;		/* CONFIG_SPARSEMEM_EXTREME */
};

/*
 * Sections are powers of two of pages, and how large they are is a constant of the machine. VMCOREINFO has it (4f5aecdff25f, 5.14);
 * else the last page is in the last section, which no other size says, if that is not the first.
 */
static bool section_pages(struct sections *sections, struct error *error)
{
	struct kernel *kernel = sections->kernel;
	unsigned word = kernel->arch->pointer_size;
	uint64_t bits, last, pages, shift = 0;

	for (uint64_t size = sections->map->page_size; size > 1; size >>= 1)
		shift++;
	if (dump_vmcoreinfo_number(kernel->dump, "NUMBER(SECTION_SIZE_BITS)", 10, &bits) && bits > shift && bits < 48) {
		sections->map->section_pages = 1ull << (bits - shift);
		return true;
	}
	if (!kernel_read_variable(kernel, "__highest_present_section_nr", word, &last, error) ||
	    !kernel_read_variable(kernel, "max_pfn", word, &pages, error))
		return error_prefix(error, "how large a section of memory is");
	for (bits = 4; bits < 40; bits++)
		if (pages && (pages - 1) >> bits == last) {
			sections->map->section_pages = 1ull << bits;
			return true;
		}
	return error_set(error, ERROR_CORRUPT, "how large a section of memory is cannot be found: the last is number %" PRIu64
			 ", and there are %" PRIu64 " pages", last, pages);
}

/*
 * mem_section is a pointer to pointers since 4.15 (83e3c48729d9), was an array of pointers, or, without SPARSEMEM_EXTREME, is an
 * array of sections. A section in use has bits set that no pointer has.
 */
static bool find_table(struct sections *sections, struct error *error)
{
	struct kernel *kernel = sections->kernel;
	unsigned word = kernel->arch->pointer_size;
	uint64_t first, said;

	if (!kernel_symbol(kernel, "mem_section", &sections->table, error) ||
	    !kernel_read_pointer(kernel, sections->table, &first, error))
		return false;
	if (dump_vmcoreinfo_number(kernel->dump, "SYMBOL(mem_section)", 16, &said))
		sections->roots = said == first;
	else
		sections->roots = first && !(first & (word - 1)) && types_has_member(kernel->types, "mem_section_usage", "pageblock_flags");
	if (sections->roots)
		sections->table = first;
	/* An array: its first section may be unused, as a pointer may be null; what is in use tells. */
	for (unsigned i = 0; !sections->roots && i < 4096; i++) {
		if (!kernel_read_pointer(kernel, sections->table + i * word, &first, NULL))
			break;
		if (first) {
			sections->roots = !(first & (word - 1));
			break;
		}
	}
	sections->per_root = sections->roots ? sections->map->page_size / sections->size : 1;
	return sections->per_root || error_set(error, ERROR_CORRUPT, "a mem_section of %" PRIu64 " bytes does not fit into a page",
					       sections->size);
}

static bool one_section(struct sections *sections, uint64_t number, uint64_t address, const uint8_t *copy, struct error *error)
{
	struct section section = { .number = number, .address = address };
	uint64_t pfn = number * sections->map->section_pages;

	if (!kernel_decode_field(sections->kernel, copy, sections->size, &sections->mem_map, &section.encoded))
		return error_set(error, ERROR_CORRUPT, "mem_section.section_mem_map is no number");
	if (!(section.encoded & SECTION_PRESENT))
		return true;
	section.has_map = section.encoded & SECTION_HAS_MAP;
	section.pfn = pfn;
	/* It is encoded so that a frame's number leads to its struct page. */
	section.map = ((section.encoded & ~SECTION_FLAGS) + pfn * sections->map->struct_size) & memory_last(sections->kernel->memory);
	return sections->callback(sections->context, &section, error);
}

/* The sections of one root; false = no memory or Ctrl-C. */
static bool one_root(struct sections *sections, uint64_t root, uint64_t first, struct error *error)
{
	struct error why = { 0 };
	uint8_t *copy = malloc(sections->per_root * sections->size);
	bool done = copy != NULL;

	if (!copy)
		return error_no_memory(error, "sections of memory", sections->per_root * sections->size);
	if (!memory_read(sections->kernel->memory, root, copy, sections->per_root * sections->size, &why))
		lose(&sections->damage, &why);
	else
		for (uint64_t i = 0; done && i < sections->per_root && first + i < sections->count; i++)
			done = one_section(sections, first + i, root + i * sections->size, copy + i * sections->size, error);
	free(copy);
	return done;
}

static bool all_roots(struct sections *sections, struct error *error)
{
	struct kernel *kernel = sections->kernel;
	unsigned word = kernel->arch->pointer_size;

	for (uint64_t first = 0; first < sections->count; first += sections->per_root) {
		uint64_t root = sections->table + first * sections->size;
		struct error why = { 0 };

		if (first / sections->per_root % 4096 == 4095 && !kernel_check_interrupt(kernel, error))
			return false;
		if (sections->roots && !kernel_read_pointer(kernel, sections->table + first / sections->per_root * word, &root, &why)) {
			lose(&sections->damage, &why);
			return true;	/* the table goes on in memory that is as lost */
		}
		if (root && !one_root(sections, root, first, error))
			return false;
	}
	return true;
}

static bool each_section(struct kernel *kernel, struct page_map *map, section_function *callback, void *context, struct error *damage,
			 struct error *error)
{
	struct sections sections = { .kernel = kernel, .map = map, .callback = callback, .context = context };
	uint64_t length;
	bool done;

	if (!types_member(kernel->types, "mem_section", "section_mem_map", &sections.mem_map, error) ||
	    !types_size(kernel->types, "mem_section", &sections.size, error) || !section_pages(&sections, error) ||
	    !find_table(&sections, error))
		return false;
	if (kernel_read_variable(kernel, "__highest_present_section_nr", kernel->arch->pointer_size, &length, NULL))
		sections.count = length + 1;
	else if (dump_vmcoreinfo_number(kernel->dump, "LENGTH(mem_section)", 10, &length))
		sections.count = length * sections.per_root;
	if (!sections.count || sections.count > MAX_SECTIONS)
		sections.count = MAX_SECTIONS;
	done = all_roots(&sections, error);
	lose(damage, &sections.damage);
	return done;
}

static bool section_run(void *context, const struct section *section, struct error *error)
{
	struct page_map *map = context;

	return !section->has_map || add_run(map, section->pfn, map->section_pages, section->map, error);
}

bool sections_for_each(struct kernel *kernel, section_function *callback, void *context, struct error *damage, struct error *error)
{
	struct page_map *map;

	damage->kind = ERROR_NONE;
	if (!page_map_get(kernel, (const struct page_map **)&map, error))
		return false;
	return !map->section_pages || each_section(kernel, map, callback, context, damage, error);
}

/* --- one array --- */

static bool one_node(void *context, uint32_t id, uint64_t node, struct error *error)
{
	struct sections *nodes = context;	/* of which only kernel and map are used */
	uint64_t start, spanned, array;

	(void)id;
	if (!kernel_read_member(nodes->kernel, node, "pglist_data", "node_mem_map", &array, error) ||
	    !kernel_read_member(nodes->kernel, node, "pglist_data", "node_start_pfn", &start, error) ||
	    !kernel_read_member(nodes->kernel, node, "pglist_data", "node_spanned_pages", &spanned, error))
		return false;
	return !array || !spanned || add_run(nodes->map, start, spanned, array, error);
}

static bool flat(struct kernel *kernel, struct page_map *map, struct error *error)
{
	struct sections nodes = { .kernel = kernel, .map = map };

	return nodes_for_each(kernel, one_node, &nodes, error);
}

/* The sections are lost: a vmemmap that begins where a variable says has the pages all the same. */
static bool vmemmap(struct kernel *kernel, struct page_map *map, struct error *error)
{
	unsigned word = kernel->arch->pointer_size;
	uint64_t base, pages;

	return (kernel_read_variable(kernel, "vmemmap_base", word, &base, NULL) || kernel_read_variable(kernel, "vmemmap", word, &base, NULL)) &&
	       kernel_read_variable(kernel, "max_pfn", word, &pages, NULL) && base && pages && add_run(map, 0, pages, base, error);
}

static bool find_runs(struct kernel *kernel, struct page_map *map, struct error *error)
{
	struct error why = { 0 };
	bool sections = symtab_find(kernel->symbols, "mem_section") != NULL;
	bool whole = sections ? each_section(kernel, map, section_run, map, &map->damage, &why) : flat(kernel, map, &why);

	if (why.kind == ERROR_INTERRUPTED || why.kind == ERROR_NO_MEMORY) {
		*error = why;
		return false;
	}
	if (!whole)
		lose(&map->damage, &why);
	if (map->nr_runs || (sections && vmemmap(kernel, map, error)))
		return true;
	return error_set(error, ERROR_CORRUPT, "the kernel's struct pages cannot be found: %s",
			 map->damage.kind != ERROR_NONE ? map->damage.text : "no section of memory is in use");
}

/* --- the direct map --- */

/*
 * It is linear on every machine: what one object in it says holds for all. The command line is of memblock_alloc(), a task is of a
 * slab; the kernel's image, vmalloc and fixmaps are elsewhere.
 */
static void find_direct(struct kernel *kernel, struct page_map *map)
{
	unsigned word = kernel->arch->pointer_size;
	uint64_t objects[2] = { 0 }, task, image, image_end;
	bool image_known = kernel_symbol(kernel, "_text", &image, NULL) && kernel_symbol(kernel, "_end", &image_end, NULL);
	struct member tasks;

	kernel_read_variable(kernel, "saved_command_line", word, &objects[0], NULL);
	if (kernel_symbol(kernel, "init_task", &task, NULL) && types_member(kernel->types, "task_struct", "tasks", &tasks, NULL) &&
	    kernel_read_pointer(kernel, task + tasks.offset, &objects[1], NULL) && objects[1] == task + tasks.offset)
		objects[1] = 0;
	for (size_t i = 0; i < 2 && !map->direct_known; i++) {
		struct translation translation = { 0 };

		if (!objects[i] || !memory_translate(kernel->memory, 0, objects[i], &translation, NULL) ||
		    (translation.from_phys_base && (!image_known || objects[i] - image < image_end - image)))
			continue;	/* (calculated: of the image, or it might be) */
		map->direct = objects[i] - translation.physical;
		map->direct_known = true;
	}
}

bool page_map_get(struct kernel *kernel, const struct page_map **map_ret, struct error *error)
{
	struct page_map *map = kernel_kept(kernel, &slot);

	if (map) {
		*map_ret = map;
		return true;
	}
	map = calloc(1, sizeof(*map));
	if (!map)
		return error_no_memory(error, "the page array", sizeof(*map));
	map->page_size = memory_page_size(kernel->memory);
	if (!types_size(kernel->types, "page", &map->struct_size, error) || !find_runs(kernel, map, error)) {
		map_free(map);
		return false;
	}
	if (!map->struct_size || map->struct_size > PAGE_MAX_SIZE) {
		error_set(error, ERROR_CORRUPT, "a struct page of %" PRIu64 " bytes is none", map->struct_size);
		map_free(map);
		return false;
	}
	find_direct(kernel, map);
	if (!kernel_keep(kernel, &slot, map, error))
		return false;
	*map_ret = map;
	return true;
}

static const struct page_run *run_of(const struct page_map *map, uint64_t pfn)
{
	size_t above = array_up_to(map->runs, map->nr_runs, sizeof(*map->runs), offsetof(struct page_run, pfn), pfn);
	const struct page_run *run = above ? &map->runs[above - 1] : NULL;

	return run && pfn - run->pfn < run->count ? run : NULL;
}

bool page_of_pfn(struct kernel *kernel, uint64_t pfn, uint64_t *page_ret, struct error *error)
{
	const struct page_map *map;
	const struct page_run *run;

	if (!page_map_get(kernel, &map, error))
		return false;
	run = run_of(map, pfn);
	if (!run)
		return error_set(error, ERROR_NOT_MAPPED, "the page frame %" PRIu64 " (physical 0x%" PRIx64 ") has no struct page%s%s", pfn,
				 pfn * map->page_size, map->damage.kind != ERROR_NONE ? ", or it is lost: " : "", map->damage.text);
	*page_ret = run->address + (pfn - run->pfn) * map->struct_size;
	return true;
}

const struct page_run *page_run_at(const struct page_map *map, uint64_t address)
{
	for (size_t i = 0; i < map->nr_runs; i++)
		if (address >= map->runs[i].address && (address - map->runs[i].address) / map->struct_size < map->runs[i].count)
			return &map->runs[i];
	return NULL;
}

bool page_to_pfn(struct kernel *kernel, uint64_t page, uint64_t *pfn_ret, struct error *error)
{
	const struct page_map *map;
	const struct page_run *run;
	uint64_t offset;

	if (!page_map_get(kernel, &map, error))
		return false;
	run = page_run_at(map, page);
	if (!run)
		return error_set(error, ERROR_NOT_MAPPED, "0x%" PRIx64 " is no struct page: it is not in the page array%s%s", page,
				 map->damage.kind != ERROR_NONE ? ", of which a part is lost: " : "", map->damage.text);
	offset = page - run->address;
	if (offset % map->struct_size)
		return error_set(error, ERROR_CORRUPT, "0x%" PRIx64 " is no struct page: it is %" PRIu64 " bytes into one", page,
				 offset % map->struct_size);
	*pfn_ret = run->pfn + offset / map->struct_size;
	return true;
}

bool pages_read(struct kernel *kernel, uint64_t pfn, uint64_t count, void *buffer, struct error *error)
{
	const struct page_map *map;
	uint64_t first, last;

	if (!count)
		return true;
	if (!page_of_pfn(kernel, pfn, &first, error) || !page_of_pfn(kernel, pfn + count - 1, &last, error) ||
	    !page_map_get(kernel, &map, error))
		return false;
	if (last - first != (count - 1) * map->struct_size)
		return error_set(error, ERROR_NOT_MAPPED, "the struct pages of the frames %" PRIu64 " to %" PRIu64 " are not in one piece", pfn,
				 pfn + count - 1);
	return memory_read(kernel->memory, first, buffer, count * map->struct_size, error);
}

/* --- all of them --- */

#define PIECE 4096	/* struct pages read at once: 256 KiB */

struct pages_walk {
	struct kernel *kernel;
	const struct page_map *map;
	const char *what;
	pages_function *callback;
	void *context;
	struct pages_missing *missing;
	uint8_t *copies;	/* room for PIECE */
};

/* As many from PFN on, at most *COUNT, as can be read together; where not all can, those of one page of memory. False: not even those. */
static bool read_piece(struct pages_walk *walk, uint64_t pfn, uint64_t address, uint64_t *count)
{
	uint64_t page = walk->map->page_size, size = walk->map->struct_size, small = (page - address % page + size - 1) / size;
	struct error why = { 0 };

	if (pages_read(walk->kernel, pfn, *count, walk->copies, &why))
		return true;
	if (*count > small)
		*count = small;
	why.kind = ERROR_NONE;
	if (pages_read(walk->kernel, pfn, *count, walk->copies, &why))
		return true;
	if (!walk->missing->count)
		walk->missing->why = why;
	walk->missing->count += *count;
	return false;
}

/* The frames [PFN, END) of one run. */
static bool walk_run(struct pages_walk *walk, const struct page_run *run, uint64_t pfn, uint64_t end, struct error *error)
{
	const struct page_run *last = &walk->map->runs[walk->map->nr_runs - 1];
	uint64_t count;

	for (; pfn < end; pfn += count) {
		uint64_t address = run->address + (pfn - run->pfn) * walk->map->struct_size;

		count = end - pfn < PIECE ? end - pfn : PIECE;
		if (!kernel_step(walk->kernel, walk->what, pfn, last->pfn + last->count, error))
			return false;
		if (!read_piece(walk, pfn, address, &count))
			continue;
		for (uint64_t i = 0; i < count; i++)
			if (!walk->callback(walk->context, pfn + i, address + i * walk->map->struct_size,
					    walk->copies + i * walk->map->struct_size, error))
				return false;
	}
	return true;
}

bool pages_for_each(struct kernel *kernel, uint64_t start, uint64_t end, const char *what, pages_function *callback, void *context,
		    struct pages_missing *missing, bool *any_ret, struct error *error)
{
	struct pages_walk walk = { .kernel = kernel, .what = what, .callback = callback, .context = context, .missing = missing };
	bool going = true;

	*any_ret = false;
	if (!page_map_get(kernel, &walk.map, error))
		return false;
	walk.copies = malloc(PIECE * walk.map->struct_size);
	if (!walk.copies)
		return error_no_memory(error, "struct pages", PIECE * walk.map->struct_size);
	for (size_t i = 0; going && i < walk.map->nr_runs; i++) {
		const struct page_run *run = &walk.map->runs[i];
		uint64_t from = start > run->pfn ? start : run->pfn, to = run->pfn + run->count < end ? run->pfn + run->count : end;

		if (from >= to)
			continue;
		*any_ret = true;
		going = walk_run(&walk, run, from, to, error);
	}
	free(walk.copies);
	return going;
}

/* --- addresses --- */

bool page_direct_address(struct kernel *kernel, uint64_t physical, uint64_t *address_ret, struct error *error)
{
	const struct page_map *map;
	uint64_t address, back;

	if (!page_map_get(kernel, &map, error))
		return false;
	if (!map->direct_known)
		return error_set(error, ERROR_CORRUPT, "where the kernel's direct map is could not be found");
	address = (physical + map->direct) & memory_last(kernel->memory);
	/* Highmem, and what was taken out of it, is not there. */
	if (!page_in_direct_map(kernel, address, &back) || back != physical)
		return error_set(error, ERROR_NOT_MAPPED, "physical 0x%" PRIx64 " is not in the kernel's direct map", physical);
	*address_ret = address;
	return true;
}

bool page_in_direct_map(struct kernel *kernel, uint64_t address, uint64_t *physical_ret)
{
	struct translation translation = { 0 };
	const struct page_map *map;

	if (!page_map_get(kernel, &map, NULL) || !map->direct_known || !kernel->arch->is_kernel_address(kernel->memory, address) ||
	    !memory_translate(kernel->memory, 0, address, &translation, NULL) ||
	    ((translation.physical + map->direct) & memory_last(kernel->memory)) != address)
		return false;
	*physical_ret = translation.physical;
	return true;
}

bool page_of_address(struct kernel *kernel, uint64_t address, uint64_t *page_ret, struct error *error)
{
	struct translation translation = { 0 };

	if (!memory_translate(kernel->memory, 0, address, &translation, error))
		return false;
	return page_of_pfn(kernel, translation.physical / memory_page_size(kernel->memory), page_ret, error);
}
