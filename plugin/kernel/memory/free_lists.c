// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/memory/free_lists.h"

#include <inttypes.h>
#include <string.h>

#define SMALL_ORDERS 4	/* PAGE_ALLOC_COSTLY_ORDER + 1: CPUs keep these and huge pages (44042b449872, 5.14) */

/* Some names are ends and beginnings of others (MIGRATE_PCPTYPES); the last name of a number is its own. */
static bool keep_type(void *context, const char *name, int64_t value)
{
	struct free_layout *layout = context;

	if (!strcmp(name, "MIGRATE_TYPES"))
		layout->nr_types = value > 0 && value <= FREE_MAX_TYPES ? value : 0;
	else if (!strcmp(name, "MIGRATE_PCPTYPES"))
		layout->nr_cpu_types = value > 0 && value <= FREE_MAX_TYPES ? value : 0;
	else if (!strncmp(name, "MIGRATE_", 8) && value >= 0 && value < FREE_MAX_TYPES)
		layout->types[value] = name + 8;
	return true;
}

bool free_layout_get(struct kernel *kernel, struct free_layout *layout, struct error *error)
{
	struct types *types = kernel->types;
	struct member link;

	*layout = (struct free_layout){ .kernel = kernel };
	if (!types_for_each_enumerator(types, "migratetype", keep_type, layout, error) ||
	    !types_member(types, "zone", "free_area", &layout->area, error) ||
	    !types_member(types, "free_area", "nr_free", &layout->count, error) ||
	    !types_member(types, "free_area", "free_list", &layout->list, error) ||
	    !types_member(types, "per_cpu_pages", "count", &layout->cpu_count, error) ||
	    !types_member(types, "per_cpu_pages", "lists", &layout->cpu_lists, error) ||
	    !types_member(types, "page", "lru", &link, error))
		return false;
	layout->nr_orders = layout->area.count;
	layout->link = link.offset;
	if (layout->list.count < layout->nr_types)
		layout->nr_types = layout->list.count;
	if (!layout->nr_orders || layout->nr_orders > FREE_MAX_ORDERS || !layout->nr_types || !layout->nr_cpu_types)
		return error_set(error, ERROR_CORRUPT, "zone.free_area has %zu orders and %zu migrate types", layout->nr_orders, layout->nr_types);
	return true;
}

static uint64_t area_of(const struct free_layout *layout, const struct zone *zone, unsigned order)
{
	return zone->address + layout->area.offset + order * layout->area.element_size;
}

bool free_count(const struct free_layout *layout, const struct zone *zone, unsigned order, uint64_t *count_ret, struct error *error)
{
	return kernel_read_field(layout->kernel, area_of(layout, zone, order), &layout->count, count_ret, error);
}

struct free_list free_list_of_zone(const struct free_layout *layout, const struct zone *zone, unsigned order, unsigned type)
{
	return (struct free_list){ .head = area_of(layout, zone, order) + layout->list.offset + type * layout->list.element_size,
				   .order = order, .type = type, .cpu = -1 };
}

bool free_list_is_huge(const struct free_layout *layout, size_t index)
{
	return index >= SMALL_ORDERS * layout->nr_cpu_types;
}

/* The usual: what the last but one level of page tables maps. */
static unsigned usual_huge_order(const struct free_layout *layout)
{
	/* 32-bit machines whose tables have more than two levels have entries of 64 bits in them (PAE, LPAE). */
	uint64_t entry = layout->kernel->memory->levels > 2 ? 8 : layout->kernel->arch->pointer_size;
	unsigned order = 0;

	while (entry << (order + 1) <= memory_page_size(layout->kernel->memory))
		order++;
	return order;
}

bool free_lists_of_cpu(const struct free_layout *layout, const struct zone *zone, unsigned cpu, int64_t *count_ret, struct free_list *lists,
		       size_t *nr_ret, struct error *error)
{
	uint64_t pages, count;

	*nr_ret = 0;
	if (!zone_cpu_pages(zone, cpu, &pages, error) || !kernel_read_field(layout->kernel, pages, &layout->cpu_count, &count, error))
		return false;
	*count_ret = (int32_t)count;
	for (size_t i = 0; i < layout->cpu_lists.count && i < FREE_MAX_CPU_LISTS; i++) {
		bool huge = free_list_is_huge(layout, i);

		lists[(*nr_ret)++] = (struct free_list){
			.head = pages + layout->cpu_lists.offset + i * layout->cpu_lists.element_size, .cpu = cpu,
			.order = huge ? usual_huge_order(layout) : i / layout->nr_cpu_types,
			/* Before 6.12 there was one list of huge pages, which were movable or not; since, two. */
			.type = huge ? (layout->cpu_lists.count - SMALL_ORDERS * layout->nr_cpu_types > 1 ?
						i - SMALL_ORDERS * layout->nr_cpu_types : FREE_MAX_TYPES) : i % layout->nr_cpu_types };
	}
	return true;
}

