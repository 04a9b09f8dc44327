/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel log: the lockless ring of 5.10+ (896fbe20b4e2), and the record buffer of 3.5 to 5.9.
 * Layouts come from types, or from VMCOREINFO where the types are silent.
 *
 * To add a new kind of buffer: a file log_NAME.c with one function as in log_internal.h, and a line
 * in log.c that recognises it by a symbol of its own.
 */
#ifndef VMCORE_KERNEL_LOG_H
#define VMCORE_KERNEL_LOG_H

#include "kernel/kernel.h"

struct log_record {
	uint64_t sequence;
	bool sequence_unknown;	/* then it is only an order */
	uint64_t timestamp;	/* ns since boot, local clock */
	bool timestamp_unknown;	/* what is there no machine can have been up for */
	uint8_t level;		/* 0 emerg .. 7 debug */
	uint8_t facility;
	/* printk_caller: task pid, or 0x80000000 + CPU; valid if has_caller */
	uint32_t caller;
	bool has_caller;
	/* size bytes, not NUL-terminated; may hold newlines; any byte is possible */
	const char *text;
	size_t size;
	const char *dictionary;	/* "SUBSYSTEM=pci\nDEVICE=+pci:..." or NULL; NUL-terminated */
	/* name of the task that wrote it (CONFIG_PRINTK_EXECUTION_CTX) or NULL; NUL-terminated */
	const char *comm;
};

/*
 * Calls back for each record, oldest first; the callback returns false to stop. The record is valid
 * during the call only. Pieces lost to damage are reported as an error at the end: what was handed
 * out before it is good. ERROR_PARTIAL: all were handed out, of some a part is inferred or not known.
 */
bool log_for_each(struct kernel *kernel,
		  bool (*callback)(void *context, const struct log_record *record), void *context,
		  struct error *error);

#endif
