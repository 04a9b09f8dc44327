// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/stacks/frame_info.h"

#include <stdlib.h>

#include "kernel/modules/module_frames.h"
#include "symbols/cfi/stack_switch.h"
#include "symbols/elf/elf_file.h"

struct frame_info {
	struct elf_file file;
	bool opened;
	struct frame_table *table;	/* NULL = the file has none */
	struct stack_switches switches;
};

static void close_info(void *value)
{
	struct frame_info *info = value;

	frame_table_close(info->table);
	stack_switches_free(&info->switches);
	if (info->opened)
		elf_file_close(&info->file);
	free(info);
}

static const struct kernel_slot info_slot = { close_info };

static void open_table(struct kernel *kernel, struct frame_info *info)
{
	const void *data;
	size_t size;

	info->opened = kernel->vmlinux_path && elf_file_open(&info->file, kernel->vmlinux_path, NULL);
	data = info->opened ? elf_file_contents(&info->file, ".debug_frame", NULL, &size) : NULL;
	if (!data || !frame_table_open(data, size, kernel->arch->pointer_size, kernel->arch->big_endian, &info->table, NULL))
		return;
	if (stack_switches_find(kernel->arch, &info->file, &info->switches, NULL))
		frame_table_set_switches(info->table, kernel->arch->registers[kernel->arch->sp].dwarf, info->switches.list,
					 info->switches.count);
}

static bool module_row(struct kernel *kernel, struct module *module, uint64_t address, struct frame_row *row)
{
	const struct frame_table *table = module_frame_table(kernel, module, NULL);

	return table && frame_table_row(table, address, row);
}

bool frame_info_row(struct kernel *kernel, uint64_t address, struct frame_row *row)
{
	struct frame_info *info = kernel_kept(kernel, &info_slot);
	struct module *module = kernel_is_text(kernel, address) ? NULL : module_at(kernel, address);

	if (module)
		return module_row(kernel, module, address, row);
	if (!info) {
		info = calloc(1, sizeof(*info));
		if (!info || !kernel_keep(kernel, &info_slot, info, NULL))
			return false;
		open_table(kernel, info);
	}
	return info->table && frame_table_row(info->table, address - kernel->memory->kaslr_offset, row);
}
