/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a command says, once, for people and machines alike.
 *
 * A command never formats columns: it describes its data in a `struct shape` and then emits cells.
 * The same calls are rendered as text (output_text.c), and by plugin/gdb/ as Python objects for
 * JSON (-j) and for MI. So the renderings cannot disagree.
 *
 *	static const struct column columns[] = {
 *		{ "pid", "PID", 7, COLUMN_RIGHT },
 *		{ "comm", "COMM", 0, COLUMN_LEFT },
 *	};
 *	static const struct shape tasks = { "tasks", SHAPE_TABLE, columns, ARRAY_SIZE(columns) };
 *
 *	output_begin(out, &tasks);
 *	  output_row(out);
 *	    output_uint(out, 0, pid); output_string(out, 1, comm);
 *	output_end(out);
 *
 * A shape begun inside a row becomes that row's member (a task's frames); text prints it below the
 * row. Two shapes inside one row, or both at the top, need different keys. A shape of one object
 * (LIST, RECORD) has one row, which begins by itself; calling output_row for it once does no harm.
 * Cells may be left out (then they are null in JSON and "-" in text); their order does not matter.
 * Cells that come after a shape inside the row are printed on a line of their own below that shape.
 * A command that fails may leave shapes open. A row all of whose columns are JSON_ONLY has no line.
 * A note belongs to the innermost open row, or to the whole where no row is open; in text it stands below the row's line, whenever it came.
 * Every function returns false once the person has had enough (q at the pager, Ctrl-C, closed
 * pipe): then return.
 *
 * Titles. In a table the title is the heading. Elsewhere it is the label of the value: "PID" gives
 * "PID: 1"; with a '%' in it, it is a template that says what stands around the value: "[%]", "at
 * %", "COMMAND: \"%\"". A template that starts with a newline starts a new line. In PLAIN and
 * HEADING a cell that was left out takes its template with it; everything else shows "-" for it.
 * PLAIN with an empty title is just the value.
 * Widths count the value: left-aligned ones are filled up behind the template's end, right-aligned
 * ones inside of it.
 * In a LIST the width is the label's: all labels end at the same column, the values follow.
 * The lines of a RAW value with newlines in it are aligned below each other; a newline at its very
 * end is dropped.
 * Between cells stand two spaces (PLAIN: one), after a RAW one none (PLAIN: one). Lines never end
 * in padding.
 */
#ifndef VMCORE_COMMANDS_OUTPUT_H
#define VMCORE_COMMANDS_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum column_flags {
	COLUMN_LEFT = 0,
	COLUMN_RIGHT = 1,
	COLUMN_JSON_ONLY = 2,	/* for machines: not in the text */
	/* rendered in gdb's address style, all hex digits of the machine's addresses, no 0x, as crash does; a width of 16 means that many */
	COLUMN_ADDRESS = 4,
	COLUMN_FUNCTION = 8,	/* gdb's function style */
	COLUMN_RAW = 16,	/* text is printed without padding, newlines and tabs as they are */
	COLUMN_HIGHLIGHT = 32,	/* gdb's "highlight" style (errors, the panicked CPU) */
	COLUMN_TEXT_ONLY = 64,	/* for people: not in JSON and MI */
	COLUMN_JOINED = 128,	/* without a title; text: nothing stands between it and the next cell */
};

struct column {
	const char *key;	/* JSON and MI name: lower_case */
	const char *title;	/* text heading; for SHAPE_LIST and SHAPE_HEADING the label */
	unsigned width;		/* text: least width; longer cells push the rest to the right */
	unsigned flags;
};

enum shape_layout {
	SHAPE_TABLE, /* rows under a heading line; JSON: array of objects */
	SHAPE_PLAIN, /* rows without a heading line; JSON: array of objects */
	SHAPE_LIST, /* one object, one "LABEL: value" per line (sys); JSON: object */
	/*
	 * one line per row "PID: 1 TASK: ... COMMAND: ..." with more shapes below it (bt), then an
	 * empty line between rows; JSON: array of objects
	 */
	SHAPE_HEADING,
	SHAPE_RECORD, /* one object, its cells on one line "RIP: ...  RSP: ..."; JSON: object */
};

