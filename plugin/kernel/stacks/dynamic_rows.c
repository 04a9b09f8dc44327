// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/stacks/dynamic_rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "kernel/stacks/unwind_table.h"

#define MAX_ROWS 4000000

struct rows {
	struct kernel *kernel;
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

/* The state where a function starts: the return address is on top of the stack. */
static const struct orc_row at_start = { .type = ORC_TYPE_FRAME, .sp_base = ORC_BASE_SP, .sp_offset = 8 };
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
		put(rows, code->start + (end - code->origin), &at_start);
	} else {
		put(rows, code->start, &nothing_known);
	}
}

/* --- kprobes --- */

/* How many bytes of CODE are an instruction before a jump to BACK + that many; 0 = none. */
static uint64_t copied_length(const struct dynamic_code *code, const uint8_t *bytes, size_t size)
{
	for (size_t length = 1; length < 16 && length + 5 <= size; length++) {
		int32_t distance;

		if (bytes[length] != 0xe9)
			continue;
		memcpy(&distance, bytes + length + 1, 4);
		if (code->start + length + 5 + (int64_t)distance == code->origin + length)
			return length;
	}
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
		length = copied_length(code, bytes, size);
	if (!length)
		return;
	row = row_at(rows, code->origin + length);
	put(rows, code->start + length, &row);
}

/*
 * The instructions of which optprobe_template_entry (arch/x86/kernel/kprobes/opt.c) consists: how long the one at BYTES is,
 * and by how much the stack grows. 0 = another one.
 */
