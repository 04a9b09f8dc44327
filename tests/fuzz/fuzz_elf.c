// SPDX-License-Identifier: GPL-3.0-or-later
/* ELF dumps: headers, segments, notes, and the registers in the notes. The input is the file. */
/* max_len=4096 */
#include "fuzz.h"

#include "arch/arch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *path = fuzz_file(0, data, size);

	if (size > 65536)
		return 0;
	dump_probe(path);
	fuzz_dump(&path, 1);
	return 0;
}
