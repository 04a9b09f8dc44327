/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ORC, the kernel's own unwind table on x86_64, normalised.
 *
 * The kernel's rows changed over time (6-byte struct orc_entry; its bits moved in 6.3, 6.4 and
 * 7.1); they are turned into `struct orc_row` at the edge, and everything else, the native unwinder
 * (kernel/stacks/unwind.h) and the conversion to DWARF CFI (symbols/cfi/cfi.h), knows only this shape. Which
 * layout a kernel has is read from its BTF description of struct orc_entry, never guessed from a
 * version number.
 * Reference: arch/x86/include/asm/orc_types.h, tools/objtool.
 */
#ifndef VMCORE_SYMBOLS_ORC_H
#define VMCORE_SYMBOLS_ORC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/arch.h"
#include "base/error.h"

struct types;
struct memory;

enum orc_type {
	ORC_TYPE_UNKNOWN,	/* no unwind information: the stack cannot be followed from here */
	ORC_TYPE_END,		/* the stack ends here, cleanly */
	ORC_TYPE_FRAME,		/* a call frame: the return address is just below the CFA */
	ORC_TYPE_PT_REGS,	/* a full struct pt_regs is at the address computed */
	ORC_TYPE_IRET,		/* only the hardware's part: ip cs flags sp ss */
};

struct orc_row {
	uint8_t type;		/* enum orc_type */
	uint8_t sp_base;	/* enum orc_base (arch/arch.h): what sp_offset is added to */
	/* enum orc_base: NONE = unchanged, PREV_SP = at CFA + bp_offset, BP = at bp + bp_offset */
	uint8_t bp_base;
	/* the frame above was interrupted, pc is exact (6.3+; earlier: from the type) */
	bool signal;
	int16_t sp_offset;
	int16_t bp_offset;
};

/* The rows of one object, sorted by address. A row holds from its address to the next row's. */
struct orc_table {
	uint64_t *addresses;	/* run-time */
	struct orc_row *rows;
	size_t count;
};

/* The row in force at ADDRESS; NULL if the table has none. */
const struct orc_row *orc_find(const struct orc_table *table, uint64_t address);

/*
 * From the two arrays as the kernel has them: IPS is COUNT 32-bit distances from their own position
 * (the first one's run-time address is IPS_ADDRESS), ENTRIES is COUNT struct orc_entry. Rows out of
 * order are sorted (vmlinux and modules sort theirs at build and load time). TYPES must know struct
 * orc_entry.
 */
bool orc_decode(struct types *types, const void *ips, uint64_t ips_address, const void *entries,
		size_t count, struct orc_table *table, struct error *error);
/* From vmlinux's .orc_unwind_ip and .orc_unwind sections, KASLR added. */
bool orc_read_elf(struct types *types, const char *path, uint64_t kaslr, struct orc_table *table,
		  struct error *error);
/* From the dump's memory: ADDRESS of each array. */
bool orc_read_memory(struct types *types, struct memory *memory, uint64_t ips_address,
		     uint64_t entries_address, size_t count, struct orc_table *table,
		     struct error *error);
void orc_free(struct orc_table *table);

#endif
