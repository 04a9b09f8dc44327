/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Libraries that are looked for when they are first needed, so that a machine without them loses
 * what they do and nothing else.
 */
#ifndef VMCORE_BASE_LIBRARY_H
#define VMCORE_BASE_LIBRARY_H

#include <stddef.h>

struct library_function {
	const char *name;
	void *pointer;		/* to the function pointer that is filled in */
};

/* A handle for dlclose(); NULL if there is no library SONAME with all NR FUNCTIONS in it. */
void *library_load(const char *soname, const struct library_function *functions, size_t nr);

#endif
