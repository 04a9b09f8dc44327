/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ELF note areas: from PT_NOTE of an ELF dump, from the sub header of a kdump one. The kernel packs
 * them with 4-byte alignment in both ELF classes (fs/proc/vmcore.c), so one parser serves all.
 */
#ifndef VMCORE_DUMP_NOTES_H
#define VMCORE_DUMP_NOTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct dump;
struct dump_file;

/*
 * Appends the notes in the SIZE bytes at OFFSET of FILE to dump->notes (byte order from
 * dump->big_endian) and takes VMCOREINFO out of them. An area that ends early or makes no sense
 * gives the notes before that point, sets DUMP_TRUNCATED if the file is what is too short, and is
 * no error; only a lack of memory is.
 */
bool notes_read(struct dump *dump, const struct dump_file *file, uint64_t offset, uint64_t size,
		struct error *error);

/*
 * Makes TEXT (up to SIZE bytes or its first NUL) the dump's VMCOREINFO if it looks like one; where there is one already it
 * is kept for dump_next_vmcoreinfo().
 */
bool notes_set_vmcoreinfo(struct dump *dump, const void *text, size_t size, struct error *error);

/* Keeps TEXT for dump_next_vmcoreinfo(), unless it is known. */
bool notes_add_info(struct dump *dump, const void *text, size_t size, bool from_memory,
		    struct error *error);

/* Appends one note, of which it makes a copy. */
bool notes_add(struct dump *dump, const char *name, uint32_t type, const void *data, size_t size,
	       struct error *error);

const struct dump_note *notes_find(const struct dump *dump, const char *name, uint32_t type);

void notes_free(struct dump *dump);

#endif
