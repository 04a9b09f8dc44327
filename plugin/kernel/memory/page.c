// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What a struct page says; page.h. References: include/linux/mm_types.h (struct page, struct folio), page-flags.h,
 * page-flags-layout.h.
 */
#include "kernel/memory/page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

#define PAGE_BUDDY_OLD ((uint32_t)-128)	/* PAGE_BUDDY_MAPCOUNT_VALUE before there were types (4.18) */

/* How the page's type is written. */
enum type_form {
	TYPE_FORM_MAPCOUNT,	/* before 4.18 (6e292b9be7f4): just the one value for free pages */
	TYPE_FORM_BITS,		/* a cleared bit each, under 0xf in front */
	TYPE_FORM_ENUM_BITS,	/* 6.11 (8db00ad564613): the same, as enum pagetype, under 0x8 */
	TYPE_FORM_ENUM,		/* 6.12 (4ffca5a96678c): the first byte is it */
};

/* Where the order of a compound page is. */
enum order_form {
	ORDER_FORM_NONE,
	ORDER_FORM_PAGE,	/* in the second struct page */
	ORDER_FORM_LRU,		/* before 4.4 (1d798ca3f164) there is no member: the second page's lru.prev */
	ORDER_FORM_FOLIO,	/* folio._folio_order: 6.3 to 6.5 */
	ORDER_FORM_FLAGS,	/* the first byte of folio._flags_1 (ebc1baf5c9b4, 6.6) */
};

#define MAX_TYPES 32

struct page_members {
	struct member flags, head, refcount, type, mapping, index, private, next, prev;
	struct member order, large_mapcount, mapcount;
	bool has_head, has_refcount, has_type, has_mapping, has_index, has_private, has_lru, has_large_mapcount;
	enum type_form type_form;
	enum order_form order_form;
	struct { uint32_t value; const char *name; } types[MAX_TYPES];
	size_t nr_types;
	/* Of the flags: which bits are named, and where zone and node are; width 0 = it is not there. */
	const char *names[64];
	unsigned nr_flags;
	unsigned zone_shift, zone_width, node_shift, node_width;
	bool has_zone, has_node;
	int slab_bit;
};

static const struct kernel_slot slot = { free };

/* The first of some names of a member that this kernel has. */
static bool one_of(struct types *types, const char *type, const char *const *names, struct member *member)
{
	for (; *names; names++)
		if (types_member(types, type, *names, member, NULL))
			return true;
	return false;
}

/* The names behind __NR_PAGEFLAGS are other names of the bits before it. */
static bool keep_flag(void *context, const char *name, int64_t bit)
{
	struct page_members *members = context;

	if (!strcmp(name, "__NR_PAGEFLAGS"))
		members->nr_flags = bit > 0 && bit < 64 ? bit : 0;
	else if (!members->nr_flags && bit >= 0 && bit < 64 && !members->names[bit])
		members->names[bit] = strncmp(name, "PG_", 3) ? name : name + 3;
	return true;
}

static bool keep_type(void *context, const char *name, int64_t value)
{
	struct page_members *members = context;
	const char *word = strchr(name, '_');

	if (!strcmp(name, "PGTY_mapcount_underflow") || members->nr_types == MAX_TYPES)
		return true;
	members->types[members->nr_types].value = value;
	members->types[members->nr_types++].name = word ? word + 1 : name;
	return true;
}

static void find_types(struct kernel *kernel, struct page_members *members)
{
	static const struct { uint32_t value; const char *name; } bits[] = {
		{ 0x80, "buddy" }, { 0x100, "offline" }, { 0x200, "table" }, { 0x400, "guard" }, { 0x800, "hugetlb" }, { 0x1000, "slab" },
	};
	/* Up to 5.10 (18b2db3b0385) pages that are accounted to a cgroup were a type, and the others a bit further up. */
	bool kmemcg = types_has_member(kernel->types, "page", "mem_cgroup");

	if (!types_has_member(kernel->types, "page", "page_type")) {
		members->type_form = TYPE_FORM_MAPCOUNT;
		return;
	}
	if (types_for_each_enumerator(kernel->types, "pagetype", keep_type, members, NULL) && members->nr_types) {
		members->type_form = types_enumerator(kernel->types, "pagetype", "PGTY_buddy", &(int64_t){ 0 }, NULL) ? TYPE_FORM_ENUM :
														       TYPE_FORM_ENUM_BITS;
		return;
	}
	members->type_form = TYPE_FORM_BITS;
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		members->types[members->nr_types].value = kmemcg && i >= 2 ? bits[i].value << 1 : bits[i].value;
		members->types[members->nr_types++].name = bits[i].name;
	}
	if (kmemcg) {
		members->types[members->nr_types].value = 0x200;
		members->types[members->nr_types++].name = "kmemcg";
	}
}

