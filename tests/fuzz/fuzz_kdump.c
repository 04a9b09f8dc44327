// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * kdump-compressed dumps, whole and split. The input is the file; if its last four bytes are "PART", it is two, and the four
 * bytes before that are the size of the first.
 */
/* max_len=131072 */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *paths[2];
	uint32_t first;

	if (size > 1 << 18)
		return 0;
	if (size > 8 && !memcmp(data + size - 4, "PART", 4)) {
		memcpy(&first, data + size - 8, 4);
		first %= size - 7;
		paths[0] = fuzz_file(0, data, first);
		paths[1] = fuzz_file(1, data + first, size - 8 - first);
		fuzz_dump(paths, 2);
		return 0;
	}
	paths[0] = fuzz_file(0, data, size);
	fuzz_dump(paths, 1);
	return 0;
}
