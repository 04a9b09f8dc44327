/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between the files of system.h. */
#ifndef VMCORE_KERNEL_SYSTEM_INTERNAL_H
#define VMCORE_KERNEL_SYSTEM_INTERNAL_H

#include "kernel/kernel.h"

/* Why the machine died, by its log; "" = it did not say. */
void system_panic(struct kernel *kernel, char *text, size_t size);

#endif
