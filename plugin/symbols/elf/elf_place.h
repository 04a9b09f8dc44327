/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A section of a relocatable file (.ko) as it would be if the file had been linked to where its sections were loaded. For
 * sections that hold nothing but whole addresses of other sections and 32-bit offsets, as .debug_frame does.
 */
#ifndef VMCORE_SYMBOLS_ELF_PLACE_H
#define VMCORE_SYMBOLS_ELF_PLACE_H

#include "arch/arch.h"
#include "base/error.h"
#include "symbols/elf/elf_file.h"

/* The run-time address of the section NAME; 0 = it is not in memory, and what points into it becomes 0. */
typedef uint64_t elf_place_callback(void *context, const char *name);

/*
 * The bytes of the section NAME, malloc'ed, and their number. ERROR_NO_SYMBOL: there is none; ERROR_UNSUPPORTED: it has
 * relocations of another kind.
 */
bool elf_place(const struct elf_file *file, const struct arch *arch, const char *name, elf_place_callback *place,
	       void *context, uint8_t **data_ret, size_t *size_ret, struct error *error);

#endif
