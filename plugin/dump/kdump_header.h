/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The headers of a kdump-compressed file (makedumpfile's IMPLEMENTATION and diskdump_mod.h, QEMU's
 * dump.h). They are C structures of the machine that wrote them, so their layout depends on its
 * word size, byte order and, on 32 bits, on whether it aligns 64-bit integers. Nothing in them says
 * which; it is worked out.
 *
 *   block 0                the main header
 *   block 1                the sub header, sub_blocks of them; notes and VMCOREINFO are often behind it in there
 *   block 1 + sub_blocks   the first bitmap (the page exists), then the second (the page is in the file), of
 *                          bitmap_blocks / 2 blocks each
 *   then                   24-byte descriptors, one for every bit set in the second bitmap, then the pages
 */
#ifndef VMCORE_DUMP_KDUMP_HEADER_H
#define VMCORE_DUMP_KDUMP_HEADER_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258	/* glibc 2.36 has it */
#endif

struct dump_file;

#define KDUMP_SIGNATURE_SIZE 8

enum kdump_status {		/* dh->status, next to the compressors' flags */
	KDUMP_INCOMPLETE = 0x08,
	KDUMP_EXCLUDED_VMEMMAP = 0x10,
};

struct kdump_header {
	bool is_64bit, big_endian;
	bool diskdump; /* "DISKDUMP": the older format, with no sub header known to us */
	uint32_t version;
	struct {
		char sysname[65], nodename[65], release[65], version[65], machine[65];
	} uts;
	uint64_t timestamp;
	uint32_t status;
	uint32_t block_size;
	uint32_t sub_blocks;
	uint32_t bitmap_blocks;
	uint64_t max_pfn;
	uint32_t nr_cpus;
	/* The sub header; zero where the version is too old for it. */
	uint64_t phys_base;
	int dump_level;			/* -1 = not said */
	bool split;
	uint64_t start_pfn, end_pfn;	/* of a split set's part: [start, end) */
	uint64_t vmcoreinfo_offset, vmcoreinfo_size;
	uint64_t notes_offset, notes_size;
	uint64_t eraseinfo_offset, eraseinfo_size;	/* makedumpfile's text: what it erased */
};

/* Do these first bytes of a file start with a kdump or diskdump signature? */
bool kdump_header_probe(const uint8_t *data, size_t size);

bool kdump_header_read(const struct dump_file *file, struct kdump_header *header,
		       struct error *error);

/* EM_* for a utsname machine, 0 if unknown. */
uint16_t kdump_machine(const char *name);

/* And back; NULL if unknown. */
const char *kdump_machine_name(uint16_t machine, bool is_64bit);

#endif
