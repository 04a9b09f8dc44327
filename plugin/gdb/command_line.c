// SPDX-License-Identifier: GPL-3.0-or-later
#include "gdb/command_line.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "commands/command.h"
#include "gdb/plugin.h"

/* gdb's options that take their value as the next argument, without dashes (gdb/main.c's
 * long_options). */
static const char *const options_with_value[] = {
	"x",
	"ix",
	"iex",
	"eix",
	"eiex",
	"ex",
	"e",
	"s",
	"se",
	"c",
	"p",
	"d",
	"cd",
	"b",
	"l",
	"t",
	"i",
	"D",
	"init-command",
	"init-eval-command",
	"early-init-command",
	"early-init-eval-command",
	"command",
	"eval-command",
	"exec",
	"symbols",
	"core",
	"pid",
	"directory",
	"data-directory",
	"tty",
	"interpreter",
	"ui",
	"baud",
	"write-symbols",
	NULL,
};

bool command_line_read(struct command_line *line)
{
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	struct buffer *storage = &line->storage;
	char piece[4096];
	ssize_t size;

	line->count = 0;
	*storage = (struct buffer){ 0 };
	if (fd < 0)
		return false;
	while ((size = read(fd, piece, sizeof(piece))) > 0)
		buffer_append(storage, piece, size);
	close(fd);
	if (storage->failed || !storage->size)
		return false;
	for (size_t at = 0; at < storage->size; at += strlen(storage->data + at) + 1) {
		if (line->count == COMMAND_LINE_MAX - 8)
			return false;
		line->arguments[line->count++] = storage->data + at;
	}
	return line->count > 1;
}

void command_line_free(struct command_line *line)
{
	buffer_free(&line->storage);
}

bool command_line_is(const char *argument, const char *name)
{
	if (*argument != '-')
		return false;
	argument += argument[1] == '-' ? 2 : 1;
	return !strcmp(argument, name);
}

char *command_line_value(char *argument, const char *name)
{
	if (*argument != '-')
		return NULL;
	argument += argument[1] == '-' ? 2 : 1;
	return !strncmp(argument, name, strlen(name)) && argument[strlen(name)] == '=' ? argument + strlen(name) + 1 :
											   NULL;
}

bool command_line_takes_value(const char *argument)
{
	for (size_t i = 0; options_with_value[i]; i++)
		if (command_line_is(argument, options_with_value[i]))
			return true;
	return false;
}

/* The command of an -ex, without what the launcher puts before it; see batch.c. */
static const char *unwrap(const char *command)
{
	static const char wrapper[] = "kernel-batch ";

	return command && !strncmp(command, wrapper, strlen(wrapper)) ? command + strlen(wrapper)
								      : command;
}

const char *command_line_ex(const struct command_line *line, int *i)
{
	const char *argument = line->arguments[*i];

	if (command_line_is(argument, "ex") || command_line_is(argument, "eval-command"))
		return *i + 1 < line->count ? unwrap(line->arguments[++*i]) : NULL;
	if (!strncmp(argument, "--eval-command=", 15) || !strncmp(argument, "-eval-command=", 14) ||
	    !strncmp(argument, "--ex=", 5) || !strncmp(argument, "-ex=", 4))
		return unwrap(strchr(argument, '=') + 1);
	return NULL;
}

static bool is_batch(const struct command_line *line)
{
	for (int i = 1; i < line->count; i++) {
		if (command_line_is(line->arguments[i], "args"))
			break; /* the rest is the program's */
		if (command_line_is(line->arguments[i], "batch"))
			return true;
		if (command_line_takes_value(line->arguments[i]))
			i++;
	}
	return false;
}

bool command_line_is_batch(void)
{
	struct command_line line;
	bool batch = command_line_read(&line) && is_batch(&line);

	command_line_free(&line);
	return batch;
}

static bool is_mi(const struct command_line *line)
{
	for (int i = 1; i < line->count; i++) {
		char *argument = line->arguments[i], *value = command_line_value(argument, "i");
		bool next = command_line_is(argument, "i") || command_line_is(argument, "interpreter");

		if (command_line_is(argument, "args"))
			break;
		if (!value)
			value = command_line_value(argument, "interpreter");
		if (!value && next && i + 1 < line->count)
			value = line->arguments[i + 1];
		if (value && !strncmp(value, "mi", 2))
			return true;
		if (command_line_takes_value(argument))
			i++;
	}
	return false;
}

bool command_line_is_mi(void)
{
	struct command_line line;
	bool mi = command_line_read(&line) && is_mi(&line);

	command_line_free(&line);
	return mi;
}

/* Is TEXT a command of command_table, under a name that is ours and not gdb's? */
static bool is_kernel_command(struct plugin *plugin, const char *text)
{
	static const char prefix[] = "kernel";
	char name[64], bare[70];
	bool prefixed;

	text += strspn(text, " \t");
	prefixed = !strncmp(text, prefix, strlen(prefix)) && strchr(" \t", text[strlen(prefix)]);
	if (prefixed)
		text += strlen(prefix) + strspn(text + strlen(prefix), " \t");
	if ((size_t)snprintf(name, sizeof(name), "%.*s", (int)strcspn(text, " \t"), text) >=
	    sizeof(name))
		return false;
	snprintf(bare, sizeof(bare), "\n%s\n", name);
	return command_find(name) &&
	       (prefixed || (plugin->bare_names.data && strstr(plugin->bare_names.data, bare)));
}

/* Is COMMAND `target vmcore TARGET`? */
static bool is_target(const char *command, const char *target)
{
	static const char words[] = "target vmcore ";

	return !strncmp(command, words, strlen(words)) &&
	       !strcmp(command + strlen(words) + strspn(command + strlen(words), " \t"), target);
}

/* What may stand among the commands without changing anything. */
static bool is_harmless(const struct command_line *line, int *i)
{
	static const char *const names[] = { "batch", "nx", "n", "nh", "q", "quiet", "silent" };
	static const char *const with_value[] = { "iex", "ix", "eiex", "eix", "e" };

	for (size_t k = 0; k < ARRAY_SIZE(names); k++)
		if (command_line_is(line->arguments[*i], names[k]))
			return true;
	/* What ran before the first command, and the executable, which relaunch.c puts there. */
	for (size_t k = 0; k < ARRAY_SIZE(with_value); k++)
		if (command_line_is(line->arguments[*i], with_value[k]))
			return ++*i;
	return false;
}

static bool spares_gdb(struct plugin *plugin, const struct command_line *line, const char *target)
{
	const char *command = NULL;
	int i = 1, commands = 0;

	for (; i < line->count; i++) {
		command = command_line_ex(line, &i);
		if (command && is_target(command, target))
			break;
		if (!command && command_line_takes_value(line->arguments[i]))
			i++;
	}
	for (i++; i < line->count; i++) {
		command = command_line_ex(line, &i);
		if (command && !strcmp(command, "kernel-batch"))
			break; /* the end */
		if (command ? !is_kernel_command(plugin, command) : !is_harmless(line, &i))
			return false;
		commands += command != NULL;
	}
	return commands > 0;
}

bool command_line_spares_gdb(struct plugin *plugin, const char *target)
{
	struct command_line line;
	bool spares = command_line_read(&line) && is_batch(&line) &&
		      spares_gdb(plugin, &line, target);

	command_line_free(&line);
	return spares;
}
