// SPDX-License-Identifier: GPL-3.0-or-later
/* bt -v: has a task's stack overflown? bt -R: is something on a task's stack? */
#include "commands/stacks/bt.h"

#include <stdio.h>
#include <string.h>

#include "commands/tasks/task_cells.h"
#include "kernel/tasks/cpu.h"

#define STACK_END_MAGIC 0x57ac6e9d	/* include/uapi/linux/magic.h */

struct check {
	struct bt *bt;
	bool on_stack;		/* struct thread_info lies at the stack's low end */
	uint64_t info_size;
	bool never_written;	/* the magic is in no task: this kernel does not write it (before 2.6.36, 352a0ef1e7c4's time) */
	unsigned checked, unknown, gone, overflown;
	struct error why;	/* of the first that is not known */
};

enum { CELL_PROBLEM = TASK_CELLS };

static void problem(struct check *check, const struct task *task, const char *text)
{
	struct output *out = check->bt->output;

	if (!output_row(out))
		return;
	task_cells(out, task);
	output_string(out, CELL_PROBLEM, text);
	check->overflown++;
}

/* The word that an overflow writes over first. */
static bool magic_at(struct check *check, const struct task *task, uint64_t *value_ret, struct error *error)
{
	uint64_t at = task->stack + (check->on_stack ? check->info_size : 0);

	return kernel_read_pointer(check->bt->kernel, at, value_ret, error);
}

/* In kernels that keep it there: thread_info says whose it is, and on which CPU. */
static bool check_info(struct check *check, const struct task *task, char *text, size_t size, struct error *error)
{
	struct kernel *kernel = check->bt->kernel;
	uint64_t owner, cpu;

	if (types_has_member(kernel->types, "thread_info", "task")) {
		if (!kernel_read_member(kernel, task->stack, "thread_info", "task", &owner, error))
			return false;
		if (owner != task->address)
			snprintf(text, size, "thread_info.task is %0*lx", output_address_digits(check->bt->output), owner);
	}
	if (!*text && types_has_member(kernel->types, "thread_info", "cpu")) {
		if (!kernel_read_member(kernel, task->stack, "thread_info", "cpu", &cpu, error))
			return false;
		if (cpu >= kernel->nr_cpu_ids)
			snprintf(text, size, "thread_info.cpu is %lu", cpu);
	}
	return true;
}

/* Only of a task that was switched out: one that runs may be on another stack. */
static void check_sp(struct check *check, const struct task *task, char *text, size_t size)
{
	struct kernel *kernel = check->bt->kernel;
	struct registers registers = { 0 };
	const struct cpu *cpu = NULL;
	uint64_t sp;

	if (*text || task->on_cpu || !task_knows(task, TASK_ON_CPU) || !task_registers(kernel, task, &registers, &cpu, NULL) || cpu ||
	    !(registers.valid >> kernel->arch->sp & 1))
		return;
	sp = registers.value[kernel->arch->sp];
	if (sp < task->stack || sp - task->stack > check->bt->stack_size)
		snprintf(text, size, "its stack pointer, %0*lx, is not on its stack", output_address_digits(check->bt->output), sp);
}

static void check_task(struct check *check, const struct task *task)
{
	char text[160] = "";
	struct error why;
	uint64_t magic;

	if (task_knows(task, TASK_STACK) && !task->stack) {
		check->gone++;
		return;
	}
	if (!task_knows(task, TASK_STACK))
		error_set(&why, ERROR_PARTIAL, "where its stack is is not known");
	else if (magic_at(check, task, &magic, &why) && (!check->on_stack || check_info(check, task, text, sizeof(text), &why))) {
		if (!*text && magic != STACK_END_MAGIC)
			snprintf(text, sizeof(text), "STACK_END_MAGIC is overwritten: %lx", magic);
		check_sp(check, task, text, sizeof(text));
		check->checked++;
		if (*text)
			problem(check, task, text);
		return;
	}
	if (!check->unknown++)
		error_set(&check->why, why.kind, "PID %u: %s", task->pid, why.text);
}

