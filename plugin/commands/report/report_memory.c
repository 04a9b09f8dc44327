// SPDX-License-Identifier: GPL-3.0-or-later
/* report: what the memory was used for, and by whom. */
#include "commands/report/report.h"
#include "commands/tasks/task_cells.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/memory/memory_use.h"

#define MAX_PROCESSES 20

static void memory_items(struct report *report, const struct memory_use *use)
{
	static const struct column columns[] = {
		{ "name", "MEMORY", 14, COLUMN_LEFT },
		{ "bytes", "kB", 10, COLUMN_RIGHT },
	};
	static const struct shape shape = { "memory", SHAPE_TABLE, columns, ARRAY_SIZE(columns) };

	output_begin(report->output, &shape);
	for (unsigned i = 0; i < NR_MEMORY_ITEMS; i++) {
		if (use->items[i].absent && !use->items[i].known)
			continue;
		if (!output_row(report->output))
			break;
		output_string(report->output, 0, memory_item_name(i));
		if (use->items[i].known)
			output_uint_as(report->output, 1, use->items[i].bytes, "%llu",
				       (unsigned long long)use->items[i].bytes / 1024);
	}
	output_end(report->output);
}

static void memory_parts(struct report *report, const struct memory_use *use)
{
	static const struct column columns[] = {
		{ "name", "WHAT IT IS USED FOR", 32, COLUMN_LEFT },
		{ "part", "", 0, COLUMN_JSON_ONLY },
		{ "bytes", "kB", 10, COLUMN_RIGHT },
		{ "percent", "%", 5, COLUMN_RIGHT },
	};
	static const struct shape shape = { "memory_parts", SHAPE_TABLE, columns,
					    ARRAY_SIZE(columns) };
	uint64_t total = use->items[MEMORY_TOTAL].bytes;

	output_begin(report->output, &shape);
	for (unsigned i = 0; use->parts_known && total && i < NR_MEMORY_PARTS; i++) {
		if (!memory_part_counted(use, i))
			continue;
		if (!output_row(report->output))
			break;
		output_string(report->output, 0, memory_part_name(i));
		output_string(report->output, 1, memory_part_key(i));
		output_uint_as(report->output, 2, use->parts[i], "%llu",
			       (unsigned long long)use->parts[i] / 1024);
		output_real(report->output, 3, 100.0 * use->parts[i] / total, 1);
	}
	output_end(report->output);
}

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
	memory_items(report, &use);
	if (use.damage[0])
		output_note(report->output, "memory: not all could be read: %s", use.damage);
	memory_parts(report, &use);
	if (!use.parts_known)
		output_note(report->output, "memory: its parts do not add up to what there was, "
					    "so they are not shown");
	return memory_processes(report, use.items[MEMORY_TOTAL].bytes, error);
}
