// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * bt -u: thousands of tasks wait in a few dozen places. Each different stack once, with who is in it. Stacks that end for different
 * reasons are different ones, also where both have no frame at all.
 */
#include "commands/stacks/bt.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buffer.h"
#include "commands/tasks/task_cells.h"
#include "kernel/tasks/cpu.h"

#define LINE_WIDTH 96

struct group {
	uint64_t hash;
	uint64_t *pcs; /* of the kernel frames */
	size_t nr_pcs;
	enum unwind_end end;
	char *reason;	   /* why it ends, as of the first one; NULL = it is complete */
	bool reasons_vary; /* in their numbers */
	const char *state; /* its name; NULL = of any */
	struct task_list list;
};

struct group_table {
	struct group *groups;
	size_t count, capacity;
	size_t *slots;	 /* hash table of index + 1; 0 = free */
	size_t nr_slots; /* a power of two */
};

/* The kernel's part of a stack: where user space called from differs in each task and says nothing.
 */
static size_t kernel_frames(const struct stack *stack)
{
	size_t count = stack->count;

	while (count && stack->frames[count - 1].kind == FRAME_USER)
		count--;
	return count;
}

/* The next character of a reason with its numbers left out: addresses differ from task to task. 0 = the end. */
static char next_of_reason(const char **text)
{
	while (isdigit((unsigned char)**text)) {
		bool hexadecimal = !strncmp(*text, "0x", 2);

		*text += hexadecimal ? 2 : 1;
		while (hexadecimal ? isxdigit((unsigned char)**text) : isdigit((unsigned char)**text))
			++*text;
	}
	return **text ? *(*text)++ : 0;
}

static bool same_reason(const char *one, const char *other)
{
	char c;

	if (!one || !other)
		return one == other;
	do {
		c = next_of_reason(&one);
		if (c != next_of_reason(&other))
			return false;
	} while (c);
	return true;
}

static uint64_t hash_stack(const struct stack *stack, size_t count, const char *reason)
{
	uint64_t hash = 0xcbf29ce484222325ul + stack->end;

	for (char c; reason && (c = next_of_reason(&reason));)
		hash = (hash ^ (uint8_t)c) * 0x100000001b3ul;

	for (size_t i = 0; i < count; i++)
		hash = (hash ^ stack->frames[i].pc) * 0x9e3779b97f4a7c15ul;
	return hash ^ hash >> 32;
}

static bool same_stack(const struct group *group, const struct stack *stack, size_t count,
		       const char *reason, const char *state)
{
	if (group->nr_pcs != count || group->end != stack->end || group->state != state ||
	    !same_reason(group->reason, reason))
		return false;
	for (size_t i = 0; i < count; i++)
		if (group->pcs[i] != stack->frames[i].pc)
			return false;
	return true;
}

static bool grow_slots(struct group_table *table)
{
	size_t nr_slots = table->nr_slots ? table->nr_slots * 2 : 1024;
	size_t *slots = calloc(nr_slots, sizeof(*slots));

	if (!slots)
		return false;
	for (size_t i = 0; i < table->count; i++) {
		size_t slot = table->groups[i].hash & (nr_slots - 1);

		while (slots[slot])
			slot = (slot + 1) & (nr_slots - 1);
		slots[slot] = i + 1;
	}
	free(table->slots);
	table->slots = slots;
	table->nr_slots = nr_slots;
	return true;
}

static struct group *new_group(struct group_table *table, const struct stack *stack, size_t count,
			       uint64_t hash, const char *reason, const char *state)
{
	struct group *group, *groups = array_room(table->groups, table->count, &table->capacity,
						  sizeof(*groups), "groups of stacks", NULL);

	if (!groups)
		return NULL;
	table->groups = groups;
	group = &table->groups[table->count];
	*group = (struct group){ .hash = hash, .nr_pcs = count, .end = stack->end, .state = state };
	group->pcs = calloc(count + 1, sizeof(*group->pcs));
	group->reason = reason ? strdup(reason) : NULL;
	if (!group->pcs || (reason && !group->reason)) {
		free(group->pcs);
		free(group->reason);
		return NULL;
	}
	for (size_t i = 0; i < count; i++)
		group->pcs[i] = stack->frames[i].pc;
	table->count++;
	return group;
}

/*
 * Puts the task of STACK to those with the same one. The name of a STATE is one string, so that two
 * are compared by address. False if there is no memory.
 */
