// SPDX-License-Identifier: GPL-3.0-or-later
#include "symbols/cfi/per_cpu_names.h"

#include "symbols/cfi/cfi.h"
#include "symbols/symtab.h"

#define NULL_PAGE 4096
#define LOW_END 0x100000000ull	/* what is linked at 0 ends far below */

static bool is_low(const struct symbol *symbol)
{
	return symbol->percpu && symbol->address < LOW_END;
}

bool per_cpu_names_write(const struct arch *arch, const struct symtab *symtab, const char *path, bool *any_ret,
			 struct error *error)
{
	struct cfi_section section = { .name = ".data..percpu" };
	struct cfi_object object = { .sections = &section, .nr_sections = 1, .arch = arch, .has_percpu = true,
				     .data_is_local = true };
	struct symtab *names = NULL;
	bool done = symtab_new(&names, error);

	for (size_t i = 0; done && i < symtab_count(symtab); i++) {
		const struct symbol *symbol = symtab_get(symtab, i);

		if (!is_low(symbol))
			continue;
		if (symbol->address + symbol->size > section.size)
			section.size = symbol->address + symbol->size;
		if (symbol->address >= NULL_PAGE)
			done = symtab_add(names, symbol, error);
	}
	object.symtab = names;
	*any_ret = section.size != 0;
	done = done && symtab_finish(names, error) && (!*any_ret || cfi_write_object(&object, path, error));
	symtab_free(names);
	return done;
}
