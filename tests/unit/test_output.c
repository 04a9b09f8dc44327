// SPDX-License-Identifier: GPL-3.0-or-later
/* The text renderer against commands/output.h's promises; all expected text is written by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "commands/output.h"

struct sink {
	struct buffer text;
	size_t pieces, largest;
	size_t stop_after;		/* pieces; 0 = never */
};

static bool sink_write(void *context, const char *text, size_t size)
{
	struct sink *sink = context;

	buffer_append(&sink->text, text, size);
	sink->pieces++;
	if (size > sink->largest)
		sink->largest = size;
	return sink->pieces != sink->stop_after;
}

static const char *sink_style(void *context, unsigned flag)
{
	(void)context;
	return flag == COLUMN_ADDRESS	 ? "<a>"
	       : flag == COLUMN_FUNCTION ? "<f>"
	       : flag == 0		 ? "</>"
					 : NULL;
}

static void finish(struct output *out, struct sink *sink, const char *expected)
{
	assert_true(output_text_flush(out));
	assert_string_equal(sink->text.data ? sink->text.data : "", expected);
	output_text_free(out);
	buffer_free(&sink->text);
}

static const struct column table_columns[] = {
	{ "pid", "PID", 5, COLUMN_RIGHT },
	{ "secret", "SECRET", 5, COLUMN_JSON_ONLY },
	{ "task", "TASK", 16, COLUMN_ADDRESS },
	{ "state", "ST", 3, COLUMN_LEFT },
	{ "comm", "COMM", 0, COLUMN_LEFT },
};
static const struct shape table = { "tasks", SHAPE_TABLE, table_columns,
				    ARRAY_SIZE(table_columns) };

static void table_rows(void **state)
{
	struct sink sink = { 0 };
	struct output *out = output_text_new(sink_write, NULL, &sink);

	(void)state;
	output_begin(out, &table);
	output_row(out);
	output_string(out, 4, "init");		/* any order */
	output_uint(out, 0, 1);
	output_uint(out, 1, 99);
	output_address(out, 2, 0xffff888000001000);
	output_string(out, 3, "S");
	output_row(out);
	output_uint(out, 0, 1234567);		/* too wide: pushes the rest */
	output_string(out, 4, "");
	output_end(out);
	finish(out, &sink,
	       "  PID        TASK        ST   COMM\n"
	       "    1  ffff888000001000  S    init\n"
	       "1234567  -                 -\n");
}

/* 32 bits: 8 digits, the column as wide; physical memory can be more. */
static void narrow_addresses(void **state)
{
	struct sink sink = { 0 };
	struct output *out = output_text_new(sink_write, NULL, &sink);

	(void)state;
	out->address_digits = 8;
	output_begin(out, &table);
	output_row(out);
	output_uint(out, 0, 1);
	output_address(out, 2, 0xc1001000);
	output_row(out);
	output_uint(out, 0, 2);
	output_address(out, 2, 0x10);
	output_row(out);
	output_uint(out, 0, 3);
	output_address(out, 2, 0x123456789);
	output_end(out);
	finish(out, &sink,
	       "  PID    TASK    ST   COMM\n"
	       "    1  c1001000  -    -\n"
	       "    2  00000010  -    -\n"
	       "    3  123456789  -    -\n");
}

static void numbers(void **state)
{
	static const struct column columns[] = {
		{ "a", "", 0, 0 }, { "b", "", 0, 0 }, { "c", "", 0, 0 }, { "d", "", 0, 0 },
		{ "e", "", 0, 0 }, { "f", "", 0, 0 }, { "g", "", 0, 0 }, { "h", "", 0, 0 },
	};
	static const struct shape shape = { "n", SHAPE_PLAIN, columns, ARRAY_SIZE(columns) };
	struct sink sink = { 0 };
	struct output *out = output_text_new(sink_write, NULL, &sink);

	(void)state;
	output_begin(out, &shape);
	output_row(out);
	output_uint(out, 0, UINT64_MAX);
	output_int(out, 1, INT64_MIN);
	output_int(out, 2, 0);
	output_real(out, 3, 2.25, 1);
	output_uint_as(out, 4, 2048, "%d KB", 2);
	output_bool(out, 5, true, NULL);
	output_bool(out, 6, false, "off");
	output_printf(out, 7, "%0300d", 7);
	output_end(out);
	assert_true(output_text_flush(out));
	assert_memory_equal(
		sink.text.data, "18446744073709551615 -9223372036854775808 0 2.2 2 KB yes off 000",
		strlen("18446744073709551615 -9223372036854775808 0 2.2 2 KB yes off 000"));
	assert_int_equal(sink.text.size,
			 strlen("18446744073709551615 -9223372036854775808 0 2.2 2 KB yes off ") +
				 301);
	output_text_free(out);
	buffer_free(&sink.text);
}

