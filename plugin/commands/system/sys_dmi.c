// SPDX-License-Identifier: GPL-3.0-or-later
/* sys -i: the strings that the firmware gave, dmi_ident[] by enum dmi_field (drivers/firmware/dmi_scan.c). */
#include <inttypes.h>
#include <string.h>

#include "commands/system/sys.h"

#define MAX_FIELDS 128
#define MAX_STRING 512

struct fields {
	struct kernel *kernel;
	struct output *output;
	uint64_t table;
	unsigned shown, unknown;
	struct error why;	/* of the first that is not known */
};

/* The enumerators between DMI_NONE, 0, and the one that only counts them. */
static bool is_field(const char *name, int64_t value)
{
	return value > 0 && value < MAX_FIELDS && strcmp(name, "DMI_STRING_MAX") && strcmp(name, "DMI_OEM_STRING");
}

static bool one_field(void *context, const char *name, int64_t value)
{
	struct fields *fields = context;
	uint64_t size = fields->kernel->arch->pointer_size, address;
	char text[MAX_STRING];
	struct error why;
	bool known;

	if (!is_field(name, value))
		return true;
	known = kernel_read_pointer(fields->kernel, fields->table + value * size, &address, &why);
	if (known && !address)
		return true;		/* the firmware has not said it */
	known = known && memory_read_string(fields->kernel->memory, address, text, sizeof(text), &why);
	if (!known && !fields->unknown++)
		error_set(&fields->why, why.kind, "%s: %s", name, why.text);
	if (!output_row(fields->output))
		return false;
	fields->shown++;
	output_string(fields->output, 0, name);
	return !known || output_string(fields->output, 1, text);
}

bool sys_dmi(struct kernel *kernel, struct output *output, struct error *error)
{
	static const struct column columns[] = {
		{ "field", "FIELD", 26, 0 },
		{ "value", "VALUE", 0, 0 },
	};
	static const struct shape shape = { "dmi", SHAPE_TABLE, columns, ARRAY_SIZE(columns) };
	struct fields fields = { .kernel = kernel, .output = output };

	if (!kernel_symbol(kernel, "dmi_ident", &fields.table, NULL))
		return error_set(error, ERROR_NO_SYMBOL, "sys -i: this kernel knows no DMI: it has no dmi_ident");
	output_begin(output, &shape);
	if (!types_for_each_enumerator(kernel->types, "dmi_field", one_field, &fields, error))
		return false;
	output_end(output);
	if (fields.unknown)
		output_note(output, "%u strings cannot be read; %s", fields.unknown, fields.why.text);
	else if (!fields.shown)
		output_note(output, "the firmware has said nothing");
	return true;
}
