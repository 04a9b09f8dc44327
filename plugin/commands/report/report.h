/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * report inside: report.c says all of it to one output, report_tasks.c and report_memory.c what no
 * other command says. Where a page is wanted that output is a document.h, and the files of
 * report_page.h draw the page from it.
 *
 * To add a section: say it in report.c (through output.h), which gives text and JSON; add its
 * drawing to report_page.c's table; describe it in tests/schemas/report.json.
 */
#ifndef VMCORE_COMMANDS_REPORT_H
#define VMCORE_COMMANDS_REPORT_H

#include "commands/stacks/bt.h"

struct report {
	struct kernel *kernel;
	struct output *output;
	struct host host;	  /* answers where an address is in the source, and nothing else */
	const struct host *outer; /* the caller's, may be NULL */
	struct bt *bt;
	struct shape cpus_shape; /* that of bt with another key */
	size_t lines_found; /* of the kernel itself; modules have files of their own */
};

/* --- report_tasks.c --- */
/* Shapes "panicked" and "cpus": who died, and what every CPU was doing. */
bool report_cpus(struct report *report, struct error *error);
/* Shapes "blocked" and "stacks": who waits for whom, and all tasks' stacks by state. */
bool report_tasks(struct report *report, struct error *error);

/* --- report_memory.c --- */
/* Shapes "memory", "memory_parts" and "memory_processes". */
bool report_memory(struct report *report, struct error *error);

#endif
