/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the remote-protocol server asks of whatever it shows to gdb. The server knows the protocol
 * and nothing of dumps; the dump (vmcore_target.h) knows nothing of packets; tests put a fake here.
 *
 * All functions are called from the server's own thread, between lock() and unlock(), but for
 * disconnected(). They must not call into gdb or Python. Pointers they return stay theirs and must
 * live until unlock(). Functions marked optional may be NULL.
 */
#ifndef VMCORE_TARGET_TARGET_H
#define VMCORE_TARGET_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/arch.h"
#include "base/buffer.h"
#include "base/error.h"

/* What gdb's find looks for. */
struct target_search {
	uint64_t address, size; /* where: size is at least pattern_size */
	const char *pattern;
	size_t pattern_size;
	/* Asked now and then: has gdb given up waiting? May be NULL. */
	bool (*give_up)(void *context);
	void *give_up_context;
};

struct target_ops {
	/*
	 * Around each packet. False: it could not be had in reasonable time; gdb gets an error.
	 * Optional.
	 */
	bool (*lock)(void *context, struct error *error);
	void (*unlock)(void *context);

	const struct arch *(*arch)(void *context);

	/* Threads, by ids of 1 and up; gdb numbers them in this order. */
	size_t (*nr_threads)(void *context);
	uint64_t (*thread_id)(void *context, size_t index);
	bool (*has_thread)(void *context, uint64_t id);
	/* The one to select first. */
	uint64_t (*first_thread)(void *context);
	/* Appends what `info threads` shows in parentheses. */
	void (*thread_text)(void *context, uint64_t id, struct buffer *text);
	/*
	 * The whole list as XML (gdb manual, "Thread List Format"). NULL if there is no memory for
	 * it.
	 */
	const char *(*threads_xml)(void *context, size_t *size_ret);

	/* The libraries as XML (gdb manual, "Library List Format"). Optional, may return NULL. */
	const char *(*libraries_xml)(void *context, size_t *size_ret);

	bool (*registers)(void *context, uint64_t thread, struct registers *registers,
			  struct error *error);
	/*
	 * Reads as much of [address, address + size) as can be read from its start, as THREAD sees
	 * it, and returns how many bytes that were. If it is less than SIZE, *error says why it
	 * ends there.
	 */
	size_t (*read_memory)(void *context, uint64_t thread, uint64_t address, void *buffer,
			      size_t size, struct error *error);

	/*
	 * Looks for the pattern as THREAD sees the memory: true with its address in *at_ret. False:
	 * memory was looked through up to *at_ret and does not have it; more is for read_memory to
	 * find out (a page that is missing, or given up). Faster than read_memory. Optional.
	 */
	bool (*search)(void *context, uint64_t thread, const struct target_search *search,
		       uint64_t *at_ret);

	/* The last call: gdb is gone and the server's thread ends. Not under the lock. Optional. */
	void (*disconnected)(void *context);
};

#endif
