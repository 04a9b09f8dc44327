/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What files of `kernel irq' share. */
#ifndef VMCORE_COMMANDS_IRQ_H
#define VMCORE_COMMANDS_IRQ_H

#include "commands/command.h"

/* irq_counters.c: -s, what has no number. ERROR_PARTIAL: not all is known. */
bool irq_show_counters(struct kernel *kernel, struct output *output, const bool *cpus, struct error *error);
/* irq_vectors.c: -d, and -b. */
bool irq_show_gates(struct kernel *kernel, struct output *output, struct error *error);
bool irq_show_softirqs(struct kernel *kernel, struct output *output, struct error *error);

#endif
