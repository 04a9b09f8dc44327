// SPDX-License-Identifier: GPL-3.0-or-later
#include "commands/data/cpus.h"

#include <stdlib.h>
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
	bool *cpus = calloc(kernel->nr_cpu_ids + 1, sizeof(*cpus)), done;

	if (!cpus) {
		error_no_memory(error, "a list of CPUs", kernel->nr_cpu_ids);
		return NULL;
	}
	if (*list) {
		done = parse_cpu_list(kernel, list, cpus, error);
	} else {
		const struct cpu *cpu = host_selected_cpu(host);

		done = cpu != NULL || error_set(error, ERROR_USAGE, "%s: which CPU? The selected thread is none; %s:a is all", command, name);
		if (cpu)
			cpus[cpu->number] = true;
	}
	if (done)
		return cpus;
	free(cpus);
	return NULL;
}
