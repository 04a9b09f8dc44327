/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the readers of the log buffers (log_ring.c, log_records.c) share: layouts by name, a window
 * that reads a big array page by page as it is walked, and the count of what was lost.
 */
#ifndef VMCORE_KERNEL_LOG_INTERNAL_H
#define VMCORE_KERNEL_LOG_INTERNAL_H

#include "kernel/system/log.h"

#define LOG_PAGE 4096u
#define LOG_WINDOW_PAGES 16u

/*
 * The array of SIZE bytes at ADDRESS, seen through a window that moves forward with the reader.
 * Buffers may be of hundreds of megabytes (log_buf_len=) and their size comes from the dump, so
 * they are never read as a whole; a page that is not in the dump costs the records in it, not the
 * log.
 */
struct log_window {
	struct kernel *kernel;
	uint64_t address, size;
	/* first address in the window, a multiple of LOG_PAGE; 0 = empty */
	uint64_t start;
	bool valid[LOG_WINDOW_PAGES];
	uint8_t data[LOG_WINDOW_PAGES * LOG_PAGE];
};

void log_window_open(struct log_window *window, struct kernel *kernel, uint64_t address,
		     uint64_t size);
bool log_window_read(struct log_window *window, uint64_t offset, void *buffer, size_t size,
		     struct error *error);

/* What could not be handed out; turned into one error at the end. */
struct log_losses {
	uint64_t lost;			/* records */
	struct error first;		/* why the first of them */
	uint64_t damaged;		/* records of which a part is lost, or inferred */
	struct error first_damaged;
};

/* Counts one more. WHY may be NULL: then the text is made of FORMAT. */
void log_lost(struct log_losses *losses, const struct error *why, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Counts one of which a part is shown. */
void log_damaged(struct log_losses *losses, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* RECORD's time, unless no machine has been up for so long. NUMBER is for the person. */
void log_set_time(struct log_losses *losses, struct log_record *record, uint64_t number, uint64_t timestamp);
/* False with *error set if anything was lost or damaged. */
bool log_finish(const struct log_losses *losses, struct error *error);

/*
 * TYPE.NAME from the types, else VMCOREINFO's OFFSET(TYPE.NAME), and then as a number of SIZE
 * bytes.
 */
bool log_member(struct kernel *kernel, const char *type, const char *name, size_t size,
		struct member *member_ret, struct error *error);
/* sizeof TYPE, from the types, else VMCOREINFO's SIZE(TYPE). */
bool log_type_size(struct kernel *kernel, const char *type, uint64_t *size_ret,
		   struct error *error);
/* A symbol of vmlinux, else VMCOREINFO's SYMBOL(NAME). */
bool log_symbol(struct kernel *kernel, const char *name, uint64_t *address_ret,
		struct error *error);

bool log_ring_for_each(struct kernel *kernel,
		       bool (*callback)(void *context, const struct log_record *record),
		       void *context, struct error *error);
bool log_records_for_each(struct kernel *kernel,
			  bool (*callback)(void *context, const struct log_record *record),
			  void *context, struct error *error);

#endif
