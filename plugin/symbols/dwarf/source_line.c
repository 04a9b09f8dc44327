// SPDX-License-Identifier: GPL-3.0-or-later
#include "symbols/dwarf/source_line.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* What gdb's lnp_state_machine::record_line remembers of the rows before, in one sequence. */
struct state {
	const char *file; /* of the last row that was kept; NULL = none was */
	int line;
	uint64_t address;	/* of the row before */
	bool statement;		/* a row at that address begins a statement */
	int discriminated_line; /* of the row before */
	bool discriminated;	/* a row of this run of one line has a discriminator */
	struct source_row last; /* of the sequence before, with the address of its end */
};

static bool push(struct source_rows *rows, const struct source_row *row)
{
	struct source_row *list = array_room(rows->list, rows->count, &rows->capacity,
					     sizeof(*list), "line tables", NULL);

	if (!list)
		return false;
	rows->list = list;
	list[rows->count++] = *row;
	return true;
}

/* Takes ROW, which has a line, in if gdb does. */
static bool keep(struct source_rows *rows, struct state *state, const struct source_row *row)
{
	bool other_file = !state->file || strcmp(state->file, row->file);

	/* It would hide a statement of another file. */
	if (other_file && state->address == row->address && !row->statement && state->statement)
		return true;
	while (other_file && rows->count && rows->list[rows->count - 1].file &&
	       rows->list[rows->count - 1].address == row->address)
		rows->count--;
	/* Blocks of one line that only their discriminators tell apart are one. */
	if (!other_file && (int)row->line == state->line && state->discriminated)
		return true;
	state->file = row->file;
	state->line = row->line;
	return push(rows, row);
}

static void begin_sequence(struct state *state, uint64_t end)
{
	*state = (struct state){ .address = UINT64_MAX,
				 .last = { end, state->file, state->line, false } };
}

/*
 * A row without code at the end of a sequence, which repeats the last line. libdw sorts it behind
 * the end, where it would hold for all up to the next sequence.
 */
static bool is_left_over(const struct state *state, const struct source_row *row)
{
	const struct source_row *last = &state->last;

	return row->address == last->address && row->line == last->line && last->file &&
	       !strcmp(row->file, last->file);
}

static bool read_row(struct source_rows *rows, struct state *state, Dwarf_Line *line)
{
	struct source_row row = { 0 };
	unsigned discriminator = 0;
	bool end, done = true;
	int number;

	if (dwarf_lineaddr(line, &row.address) != 0 || dwarf_lineno(line, &number) != 0 ||
	    dwarf_lineendsequence(line, &end) != 0 ||
	    dwarf_linebeginstatement(line, &row.statement) != 0)
		return true;
	if (end) {
		begin_sequence(state, row.address);
		return push(rows, &row);
	}
	dwarf_linediscriminator(line, &discriminator);
	if (number != state->discriminated_line)
		state->discriminated = false;
	state->discriminated_line = number;
	state->discriminated |= discriminator != 0;
	row.file = dwarf_linesrc(line, NULL, NULL);
	row.line = number;
	if (row.file && number > 0 && !is_left_over(state, &row))
		done = keep(rows, state, &row);
	state->statement = row.statement || (state->address == row.address && state->statement);
	state->address = row.address;
	return done;
}

void source_rows_read(struct source_rows *rows, Dwarf_Die *unit)
{
	struct state state = { .address = UINT64_MAX };
	Dwarf_Lines *lines;
	size_t count;

	/* libdw has sorted them by address; those of one address are in the file's order. */
	if (dwarf_getsrclines(unit, &lines, &count) != 0)
		return;
	for (size_t i = 0; i < count; i++)
		if (!read_row(rows, &state, dwarf_onesrcline(lines, i)))
			break;
}

void source_rows_free(struct source_rows *rows)
{
	free(rows->list);
	*rows = (struct source_rows){ 0 };
}

const struct source_row *source_rows_find(const struct source_rows *rows, uint64_t address)
{
	const struct source_row *first = rows->list;
	size_t low = array_up_to(first, rows->count, sizeof(*first),
				 offsetof(struct source_row, address), address);

	if (!low || !first[low - 1].file)
		return NULL;
	/* As gdb's find_pc_sect_line: one that begins a statement, if any at the address does. */
	for (size_t i = low;
	     i-- > 0 && first[i].file && first[i].address == first[low - 1].address;)
		if (first[i].statement)
			return &first[i];
	return &first[low - 1];
}
