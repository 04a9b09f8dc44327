/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between the files of system.h. */
#ifndef VMCORE_KERNEL_SYSTEM_INTERNAL_H
#define VMCORE_KERNEL_SYSTEM_INTERNAL_H

#include "kernel/system/system.h"

/* Why the machine died, by its log, and what it survived before: panic*, survived. */
void system_panic(struct kernel *kernel, struct system_info *info);
/* Adds to info->unknown that WHAT could not be read, and why. */
void system_unknown(struct system_info *info, const char *what, const struct error *why);

#endif
