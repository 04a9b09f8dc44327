// SPDX-License-Identifier: GPL-3.0-or-later
/* What all sections of the page need: text made safe, sizes. */
#include "commands/report/report_page.h"

#include <stdlib.h>
#include <string.h>

#include "commands/output_escape.h"

void html_bytes(struct buffer *html, const char *text, size_t size)
{
	struct buffer visible = { 0 };
	size_t plain = 0;

	escape_text(&visible, text, size, true);
	html->failed |= visible.failed;
	for (size_t i = 0; i < visible.size; i++) {
		const char *entity = visible.data[i] == '&'    ? "&amp;"
				     : visible.data[i] == '<'  ? "&lt;"
				     : visible.data[i] == '>'  ? "&gt;"
				     : visible.data[i] == '"'  ? "&quot;"
				     : visible.data[i] == '\'' ? "&#39;"
							       : NULL;

		if (!entity)
			continue;
		buffer_append(html, visible.data + plain, i - plain);
		buffer_string(html, entity);
		plain = i + 1;
	}
	if (visible.size)
		buffer_append(html, visible.data + plain, visible.size - plain);
	buffer_free(&visible);
}

void html_text(struct buffer *html, const char *text)
{
	html_bytes(html, text, strlen(text));
}

void html_size(struct buffer *html, uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
	double value = bytes;
	size_t unit = 0;

	while (value >= 1000 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1024;
		unit++;
	}
	buffer_printf(html, "%.*f %s", unit && value < 100, value, units[unit]);
}

void html_more(struct buffer *html, size_t count, size_t shown, const char *where)
{
	if (count > shown)
		buffer_printf(html, "<p class=\"more\">and %zu more; %s</p>\n", count - shown,
			      where);
}

void html_notes(struct buffer *html, const struct document_row *row)
{
	for (const struct document_note *note = row->notes; note; note = note->next) {
		buffer_string(html, "<p class=\"note\">");
		html_text(html, note->text);
		buffer_string(html, "</p>\n");
	}
}
