/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where compiled code changes to another stack in inline assembly (arch->stack_switch): all such places of a vmlinux.
 */
#ifndef VMCORE_SYMBOLS_STACK_SWITCH_H
#define VMCORE_SYMBOLS_STACK_SWITCH_H

#include "arch/arch.h"
#include "symbols/cfi/frame_table.h"
#include "symbols/elf/elf_file.h"

struct stack_switches {
	struct frame_switch *list;	/* sorted by start */
	size_t count, capacity;
};

/* None where the machine has none. */
bool stack_switches_find(const struct arch *arch, const struct elf_file *file, struct stack_switches *switches,
			 struct error *error);
void stack_switches_free(struct stack_switches *switches);

#endif
