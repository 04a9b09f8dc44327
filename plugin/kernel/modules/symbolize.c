// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/modules/symbolize.h"

#include <stdio.h>

#include "kernel/modules/dynamic_code.h"
#include "kernel/modules/module.h"

const struct symbol *kernel_lookup(struct kernel *kernel, uint64_t address,
				   const struct symtab **symbols_ret, struct module **module_ret)
{
	const struct symbol *symbol = symtab_lookup(kernel->symbols, address);
	const struct dynamic_codes *codes;
	struct symtab *symbols;

	*symbols_ret = kernel->symbols;
	*module_ret = NULL;
	if (symbol)
		return symbol;
	*module_ret = module_at(kernel, address);
	if (!*module_ret) {
		/* Only addresses of the kernel's half can be code: most values that are asked for are no addresses. */
		codes = kernel->arch->is_kernel_address(kernel->memory, address) ? dynamic_codes_get(kernel) : NULL;
		*symbols_ret = codes ? codes->symbols : kernel->symbols;
		return codes ? symtab_lookup(codes->symbols, address) : NULL;
	}
	if (!module_symbols(kernel, *module_ret, &symbols, NULL))
		return NULL;
	*symbols_ret = symbols;
	return symtab_lookup(symbols, address);
}

const struct symbol *kernel_symbolize(struct kernel *kernel, uint64_t address, char *buffer,
				      size_t size)
{
	const struct symtab *symbols;
	struct module *module;
	const struct symbol *symbol = kernel_lookup(kernel, address, &symbols, &module);
	char offset[24] = "";

	if (size)
		buffer[0] = 0;
	if (!symbol)
		return NULL;
	if (address != symbol->address)
		snprintf(offset, sizeof(offset), "+0x%llx",
			 (unsigned long long)(address - symbol->address));
	if (module)
		snprintf(buffer, size, "%s [%s]%s", symbol->name, module->name, offset);
	else
		snprintf(buffer, size, "%s%s", symbol->name, offset);
	return symbol;
}