static void find_order(struct kernel *kernel, struct page_members *members)
{
	struct types *types = kernel->types;

	if (types_member(types, "page", "compound_order", &members->order, NULL))
		members->order_form = ORDER_FORM_PAGE;
	else if (types_member(types, "folio", "_folio_order", &members->order, NULL))
		members->order_form = ORDER_FORM_FOLIO;
	else if (types_member(types, "folio", "_flags_1", &members->order, NULL))
		members->order_form = ORDER_FORM_FLAGS;
	else if (types_has_member(types, "page", "first_page") && types_member(types, "page", "lru.prev", &members->order, NULL))
		members->order_form = ORDER_FORM_LRU;
}

static unsigned bits_for(uint64_t count)
{
	unsigned bits = 0;

	while (1ull << bits < count)
		bits++;
	return bits;
}

/*
 * From the top: section, node, zone (page-flags-layout.h). The section is there only where there is no vmemmap; the node is not
 * where there is no room for it.
 */
static void find_zone(struct kernel *kernel, struct page_members *members)
{
	unsigned top = kernel->arch->pointer_size * 8, section = 0;
	const struct page_map *map;
	uint64_t section_bits = 0, bits;
	struct member refs;
	int64_t zones;

	if (!page_map_get(kernel, &map, NULL) || !types_enumerator(kernel->types, "zone_type", "__MAX_NR_ZONES", &zones, NULL) || zones < 1 ||
	    zones > 8)
		return;
	if (map->section_pages && !symtab_find(kernel->symbols, "vmemmap_populate")) {
		if (!dump_vmcoreinfo_number(kernel->dump, "NUMBER(MAX_PHYSMEM_BITS)", 10, &bits))
			return;
		section_bits = bits_for(map->section_pages * map->page_size);
		section = bits > section_bits ? bits - section_bits : 0;
	}
	members->zone_width = bits_for(zones);
	if (types_member(kernel->types, "zonelist", "_zonerefs", &refs, NULL) && refs.count > 1)
		members->node_width = bits_for((refs.count - 1) / zones);
	if (section + members->node_width + members->zone_width + members->nr_flags > top) {
		members->node_width = 0;	/* NODE_NOT_IN_PAGE_FLAGS */
	} else {
		members->has_node = true;
		members->node_shift = top - section - members->node_width;
	}
	members->zone_shift = top - section - members->node_width - members->zone_width;
	members->has_zone = members->nr_flags && members->zone_shift >= members->nr_flags;
}

static int bit_of(const struct page_members *members, const char *name)
{
	for (unsigned i = 0; i < members->nr_flags; i++)
		if (members->names[i] && !strcmp(members->names[i], name))
			return i;
	return -1;
}

static bool resolve(struct kernel *kernel, struct page_members *members, struct error *error)
{
	/* 6.18 put the flags into a structure; 7.0 and later have a tail's word as compound_info; __folio_index is of 6.16. */
	static const char *const flags[] = { "flags.f", "flags", NULL }, *const heads[] = { "compound_info", "compound_head", NULL };
	static const char *const counts[] = { "_refcount.counter", "_count.counter", NULL };
	static const char *const indexes[] = { "index", "__folio_index", NULL };
	static const char *const types_of[] = { "page_type", "_mapcount.counter", NULL };
	struct types *types = kernel->types;

	if (!one_of(types, "page", flags, &members->flags))
		return types_member(types, "page", "flags", &members->flags, error);
	members->has_head = one_of(types, "page", heads, &members->head);
	members->has_refcount = one_of(types, "page", counts, &members->refcount);
	members->has_type = one_of(types, "page", types_of, &members->type);
	members->has_mapping = types_member(types, "page", "mapping", &members->mapping, NULL);
	members->has_index = one_of(types, "page", indexes, &members->index);
	members->has_private = types_member(types, "page", "private", &members->private, NULL);
	members->has_lru = types_member(types, "page", "lru.next", &members->next, NULL) &&
			   types_member(types, "page", "lru.prev", &members->prev, NULL);
	members->has_large_mapcount = types_member(types, "folio", "_large_mapcount.counter", &members->large_mapcount, NULL);
	types_for_each_enumerator(types, "pageflags", keep_flag, members, NULL);
	members->slab_bit = bit_of(members, "slab");
	find_types(kernel, members);
	find_order(kernel, members);
	find_zone(kernel, members);
	return true;
}

