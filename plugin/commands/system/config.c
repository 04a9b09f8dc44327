// SPDX-License-Identifier: GPL-3.0-or-later
/* config: the options that were chosen when the kernel was built. */
#include <stdlib.h>
#include <string.h>

#include "commands/system/sys.h"
#include "kernel/system/system.h"

static const struct column config_columns[] = {
	{ "option", NULL, 0, COLUMN_JSON_ONLY },
	{ "value", NULL, 0, COLUMN_JSON_ONLY },
	{ "line", NULL, 0, COLUMN_RAW | COLUMN_TEXT_ONLY },
};
static const struct shape config_shape = { "config", SHAPE_PLAIN, config_columns,
					   ARRAY_SIZE(config_columns) };

/* Words choose the options whose names have one of them in it, in any case. */
static bool option_wanted(const struct arguments *arguments, size_t first, const char *name, size_t size)
{
	char *copy = arguments->nr_words > first ? strndup(name, size) : NULL;
	bool wanted = !copy;

	for (size_t i = first; i < arguments->nr_words && !wanted; i++)
		wanted = strcasestr(copy, arguments->words[i]) != NULL;
	free(copy);
	return wanted;
}

/*
 * "CONFIG_X=y" or "# CONFIG_X is not set" as a row; anything else is a comment between them.
 * False = stop.
 */
static bool emit_option(const struct arguments *arguments, size_t first, struct output *output, const char *line, size_t size, size_t *shown)
{
	static const char not_set[] = " is not set";
	size_t tail = sizeof(not_set) - 1;
	const char *name = line, *end, *value = "n";
	size_t value_size = 1;

	if (size > 9 + tail && memcmp(line, "# CONFIG_", 9) == 0 &&
	    memcmp(line + size - tail, not_set, tail) == 0) {
		name = line + 2;
		end = line + size - tail;
	} else if (size > 7 && memcmp(line, "CONFIG_", 7) == 0 && (end = memchr(line, '=', size))) {
		value = end + 1;
		value_size = line + size - value;
	} else {
		return true;
	}
	if (!option_wanted(arguments, first, name, end - name))
		return true;
	++*shown;
	return output_row(output) && output_bytes(output, 0, name, end - name) &&
	       output_bytes(output, 1, value, value_size) && output_bytes(output, 2, line, size);
}

bool config_show(struct kernel *kernel, const char *name, const struct arguments *arguments, size_t first, struct output *output,
		 struct error *error)
{
	struct buffer text = { 0 }, file = { 0 };
	struct error why = { 0 };
	bool done = system_config(kernel, &text, &why);
	size_t shown = 0;

	if (!done && why.kind == ERROR_NO_SYMBOL)
		done = system_config_file(kernel, &text, &file, error);
	else if (!done)
		*error = why;

	if (done && output_begin(output, &config_shape)) {
		for (const char *line = text.data, *end; line && (end = strchr(line, '\n')); line = end + 1)
			if (!emit_option(arguments, first, output, line, end - line, &shown))
				break;
		output_end(output);
	}
	if (done && file.size)
		output_note(output, "out of %s, by its name: the kernel does not carry its own (CONFIG_IKCONFIG)", file.data);
	buffer_free(&text);
	buffer_free(&file);
	if (done && !shown && arguments->nr_words > first)
		return error_set(error, ERROR_USAGE, "%s: no option's name has \"%s\" in it", name, arguments->words[first]);
	return done;
}

static bool config_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		       struct error *error)
{
	(void)host;
	return config_show(kernel, "config", arguments, 0, output, error);
}

static const char help[] =
	"All, or those with one of the words in their names, in any case. A kernel that\n"
	"was built with CONFIG_IKCONFIG=y carries them; of any other they are in a file\n"
	"config-RELEASE beside vmlinux, beside the dump or in /boot, or in\n"
	"/lib/modules/RELEASE/config. A note says so then: such a file has nothing but\n"
	"its name to tell that it is the kernel's.\n"
	"\n"
	"JSON: \"config\", an array of \"option\" and \"value\"; \"n\" is not set.\n"
	"\n"
	"Example:\n"
	"(gdb) kernel config preempt_vol config_hz\n"
	"# CONFIG_HZ_PERIODIC is not set\n"
	"CONFIG_PREEMPT_VOLUNTARY=y\n"
	"# CONFIG_HZ_100 is not set\n"
	"CONFIG_HZ_250=y\n"
	"# CONFIG_HZ_300 is not set\n"
	"# CONFIG_HZ_1000 is not set\n"
	"CONFIG_HZ=250\n"
	"note: out of ./config-6.1.0-56-cloud-amd64, by its name: [...]\n";

static const struct option options[] = { { 0 } };
static const struct mi_name mi_names[] = { { "configuration", NULL }, { 0 } };

const struct command command_config = {
	.name = "config",
	.mi = mi_names,
	.summary = "Show with which options the kernel was built.",
	.usage = "config [OPTION]...",
	.help = help,
	.options = options,
	.words = COMPLETE_NONE,
	.run = config_run,
};