static const struct column heading_columns[] = {
	{ "pid", "PID", 4, COLUMN_LEFT },
	{ "comm", "COMMAND: \"%\"", 0, COLUMN_LEFT },
	{ "end", "  ends: %", 0, COLUMN_LEFT },
};
static const struct shape heading = { "tasks", SHAPE_HEADING, heading_columns,
				      ARRAY_SIZE(heading_columns) };

static const struct column frame_columns[] = {
	{ "level", "", 3, COLUMN_RIGHT },
	{ "sp", "[%]", 0, COLUMN_ADDRESS },
	{ "function", "%", 0, COLUMN_FUNCTION },
	{ "pc", "at %", 0, COLUMN_ADDRESS },
	{ "line", "\n    %", 0, COLUMN_LEFT },
};
static const struct shape frames = { "frames", SHAPE_PLAIN, frame_columns,
				     ARRAY_SIZE(frame_columns) };

static const struct column register_columns[] = {
	{ "rip", "    RIP: %", 0, COLUMN_ADDRESS },
	{ "cs", "CS", 0, 0 },
	{ "rax", "\n    RAX: %", 0, 0 },
};
static const struct shape registers = { "registers", SHAPE_RECORD, register_columns, 3 };

static void nested(void **state)
{
	struct sink sink = { 0 };
	struct output *out = output_text_new(sink_write, NULL, &sink);

	(void)state;
	output_begin(out, &heading);
	output_row(out);
	output_uint(out, 0, 1);
	output_string(out, 1, "a");
	output_begin(out, &frames);
	output_row(out);
	output_uint_as(out, 0, 0, "#0");
	output_address(out, 1, 0x10);
	output_string(out, 2, "f+0x1");
	output_address(out, 3, 0x20);
	output_string(out, 4, "a.c:1");
	output_begin(out, &registers);
	output_address(out, 0, 5);
	output_uint(out, 1, 3);
	output_end(out);
	output_row(out);
	output_uint_as(out, 0, 10, "#10");
	output_address(out, 3, 0x30); /* no sp, no function: their templates go with them */
	output_end(out);
	output_string(out, 2, "no idea");	/* late: below the frames */
	output_row(out);
	output_uint(out, 0, 2);
	output_note(out, "nothing\nhere");
	output_end(out);
	output_note(out, "bye");
	finish(out, &sink,
	       "PID: 1     COMMAND: \"a\"\n"
	       " #0 [0000000000000010] f+0x1 at 0000000000000020\n"
	       "    a.c:1\n"
	       "    RIP: 0000000000000005  CS: 3\n"
	       "    RAX: -\n"
	       "#10 at 0000000000000030\n"
	       "  ends: no idea\n"
	       "\n"
	       "PID: 2\n"
	       "note: nothing\nhere\n"
	       "note: bye\n");
}

static void list(void **state)
{
	static const struct column columns[] = {
		{ "kernel", "KERNEL", 8, 0 },
		{ "cpus", "CPUS", 0, 0 },
		{ "hidden", "A VERY LONG HIDDEN LABEL", 0, COLUMN_JSON_ONLY },
		{ "text", "TEXT", 0, COLUMN_RAW },
	};
	static const struct shape shape = { "sys", SHAPE_LIST, columns, ARRAY_SIZE(columns) };
	struct sink sink = { 0 };
	struct output *out = output_text_new(sink_write, NULL, &sink);

	(void)state;
	output_begin(out, &shape);
	output_string(out, 0, "vmlinux");
	output_string(out, 3, "one\ntwo\n");
	output_end(out);
	finish(out, &sink,
	       "  KERNEL: vmlinux\n"
	       "    CPUS: -\n"
	       "    TEXT: one\n"
	       "          two\n");
}

