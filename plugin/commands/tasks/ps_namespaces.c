// SPDX-License-Identifier: GPL-3.0-or-later
/* ps -n: the namespaces of each task, and its pids in them. */
#include "base/buffer.h"
#include "commands/tasks/ps.h"
#include "commands/tasks/task_cells.h"
#include "kernel/tasks/namespaces.h"

#define MAX_PIDS 33	/* MAX_PID_NS_LEVEL and the initial one */

static const struct column columns[] = { TASK_COLUMNS };
static const struct shape shape = { "tasks", SHAPE_HEADING, columns, ARRAY_SIZE(columns) };

/* By enum namespace_kind; four on a line. */
static const struct column namespace_columns[NR_NAMESPACES + 1] = {
	[NS_MNT] = { "mnt", "  mnt %", 10, COLUMN_LEFT },
	[NS_NET] = { "net", "net %", 10, COLUMN_LEFT },
	[NS_PID] = { "pid", "pid %", 10, COLUMN_LEFT },
	[NS_PID_CHILDREN] = { "pid_for_children", "children's pid %", 10, COLUMN_LEFT },
	[NS_UTS] = { "uts", "\n  uts %", 10, COLUMN_LEFT },
	[NS_IPC] = { "ipc", "ipc %", 10, COLUMN_LEFT },
	[NS_USER] = { "user", "user %", 10, COLUMN_LEFT },
	[NS_CGROUP] = { "cgroup", "cgroup %", 10, COLUMN_LEFT },
	[NS_TIME] = { "time", "\n  time %", 10, COLUMN_LEFT },
	[NS_TIME_CHILDREN] = { "time_for_children", "children's time %", 10, COLUMN_LEFT },
	[NR_NAMESPACES] = { "pids_text", "pids %", 0, COLUMN_LEFT | COLUMN_TEXT_ONLY },
};
static const struct shape namespaces_shape = { "namespaces", SHAPE_RECORD, namespace_columns, NR_NAMESPACES + 1 };

static const struct column pid_columns[] = {
	{ "level", NULL, 0, COLUMN_JSON_ONLY },
	{ "pid", NULL, 0, COLUMN_JSON_ONLY },
};
static const struct shape pids_shape = { "ns_pids", SHAPE_PLAIN, pid_columns, ARRAY_SIZE(pid_columns) };

static void miss(struct ps *ps, const struct error *why)
{
	if (!ps->ns_unknown++)
		ps->ns_why = *why;
}

static bool one_task(struct ps *ps, const struct task *task)
{
	uint32_t pids[MAX_PIDS], inode;
	struct buffer text = { 0 };
	struct error why = { 0 };
	size_t count = 0;
	bool more;

	/* An idle task has pid 0 and is nobody's. */
	if (!task->idle && !task_pids(ps->kernel, task, pids, MAX_PIDS, &count, &why))
		miss(ps, &why);
	if (!output_begin(ps->output, &namespaces_shape))
		return false;
	for (int kind = 0; kind < NR_NAMESPACES; kind++) {
		why = (struct error){ 0 };
		if (task_namespace(ps->kernel, task, kind, &inode, &why))
			output_uint(ps->output, kind, inode);
		else if (why.kind != ERROR_NOT_MAPPED && namespace_exists(ps->kernel, kind))
			miss(ps, &why);
	}
	for (size_t i = 0; i < count; i++)
		buffer_printf(&text, "%s%u", i ? " " : "", pids[i]);
	if (count)
		output_bytes(ps->output, NR_NAMESPACES, text.data ? text.data : "", text.size);
	buffer_free(&text);
	more = output_end(ps->output) && output_begin(ps->output, &pids_shape);
	for (size_t i = 0; i < count && more; i++)
		more = output_row(ps->output) && output_uint(ps->output, 0, i) && output_uint(ps->output, 1, pids[i]);
	return output_end(ps->output) && more;
}

bool ps_namespaces(struct ps *ps, struct error *error)
{
	output_begin(ps->output, &shape);
	for (size_t i = 0; i < ps->count; i++) {
		if (!(i & 255) && !kernel_check_interrupt(ps->kernel, error))
			return false;
		if (!output_row(ps->output) || !task_cells(ps->output, ps->tasks[i]) || !one_task(ps, ps->tasks[i]))
			break;
	}
	output_end(ps->output);
	if (ps->ns_unknown)
		output_note(ps->output, "%zu of these numbers are not known; the first: %s", ps->ns_unknown, ps->ns_why.text);
	return true;
}
