// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Module lists: struct modules, their sections, notes, users, symbols and ORC tables in the memory of a small kernel (machine.h), of
 * which the input changes only those. The input: a byte that chooses what is asked, then changes.
 */
/* max_len=192 */
#include "machine.h"

static void look_at_modules(struct kernel *kernel)
{
	struct module_list *list;
	struct symtab *symtab;
	const struct orc_table *table;
	struct error error = { 0 };

	if (!modules_get(kernel, &list, &error)) {
		fuzz_failed(&error);
		return;
	}
	for (size_t i = 0; i < list->count; i++) {
		FUZZ_CHECK(strnlen(list->modules[i].name, 64) < 64);
		if (!module_symbols(kernel, &list->modules[i], &symtab, &error))
			fuzz_failed(&error);
		if (!module_orc(kernel, &list->modules[i], &table, &error))
			fuzz_failed(&error);
		module_at(kernel, list->modules[i].address);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const commands[] = { "mod", "mod -u", "mod -t" };
	unsigned choice;
	struct kernel *kernel = machine_of(data, size, 1024, MODULE(0), 0x10000, &choice);

	if (!kernel)
		return 0;
	if (choice % 16)
		look_at_modules(kernel);
	else
		machine_run(kernel, commands[choice / 16 % ARRAY_SIZE(commands)]);
	kernel_forget(kernel);
	return 0;
}
