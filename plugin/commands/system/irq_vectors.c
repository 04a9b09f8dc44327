// SPDX-License-Identifier: GPL-3.0-or-later
/* irq -d: the gates by which the kernel is entered; irq -b: its bottom halves, which are soft interrupts. */
#include <inttypes.h>

#include "commands/system/irq.h"
#include "kernel/system/idt.h"
#include "kernel/system/softirqs.h"

enum { VECTOR, PRESENT, KIND, LEVEL, STACK, ADDRESS, HANDLER };

static const struct column gate_columns[] = {
	[VECTOR] = { "vector", "VECTOR", 6, COLUMN_RIGHT },
	[PRESENT] = { "present", NULL, 0, COLUMN_JSON_ONLY },
	[KIND] = { "type", "TYPE", 9, COLUMN_LEFT },
	[LEVEL] = { "level", "DPL", 3, COLUMN_RIGHT },
	[STACK] = { "stack", "IST", 3, COLUMN_RIGHT },
	[ADDRESS] = { "address", "ADDRESS", 16, COLUMN_ADDRESS },
	[HANDLER] = { "handler", "HANDLER", 0, COLUMN_FUNCTION },
};
static const struct shape gates_shape = { "gates", SHAPE_TABLE, gate_columns, ARRAY_SIZE(gate_columns) };

enum { NUMBER, NAME, FUNCTION };

static const struct column softirq_columns[] = {
	[NUMBER] = { "number", "VECTOR", 6, COLUMN_RIGHT },
	[NAME] = { "name", "SOFTIRQ", 8, COLUMN_LEFT },
	[FUNCTION] = { "function", "ACTION", 0, COLUMN_FUNCTION },
};
static const struct shape softirqs_shape = { "softirqs", SHAPE_TABLE, softirq_columns, ARRAY_SIZE(softirq_columns) };

struct view {
	struct kernel *kernel;
	struct output *output;
	size_t damaged;
	struct error first;
};

static bool gate_row(void *context, const struct gate *gate)
{
	struct view *view = context;
	struct output *output = view->output;
	bool more = output_row(output) && output_uint(output, VECTOR, gate->vector);

	if (!gate->known) {
		if (!view->damaged++)
			view->first = gate->why;
		return more;
	}
	/* Of one that is not present nothing else means anything. */
	if (!more || !output_bool(output, PRESENT, gate->present, NULL) || !gate->present)
		return more;
	if (gate->type == 14 || gate->type == 15)
		more = output_string(output, KIND, gate->type == 14 ? "interrupt" : "trap");
	else
		more = output_printf(output, KIND, "%u", gate->type);
	return more && output_uint(output, LEVEL, gate->level) && output_uint(output, STACK, gate->stack) &&
	       output_address(output, ADDRESS, gate->handler) && function_cell(view->kernel, output, HANDLER, gate->handler);
}

bool irq_show_gates(struct kernel *kernel, struct output *output, struct error *error)
{
	struct view view = { .kernel = kernel, .output = output };
	bool done;

	if (!symtab_find(kernel->symbols, "idt_table"))
		return gate_for_each(kernel, gate_row, &view, error) || error_prefix(error, "irq -d");
	output_begin(output, &gates_shape);
	done = gate_for_each(kernel, gate_row, &view, error);
	output_end(output);
	if (!done)
		return error_prefix(error, "irq -d");
	return !view.damaged || error_set(error, ERROR_PARTIAL, "irq -d: %zu gates are not known: %s", view.damaged, view.first.text);
}

bool irq_show_softirqs(struct kernel *kernel, struct output *output, struct error *error)
{
	struct softirqs softirqs;
	bool more;

	if (!softirqs_read(kernel, &softirqs, error))
		return error_prefix(error, "irq -b");
	more = output_begin(output, &softirqs_shape);
	for (unsigned i = 0; i < softirqs.count && more; i++) {
		const struct softirq *one = &softirqs.items[i];

		more = output_row(output) && output_uint(output, NUMBER, i) && (!*one->name || output_string(output, NAME, one->name)) &&
		       (!one->function || function_cell(kernel, output, FUNCTION, one->function));
	}
	output_end(output);
	return softirqs.damage.kind == ERROR_NONE || error_set(error, ERROR_PARTIAL, "irq -b: not all is known: %s", softirqs.damage.text);
}
