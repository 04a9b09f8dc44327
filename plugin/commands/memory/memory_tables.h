/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the machine's memory was used for, as tables: `kernel kmem -i` and the report have the same. */
#ifndef VMCORE_COMMANDS_MEMORY_TABLES_H
#define VMCORE_COMMANDS_MEMORY_TABLES_H

#include "commands/output.h"
#include "kernel/memory/memory_use.h"

/* The rows of /proc/meminfo, "memory", and the same memory cut into parts, "memory_parts"; notes say what is not known. */
void memory_items_table(struct output *output, const struct memory_use *use);
void memory_parts_table(struct output *output, const struct memory_use *use);

#endif
