/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How everything here fails.
 *
 * A function that can fail returns bool and takes a `struct error *` as its last parameter: true
 * means done, false means that *error was filled in and nothing was changed. The text is one
 * sentence for the person at the terminal: what failed, where, why, and what to do about it where
 * there is something to do. Nobody below plugin/gdb/ prints; errors travel up to whoever asked.
 *
 * error may be NULL where the caller does not care why.
 *
 * The kind is for code that has to decide (retry, skip a row, mark a value as missing), the text
 * for people.
 */
#ifndef VMCORE_BASE_ERROR_H
#define VMCORE_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

enum error_kind {
	ERROR_NONE,
	ERROR_USAGE,		/* the person typed something that makes no sense */
	ERROR_NO_MEMORY,	/* malloc failed, or a size in the dump is absurd */
	ERROR_IO,		/* the file cannot be opened or read */
	ERROR_FORMAT,		/* the file is not what it says it is, or damaged */
	ERROR_EXCLUDED,		/* the page was left out of the dump on purpose (makedumpfile -d) */
	ERROR_TRUNCATED,	/* the page should be in the file but the file ends before it */
	ERROR_NOT_MAPPED,	/* no page table entry, or no such physical memory */
	ERROR_NO_SYMBOL,	/* the kernel has no such symbol */
	ERROR_NO_MEMBER,	/* the kernel has no such type, member or enumerator */
	/* the kernel's own data is inconsistent: cycles, wild pointers, insane counts */
	ERROR_CORRUPT,
	ERROR_INTERRUPTED,	/* Ctrl-C */
	ERROR_UNSUPPORTED,	/* understood, but not something this build can do */
	/* what there is was shown, and this is what is missing in it; see command.h */
	ERROR_PARTIAL,
};

struct error {
	enum error_kind kind;
	char text[512];
};

/*
 * Fills in *error (which may be NULL) and returns false, so that `return error_set(...)` reads
 * well. A macro, so that the compiler sees the false: it then knows that what a failed call would
 * have filled in is not used after it.
 */
#define error_set(error, kind, ...) (error_fill((error), (kind), __VA_ARGS__), error_false())

/* Puts "CONTEXT: " before the text that is there; keeps the kind; returns false. */
#define error_prefix(error, ...) (error_fill_prefix((error), __VA_ARGS__), error_false())

/* Puts more words behind the text that is there, as far as they fit; keeps the kind. */
void error_add(struct error *error, const char *text);

/* error_set for a failed allocation of SIZE bytes for WHAT. */
#define error_no_memory(error, what, size) \
	error_set((error), ERROR_NO_MEMORY, "no memory for %s (%zu bytes)", (what), (size_t)(size))

/*
 * The functions behind the macros. error_false() is a call, so that a statement may drop its value
 * without a warning.
 */
void error_fill(struct error *error, enum error_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void error_fill_prefix(struct error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static inline bool error_false(void)
{
	return false;
}

/* Is this one of the kinds that mean "that memory is not in the dump"? */
bool error_is_missing_memory(const struct error *error);

#endif
