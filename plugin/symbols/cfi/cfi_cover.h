/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which code an ELF file's own .debug_frame covers, and what it says at one address. For
 * symbols/cfi/cfi.c, which fills the gaps out of ORC and borrows the callee-saved rules where it has to
 * override.
 */
#ifndef VMCORE_SYMBOLS_CFI_COVER_H
#define VMCORE_SYMBOLS_CFI_COVER_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "symbols/elf/elf_file.h"
#include "symbols/cfi/cfi_frame.h"

struct cfi_interval {
	uint64_t start, end;
};

struct cfi_cover {
	struct cfi_interval *intervals;	/* sorted, disjoint, adjacent ones joined */
	size_t count, capacity;
	Dwarf *dwarf;			/* opened by the first cfi_cover_rules */
	Dwarf_CFI *cfi;
};

/*
 * FILE must stay open as long as the cover. A file without .debug_frame covers nothing, which is no
 * error.
 */
bool cfi_cover_read(struct cfi_cover *cover, const struct elf_file *file, struct error *error);
void cfi_cover_free(struct cfi_cover *cover);

/*
 * Is ADDRESS covered? *end_ret is where that answer ends: the end of the interval or the start of
 * the next one (UINT64_MAX if there is none).
 */
bool cfi_cover_contains(const struct cfi_cover *cover, uint64_t address, uint64_t *end_ret);

/*
 * Sets the rules of rbx, rbp and r12 to r15 in STATE to those that the file has at ADDRESS. What
 * cannot be expressed becomes "not saved".
 */
void cfi_cover_rules(struct cfi_cover *cover, const struct elf_file *file, uint64_t address,
		     struct cfi_state *state);
/*
 * Does the file's DWARF have the instruction at ADDRESS in a function that is inlined there? False
 * also where it says nothing.
 */
bool cfi_cover_is_inlined(struct cfi_cover *cover, const struct elf_file *file, uint64_t address);

#endif
