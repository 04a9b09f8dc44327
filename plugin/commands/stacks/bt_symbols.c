// SPDX-License-Identifier: GPL-3.0-or-later
/* Names of addresses for bt, remembered: thousands of stacks go through the same few places. */
#include "commands/stacks/bt.h"

#include <stdio.h>

#include "kernel/modules/module.h"
#include "kernel/modules/symbolize.h"

const struct place *bt_place(struct bt *bt, uint64_t address, bool is_return)
{
	/* The last call of a function that does not return is followed by the next function. */
	uint64_t inside = is_return && address ? address - 1 : address;
	struct place *place = &bt->places[(inside ^ inside >> 14) % PLACE_CACHE_SIZE];
	struct module *module;
	char unused[256];

	if (place->address == inside && (place->symbol || place->module))
		return place;
	place->address = inside;
	place->decimal = bt->decimal;
	place->module = NULL;
	place->symbol = symtab_lookup(bt->kernel->symbols, inside);
	if (place->symbol)
		return place;
	module = module_at(bt->kernel, inside);
	if (module)
		place->module = module->name;
	place->symbol = kernel_symbolize(bt->kernel, inside, unused, sizeof(unused));
	return place;
}

const char *bt_place_text(const struct place *place, uint64_t address, char *buffer, size_t size)
{
	const char *module = place->module ? place->module : "";
	const char *before = place->module ? " [" : "", *after = place->module ? "]" : "";

	if (place->symbol)
		snprintf(buffer, size, place->decimal ? "%s+%lu%s%s%s" : "%s+0x%lx%s%s%s", place->symbol->name,
			 address - place->symbol->address, before, module, after);
	else if (place->module)
		snprintf(buffer, size, "(unknown)%s%s%s", before, module, after);
	else
		snprintf(buffer, size, "(unknown)");
	return buffer;
}