struct shape {
	const char *key;	/* name of the member in the object around it */
	enum shape_layout layout;
	const struct column *columns;
	size_t nr_columns;
};

struct output;

struct output_ops {
	bool (*begin)(struct output *output, const struct shape *shape);
	bool (*row)(struct output *output);	/* ends the row before it */
	bool (*end)(struct output *output);
	/*
	 * One of these per cell. VALUE is for a machine (a COLUMN_ADDRESS goes into JSON as
	 * "0x..."); TEXT is what a person sees.
	 */
	bool (*number)(struct output *output, size_t column, uint64_t value, bool is_signed,
		       const char *text);
	bool (*real)(struct output *output, size_t column, double value, const char *text);
	bool (*string)(struct output *output, size_t column, const char *string, size_t size);
	bool (*boolean)(struct output *output, size_t column, bool value, const char *text);
	/*
	 * Something a person should know about the whole (damage, what is inferred): text line;
	 * JSON "notes" array.
	 */
	bool (*note)(struct output *output, const char *text);
	/* NULL = it shows none. */
	bool (*heading)(struct output *output, const char *text);
	/* NULL = all comes at the end. */
	bool (*flush)(struct output *output);
};

struct output {
	const struct output_ops *ops;
	unsigned address_digits; /* of the dump's machine; 0 = 16 */
	bool no_headings;	/* for people: tables without the line above them; what it sets */
};

/* How many digits an address has; a larger one, of physical memory, has as many as it needs. */
static inline int output_address_digits(const struct output *output)
{
	return output->address_digits ? output->address_digits : 16;
}

bool output_begin(struct output *output, const struct shape *shape);
bool output_row(struct output *output);
bool output_end(struct output *output);
bool output_uint(struct output *output, size_t column, uint64_t value);
bool output_int(struct output *output, size_t column, int64_t value);
/*
 * A kernel address, in a COLUMN_ADDRESS: hex in text, a "0x..." string in JSON, since JSON numbers
 * lose bits above 2^53.
 */
bool output_address(struct output *output, size_t column, uint64_t value);
/* A number that people see differently, e.g. bytes as "1.5 MB". */
bool output_uint_as(struct output *output, size_t column, uint64_t value, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
bool output_int_as(struct output *output, size_t column, int64_t value, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
bool output_real(struct output *output, size_t column, double value, int decimals);
/*
 * Any bytes. For people control characters and bytes that are not UTF-8 are \xNN; in JSON, MI and Python such a byte is the character
 * U+EF00 + byte, which can be turned back (gdb/python/output_python.c).
 */
bool output_string(struct output *output, size_t column, const char *string);
bool output_bytes(struct output *output, size_t column, const char *string, size_t size);
bool output_printf(struct output *output, size_t column, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* TEXT NULL: "yes" or "no". */
bool output_bool(struct output *output, size_t column, bool value, const char *text);
bool output_note(struct output *output, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Between shapes at the top, for people who read many of them: an empty line, then TEXT as a title. */
bool output_heading(struct output *output, const char *text);
/* What there is so far is for people to see now. */
bool output_flush(struct output *output);

/*
 * The renderer for people. WRITE gets UTF-8 text in pieces of some 32 KB (the last one at
 * output_text_flush); false = stop. STYLE returns the escape sequence that begins the style of
 * COLUMN_ADDRESS, _FUNCTION or _HIGHLIGHT, and for 0 the one that ends any; it or its result may be
 * NULL. Widths are those of a terminal: wide and combining characters count as 2 and 0.
 */
struct output *output_text_new(bool (*write)(void *context, const char *text, size_t size),
			       const char *(*style)(void *context, unsigned column_flag),
			       void *context);
/*
 * Ends the line that is open and writes what is left. Call it after the command, whether it
 * succeeded or not.
 */
bool output_text_flush(struct output *output);
void output_text_free(struct output *output);

/*
 * Appends STRING for a terminal: control and bidi-control characters and bytes that are not UTF-8
 * become \xNN.
 */
struct buffer;
void output_escape(struct buffer *buffer, const char *string, size_t size);

#endif
