// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/stacks/source.h"

#include <stdlib.h>

#include "kernel/modules/module.h"

/* vmlinux's; MAP is NULL where it has no lines, for the reason WHY. */
struct vmlinux_source {
	struct source_map *map;
	struct error why;
};

static void free_source(void *value)
{
	struct vmlinux_source *source = value;

	source_map_close(source->map);
	free(source);
}

static const struct kernel_slot source_slot = { free_source };

static struct source_map *vmlinux_map(struct kernel *kernel)
{
	struct vmlinux_source *source = kernel_kept(kernel, &source_slot);

	if (source || !kernel->vmlinux_path)
		return source ? source->map : NULL;
	source = calloc(1, sizeof(*source));
	if (!source || !kernel_keep(kernel, &source_slot, source, NULL))
		return NULL;
	source_map_open(kernel->vmlinux_path, &source->map, &source->why);
	return source->map;
}

bool kernel_has_source(struct kernel *kernel, struct error *error)
{
	const struct vmlinux_source *source;

	if (vmlinux_map(kernel))
		return true;
	source = kernel_kept(kernel, &source_slot);
	if (!source)
		return error_set(error, ERROR_NO_SYMBOL,
				 "there is no vmlinux, and the dump itself does not know the lines of its source");
	return error_set(error, source->why.kind, "%s", source->why.text);
}

/* Opened once; what cannot be opened has no lines. */
static struct source_map *module_map(struct module *module)
{
	if (module->debug_path && !module->source_opened) {
		module->source_opened = true;
		source_map_open(module->debug_path, &module->source, NULL);
	}
	return module->source;
}

/* The section that ADDRESS is in: the last one before it in the same piece of memory. */
static const struct module_section *section_at(const struct module *module, uint64_t address)
{
	const struct module_section *found = NULL;

	for (size_t i = 0; i < module->nr_regions; i++) {
		const struct module_region *region = &module->regions[i];

		if (address - region->start >= region->size)
			continue;
		for (size_t j = 0; j < module->nr_sections; j++) {
			const struct module_section *section = &module->sections[j];

			if (section->address >= region->start && section->address <= address &&
			    (!found || section->address > found->address))
				found = section;
		}
	}
	return found;
}

static size_t module_source(struct module *module, uint64_t address,
			    const struct source_frame **frames_ret)
{
	struct source_map *map = module_map(module);
	const struct module_section *section = section_at(module, address);
	uint64_t start;

	if (!map || !section || !source_map_section(map, section->name, &start))
		return 0;
	return source_map_find(map, start + (address - section->address), frames_ret);
}

size_t kernel_source(struct kernel *kernel, uint64_t address,
		     const struct source_frame **frames_ret)
{
	struct module *module = kernel_is_text(kernel, address) ? NULL : module_at(kernel, address);
	struct source_map *map;

	if (module)
		return module_source(module, address, frames_ret);
	map = vmlinux_map(kernel);
	return map ? source_map_find(map, address - kernel->memory->kaslr_offset, frames_ret) : 0;
}