static bool put_stack(struct group_table *table, const struct stack *stack, const char *reason, const char *state)
{
	size_t count = kernel_frames(stack);
	uint64_t hash = hash_stack(stack, count, reason) ^ (uintptr_t)state;
	struct group *group;
	size_t slot;

	if (table->count * 2 >= table->nr_slots && !grow_slots(table))
		return false;
	for (slot = hash & (table->nr_slots - 1); table->slots[slot];
	     slot = (slot + 1) & (table->nr_slots - 1)) {
		group = &table->groups[table->slots[slot] - 1];
		if (group->hash != hash || !same_stack(group, stack, count, reason, state))
			continue;
		group->reasons_vary |= reason && strcmp(reason, group->reason) != 0;
		return task_list_add(&group->list, stack->task);
	}
	group = new_group(table, stack, count, hash, reason, state);
	if (!group)
		return false;
	table->slots[slot] = table->count;
	return task_list_add(&group->list, stack->task);
}

static int compare_groups(const void *left, const void *right)
{
	const struct group *a = left, *b = right;
	uint32_t a_pid = a->list.count ? a->list.tasks[0]->pid : 0;
	uint32_t b_pid = b->list.count ? b->list.tasks[0]->pid : 0;

	if (a->list.count != b->list.count)
		return a->list.count > b->list.count ? -1 : 1;
	return a_pid < b_pid ? -1 : a_pid > b_pid;
}

static int compare_names(const void *left, const void *right)
{
	const struct task *a = *(const struct task *const *)left;
	const struct task *b = *(const struct task *const *)right;
	int names = strncmp(a->comm, b->comm, sizeof(a->comm));

	if (names)
		return names;
	return a->pid < b->pid ? -1 : a->pid > b->pid;
}

/* Appends ITEM, on a new line if the present one is full. */
static void put_item(struct buffer *text, size_t *column, const char *item, size_t size)
{
	if (*column && *column + 1 + size > LINE_WIDTH) {
		buffer_char(text, '\n');
		*column = 0;
	} else if (*column) {
		buffer_char(text, ' ');
		++*column;
	}
	buffer_append(text, item, size);
	*column += size;
}

/* "bash 12 20-35; sshd 9": names with their PIDs, PIDs in a row as a range. */
static void tasks_text(const struct task **tasks, size_t count, struct buffer *text)
{
	struct buffer item = { 0 };
	size_t column = 0;

	for (size_t i = 0; i < count;) {
		bool named = i &&
			     !strncmp(tasks[i]->comm, tasks[i - 1]->comm, sizeof(tasks[i]->comm));
		size_t last = i;

		buffer_clear(&item);
		if (!named) {
			output_escape(&item, tasks[i]->comm,
				      strnlen(tasks[i]->comm, sizeof(tasks[i]->comm)));
			buffer_char(&item, ' ');
		}
		while (last + 1 < count && tasks[last + 1]->pid == tasks[last]->pid + 1 &&
		       !strncmp(tasks[last + 1]->comm, tasks[i]->comm, sizeof(tasks[i]->comm)))
			last++;
		buffer_printf(&item, "%u", tasks[i]->pid);
		if (last > i)
			buffer_printf(&item, "-%u", tasks[last]->pid);
		if (last + 1 < count &&
		    strncmp(tasks[last + 1]->comm, tasks[i]->comm, sizeof(tasks[i]->comm)))
			buffer_char(&item, ';');
		put_item(text, &column, item.data ? item.data : "", item.size);
		i = last + 1;
	}
	buffer_free(&item);
}

static void group_tasks(struct bt *bt, const struct group *group)
{
	static const struct column columns[] = {
		{ "pid", "", 0, COLUMN_JSON_ONLY },
		{ "task", "", 0, COLUMN_JSON_ONLY | COLUMN_ADDRESS },
		{ "comm", "", 0, COLUMN_JSON_ONLY },
	};
	static const struct shape shape = { "tasks", SHAPE_PLAIN, columns, ARRAY_SIZE(columns) };

	output_begin(bt->output, &shape);
	for (size_t i = 0; i < group->list.count && output_row(bt->output); i++) {
		const struct task *task = group->list.tasks[i];

		output_uint(bt->output, 0, task->pid);
		output_address(bt->output, 1, task->address);
		task_comm_cell(bt->output, 2, task);
	}
	output_end(bt->output);
}

enum { GROUP_COUNT, GROUP_STATE, GROUP_STATE_NAME, GROUP_NAMES, GROUP_COMPLETE, GROUP_END };

