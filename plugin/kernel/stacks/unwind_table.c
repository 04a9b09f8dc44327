// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/stacks/unwind_table.h"

#include "kernel/modules/module.h"
#include "kernel/open/own.h"

bool unwind_load_orc(struct kernel *kernel, struct error *error)
{
	if (kernel->orc_loaded)
		return true;
	/* A vmlinux of debug information alone (objcopy --only-keep-debug) has none; the dump has. */
	if (!(kernel->vmlinux_path && orc_read_elf(kernel->types, kernel->vmlinux_path,
						   kernel->memory->kaslr_offset, &kernel->orc, NULL)) &&
	    !own_orc(kernel, &kernel->orc, error))
		return false;
	kernel->orc_loaded = true;
	return true;
}

const struct orc_table *unwind_table(struct kernel *kernel, uint64_t address, struct error *error)
{
	const struct orc_table *table;
	struct module *module;

	if (kernel_is_text(kernel, address))
		return unwind_load_orc(kernel, error) ? &kernel->orc : NULL;
	module = module_at(kernel, address);
	if (!module) {
		error_set(error, ERROR_NONE, "no code of the kernel or of a module");
		return NULL;
	}
	return module_orc(kernel, module, &table, error) ? table : NULL;
}
