/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Arrays that grow an item at a time: a pointer, how many items there are, and for how many there
 * is room.
 *
 *	struct task *tasks = array_room(list->tasks, list->count, &list->capacity, sizeof(*tasks),
 *					"the task list", error);
 *
 *	if (!tasks)
 *		return false;
 *	list->tasks = tasks;
 *	list->tasks[list->count++] = *task;
 *
 * All three begin as zeros; free() ends it. A bound on the count is the caller's to check first.
 */
#ifndef VMCORE_BASE_ARRAY_H
#define VMCORE_BASE_ARRAY_H

#include <stddef.h>

#include "base/error.h"

/* What array_room does when there is none left. */
void *array_grow(void *array, size_t *capacity, size_t size, const char *what, struct error *error);

/*
 * ARRAY with room for more than COUNT items of SIZE bytes: as it is, or moved to twice the room.
 * NULL: there is no memory for WHAT, and ARRAY is as it was.
 */
static inline void *array_room(void *array, size_t count, size_t *capacity, size_t size,
			       const char *what, struct error *error)
{
	return count < *capacity ? array : array_grow(array, capacity, size, what, error);
}

#endif