unsigned free_list_huge_order(const struct free_layout *layout, const struct free_list *lists, size_t count, int64_t pages)
{
	uint64_t blocks = 0;

	for (size_t i = 0; i < count; i++) {
		if (lists[i].damage.kind != ERROR_NONE)
			return usual_huge_order(layout);
		if (free_list_is_huge(layout, i))
			blocks += lists[i].blocks;
		else
			pages -= lists[i].blocks << lists[i].order;
	}
	for (unsigned order = SMALL_ORDERS; blocks && order < FREE_MAX_ORDERS; order++)
		if (pages > 0 && (uint64_t)pages == blocks << order)
			return order;
	return usual_huge_order(layout);
}

/* --- walking --- */

struct walk {
	const struct free_layout *layout;
	struct free_list *list;
	bool (*callback)(void *context, const struct free_list *list, const struct page_info *page);
	void *context;
	bool enough;
	uint64_t last;		/* good one of the walk from the front: its link */
};

static bool both_links(struct kernel *kernel, uint64_t at, uint64_t *next_ret, uint64_t *prev_ret, struct error *error)
{
	return kernel_read_pointer(kernel, at, next_ret, error) && kernel_read_pointer(kernel, at + kernel->arch->pointer_size, prev_ret, error);
}

/* A zone's are marked; a CPU's look like pages in use, but for their count. */
static bool is_odd(struct kernel *kernel, const struct free_list *list, const struct page_info *page)
{
	if (list->cpu >= 0)
		return page_is_buddy(kernel, page) || (page_knows(page, PAGE_REFCOUNT) && page->refcount != 0);
	return !page_is_buddy(kernel, page) || page->private != list->order || page->pfn & ((1ull << list->order) - 1);
}

static bool take(struct walk *walk, const struct page_info *page, bool behind)
{
	struct free_list *list = walk->list;

	list->blocks++;
	list->from_behind += behind;
	if (is_odd(walk->layout->kernel, list, page) && !list->odd++)
		list->first_odd = page->address;
	walk->enough = walk->callback && !walk->callback(walk->context, list, page);
	return !walk->enough;
}

/* From the head along next, or along prev to the last that the other way had. False: a link is broken; *error says which. */
static bool one_way(struct walk *walk, bool back, struct error *error)
{
	struct kernel *kernel = walk->layout->kernel;
	uint64_t head = walk->list->head, at = head, steps = 0, next, prev;

	if (!both_links(kernel, head, &next, &prev, error))
		return false;
	for (;;) {
		uint64_t to = back ? prev : next;
		struct page_info page;

		if (to == head || (back && to == walk->last))
			return true;
		if (++steps % 1024 == 0 && !kernel_check_interrupt(kernel, error))
			return false;
		if (!page_read(kernel, to - walk->layout->link, &page, error))
			return error_prefix(error, "0x%" PRIx64 " leads to 0x%" PRIx64, at, to);
		next = page.next;
		prev = page.prev;
		if ((back ? next : prev) != at)
			return error_set(error, ERROR_CORRUPT, "0x%" PRIx64 " leads to 0x%" PRIx64 ", whose link back is 0x%" PRIx64, at, to,
					 back ? next : prev);
		at = to;
		if (!back)
			walk->last = to;
		if (!take(walk, &page, back))
			return true;
	}
}

bool free_list_walk(const struct free_layout *layout, struct free_list *list,
		    bool (*callback)(void *context, const struct free_list *list, const struct page_info *page), void *context,
		    struct error *error)
{
	struct walk walk = { .layout = layout, .list = list, .callback = callback, .context = context, .last = list->head };
	struct error why = { 0 }, behind = { 0 };
	uint64_t next, prev;

	if (one_way(&walk, false, &why))
		return !walk.enough;
	if (why.kind != ERROR_INTERRUPTED) {
		list->damage = why;
		/* A head that is not readable has no other end. */
		if (!both_links(layout->kernel, list->head, &next, &prev, NULL) || one_way(&walk, true, &behind))
			return !walk.enough;
		if (behind.kind != ERROR_INTERRUPTED)
			return true;
		why = behind;
	}
	if (error)
		*error = why;
	return false;
}
