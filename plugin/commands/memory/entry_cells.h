/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The flags of a page table's entry as a cell. */
#ifndef VMCORE_COMMANDS_ENTRY_CELLS_H
#define VMCORE_COMMANDS_ENTRY_CELLS_H

#include "commands/output.h"
#include "kernel/kernel.h"

/* "PRESENT|RW", of the machine's own names; WHERE is of enum arch_entry_where. */
bool entry_flags_cell(struct kernel *kernel, struct output *output, size_t column, uint64_t entry, unsigned where);

#endif
