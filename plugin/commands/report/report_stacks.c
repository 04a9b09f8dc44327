// SPDX-License-Identifier: GPL-3.0-or-later
/* The page: where it died, and what the other CPUs were doing. */
#include "commands/report/report_page.h"

#include <string.h>

#define MAX_CPUS      128
#define MAX_OPEN_CPUS 8

static bool is_kind(const struct document_row *frame, const char *kind)
{
	return !strcmp(document_text(frame, "kind"), kind);
}

static void registers(const struct document_row *row, const char *key, const char *title,
		      struct buffer *html)
{
	const struct document_row *set = document_object(row, key);

	if (!set)
		return;
	buffer_printf(html, "<details class=\"registers\"><summary>%s</summary><dl>", title);
	for (size_t i = 0; i < set->list->shape->nr_columns; i++) {
		const struct column *column = &set->list->shape->columns[i];

		if (set->cells[i].kind != CELL_NUMBER)
			continue;
		buffer_string(html, "<div><dt>");
		html_text(html, column->key);
		buffer_string(html, "</dt><dd>");
		html_text(html, set->cells[i].text);
		buffer_string(html, "</dd></div>");
	}
	buffer_string(html, "</dl></details>");
}

/* One function: FUNCTION's name and what is said of it, its source line, the pc of its frame. */
static void function_line(const char *function, const char *tag, const char *line, const char *pc,
			  struct buffer *html)
{
	buffer_string(html, "<div class=\"frame\"><span><span class=\"fn\">");
	html_text(html, function);
	buffer_string(html, "</span>");
	if (tag)
		buffer_printf(html, " <span class=\"tag\">%s</span>", tag);
	buffer_string(html, "</span><span class=\"src\">");
	html_text(html, line);
	buffer_string(html, "</span><span class=\"pc\">");
	html_text(html, pc);
	buffer_string(html, "</span></div>");
}

static void frame_lines(const struct document_row *frame, struct buffer *html)
{
	const struct document_row *inlined = document_rows(document_list(frame, "inlined"));
	/* The first frame's registers are the CPU's own; that says nothing. */
	bool interrupted = is_kind(frame, "interrupted") && document_number(frame, "level", 0);
	const char *pc = document_text(frame, "pc");

	buffer_string(html, "<li>");
	for (; inlined; inlined = inlined->next)
		function_line(document_text(inlined, "function"), "inlined",
			      document_text(inlined, "line"), pc, html);
	function_line(document_text(frame, "place"), interrupted ? "interrupted here" : NULL,
		      document_text(frame, "line"), pc, html);
	registers(frame, "saved_registers", "registers saved here", html);
	buffer_string(html, "</li>\n");
}

void page_frames(const struct document_row *task, struct buffer *html)
{
	const struct document_row *frame = document_rows(document_list(task, "frames"));

	registers(task, "registers", "registers of the CPU", html);
	if (frame) {
		buffer_string(html, "<ol class=\"stack\" start=\"0\">\n");
		for (; frame; frame = frame->next)
			frame_lines(frame, html);
		buffer_string(html, "</ol>\n");
	}
	if (*document_text(task, "end")) {
		buffer_string(html, "<p class=\"note\">The stack could not be followed further: ");
		html_text(html, document_text(task, "end"));
		buffer_string(html, "</p>\n");
	}
	html_notes(html, task);
}

static void task_title(const struct document_row *task, struct buffer *html)
{
	if (!*document_text(task, "pid")) {
		buffer_string(html, "<span class=\"who\">task not known</span>");
		return;
	}
	buffer_string(html, "<span class=\"who\">");
	html_text(html, document_text(task, "comm"));
	buffer_string(html, "</span> <span class=\"muted\">PID ");
	html_text(html, document_text(task, "pid"));
	buffer_string(html, "</span>");
}

