// SPDX-License-Identifier: GPL-3.0-or-later
#include "commands/data/cpus.h"

#include <stdio.h>
#include <string.h>

#include "kernel/tasks/cpu.h"

const char *cut_cpus(char *text)
{
	char *colon = strrchr(text, ':');

	/* ::, and what comes behind a colon in a ?: or a 'file.c'::name, are no CPUs. */
	if (!colon || colon == text || colon[-1] == ':' || strspn(colon + 1, "0123456789,-al") != strlen(colon + 1))
		return NULL;
	*colon = '\0';
	return colon + 1;
}

bool *parse_cpus(struct kernel *kernel, const struct host *host, const char *command, const char *name, const char *list,
		 struct error *error)
{
	const struct cpu *cpu = *list ? NULL : host_selected_cpu(host);
	char number[16];
	bool *cpus;

	if (!*list && !cpu) {
		error_set(error, ERROR_USAGE, "%s: which CPU? The selected thread is none; %s:a is all", command, name);
		return NULL;
	}
	if (cpu)
		snprintf(number, sizeof(number), "%u", cpu->number);
	return select_cpus(kernel, cpu ? number : list, &cpus, error) ? cpus : NULL;
}
