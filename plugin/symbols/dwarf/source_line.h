/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines of addresses, out of a unit's line table, for source_map.c alone.
 *
 * A line table often has several rows for one address, and rows that begin no statement. Which of
 * them counts is no rule of DWARF's; here it is as in gdb, whose `bt` people compare with.
 */
#ifndef VMCORE_SYMBOLS_SOURCE_LINE_H
#define VMCORE_SYMBOLS_SOURCE_LINE_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct source_row {
	uint64_t address;
	const char *file; /* NULL = the code of the rows before ends here */
	unsigned line;
	bool statement;
};

struct source_rows {
	struct source_row *list; /* sorted by address */
	size_t count, capacity;
};

/* The rows of UNIT (the unit's DIE) that count. What cannot be read is not there. */
void source_rows_read(struct source_rows *rows, Dwarf_Die *unit);
void source_rows_free(struct source_rows *rows);
/* The row that ADDRESS belongs to; NULL if there is none. */
const struct source_row *source_rows_find(const struct source_rows *rows, uint64_t address);

#endif
