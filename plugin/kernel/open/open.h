/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From a dump to a struct kernel, and back. Nothing below this room (all of kernel/ but this) calls it.
 */
#ifndef VMCORE_KERNEL_OPEN_H
#define VMCORE_KERNEL_OPEN_H

#include "kernel/kernel.h"

/* Where names and types come from. */
struct kernel_source {
	const char *vmlinux;	/* NULL: the dump's own description, own.h */
	bool force;		/* vmlinux need not be of the dump's build-id */
	const char *system_map;	/* in place of the symbols of vmlinux or of the dump; may be NULL */
};

/* Takes DUMP over, also on failure. */
bool kernel_open(struct dump *dump, const struct kernel_source *source, struct kernel **kernel_ret,
		 struct error *error);
/*
 * A dump in which no kernel was recognized: only `dump`, `damage` (WHY), `lock` and the callbacks
 * are of use. Takes DUMP over, also on failure.
 */
bool kernel_open_bare(struct dump *dump, const char *why, struct kernel **kernel_ret,
		      struct error *error);
void kernel_close(struct kernel *kernel);

#endif
