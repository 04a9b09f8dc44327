/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `locks` lends: its tree, of the tasks that wait for too long (hung). */
#ifndef VMCORE_COMMANDS_LOCKS_H
#define VMCORE_COMMANDS_LOCKS_H

#include "commands/output.h"
#include "kernel/kernel.h"

/* The tasks that have slept uninterruptibly for NS or longer, and who they wait for. */
bool locks_show_hung(struct kernel *kernel, uint64_t ns, struct output *output, struct error *error);

#endif