static const struct page_members *members_get(struct kernel *kernel, struct error *error)
{
	struct page_members *members = kernel_kept(kernel, &slot);

	if (members)
		return members;
	members = calloc(1, sizeof(*members));
	if (!members) {
		error_no_memory(error, "struct page", sizeof(*members));
		return NULL;
	}
	if (!resolve(kernel, members, error)) {
		free(members);
		return NULL;
	}
	return kernel_keep(kernel, &slot, members, error) ? members : NULL;
}

/* --- one page --- */

/*
 * A tail's word has bit 0 set. It is its head's address, or, where vmemmap's pages are aligned so that this suffices (7.0), a mask:
 * all ones down to the head's alignment. The lowest address that a mask of so many bits can leave is its own, so both readings agree
 * where a value could be either.
 */
static uint64_t head_of(const struct kernel *kernel, uint64_t page, uint64_t word)
{
	uint64_t value = word & ~1ull, last = memory_last(kernel->memory);
	uint64_t low = (0 - value) & last;

	return value && low && !(low & (low - 1)) ? page & value : value;
}

static bool is_type(const struct page_members *members, uint32_t value)
{
	switch (members->type_form) {
	case TYPE_FORM_ENUM:	/* page_type_has_type(): anything above an underflow of the mapcount */
		return (int32_t)value < -1 && value >> 24 != 0xff;
	case TYPE_FORM_ENUM_BITS:
	case TYPE_FORM_BITS:
		return (int32_t)value < -100 && value != UINT32_MAX;	/* PAGE_MAPCOUNT_RESERVE is -128 */
	default:
		return value == PAGE_BUDDY_OLD;
	}
}

struct decoder {
	struct kernel *kernel;
	const void *copy;
	size_t size;
	struct page_info *page;
};

static void take(const struct decoder *decoder, bool has, const struct member *member, enum page_fact fact, uint64_t *value)
{
	if (has && kernel_decode_field(decoder->kernel, decoder->copy, decoder->size, member, value))
		decoder->page->known |= 1u << fact;
}

/* Zone and node by the flags. */
static void place(const struct page_members *members, struct page_info *page)
{
	if (members->has_zone) {
		page->zone = page->flags >> members->zone_shift & ((1u << members->zone_width) - 1);
		page->known |= 1u << PAGE_ZONE;
	}
	if (members->has_node) {
		page->node = members->node_width ? page->flags >> members->node_shift & ((1u << members->node_width) - 1) : 0;
		page->known |= 1u << PAGE_NODE;
	}
}

void page_place(struct kernel *kernel, struct page_info *page)
{
	const struct page_members *members = members_get(kernel, NULL);

	if (members)
		place(members, page);
}

static void decode(const struct page_members *members, const struct decoder *decoder)
{
	struct page_info *page = decoder->page;
	uint64_t word = 0, count = 0, type = 0;

	take(decoder, true, &members->flags, PAGE_FLAGS, &page->flags);
	take(decoder, members->has_head, &members->head, PAGE_HEAD, &word);
	take(decoder, members->has_refcount, &members->refcount, PAGE_REFCOUNT, &count);
	take(decoder, members->has_type, &members->type, PAGE_TYPE, &type);
	take(decoder, members->has_mapping, &members->mapping, PAGE_MAPPING, &page->mapping);
	take(decoder, members->has_index, &members->index, PAGE_INDEX, &page->index);
	take(decoder, members->has_private, &members->private, PAGE_PRIVATE, &page->private);
	take(decoder, members->has_lru, &members->next, PAGE_LRU, &page->next);
	take(decoder, members->has_lru, &members->prev, PAGE_LRU, &page->prev);
	page->tail = word & 1;
	if (page->tail)
		page->head = head_of(decoder->kernel, page->address, word);
	page->refcount = (int32_t)count;
	page->type = (uint32_t)type;
	page->typed = page_knows(page, PAGE_TYPE) && is_type(members, page->type);
	if (page_knows(page, PAGE_FLAGS))
		place(members, page);
}

bool page_decode(struct kernel *kernel, uint64_t pfn, uint64_t address, const void *copy, struct page_info *page_ret,
		 struct error *error)
{
	const struct page_members *members = members_get(kernel, error);
	const struct page_map *map;
	struct decoder decoder = { kernel, copy, 0, page_ret };

	if (!members || !page_map_get(kernel, &map, error))
		return false;
	decoder.size = map->struct_size;
	*page_ret = (struct page_info){ .address = address, .pfn = pfn, .head = address };
	decode(members, &decoder);
	return true;
}

bool page_read(struct kernel *kernel, uint64_t address, struct page_info *page_ret, struct error *error)
{
	uint8_t copy[PAGE_MAX_SIZE];
	const struct page_map *map;
	uint64_t pfn;

	if (!page_map_get(kernel, &map, error) || !page_to_pfn(kernel, address, &pfn, error))
		return false;
	if (!memory_read(kernel->memory, address, copy, map->struct_size, error))
		return error_prefix(error, "the struct page of frame %" PRIu64, pfn);
	return page_decode(kernel, pfn, address, copy, page_ret, error);
}

