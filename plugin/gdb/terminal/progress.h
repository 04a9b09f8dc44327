/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A bar on the terminal for what takes over a second. On stderr and only if that is a terminal, so
 * that it never mixes with what a command prints.
 */
#ifndef VMCORE_GDB_PROGRESS_H
#define VMCORE_GDB_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	int64_t started, drawn; /* milliseconds of the monotonic clock, 0 = not yet */
	bool visible;
};

/* DONE of TOTAL; cheap enough for every step of a loop. */
void progress_show(struct progress *progress, const char *what, uint64_t done, uint64_t total);
/* Takes the bar away, before other output. */
void progress_hide(struct progress *progress);

#endif
