// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/system/memory_layout.h"

#include <stdio.h>

#define MAX_REGIONS 65536 /* E820_MAX_ENTRIES is some thousands */

static void e820_type(uint64_t type, char *text, size_t size)
{
	/* as the kernel's log calls them (e820_print_type()); the numbers are ACPI's */
	static const char *const names[] = { NULL, "usable", "reserved", "ACPI data", "ACPI NVS", "unusable", NULL, "persistent" };

	if (type < sizeof(names) / sizeof(names[0]) && names[type])
		snprintf(text, size, "%s", names[type]);
	else
		snprintf(text, size, "type %u", (unsigned)type);
}

struct layout {
	const char *table, *count, *entries, *entry, *start, *size, *type;
};

static bool regions(struct kernel *kernel, uint64_t table, const struct layout *layout,
		    bool (*callback)(void *context, const struct memory_region *region), void *context, struct error *error)
{
	struct member entries, member;
	uint64_t count, at, size;

	if (!types_member(kernel->types, layout->table, layout->entries, &entries, error) || !types_size(kernel->types, layout->entry, &size, error) ||
	    !kernel_read_member(kernel, table, layout->table, layout->count, &count, error))
		return false;
	at = table + entries.offset;
	if (entries.kind == TYPE_POINTER && !kernel_read_field(kernel, table, &entries, &at, error))
		return false;
	if (count > MAX_REGIONS || (entries.kind != TYPE_POINTER && entries.count && count > entries.count))
		return error_set(error, ERROR_CORRUPT, "the map of physical memory would have %llu regions", (unsigned long long)count);
	for (uint64_t i = 0; i < count; i++, at += size) {
		struct memory_region region = { .type = "usable" };
		uint64_t type;

		if (!kernel_read_member(kernel, at, layout->entry, layout->start, &region.start, error) ||
		    !kernel_read_member(kernel, at, layout->entry, layout->size, &region.size, error))
			return error_prefix(error, "region %llu", (unsigned long long)i);
		if (layout->type) {
			if (!types_member(kernel->types, layout->entry, layout->type, &member, error) ||
			    !kernel_read_field(kernel, at, &member, &type, error))
				return error_prefix(error, "region %llu", (unsigned long long)i);
			e820_type(type, region.type, sizeof(region.type));
		}
		if (!callback(context, &region))
			return true;
	}
	return true;
}

bool memory_regions_for_each(struct kernel *kernel, const char **source_ret,
			     bool (*callback)(void *context, const struct memory_region *region), void *context, struct error *error)
{
	static const struct layout table = { "e820_table", "nr_entries", "entries", "e820_entry", "addr", "size", "type" };
	static const struct layout map = { "e820map", "nr_map", "map", "e820entry", "addr", "size", "type" };
	static const struct layout blocks = { "memblock_type", "cnt", "regions", "memblock_region", "base", "size", NULL };
	uint64_t address, start, end;
	struct member memory;

	*source_ret = "e820";
	if (kernel_symbol(kernel, "e820_table", &address, NULL))
		return kernel_read_pointer(kernel, address, &address, error) && regions(kernel, address, &table, callback, context, error);
	if (kernel_symbol(kernel, "e820", &address, NULL))
		return regions(kernel, address, &map, callback, context, error);
	*source_ret = "memblock";
	if (!kernel_symbol(kernel, "memblock", &address, error) || !types_member(kernel->types, "memblock", "memory", &memory, error))
		return false;
	if (kernel_given_back(kernel, address, 1, &start, &end))
		return error_set(error, ERROR_NO_SYMBOL, "this kernel keeps no map of its physical memory (no e820, no CONFIG_ARCH_KEEP_MEMBLOCK)");
	return regions(kernel, address + memory.offset, &blocks, callback, context, error);
}
