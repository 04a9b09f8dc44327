// SPDX-License-Identifier: GPL-3.0-or-later
/* How much memory processes have: mm->rss_stat in its two shapes, and mm->total_vm. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/tasks/task_read.h"

#define MEMORY_UNKNOWN "not known: its memory use: "
#define MAX_PAGES   (1ll << 40) /* of 4 KiB, as many as 52 bits of address have */
#define NOT_COUNTED (-1)

struct memory_reader {
	struct kernel *kernel;
	struct member total_vm, users; /* users.size 0: no such member */
	/* the array: of atomic_long_t, or of struct percpu_counter (6.2+, f1a7941243c1) */
	struct member rss;
	bool per_cpu;
	struct member count, counters; /* in struct percpu_counter; counters.size 0 without SMP */
	int64_t index[NR_MM_KINDS];
};

static bool reader_open(struct memory_reader *reader, struct kernel *kernel, struct error *error)
{
	static const char *const names[NR_MM_KINDS] = {
		[MM_FILE] = "MM_FILEPAGES", [MM_ANON] = "MM_ANONPAGES", [MM_SHMEM] = "MM_SHMEMPAGES", [MM_SWAP] = "MM_SWAPENTS",
	};
	struct types *types = kernel->types;

	*reader = (struct memory_reader){ .kernel = kernel };
	if (!types_member(types, "mm_struct", "total_vm", &reader->total_vm, error))
		return false;
	types_member(types, "mm_struct", "mm_users.counter", &reader->users, NULL);
	/* Before 6.2 rss_stat is a structure with the array in it. */
	if (!types_member(types, "mm_struct", "rss_stat.count", &reader->rss, NULL) ||
	    reader->rss.kind != TYPE_ARRAY) {
		if (!types_member(types, "mm_struct", "rss_stat", &reader->rss, error) ||
		    !types_member(types, "percpu_counter", "count", &reader->count, error))
			return false;
		reader->per_cpu = types_member(types, "percpu_counter", "counters",
					       &reader->counters, NULL);
	}
	for (size_t i = 0; i < NR_MM_KINDS; i++) {
		/* Before eca56ff906bd, 4.5, shared memory was counted among the pages of files. */
		if (i >= MM_SHMEM && !types_enumerator(types, NULL, names[i], &reader->index[i], NULL)) {
			reader->index[i] = NOT_COUNTED;
			continue;
		}
		if (!types_enumerator(types, NULL, names[i], &reader->index[i], error))
			return false;
		if (reader->index[i] < 0 || (uint64_t)reader->index[i] >= reader->rss.count)
			return error_set(error, ERROR_CORRUPT,
					 "mm_struct.rss_stat has no element %s", names[i]);
	}
	return true;
}

/* What the CPUs have not yet added to the counters: a batch each. */
static bool sum_per_cpu(struct memory_reader *reader, const uint64_t *pointers, int64_t *pages,
			struct error *error)
{
	struct kernel *kernel = reader->kernel;

	if (!kernel->nr_cpu_ids)
		return error_set(error, ERROR_EXCLUDED, "the CPUs' counts: %s", kernel->damage);
	for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids; cpu++) {
		for (size_t i = 0; i < NR_MM_KINDS; i++) {
			uint64_t address, value;

			if (!pointers[i])
				continue;
			if (!kernel_per_cpu_pointer(kernel, pointers[i], cpu, &address, error) ||
			    !memory_read_uint(kernel->memory, address, 4, &value, error))
				return false;
			pages[i] += (int32_t)value;
		}
	}
	return true;
}

static bool read_mm(struct memory_reader *reader, uint64_t mm, struct task *task,
		    struct error *error)
{
	struct kernel *kernel = reader->kernel;
	uint64_t total, value, pointers[NR_MM_KINDS] = { 0 };
	/* s64 in a percpu_counter, else an atomic long. */
	unsigned size = reader->count.size ? reader->count.size : kernel->arch->pointer_size;
	int64_t pages[NR_MM_KINDS] = { 0 };

	if (!kernel_read_field(kernel, mm, &reader->total_vm, &total, error))
		return false;
	if (total > MAX_PAGES)
		return error_set(error, ERROR_CORRUPT, "the mm at %" PRIx64 " is said to have %" PRIu64 " pages", mm, total);
	for (size_t i = 0; i < NR_MM_KINDS; i++) {
		uint64_t counter = mm + reader->rss.offset +
				   reader->index[i] * reader->rss.element_size;

		if (reader->index[i] == NOT_COUNTED)
			continue;
		if (!memory_read_uint(kernel->memory, counter + reader->count.offset, size, &value,
				      error))
			return false;
		if (size == 4)
			value = (int32_t)value;
		if ((int64_t)value > MAX_PAGES || (int64_t)value < -MAX_PAGES)
			return error_set(error, ERROR_CORRUPT,
					 "the mm at %" PRIx64 " counts %" PRId64 " pages", mm,
					 (int64_t)value);
		pages[i] = (int64_t)value;
		if (reader->per_cpu &&
		    !kernel_read_field(kernel, counter, &reader->counters, &pointers[i], error))
			return false;
	}
	if (reader->per_cpu && !sum_per_cpu(reader, pointers, pages, error))
		return false;
	task->vsz_bytes = total * memory_page_size(kernel->memory);
	for (size_t i = 0; i < NR_MM_KINDS; i++)
		task->mm_bytes[i] = pages[i] * (int64_t)memory_page_size(kernel->memory);
	return true;
}

