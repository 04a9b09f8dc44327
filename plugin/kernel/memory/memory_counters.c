// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/memory/memory_counters.h"

#include <string.h>

#include "kernel/memory/nodes.h"

#define MAX_ZONES 16
#define WMARK_LOW 1 /* enum zone_watermarks, of old */

/* Where zones and nodes keep things; resolved once. */
struct layout {
	struct member zones, per_cpu_node, node_diff;
	struct member per_cpu_zone, zone_diff; /* 5.14+ (28f836b6777b), else in the pageset */
	struct member watermark, boost;
	bool has_node_diff, has_zone_diff, has_watermark, has_boost;
};

static void keep(struct memory_counters *counters, const struct error *why)
{
	if (counters->damage.kind == ERROR_NONE)
		counters->damage = *why;
}

static void read_array(struct memory_counters *counters, const char *symbol, const char *type,
		       const char *last, struct counter_kind *kind)
{
	struct kernel *kernel = counters->kernel;
	struct error why = { 0 };
	uint64_t address, value;
	unsigned word = kernel->arch->pointer_size;
	int64_t count;

	if (!types_enumerator(kernel->types, type, last, &count, &why) ||
	    !kernel_symbol(kernel, symbol, &address, &why)) {
		keep(counters, &why);
		return;
	}
	if (count < 0 || count > MEMORY_MAX_COUNTERS)
		count = MEMORY_MAX_COUNTERS;
	for (int64_t i = 0; i < count; i++) {
		if (!memory_read_uint(kernel->memory, address + i * word, word, &value, &why)) {
			keep(counters, &why);
			return;
		}
		kind->values[i] = word == 8 ? (int64_t)value : (int32_t)value;
	}
	kind->count = count;
}

static void resolve(struct kernel *kernel, struct layout *layout)
{
	struct types *types = kernel->types;

	memset(layout, 0, sizeof(*layout));
	if (types_member(types, "pglist_data", "per_cpu_nodestats", &layout->per_cpu_node, NULL))
		layout->has_node_diff = types_member(types, "per_cpu_nodestat", "vm_node_stat_diff",
						     &layout->node_diff, NULL);
	if (types_member(types, "zone", "per_cpu_zonestats", &layout->per_cpu_zone, NULL))
		layout->has_zone_diff = types_member(types, "per_cpu_zonestat", "vm_stat_diff",
						     &layout->zone_diff, NULL);
	else if (types_member(types, "zone", "pageset", &layout->per_cpu_zone, NULL))
		layout->has_zone_diff = types_member(types, "per_cpu_pageset", "vm_stat_diff",
						     &layout->zone_diff, NULL);
	/* Renamed by a9214443c01c, 5.0. */
	layout->has_watermark = (types_member(types, "zone", "_watermark", &layout->watermark, NULL) ||
				 types_member(types, "zone", "watermark", &layout->watermark, NULL)) &&
				layout->watermark.kind == TYPE_ARRAY &&
				layout->watermark.element_size;
	layout->has_boost = types_member(types, "zone", "watermark_boost", &layout->boost, NULL);
}

/* Adds what each CPU has at POINTER (per-CPU) + DIFF: signed bytes, one per counter. */
static void add_diffs(struct memory_counters *counters, struct counter_kind *kind, uint64_t pointer,
		      const struct member *diff)
{
	struct kernel *kernel = counters->kernel;
	int8_t bytes[MEMORY_MAX_COUNTERS];
	size_t count = diff->count < kind->count ? diff->count : kind->count;

	if (!pointer || diff->element_size != 1)
		return;
	for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids; cpu++) {
		struct error why = { 0 };
		uint64_t address;

		if (!kernel_per_cpu_pointer(kernel, pointer, cpu, &address, &why) ||
		    !memory_read(kernel->memory, address + diff->offset, bytes, count, &why)) {
			keep(counters, &why);
			continue;
		}
		for (size_t i = 0; i < count; i++)
			kind->values[i] += bytes[i];
	}
}

static void read_zone(struct memory_counters *counters, const struct layout *layout, uint64_t zone)
{
	struct kernel *kernel = counters->kernel;
	struct error why = { 0 };
	uint64_t pointer, low, boost = 0;

	if (layout->has_zone_diff) {
		if (kernel_read_field(kernel, zone, &layout->per_cpu_zone, &pointer, &why))
			add_diffs(counters, &counters->zone, pointer, &layout->zone_diff);
		else
			keep(counters, &why);
	}
	if (!layout->has_watermark)
		return;
	if (!memory_read_uint(kernel->memory,
			      zone + layout->watermark.offset +
				      WMARK_LOW * layout->watermark.element_size,
			      kernel->arch->pointer_size, &low, &why) ||
	    (layout->has_boost && !kernel_read_field(kernel, zone, &layout->boost, &boost, &why))) {
		counters->low_known = false;
		keep(counters, &why);
		return;
	}
	counters->low_watermark += low + boost;
}

static void read_node(struct memory_counters *counters, const struct layout *layout, uint64_t node)
{
	struct kernel *kernel = counters->kernel;
	struct error why = { 0 };
	uint64_t pointer;

	if (layout->has_node_diff) {
		if (kernel_read_field(kernel, node, &layout->per_cpu_node, &pointer, &why))
			add_diffs(counters, &counters->node, pointer, &layout->node_diff);
		else
			keep(counters, &why);
	}
	for (uint64_t i = 0; i < layout->zones.count && i < MAX_ZONES; i++)
		read_zone(counters, layout,
			  node + layout->zones.offset + i * layout->zones.element_size);
}

struct reader {
	struct memory_counters *counters;
	const struct layout *layout;
};

