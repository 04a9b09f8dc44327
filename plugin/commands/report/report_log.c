// SPDX-License-Identifier: GPL-3.0-or-later
/* The page: the log, filtered by level without any script, and its last lines. */
#include "commands/report/report_page.h"

#include <string.h>

#define LAST_LINES     20
#define MAX_LAST_LINES 80	  /* an oops with its stack has some 50 */
#define MAX_LOG_BYTES  (1u << 20) /* the end of it: the page is to be mailed */

static const char *const level_names[] = { "emerg", "alert",  "crit", "err",
					   "warn",  "notice", "info", "debug" };

static unsigned level_of(const struct document_row *record)
{
	return document_number(record, "level", 6) & 7;
}

static void log_line(const struct document_row *record, struct buffer *html)
{
	const struct document_cell *line = document_cell(record, "line");
	unsigned level = level_of(record);

	buffer_printf(html, "<li class=\"l%u\">", level);
	/* Colours alone say nothing to those who do not see them. */
	if (level <= 4)
		buffer_printf(html, "<b>%s</b> ", level_names[level]);
	if (line)
		html_bytes(html, line->text, line->size);
	buffer_string(html, "</li>\n");
}

/* The first of the last COUNT rows. */
static const struct document_row *last_rows(const struct document_list *list, size_t count)
{
	const struct document_row *row = document_rows(list);

	for (size_t skip = list && list->count > count ? list->count - count : 0; skip; skip--)
		row = row->next;
	return row;
}

/* From the message that is the headline on, if that is not far from the end. */
static const struct document_row *from_headline(const struct document_row *root,
						const struct document_list *list)
{
	const char *panic = document_text(document_object(root, "system"), "panic");
	const struct document_row *row = last_rows(list, MAX_LAST_LINES), *found = NULL;

	for (; row && *panic; row = row->next)
		if (!found && strstr(document_text(row, "text"), panic))
			found = row;
	return found;
}

static size_t rows_from(const struct document_row *row)
{
	size_t count = 0;

	for (; row; row = row->next)
		count++;
	return count;
}

void page_last_lines(const struct document_row *root, struct buffer *html)
{
	const struct document_list *list = document_list(root, "log");
	const struct document_row *row = from_headline(root, list);

	if (rows_from(row) < LAST_LINES)
		row = last_rows(list, LAST_LINES);
	if (!row)
		return;
	buffer_string(html, "<h3>Last messages</h3>\n<ol class=\"log\">\n");
	for (; row; row = row->next)
		log_line(row, html);
	buffer_string(html, "</ol>\n<p class=\"more\"><a href=\"#log\">The whole log</a></p>\n");
}

/* How many of the last rows make up MAX_LOG_BYTES of text. */
static size_t rows_that_fit(const struct document_list *list)
{
	size_t total = 0, dropped = 0;

	for (const struct document_row *row = list->rows; row; row = row->next)
		total += strlen(document_text(row, "line"));
	for (const struct document_row *row = list->rows; row && total > MAX_LOG_BYTES;
	     row = row->next, dropped++)
		total -= strlen(document_text(row, "line"));
	return list->count - dropped;
}

static void filter(struct buffer *html, const char *id, const char *label, size_t count,
		   bool checked)
{
	buffer_printf(html,
		      "<input type=\"radio\" name=\"level\" id=\"%s\"%s><label for=\"%s\">%s "
		      "<small>%zu</small></label>\n",
		      id, checked ? " checked" : "", id, label, count);
}

bool page_log(const struct document_row *root, struct buffer *html)
{
	const struct document_list *list = document_list(root, "log");
	size_t shown, warnings = 0, errors = 0;

	if (!list || !list->count)
		return false;
	shown = rows_that_fit(list);
	for (const struct document_row *row = list->rows; row; row = row->next) {
		errors += level_of(row) <= 3;
		warnings += level_of(row) <= 4;
	}
	if (list->count > shown)
		buffer_printf(html,
			      "<p class=\"more\">%zu earlier messages are left out here; "
			      "<code>kernel log</code> has them.</p>\n",
			      list->count - shown);
	buffer_string(html,
		      "<div class=\"filter\" role=\"group\" aria-label=\"Levels to show\">\n");
	filter(html, "level-all", "All", list->count, true);
	filter(html, "level-warn", "Warnings and worse", warnings, false);
	filter(html, "level-err", "Errors and worse", errors, false);
	buffer_string(html, "<ol class=\"log\" id=\"log-lines\">\n");
	for (const struct document_row *row = last_rows(list, shown); row; row = row->next)
		log_line(row, html);
	buffer_string(html, "</ol>\n</div>\n");
	return true;
}
