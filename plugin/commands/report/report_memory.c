// SPDX-License-Identifier: GPL-3.0-or-later
/* report: what the memory was used for, and by whom. */
#include "commands/report/report.h"
#include "commands/memory/memory_tables.h"
#include "commands/tasks/task_cells.h"

#include <stdlib.h>
#include <string.h>

#define MAX_PROCESSES 20

static int compare_rss(const void *left, const void *right)
{
	const struct task *a = *(const struct task *const *)left;
	const struct task *b = *(const struct task *const *)right;

	if (a->rss_bytes != b->rss_bytes)
		return a->rss_bytes > b->rss_bytes ? -1 : 1;
	return a->pid < b->pid ? -1 : a->pid > b->pid;
}

/* The processes with most memory of their own in RAM: one row for all threads. */
static bool memory_processes(struct report *report, uint64_t total, struct error *error)
{
	static const struct column columns[] = {
		{ "pid", "PID", 7, COLUMN_RIGHT },
		{ "task", "", 0, COLUMN_JSON_ONLY | COLUMN_ADDRESS },
		{ "rss_bytes", "RSS kB", 10, COLUMN_RIGHT },
		{ "percent", "%MEM", 5, COLUMN_RIGHT },
		{ "vsz_bytes", "VSZ kB", 10, COLUMN_RIGHT },
		{ "comm", "COMMAND", 0, COLUMN_LEFT },
	};
	static const struct shape shape = { "memory_processes", SHAPE_TABLE, columns,
					    ARRAY_SIZE(columns) };
	struct output *out = report->output;
	struct task_list list = { 0 };
	struct task_table *table;
	size_t unknown = 0;

	if (!tasks_get(report->kernel, &table, error) || !tasks_load_memory(report->kernel, error))
		return false;
	for (size_t i = 0; i < table->count; i++)
		if (table->tasks[i].memory_unknown)
			unknown++;
		else if (table->tasks[i].mm && table->tasks[i].pid == table->tasks[i].tgid)
			task_list_add(&list, &table->tasks[i]);
	if (list.count)
		qsort(list.tasks, list.count, sizeof(*list.tasks), compare_rss);
	output_begin(out, &shape);
	for (size_t i = 0; i < list.count && i < MAX_PROCESSES && output_row(out); i++) {
		const struct task *task = list.tasks[i];

		output_uint(out, 0, task->pid);
		output_address(out, 1, task->address);
		output_uint_as(out, 2, task->rss_bytes, "%llu",
			       (unsigned long long)task->rss_bytes / 1024);
		if (total)
			output_real(out, 3, 100.0 * task->rss_bytes / total, 1);
		output_uint_as(out, 4, task->vsz_bytes, "%llu",
			       (unsigned long long)task->vsz_bytes / 1024);
		task_comm_cell(out, 5, task);
	}
	output_end(out);
	if (unknown)
		output_note(out, "the memory use of %zu task%s is not known; they are not among the biggest processes here",
			    unknown, unknown == 1 ? "" : "s");
	task_list_free(&list);
	return true;
}

bool report_memory(struct report *report, struct error *error)
{
	struct memory_use use;

	if (!memory_use(report->kernel, &use, error))
		return false;
	memory_items_table(report->output, &use);
	memory_parts_table(report->output, &use);
	return memory_processes(report, use.items[MEMORY_TOTAL].bytes, error);
}