static bool one_node(void *context, uint32_t id, uint64_t node, struct error *error)
{
	struct reader *reader = context;

	(void)id, (void)error;
	read_node(reader->counters, reader->layout, node);
	return true;
}

void memory_counters_read(struct kernel *kernel, struct memory_counters *counters)
{
	struct error why = { 0 };
	struct layout layout;
	struct reader reader = { counters, &layout };

	memset(counters, 0, sizeof(*counters));
	counters->kernel = kernel;
	counters->low_known = true;
	/* Before 4.8 (75ef71840539) all counters are the zones'. */
	if (!symtab_find(kernel->symbols, "vm_zone_stat") && symtab_find(kernel->symbols, "vm_stat")) {
		read_array(counters, "vm_stat", "zone_stat_item", "NR_VM_ZONE_STAT_ITEMS", &counters->zone);
	} else {
		read_array(counters, "vm_zone_stat", "zone_stat_item", "NR_VM_ZONE_STAT_ITEMS",
			   &counters->zone);
		read_array(counters, "vm_node_stat", "node_stat_item", "NR_VM_NODE_STAT_ITEMS",
			   &counters->node);
	}
	resolve(kernel, &layout);
	counters->low_known = layout.has_watermark;
	if (!types_member(kernel->types, "pglist_data", "node_zones", &layout.zones, &why)) {
		counters->low_known = false;
		keep(counters, &why);
		return;
	}
	if (!nodes_for_each(kernel, one_node, &reader, &why))
		keep(counters, &why);
}

bool memory_counter(const struct memory_counters *counters, const char *name, uint64_t *value_ret,
		    struct error *error)
{
	struct types *types = counters->kernel->types;
	const struct counter_kind *kind = &counters->node;
	int64_t index;

	if (!types_enumerator(types, "node_stat_item", name, &index, NULL)) {
		kind = &counters->zone;
		if (!types_enumerator(types, "zone_stat_item", name, &index, error))
			return false;
	}
	if (index < 0 || (size_t)index >= kind->count)
		return error_set(error, ERROR_NO_MEMBER, "the counter %s could not be read", name);
	/* As the kernel does: a sum of parts that were read at different times may be below 0. */
	*value_ret = kind->values[index] > 0 ? kind->values[index] : 0;
	return true;
}

bool memory_low_watermark(const struct memory_counters *counters, uint64_t *pages_ret,
			  struct error *error)
{
	if (!counters->low_known)
		return error_set(error, ERROR_NO_MEMBER, "the zones' watermarks are not known");
	*pages_ret = counters->low_watermark;
	return true;
}

/* --- all of them, by name --- */

struct names {
	const char *list[MEMORY_MAX_COUNTERS];
	size_t count;
};

/* Of two names the later one: a *_BASE stands before the first of its kind. */
static bool keep_name(void *context, const char *name, int64_t index)
{
	struct names *names = context;

	if (index >= 0 && (size_t)index < names->count)
		names->list[index] = name;
	return true;
}

/* Of the first COUNT enumerators of TYPE; the names live as long as the types. */
static bool read_names(struct kernel *kernel, const char *type, size_t count, struct names *names, struct error *error)
{
	memset(names, 0, sizeof(*names));
	names->count = count;
	return types_for_each_enumerator(kernel->types, type, keep_name, names, error);
}

bool counter_kind_for_each(struct kernel *kernel, const char *type, const struct counter_kind *kind,
			   bool (*callback)(void *context, const char *name, int64_t value), void *context, struct error *error)
{
	struct names names;

	if (!kind->count)
		return true;
	if (!read_names(kernel, type, kind->count, &names, error))
		return false;
	for (size_t i = 0; i < names.count; i++)
		if (names.list[i] && !callback(context, names.list[i], kind->values[i]))
			break;
	return true;
}

bool memory_counters_for_each(const struct memory_counters *counters,
			      bool (*callback)(void *context, const char *name, int64_t value), void *context, struct error *error)
{
	return counter_kind_for_each(counters->kernel, "zone_stat_item", &counters->zone, callback, context, error) &&
	       counter_kind_for_each(counters->kernel, "node_stat_item", &counters->node, callback, context, error);
}

static bool add_events(struct kernel *kernel, unsigned cpu, uint64_t *sums, size_t count, struct error *error)
{
	unsigned word = kernel->arch->pointer_size;
	uint64_t address, value;

	if (!kernel_per_cpu(kernel, "vm_event_states", cpu, &address, error))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!memory_read_uint(kernel->memory, address + i * word, word, &value, error))
			return error_prefix(error, "the events that CPU %u counted", cpu);
		sums[i] += value;
	}
	return true;
}

bool memory_events_for_each(struct kernel *kernel, bool (*callback)(void *context, const char *name, uint64_t value),
			    void *context, struct error *error)
{
	uint64_t sums[MEMORY_MAX_COUNTERS] = { 0 };
	struct names names;
	int64_t count;

	if (!types_enumerator(kernel->types, "vm_event_item", "NR_VM_EVENT_ITEMS", &count, error))
		return false;
	if (count < 0 || count > MEMORY_MAX_COUNTERS)
		return error_set(error, ERROR_CORRUPT, "NR_VM_EVENT_ITEMS is %lld", (long long)count);
	for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids; cpu++)
		if (!add_events(kernel, cpu, sums, count, error))
			return false;
	if (!read_names(kernel, "vm_event_item", count, &names, error))
		return false;
	for (size_t i = 0; i < names.count; i++)
		if (names.list[i] && !callback(context, names.list[i], sums[i]))
			break;
	return true;
}
