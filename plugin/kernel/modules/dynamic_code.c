// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/modules/dynamic_code.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "kernel/modules/dynamic_internal.h"
#include "kernel/tasks/task.h"

#define MAX_CODES 1000000	/* more is damage; BPF has a few thousand on big machines */
#define MAX_SIZE (64u << 20)	/* of one piece */

static void free_codes(void *value)
{
	struct dynamic_codes *codes = value;

	symtab_free(codes->symbols);
	free(codes->list);
	free(codes);
}

static const struct kernel_slot codes_slot = { free_codes };

void dynamic_damaged(struct dynamic_collection *collection, const char *what, struct error *error)
{
	struct dynamic_codes *codes = collection->codes;

	if (codes->damage.kind != ERROR_NONE)
		return;
	error_prefix(error, "%s may be missing", what);
	codes->damage = *error;
}

bool dynamic_add(struct dynamic_collection *collection, const struct dynamic_code *code, struct error *error)
{
	struct dynamic_codes *codes = collection->codes;
	struct dynamic_code *list;

	if (code->end <= code->start || code->end - code->start > MAX_SIZE ||
	    !collection->kernel->arch->is_kernel_address(collection->kernel->memory, code->start))
		return true;
	if (codes->count >= MAX_CODES)
		return error_set(error, ERROR_CORRUPT, "there are more than %u pieces", MAX_CODES);
	list = array_room(codes->list, codes->count, &codes->capacity, sizeof(*list), "generated code", error);
	if (!list)
		return false;
	codes->list = list;
	list[codes->count++] = *code;
	return true;
}

/* By start; of two with one start the longer, which is the whole of it, first. */
static int compare(const void *a, const void *b)
{
	const struct dynamic_code *left = a, *right = b;

	if (left->start != right->start)
		return left->start < right->start ? -1 : 1;
	return (left->end < right->end) - (left->end > right->end);
}

/* Sorts; of two that overlap the later one is left out (two tasks' one seccomp filter; damage). */
static void sort(struct dynamic_collection *collection)
{
	struct dynamic_codes *codes = collection->codes;
	size_t kept = 0;

	if (codes->count)
		qsort(codes->list, codes->count, sizeof(*codes->list), compare);
	for (size_t i = 0; i < codes->count; i++)
		if (!kept || codes->list[i].start >= codes->list[kept - 1].end)
			codes->list[kept++] = codes->list[i];
	codes->count = collection->sorted = kept;
}

bool dynamic_name(struct dynamic_collection *collection, uint64_t start, uint64_t end, const char *name,
		  struct error *error)
{
	const struct symbol symbol = { .address = start, .size = end - start, .name = name, .letter = 't',
				       .function = true };

	return symtab_add(collection->codes->symbols, &symbol, error);
}

/* The first known piece that ends behind ADDRESS; collection->sorted = none. */
static size_t first_behind(const struct dynamic_collection *collection, uint64_t address)
{
	return array_up_to(collection->codes->list, collection->sorted, sizeof(*collection->codes->list),
			   offsetof(struct dynamic_code, end), address);
}

bool dynamic_known(const struct dynamic_collection *collection, uint64_t start, uint64_t end)
{
	size_t i = first_behind(collection, start);

	return i < collection->sorted && collection->codes->list[i].start < end;
}

bool dynamic_fill(struct dynamic_collection *collection, uint64_t start, uint64_t end, enum dynamic_kind kind,
		  const char *name, struct error *error)
{
	const struct dynamic_codes *codes = collection->codes;
	size_t i = first_behind(collection, start);

	while (start < end) {
		struct dynamic_code rest = { .start = start, .end = end, .kind = kind };
		uint64_t next = end;

		if (i < collection->sorted && codes->list[i].start < end) {
			rest.end = codes->list[i].start;
			next = codes->list[i].end;
			i++;
		}
		if (rest.end > rest.start &&
		    (!dynamic_add(collection, &rest, error) ||
		     (name && !dynamic_name(collection, rest.start, rest.end, name, error))))
			return false;
		start = next > start ? next : end;
	}
	return true;
}

static bool collect(struct dynamic_collection *collection, struct error *error)
{
	struct dynamic_codes *codes = collection->codes;

	dynamic_collect_ftrace(collection);
	dynamic_collect_kprobes(collection);
	dynamic_collect_bpf(collection);
	dynamic_collect_seccomp(collection);
	dynamic_collect_thunks(collection);
	sort(collection);
	for (size_t i = 0; i < codes->count; i++)
		if (codes->list[i].name[0] && !dynamic_name(collection, codes->list[i].start, codes->list[i].end,
							    codes->list[i].name, error))
			return false;
	dynamic_collect_pages(collection);
	sort(collection);
	dynamic_collect_packs(collection);
	sort(collection);
	dynamic_collect_images(collection);
	sort(collection);
	return symtab_finish(codes->symbols, error);
}

const struct dynamic_codes *dynamic_codes_get(struct kernel *kernel)
{
	struct dynamic_codes *codes = kernel_kept(kernel, &codes_slot);
	struct dynamic_collection collection = { .kernel = kernel };
	struct task_table *tasks;

	if (codes)
		return codes;
	/* First: to make the table stacks may have to be followed, which asks here. */
	tasks_get(kernel, &tasks, NULL);
	codes = kernel_kept(kernel, &codes_slot);
	if (codes)
		return codes;
	codes = collection.codes = calloc(1, sizeof(*codes));
	if (!codes)
		return NULL;
	if (!symtab_new(&codes->symbols, NULL) || !collect(&collection, NULL)) {
		free_codes(codes);
		return NULL;
	}
	return kernel_keep(kernel, &codes_slot, codes, NULL) ? codes : NULL;
}

const struct dynamic_code *dynamic_code_at(struct kernel *kernel, uint64_t address)
{
	const struct dynamic_codes *codes = dynamic_codes_get(kernel);
	size_t i = codes ? array_up_to(codes->list, codes->count, sizeof(*codes->list),
				       offsetof(struct dynamic_code, start), address) : 0;

	return i && address < codes->list[i - 1].end ? &codes->list[i - 1] : NULL;
}
