// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * kdump-compressed dumps, whole and split. The input is the file; one that does not start with a signature is the file without its
 * zeros: four bytes (how many times 16 bytes of zeros, how many bytes), the bytes, and so on. If its last four bytes are "PART",
 * it is two files, and the four bytes before that are the size of the first.
 */
/* max_len=8192 */
#include "fuzz.h"

#define MAX_FILE (1u << 18)

/* Returns the size of the file. */
static size_t unpack(const uint8_t *data, size_t size, uint8_t file[MAX_FILE])
{
	struct fuzz_input input = { data, size };
	size_t end = 0;

	while (input.size >= 4) {
		size_t zeros = 16 * fuzz_number(&input, 2), length = fuzz_number(&input, 2);

		length = length < input.size ? length : input.size;
		if (zeros + length > MAX_FILE - end)
			break;
		memcpy(file + end + zeros, input.data, length);
		end += zeros + length;
		input.data += length;
		input.size -= length;
	}
	return end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t file[MAX_FILE];
	const char *paths[2];
	size_t nr = 1, end;
	uint32_t first = 0;

	if (size > 8 && !memcmp(data + size - 4, "PART", 4)) {
		memcpy(&first, data + size - 8, 4);
		size -= 8;
		nr = 2;
	}
	if (size > MAX_FILE)
		return 0;
	if (size >= 8 && (!memcmp(data, "KDUMP   ", 8) || !memcmp(data, "DISKDUMP", 8)))
		memcpy(file, data, end = size);
	else
		end = unpack(data, size, file);
	first = nr == 1 ? end : first % (end + 1);
	paths[0] = fuzz_file(0, file, first);
	paths[1] = fuzz_file(1, file + first, end - first);
	fuzz_dump(paths, nr);
	memset(file, 0, end);
	return 0;
}
