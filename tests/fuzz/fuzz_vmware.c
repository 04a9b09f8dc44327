// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * VMware's checkpoints. The input is the .vmss; bit 0 of its last byte: a .vmem is beside it, of the input's bytes too.
 */
/* max_len=2048 */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const path = "fuzz:0.vmss";

	if (!size || size > 65536)
		return 0;
	fuzz_file(0, data, size);
	fuzz_file(1, data, data[size - 1] & 1 ? size : 0);
	fuzz_dump(&path, 1);
	return 0;
}