/* Up to 6.1: the pages, at most 63 of each kind, that a task has not yet added to its mm. */
static void add_own(struct memory_reader *reader, const struct task *task, struct task *first)
{
	const size_t room = sizeof(task->rss_own) / sizeof(task->rss_own[0]);

	for (size_t i = 0; i < NR_MM_KINDS; i++)
		if ((uint64_t)reader->index[i] < room)
			first->mm_bytes[i] += task->rss_own[reader->index[i]] * (int64_t)memory_page_size(reader->kernel->memory);
}

/* Which task has been asked for this mm first: mm -> index + 1. */
struct mm_map {
	uint32_t *slots;
	uint32_t *users; /* of each slot, how many tasks were found to have it */
	size_t mask;
};

static uint32_t *mm_slot(const struct mm_map *map, const struct task_table *table, uint64_t mm)
{
	size_t slot = (mm * 0x9e3779b97f4a7c15ull) >> 20 & map->mask;

	while (map->slots[slot] && table->tasks[map->slots[slot] - 1].mm != mm)
		slot = (slot + 1) & map->mask;
	return &map->slots[slot];
}

/*
 * Each mm once, into the first task that has it; there the tasks' own counts are added up (and may
 * go below 0 meanwhile).
 */
static bool fill(struct memory_reader *reader, struct task_table *table, const struct mm_map *map,
		 struct error *error)
{
	for (size_t i = 0; i < table->count; i++) {
		struct task *task = &table->tasks[i];
		struct error reason;
		uint32_t *slot;

		if (i % 256 == 255 && !kernel_check_interrupt(reader->kernel, error))
			return false;
		task->memory_unknown = !task_knows(task, TASK_MM);
		if (!task->mm)
			continue;
		slot = mm_slot(map, table, task->mm);
		if (!*slot) {
			*slot = i + 1;
			task->memory_unknown = !read_mm(reader, task->mm, task, &reason);
			if (task->memory_unknown)
				task_add_damage(task, MEMORY_UNKNOWN "%s", reason.text);
		}
		map->users[slot - map->slots]++;
		/* A thread's share that is not known is missing in the sum. */
		if (!task_knows(task, TASK_RSS_OWN))
			table->tasks[*slot - 1].memory_unknown = true;
		add_own(reader, task, &table->tasks[*slot - 1]);
	}
	return true;
}

/* A task that was not found at all may have counted pages of its own, too. */
static bool has_lost_users(struct memory_reader *reader, uint64_t mm, uint32_t found)
{
	uint64_t users;

	return !reader->users.size || !kernel_read_field(reader->kernel, mm, &reader->users, &users, NULL) || users > found;
}

/* Of tables that are not complete. */
static void doubt(struct memory_reader *reader, struct task_table *table, const struct mm_map *map)
{
	if (!table->damage || !types_has_member(reader->kernel->types, "task_struct", "rss_stat.count"))
		return;
	for (size_t i = 0; i <= map->mask; i++)
		if (map->slots[i]) {
			struct task *task = &table->tasks[map->slots[i] - 1];

			task->memory_unknown |= has_lost_users(reader, task->mm, map->users[i]);
		}
}

/* What was said of the memory of the first task that has it. */
static const char *memory_damage(const struct task *first)
{
	const char *said = first->damage ? strstr(first->damage, MEMORY_UNKNOWN) : NULL;

	return said ? said + strlen(MEMORY_UNKNOWN) : "what a thread of it has counted by itself cannot be read";
}

/* From the first task of each mm to all others. */
static void spread(struct task_table *table, const struct mm_map *map)
{
	for (size_t i = 0; i < table->count; i++) {
		struct task *task = &table->tasks[i];
		const struct task *first;
		int64_t rss;

		if (!task->mm)
			continue;
		first = &table->tasks[*mm_slot(map, table, task->mm) - 1];
		memmove(task->mm_bytes, first->mm_bytes, sizeof(task->mm_bytes));
		rss = first->mm_bytes[MM_FILE] + first->mm_bytes[MM_ANON] + first->mm_bytes[MM_SHMEM];
		task->rss_bytes = rss > 0 ? rss : 0;
		task->vsz_bytes = first->vsz_bytes;
		task->memory_unknown = first->memory_unknown;
		if (first->memory_unknown && !(task->damage && strstr(task->damage, MEMORY_UNKNOWN)))
			task_add_damage(task, MEMORY_UNKNOWN "%s", memory_damage(first));
	}
}

bool tasks_load_memory(struct kernel *kernel, struct error *error)
{
	struct memory_reader reader;
	struct task_table *table;
	struct mm_map map = { .mask = 15 };
	bool done;

	if (!tasks_get(kernel, &table, error))
		return false;
	if (table->memory_loaded)
		return true;
	if (!reader_open(&reader, kernel, error))
		return false;
	while (map.mask < table->count * 2)
		map.mask = map.mask * 2 + 1;
	map.slots = calloc(map.mask + 1, 2 * sizeof(*map.slots));
	if (!map.slots)
		return error_no_memory(error, "memory use of tasks",
				       (map.mask + 1) * 2 * sizeof(*map.slots));
	map.users = map.slots + map.mask + 1;
	done = fill(&reader, table, &map, error);
	if (done) {
		doubt(&reader, table, &map);
		spread(table, &map);
	}
	free(map.slots);
	table->memory_loaded = done;
	return done;
}
