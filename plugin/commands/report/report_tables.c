// SPDX-License-Identifier: GPL-3.0-or-later
/* The page: blocked tasks and who they wait for, memory as a picture, modules. */
#include "commands/report/report_page.h"

#include <string.h>

#define MAX_BLOCKED   200
#define MAX_MODULES   500
#define MAX_PROCESSES 12

static bool is_true(const struct document_row *row, const char *key)
{
	return document_number(row, key, 0);
}

/* BEFORE text AFTER, where there is a text. */
static void around(const struct document_row *row, const char *key, const char *before,
		   const char *after, struct buffer *html)
{
	if (!*document_text(row, key))
		return;
	buffer_string(html, before);
	html_text(html, document_text(row, key));
	buffer_string(html, after);
}

/* --- blocked tasks --- */

static void task_box(const struct document_row *task, const char *class, struct buffer *html)
{
	buffer_printf(html, "<span class=\"task %s\">", class);
	html_text(html, document_text(task, "comm"));
	around(task, "pid", " <small>PID ", "", html);
	around(task, "state", " &middot; ", "", html);
	buffer_string(html, "</small></span>");
}

/* The task, an arrow to who holds its lock, and on from there. */
static void chain(const struct document_row *task, struct buffer *html)
{
	const struct document_row *holder = document_rows(document_list(task, "waits_for"));

	if (!holder)
		return;
	buffer_string(html, "<p class=\"chain\">");
	task_box(task, "", html);
	for (; holder; holder = holder->next) {
		buffer_string(html,
			      is_true(holder, "hint")
				      ? " <span class=\"arrow\">waits for, perhaps &rarr;</span> "
				      : " <span class=\"arrow\">waits for &rarr;</span> ");
		task_box(holder, "", html);
	}
	buffer_string(html, "</p>\n");
}

static void lock(const struct document_row *task, struct buffer *html)
{
	if (!*document_text(task, "lock_kind"))
		return;
	around(task, "lock_kind", "<p>For a <b>", "</b>", html);
	around(task, "lock_wanted_for", " to ", "", html);
	around(task, "lock_name", ": <code>", "</code>", html);
	around(task, "lock", " <span class=\"pc\">", "</span>", html);
	if (!document_number(task, "holder_known", 1))
		buffer_string(html, ", its holder is not known");
	buffer_string(html, is_true(task, "inferred")
				    ? " <span class=\"tag\">inferred from the stack</span></p>\n"
				    : "</p>\n");
}

static void blocked_task(const struct document_row *task, struct buffer *html)
{
	bool deadlock = is_true(task, "deadlock");

	buffer_printf(html, "<article class=\"blocked%s\">\n<h3>", deadlock ? " deadlock" : "");
	around(task, "comm", "<span class=\"who\">", "</span>", html);
	around(task, "pid", " <span class=\"muted\">PID ", "", html);
	around(task, "state_name", " &middot; ", "", html);
	around(task, "elapsed_ns", " &middot; last ran ", " before the end", html);
	buffer_printf(html, "</span>%s</h3>\n",
		      deadlock ? " <span class=\"tag bad\">deadlock</span>" : "");
	around(task, "waits_in", "<p>Waits in <code>", "</code>", html);
	around(task, "called_by", ", called by <code>", "</code>", html);
	around(task, "line", " <span class=\"src\">", "</span>", html);
	buffer_string(html, "</p>\n");
	lock(task, html);
	chain(task, html);
	buffer_string(html, "<details><summary>Stack</summary>\n");
	page_frames(task, html);
	buffer_string(html, "</details>\n</article>\n");
}

bool page_blocked(const struct document_row *root, struct buffer *html)
{
	const struct document_list *list = document_list(root, "blocked");
	size_t shown = 0, deadlocks = 0;

	if (!list)
		return false;
	if (!list->count) {
		buffer_string(html, "<p>None: no task was in uninterruptible sleep, and none was "
				    "found waiting for a lock.</p>\n");
		return true;
	}
	for (const struct document_row *task = list->rows; task; task = task->next)
		deadlocks += is_true(task, "deadlock");
	buffer_printf(html, "<p>%zu task%s in uninterruptible sleep or waiting for a lock; ",
		      list->count, list->count == 1 ? "" : "s");
	if (deadlocks)
		buffer_printf(html, "<b class=\"bad\">%zu of them in a deadlock</b>.</p>\n",
			      deadlocks);
	else
		buffer_string(html, "no deadlock was found.</p>\n");
	for (const struct document_row *task = list->rows; task && shown < MAX_BLOCKED;
	     task = task->next, shown++)
		blocked_task(task, html);
	html_more(html, list->count, shown, "<code>kernel report -j</code> has them all");
	return true;
}

/* --- memory --- */

static double percent_of(const struct document_row *row)
{
	const struct document_cell *cell = document_cell(row, "percent");
	double percent = cell && cell->kind == CELL_REAL ? cell->real : 0;

	return percent < 0 ? 0 : percent > 100 ? 100 : percent;
}

static void memory_bar(const struct document_list *parts, struct buffer *html)
{
	double x = 0;

	buffer_string(html, "<svg class=\"bar whole\" width=\"100%\" height=\"36\" role=\"img\" "
			    "aria-label=\"Memory by use; the table below has the numbers\">\n");
	for (const struct document_row *part = parts->rows; part; part = part->next) {
		double width = percent_of(part);

		if (width < 0.02 || x >= 100)
			continue;
		buffer_printf(html,
			      "<rect class=\"m-%s\" x=\"%.3f%%\" width=\"%.3f%%\" "
			      "height=\"36\"><title>",
			      document_text(part, "part"), x, width);
		html_text(html, document_text(part, "name"));
		buffer_printf(html, ": %.1f%%</title></rect>\n", width);
		x += width;
	}
	buffer_string(html, "</svg>\n");
}

