// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/stacks/unwind_table.h"

#include <stdlib.h>

#include "kernel/modules/module.h"
#include "kernel/open/own.h"

/* Why there is no ORC: each frame asks. */
static const struct kernel_slot missing_slot = { free };

static bool is_missing(struct kernel *kernel, struct error *error)
{
	const struct error *why = kernel_kept(kernel, &missing_slot);

	if (why)
		error_set(error, why->kind, "%s", why->text);
	return why;
}

static bool missing(struct kernel *kernel, const struct error *why, struct error *error)
{
	struct error *copy = malloc(sizeof(*copy));

	if (copy) {
		*copy = *why;
		kernel_keep(kernel, &missing_slot, copy, NULL);
	}
	return error_set(error, why->kind, "%s", why->text);
}

bool unwind_load_orc(struct kernel *kernel, struct error *error)
{
	struct error why;

	if (kernel->orc_loaded)
		return true;
	if (!kernel->arch->orc_bases)
		return error_set(error, ERROR_UNSUPPORTED, "kernels of %s have no ORC unwind tables", kernel->arch->name);
	if (is_missing(kernel, error))
		return false;
	/* A vmlinux of debug information alone (objcopy --only-keep-debug) has none; the dump has. */
	if (!(kernel->vmlinux_path && orc_read_elf(kernel->types, kernel->vmlinux_path,
						   kernel->memory->kaslr_offset, &kernel->orc, NULL)) &&
	    !own_orc(kernel, &kernel->orc, &why))
		return missing(kernel, &why, error);
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
