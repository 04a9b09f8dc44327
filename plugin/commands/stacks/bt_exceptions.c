// SPDX-License-Identifier: GPL-3.0-or-later
/* bt -e: the exception frames in a task's stack; bt -E: those in the stacks of CPUs. */
#include "commands/stacks/bt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/tasks/task_cells.h"
#include "kernel/modules/module.h"
#include "kernel/stacks/cpu_stacks.h"
#include "kernel/stacks/exceptions.h"
#include "kernel/tasks/cpu.h"

enum { CELL_USER, CELL_ADDRESS, CELL_STATUS_TEXT, CELL_STATUS };

static const struct column columns[] = {
	[CELL_USER] = { "user", "  %", 0, COLUMN_LEFT },
	[CELL_ADDRESS] = { "address", "%", 0, COLUMN_ADDRESS },
	[CELL_STATUS_TEXT] = { "status_text", "(%)", 0, COLUMN_TEXT_ONLY },
	[CELL_STATUS] = { "status", "", 0, COLUMN_JSON_ONLY },
};

static const struct shape shape = { "exception_frames", SHAPE_PLAIN, columns, ARRAY_SIZE(columns) };

struct search {
	struct bt *bt;
	uint64_t sp;		/* of the first frame, if that is on this stack; else 0 */
	bool known;		/* bt->stack is what this one was followed from */
	uint64_t start, end;	/* of the stack that is searched */
	size_t found;
	bool missing;		/* a part could not be read */
};

static bool is_in_frames(const struct bt *bt, uint64_t address)
{
	for (size_t i = 0; i < bt->stack.count; i++)
		if (bt->stack.frames[i].regs_address == address)
			return true;
	return false;
}

/* Are these the registers that bt begins with: those of an exception that led to the crash? */
static bool is_start(const struct bt *bt, const struct registers *registers)
{
	const struct arch *arch = bt->kernel->arch;
	uint64_t both = registers->valid & bt->stack.registers.valid;

	return bt->stack.cpu && bt->stack.registers_known && both >> arch->pc & both >> arch->sp & 1 &&
	       registers->value[arch->pc] == bt->stack.registers.value[arch->pc] &&
	       registers->value[arch->sp] == bt->stack.registers.value[arch->sp];
}

/* Do bt's frames say anything of ADDRESS: did they go on beyond it, or to their end? Where they break off nothing is stale. */
static bool is_followed(const struct search *search, uint64_t address)
{
	const struct stack *stack = &search->bt->stack;

	if (stack->count && stack->end == UNWIND_COMPLETE)
		return true;
	for (size_t i = 0; i < stack->count; i++)
		if (stack->frames[i].sp > address && stack->frames[i].sp >= search->start && stack->frames[i].sp < search->end)
			return true;
	return false;
}

static void status_cells(struct search *search, const struct exception_frame *found)
{
	struct bt *bt = search->bt;
	const char *text = NULL, *status = NULL;

	if (!search->known)
		;
	else if (is_in_frames(bt, found->address))
		status = "frame", text = "bt goes through it";
	else if (is_start(bt, &found->registers))
		status = "start", text = "the registers that bt begins with";
	else if (search->sp && found->address < search->sp && bt->stack.cpu)
		status = "above", text = "above bt's first frame: stale, or the crash's own way";
	else if (is_followed(search, found->address))
		status = "stale", text = "stale: bt does not go through it";
	if (status) {
		output_string(bt->output, CELL_STATUS_TEXT, text);
		output_string(bt->output, CELL_STATUS, status);
	}
}

static bool show(void *context, const struct exception_frame *found)
{
	struct search *search = context;
	struct bt *bt = search->bt;
	const struct arch *arch = bt->kernel->arch;
	struct frame frame = { .kind = found->user ? FRAME_USER : FRAME_INTERRUPTED, .pc = found->registers.value[arch->pc],
			       .sp = found->registers.value[arch->sp], .regs_address = found->address, .registers = found->registers };

	search->found++;
	if (!output_row(bt->output))
		return false;
	output_bool(bt->output, CELL_USER, found->user, found->user ? "USER-MODE EXCEPTION FRAME AT" : "KERNEL-MODE EXCEPTION FRAME AT");
	output_address(bt->output, CELL_ADDRESS, found->address);
	status_cells(search, found);
	return bt_registers(bt, &frame);
}

/* Appends the rows for [START, END). */
static bool search(struct search *search, uint64_t start, uint64_t end, bool user, struct error *error)
{
	struct bt *bt = search->bt;
	struct error why = { .kind = ERROR_NONE };
	uint64_t missing;

	search->start = start;
	search->end = end;
	if (!exception_frames(bt->kernel, start, end, user, show, search, &missing, &why) && why.kind != ERROR_NONE) {
		if (error)
			*error = why;
		return false;
	}
	if (missing == end - start && why.kind == ERROR_NOT_MAPPED)
		output_note(bt->output, "there is none: %s", why.text);
	else if (missing)
		output_note(bt->output, "%llu bytes of the stack at %0*lx cannot be read: %s", (unsigned long long)missing,
			    output_address_digits(bt->output), start, why.text);
	search->missing |= missing != 0;
	return true;
}

static uint64_t first_sp(const struct bt *bt, uint64_t start, uint64_t end)
{
	uint64_t sp = bt->stack.count ? bt->stack.frames[0].sp : 0;

	return sp >= start && sp < end ? sp : 0;
}

