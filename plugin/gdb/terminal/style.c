// SPDX-License-Identifier: GPL-3.0-or-later
#include "gdb/terminal/style.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/output.h"

/* The SGR parameter of gdb's colour NAME as a foreground, 0 if it has none ("none", or one we do
 * not know). */
static int colour(const char *name)
{
	static const char *const names[] = { "black", "red",	 "green", "yellow",
					     "blue",  "magenta", "cyan",  "white" };

	for (int i = 0; i < 8; i++)
		if (!strcmp(name, names[i]))
			return 30 + i;
	return 0;
}

/* `set style NAME foreground` and `intensity` as one escape sequence. */
static void read_style(struct plugin *plugin, const char *name, char *escape, size_t size)
{
	struct buffer foreground = { 0 }, intensity = { 0 };
	char setting[64];
	int code = 0;
	bool bold;

	snprintf(setting, sizeof(setting), "style %s foreground", name);
	if (gdb_setting(plugin, setting, &foreground) && foreground.data)
		code = colour(foreground.data);
	snprintf(setting, sizeof(setting), "style %s intensity", name);
	bold = gdb_setting(plugin, setting, &intensity) && intensity.data &&
	       !strcmp(intensity.data, "bold");
	if (code)
		snprintf(escape, size, "\033[%s%dm", bold ? "1;" : "", code);
	else if (bold)
		snprintf(escape, size, "\033[1m");
	buffer_free(&foreground);
	buffer_free(&intensity);
}

void styles_read(struct plugin *plugin, struct styles *styles)
{
	struct buffer enabled = { 0 };
	const char *term = getenv("TERM");

	*styles = (struct styles){ .enabled = false };
	if (!isatty(STDOUT_FILENO) || !term || !strcmp(term, "dumb") || getenv("NO_COLOR"))
		return;
	styles->enabled = gdb_setting(plugin, "style enabled", &enabled) && enabled.data &&
			  !strcmp(enabled.data, "on");
	buffer_free(&enabled);
	if (!styles->enabled)
		return;
	read_style(plugin, "address", styles->address, sizeof(styles->address));
	read_style(plugin, "function", styles->function, sizeof(styles->function));
	read_style(plugin, "highlight", styles->highlight, sizeof(styles->highlight));
}

const char *styles_escape(const struct styles *styles, unsigned column_flag)
{
	const char *escape = NULL;

	if (!styles->enabled)
		return NULL;
	if (!column_flag)
		return "\033[m";
	if (column_flag & COLUMN_ADDRESS)
		escape = styles->address;
	else if (column_flag & COLUMN_FUNCTION)
		escape = styles->function;
	else if (column_flag & COLUMN_HIGHLIGHT)
		escape = styles->highlight;
	return escape && *escape ? escape : NULL;
}