/* Does any frame in the kernel itself have a source line? Modules have debug files of their own. */
static bool any_line(const struct document_list *cpus)
{
	for (const struct document_row *task = document_rows(cpus); task; task = task->next)
		for (const struct document_row *frame =
			     document_rows(document_list(task, "frames"));
		     frame; frame = frame->next)
			if (document_cell(frame, "line") && !document_cell(frame, "module"))
				return true;
	return false;
}

/* The first of "cpus" is the one that panicked, if one did. */
bool page_panic(const struct document_row *root, struct buffer *html)
{
	const struct document_list *cpus = document_list(root, "cpus");
	const struct document_row *task = document_rows(cpus);

	if (task && document_object(root, "panicked")) {
		buffer_printf(html, "<h3>CPU %s &middot; ", document_text(task, "cpu"));
		task_title(task, html);
		buffer_string(html, "</h3>\n");
		page_frames(task, html);
	} else {
		buffer_string(html, "<p>No CPU is known to have panicked.</p>\n");
	}
	if (cpus && !any_line(cpus))
		buffer_string(html, "<p class=\"note\">There are no source lines of the kernel: "
				    "its debug information was not there.</p>\n");
	page_last_lines(root, html);
	return true;
}

/* What it was in, for the line that stands for a closed stack: the first frames' functions. */
static void in_short(const struct document_row *task, struct buffer *html)
{
	const struct document_row *frame = document_rows(document_list(task, "frames"));

	if (!frame)
		return;
	buffer_string(html, " <span class=\"muted\">in</span> <code>");
	html_text(html, document_cell(frame, "function") ? document_text(frame, "function")
							 : document_text(frame, "place"));
	buffer_string(html, "</code>");
}

/* Do both have the same frames, in the kernel all of them, and nothing else to say? */
static bool same_stack(const struct document_row *left, const struct document_row *right)
{
	const struct document_row *a = document_rows(document_list(left, "frames"));
	const struct document_row *b = document_rows(document_list(right, "frames"));

	if (left->notes || right->notes ||
	    strcmp(document_text(left, "end"), document_text(right, "end")))
		return false;
	for (; a && b; a = a->next, b = b->next)
		if (strcmp(document_text(a, "pc"), document_text(b, "pc")) || is_kind(a, "user"))
			return false;
	return !a && !b;
}

/* How many CPUs from TASK on do the same: the idle ones, mostly. */
static size_t run_of(const struct document_row *task, const struct document_row **last_ret)
{
	size_t count = 1;

	for (*last_ret = task; (*last_ret)->next && same_stack(task, (*last_ret)->next); count++)
		*last_ret = (*last_ret)->next;
	return count;
}

static void cpu(const struct document_row *task, const struct document_row *last, size_t run,
		bool open, struct buffer *html)
{
	buffer_printf(html, "<details class=\"cpu\"%s><summary>CPU%s %s", open ? " open" : "",
		      run > 1 ? "s" : "", document_text(task, "cpu"));
	if (run > 1)
		buffer_printf(
			html,
			" to %s &middot; <span class=\"muted\">%zu with this stack, the first "
			"is</span> ",
			document_text(last, "cpu"), run);
	else
		buffer_string(html, " &middot; ");
	task_title(task, html);
	in_short(task, html);
	buffer_string(html, "</summary>\n");
	page_frames(task, html);
	buffer_string(html, "</details>\n");
}

bool page_cpus(const struct document_row *root, struct buffer *html)
{
	const struct document_list *cpus = document_list(root, "cpus");
	const struct document_row *task = document_rows(cpus), *last;
	size_t shown = 0, boxes = 0, count = cpus ? cpus->count : 0;

	if (task && document_object(root, "panicked")) {
		task = task->next; /* it has a section of its own */
		count--;
	}
	if (!count)
		return false;
	for (; task && boxes < MAX_CPUS; task = last->next, boxes++) {
		bool few = count <= MAX_OPEN_CPUS;
		size_t run = 1;

		last = task;
		if (!few)
			run = run_of(task, &last);
		cpu(task, last, run, few, html);
		shown += run;
	}
	html_more(html, count, shown, "<code>kernel bt -a</code> shows them");
	return true;
}
