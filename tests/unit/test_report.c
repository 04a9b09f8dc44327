// SPDX-License-Identifier: GPL-3.0-or-later
/* report on a hand-made kernel: hostile names, the file, and the document that the page is drawn
 * from. */
#include "test_command_image.h"

#include <sys/stat.h>
#include <unistd.h>

#include "commands/report/document.h"
#include "commands/report/report_page.h"

/* As long as a comm can be; the rest of a script that somebody wants to run in a colleague's
 * browser. */
#define HOSTILE "<script>'\"&\xff\x1b["

static struct command_image *machine(void)
{
	struct command_image *set = command_image_new(NULL, 0);

	image_put(set->image, TASKS + 3 * TASK_SIZE + 0x18, HOSTILE, sizeof(HOSTILE));
	set->cpus[1].panicked = true;
	return set;
}

static char *read_all(const char *path)
{
	char *text = calloc(1, 1 << 20);
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
	fclose(file);
	return text;
}

static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;

	for (; (text = strstr(text, part)); text++)
		count++;
	return count;
}

static void page(void **state)
{
	struct command_image *set = machine();
	char path[] = "/tmp/vmcore-report.XXXXXX", line[64], expected[128], *text, *html;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	snprintf(line, sizeof(line), "report -o %s", path);
	text = run_line(set, line, NULL);
	snprintf(expected, sizeof(expected), "written: %s  size: ", path);
	assert_int_equal(strncmp(text, expected, strlen(expected)), 0);
	free(text);
	html = read_all(path);
	unlink(path);
	assert_int_equal(strncmp(html, "<!DOCTYPE html>", 15), 0);
	assert_non_null(strstr(html, "</html>"));
	/* One script, ours; the hostile name is there, as text. */
	assert_int_equal(count_of(html, "<script"), 1);
	assert_non_null(strstr(html, "&lt;script&gt;&#39;&quot;&amp;\\xff\\x1b["));
	assert_null(strchr(html, 0x1b));
	/* Nothing outside of itself. */
	assert_null(strstr(html, "http://www.w3.org/1999"));
	assert_int_equal(count_of(html, "src="), 0);
	assert_int_equal(count_of(html, "href="), count_of(html, "href=\"#"));
	free(html);
	command_image_free(set);
}

static void refusals(void **state)
{
	struct command_image *set = machine();

	(void)state;
	expect_part(set, "report -o /nonexistent/x.html",
		    "error: report: cannot write /nonexistent/x.html: No such file or directory\n");
	expect_part(set, "report -o /tmp",
		    "error: report: /tmp is a directory; name a file in it\n");
	expect_part(set, "report -o x.json", "error: report -o x.json writes a page");
	expect_part(set, "report x.html",
		    "error: report takes no words; `report -o x.html' writes");
	command_image_free(set);
}

/* What a dump lacks is a note, and the rest is there. */
static void as_text(void **state)
{
	struct command_image *set = machine();
	char *text = run_line(set, "report", NULL);

	(void)state;
	assert_non_null(strstr(text, "\nWhat the CPUs were doing\nPANICKED CPU: 1\n"));
	assert_non_null(
		strstr(text, "COMMAND: \"900\"\n    UN  last ran 1.000 s before the end\n"));
	assert_non_null(strstr(text, "\nnote: memory: "));
	assert_non_null(strstr(text, "\nnote: log: "));
	assert_null(strstr(text, "error: "));
	free(text);
	command_image_free(set);
}

static void escapes(void **state)
{
	struct buffer html = { 0 };

	(void)state;
	html_bytes(&html, "a<b>&\"'\0\n\t\xc3\xa9\xe2\x80\xae", 15);
	assert_string_equal(html.data,
			    "a&lt;b&gt;&amp;&quot;&#39;\\x00\n\t\xc3\xa9\\xe2\\x80\\xae");
	buffer_free(&html);
	html_size(&html, 999);
	buffer_char(&html, '|');
	html_size(&html, 1536);
	buffer_char(&html, '|');
	html_size(&html, UINT64_MAX);
	assert_string_equal(html.data, "999 B|1.5 KiB|16384 PiB");
	buffer_free(&html);
}

