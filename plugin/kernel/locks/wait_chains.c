// SPDX-License-Identifier: GPL-3.0-or-later
/* Who waits for whom as a whole: each task waits for one other at most, so it is trees, and circles with trees that lead into them. */
#include "kernel/locks/waits_internal.h"

#include <stdlib.h>

#include "kernel/tasks/task.h"

static int compare(const void *left, const void *right)
{
	const struct wait *a = *(const struct wait *const *)left, *b = *(const struct wait *const *)right;

	return a->task < b->task ? -1 : a->task > b->task;
}

static struct wait *find(struct wait **sorted, size_t count, const struct task *task)
{
	const struct wait wanted = { .task = task }, *key = &wanted;
	struct wait **found = bsearch(&key, sorted, count, sizeof(*sorted), compare);

	return found ? *found : NULL;
}

/* From the leaves on, nobody before all who wait for him: what is left then are the circles. */
static void count_blocked(struct waits *waits, size_t *waiting)
{
	for (size_t i = 0; i < waits->count; i++)
		if (waits->items[i].next)
			waiting[waits->items[i].next - waits->items]++;
	for (size_t i = 0; i < waits->count; i++) {
		size_t at = i;

		/* SIZE_MAX: done; it is so before its next is looked at, which then may have nobody left before it. */
		while (!waiting[at]) {
			const struct wait *wait = &waits->items[at];
			size_t next;

			waiting[at] = SIZE_MAX;
			if (!wait->next)
				break;
			next = wait->next - waits->items;
			waits->items[next].blocks += wait->blocks + 1;
			waiting[next]--;
			at = next;
		}
	}
}

/* In a circle each waits for all the others, and so does who waits for one of them. */
static void mark_circle(struct waits *waits, size_t first, size_t *waiting)
{
	size_t blocks = 0, members = 0, at = first;
	bool deadlock = true;

	do {
		struct wait *wait = &waits->items[at];

		blocks += wait->blocks;
		members++;
		deadlock = deadlock && !wait->owner_is_hint;
		waiting[at] = SIZE_MAX;
		at = wait->next - waits->items;
	} while (at != first);
	waits->circles++;
	do {
		struct wait *wait = &waits->items[at];

		wait->circle = waits->circles;
		wait->deadlock = deadlock;
		wait->blocks = blocks + members - 1;
		at = wait->next - waits->items;
	} while (at != first);
}

bool waits_connect(struct waits *waits, struct error *error)
{
	struct wait **sorted = calloc(waits->count + 1, sizeof(*sorted));
	size_t *waiting = calloc(waits->count + 1, sizeof(*waiting));

	if (!sorted || !waiting) {
		free(sorted);
		free(waiting);
		return error_no_memory(error, "who waits for whom", waits->count * sizeof(*sorted));
	}
	for (size_t i = 0; i < waits->count; i++)
		sorted[i] = &waits->items[i];
	qsort(sorted, waits->count, sizeof(*sorted), compare);
	for (size_t i = 0; i < waits->count; i++)
		if (waits->items[i].owner)
			waits->items[i].next = find(sorted, waits->count, waits->items[i].owner);
	count_blocked(waits, waiting);
	for (size_t i = 0; i < waits->count; i++)
		if (waiting[i] != SIZE_MAX)
			mark_circle(waits, i, waiting);
	free(sorted);
	free(waiting);
	return true;
}
