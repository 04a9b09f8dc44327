/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gdb's companion of a vmlinux without ORC: a small ELF file with a .debug_frame for all that vmlinux's own does not say, or
 * says in a way that gdb does not understand. (With ORC: symbols/cfi/cfi.h.)
 *  - Code without an entry gets the rows of symbols/cfi/code_row.h.
 *  - Where return addresses are signed, all of vmlinux's own entries again, with the signature taken off.
 * gdb gets it as a separate debug file of vmlinux, which it searches before vmlinux itself; the empty sections in it are
 * those of vmlinux, so that it is relocated alike.
 */
#ifndef VMCORE_SYMBOLS_COMPANION_H
#define VMCORE_SYMBOLS_COMPANION_H

#include "arch/arch.h"
#include "base/error.h"

struct cfi_section;
struct frame_table;
struct symtab;

struct companion {
	const struct arch *arch;
	uint64_t code_mask;		/* memory->code_mask */
	uint64_t pt_regs_size;		/* bytes */
	const struct symtab *symtab;	/* of vmlinux, link-time addresses; of a module, run-time ones */
};

/* Of the file VMLINUX to PATH. */
bool companion_write(const struct companion *companion, const char *vmlinux, const char *path, struct error *error);

/*
 * The same of a module that gdb has got as a file with these SECTIONS (cfi.h): TABLE is that of its .ko, at run-time
 * addresses (kernel/modules/module_frames.h). gdb must get it before the .ko, whose entries are then not asked for.
 */
bool companion_write_module(const struct companion *companion, const struct cfi_section *sections, size_t nr_sections,
			    const struct frame_table *table, const char *path, struct error *error);

/*
 * A file with entries for user space, from 0 to USER_LAST or as arch->user_mark says, where stacks end: gdb would otherwise
 * guess frames by reading prologues. At 0 they go on: a NULL pointer was called. For add-symbol-file without an address.
 */
bool companion_write_user_end(const struct companion *companion, uint64_t user_last, const char *path, struct error *error);

#endif
