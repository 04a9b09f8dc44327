// SPDX-License-Identifier: GPL-3.0-or-later
/* Types from the DWARF of a damaged vmlinux. The input is the file; the questions are those of fuzz_btf. */
/* max_len=5120 */
#include "ask_types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct types *types = NULL;
	struct error error = { 0 };

	if (size > 65536)
		return 0;
	if (!types_open_dwarf(fuzz_file(0, data, size), &types, &error)) {
		fuzz_failed(&error);
	} else {
		ask(types, "task_struct", "comm");
		ask(types, "task_struct", "se.vruntime");
		ask(types, "task_struct", "matrix");
		ask(types, "task_struct", "flag_b");
		ask(types, "atomic_t", "counter");
		ask(types, "module_state", "MODULE_STATE_GOING");
		ask(types, "list_head", "next");
		ask(types, "unknown", "BIG");
		types_close(types);
	}
	fuzz_free_image();
	return 0;
}
