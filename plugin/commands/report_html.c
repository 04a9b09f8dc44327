// SPDX-License-Identifier: GPL-3.0-or-later
/* What all sections of the page need: text made safe, sizes, and the file. */
#include "commands/report_page.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
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

/* --- the file --- */

/* "~/x" as gdb and shells mean it; malloc'ed. */
static char *expand(const char *path)
{
	const char *home = path[0] == '~' && path[1] == '/' ? getenv("HOME") : NULL;
	struct buffer name = { 0 };

	buffer_printf(&name, "%s%s", home ? home : "", home ? path + 1 : path);
	return name.data;
}

/* Is it something else than a file: a terminal, a pipe, /dev/null? To be written into, not
 * replaced. */
static bool is_special(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && !S_ISREG(info.st_mode);
}

bool report_check_path(const char *path, struct error *error)
{
	char *name = expand(path), *slash;
	bool special = name && is_special(name), good;
	struct stat info;

	if (!name)
		return error_no_memory(error, "a file name", strlen(path));
	if (!*name || (stat(name, &info) == 0 && S_ISDIR(info.st_mode))) {
		error_set(error, ERROR_USAGE, "report: %s is a directory; name a file in it",
			  *name ? name : "\"\"");
		free(name);
		return false;
	}
	slash = strrchr(name, '/');
	if (slash)
		slash[slash == name] = '\0';
	good = special || access(slash ? name : ".", W_OK | X_OK) == 0;
	if (!good)
		error_set(error, ERROR_IO, "report: cannot write %s: %m", path);
	free(name);
	return good;
}

static bool write_special(const char *path, const char *data, size_t size, struct error *error)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	bool done = fd >= 0;

	while (done && size) {
		ssize_t part = write(fd, data, size);

		done = part > 0 || (part < 0 && errno == EINTR);
		data += part > 0 ? part : 0;
		size -= part > 0 ? part : 0;
	}
	if (!done)
		error_set(error, ERROR_IO, "cannot write %s: %m", path);
	if (fd >= 0)
		close(fd);
	return done;
}

bool report_write(const char *path, const void *data, size_t size, struct error *error)
{
	char *name = expand(path), *target;
	bool done;

	if (!name)
		return error_no_memory(error, "a file name", strlen(path));
	/* Of a symbolic link the file behind it is replaced. */
	target = realpath(name, NULL);
	done = is_special(name) ? write_special(name, data, size, error)
				: files_write_atomically(target ? target : name, data, size, error);
	free(target);
	free(name);
	return done;
}
