// SPDX-License-Identifier: GPL-3.0-or-later
/* One stack: the heading, a line per frame, the registers saved between them, and why it ends. */
#include "commands/stacks/bt.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "commands/tasks/task_cells.h"
#include "kernel/modules/livepatch.h"
#include "kernel/stacks/bad_pointer.h"
#include "kernel/stacks/cpu_stacks.h"
#include "kernel/tasks/cpu.h"

static void begin(struct stack *stack, const struct task *task, const struct cpu *cpu)
{
	stack->task = task;
	stack->count = 0;
	stack->start_given = false;
	stack->cpu = cpu;
	stack->error.kind = ERROR_NONE;
	memset(&stack->registers, 0, sizeof(stack->registers));
}

static void follow(struct bt *bt)
{
	struct stack *stack = &bt->stack;

	stack->end = stack->registers_known
			     ? unwind(bt->kernel, &stack->registers, stack->frames,
				      UNWIND_MAX_FRAMES, &stack->count, &stack->error)
			     : UNWIND_FAILED;
}

/* -I, -S: what else was in the registers belongs to another place. */
static void start_elsewhere(struct bt *bt)
{
	struct stack *stack = &bt->stack;
	const struct arch *arch = bt->kernel->arch;
	struct registers start = bt->start;

	if (!(start.valid >> arch->sp & 1) && stack->registers.valid >> arch->sp & 1) {
		start.value[arch->sp] = stack->registers.value[arch->sp];
		start.valid |= 1ull << arch->sp;
	}
	stack->registers = start;
	stack->registers_known = true;
	stack->cpu = NULL;
	stack->start_given = true;
	stack->error.kind = ERROR_NONE;
}

void bt_unwind(struct bt *bt, const struct task *task)
{
	struct stack *stack = &bt->stack;

	begin(stack, task, NULL);
	stack->registers_known =
		task_registers(bt->kernel, task, &stack->registers, &stack->cpu, &stack->error);
	if (bt->start.valid)
		start_elsewhere(bt);
	follow(bt);
}

void bt_unwind_cpu(struct bt *bt, const struct cpu *cpu)
{
	struct stack *stack = &bt->stack;

	begin(stack, NULL, cpu);
	stack->registers_known = cpu->registers_source != CPU_REGISTERS_NONE;
	if (stack->registers_known)
		stack->registers = cpu->registers;
	else
		error_set(&stack->error, ERROR_NOT_MAPPED, "the dump has no registers of CPU %u",
			  cpu->number);
	follow(bt);
}

const char *bt_end(const struct bt *bt)
{
	switch (bt->stack.end) {
	case UNWIND_COMPLETE:
		return NULL;
	case UNWIND_MORE:
		return "the stack goes on: bt stops at this many frames";
	default:
		return bt->stack.error.kind ? bt->stack.error.text : "nobody knows why";
	}
}

enum {
	CELL_LEVEL,
	CELL_SP,
	CELL_PLACE,
	CELL_PC,
	CELL_LIVEPATCH,
	CELL_SOURCE_TEXT,
	CELL_LINE,
	CELL_FUNCTION,
	CELL_OFFSET,
	CELL_MODULE,
	CELL_KIND,
	CELL_EXACT,
	CELL_BAD_POINTER,
	CELL_REPLACES,
	CELL_REPLACED_BY,
	CELL_STACK,
	CELL_MARK,
	CELL_MARK_BELOW,
	NR_FRAME_CELLS
};

static const struct column frame_columns[NR_FRAME_CELLS] = {
	[CELL_LEVEL] = { "level", "", 3, COLUMN_RIGHT },
	[CELL_SP] = { "sp", "[%]", 0, COLUMN_ADDRESS },
	[CELL_PLACE] = { "place", "%", 0, COLUMN_TEXT_ONLY | COLUMN_FUNCTION },
	[CELL_PC] = { "pc", "at %", 0, COLUMN_ADDRESS },
	[CELL_LIVEPATCH] = { "livepatch", "(%)", 0, COLUMN_TEXT_ONLY },
	[CELL_SOURCE_TEXT] = { "source", "\n    %", 0, COLUMN_TEXT_ONLY | COLUMN_RAW },
	[CELL_LINE] = { "line", "", 0, COLUMN_JSON_ONLY },
	[CELL_FUNCTION] = { "function", "", 0, COLUMN_JSON_ONLY },
	[CELL_OFFSET] = { "offset", "", 0, COLUMN_JSON_ONLY },
	[CELL_MODULE] = { "module", "", 0, COLUMN_JSON_ONLY },
	[CELL_KIND] = { "kind", "", 0, COLUMN_JSON_ONLY },
	[CELL_EXACT] = { "exact", "", 0, COLUMN_JSON_ONLY },
	[CELL_BAD_POINTER] = { "bad_pointer", "", 0, COLUMN_JSON_ONLY },
	[CELL_REPLACES] = { "replaces", "", 0, COLUMN_JSON_ONLY },
	[CELL_REPLACED_BY] = { "replaced_by", "", 0, COLUMN_JSON_ONLY },
	[CELL_STACK] = { "stack", "", 0, COLUMN_JSON_ONLY },
	/* Of one frame either, by whether something stands between its line and the mark. */
	[CELL_MARK] = { "mark", "\n--- <%> ---", 0, COLUMN_TEXT_ONLY },
	[CELL_MARK_BELOW] = { "mark_below", "--- <%> ---", 0, COLUMN_TEXT_ONLY },
};

