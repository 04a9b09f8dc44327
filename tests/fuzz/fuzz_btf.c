// SPDX-License-Identifier: GPL-3.0-or-later
/* BTF: the input is the section. Asks for names the kernel code asks for, and for those in its own string table. */
/* max_len=4096 */
#include "fuzz.h"

#include "symbols/types.h"

static bool count(void *context, const char *name, int64_t value)
{
	size_t *number = context;

	FUZZ_CHECK(name);
	(void)strlen(name);
	(void)value;
	return ++*number < 1000;
}

static void ask(struct types *types, const char *type, const char *path)
{
	struct member member;
	struct error error = { 0 };
	uint64_t size;
	int64_t value;
	size_t number = 0;

	if (!types_member(types, type, path, &member, &error))
		fuzz_failed(&error);
	else
		FUZZ_CHECK(member.type_name && strlen(member.type_name) < 100000);
	if (!types_size(types, type, &size, &error))
		fuzz_failed(&error);
	if (!types_enumerator(types, NULL, path, &value, &error))
		fuzz_failed(&error);
	if (!types_for_each_enumerator(types, type, count, &number, &error))
		fuzz_failed(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct types *types = NULL;
	struct error error = { 0 };
	char names[4][40] = { "task_struct", "list_head", "", "" };
	size_t at = size;

	if (size > 65536)
		return 0;
	if (!types_open_btf(data, size, "fuzz", &types, &error))
		return fuzz_failed(&error);
	ask(types, "task_struct", "comm");
	ask(types, "task_struct", "se.vruntime");
	ask(types, "list_head", "next");
	/* The last names in the input: the string table is at its end. */
	for (unsigned i = 0; i < 12 && at > 1; i++) {
		size_t end = --at, length;

		while (at && data[at - 1])
			at--;
		length = end - at < 39 ? end - at : 39;
		memcpy(names[i % 4], data + at, length);
		names[i % 4][length] = 0;
		ask(types, names[i % 4], names[(i + 1) % 4]);
		ask(types, names[(i + 2) % 4], names[i % 4]);
	}
	types_close(types);
	return 0;
}
