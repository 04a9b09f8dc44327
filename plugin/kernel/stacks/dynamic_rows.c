// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/stacks/dynamic_rows.h"

#include <stdlib.h>
#include <string.h>

#include "arch/instructions.h"
#include "base/array.h"
#include "kernel/stacks/unwind_table.h"

#define MAX_ROWS 4000000

struct rows {
	struct kernel *kernel;
	const struct arch_instructions *instructions;
	struct orc_row at_start;	/* the return address is on top of the stack */
	struct orc_row pushed, with_fp;	/* the frame pointer is there, too; it leads there */
	struct orc_table table;
	size_t addresses_capacity, rows_capacity;
	bool failed;
};

static void free_rows(void *value)
{
	struct orc_table *table = value;

	orc_free(table);
	free(table);
}

static const struct kernel_slot rows_slot = { free_rows };

static const struct orc_row nothing_known = { .type = ORC_TYPE_UNKNOWN };

/* From ADDRESS on ROW holds. A row at the last one's address takes its place. */
static void put(struct rows *rows, uint64_t address, const struct orc_row *row)
{
	struct orc_table *table = &rows->table;
	uint64_t *addresses;
	struct orc_row *list;

	if (table->count && table->addresses[table->count - 1] == address)
		table->count--;
	if (rows->failed || table->count >= MAX_ROWS ||
	    (table->count && table->addresses[table->count - 1] > address))
		return;
	addresses = array_room(table->addresses, table->count, &rows->addresses_capacity, sizeof(*addresses),
			       "rows", NULL);
	if (addresses)
		table->addresses = addresses;
	list = array_room(table->rows, table->count, &rows->rows_capacity, sizeof(*list), "rows", NULL);
	if (list)
		table->rows = list;
	if (!addresses || !list) {
		rows->failed = true;
		return;
	}
	addresses[table->count] = address;
	list[table->count++] = *row;
}

/* As ROW, with DEPTH more bytes on the stack. */
static struct orc_row deeper(const struct orc_row *row, int64_t depth)
{
	struct orc_row result = *row;

	if (depth && row->sp_base == ORC_BASE_SP)
		result.sp_offset += depth;
	else if (depth && row->sp_base == ORC_BASE_SP_INDIRECT)
		result.type = ORC_TYPE_UNKNOWN;
	return result;
}

/* The row of the kernel's or a module's code at ADDRESS. */
static struct orc_row row_at(struct rows *rows, uint64_t address)
{
	const struct orc_table *table = unwind_table(rows->kernel, address, NULL);
	const struct orc_row *row = table ? orc_find(table, address) : NULL;

	return row ? *row : nothing_known;
}

/* LENGTH bytes of code at ADDRESS are a copy of those at ORIGINAL. */
static void put_copy(struct rows *rows, uint64_t address, uint64_t original, uint64_t length)
{
	const struct orc_table *table = unwind_table(rows->kernel, original, NULL);
	struct orc_row row = row_at(rows, original);
	size_t i;

	put(rows, address, &row);
	if (!table)
		return;
	i = array_up_to(table->addresses, table->count, sizeof(*table->addresses), 0, original);
	for (; i < table->count && table->addresses[i] - original < length; i++)
		put(rows, address + (table->addresses[i] - original), &table->rows[i]);
}

/* --- ftrace --- */

/* Behind the copy there are a return, or a jump to one, and the ops' address. */
static void ftrace_rows(struct rows *rows, const struct dynamic_code *code)
{
	const char *end_name = "ftrace_caller_end";
	uint64_t regs_caller = 0, end;

	kernel_symbol(rows->kernel, "ftrace_regs_caller", &regs_caller, NULL);
	if (code->origin && code->origin == regs_caller)
		end_name = "ftrace_regs_caller_end";
	if (!code->origin || !kernel_symbol(rows->kernel, end_name, &end, NULL) || end < code->origin ||
	    end - code->origin > code->end - code->start)
		end = code->origin;
	if (end > code->origin) {
		put_copy(rows, code->start, code->origin, end - code->origin);
		put(rows, code->start + (end - code->origin), &rows->at_start);
	} else {
		put(rows, code->start, &nothing_known);
	}
}

/* --- kprobes --- */

/* Is the instruction at AT, of CODE whose bytes these are, a branch? */
static bool branch_at(struct rows *rows, const struct dynamic_code *code, const uint8_t *bytes, size_t size, size_t at,
		      struct arch_branch *branch)
{
	return rows->instructions->next_branch(bytes, size, code->start, at, branch) && branch->at == at;
}

/* How many bytes of CODE are an instruction before a jump to BACK + that many; 0 = none. */
static uint64_t copied_length(struct rows *rows, const struct dynamic_code *code, const uint8_t *bytes, size_t size)
{
	struct arch_branch branch;

	for (size_t length = 1; length <= rows->instructions->longest && length < size; length++)
		if (branch_at(rows, code, bytes, size, length, &branch) && !branch.call && branch.target == code->origin + length)
			return length;
	return 0;
}

/* One instruction of another place; before it all is as before it there, and behind it as behind it. */
static void kprobe_rows(struct rows *rows, const struct dynamic_code *code)
{
	size_t size = code->end - code->start < 32 ? code->end - code->start : 32;
	struct orc_row row = row_at(rows, code->origin);
	uint8_t bytes[32];
	uint64_t length = code->length;

	put(rows, code->start, &row);
	if (!length && memory_read(rows->kernel->memory, code->start, bytes, size, NULL))
		length = copied_length(rows, code, bytes, size);
	if (!length)
		return;
	row = row_at(rows, code->origin + length);
	put(rows, code->start + length, &row);
}

