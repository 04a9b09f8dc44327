// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/memory/zones.h"

#include <inttypes.h>
#include <string.h>

#include "kernel/memory/nodes.h"

/* Members whose value is the figure; WATERMARK: an element of the zone's watermarks. */
static const struct {
	const char *name;
	const char *members[3];		/* the first that this kernel has */
	const char *watermark;
} figures[NR_ZONE_FIGURES] = {
	[ZONE_FREE] = { "free", { NULL }, NULL },
	[ZONE_BOOST] = { "boost", { "watermark_boost" }, NULL },
	[ZONE_MIN] = { "min", { NULL }, "WMARK_MIN" },
	[ZONE_LOW] = { "low", { NULL }, "WMARK_LOW" },
	[ZONE_HIGH] = { "high", { NULL }, "WMARK_HIGH" },
	[ZONE_PROMO] = { "promo", { NULL }, "WMARK_PROMO" },	/* 6.1: c574bbe91703 */
	[ZONE_SPANNED] = { "spanned", { "spanned_pages" }, NULL },
	[ZONE_PRESENT] = { "present", { "present_pages" }, NULL },
	/* An atomic since 5.0 (9705bea5f833). */
	[ZONE_MANAGED] = { "managed", { "managed_pages.counter", "managed_pages" }, NULL },
	[ZONE_CMA] = { "cma", { "cma_pages" }, NULL },		/* where CONFIG_CMA is */
	[ZONE_START_PFN] = { "start_pfn", { "zone_start_pfn" }, NULL },
	[ZONE_RESERVED_HIGHATOMIC] = { "reserved_highatomic", { "nr_reserved_highatomic" }, NULL },
	[ZONE_FREE_HIGHATOMIC] = { "free_highatomic", { "nr_free_highatomic" }, NULL },
};

const char *zone_figure_name(enum zone_figure figure)
{
	return figures[figure].name;
}

static void keep(struct zone *zone, const struct error *why)
{
	if (zone->damage.kind == ERROR_NONE)
		zone->damage = *why;
}

static void set(struct zone *zone, enum zone_figure figure, uint64_t value)
{
	zone->figures[figure] = value;
	zone->known |= 1u << figure;
}

static void plain_figure(struct zone *zone, enum zone_figure figure)
{
	struct error why = { 0 };
	struct member member;
	uint64_t value;

	for (size_t i = 0; i < 3 && figures[figure].members[i]; i++) {
		if (!types_member(zone->kernel->types, "zone", figures[figure].members[i], &member, NULL) || member.kind != TYPE_INTEGER)
			continue;
		zone->has |= 1u << figure;
		if (kernel_read_field(zone->kernel, zone->address, &member, &value, &why))
			set(zone, figure, value);
		else
			keep(zone, &why);
		return;
	}
}

/* _watermark[] since 5.0 (a9214443c01c); what is in force is that and the boost. */
static void watermark(struct zone *zone, enum zone_figure figure)
{
	struct types *types = zone->kernel->types;
	struct member array;
	struct error why = { 0 };
	uint64_t value;
	int64_t index;

	if ((!types_member(types, "zone", "_watermark", &array, NULL) && !types_member(types, "zone", "watermark", &array, NULL)) ||
	    !types_enumerator(types, "zone_watermarks", figures[figure].watermark, &index, NULL) || index < 0 ||
	    (uint64_t)index >= array.count)
		return;
	zone->has |= 1u << figure;
	if (!kernel_read_pointer(zone->kernel, zone->address + array.offset + index * array.element_size, &value, &why))
		keep(zone, &why);
	else if (!(zone->has >> ZONE_BOOST & 1) || zone_knows(zone, ZONE_BOOST))
		set(zone, figure, value + zone->figures[ZONE_BOOST]);
}

static void protection(struct zone *zone)
{
	unsigned word = zone->kernel->arch->pointer_size;
	struct member array;
	struct error why = { 0 };

	if (!types_member(zone->kernel->types, "zone", "lowmem_reserve", &array, NULL) || array.count > ZONES_MAX)
		return;
	for (uint64_t i = 0; i < array.count; i++) {
		uint64_t value;

		if (!kernel_read_pointer(zone->kernel, zone->address + array.offset + i * array.element_size, &value, &why)) {
			keep(zone, &why);
			return;
		}
		zone->protection[i] = word == 8 ? (int64_t)value : (int32_t)value;
	}
	zone->nr_protection = array.count;
}

/* --- counters --- */

/* An array of longs TYPE.NAME at ADDRESS, and of each CPU the one called CPU_NAME at POINTER, a structure CPU_TYPE. */
struct counter_place {
	const char *type, *name;
	const char *pointer, *cpu_type, *cpu_name;
};