/* A title stands alone, and ends what was open. */
static void heading_lines(void **state)
{
	struct sink sink = { 0 };
	struct output *out = output_text_new(sink_write, NULL, &sink);

	(void)state;
	output_begin(out, &table);
	output_row(out);
	output_uint(out, 0, 1);
	output_end(out);
	assert_true(output_heading(out, "Log"));
	output_note(out, "empty");
	finish(out, &sink,
	       "  PID        TASK        ST   COMM\n"
	       "    1  -                 -    -\n"
	       "\n"
	       "Log\n"
	       "note: empty\n");
}

/* A note in the middle of a row does not part its cells. */
static void note_in_a_row(void **state)
{
	struct sink sink = { 0 };
	struct output *out = output_text_new(sink_write, NULL, &sink);

	(void)state;
	output_begin(out, &table);
	output_row(out);
	output_uint(out, 0, 1);
	output_note(out, "the task cannot be read");
	output_note(out, "nor more");
	output_string(out, 4, "comm");
	output_row(out);
	output_note(out, "first");
	output_uint(out, 0, 2);
	output_end(out);
	output_note(out, "last");
	finish(out, &sink,
	       "  PID        TASK        ST   COMM\n"
	       "    1  -                 -    comm\n"
	       "note: the task cannot be read\n"
	       "note: nor more\n"
	       "    2  -                 -    -\n"
	       "note: first\n"
	       "note: last\n");
}

static void raw_lines(void **state)
{
	static const struct column columns[] = {
		{ "time", "[%]", 4, COLUMN_RAW },
		{ "text", "", 0, COLUMN_RAW },
	};
	static const struct shape shape = { "log", SHAPE_PLAIN, columns, ARRAY_SIZE(columns) };
	struct sink sink = { 0 };
	struct output *out = output_text_new(sink_write, NULL, &sink);

	(void)state;
	output_begin(out, &shape);
	output_row(out);
	output_string(out, 0, "1.5");
	output_string(out, 1, "first\n\tsecond");
	output_row(out);
	output_string(out, 1, "no time");
	output_end(out);
	finish(out, &sink, "[1.5] first\n      \tsecond\nno time\n");
}

static void silent_rows(void **state)
{
	static const struct column columns[] = { { "pid", "PID", 5, COLUMN_JSON_ONLY } };
	static const struct shape shape = { "t", SHAPE_HEADING, columns, 1 };
	struct sink sink = { 0 };
	struct output *out = output_text_new(sink_write, NULL, &sink);

	(void)state;
	output_begin(out, &shape);
	for (int i = 0; i < 2; i++) {
		output_row(out);
		output_uint(out, 0, i);
		output_begin(out, &frames);
		output_row(out);
		output_uint_as(out, 0, 0, "#%d", i);
		output_end(out);
	}
	output_end(out);
	finish(out, &sink, " #0\n\n #1\n");
}

