// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the bits of page table entries are called, by machine: data for arch->entry_flags. Hardware's bits have the names of the
 * machine's manual, the software's those of the kernel (pgtable_types.h, pgtable-prot.h, pgtable.h).
 */
#include "arch/arch.h"

#define MAPS (ENTRY_OF_BLOCK | ENTRY_OF_PAGE)

/* Intel SDM volume 3, tables 4-15 to 4-20; arch/x86/include/asm/pgtable_types.h. Of 32 and of 64 bits. */
const struct arch_entry_flag x86_entry_flags[] = {
	{ 1ull << 0, 1ull << 0, "PRESENT", ENTRY_ANYWHERE },
	{ 1ull << 1, 1ull << 1, "RW", ENTRY_ANYWHERE },
	{ 1ull << 2, 1ull << 2, "USER", ENTRY_ANYWHERE },
	{ 1ull << 3, 1ull << 3, "PWT", ENTRY_ANYWHERE },
	{ 1ull << 4, 1ull << 4, "PCD", ENTRY_ANYWHERE },
	{ 1ull << 5, 1ull << 5, "ACCESSED", ENTRY_ANYWHERE },
	{ 1ull << 6, 1ull << 6, "DIRTY", MAPS },
	{ 1ull << 7, 1ull << 7, "PSE", ENTRY_OF_BLOCK },
	{ 1ull << 7, 1ull << 7, "PAT", ENTRY_OF_PAGE },
	{ 1ull << 12, 1ull << 12, "PAT", ENTRY_OF_BLOCK },
	{ 1ull << 8, 1ull << 8, "GLOBAL", MAPS },
	{ (1ull << 8) | 1, 1ull << 8, "PROTNONE", ENTRY_NOT_PRESENT },
	{ 1ull << 9, 1ull << 9, "SPECIAL", ENTRY_OF_PAGE },
	{ 1ull << 63, 1ull << 63, "NX", ENTRY_ANYWHERE },
	{ 0, 0, NULL, 0 }
};

/* Arm ARM (DDI 0487) D8.3; arch/arm64/include/asm/pgtable-hwdef.h, pgtable-prot.h. */
const struct arch_entry_flag arm64_entry_flags[] = {
	{ 1ull << 0, 1ull << 0, "VALID", ENTRY_ANYWHERE },
	{ 1ull << 1, 1ull << 1, "TABLE", ENTRY_OF_TABLE },
	{ 1ull << 6, 1ull << 6, "USER", MAPS },
	{ 1ull << 7, 1ull << 7, "RDONLY", MAPS },
	{ 3ull << 8, 3ull << 8, "SHARED", MAPS },	/* with 52 bits and small pages these are the address's */
	{ 1ull << 10, 1ull << 10, "AF", MAPS },
	{ 1ull << 11, 1ull << 11, "NG", MAPS },
	{ 1ull << 51, 1ull << 51, "DBM", MAPS },	/* the kernel's WRITE */
	{ 1ull << 52, 1ull << 52, "CONT", MAPS },
	{ 1ull << 53, 1ull << 53, "PXN", MAPS },
	{ 1ull << 54, 1ull << 54, "UXN", MAPS },
	{ 1ull << 55, 1ull << 55, "DIRTY", MAPS },
	{ 1ull << 56, 1ull << 56, "SPECIAL", ENTRY_OF_PAGE },
	{ 1ull << 59, 1ull << 59, "PXNTABLE", ENTRY_OF_TABLE },
	{ 1ull << 60, 1ull << 60, "UXNTABLE", ENTRY_OF_TABLE },
	{ 0, 0, NULL, 0 }
};

/* Principles of Operation (SA22-7832) chapter 3; arch/s390/include/asm/pgtable.h for the software's. */
const struct arch_entry_flag s390x_entry_flags[] = {
	{ 0x001, 0x001, "PRESENT", ENTRY_OF_PAGE },
	{ 0x004, 0x004, "YOUNG", ENTRY_OF_PAGE },
	{ 0x008, 0x008, "DIRTY", ENTRY_OF_PAGE },
	{ 0x010, 0x010, "READ", ENTRY_OF_PAGE },
	{ 0x020, 0x020, "WRITE", ENTRY_OF_PAGE },
	{ 0x020, 0x020, "INVALID", ENTRY_OF_TABLE | ENTRY_OF_BLOCK | ENTRY_NOT_PRESENT },
	{ 0x040, 0x040, "SPECIAL", ENTRY_OF_PAGE },
	{ 0x100, 0x100, "NOEXEC", MAPS },
	{ 0x200, 0x200, "PROTECT", ENTRY_ANYWHERE },
	{ 0x400, 0x400, "LARGE", ENTRY_OF_BLOCK },
	{ 0x400, 0x400, "INVALID", ENTRY_OF_PAGE | ENTRY_NOT_PRESENT },
	{ 0, 0, NULL, 0 }
};