/* The other function of a livepatch. */
static void livepatch_cells(struct bt *bt, uint64_t address)
{
	struct output *out = bt->output;
	struct livepatched livepatched;
	char text[600];

	if (!livepatch_at(bt->kernel, address, &livepatched))
		return;
	if (livepatch_text(bt->kernel, address, text, sizeof(text)))
		output_string(out, CELL_LIVEPATCH, text);
	if (livepatched.replaces[0])
		output_string(out, CELL_REPLACES, livepatched.replaces);
	if (livepatched.replaced_by[0])
		output_string(out, CELL_REPLACED_BY, livepatched.replaced_by);
}

static void place_cells(struct bt *bt, const struct frame *frame, bool exact)
{
	struct output *out = bt->output;
	char text[512], why[256];
	const struct place *place;

	if (frame->kind == FRAME_USER) {
		output_string(out, CELL_PLACE, "(user space)");
		return;
	}
	if (exact && bad_pointer(bt->kernel, frame->pc, frame->sp, why, sizeof(why))) {
		snprintf(text, sizeof(text), "0x%lx (%s)", frame->pc, why);
		output_string(out, CELL_PLACE, text);
		output_string(out, CELL_BAD_POINTER, why);
		return;
	}
	place = bt_place(bt, frame->pc, !exact);
	output_string(out, CELL_PLACE, bt_place_text(place, frame->pc, text, sizeof(text)));
	if (place->symbol) {
		output_string(out, CELL_FUNCTION, place->symbol->name);
		output_uint(out, CELL_OFFSET, frame->pc - place->symbol->address);
	}
	if (place->module)
		output_string(out, CELL_MODULE, place->module);
	livepatch_cells(bt, place->address);
}

/* For people: "leaf at x.h:5", "(inlined by) outer at x.c:10", as the kernel's faddr2line has it. */
static void source_text(const struct source_frame *frames, size_t count, struct buffer *text)
{
	char line[512];

	for (size_t i = 0; i < count; i++) {
		const char *name = frames[i].function ? frames[i].function : "(unknown)";
		bool known = source_frame_place(&frames[i], line, sizeof(line));

		if (i)
			buffer_string(text, "\n(inlined by) ");
		if (count > 1)
			output_escape(text, name, strlen(name));
		if (count > 1 && known)
			buffer_string(text, " at ");
		if (known)
			output_escape(text, line, strlen(line));
	}
}

/* FRAMES are the frame's own function, the last of them, and what was inlined there. */
static void source_cells(struct output *out, const struct source_frame *frames, size_t count)
{
	struct buffer text = { 0 };
	char line[512];

	if (source_frame_place(&frames[count - 1], line, sizeof(line)))
		output_string(out, CELL_LINE, line);
	source_text(frames, count, &text);
	if (text.size && !text.failed)
		output_bytes(out, CELL_SOURCE_TEXT, text.data, text.size);
	buffer_free(&text);
}

/* For machines: the functions inlined into the frame's own, innermost first, as the member
 * "inlined". */
static void inlined_rows(struct output *out, const struct source_frame *frames, size_t count)
{
	static const struct column columns[] = {
		{ "function", "", 0, COLUMN_JSON_ONLY },
		{ "line", "", 0, COLUMN_JSON_ONLY },
	};
	static const struct shape shape = { "inlined", SHAPE_PLAIN, columns, ARRAY_SIZE(columns) };
	char line[512];

	output_begin(out, &shape);
	for (size_t i = 0; i < count && output_row(out); i++) {
		if (frames[i].function)
			output_string(out, 0, frames[i].function);
		if (source_frame_place(&frames[i], line, sizeof(line)))
			output_string(out, 1, line);
	}
	output_end(out);
}

