/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Compressed vmlinux and .ko files, which gdb cannot read, and those whose debug sections are compressed in a way that it
 * may not be able to read (inflate.h): unpacked once into our cache. The name there holds the file's inode, size and time,
 * so that a changed file is another one. The compressors are those of dumps (dump/packed/packed.h); here a name's suffix
 * tells them.
 */
#ifndef VMCORE_SYMBOLS_UNPACK_H
#define VMCORE_SYMBOLS_UNPACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/patience.h"

/* The length of PATH's name without ".xz" and the like; 0 if it has no such suffix. */
size_t unpack_stem(const char *path);
/*
 * *plain_ret is a file with what PATH holds unpacked: malloc'ed, PATH itself where there is nothing to
 * unpack.
 */
bool unpack(const char *path, const struct patience *patience, char **plain_ret,
	    struct error *error);

#endif
