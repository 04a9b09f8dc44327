// SPDX-License-Identifier: GPL-3.0-or-later
#include "commands/network/namespace.h"

#include <inttypes.h>
#include <stdlib.h>

#include "commands/tasks/task_list.h"
#include "kernel/network/network.h"
#include "kernel/tasks/task.h"

static bool of_tasks(struct kernel *kernel, const struct task_list *list, const char *command, uint64_t *net_ret, struct error *error)
{
	for (size_t i = 0; i < list->count; i++) {
		uint64_t net;

		if (!network_of_task(kernel, list->tasks[i], &net, error))
			return error_prefix(error, "%s", command);
		if (i && net != *net_ret)
			return error_set(error, ERROR_USAGE, "%s -n: the tasks of that name are in different namespaces; name one by its PID", command);
		*net_ret = net;
	}
	return list->count || error_set(error, ERROR_USAGE, "%s -n: it names no task", command);
}

bool namespace_select(struct kernel *kernel, const struct arguments *arguments, const struct host *host, struct output *output,
		      const char *command, uint64_t *net_ret, struct error *error)
{
	struct error why = { .kind = ERROR_NONE };
	struct task_list list = { 0 };
	bool exists, done;

	if (!has_option(arguments, 'n')) {
		if (arguments->nr_words)
			return error_set(error, ERROR_USAGE, "%s: %s belongs to no option; for a task's network namespace write -n %s", command,
					 arguments->words[0], arguments->words[0]);
		return network_initial(kernel, net_ret, error) || error_prefix(error, "%s", command);
	}
	if (arguments->nr_words > 1)
		return error_set(error, ERROR_USAGE, "%s -n: one task or namespace, not %zu", command, arguments->nr_words);
	done = task_list_select(&list, kernel, arguments, host, command, &why) && task_list_check(&list, &why);
	if (done)
		done = of_tasks(kernel, &list, command, net_ret, &why);
	else if (arguments->nr_words && why.kind == ERROR_USAGE && parse_address(kernel, host, output, command, arguments->words[0], net_ret, NULL) &&
		 network_exists(kernel, *net_ret, &exists, NULL) && exists)
		done = true;
	task_list_free(&list);
	if (!done)
		*error = why;
	return done;
}

bool namespace_show(struct kernel *kernel, struct output *output, uint64_t net)
{
	static const struct column columns[] = { { "net", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY } };
	static const struct shape shape = { "namespace", SHAPE_RECORD, columns, ARRAY_SIZE(columns) };
	uint64_t initial;

	if ((!network_initial(kernel, &initial, NULL) || initial != net) && !output_note(output, "of the network namespace at 0x%" PRIx64, net))
		return false;
	return output_begin(output, &shape) && output_row(output) && output_address(output, 0, net) && output_end(output);
}
