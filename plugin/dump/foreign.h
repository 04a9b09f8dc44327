/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Dumps that we do not read ourselves: LKCD, sadump, s390 stand-alone dumps, Xen domains. Rare,
 * and well served by libkdumpfile, which is loaded when the first such file is opened: a machine
 * without it loses these formats and nothing else.
 *
 * To add one that libkdumpfile reads: a row in the table of magic numbers in foreign.c.
 */
#ifndef VMCORE_DUMP_FOREIGN_H
#define VMCORE_DUMP_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What the libkdumpfile of this machine can do, for `show vmcore formats`: "libkdumpfile.so.10,
 * which reads LKCD, ...", or why there is none. Tried out on headers made for that, since a library
 * cannot be asked.
 */
void foreign_describe(char *text, size_t size);

#endif
