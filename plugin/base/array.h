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
 *
 * array_up_to() is the search in sorted ones.
 */
#ifndef VMCORE_BASE_ARRAY_H
#define VMCORE_BASE_ARRAY_H

#include <stddef.h>
#include <stdint.h>

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

/*
 * Of the COUNT items of SIZE bytes at ARRAY, sorted by the uint64_t at OFFSET in each: how many
 * have one that is not above VALUE. That is the number of the first item above it, and the item
 * before is the last one at or below it. Inline, since every symbol and every page is looked up so.
 */
static inline size_t array_up_to(const void *array, size_t count, size_t size, size_t offset,
				 uint64_t value)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *item = (const char *)array + middle * size;

		if (*(const uint64_t *)(item + offset) <= value)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

#endif
