/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where distributions, package managers and developers keep vmlinux files with debug information,
 * looked through for the one of a dump.
 *
 * To add a place: a row in the table in debug_find.c.
 */
#ifndef VMCORE_SYMBOLS_DEBUG_FIND_H
#define VMCORE_SYMBOLS_DEBUG_FIND_H

#include "base/buffer.h"
#include "symbols/elf/unpack.h"

struct debug_wanted {
	const char *build_id;	/* hex; "" = not known: then the release has to do */
	const char *release;	/* uname -r; "" = not known */
	const char *paths;	/* the person's directories or files, ':' between; may be NULL */
	const char *beside;	/* the dump: its directory is looked at too; may be NULL */
	struct patience patience;
};

/*
 * *path_ret is a vmlinux that gdb can read: malloc'ed, unpacked if it was compressed. TRIED gets a
 * line for each file that was there but is not the one, and why. ERROR_IO where there is none.
 */
bool debug_find_vmlinux(const struct debug_wanted *wanted, char **path_ret, struct buffer *tried,
			struct error *error);

#endif
