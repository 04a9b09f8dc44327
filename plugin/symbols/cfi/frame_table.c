// SPDX-License-Identifier: GPL-3.0-or-later
/* Reading .debug_frame; see frame_table.h. */
#include "symbols/cfi/frame_table.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cursor.h"

#define MAX_ENTRIES 4000000	/* a kernel has some 60,000 functions */
#define MAX_REMEMBERED 8	/* DW_CFA_remember_state nests once in what compilers write */

struct cie {
	size_t offset;			/* of the entry, which FDEs name */
	uint64_t code_align;
	int64_t data_align;
	unsigned return_column;
	bool signal;
	const uint8_t *program, *end;
};

struct fde {
	uint64_t start, end;
	size_t cie;			/* index */
	const uint8_t *program, *program_end;
};

struct frame_table {
	unsigned address_size;
	bool big_endian;
	struct cie *cies;
	size_t nr_cies, cies_capacity;
	struct fde *fdes;		/* sorted by start */
	size_t nr_fdes, fdes_capacity;
	unsigned sp;			/* for the switches */
	const struct frame_switch *switches;
	size_t nr_switches;
};

/* --- entries --- */

/* Augmentations that add nothing but a letter: "" and "S". */
static bool read_cie(struct frame_table *table, struct cursor *cursor, size_t offset, struct error *error)
{
	struct cie cie = { .offset = offset }, *cies;
	unsigned version = cursor_uint(cursor, 1);
	const uint8_t *text = cursor->at;

	while (!cursor->failed && cursor_uint(cursor, 1))
		;
	if (cursor->failed || (version != 1 && version != 3 && version != 4) ||
	    (strcmp((const char *)text, "") != 0 && strcmp((const char *)text, "S") != 0))
		return true;
	cie.signal = text[0] == 'S';
	if (version == 4 && (cursor_uint(cursor, 1) != table->address_size || cursor_uint(cursor, 1) != 0))
		return true;
	cie.code_align = cursor_uleb(cursor);
	cie.data_align = cursor_sleb(cursor);
	cie.return_column = version == 1 ? cursor_uint(cursor, 1) : cursor_uleb(cursor);
	cie.program = cursor->at;
	cie.end = cursor->end;
	if (cursor->failed || cie.return_column >= FRAME_MAX_REGISTERS)
		return true;
	cies = array_room(table->cies, table->nr_cies, &table->cies_capacity, sizeof(*cies),
			  "call frame information", error);
	if (!cies)
		return false;
	table->cies = cies;
	table->cies[table->nr_cies++] = cie;
	return true;
}

/* The CIEs come in order of their offsets, mostly one. */
static bool find_cie(const struct frame_table *table, uint64_t offset, size_t *index_ret)
{
	for (size_t i = table->nr_cies; i > 0; i--)
		if (table->cies[i - 1].offset == offset) {
			*index_ret = i - 1;
			return true;
		}
	return false;
}

static bool read_fde(struct frame_table *table, struct cursor *cursor, uint64_t cie, struct error *error)
{
	struct fde fde = { 0 }, *fdes;
	uint64_t size;

	if (!find_cie(table, cie, &fde.cie))
		return true;
	fde.start = cursor_uint(cursor, table->address_size);
	size = cursor_uint(cursor, table->address_size);
	fde.end = fde.start + size;
	fde.program = cursor->at;
	fde.program_end = cursor->end;
	/* Start 0: of a function that the linker dropped. */
	if (cursor->failed || fde.end <= fde.start || fde.start == 0 || table->nr_fdes >= MAX_ENTRIES)
		return true;
	fdes = array_room(table->fdes, table->nr_fdes, &table->fdes_capacity, sizeof(*fdes),
			  "call frame information", error);
	if (!fdes)
		return false;
	table->fdes = fdes;
	table->fdes[table->nr_fdes++] = fde;
	return true;
}

static bool read_entries(struct frame_table *table, const uint8_t *data, size_t size, struct error *error)
{
	struct cursor whole = { .big_endian = table->big_endian, .at = data, .end = data + size };

	while (whole.end - whole.at >= 4) {
		size_t offset = whole.at - data;
		uint64_t length = cursor_uint(&whole, 4), id;
		bool wide = length == 0xffffffff;
		struct cursor entry;

		if (wide)
			length = cursor_uint(&whole, 8);
		if (whole.failed || length > (size_t)(whole.end - whole.at))
			break;
		entry = (struct cursor){ .big_endian = table->big_endian, .at = whole.at, .end = whole.at + length };
		whole.at += length;
		id = cursor_uint(&entry, wide ? 8 : 4);
		if (entry.failed)
			continue;
		if (!(id == (wide ? UINT64_MAX : 0xffffffff) ? read_cie(table, &entry, offset, error) :
			      read_fde(table, &entry, id, error)))
			return false;
	}
	return true;
}

