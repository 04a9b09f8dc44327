// SPDX-License-Identifier: GPL-3.0-or-later
/* kmem -h: the pools of huge pages (hugetlb), as /proc/meminfo and /sys/kernel/mm/hugepages have them. */
#include "commands/memory/kmem.h"

#include <inttypes.h>

#define MAX_POOLS 64	/* HUGE_MAX_HSTATE is 4 at the most */
#define MAX_ORDER 40

enum { ADDRESS, NAME, SIZE, FIRST };
static const struct column columns[] = {
	[ADDRESS] = { "hstate", "HSTATE", 16, COLUMN_ADDRESS },
	[NAME] = { "name", "NAME", 18, 0 },
	[SIZE] = { "size", NULL, 0, COLUMN_JSON_ONLY },
	[FIRST] = { "total", "TOTAL", 6, COLUMN_RIGHT },
	{ "free", "FREE", 6, COLUMN_RIGHT },
	{ "reserved", "RESERVED", 8, COLUMN_RIGHT },
	{ "surplus", "SURPLUS", 7, COLUMN_RIGHT },
	{ "overcommit", "OVERCOMMIT", 6, COLUMN_RIGHT },
};
static const struct shape shape = { "pools", SHAPE_TABLE, columns, ARRAY_SIZE(columns) };

/* What is not known stays out of the row; false = the person has enough. */
static bool emit(struct kernel *kernel, struct output *output, uint64_t hstate, struct error *why)
{
	static const char *const members[] = { "nr_huge_pages", "free_huge_pages", "resv_huge_pages", "surplus_huge_pages",
					       "nr_overcommit_huge_pages" };
	struct member name;
	uint64_t value;
	char text[64];

	if (!output_row(output) || !output_address(output, ADDRESS, hstate))
		return false;
	if (types_member(kernel->types, "hstate", "name", &name, why) && name.size <= sizeof(text) &&
	    memory_read_string(kernel->memory, hstate + name.offset, text, name.size, why) && !output_string(output, NAME, text))
		return false;
	if (kernel_read_member(kernel, hstate, "hstate", "order", &value, why) && value < MAX_ORDER &&
	    !output_uint(output, SIZE, memory_page_size(kernel->memory) << value))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (kernel_read_member(kernel, hstate, "hstate", members[i], &value, why) && !output_uint(output, FIRST + i, value))
			return false;
	return true;
}

bool kmem_hugetlb(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		  struct error *error)
{
	struct error why = { 0 };
	uint64_t hstates, count, size;

	(void)arguments, (void)host;
	if (!kernel_symbol(kernel, "hstates", &hstates, error))
		return error_prefix(error, kernel_names_data(kernel) ? "kmem -h: the kernel was built without hugetlb" : "kmem -h");
	if (!kernel_read_variable(kernel, "hugetlb_max_hstate", 4, &count, error) || !types_size(kernel->types, "hstate", &size, error))
		return false;
	if (count > MAX_POOLS)
		return error_set(error, ERROR_CORRUPT, "kmem -h: hugetlb_max_hstate is %" PRIu64, count);
	if (!output_begin(output, &shape))
		return true;
	for (uint64_t i = 0; i < count; i++)
		if (!emit(kernel, output, hstates + i * size, &why))
			break;
	output_end(output);
	if (!count)
		output_note(output, "the kernel has no pools of huge pages: this machine has no such pages");
	if (why.kind != ERROR_NONE)
		return error_set(error, ERROR_PARTIAL, "kmem -h: not all of it could be read: %s", why.text);
	return true;
}
