/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * BTF to DWARF: what the kernel knows about its types, functions and variables, for gdb.
 *
 * Types become one compile unit. Functions whose address the symbol table has become others, some
 * hundred in each, with the range of addresses they cover: gdb then reads those on a stack, not all
 * 60,000. The variables are one more. BTF's strings are .debug_str as they are.
 * What BTF does not say stays unsaid: there are no lines, no locals, no inlined functions, and
 * parameters have no place, so gdb prints them as <optimized out>. An array of several dimensions
 * has one, bit fields of width 0 and the padding between members are not there.
 * DWARF 4 in 32 bits, which every gdb since 7 reads.
 *
 * btf_dwarf.c has the way in and the abbreviations, btf_dwarf_types.c the types, btf_dwarf_code.c
 * functions and variables.
 */
#ifndef VMCORE_SYMBOLS_BTF_DWARF_H
#define VMCORE_SYMBOLS_BTF_DWARF_H

#include "base/buffer.h"
#include "base/error.h"
#include "symbols/btf/btf.h"

struct symtab;

struct btf_dwarf {
	struct buffer info, abbrev;	/* .debug_info, .debug_abbrev */
	const char *strings;		/* .debug_str: BTF's own */
	size_t strings_size;
};

struct btf_dwarf_input {
	const struct btf *btf;
	/*
	 * The first type that is the object's own: 1 for vmlinux, for a module's (btf_join) the
	 * number of vmlinux's. Of those before it only what is used is described; structures are
	 * declared, and gdb finds them in vmlinux's file.
	 */
	uint32_t first;
	const struct symtab *symbols;	/* of the object; NULL: types alone */
	const char *name;		/* of the units: "vmlinux" */
};

/* The sections stay valid as long as the BTF. */
bool btf_dwarf_make(const struct btf_dwarf_input *input, struct btf_dwarf *dwarf,
		    struct error *error);
void btf_dwarf_free(struct btf_dwarf *dwarf);

#endif