/* The CPU's other stacks that the frames of bt->stack are on, each once, and what is on them. */
static bool other_stacks(struct search *context, struct error *error)
{
	struct bt *bt = context->bt;
	const struct cpu_stack *seen[8];
	size_t nr_seen = 0;

	for (size_t i = 0; i < bt->stack.count && nr_seen < ARRAY_SIZE(seen); i++) {
		const struct cpu_stack *on = bt_stack_of_frame(bt, &bt->stack.frames[i]);
		bool known = !on;

		for (size_t j = 0; j < nr_seen && !known; j++)
			known = seen[j] == on;
		if (known)
			continue;
		seen[nr_seen++] = on;
		context->sp = first_sp(bt, on->start, on->end);
		if (!search(context, on->start, on->end, false, error))
			return false;
	}
	return true;
}

/* What is code of a module is known only as far as the modules are. */
static void module_note(struct bt *bt)
{
	struct module_list *list;
	struct error why;
	const char *damage = NULL;

	if (!modules_get(bt->kernel, &list, &why))
		damage = why.text;
	else
		damage = list->damage;
	for (size_t i = 0; !damage && i < list->count; i++)
		damage = list->modules[i].damage;
	if (damage && !bt->modules_noted)
		output_note(bt->output, "exception frames in a module's code may be missing: %s", damage);
	bt->modules_noted = true;
}

static bool finish(struct bt *bt, bool done, struct search *search, const struct error *why)
{
	output_end(bt->output);
	if (search->known && bt_end(bt))
		output_note(bt->output, "whether bt goes through these is known up to where its frames end: %s", bt_end(bt));
	module_note(bt);
	if (!done)
		output_note(bt->output, "%s", why->text);
	else if (!search->found && !search->missing)
		output_note(bt->output, "no exception frame is on it");
	if (!done && bt->missing.kind == ERROR_NONE)
		error_set(&bt->missing, ERROR_PARTIAL, "bt: %s", why->text);
	return true;
}

bool bt_task_exceptions(struct bt *bt, const struct task *task)
{
	struct search context = { .bt = bt, .known = true };
	struct error why = { .kind = ERROR_NONE };
	bool done;

	if (!output_row(bt->output))
		return false;
	task_cells(bt->output, task);
	if (!task->stack || !task_knows(task, TASK_STACK))
		return output_note(bt->output, "it has no stack any more");
	bt_unwind(bt, task);
	output_begin(bt->output, &shape);
	done = other_stacks(&context, &why);
	context.sp = first_sp(bt, task->stack, task->stack + bt->stack_size);
	done = done && search(&context, task->stack, task->stack + bt->stack_size, true, &why);
	return finish(bt, done, &context, &why);
}

bool bt_cpu_exceptions(struct bt *bt, const struct cpu *cpu)
{
	struct search context = { .bt = bt, .known = true };
	struct error why = { .kind = ERROR_NONE };
	uint64_t start, end;
	bool done;

	if (!output_row(bt->output))
		return false;
	if (!bt_cpu_stack(bt, cpu, &start, &end))
		return true;
	bt_unwind_cpu(bt, cpu);
	output_begin(bt->output, &shape);
	done = other_stacks(&context, &why);
	context.sp = first_sp(bt, start, end);
	if (!cpu_stack_at(bt->kernel, start))
		done = done && search(&context, start, end, true, &why);
	return finish(bt, done, &context, &why);
}

enum { CELL_CPU, CELL_NAME, CELL_START, CELL_END };

static bool show_stack(struct bt *bt, const struct cpu_stack *stack)
{
	struct search context = { .bt = bt };
	struct error why = { .kind = ERROR_NONE };
	bool done;

	if (!output_row(bt->output))
		return false;
	output_uint(bt->output, CELL_CPU, stack->cpu);
	output_string(bt->output, CELL_NAME, stack->name);
	output_address(bt->output, CELL_START, stack->start);
	output_address(bt->output, CELL_END, stack->end);
	output_begin(bt->output, &shape);
	done = search(&context, stack->start, stack->end, false, &why);
	return finish(bt, done, &context, &why);
}

bool bt_all_exceptions(struct bt *bt, struct error *error)
{
	static const struct column stack_columns[] = {
		[CELL_CPU] = { "cpu", "CPU", 3, COLUMN_LEFT },
		[CELL_NAME] = { "name", "STACK", 13, COLUMN_LEFT },
		[CELL_START] = { "start", "%", 0, COLUMN_ADDRESS },
		[CELL_END] = { "end", "to %", 0, COLUMN_ADDRESS },
	};
	static const struct shape stacks_shape = { "cpu_stacks", SHAPE_HEADING, stack_columns, ARRAY_SIZE(stack_columns) };
	const char *list = option_value(bt->arguments, 'c');
	const struct cpu_stacks *stacks;
	bool *cpus, more = true;

	if (!cpu_stacks_get(bt->kernel, &stacks, error) || !select_cpus(bt->kernel, list, &cpus, error))
		return false;
	output_begin(bt->output, &stacks_shape);
	for (size_t i = 0; i < stacks->count && more; i++)
		if (stacks->stacks[i].cpu < bt->kernel->nr_cpu_ids && cpus[stacks->stacks[i].cpu])
			more = show_stack(bt, &stacks->stacks[i]);
	output_end(bt->output);
	free(cpus);
	if (!stacks->count && stacks->damage.kind == ERROR_NONE)
		return error_set(error, ERROR_UNSUPPORTED, "bt: which stacks this kernel has for interrupts and exceptions is not known");
	if (stacks->damage.kind != ERROR_NONE)
		return error_set(error, ERROR_PARTIAL, "bt: %s", stacks->damage.text);
	if (stacks->exceptions_untold)
		return error_set(error, ERROR_PARTIAL, "bt: the CPUs' stacks for exceptions (NMI, double fault, debug, machine check), which this kernel "
				 "keeps in orig_ist, are not looked at; `kernel rd' shows them");
	return true;
}