/*
 * At the call the pt_regs is complete, and optimized_callback has filled in the rest: the probed function goes on from there.
 * Everywhere else the slot stands in for it, with so much more on the stack.
 */
static void optprobe_rows(struct rows *rows, const struct dynamic_code *code)
{
	const struct orc_row regs = { .type = ORC_TYPE_PT_REGS, .sp_base = ORC_BASE_SP,
				      .signal = true };
	struct orc_row base = row_at(rows, code->origin), row;
	size_t size = code->end - code->start < 512 ? code->end - code->start : 512, at = 0, length;
	uint8_t bytes[512];
	struct arch_branch branch;
	int depth = 0, push;
	bool called = false, call;

	put(rows, code->start, &base);
	if (!memory_read(rows->kernel->memory, code->start, bytes, size, NULL)) {
		put(rows, code->start, &nothing_known);
		return;
	}
	do {
		length = rows->instructions->probe_instruction(bytes + at, size - at, &push);
		if (!length || depth + push < 0)
			break;
		/*
		 * The last byte of a call is where its return address is looked up; gdb looks at that itself, too. Until
		 * the first of them is popped the registers are where they were.
		 */
		call = branch_at(rows, code, bytes, size, at, &branch) && branch.call;
		called |= call;
		if (call)
			put(rows, code->start + at + length - 1, &regs);
		at += length;
		depth += push;
		row = deeper(&base, depth);
		if (!called || push)
			put(rows, code->start + at, &row);
	} while (depth);
	if (depth) {
		put(rows, code->start + at, &nothing_known);
		return;
	}
	put_copy(rows, code->start + at, code->origin, code->length);
	row = row_at(rows, code->origin + code->length);
	put(rows, code->start + at + code->length, &row);
}

/* --- BPF --- */

static void bpf_rows(struct rows *rows, const struct dynamic_code *code)
{
	size_t size = code->end - code->start, pushed, set, gone, length;
	uint8_t *bytes = malloc(size);

	if (!bytes || !memory_read(rows->kernel->memory, code->start, bytes, size, NULL) ||
	    !rows->instructions->bpf_frame(bytes, size, &pushed, &set)) {
		free(bytes);
		put(rows, code->start, &rows->with_fp);
		return;
	}
	put(rows, code->start, &rows->at_start);
	put(rows, code->start + pushed, &rows->pushed);
	put(rows, code->start + set, &rows->with_fp);
	for (size_t i = set; i < size; i++) {
		length = rows->instructions->bpf_leave(bytes + i, size - i, &gone);
		if (!length)
			continue;
		put(rows, code->start + i + gone, &rows->at_start);
		i += length - 1;
		put(rows, code->start + i + 1, &rows->with_fp);
	}
	free(bytes);
}

/* --- all --- */

/* What compiled code without a frame of its own, or with one, has on the stack; see struct arch. */
static void common_rows(struct rows *rows)
{
	const struct arch *arch = rows->kernel->arch;
	int word = arch->pointer_size, record = arch->record_pc + word;

	rows->at_start = (struct orc_row){ .type = ORC_TYPE_FRAME, .sp_base = ORC_BASE_SP, .sp_offset = word };
	rows->pushed = (struct orc_row){ .type = ORC_TYPE_FRAME, .sp_base = ORC_BASE_SP, .sp_offset = record,
					 .bp_base = ORC_BASE_PREV_SP, .bp_offset = arch->record_fp - record };
	rows->with_fp = rows->pushed;
	rows->with_fp.sp_base = ORC_BASE_BP;
}

static void code_rows(struct rows *rows, const struct dynamic_code *code)
{
	switch (code->kind) {
	case DYNAMIC_FTRACE:
		ftrace_rows(rows, code);
		break;
	case DYNAMIC_KPROBE:
		kprobe_rows(rows, code);
		break;
	case DYNAMIC_OPTPROBE:
		optprobe_rows(rows, code);
		break;
	case DYNAMIC_BPF:
		bpf_rows(rows, code);
		break;
	case DYNAMIC_BPF_DISPATCHER:
	case DYNAMIC_THUNKS:
		put(rows, code->start, &rows->at_start);
		break;
	case DYNAMIC_BPF_PACK:
		put(rows, code->start, &rows->with_fp);
		break;
	case DYNAMIC_PAGE:
		put(rows, code->start, &nothing_known);
		break;
	}
	put(rows, code->end, &nothing_known);
}

const struct orc_table *dynamic_rows(struct kernel *kernel)
{
	const struct dynamic_codes *codes = dynamic_codes_get(kernel);	/* first: it may ask here itself */
	struct orc_table *kept = kernel_kept(kernel, &rows_slot);
	struct rows rows = { .kernel = kernel, .instructions = kernel->arch->instructions };

	if (kept || !codes)
		return kept;
	common_rows(&rows);
	for (size_t i = 0; i < codes->count; i++) {
		if (rows.instructions) {
			code_rows(&rows, &codes->list[i]);
			continue;
		}
		put(&rows, codes->list[i].start, &nothing_known);
		put(&rows, codes->list[i].end, &nothing_known);
	}
	kept = malloc(sizeof(*kept));
	if (rows.failed || !kept) {
		orc_free(&rows.table);
		free(kept);
		return NULL;
	}
	*kept = rows.table;
	return kernel_keep(kernel, &rows_slot, kept, NULL) ? kept : NULL;
}