static int compare_fdes(const void *a, const void *b)
{
	const struct fde *left = a, *right = b;

	return (left->start > right->start) - (left->start < right->start);
}

bool frame_table_open(const uint8_t *data, size_t size, unsigned address_size, bool big_endian,
		      struct frame_table **table_ret, struct error *error)
{
	struct frame_table *table = calloc(1, sizeof(*table));

	if (!table)
		return error_no_memory(error, "call frame information", sizeof(*table));
	table->address_size = address_size;
	table->big_endian = big_endian;
	if (!read_entries(table, data, size, error)) {
		frame_table_close(table);
		return false;
	}
	if (table->nr_fdes)
		qsort(table->fdes, table->nr_fdes, sizeof(*table->fdes), compare_fdes);
	*table_ret = table;
	return true;
}

void frame_table_close(struct frame_table *table)
{
	if (!table)
		return;
	free(table->cies);
	free(table->fdes);
	free(table);
}

/* The last one that starts at or before ADDRESS, and where the next one starts. */
static const struct fde *fde_at(const struct frame_table *table, uint64_t address, uint64_t *next_ret)
{
	size_t above = array_up_to(table->fdes, table->nr_fdes, sizeof(*table->fdes),
				   offsetof(struct fde, start), address);

	*next_ret = above < table->nr_fdes ? table->fdes[above].start : UINT64_MAX;
	return above && address < table->fdes[above - 1].end ? &table->fdes[above - 1] : NULL;
}

bool frame_table_covers(const struct frame_table *table, uint64_t address, uint64_t *end_ret)
{
	uint64_t next;
	const struct fde *fde = fde_at(table, address, &next);

	*end_ret = fde && fde->end < next ? fde->end : next;
	return fde;
}

/* --- rows --- */

struct program {
	const struct frame_table *table;
	struct cursor cursor;
	const struct cie *cie;
	uint64_t location, wanted;
	struct frame_row *row;
	const struct frame_row *initial;	/* what DW_CFA_restore goes back to; NULL in the CIE's own */
	struct frame_row *remembered;		/* [MAX_REMEMBERED] */
	unsigned nr_remembered;
	/* Of frame_table_each_row(): gets each row when it is complete; NULL: only the one at `wanted` counts. */
	frame_row_callback *callback;
	void *context;
};

/* A rule of a register that is not one of ours goes nowhere. */
static struct frame_rule *rule_of(struct program *program, uint64_t reg)
{
	static __thread struct frame_rule nowhere;

	return reg < FRAME_MAX_REGISTERS ? &program->row->rules[reg] : &nowhere;
}

static void set_rule(struct program *program, uint64_t reg, uint8_t kind, int64_t offset)
{
	*rule_of(program, reg) = (struct frame_rule){ .kind = kind, .offset = offset };
}

static void restore(struct program *program, uint64_t reg)
{
	if (program->initial && reg < FRAME_MAX_REGISTERS)
		*rule_of(program, reg) = program->initial->rules[reg];
}

static void set_expression(struct program *program, struct frame_rule *rule, uint8_t kind)
{
	rule->kind = kind;
	rule->offset = 0;
	rule->expression = cursor_block(&program->cursor, &rule->size);
}

/* True: the row that is wanted is complete, or no more are. */
static bool move_to(struct program *program, uint64_t location)
{
	uint64_t start = program->location;

	program->location = location;
	if (!program->callback)
		return location > program->wanted;
	return location > start && !program->callback(program->context, start, location, program->row);
}

static bool advance(struct program *program, uint64_t units)
{
	return move_to(program, program->location + units * program->cie->code_align);
}

static void define_cfa(struct program *program, uint64_t reg, int64_t offset)
{
	if (reg >= FRAME_MAX_REGISTERS)
		program->cursor.failed = true;
	program->row->cfa = (struct frame_rule){ .kind = FRAME_REGISTER, .reg = reg, .offset = offset };
}

static bool run_cfa(struct program *program, uint8_t code)
{
	struct cursor *cursor = &program->cursor;
	struct frame_rule *cfa = &program->row->cfa;
	int64_t align = program->cie->data_align;
	uint64_t reg;

	switch (code) {
	case DW_CFA_def_cfa:
		reg = cursor_uleb(cursor);
		define_cfa(program, reg, cursor_uleb(cursor));
		return true;
	case DW_CFA_def_cfa_sf:
		reg = cursor_uleb(cursor);
		define_cfa(program, reg, cursor_sleb(cursor) * align);
		return true;
	case DW_CFA_def_cfa_register:
		define_cfa(program, cursor_uleb(cursor), cfa->offset);
		return true;
	case DW_CFA_def_cfa_offset:
		cfa->offset = cursor_uleb(cursor);
		return true;
	case DW_CFA_def_cfa_offset_sf:
		cfa->offset = cursor_sleb(cursor) * align;
		return true;
	case DW_CFA_def_cfa_expression:
		set_expression(program, cfa, FRAME_IS_EXPRESSION);
		return true;
	}
	return false;
}