static size_t template_instruction(const uint8_t *bytes, size_t size, int *push_ret)
{
	static const struct {
		uint8_t length, prefix_length, prefix[4];
		int8_t push;
	} list[] = {
		{ 2, 1, { 0x6a }, 8 },				/* push imm8 */
		{ 5, 1, { 0x68 }, 8 },				/* push imm32 */
		{ 1, 1, { 0x9c }, 8 }, { 1, 1, { 0x9d }, -8 },	/* pushf, popf */
		{ 3, 3, { 0x0f, 0x01, 0xca }, 0 },		/* clac */
		{ 3, 3, { 0x0f, 0x1f, 0x00 }, 0 }, { 1, 1, { 0x90 }, 0 }, { 2, 2, { 0x66, 0x90 }, 0 },	/* nop */
		{ 5, 3, { 0x0f, 0x1f, 0x44 }, 0 },
		{ 3, 3, { 0x48, 0x89, 0xe6 }, 0 },		/* mov rsi, rsp */
		{ 10, 2, { 0x48, 0xbf }, 0 },			/* mov rdi, imm64 */
		{ 5, 1, { 0xe8 }, 0 },				/* call */
		{ 8, 4, { 0x48, 0x8b, 0x94, 0x24 }, 0 }, { 8, 4, { 0x48, 0x89, 0x94, 0x24 }, 0 },	/* mov with [rsp+n] */
		{ 5, 4, { 0x48, 0x8b, 0x54, 0x24 }, 0 }, { 5, 4, { 0x48, 0x89, 0x54, 0x24 }, 0 },
	};

	*push_ret = 0;
	if (size < 10)
		return 0;
	if ((bytes[0] & 0xf0) == 0x50) {
		*push_ret = bytes[0] & 8 ? -8 : 8;
		return 1;
	}
	if (bytes[0] == 0x41 && (bytes[1] & 0xf0) == 0x50) {
		*push_ret = bytes[1] & 8 ? -8 : 8;
		return 2;
	}
	if (bytes[0] == 0x48 && bytes[1] == 0x83 && (bytes[2] == 0xec || bytes[2] == 0xc4)) {
		*push_ret = bytes[2] == 0xec ? bytes[3] : -(int)bytes[3];
		return 4;
	}
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (memcmp(bytes, list[i].prefix, list[i].prefix_length) == 0) {
			*push_ret = list[i].push;
			return list[i].length;
		}
	return 0;
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
	int depth = 0, push;
	bool called = false;

	put(rows, code->start, &base);
	if (!memory_read(rows->kernel->memory, code->start, bytes, size, NULL)) {
		put(rows, code->start, &nothing_known);
		return;
	}
	do {
		length = template_instruction(bytes + at, size - at, &push);
		if (!length || depth + push < 0)
			break;
		/*
		 * The last byte of a call is where its return address is looked up; gdb looks at that itself, too. Until
		 * the first of them is popped the registers are where they were.
		 */
		called |= bytes[at] == 0xe8;
		if (bytes[at] == 0xe8)
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

static const struct orc_row with_rbp = { .type = ORC_TYPE_FRAME, .sp_base = ORC_BASE_BP, .sp_offset = 16,
					 .bp_base = ORC_BASE_PREV_SP, .bp_offset = -16 };

/*
 * The frame is set up by `push rbp; mov rbp, rsp' among the first instructions, and taken down by a `leave' before
 * each return, or jump to one: those are looked for, an immediate that looks the same is not likely.
 */
#define PROLOGUE_SIZE 48

static bool is_leave(const uint8_t *bytes, size_t left)
{
	if (left < 2 || bytes[0] != 0xc9)
		return false;
	bytes++;
	left--;
	if (left > 4 && memcmp(bytes, "\x48\x83\xc4\x08", 4) == 0) {	/* a trampoline skips the function it was called in */
		bytes += 4;
		left -= 4;
	}
	return (bytes[0] == 0xc3 && (left == 1 || bytes[1] == 0xcc)) || (bytes[0] == 0xe9 && left >= 5);
}

static size_t leave_length(const uint8_t *bytes)
{
	size_t skip = bytes[1] == 0x48 ? 5 : 1;

	return skip + (bytes[skip] == 0xe9 ? 5 : 1);
}

static void bpf_rows(struct rows *rows, const struct dynamic_code *code)
{
	static const uint8_t set_up[] = { 0x55, 0x48, 0x89, 0xe5 };
	const struct orc_row pushed = { .type = ORC_TYPE_FRAME, .sp_base = ORC_BASE_SP, .sp_offset = 16,
					.bp_base = ORC_BASE_PREV_SP, .bp_offset = -16 };
	size_t size = code->end - code->start, start;
	uint8_t *bytes = malloc(size);

	if (!bytes || !memory_read(rows->kernel->memory, code->start, bytes, size, NULL)) {
		free(bytes);
		put(rows, code->start, &with_rbp);
		return;
	}
	for (start = 0; start + 4 <= size && start < PROLOGUE_SIZE; start++)
		if (memcmp(bytes + start, set_up, 4) == 0)
			break;
	if (start + 4 > size || start >= PROLOGUE_SIZE) {
		put(rows, code->start, &with_rbp);
		free(bytes);
		return;
	}
	put(rows, code->start, &at_start);
	put(rows, code->start + start + 1, &pushed);
	put(rows, code->start + start + 4, &with_rbp);
	for (size_t i = start + 4; i < size; i++)
		if (is_leave(bytes + i, size - i)) {
			put(rows, code->start + i + 1, &at_start);
			i += leave_length(bytes + i) - 1;
			put(rows, code->start + i + 1, &with_rbp);
		}
	free(bytes);
}

/* --- all --- */

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
		put(rows, code->start, &at_start);
		break;
	case DYNAMIC_BPF_PACK:
		put(rows, code->start, &with_rbp);
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
	struct rows rows = { .kernel = kernel };

	if (kept || !codes)
		return kept;
	for (size_t i = 0; i < codes->count; i++)
		code_rows(&rows, &codes->list[i]);
	kept = malloc(sizeof(*kept));
	if (rows.failed || !kept) {
		orc_free(&rows.table);
		free(kept);
		return NULL;
	}
	*kept = rows.table;
	return kernel_keep(kernel, &rows_slot, kept, NULL) ? kept : NULL;
}
