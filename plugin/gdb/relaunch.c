// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * `gdb VMLINUX VMCORE`, and `gdb VMCORE`: gdb opens its second argument itself, before anything of
 * ours can run: an ELF dump as a plain core file, a compressed one not at all. So when the plugin
 * is loaded at start-up (from gdbinit.d) and the command line names a kernel dump, gdb is executed
 * once more, in place, with `-ex 'target vmcore FILE'` instead of the file, and with VMLINUX as the
 * executable only (see `help set vmcore vmlinux`). An environment variable tells the second run
 * that it is the second.
 */
#include "gdb/plugin.h"
#include "dump/dump.h"
#include "symbols/unpack.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GUARD	      "GDB_VMCORE_RELAUNCHED"
#define MAX_ARGUMENTS 4096

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

struct line {
	char *arguments[MAX_ARGUMENTS];
	int count;
	int core;	 /* index of the argument that is the dump, 0 = none */
	int core_option; /* index of the -c or --core before it, 0 = none */
	int vmlinux;	 /* index of the first argument that is no option, 0 = none */
	int first_ex;	 /* index of the first -ex or -x, where ours goes before */
};

/* Reads /proc/self/cmdline into LINE; STORAGE is what the pointers point into. */
static bool read_line(struct line *line, struct buffer *storage)
{
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	char piece[4096];
	ssize_t size;

	if (fd < 0)
		return false;
	while ((size = read(fd, piece, sizeof(piece))) > 0)
		buffer_append(storage, piece, size);
	close(fd);
	if (storage->failed || !storage->size)
		return false;
	for (size_t at = 0; at < storage->size; at += strlen(storage->data + at) + 1) {
		if (line->count == MAX_ARGUMENTS - 8)
			return false;
		line->arguments[line->count++] = storage->data + at;
	}
	return line->count > 1;
}

/* Is ARGUMENT the option NAME, with one dash or two? */
static bool is_option(const char *argument, const char *name)
{
	if (*argument != '-')
		return false;
	argument += argument[1] == '-' ? 2 : 1;
	return !strcmp(argument, name);
}

static bool takes_value(const char *argument)
{
	for (size_t i = 0; options_with_value[i]; i++)
		if (is_option(argument, options_with_value[i]))
			return true;
	return false;
}

/* Finds the core file argument: the second bare one, or what -c or --core names. */
static void find_core(struct line *line)
{
	int bare = 0;

	for (int i = 1; i < line->count; i++) {
		char *argument = line->arguments[i];

		if (is_option(argument, "args"))
			return; /* the rest is the program's */
		if (!line->first_ex &&
		    (is_option(argument, "ex") || is_option(argument, "x") ||
		     is_option(argument, "eval-command") || is_option(argument, "command") ||
		     !strncmp(argument, "--eval-command=", 15) ||
		     !strncmp(argument, "--command=", 10)))
			line->first_ex = i;
		if (is_option(argument, "c") || is_option(argument, "core")) {
			line->core_option = i;
			line->core = i + 1 < line->count ? i + 1 : 0;
		}
		if (takes_value(argument))
			i++;
		else if (*argument != '-' && ++bare == 1)
			line->vmlinux = i;
		else if (*argument != '-' && bare == 2 && !line->core)
			line->core = i;
	}
}

/* FILE in quotes for gdb's string_to_argv. */
static void quote(struct buffer *command, const char *file)
{
	buffer_char(command, '"');
	for (; *file; file++) {
		if (*file == '"' || *file == '\\')
			buffer_char(command, '\\');
		buffer_char(command, *file);
	}
	buffer_char(command, '"');
}

void relaunch_with_target(void)
{
	struct line line = { .count = 0 };
	struct buffer storage = { 0 }, command = { 0 }, setting = { 0 };
	char *arguments[MAX_ARGUMENTS], ex[] = "-ex", executable[] = "-e";
	int count = 0;

	if (getenv(GUARD)) {
		unsetenv(GUARD);
		return;
	}
	if (!read_line(&line, &storage))
		goto out;
	find_core(&line);
	/* `gdb VMCORE`: the vmlinux is to be looked for. */
	if (!line.core && line.vmlinux && dump_probe(line.arguments[line.vmlinux])) {
		line.core = line.vmlinux;
		line.vmlinux = 0;
	}
	if (!line.core || !dump_probe(line.arguments[line.core]))
		goto out;
	buffer_string(&command, "target vmcore ");
	quote(&command, line.arguments[line.core]);
	if (line.vmlinux)
		buffer_printf(&setting, "set vmcore vmlinux %s", line.arguments[line.vmlinux]);
	if (command.failed || setting.failed)
		goto out;
	for (int i = 0; i <= line.count; i++) {
		if (i == (line.first_ex ? line.first_ex : line.count)) {
			if (line.vmlinux) {
				arguments[count++] = ex;
				arguments[count++] = setting.data;
			}
			arguments[count++] = ex;
			arguments[count++] = command.data;
		}
		/* gdb cannot read a compressed one; what it unpacks to, it is told later. */
		if (i == line.vmlinux && i && unpack_stem(line.arguments[i]))
			continue;
		if (i == line.vmlinux && i)
			arguments[count++] = executable;
		if (i < line.count && i != line.core && (i != line.core_option || !i))
			arguments[count++] = line.arguments[i];
	}
	arguments[count] = NULL;
	setenv(GUARD, "1", 1);
	execv("/proc/self/exe", arguments);
	unsetenv(GUARD);
	perror("vmcore: cannot execute gdb again with the dump as its target; type: target vmcore FILE");
out:
	buffer_free(&storage);
	buffer_free(&command);
	buffer_free(&setting);
}
