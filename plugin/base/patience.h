/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whoever waits for something that can take long: to be asked whether they still want it, and to be
 * told how far it is. Members may be NULL.
 */
#ifndef VMCORE_BASE_PATIENCE_H
#define VMCORE_BASE_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

struct patience {
	bool (*interrupted)(void *context);	/* Ctrl-C: fail with ERROR_INTERRUPTED */
	/* WHAT: "Unpacking"; TOTAL 0 = not known */
	void (*progress)(void *context, const char *what, uint64_t done, uint64_t total);
	void *context;
};

#endif
