// SPDX-License-Identifier: GPL-3.0-or-later
/* report on a hand-made kernel: hostile names, the file, and the document that the page is drawn from. */
#include "test_command_image.h"

#include <unistd.h>

#include "commands/document.h"
#include "commands/report_page.h"

/* As long as a comm can be; the rest of a script that somebody wants to run in a colleague's browser. */
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
	expect_part(set, "report -o /tmp", "error: report: /tmp is a directory; name a file in it\n");
	expect_part(set, "report -o x.json", "error: report -o x.json writes a page");
	expect_part(set, "report x.html", "error: report takes no words; `report -o x.html' writes");
	command_image_free(set);
}

/* What a dump lacks is a note, and the rest is there. */
static void as_text(void **state)
{
	struct command_image *set = machine();
	char *text = run_line(set, "report", NULL);

	(void)state;
	assert_non_null(strstr(text, "\nWhat the CPUs were doing\nPANICKED CPU: 1\n"));
	assert_non_null(strstr(text, "COMMAND: \"900\"\n    UN  last ran 1.000 s before the end\n"));
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
	assert_string_equal(html.data, "a&lt;b&gt;&amp;&quot;&#39;\\x00\n\t\xc3\xa9\\xe2\\x80\\xae");
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
	output_begin(out, &tasks_shape);	/* goes on where it was */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(page),	   cmocka_unit_test(refusals), cmocka_unit_test(as_text),
		cmocka_unit_test(escapes), cmocka_unit_test(document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
