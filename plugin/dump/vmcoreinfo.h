/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * VMCOREINFO that no note has: QEMU without -device vmcoreinfo writes none, but the kernel keeps
 * the text in a page of its own anyway (vmcoreinfo_data, kernel/vmcore_info.c, from
 * get_zeroed_page). Looking for a page that starts with "OSRELEASE=" finds it.
 */
#ifndef VMCORE_DUMP_VMCOREINFO_H
#define VMCORE_DUMP_VMCOREINFO_H

#include <stdbool.h>

#include "base/error.h"

struct dump;

/*
 * Looks, in bounded time. Sets vmcoreinfo and vmcoreinfo_from_memory if it is there; only a lack of
 * memory and Ctrl-C (dump->watch) make it fail.
 */
bool vmcoreinfo_search(struct dump *dump, struct error *error);

/* Looks through all memory, and keeps every text that may be it for dump_next_vmcoreinfo(). Fails as the other does. */
bool vmcoreinfo_search_all(struct dump *dump, struct error *error);

/*
 * Says of a text that has a line twice with different values so (dump->doubt), and keeps the text in which the last of each counts for
 * dump_next_vmcoreinfo(): the one in use goes by the first.
 */
bool vmcoreinfo_contradictions(struct dump *dump, struct error *error);

#endif
