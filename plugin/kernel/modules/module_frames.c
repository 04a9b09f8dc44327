// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/modules/module_frames.h"

#include <stdlib.h>
#include <string.h>

#include "symbols/elf/elf_place.h"

struct module_frames {
	uint8_t *data;
	struct frame_table *table;	/* NULL = none, for the reason WHY */
	struct error why;
};

void module_frames_close(struct module_frames *frames)
{
	if (!frames)
		return;
	frame_table_close(frames->table);
	free(frames->data);
	free(frames);
}

/* What was freed after the start is still in the list; its place may have been given to another since. */
static uint64_t section_address(void *context, const char *name)
{
	const struct module *module = context;

	for (size_t i = 0; i < module->nr_sections; i++)
		if (strcmp(module->sections[i].name, name) == 0 && module_region_at(module, module->sections[i].address))
			return module->sections[i].address;
	return 0;
}

static void open_frames(struct kernel *kernel, struct module *module, struct module_frames *frames)
{
	const struct arch *arch = kernel->arch;
	struct elf_file file;
	size_t size;

	if (!module->debug_path && !module->debug_searched && kernel->find_module_file)
		kernel->find_module_file(kernel->find_context, module);
	if (!module->debug_path) {
		error_set(&frames->why, ERROR_NO_SYMBOL, "the file of module %s was not found", module->name);
		return;
	}
	if (!elf_file_open(&file, module->debug_path, &frames->why))
		return;
	if (elf_place(&file, arch, ".debug_frame", section_address, module, &frames->data, &size, &frames->why))
		frame_table_open(frames->data, size, arch->pointer_size, arch->big_endian, &frames->table, &frames->why);
	else
		error_prefix(&frames->why, "%s", module->debug_path);
	elf_file_close(&file);
}

const struct frame_table *module_frame_table(struct kernel *kernel, struct module *module, struct error *error)
{
	if (!module->frames) {
		module->frames = calloc(1, sizeof(*module->frames));
		if (!module->frames) {
			error_no_memory(error, "call frame information", sizeof(*module->frames));
			return NULL;
		}
		open_frames(kernel, module, module->frames);
	}
	if (!module->frames->table)
		error_set(error, module->frames->why.kind, "%s", module->frames->why.text);
	return module->frames->table;
}
