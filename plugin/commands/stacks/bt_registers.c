// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The registers that an exception, an interrupt or a system call saved on the stack, laid out as
 * crash does. Which there are, and in which order, comes from the machine's tables.
 */
#include "commands/stacks/bt.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "kernel/stacks/bad_pointer.h"

enum { CELL_ADDRESS, CELL_USER, CELL_PLACE, FIRST_REGISTER };

/* The system call's number or an error code: in pt_regs, not in the machine's table. */
#define ORIG_REGISTER -2

static void add_register(struct register_block *block, const char *key, const char *label,
			 int index)
{
	size_t at = block->count++;
	size_t nth = at - FIRST_REGISTER;

	snprintf(block->titles[at], sizeof(block->titles[at]), "%s%s: %%", nth % 3 ? "" : "\n    ",
		 label);
	block->columns[at] = (struct column){ key, block->titles[at], 0, COLUMN_ADDRESS };
	block->registers[at] = index;
}

static bool is_saved(const struct arch *arch, int index)
{
	for (unsigned i = 0; i < arch->nr_saved; i++)
		if (arch->saved[i].index == index)
			return true;
	return !arch->nr_saved;
}

/* A machine without an order of its own: pc and sp, then all others that entry code saves, as they come. */
static void add_in_order(struct register_block *block, const struct arch *arch)
{
	for (unsigned i = 0; i < arch->nr_registers + 2; i++) {
		int index = i == 0 ? (int)arch->pc : i == 1 ? (int)arch->sp : (int)i - 2;
		char label[16] = "";

		if (!is_saved(arch, index) || (i >= 2 && (index == (int)arch->pc || index == (int)arch->sp)) ||
		    !arch->registers[index].name || arch->registers[index].size > 8)
			continue;
		for (size_t c = 0; arch->registers[index].name[c] && c < sizeof(label) - 1; c++)
			label[c] = toupper((unsigned char)arch->registers[index].name[c]);
		add_register(block, arch->registers[index].name, label, index);
	}
}

/* Two variants of the block: without the place, and also without what only a struct pt_regs has. */
static void make_shapes(struct register_block *block)
{
	const unsigned nobody = COLUMN_TEXT_ONLY | COLUMN_JSON_ONLY;

	memcpy(block->user_columns, block->columns, sizeof(block->columns));
	block->user_columns[CELL_PLACE].flags = nobody;
	block->user_columns[FIRST_REGISTER].title++;	/* the block begins with it: no newline */
	memcpy(block->cpu_columns, block->user_columns, sizeof(block->columns));
	block->cpu_columns[CELL_ADDRESS].flags = nobody;
	for (size_t i = FIRST_REGISTER; i + 1 < block->count; i++) {
		if (block->registers[i] != ORIG_REGISTER)
			continue;
		block->cpu_columns[i].flags = nobody;
		snprintf(block->first_title, sizeof(block->first_title), "\n    %.16s",
			 block->titles[i + 1]);
		block->cpu_columns[i + 1].title = block->first_title;
	}
	block->kernel_shape =
		(struct shape){ "saved_registers", SHAPE_RECORD, block->columns, block->count };
	block->user_shape = (struct shape){ "saved_registers", SHAPE_RECORD, block->user_columns,
					    block->count };
	block->cpu_shape =
		(struct shape){ "registers", SHAPE_RECORD, block->cpu_columns, block->count };
}

/* "    [exception RIP: %]", with the machine's name for its pc. */
static const char *place_title(struct register_block *block, const struct arch *arch)
{
	char *title = block->titles[CELL_PLACE], name[5];

	snprintf(name, sizeof(name), "%s", arch->registers[arch->pc].name);
	for (char *c = name; *c; c++)
		*c = toupper((unsigned char)*c);
	snprintf(title, sizeof(block->titles[CELL_PLACE]), "    [exception %s: %%]", name);
	return title;
}

void bt_registers_init(struct bt *bt)
{
	const struct arch *arch = bt->kernel->arch;
	struct register_block *block = &bt->block;

	block->columns[CELL_ADDRESS] =
		(struct column){ "address", "", 0, COLUMN_JSON_ONLY | COLUMN_ADDRESS };
	block->columns[CELL_USER] = (struct column){ "user", "", 0, COLUMN_JSON_ONLY };
	block->columns[CELL_PLACE] = (struct column){ "place", place_title(block, arch), 0,
						      COLUMN_TEXT_ONLY | COLUMN_FUNCTION };
	block->count = FIRST_REGISTER;
	if (!arch->shown)
		add_in_order(block, arch);
	for (const struct arch_label *shown = arch->shown; shown && shown->label; shown++) {
		if (shown->member)
			block->orig_member = shown->member;
		add_register(block, shown->member ? shown->key : arch->registers[shown->index].name, shown->label,
			     shown->member ? ORIG_REGISTER : shown->index);
	}
	make_shapes(block);
}

static void register_cell(struct bt *bt, size_t column, uint64_t value, unsigned bytes)
{
	const char *key = bt->block.columns[column].key;
	/* Segment registers are saved in 8 bytes and hold 2. */
	int digits = 2 * bt->kernel->arch->pointer_size;

	if (bytes == 4)
		digits = value <= 0xffff && (key[0] != 'e' || !key[2]) ? 4 : 8;
	output_uint_as(bt->output, column, value, "%0*lx", digits, value);
}

static void register_cells(struct bt *bt, const struct frame *frame)
{
	const struct arch *arch = bt->kernel->arch;
	const struct register_block *block = &bt->block;

	output_bool(bt->output, CELL_USER, frame->kind == FRAME_USER, NULL);
	for (size_t i = FIRST_REGISTER; i < block->count; i++) {
		int index = block->registers[i];
		uint64_t value;

		if (index == ORIG_REGISTER) {
			if (frame->regs_address &&
			    kernel_read_member(bt->kernel, frame->regs_address, "pt_regs",
					       block->orig_member, &value, NULL))
				register_cell(bt, i, value, 8);
		} else if (frame->registers.valid >> index & 1) {
			register_cell(bt, i, frame->registers.value[index],
				      arch->registers[index].size);
		}
	}
}

bool bt_registers(struct bt *bt, const struct frame *frame)
{
	bool user = frame->kind == FRAME_USER;
	char text[256];

	if (user || !bad_pointer(bt->kernel, frame->pc, frame->sp, text, sizeof(text)))
		bt_place_text(bt_place(bt, frame->pc, false), frame->pc, text, sizeof(text));

	output_begin(bt->output, user ? &bt->block.user_shape : &bt->block.kernel_shape);
	if (frame->regs_address)
		output_address(bt->output, CELL_ADDRESS, frame->regs_address);
	if (!user)
		output_string(bt->output, CELL_PLACE, text);
	register_cells(bt, frame);
	return output_end(bt->output);
}

bool bt_cpu_registers(struct bt *bt, const struct frame *frame)
{
	output_begin(bt->output, &bt->block.cpu_shape);
	register_cells(bt, frame);
	return output_end(bt->output);
}
