/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ":CPUS" behind what has a value for each CPU, as in crash: `p runqueues:a', `struct rq runqueues:0,2-3'. */
#ifndef VMCORE_COMMANDS_CPUS_H
#define VMCORE_COMMANDS_CPUS_H

#include "commands/command.h"

/* Ends TEXT before its last colon, where CPUs are behind it, and returns these; NULL = there are none (a :: or a ?:). */
const char *cut_cpus(char *text);
/*
 * LIST as a flag for each CPU, up to nr_cpu_ids, the caller's to free; "" is that of the selected thread. COMMAND and the NAME that stands
 * before the colon are for errors, of which NULL is the sign.
 */
bool *parse_cpus(struct kernel *kernel, const struct host *host, const char *command, const char *name, const char *list,
		 struct error *error);

#endif