static void size_cell(const struct document_row *row, const char *key, struct buffer *html)
{
	buffer_string(html, "<td class=\"num\">");
	if (document_cell(row, key))
		html_size(html, document_number(row, key, 0));
	else
		buffer_string(html, "not known");
	buffer_string(html, "</td>");
}

static void memory_parts(const struct document_list *parts, struct buffer *html)
{
	buffer_string(html, "<h3>Used for</h3>\n<table class=\"parts\"><thead><tr><th>What</th><th "
			    "class=\"num\">Size</th><th class=\"num\">Part</th></tr></thead>"
			    "<tbody>\n");
	for (const struct document_row *part = parts->rows; part; part = part->next) {
		if (!document_number(part, "bytes", 0))
			continue;
		buffer_printf(html, "<tr><td><span class=\"swatch m-%s\"></span>",
			      document_text(part, "part"));
		html_text(html, document_text(part, "name"));
		buffer_string(html, "</td>");
		size_cell(part, "bytes", html);
		buffer_printf(html, "<td class=\"num\">%.1f%%</td></tr>\n", percent_of(part));
	}
	buffer_string(html, "</tbody></table>\n");
}

static void memory_processes(const struct document_list *list, struct buffer *html)
{
	double most = list->count ? percent_of(list->rows) : 0;

	size_t shown = 0;

	buffer_string(html, "<h3>Largest processes</h3>\n<table class=\"processes\"><thead><tr>"
			    "<th>Process</th><th class=\"num\">PID</th><th class=\"num\">In "
			    "RAM</th><th class=\"wide\"></th></tr></thead><tbody>\n");
	for (const struct document_row *row = list->rows; row && shown < MAX_PROCESSES;
	     row = row->next, shown++) {
		buffer_string(html, "<tr><td class=\"who\">");
		html_text(html, document_text(row, "comm"));
		buffer_printf(html, "</td><td class=\"num\">%s</td>", document_text(row, "pid"));
		size_cell(row, "rss_bytes", html);
		buffer_printf(html,
			      "<td class=\"wide\"><svg class=\"bar\" width=\"100%%\" height=\"12\" "
			      "aria-hidden=\"true\"><rect class=\"m-anonymous\" width=\"%.2f%%\" "
			      "height=\"12\"/></svg></td></tr>\n",
			      most > 0 ? 100 * percent_of(row) / most : 0);
	}
	buffer_string(html, "</tbody></table>\n");
}

static void memory_rows(const struct document_list *list, struct buffer *html)
{
	buffer_string(html, "<details><summary>As in /proc/meminfo</summary>\n<table "
			    "class=\"meminfo\"><tbody>\n");
	for (const struct document_row *row = list->rows; row; row = row->next) {
		buffer_string(html, "<tr><th scope=\"row\">");
		html_text(html, document_text(row, "name"));
		buffer_string(html, "</th><td class=\"num\">");
		around(row, "bytes", "", " kB", html);
		if (!document_cell(row, "bytes"))
			buffer_string(html, "not known");
		buffer_string(html, "</td></tr>\n");
	}
	buffer_string(html, "</tbody></table></details>\n");
}

bool page_memory(const struct document_row *root, struct buffer *html)
{
	const struct document_list *items = document_list(root, "memory");
	const struct document_list *parts = document_list(root, "memory_parts");
	const struct document_list *processes = document_list(root, "memory_processes");

	if (!items)
		return false;
	if (parts && parts->count)
		memory_bar(parts, html);
	buffer_string(html, "<div class=\"columns\"><div>\n");
	if (parts && parts->count)
		memory_parts(parts, html);
	memory_rows(items, html);
	buffer_string(html, "</div><div>\n");
	if (processes && processes->count)
		memory_processes(processes, html);
	buffer_string(html, "</div></div>\n");
	return true;
}

/* --- modules --- */

bool page_modules(const struct document_row *root, struct buffer *html)
{
	const struct document_list *list = document_list(root, "modules");
	size_t shown = 0;

	if (!list || !list->count)
		return false;
	buffer_string(html, "<table class=\"modules\"><thead><tr><th>Module</th><th "
			    "class=\"num\">Size</th><th class=\"num\">Uses</th><th>Used "
			    "by</th><th>Taints</th></tr></thead><tbody>\n");
	for (const struct document_row *row = list->rows; row && shown < MAX_MODULES;
	     row = row->next, shown++) {
		buffer_printf(html, "<tr%s><td><code>",
			      *document_text(row, "taints") ? " class=\"tainted\"" : "");
		html_text(html, document_text(row, "name"));
		buffer_string(html, "</code></td>");
		size_cell(row, "size", html);
		around(row, "refcount", "<td class=\"num\">", "", html);
		if (!document_cell(row, "refcount"))
			buffer_string(html, "<td class=\"num\">&ndash;");
		buffer_string(html, "</td><td>");
		html_text(html, document_text(row, "users_text"));
		buffer_string(html, "</td><td>");
		html_text(html, document_text(row, "taints"));
		buffer_string(html, "</td></tr>\n");
	}
	buffer_string(html, "</tbody></table>\n");
	html_more(html, list->count, shown, "<code>kernel mod</code> lists them");
	return true;
}
