/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Raw physical memory: a copy of /dev/oldmem, a hypervisor's or a debug probe's dump of RAM. The
 * files have no header, so the person says where each belongs: FILE@ADDRESS, several joined by
 * commas or as separate words. ADDRESS is hexadecimal with or without 0x. FILE@ADDRESS+SIZE:OFFSET is only a part of the
 * file, SIZE bytes (or, without +SIZE, the rest) from OFFSET (or the start) on, both hexadecimal: for memory that was
 * written without its hole below 4 GiB.
 *
 * All that is known of the machine is VMCOREINFO, which the kernel keeps in its memory
 * (vmcoreinfo.h finds it). There are no notes: registers of CPUs come from the kernel's own
 * crash_notes if it got that far, otherwise they are unknown.
 */
#ifndef VMCORE_DUMP_RAW_H
#define VMCORE_DUMP_RAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct dump;

/* Does PATH mean raw memory? Not if there is a file of this very name. */
bool raw_is_named(const char *path);
/*
 * Opens all files that PATHS name and makes DUMP one of dump_format_raw; what is left is the
 * format's open.
 */
bool raw_open_files(struct dump *dump, const char *const *paths, size_t nr_paths,
		    struct error *error);

/*
 * The functions of struct dump_format for any dump whose ranges are sorted by address, lie apart
 * and are wholly in their files, as they are (vmware.c).
 */
struct dump_place;
bool raw_read_bytes(struct dump *dump, uint64_t address, void *buffer, size_t size,
		    struct error *error);
bool raw_read_page(struct dump *dump, uint64_t pfn, void *buffer, struct error *error);
void raw_read_pages(struct dump *dump, uint64_t pfn, size_t nr, void *buffer, uint8_t *kinds);
bool raw_read_page_start(struct dump *dump, uint64_t pfn, void *buffer, size_t size);
bool raw_has_page(struct dump *dump, uint64_t pfn);
bool raw_find_page(struct dump *dump, uint64_t pfn, struct dump_place *place, struct error *error);

#endif