static bool add_cpu(struct kernel *kernel, uint64_t address, const struct member *array, struct counter_kind *kind, struct error *error)
{
	uint64_t value;

	for (size_t i = 0; i < kind->count && i < array->count; i++) {
		if (!memory_read_uint(kernel->memory, address + array->offset + i * array->element_size, array->element_size, &value, error))
			return false;
		kind->values[i] += array->element_size == 1 ? (int8_t)value : (int64_t)value;
	}
	return true;
}

static bool add_cpus(struct kernel *kernel, uint64_t address, const struct counter_place *place, struct counter_kind *kind,
		     struct error *error)
{
	struct member array;
	uint64_t pointer, at;

	if (!kernel_read_member(kernel, address, place->type, place->pointer, &pointer, error) ||
	    !types_member(kernel->types, place->cpu_type, place->cpu_name, &array, error))
		return false;
	for (unsigned cpu = 0; pointer && cpu < kernel->nr_cpu_ids; cpu++)
		if (!kernel_per_cpu_pointer(kernel, pointer, cpu, &at, error) || !add_cpu(kernel, at, &array, kind, error))
			return error_prefix(error, "what CPU %u has counted", cpu);
	return true;
}

/* False, with count 0: this kernel has no such counters, or they could not be read. */
static bool read_counters(struct kernel *kernel, uint64_t address, const struct counter_place *place, struct counter_kind *kind,
			  struct error *error)
{
	unsigned word = kernel->arch->pointer_size;
	struct member array;
	uint64_t value;

	kind->count = 0;
	if (!types_member(kernel->types, place->type, place->name, &array, error))
		return false;
	if (array.count > MEMORY_MAX_COUNTERS || array.element_size != word)
		return error_set(error, ERROR_CORRUPT, "%s.%s is no array of counters", place->type, place->name);
	for (uint64_t i = 0; i < array.count; i++) {
		if (!kernel_read_pointer(kernel, address + array.offset + i * word, &value, error))
			return false;
		kind->values[i] = word == 8 ? (int64_t)value : (int32_t)value;
	}
	kind->count = array.count;
	if (add_cpus(kernel, address, place, kind, error))
		return true;
	kind->count = 0;
	return false;
}

/* Each CPU's were in its pageset before 5.14 (28f836b6777b). */
static const struct counter_place zone_places[] = {
	{ "zone", "vm_stat", "per_cpu_zonestats", "per_cpu_zonestat", "vm_stat_diff" },
	{ "zone", "vm_stat", "pageset", "per_cpu_pageset", "vm_stat_diff" },
};
static const struct counter_place numa_places[] = {
	{ "zone", "vm_numa_event", "per_cpu_zonestats", "per_cpu_zonestat", "vm_numa_event" },
	{ "zone", "vm_numa_stat", "per_cpu_zonestats", "per_cpu_zonestat", "vm_numa_stat_diff" },
	{ "zone", "vm_numa_stat", "pageset", "per_cpu_pageset", "vm_numa_stat_diff" },
};
static const struct counter_place node_place = { "pglist_data", "vm_stat", "per_cpu_nodestats", "per_cpu_nodestat", "vm_node_stat_diff" };

static void zone_counters(struct zone *zone, const struct counter_place *places, size_t count, struct counter_kind *kind)
{
	struct types *types = zone->kernel->types;
	struct error why = { 0 };

	for (size_t i = 0; i < count; i++) {
		if (!types_has_member(types, places[i].type, places[i].name) || !types_has_member(types, places[i].type, places[i].pointer) ||
		    !types_has_member(types, places[i].cpu_type, places[i].cpu_name))
			continue;
		if (!read_counters(zone->kernel, zone->address, &places[i], kind, &why))
			keep(zone, &why);
		return;
	}
}

static void free_pages(struct zone *zone)
{
	int64_t index;

	if (!types_enumerator(zone->kernel->types, "zone_stat_item", "NR_FREE_PAGES", &index, NULL))
		return;
	zone->has |= 1u << ZONE_FREE;
	if (index >= 0 && (size_t)index < zone->counters.count)
		set(zone, ZONE_FREE, zone->counters.values[index] > 0 ? zone->counters.values[index] : 0);
}

static bool read_zone(struct zone *zone, struct error *error)
{
	uint64_t name;

	if (!kernel_read_member(zone->kernel, zone->address, "zone", "name", &name, error))
		return false;
	if (!memory_read_string(zone->kernel->memory, name, zone->name, sizeof(zone->name), error))
		return error_prefix(error, "a zone's name");
	zone_counters(zone, zone_places, 2, &zone->counters);
	zone_counters(zone, numa_places, 3, &zone->numa);
	for (enum zone_figure figure = 0; figure < NR_ZONE_FIGURES; figure++)
		if (figures[figure].watermark)
			watermark(zone, figure);
		else
			plain_figure(zone, figure);
	free_pages(zone);
	protection(zone);
	return true;
}

