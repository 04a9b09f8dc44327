// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * `gdb VMLINUX VMCORE`, and `gdb VMCORE`: gdb opens its second argument itself, before anything of
 * ours can run: an ELF dump as a plain core file, a compressed one not at all. So when the plugin
 * is loaded at start-up (from gdbinit.d) and the command line names a kernel dump, gdb is executed
 * once more, in place, with `-ex 'target vmcore FILE'` instead of the file, and with VMLINUX as the
 * executable only (see `help set vmcore vmlinux`). An environment variable tells the second run
 * that it is the second.
 */
#include "gdb/command_line.h"
#include "gdb/plugin.h"
#include "dump/dump.h"
#include "symbols/elf/unpack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GUARD "GDB_VMCORE_RELAUNCHED"

struct plan {
	struct command_line line;
	int core;	 /* index of the argument that is the dump, 0 = none */
	char *path;	 /* the dump in it */
	int core_option; /* index of the -c or --core before it, 0 = none */
	int vmlinux;	 /* index of the first argument that is no option, 0 = none */
	int first_ex;	 /* index of the first -ex or -x, where ours goes before */
};

/* Finds the core file argument: the second bare one, or what -c or --core names. */
static void find_core(struct plan *plan)
{
	const struct command_line *line = &plan->line;
	int bare = 0;

	for (int i = 1; i < line->count; i++) {
		char *argument = line->arguments[i], *value = command_line_value(argument, "core");

		if (command_line_is(argument, "args"))
			return; /* the rest is the program's */
		if (!plan->first_ex &&
		    (command_line_is(argument, "ex") || command_line_is(argument, "x") ||
		     command_line_is(argument, "eval-command") ||
		     command_line_is(argument, "command") ||
		     !strncmp(argument, "--eval-command=", 15) ||
		     !strncmp(argument, "--command=", 10)))
			plan->first_ex = i;
		if (command_line_is(argument, "c") || command_line_is(argument, "core")) {
			plan->core_option = i;
			plan->core = i + 1 < line->count ? i + 1 : 0;
			plan->path = plan->core ? line->arguments[plan->core] : NULL;
		}
		if (!value)
			value = command_line_value(argument, "c");
		if (value) {
			plan->core_option = plan->core = i;
			plan->path = value;
		}
		if (command_line_takes_value(argument))
			i++;
		else if (*argument != '-' && ++bare == 1)
			plan->vmlinux = i;
		else if (*argument != '-' && bare == 2 && !plan->core)
			plan->path = line->arguments[plan->core = i];
	}
}

void relaunch_with_target(void)
{
	struct plan plan = { .core = 0 };
	struct command_line *line = &plan.line;
	struct buffer command = { 0 }, setting = { 0 };
	char *arguments[COMMAND_LINE_MAX], ex[] = "-ex", executable[] = "-e";
	int count = 0;

	if (getenv(GUARD)) {
		unsetenv(GUARD);
		return;
	}
	if (!command_line_read(line))
		goto out;
	find_core(&plan);
	/* `gdb VMCORE`: the vmlinux is to be looked for. */
	if (!plan.core && plan.vmlinux && dump_probe(line->arguments[plan.vmlinux])) {
		plan.core = plan.vmlinux;
		plan.path = line->arguments[plan.core];
		plan.vmlinux = 0;
	}
	/* `gdb VMCORE VMLINUX` */
	if (plan.core && plan.vmlinux && !plan.core_option && !dump_probe(plan.path) &&
	    dump_probe(line->arguments[plan.vmlinux])) {
		int first = plan.vmlinux;

		plan.vmlinux = plan.core;
		plan.core = first;
		plan.path = line->arguments[first];
	}
	if (!plan.core || !dump_probe(plan.path))
		goto out;
	buffer_string(&command, "target vmcore ");
	gdb_quote(&command, plan.path);
	if (plan.vmlinux)
		buffer_printf(&setting, "set vmcore vmlinux %s", line->arguments[plan.vmlinux]);
	if (command.failed || setting.failed)
		goto out;
	for (int i = 0; i <= line->count; i++) {
		if (i == (plan.first_ex ? plan.first_ex : line->count)) {
			if (plan.vmlinux) {
				arguments[count++] = ex;
				arguments[count++] = setting.data;
			}
			arguments[count++] = ex;
			arguments[count++] = command.data;
		}
		/* gdb cannot read a compressed one; what it unpacks to, it is told later. */
		if (i == plan.vmlinux && i && unpack_stem(line->arguments[i]))
			continue;
		if (i == plan.vmlinux && i)
			arguments[count++] = executable;
		if (i < line->count && i != plan.core && (i != plan.core_option || !i))
			arguments[count++] = line->arguments[i];
	}
	arguments[count] = NULL;
	setenv(GUARD, "1", 1);
	execv("/proc/self/exe", arguments);
	unsetenv(GUARD);
	perror("vmcore: cannot execute gdb again with the dump as its target; type: target vmcore FILE");
out:
	command_line_free(line);
	buffer_free(&command);
	buffer_free(&setting);
}