static bool group_row(struct bt *bt, const struct group *group)
{
	struct buffer text = { 0 };
	const char *end;

	if (!output_row(bt->output))
		return false;
	output_uint_as(bt->output, GROUP_COUNT, group->list.count, "%zu task%s", group->list.count,
		       group->list.count == 1 ? "" : "s");
	if (group->state) {
		output_string(bt->output, GROUP_STATE,
			      task_state_letters(bt->kernel, group->list.tasks[0]));
		output_string(bt->output, GROUP_STATE_NAME, group->state);
	}
	bt_unwind(bt, group->list.tasks[0]);
	end = bt_end(bt);
	qsort(group->list.tasks, group->list.count, sizeof(*group->list.tasks), compare_names);
	tasks_text(group->list.tasks, group->list.count, &text);
	output_bytes(bt->output, GROUP_NAMES, text.data ? text.data : "", text.size);
	output_bool(bt->output, GROUP_COMPLETE, !end, NULL);
	buffer_free(&text);
	group_tasks(bt, group);
	bt_frames(bt, true);
	if (end)
		return output_printf(bt->output, GROUP_END, "%s%s", end,
				     group->reasons_vary ? " (of the first task; of the others with other numbers)" : "");
	return true;
}

struct group_table *bt_groups_new(struct error *error)
{
	struct group_table *table = calloc(1, sizeof(*table));

	if (!table)
		error_no_memory(error, "the groups of stacks", sizeof(*table));
	return table;
}

void bt_groups_free(struct group_table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->count; i++) {
		free(table->groups[i].pcs);
		free(table->groups[i].reason);
		task_list_free(&table->groups[i].list);
	}
	free(table->groups);
	free(table->slots);
	free(table);
}

bool bt_groups_put(struct bt *bt, struct group_table *table, bool by_state, struct error *error)
{
	const char *state = by_state ? task_state_name(bt->kernel, bt->stack.task) : NULL;

	if (put_stack(table, &bt->stack, bt_end(bt), state))
		return true;
	return error_no_memory(error, "the groups of stacks",
			       table->count * sizeof(*table->groups));
}

void bt_groups_show(struct bt *bt, struct group_table *table, bool by_state)
{
#define GROUP_COLUMNS(count_, names_)                                                              \
	[GROUP_COUNT] = { "count", count_, 0, COLUMN_LEFT },                                       \
	[GROUP_NAMES] = { "names", names_, 0, COLUMN_TEXT_ONLY | COLUMN_RAW },                     \
	[GROUP_COMPLETE] = { "complete", "", 0, COLUMN_JSON_ONLY }, [GROUP_END] = {                \
		"end",                                                                             \
		"     stack ends: %",                                                              \
		0,                                                                                 \
		COLUMN_LEFT                                                                        \
	}

	static const struct column columns[] = {
		GROUP_COLUMNS("%:", "%"),
		/* Of tasks in any state: not there, neither for people nor for machines. */
		[GROUP_STATE] = { "state", "", 0, COLUMN_JSON_ONLY | COLUMN_TEXT_ONLY },
		[GROUP_STATE_NAME] = { "state_name", "", 0, COLUMN_JSON_ONLY | COLUMN_TEXT_ONLY },
	};
	static const struct column state_columns[] = {
		GROUP_COLUMNS("%", "\n%"),
		[GROUP_STATE] = { "state", "", 0, COLUMN_JSON_ONLY },
		[GROUP_STATE_NAME] = { "state_name", "(%)", 0, COLUMN_LEFT },
	};
#undef GROUP_COLUMNS
	static const struct shape shape = { "stacks", SHAPE_HEADING, columns, ARRAY_SIZE(columns) };
	static const struct shape state_shape = { "stacks", SHAPE_HEADING, state_columns,
						  ARRAY_SIZE(state_columns) };

	if (table->count)
		qsort(table->groups, table->count, sizeof(*table->groups), compare_groups);
	output_begin(bt->output, by_state ? &state_shape : &shape);
	for (size_t i = 0; i < table->count && group_row(bt, &table->groups[i]); i++)
		;
	output_end(bt->output);
}

bool bt_groups(struct bt *bt, const struct task_list *list, struct error *error)
{
	struct group_table *table = bt_groups_new(error);
	bool done = table != NULL;

	for (size_t i = 0; i < list->count && done; i++) {
		done = kernel_step(bt->kernel, "unwinding", i, list->count, error);
		bt_unwind(bt, list->tasks[i]);
		done = done && bt_groups_put(bt, table, false, error);
	}
	if (done)
		bt_groups_show(bt, table, false);
	if (done && bt->nr_lone)
		error_set(&bt->missing, ERROR_PARTIAL, "bt: the tasks of %zu CPUs are not known", bt->nr_lone);
	for (size_t i = 0; done && i < bt->nr_lone; i++)
		output_note(bt->output, "CPU %u is not among them: its task is not known; `kernel bt -c %u' has "
					"its stack", bt->lone[i].cpu->number, bt->lone[i].cpu->number);
	bt_groups_free(table);
	return done;
}