bool page_compound_order(struct kernel *kernel, const struct page_info *head, unsigned *order_ret, struct error *error)
{
	const struct page_members *members = members_get(kernel, error);
	const struct page_map *map;
	uint64_t order, at = head->address;

	if (!members || !page_map_get(kernel, &map, error))
		return false;
	*order_ret = 0;
	if (!page_has_flag(kernel, head, "head"))
		return true;
	if (members->order_form == ORDER_FORM_NONE)
		return error_set(error, ERROR_NO_MEMBER, "where this kernel has the order of a compound page is not known");
	if (members->order_form == ORDER_FORM_PAGE || members->order_form == ORDER_FORM_LRU)
		at += map->struct_size;
	if (!kernel_read_field(kernel, at, &members->order, &order, error))
		return false;
	if (members->order_form == ORDER_FORM_FLAGS)
		order &= 0xff;
	if (order > PAGE_MAX_ORDER)
		return error_set(error, ERROR_CORRUPT, "the compound page 0x%" PRIx64 " says that its order is %" PRIu64, head->address, order);
	*order_ret = order;
	return true;
}

bool page_mapcount(struct kernel *kernel, const struct page_info *page, int64_t *count_ret)
{
	const struct page_members *members = members_get(kernel, NULL);
	uint64_t count;

	if (!members || !page_knows(page, PAGE_TYPE) || page->typed || page_is_slab(kernel, page))
		return false;
	if (members->has_large_mapcount && page_has_flag(kernel, page, "head")) {
		if (!kernel_read_field(kernel, page->address, &members->large_mapcount, &count, NULL))
			return false;
		*count_ret = (int64_t)(int32_t)count + 1;
		return true;
	}
	*count_ret = (int64_t)(int32_t)page->type + 1;
	return true;
}

bool page_has_flag(struct kernel *kernel, const struct page_info *page, const char *name)
{
	const struct page_members *members = members_get(kernel, NULL);
	int bit = members ? bit_of(members, name) : -1;

	return bit >= 0 && page_knows(page, PAGE_FLAGS) && page->flags >> bit & 1;
}

const char *page_type_name(struct kernel *kernel, const struct page_info *page)
{
	const struct page_members *members = members_get(kernel, NULL);

	if (!members || !page->typed)
		return NULL;
	if (members->type_form == TYPE_FORM_MAPCOUNT)
		return "buddy";
	for (size_t i = 0; i < members->nr_types; i++) {
		uint32_t value = members->types[i].value;

		if (members->type_form == TYPE_FORM_ENUM ? page->type >> 24 == value : !(page->type & value))
			return members->types[i].name;
	}
	return NULL;
}

bool page_is_buddy(struct kernel *kernel, const struct page_info *page)
{
	const char *type = page_type_name(kernel, page);

	return type && !strcmp(type, "buddy");
}

bool page_is_slab(struct kernel *kernel, const struct page_info *head)
{
	const struct page_members *members = members_get(kernel, NULL);
	const char *type;

	if (members && members->slab_bit >= 0)
		return page_knows(head, PAGE_FLAGS) && head->flags >> members->slab_bit & 1;
	type = page_type_name(kernel, head);
	return type && !strcmp(type, "slab");
}

void page_flags_text(struct kernel *kernel, uint64_t flags, struct buffer *text)
{
	const struct page_members *members = members_get(kernel, NULL);
	uint64_t rest = 0, low = members && members->nr_flags ? flags & ((1ull << members->nr_flags) - 1) : flags;
	size_t start = text->size;

	for (unsigned bit = 0; bit < 64; bit++)
		if (low >> bit & 1) {
			if (members && members->names[bit])
				buffer_printf(text, "%s%s", text->size > start ? "|" : "", members->names[bit]);
			else
				rest |= 1ull << bit;
		}
	if (rest)
		buffer_printf(text, "%s0x%" PRIx64, text->size > start ? "|" : "", rest);
}

bool page_flags_for_each(struct kernel *kernel, bool (*callback)(void *context, unsigned bit, const char *name), void *context,
			 struct error *error)
{
	const struct page_members *members = members_get(kernel, error);

	if (!members)
		return false;
	if (!members->nr_flags)
		return error_set(error, ERROR_NO_MEMBER, "this kernel's description has no enum pageflags");
	for (unsigned bit = 0; bit < members->nr_flags; bit++)
		if (members->names[bit] && !callback(context, bit, members->names[bit]))
			break;
	return true;
}
