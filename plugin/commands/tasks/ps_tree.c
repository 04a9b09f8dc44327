// SPDX-License-Identifier: GPL-3.0-or-later
/* ps -p, -c, -g: who started whom, and who belongs together. */
#include "commands/tasks/ps.h"

#include <stdlib.h>

#include "commands/tasks/task_cells.h"

#define MAX_DEPTH 1024		/* of parents: a damaged chain may be a circle */

/* A task below another: two spaces in. */
static const struct column inner_columns[] = {
	{ "pid", "  PID: %", 7, COLUMN_LEFT },
	{ "task", "TASK: %", 16, COLUMN_ADDRESS },
	{ "cpu", "CPU: %", 3, COLUMN_LEFT },
	{ "comm", "COMMAND: \"%\"", 0, COLUMN_LEFT },
};

static const struct column heading_columns[] = { TASK_COLUMNS };

/* --- -p --- */

static bool parents_of(struct ps *ps, const struct task *task)
{
	static const struct column columns[] = {
		{ "depth", "", 0, COLUMN_RAW },
		{ "pid", "PID: %", 7, COLUMN_LEFT },
		{ "task", "TASK: %", 16, COLUMN_ADDRESS },
		{ "cpu", "CPU: %", 3, COLUMN_LEFT },
		{ "comm", "COMMAND: \"%\"", 0, COLUMN_LEFT },
	};
	static const struct shape shape = { "chain", SHAPE_HEADING, columns, ARRAY_SIZE(columns) };
	const struct task *chain[MAX_DEPTH];
	size_t length = 0;
	bool rooted, circle = false;

	while (task && length < MAX_DEPTH) {
		chain[length++] = task;
		if (task->idle)
			break;
		if (!task_knows(task, TASK_PARENT))
			break;
		task = task_find_address(ps->kernel, task->parent);
		for (size_t i = 0; task && i < length && !circle; i++)
			circle = chain[i] == task;
		if (circle)
			break;
	}
	rooted = length && chain[length - 1]->idle;
	output_begin(ps->output, &shape);
	for (size_t depth = 0; depth < length; depth++) {
		const struct task *at = chain[length - 1 - depth];

		if (!output_row(ps->output))
			break;
		/* Below a parent that is missing nobody knows how deep it is; a person sees the order. */
		if (rooted)
			output_uint_as(ps->output, 0, depth, "%*s", (int)depth, "");
		output_uint(ps->output, 1, at->pid);
		output_address(ps->output, 2, at->address);
		task_cpu_cell(ps->output, 3, at);
		task_comm_cell(ps->output, 4, at);
	}
	output_end(ps->output);
	if (circle || length == MAX_DEPTH)
		return output_note(ps->output,
				   "its parents go round in a circle, or there are more than %d",
				   MAX_DEPTH);
	if (length && !chain[length - 1]->idle && !task_knows(chain[length - 1], TASK_PARENT))
		return output_note(ps->output, "the parent of PID %u is not known: %s", chain[length - 1]->pid,
				   chain[length - 1]->damage);
	if (!task && length)
		return output_note(ps->output,
				   "the parent of PID %u is at %0*lx, where no known task is",
				   chain[length - 1]->pid, output_address_digits(ps->output), chain[length - 1]->parent);
	return true;
}

bool ps_parents(struct ps *ps, struct error *error)
{
	static const struct column columns[] = { { "pid", "", 0, COLUMN_JSON_ONLY } };
	static const struct shape shape = { "tasks", SHAPE_HEADING, columns, ARRAY_SIZE(columns) };

	output_begin(ps->output, &shape);
	for (size_t i = 0; i < ps->count; i++) {
		if (!(i & 255) && !kernel_check_interrupt(ps->kernel, error))
			return false;
		if (!output_row(ps->output))
			break;
		output_uint(ps->output, 0, ps->tasks[i]->pid);
		if (!parents_of(ps, ps->tasks[i]))
			break;
	}
	output_end(ps->output);
	return true;
}

/* --- an index of all tasks by one of their addresses --- */

struct index_entry {
	uint64_t key;
	const struct task *task;
};

struct task_index {
	struct index_entry *entries;
	size_t count;
};

static int compare_entries(const void *left, const void *right)
{
	const struct index_entry *a = left, *b = right;
	bool a_leads = a->task->pid == a->task->tgid, b_leads = b->task->pid == b->task->tgid;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	if (a_leads != b_leads)
		return b_leads - a_leads;
	if (a->task->pid != b->task->pid)
		return a->task->pid < b->task->pid ? -1 : 1;
	return a->task < b->task ? -1 : a->task > b->task;
}

