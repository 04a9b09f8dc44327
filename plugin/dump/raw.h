/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Raw physical memory: a copy of /dev/oldmem, a hypervisor's or a debug probe's dump of RAM. The
 * files have no header, so the person says where each belongs: FILE@ADDRESS, several joined by
 * commas or as separate words. ADDRESS is hexadecimal with or without 0x.
 *
 * All that is known of the machine is VMCOREINFO, which the kernel keeps in its memory
 * (vmcoreinfo.h finds it). There are no notes: registers of CPUs come from the kernel's own
 * crash_notes if it got that far, otherwise they are unknown.
 */
#ifndef VMCORE_DUMP_RAW_H
#define VMCORE_DUMP_RAW_H

#include <stdbool.h>
#include <stddef.h>

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

#endif