static bool run_rule(struct program *program, uint8_t code)
{
	struct cursor *cursor = &program->cursor;
	int64_t align = program->cie->data_align;
	uint64_t reg;

	if (code < DW_CFA_offset_extended)
		return false;
	reg = cursor_uleb(cursor);
	switch (code) {
	case DW_CFA_offset_extended:
		set_rule(program, reg, FRAME_AT_CFA, (int64_t)cursor_uleb(cursor) * align);
		return true;
	case DW_CFA_offset_extended_sf:
		set_rule(program, reg, FRAME_AT_CFA, cursor_sleb(cursor) * align);
		return true;
	case DW_CFA_GNU_negative_offset_extended:
		set_rule(program, reg, FRAME_AT_CFA, -(int64_t)cursor_uleb(cursor) * align);
		return true;
	case DW_CFA_val_offset:
		set_rule(program, reg, FRAME_IS_CFA, (int64_t)cursor_uleb(cursor) * align);
		return true;
	case DW_CFA_val_offset_sf:
		set_rule(program, reg, FRAME_IS_CFA, cursor_sleb(cursor) * align);
		return true;
	case DW_CFA_register:
		set_rule(program, reg, FRAME_REGISTER, 0);
		rule_of(program, reg)->reg = cursor_uleb(cursor);
		return true;
	case DW_CFA_expression:
	case DW_CFA_val_expression:
		set_expression(program, rule_of(program, reg),
			       code == DW_CFA_expression ? FRAME_AT_EXPRESSION : FRAME_IS_EXPRESSION);
		return true;
	case DW_CFA_restore_extended:
		restore(program, reg);
		return true;
	case DW_CFA_undefined:
	case DW_CFA_same_value:
		set_rule(program, reg, code == DW_CFA_undefined ? FRAME_UNDEFINED : FRAME_SAME, 0);
		return true;
	}
	return false;
}

/* False: not one of these. *DONE_RET: the row is complete. */
static bool run_advance(struct program *program, uint8_t code, bool *done_ret)
{
	struct cursor *cursor = &program->cursor;

	switch (code) {
	case DW_CFA_advance_loc1:
		*done_ret = advance(program, cursor_uint(cursor, 1));
		return true;
	case DW_CFA_advance_loc2:
		*done_ret = advance(program, cursor_uint(cursor, 2));
		return true;
	case DW_CFA_advance_loc4:
		*done_ret = advance(program, cursor_uint(cursor, 4));
		return true;
	case DW_CFA_set_loc:
		*done_ret = move_to(program, cursor_uint(cursor, program->table->address_size));
		return true;
	}
	return false;
}

/* DW_CFA_AARCH64_negate_ra_state, a signed return address: whoever uses the address knows what to do with any. */
#define NEGATE_RA_STATE 0x2d

static bool run_other(struct program *program, uint8_t code)
{
	switch (code) {
	case DW_CFA_nop:
	case NEGATE_RA_STATE:
		return true;
	case DW_CFA_GNU_args_size:
		cursor_uleb(&program->cursor);
		return true;
	case DW_CFA_remember_state:
		if (program->nr_remembered == MAX_REMEMBERED)
			return false;
		program->remembered[program->nr_remembered++] = *program->row;
		return true;
	case DW_CFA_restore_state:
		if (!program->nr_remembered)
			return false;
		*program->row = program->remembered[--program->nr_remembered];
		return true;
	}
	return run_cfa(program, code) || run_rule(program, code);
}

/* Runs up to the address that is wanted. */
static bool run(struct program *program)
{
	struct cursor *cursor = &program->cursor;
	bool done = false;

	while (!done && cursor->at < cursor->end && !cursor->failed) {
		uint8_t code = cursor_uint(cursor, 1), low = code & 0x3f;

		switch (code & 0xc0) {
		case DW_CFA_advance_loc:
			done = advance(program, low);
			break;
		case DW_CFA_offset:
			set_rule(program, low, FRAME_AT_CFA,
				 (int64_t)cursor_uleb(cursor) * program->cie->data_align);
			break;
		case DW_CFA_restore:
			restore(program, low);
			break;
		default:
			if (!run_advance(program, code, &done) && !run_other(program, code))
				return false;
		}
	}
	return !cursor->failed;
}

