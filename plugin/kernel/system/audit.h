/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Audit records that wait in the kernel: what no audit daemon has fetched yet. kernel/audit.c keeps them as messages of netlink in queues
 * of sk_buffs.
 *
 * To add a queue: a line in the table in audit.c.
 */
#ifndef VMCORE_KERNEL_AUDIT_H
#define VMCORE_KERNEL_AUDIT_H

#include "kernel/kernel.h"

#define AUDIT_MAX_TEXT 16384	/* bytes of a record that are read; the kernel's buffers are of 1 KiB and grow up to 8970 */

struct audit_record {
	const char *queue;	/* "waiting", "to be sent again", "held" */
	uint64_t skb;
	unsigned type;		/* 1300 is SYSCALL */
	const char *text;	/* SIZE bytes, any */
	size_t size;
	uint64_t lost;		/* bytes of it that are not here: too long, or not readable */
};

/*
 * Each record, queue by queue. A queue or a record that cannot be read is passed over: *damage, of kind ERROR_NONE or the first reason.
 * False: *error; ERROR_UNSUPPORTED where this kernel has no such queue.
 */
bool audit_for_each(struct kernel *kernel, bool (*callback)(void *context, const struct audit_record *record), void *context,
		    struct error *damage, struct error *error);

#endif
