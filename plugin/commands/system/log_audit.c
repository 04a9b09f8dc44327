// SPDX-License-Identifier: GPL-3.0-or-later
/* log -a: audit records that nobody has fetched. */
#include "commands/system/log.h"

#include "kernel/system/audit.h"

enum { TYPE, TEXT, QUEUE, SKB };
static const struct column columns[] = {
	[TYPE] = { "type", "type=%", 0, 0 },
	[TEXT] = { "text", "%", 0, 0 },
	[QUEUE] = { "queue", NULL, 0, COLUMN_JSON_ONLY },
	[SKB] = { "skb", NULL, 0, COLUMN_JSON_ONLY | COLUMN_ADDRESS },
};
static const struct shape shape = { "audit", SHAPE_PLAIN, columns, ARRAY_SIZE(columns) };

struct view {
	struct output *output;
	size_t count;
};

static bool each_record(void *context, const struct audit_record *record)
{
	struct view *view = context;
	struct output *output = view->output;

	view->count++;
	return output_row(output) && output_uint(output, TYPE, record->type) &&
	       ((record->lost && !record->size) || output_bytes(output, TEXT, record->text, record->size)) &&
	       output_string(output, QUEUE, record->queue) && output_address(output, SKB, record->skb);
}

bool log_audit(struct kernel *kernel, struct output *output, struct error *error)
{
	struct view view = { .output = output };
	struct error damage = { .kind = ERROR_NONE };
	bool done;

	if (!output_begin(output, &shape))
		return true;
	done = audit_for_each(kernel, each_record, &view, &damage, error);
	output_end(output);
	if (!done)
		return error_prefix(error, "log -a");
	if (damage.kind != ERROR_NONE)
		return error_set(error, ERROR_PARTIAL, "log -a: not all could be read: %s", damage.text);
	if (!view.count)
		output_note(output, "no audit record waits in the kernel's queues");
	return true;
}