/* Runs the CIE's instructions, then the FDE's; PROGRAM has the row and what is wanted. */
static bool run_entry(const struct frame_table *table, const struct fde *fde, struct program *program)
{
	struct frame_row remembered[MAX_REMEMBERED], initial, *row = program->row;
	frame_row_callback *callback = program->callback;

	program->table = table;
	program->remembered = remembered;
	program->cie = &table->cies[fde->cie];
	program->location = fde->start;
	memset(row, 0, sizeof(*row));
	row->return_column = program->cie->return_column;
	row->signal = program->cie->signal;
	program->cursor = (struct cursor){ .big_endian = table->big_endian,
					   .at = program->cie->program, .end = program->cie->end };
	program->callback = NULL;
	program->initial = NULL;
	if (!run(program))
		return false;
	initial = *row;
	program->initial = &initial;
	program->nr_remembered = 0;
	program->location = fde->start;
	program->cursor = (struct cursor){ .big_endian = table->big_endian, .at = fde->program, .end = fde->program_end };
	program->callback = callback;
	return run(program);
}

/* --- stack switches --- */

void frame_table_set_switches(struct frame_table *table, unsigned sp, const struct frame_switch *switches, size_t count)
{
	table->sp = sp;
	table->switches = switches;
	table->nr_switches = count;
}

/* The first that ends behind ADDRESS; NULL = none. */
static const struct frame_switch *next_switch(const struct frame_table *table, uint64_t address)
{
	size_t above;

	if (!table->nr_switches)
		return NULL;
	above = array_up_to(table->switches, table->nr_switches, sizeof(*table->switches), offsetof(struct frame_switch, start),
			    address);
	if (above && address < table->switches[above - 1].end)
		return &table->switches[above - 1];
	return above < table->nr_switches ? &table->switches[above] : NULL;
}

static void apply_switch(const struct frame_table *table, const struct frame_switch *found, struct frame_row *row)
{
	row->switches = true;
	if (row->cfa.kind != FRAME_REGISTER || row->cfa.reg != table->sp)
		return;	/* it has a frame pointer */
	if (found->cfa.kind == FRAME_REGISTER || found->cfa.kind == FRAME_REGISTER_AT) {
		row->cfa.kind = found->cfa.kind;
		row->cfa.reg = found->cfa.reg;
	} else {
		row->cfa = found->cfa;
	}
}

bool frame_table_row(const struct frame_table *table, uint64_t address, struct frame_row *row)
{
	struct program program = { .wanted = address, .row = row };
	const struct frame_switch *found = next_switch(table, address);
	uint64_t next;
	const struct fde *fde = fde_at(table, address, &next);

	if (!fde || !run_entry(table, fde, &program) || row->cfa.kind == FRAME_UNNAMED)
		return false;
	if (found && found->start <= address)
		apply_switch(table, found, row);
	return true;
}

static bool each_row_of(const struct frame_table *table, const struct fde *fde, frame_row_callback *callback, void *context)
{
	struct frame_row row;
	struct program program = { .wanted = UINT64_MAX, .row = &row, .callback = callback, .context = context };

	return !run_entry(table, fde, &program) || program.location >= fde->end ||
	       callback(context, program.location, fde->end, &row);
}

void frame_table_each_row(const struct frame_table *table, frame_row_callback *callback, void *context)
{
	for (size_t i = 0; i < table->nr_fdes; i++)
		if (!each_row_of(table, &table->fdes[i], callback, context))
			return;
}

struct splitting {
	const struct frame_table *table;
	frame_row_callback *callback;
	void *context;
};

/* A row in its parts before, in and behind the switches. */
static bool split_row(void *context, uint64_t start, uint64_t end, const struct frame_row *row)
{
	const struct splitting *splitting = context;

	while (start < end) {
		const struct frame_switch *found = next_switch(splitting->table, start);
		bool inside = found && found->start <= start;
		uint64_t until = !found ? end : inside ? found->end : found->start;
		struct frame_row part = *row;

		if (until > end)
			until = end;
		if (inside)
			apply_switch(splitting->table, found, &part);
		if (!splitting->callback(splitting->context, start, until, &part))
			return false;
		start = until;
	}
	return true;
}

void frame_table_each_switched_row(const struct frame_table *table, bool all, frame_row_callback *callback, void *context)
{
	struct splitting splitting = { table, callback, context };

	for (size_t i = 0; i < table->nr_fdes; i++) {
		const struct frame_switch *found = next_switch(table, table->fdes[i].start);

		if ((all || (found && found->start < table->fdes[i].end)) && !each_row_of(table, &table->fdes[i], split_row, &splitting))
			return;
	}
}