static bool index_tasks(struct ps *ps, bool by_parent, struct task_index *index,
			struct error *error)
{
	const struct task_table *table = ps->table;

	index->count = 0;
	index->entries = calloc(table->count + 1, sizeof(*index->entries));
	if (!index->entries)
		return error_no_memory(error, "an index of tasks",
				       table->count * sizeof(*index->entries));
	for (size_t i = 0; i < table->count; i++) {
		const struct task *task = &table->tasks[i];
		uint64_t leader = task->group_leader ? task->group_leader : task->address;

		/* Idle tasks name init as their parent, but are nobody's children. */
		if (by_parent && (task->idle || !task_knows(task, TASK_PARENT)))
			continue;
		index->entries[index->count].task = task;
		index->entries[index->count++].key = by_parent ? task->parent : leader;
	}
	qsort(index->entries, index->count, sizeof(*index->entries), compare_entries);
	return true;
}

/* The first entry with this key; index->count if there is none. */
static size_t index_find(const struct task_index *index, uint64_t key)
{
	size_t low = 0, high = index->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (index->entries[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low < index->count && index->entries[low].key == key ? low : index->count;
}

/* The tasks of one key below the heading of TASK, without TASK itself. */
static bool index_rows(struct ps *ps, const struct task_index *index, uint64_t key,
		       const struct task *task, const struct shape *shape)
{
	if (!output_row(ps->output))
		return false;
	task_cells(ps->output, task);
	output_begin(ps->output, shape);
	for (size_t i = index_find(index, key); i < index->count && index->entries[i].key == key;
	     i++)
		if (index->entries[i].task != task &&
		    (!output_row(ps->output) || !task_cells(ps->output, index->entries[i].task)))
			break;
	return output_end(ps->output);
}

/* --- -c --- */

bool ps_children(struct ps *ps, struct error *error)
{
	static const struct shape outer = { "tasks", SHAPE_HEADING, heading_columns,
					    ARRAY_SIZE(heading_columns) };
	static const struct shape inner = { "children", SHAPE_HEADING, inner_columns,
					    ARRAY_SIZE(inner_columns) };
	bool selected = ps->arguments->nr_words;
	struct task_index index;
	bool done = true;

	if (!index_tasks(ps, true, &index, error))
		return false;
	output_begin(ps->output, &outer);
	for (size_t i = 0; i < ps->count && done; i++) {
		const struct task *task = ps->tasks[i];
		size_t first = index_find(&index, task->address);
		bool childless = first == index.count;

		if (!(i & 255))
			done = kernel_check_interrupt(ps->kernel, error);
		if (childless && !selected)	/* of all tasks, most have none */
			continue;
		if (!index_rows(ps, &index, task->address, task, &inner))
			break;
	}
	output_end(ps->output);
	free(index.entries);
	return done;
}

/* --- -g --- */

bool ps_groups(struct ps *ps, struct error *error)
{
	static const struct shape outer = { "groups", SHAPE_HEADING, heading_columns,
					    ARRAY_SIZE(heading_columns) };
	static const struct shape inner = { "threads", SHAPE_HEADING, inner_columns,
					    ARRAY_SIZE(inner_columns) };
	struct task_index index;
	struct task lost;	/* a leader of whom only its threads tell */
	bool *shown;
	bool done = true;

	if (!index_tasks(ps, false, &index, error))
		return false;
	shown = calloc(index.count + 1, sizeof(*shown));
	if (!shown) {
		free(index.entries);
		return error_no_memory(error, "the groups shown", index.count);
	}
	output_begin(ps->output, &outer);
	for (size_t i = 0; i < ps->count && done; i++) {
		const struct task *task = ps->tasks[i];
		uint64_t key = task->group_leader ? task->group_leader : task->address;
		size_t first = index_find(&index, key);

		if (!(i & 255))
			done = kernel_check_interrupt(ps->kernel, error);
		if (first == index.count || shown[first])
			continue;
		shown[first] = true;
		lost = (struct task){ .address = key, .pid = task->tgid };
		if (!index_rows(ps, &index, key, task_find_address(ps->kernel, key) ? index.entries[first].task : &lost, &inner))
			break;
	}
	output_end(ps->output);
	free(shown);
	free(index.entries);
	return done;
}