bool bt_check(struct bt *bt, const struct task_list *list, struct error *error)
{
	static const struct column columns[] = {
		[0] = { "pid", "PID", 7, COLUMN_RIGHT }, [1] = { "task", "TASK", 16, COLUMN_ADDRESS }, [2] = { "cpu", "CPU", 3, COLUMN_RIGHT },
		[3] = { "comm", "COMM", 15, COLUMN_LEFT }, [CELL_PROBLEM] = { "problem", "\n        possible overflow: %", 0, COLUMN_HIGHLIGHT },
	};
	static const struct column count_columns[] = {
		{ "checked", "STACKS CHECKED", 16, COLUMN_LEFT }, { "unknown", "NOT READABLE", 16, COLUMN_LEFT },
		{ "overflown", "OVERFLOWN", 16, COLUMN_LEFT },
	};
	static const struct shape rows = { "overflows", SHAPE_PLAIN, columns, ARRAY_SIZE(columns) };
	static const struct shape counts = { "stack_check", SHAPE_LIST, count_columns, ARRAY_SIZE(count_columns) };
	struct kernel *kernel = bt->kernel;
	struct check check = { .bt = bt };

	/* From 4.9 on (c65eacbe290b, machine by machine) it is in task_struct. */
	check.on_stack = !types_has_member(kernel->types, "task_struct", "thread_info");
	if (check.on_stack && !types_size(kernel->types, "thread_info", &check.info_size, error))
		return false;
	output_begin(bt->output, &rows);
	for (size_t i = 0; i < list->count; i++) {
		if (!kernel_step(kernel, "checking stacks", i, list->count, error))
			return false;
		check_task(&check, list->tasks[i]);
	}
	output_end(bt->output);
	output_begin(bt->output, &counts);
	output_uint(bt->output, 0, check.checked);
	output_uint(bt->output, 1, check.unknown);
	output_uint(bt->output, 2, check.overflown);
	output_end(bt->output);
	if (check.gone)
		output_note(bt->output, check.gone == 1 ? "%u task has no stack any more" : "%u tasks have no stack any more", check.gone);
	if (check.unknown)
		output_note(bt->output, "of %u stacks the end cannot be read: %s", check.unknown, check.why.text);
	return true;
}

/* --- bt -R --- */

bool bt_reference(struct bt *bt, const char *text, struct error *error)
{
	const struct symbol *symbol;

	if (!parse_address(bt->kernel, bt->host, bt->output, "bt -R", text, &bt->reference, error))
		return false;
	/* A function: any place in it. */
	symbol = symtab_lookup(bt->kernel->symbols, bt->reference);
	if (!symbol)
		symbol = bt_place(bt, bt->reference, false)->symbol;
	bt->reference_function = symbol && symbol->function && symbol->address == bt->reference;
	bt->has_reference = true;
	return true;
}

static bool is_reference(struct bt *bt, const struct frame *frame)
{
	const struct place *place;

	if (frame->pc == bt->reference)
		return true;
	place = bt->reference_function ? bt_place(bt, frame->pc, !bt_is_exact(bt, frame)) : NULL;
	return place && place->symbol && place->symbol->address == bt->reference;
}

/* The words from the first frame's stack pointer to the top of the task's own stack. */
static bool is_among_words(struct bt *bt)
{
	const struct stack *stack = &bt->stack;
	size_t word = bt->kernel->arch->pointer_size;
	uint64_t at, end, value;

	if (!stack->task || !stack->count || !task_knows(stack->task, TASK_STACK) || !stack->task->stack)
		return false;
	at = stack->frames[0].sp;
	end = stack->task->stack + bt->stack_size;
	if (at < stack->task->stack || at >= end)
		at = stack->task->stack;
	for (at = (at + word - 1) / word * word; at + word <= end; at += word)
		if (kernel_read_pointer(bt->kernel, at, &value, NULL) && value == bt->reference)
			return true;
	return false;
}

bool bt_refers(struct bt *bt)
{
	const struct stack *stack = &bt->stack;

	for (size_t i = 0; i < stack->count; i++)
		if (stack->frames[i].kind != FRAME_USER && is_reference(bt, &stack->frames[i]))
			return true;
	return is_among_words(bt);
}