struct walk {
	struct kernel *kernel;
	struct member zones;
	bool (*callback)(void *context, const struct zone *zone, struct error *error);
	void *context;
};

static bool one_node(void *context, uint32_t id, uint64_t node, struct error *error)
{
	const struct walk *walk = context;

	for (uint64_t i = 0; i < walk->zones.count && i < ZONES_MAX; i++) {
		struct zone zone = { .kernel = walk->kernel, .node = id, .index = i, .node_address = node,
				     .address = node + walk->zones.offset + i * walk->zones.element_size };

		if (!kernel_check_interrupt(walk->kernel, error))
			return false;
		if (!read_zone(&zone, error))
			return error_prefix(error, "zone %u of node %u", zone.index, id);
		if (!walk->callback(walk->context, &zone, error))
			return false;
	}
	return true;
}

bool zones_for_each(struct kernel *kernel, bool (*callback)(void *context, const struct zone *zone, struct error *error), void *context,
		    struct error *error)
{
	struct walk walk = { .kernel = kernel, .callback = callback, .context = context };

	return types_member(kernel->types, "pglist_data", "node_zones", &walk.zones, error) &&
	       nodes_for_each(kernel, one_node, &walk, error);
}

bool zone_counters_for_each(const struct zone *zone, bool (*callback)(void *context, const char *name, int64_t value), void *context,
			    struct error *error)
{
	return counter_kind_for_each(zone->kernel, "zone_stat_item", &zone->counters, callback, context, error) &&
	       counter_kind_for_each(zone->kernel, "numa_stat_item", &zone->numa, callback, context, error);
}

bool node_counters_for_each(struct kernel *kernel, uint64_t node, bool (*callback)(void *context, const char *name, int64_t value),
			    void *context, struct error *error)
{
	struct counter_kind kind;

	return read_counters(kernel, node, &node_place, &kind, error) &&
	       counter_kind_for_each(kernel, "node_stat_item", &kind, callback, context, error);
}

/* --- CPUs --- */

/* The per-CPU pointer and its structure: their own since 5.14, the pageset before. */
static bool cpu_place(const struct zone *zone, const char *member, unsigned cpu, uint64_t *address_ret, struct error *error)
{
	uint64_t pointer;

	if (!kernel_read_member(zone->kernel, zone->address, "zone", member, &pointer, error))
		return false;
	if (!pointer)
		return error_set(error, ERROR_NOT_MAPPED, "zone %s has no pages of CPUs", zone->name);
	return kernel_per_cpu_pointer(zone->kernel, pointer, cpu, address_ret, error);
}

bool zone_cpu_pages(const struct zone *zone, unsigned cpu, uint64_t *address_ret, struct error *error)
{
	struct member pages;

	if (types_has_member(zone->kernel->types, "zone", "per_cpu_pageset"))
		return cpu_place(zone, "per_cpu_pageset", cpu, address_ret, error);
	if (!types_member(zone->kernel->types, "per_cpu_pageset", "pcp", &pages, error) ||
	    !cpu_place(zone, "pageset", cpu, address_ret, error))
		return false;
	*address_ret += pages.offset;
	return true;
}

bool zone_cpu_figures(const struct zone *zone, unsigned cpu, int64_t values[NR_ZONE_CPU_FIGURES], uint32_t *has_ret, uint32_t *known_ret,
		      struct error *error)
{
	static const char *const members[NR_ZONE_CPU_FIGURES] = { "count", "high", "batch", "high_min", "high_max" };
	bool old = !types_has_member(zone->kernel->types, "zone", "per_cpu_zonestats");
	const char *stats = old ? "per_cpu_pageset" : "per_cpu_zonestat";
	uint64_t pages, threshold, value;
	struct member member;

	*has_ret = *known_ret = 0;
	if (!zone_cpu_pages(zone, cpu, &pages, error) ||
	    !cpu_place(zone, old ? "pageset" : "per_cpu_zonestats", cpu, &threshold, error))
		return false;
	for (unsigned i = 0; i < NR_ZONE_CPU_FIGURES; i++) {
		bool last = i == ZONE_CPU_THRESHOLD;

		if (!types_member(zone->kernel->types, last ? stats : "per_cpu_pages", last ? "stat_threshold" : members[i], &member, NULL))
			continue;
		*has_ret |= 1u << i;
		if (!kernel_read_field(zone->kernel, last ? threshold : pages, &member, &value, error))
			continue;
		values[i] = (int64_t)value;
		*known_ret |= 1u << i;
	}
	return true;
}