static const struct column columns[] = {
	{ "pid", "PID", 0, 0 },
	{ "address", "", 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	{ "name", "", 0, COLUMN_TEXT_ONLY },
	{ "percent", "", 0, 0 },
	{ "good", "", 0, 0 },
};
static const struct shape tasks_shape = { "tasks", SHAPE_TABLE, columns, ARRAY_SIZE(columns) };
static const struct shape inner_shape = { "inner", SHAPE_RECORD, columns, ARRAY_SIZE(columns) };

static void document(void **state)
{
	struct output *out = document_new();
	const struct document_row *root, *row, *inner;
	const struct document_cell *cell;

	(void)state;
	output_begin(out, &tasks_shape);
	output_note(out, "before any row");
	output_row(out);
	output_uint_as(out, 0, 7, "seven");
	output_address(out, 1, 0xffff);
	output_bytes(out, 2, "a\0b", 3);
	output_begin(out, &inner_shape);
	output_uint(out, 0, 8);
	output_end(out);
	output_real(out, 3, 1.5, 1);
	output_note(out, "in the row");
	output_row(out);
	output_bool(out, 4, true, NULL);
	output_end(out);
	output_begin(out, &tasks_shape); /* goes on where it was */
	output_row(out);
	output_end(out);
	assert_true(document_root(out, &root));
	assert_int_equal(document_list(root, "tasks")->count, 3);
	assert_string_equal(root->notes->text, "before any row");
	row = document_rows(document_list(root, "tasks"));
	assert_string_equal(document_text(row, "pid"), "seven");
	assert_int_equal(document_number(row, "pid", 0), 7);
	assert_string_equal(document_text(row, "address"), "000000000000ffff");
	cell = document_cell(row, "name");
	assert_int_equal(cell->size, 3);
	assert_memory_equal(cell->text, "a\0b", 4);
	assert_true(document_cell(row, "percent")->real == 1.5);
	assert_null(document_cell(row, "good"));
	assert_string_equal(row->notes->text, "in the row");
	inner = document_object(row, "inner");
	assert_int_equal(document_number(inner, "pid", 0), 8);
	assert_int_equal(document_number(inner, "percent", 5), 5);
	assert_int_equal(document_number(row->next, "good", 0), 1);
	assert_null(document_list(row->next, "inner"));
	assert_null(document_list(root, "other"));
	assert_null(document_object(NULL, "x"));
	document_free(out);
}

/* --- a page of too much --- */

enum { PID, COMM, LINE, LEVEL, NAME, COUNT, STATE, STATE_NAME, FUNCTION, KIND, PC };

static const struct column many_columns[] = {
	[PID] = { "pid", "", 0, 0 },
	[COMM] = { "comm", "", 0, 0 },
	[LINE] = { "line", "", 0, 0 },
	[LEVEL] = { "level", "", 0, 0 },
	[NAME] = { "name", "", 0, 0 },
	[COUNT] = { "count", "", 0, 0 },
	[STATE] = { "state", "", 0, 0 },
	[STATE_NAME] = { "state_name", "", 0, 0 },
	[FUNCTION] = { "function", "", 0, 0 },
	[KIND] = { "kind", "", 0, 0 },
	[PC] = { "pc", "", 0, 0 },
};
#define MANY(key_)                                                                                 \
	{                                                                                          \
		key_, SHAPE_TABLE, many_columns, ARRAY_SIZE(many_columns)                          \
	}

/* COUNT rows of SHAPE; each has a frame of its own, so that no two are alike. */
static void many(struct output *out, const struct shape *shape, unsigned count)
{
	static const struct shape frames = MANY("frames");

	output_begin(out, shape);
	for (unsigned i = 0; i < count && output_row(out); i++) {
		output_uint(out, PID, i);
		output_string(out, COMM, "<b>");
		output_printf(out, LINE, "%u %0200d", i, 0);
		output_uint(out, LEVEL, i % 8);
		output_printf(out, NAME, "m%u<", i);
		output_uint(out, COUNT, 1);
		output_string(out, STATE, "IN");
		output_string(out, STATE_NAME, "sleeping");
		output_begin(out, &frames);
		output_row(out);
		output_printf(out, FUNCTION, "f%u", i);
		output_printf(out, PC, "%u", i);
		output_end(out);
	}
	output_end(out);
}

static struct buffer page_of(struct output *out)
{
	const struct document_row *root;
	struct buffer html = { 0 };

	assert_true(document_root(out, &root));
	report_page(root, &html);
	assert_false(html.failed);
	return html;
}

static void bounded(void **state)
{
	static const struct shape log = MANY("log"), modules = MANY("modules"),
				  blocked = MANY("blocked"), cpus = MANY("cpus"),
				  stacks = MANY("stacks");
	struct output *out = document_new();
	struct buffer html;

	(void)state;
	many(out, &cpus, 1000);
	many(out, &blocked, 5000);
	many(out, &stacks, 30000);
	many(out, &modules, 3000);
	many(out, &log, 20000); /* 4 MB */
	html = page_of(out);
	assert_true(html.size < 4 << 20);
	assert_non_null(strstr(html.data, "and 872 more; <code>kernel bt -a</code>"));
	assert_non_null(strstr(html.data, "and 4800 more; <code>kernel report -j</code>"));
	assert_non_null(strstr(html.data, "and 29900 more; <code>kernel bt -A -u</code>"));
	assert_non_null(strstr(html.data, "and 2500 more; <code>kernel mod</code>"));
	/* The end of the log is what matters. */
	assert_non_null(strstr(html.data, " earlier messages are left out here;"));
	assert_non_null(strstr(html.data, "19999 0000"));
	assert_null(strstr(html.data, "<li class=\"l0\"><b>emerg</b> 0 0000"));
	assert_non_null(strstr(html.data, "all tasks: 30000 tasks, 100.0%"));
	assert_null(strstr(html.data, "<b>&lt;b"));
	assert_non_null(strstr(html.data, "&lt;b&gt;"));
	buffer_free(&html);
	document_free(out);
}

/* Nothing is known: still a page that says so. */
static void empty(void **state)
{
	struct output *out = document_new();
	struct buffer html = page_of(out);

	(void)state;
	assert_non_null(strstr(html.data, "<h1>No panic and no oops in the log</h1>"));
	assert_non_null(strstr(html.data, "No CPU is known to have panicked."));
	assert_non_null(strstr(html.data, "</html>"));
	buffer_free(&html);
	document_free(out);
}

/* Two who wait for each other, by way of a lock each. */
static void deadlock(void **state)
{
	static const struct column columns[] = {
		{ "pid", "", 0, 0 },	  { "comm", "", 0, 0 },	    { "state", "", 0, 0 },
		{ "deadlock", "", 0, 0 }, { "inferred", "", 0, 0 }, { "lock_kind", "", 0, 0 },
		{ "hint", "", 0, 0 },
	};
	static const struct shape blocked = { "blocked", SHAPE_TABLE, columns,
					      ARRAY_SIZE(columns) },
				  waits_for = { "waits_for", SHAPE_TABLE, columns,
						ARRAY_SIZE(columns) };
	struct output *out = document_new();
	struct buffer html;

	(void)state;
	output_begin(out, &blocked);
	for (unsigned i = 0; i < 2; i++) {
		output_row(out);
		output_uint(out, 0, i + 7);
		output_string(out, 1, i ? "second" : "first");
		output_bool(out, 3, true, NULL);
		output_bool(out, 4, i == 1, NULL);
		output_string(out, 5, "mutex");
		output_begin(out, &waits_for);
		for (unsigned k = 0; k < 2; k++) {
			output_row(out);
			output_uint(out, 0, (i + k + 1) % 2 + 7);
			output_string(out, 1, "holder");
			output_bool(out, 6, k == 1, NULL);
		}
		output_end(out);
	}
	output_end(out);
	html = page_of(out);
	assert_non_null(strstr(html.data, "2 tasks in uninterruptible sleep or waiting for a lock; "
					  "<b class=\"bad\">2 of them in a deadlock</b>."));
	assert_int_equal(count_of(html.data, "<article class=\"blocked deadlock\">"), 2);
	assert_int_equal(count_of(html.data, "waits for &rarr;"), 2);
	assert_int_equal(count_of(html.data, "waits for, perhaps &rarr;"), 2);
	assert_int_equal(count_of(html.data, "inferred from the stack"), 1);
	buffer_free(&html);
	document_free(out);
}

static bool always(void *context)
{
	(void)context;
	return true;
}

/* Ctrl-C: no file, and none left over beside it. */
static void interrupted(void **state)
{
	struct command_image *set = machine();
	char directory[] = "/tmp/vmcore-report.XXXXXX", line[64];

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(line, sizeof(line), "report -o %s/x.html", directory);
	set->image->kernel.interrupted = always;
	expect_part(set, line, "error: ");
	assert_int_equal(rmdir(directory), 0); /* it is empty */
	command_image_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(page),	       cmocka_unit_test(refusals),
		cmocka_unit_test(as_text),     cmocka_unit_test(escapes),
		cmocka_unit_test(document),    cmocka_unit_test(bounded),
		cmocka_unit_test(empty),       cmocka_unit_test(deadlock),
		cmocka_unit_test(interrupted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
