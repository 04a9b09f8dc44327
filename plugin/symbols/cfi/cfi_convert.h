/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shared by cfi.c, which converts ORC rows, and cfi_module.c, which makes a module's file. Nobody
 * else includes this.
 */
#ifndef VMCORE_SYMBOLS_CFI_CONVERT_H
#define VMCORE_SYMBOLS_CFI_CONVERT_H

#include "symbols/cfi/cfi.h"
#include "symbols/cfi/cfi_cover.h"
#include "symbols/cfi/cfi_frame.h"
#include "symbols/elf/elf_file.h"
#include "symbols/elf/elf_writer.h"

struct code_range {
	uint64_t start, end;
};

/* What a conversion works on. */
struct conversion {
	const struct orc_table *table;
	const struct symtab *symtab;
	struct code_range *code;	/* the object's executable sections, sorted */
	size_t nr_code;
	struct cfi_cover cover;
	const struct elf_file *file;	/* of the cover; NULL = none */
	bool callee_saved_kept;		/* what is not covered is assembly */
	struct cfi_frame_writer frames;
};

/* Converts all rows of code into conversion->frames. */
void cfi_convert(struct conversion *conversion);
/* Adds the result as .debug_frame; false = out of memory. */
bool cfi_convert_save(const struct conversion *conversion, struct elf_writer *writer);
void cfi_convert_free(struct conversion *conversion);

#endif
