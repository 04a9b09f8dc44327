// SPDX-License-Identifier: GPL-3.0-or-later
/* BTF: the input is the section. Asks for names the kernel code asks for, and for those in its own string table. */
/* max_len=4096 */
#include "ask_types.h"

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