static void hostile(void **state)
{
	static const struct { const char *in; size_t size; const char *out; } cases[] = {
		{ "plain", 5, "plain" },
		{ "\033]0;x\a", 6, "\\x1b]0;x\\x07" },
		{ "a\0b", 3, "a\\x00b" },
		{ "a\nb\tc", 5, "a\\x0ab\\x09c" },
		{ "gr\xc3\xbc\xc3\x9f \xe2\x82\xac", 10, "gr\xc3\xbc\xc3\x9f \xe2\x82\xac" },
		{ "\xc3", 1, "\\xc3" },				/* cut off */
		{ "\xc3(", 2, "\\xc3(" },
		{ "\xc0\xaf", 2, "\\xc0\\xaf" },		/* overlong / */
		{ "\xe0\x80\xaf", 3, "\\xe0\\x80\\xaf" },
		{ "\xed\xa0\x80", 3, "\\xed\\xa0\\x80" },	/* a surrogate */
		{ "\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80" },	/* beyond U+10FFFF */
		{ "\xc2\x9b" "31m", 5, "\\xc2\\x9b31m" },	/* CSI in C1 */
		{ "\xe2\x80\xae", 3, "\\xe2\\x80\\xae" },	/* right-to-left override */
		{ "\x7f", 1, "\\x7f" },
		{ "", 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buffer buffer = { 0 };

		output_escape(&buffer, cases[i].in, cases[i].size);
		assert_string_equal(buffer.data ? buffer.data : "", cases[i].out);
		buffer_free(&buffer);
	}
}

static void display_width(void **state)
{
	static const struct column columns[] = { { "a", "A", 6, COLUMN_LEFT },
						 { "b", "B", 0, COLUMN_LEFT } };
	static const struct shape shape = { "w", SHAPE_TABLE, columns, 2 };
	struct sink sink = { 0 };
	struct output *out = output_text_new(sink_write, NULL, &sink);

	(void)state;
	output_begin(out, &shape);
	output_row(out);
	output_string(out, 0, "\xc3\xbc");		/* u umlaut: one column */
	output_string(out, 1, "1");
	output_row(out);
	output_string(out, 0, "\xe6\xbc\xa2");		/* a Han character: two */
	output_string(out, 1, "2");
	output_row(out);
	output_string(out, 0, "e\xcc\x81");		/* e and a combining accent: one */
	output_string(out, 1, "3");
	output_row(out);
	output_string(out, 0, "\xff");			/* as \xff: four */
	output_string(out, 1, "4");
	output_end(out);
	finish(out, &sink,
	       "A       B\n"
	       "\xc3\xbc       1\n"
	       "\xe6\xbc\xa2      2\n"
	       "e\xcc\x81       3\n"
	       "\\xff    4\n");
}

static void styles(void **state)
{
	struct sink sink = { 0 };
	struct output *out = output_text_new(sink_write, sink_style, &sink);

	(void)state;
	output_begin(out, &frames);
	output_row(out);
	output_uint_as(out, 0, 0, "#0");
	output_address(out, 1, 1);
	output_string(out, 2, "f");
	output_string(out, 4, "x");
	output_end(out);
	finish(out, &sink, " #0 [<a>0000000000000001</>] <f>f</>\n    x\n");
}

/* Pieces of about 32 KB, and every row in them. */
static void pieces(void **state)
{
	struct sink sink = { 0 };
	struct output *out = output_text_new(sink_write, NULL, &sink);
	size_t lines = 0;

	(void)state;
	output_begin(out, &table);
	for (unsigned i = 0; i < 10000; i++) {
		assert_true(output_row(out));
		output_uint(out, 0, i);
		output_string(out, 4, "x");
	}
	output_end(out);
	assert_true(output_text_flush(out));
	for (size_t i = 0; i < sink.text.size; i++)
		lines += sink.text.data[i] == '\n';
	assert_int_equal(lines, 10001);
	assert_in_range(sink.largest, 32 * 1024, 33 * 1024);
	assert_in_range(sink.pieces, sink.text.size / (33 * 1024),
			sink.text.size / (32 * 1024) + 1);
	output_text_free(out);
	buffer_free(&sink.text);
}

static void stops(void **state)
{
	struct sink sink = { .stop_after = 1 };
	struct output *out = output_text_new(sink_write, NULL, &sink);
	unsigned i;

	(void)state;
	output_begin(out, &table);
	for (i = 0; i < 10000; i++) {
		if (!output_row(out))
			break;
		output_uint(out, 0, i);
	}
	assert_in_range(i, 100, 9999);
	assert_false(output_uint(out, 0, 1));
	assert_false(output_begin(out, &frames));
	output_end(out);
	assert_false(output_text_flush(out));
	assert_int_equal(sink.pieces, 1);
	output_text_free(out);
	buffer_free(&sink.text);
}

/* Shapes left open by a command that failed: the line is not lost. Bad column numbers are refused.
 */
static void unfinished(void **state)
{
	struct sink sink = { 0 };
	struct output *out = output_text_new(sink_write, NULL, &sink);

	(void)state;
	assert_false(output_row(out));
	assert_false(output_end(out));
	output_begin(out, &heading);
	output_row(out);
	output_uint(out, 0, 7);
	assert_false(output_uint(out, 3, 7));
	finish(out, &sink, "PID: 7\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_rows), cmocka_unit_test(numbers),
		cmocka_unit_test(narrow_addresses),
		cmocka_unit_test(nested),     cmocka_unit_test(list),
		cmocka_unit_test(heading_lines), cmocka_unit_test(note_in_a_row), cmocka_unit_test(raw_lines),  cmocka_unit_test(silent_rows),
		cmocka_unit_test(hostile),    cmocka_unit_test(display_width),
		cmocka_unit_test(styles),     cmocka_unit_test(pieces),
		cmocka_unit_test(stops),      cmocka_unit_test(unfinished),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