static bool is_function_start(struct bt *bt, uint64_t pc)
{
	const struct place *place = bt_place(bt, pc, false);

	return place->symbol && place->symbol->address == pc;
}

/*
 * The first pc of a task that was switched out is a return address like the others: __schedule() called __switch_to_asm(). But a new
 * task, which has never run, is at the start of ret_from_fork.
 */
bool bt_is_exact(struct bt *bt, const struct frame *frame)
{
	return frame->kind != FRAME_CALL || (frame == bt->stack.frames && is_function_start(bt, frame->pc));
}

/* Not where only a frame record led there. */
static bool knows_sp(const struct bt *bt, const struct frame *frame)
{
	return frame->registers.valid >> bt->kernel->arch->sp & 1;
}

/* *BELOW_RET: something may stand below the line already. */
static bool frame_row(struct bt *bt, size_t level, bool many, bool *below_ret)
{
	static const char *const kinds[] = { "call", "interrupted", "user" };
	const struct frame *frame = &bt->stack.frames[level];
	struct output *out = bt->output;
	bool exact = bt_is_exact(bt, frame);
	const struct source_frame *source;
	size_t nr_source = 0;

	if (!output_row(out))
		return false;
	output_uint_as(out, CELL_LEVEL, level, "#%zu", level);
	if (!many && knows_sp(bt, frame))
		output_address(out, CELL_SP, frame->sp);
	if (!many || frame->kind != FRAME_USER)
		output_address(out, CELL_PC, frame->pc);
	place_cells(bt, frame, exact);
	if (bt->lines && frame->kind != FRAME_USER)
		nr_source = host_source(bt->host, frame->pc, exact, &source);
	bt->any_line |= nr_source && kernel_is_text(bt->kernel, frame->pc);
	if (nr_source)
		source_cells(out, source, nr_source);
	output_string(out, CELL_KIND, kinds[frame->kind]);
	output_bool(out, CELL_EXACT, exact, NULL);
	*below_ret = nr_source > 1;
	if (nr_source > 1)
		inlined_rows(out, source, nr_source - 1);
	return true;
}

/*
 * What a frame has on the stack: up to its caller's. A caller further away than a stack is large is
 * on another one (an interrupt's frame to the task's): then up to the end of this stack, which is
 * where the way back is kept.
 */
static uint64_t frame_end(const struct bt *bt, size_t level)
{
	const struct stack *stack = &bt->stack;
	const struct frame *frame = &stack->frames[level];
	uint64_t end = frame->cfa;

	if (!knows_sp(bt, frame))
		return frame->sp;
	if (end <= frame->sp && level + 1 == stack->count)
		return frame->sp; /* nobody knows how much of the rest is its own */
	if (end <= frame->sp)
		end = stack->frames[level + 1].sp;
	if (end > frame->sp && end - frame->sp <= bt->stack_size)
		return end;
	return bt_stack_top(bt, frame->sp);
}

static bool is_on_tasks(const struct bt *bt, const struct frame *frame)
{
	const struct task *task = bt->stack.task;

	return task && task_knows(task, TASK_STACK) && frame->sp >= task->stack && frame->sp - task->stack <= bt->stack_size;
}

const struct cpu_stack *bt_stack_of_frame(struct bt *bt, const struct frame *frame)
{
	const struct cpu_stack *on = frame->kind == FRAME_USER ? NULL : cpu_stack_at(bt->kernel, frame->sp);
	const struct cpu_stacks *stacks;

	if (on || frame->kind == FRAME_USER || bt->stacks_noted || is_on_tasks(bt, frame) || !cpu_stacks_get(bt->kernel, &stacks, NULL) ||
	    stacks->damage.kind == ERROR_NONE)
		return on;
	bt->stacks_noted = true;
	output_note(bt->output, "not of all frames it is known which stack they are on: %s", stacks->damage.text);
	return NULL;
}

/* A frame without a known stack pointer is on the same stack as the one above it, for all that is known. */
static void stack_cell(struct bt *bt, const struct frame *frame)
{
	const struct cpu_stack *on;

	if (!knows_sp(bt, frame) || frame->kind == FRAME_USER)
		return;
	on = bt_stack_of_frame(bt, frame);
	if (on)
		output_string(bt->output, CELL_STACK, on->name);
	else if (is_on_tasks(bt, frame))
		output_string(bt->output, CELL_STACK, "task");
}

/* Where the stack of frame LEVEL is left for another one. */
static void mark_cell(struct bt *bt, size_t level, bool below)
{
	const struct frame *frame = &bt->stack.frames[level];
	const struct cpu_stack *on, *next;

	if (level + 1 >= bt->stack.count || !knows_sp(bt, frame) || !knows_sp(bt, &frame[1]))
		return;
	on = cpu_stack_at(bt->kernel, frame->sp);
	next = frame[1].kind == FRAME_USER ? NULL : cpu_stack_at(bt->kernel, frame[1].sp);
	if (on && on != next)
		output_printf(bt->output, below ? CELL_MARK_BELOW : CELL_MARK, "%s stack of CPU %u", on->name, on->cpu);
}

bool bt_frames(struct bt *bt, bool many)
{
	static const struct shape shape = { "frames", SHAPE_PLAIN, frame_columns, NR_FRAME_CELLS };
	const struct stack *stack = &bt->stack;
	bool below;

	output_begin(bt->output, &shape);
	for (size_t i = 0; i < stack->count; i++) {
		const struct frame *frame = &stack->frames[i];

		/* The user's registers stand below the frame that saved them; a frame of their own
		 * would say nothing more. */
		if (frame->kind == FRAME_USER && i > 0)
			break;
		if (!frame_row(bt, i, many, &below))
			break;
		if (!many)
			stack_cell(bt, frame);
		if (bt->words && !many && frame->kind != FRAME_USER)
			below = bt_words(bt, frame->sp, frame_end(bt, i));
		if (!many && i + 1 < stack->count && (frame[1].regs_address || frame[1].kind == FRAME_USER))
			below = bt_registers(bt, &frame[1]);
		if (!many)
			mark_cell(bt, i, below);
	}
	return output_end(bt->output);
}

enum { CELL_SOURCE = TASK_CELLS, CELL_COMPLETE, CELL_END, NR_TASK_CELLS };

static const struct column task_columns[NR_TASK_CELLS] = {
	TASK_COLUMNS,
	[CELL_SOURCE] = { "registers_source", "", 0, COLUMN_JSON_ONLY },
	[CELL_COMPLETE] = { "complete", "", 0, COLUMN_JSON_ONLY },
	[CELL_END] = { "end", "     stack ends: %", 0, COLUMN_LEFT },
};

const struct shape bt_task_shape = { "tasks", SHAPE_HEADING, task_columns, NR_TASK_CELLS };

static const char *registers_source(const struct stack *stack)
{
	if (!stack->registers_known)
		return "none";
	if (stack->start_given)
		return "given";
	if (!stack->cpu)
		return "switch-out";
	return stack->cpu->registers_source == CPU_REGISTERS_NOTE ? "cpu-note" : "inferred";
}

/* What is not certain of the CPU that the stack is of. */
static void cpu_notes(struct bt *bt)
{
	const struct stack *stack = &bt->stack;
	const struct cpu *cpu = stack->cpu;
	struct error why = { 0 };

	if (!stack->task || cpu->inferred_from)
		cpu_task_reason(bt->kernel, cpu, &why);
	if (stack->task && cpu->inferred_from)
		output_note(bt->output, "that CPU %u ran this task is inferred from %s: %s", cpu->number,
			    cpu->inferred_from, why.text);
	else if (!stack->task)
		output_note(bt->output, "CPU %u: %s", cpu->number, why.text);
	if (cpu->doubt)
		output_note(bt->output, "CPU %u: %s", cpu->number, cpu->doubt);
}

/* The rest of a row of bt_task_shape, of bt->stack. */
static bool show_stack(struct bt *bt)
{
	const struct stack *stack = &bt->stack;
	const char *end = bt_end(bt);

	output_string(bt->output, CELL_SOURCE, registers_source(stack));
	output_bool(bt->output, CELL_COMPLETE, !end, NULL);
	if (stack->cpu)
		cpu_notes(bt);
	if (stack->cpu && stack->registers_known && stack->cpu->registers_source != CPU_REGISTERS_NOTE)
		output_note(
			bt->output,
			"no registers of CPU %u were saved in the dump; this is its task's last "
			"switch-out, inferred and stale",
			stack->cpu->number);
	else if (stack->cpu && stack->count)
		bt_cpu_registers(bt, &stack->frames[0]);
	bt_frames(bt, false);
	if (end)
		return output_string(bt->output, CELL_END, end);
	return true;
}

bool bt_task(struct bt *bt, const struct task *task)
{
	if (!output_row(bt->output))
		return false;
	bt_unwind(bt, task);
	task_cells(bt->output, task);
	return show_stack(bt);
}

bool bt_cpu(struct bt *bt, const struct cpu *cpu)
{
	if (!output_row(bt->output))
		return false;
	bt_unwind_cpu(bt, cpu);
	task_cells_cpu(bt->output, cpu->number);
	return show_stack(bt);
}
