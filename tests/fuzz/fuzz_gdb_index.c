// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * gdb's index of a vmlinux: the input is the file. What is written must be what gdb_index_version() accepts, and in bounds.
 */
/* max_len=8192 */
#include "fuzz.h"

#include <endian.h>
#include <fcntl.h>

#include "symbols/gdb_index.h"

static uint32_t word(const uint8_t *data, size_t size, uint64_t at)
{
	uint32_t value;

	FUZZ_CHECK(at + 4 <= size);
	memcpy(&value, data + at, 4);
	return le32toh(value);
}

/* Everything that the index refers to is in it. */
static void check_index(const uint8_t *data, size_t size)
{
	uint32_t table = word(data, size, 16), end = word(data, size, 20), version = word(data, size, 0);
	uint32_t units = (word(data, size, 8) - word(data, size, 4)) / 16, pool = version < 9 ? end : word(data, size, 24);

	for (uint32_t at = word(data, size, 12); at < table; at += 20)
		FUZZ_CHECK(word(data, size, at + 16) < units);
	for (uint32_t at = table; at < end; at += 8) {
		uint64_t name = word(data, size, at), list = word(data, size, at + 4), nr;

		if (!name && !list)
			continue;
		FUZZ_CHECK(pool + name < size && memchr(data + pool + name, 0, size - pool - name));
		nr = word(data, size, pool + list);
		FUZZ_CHECK(nr);
		for (uint64_t i = 1; i <= nr; i++) {
			uint32_t value = word(data, size, pool + list + 4 * i);

			FUZZ_CHECK((value & 0xffffff) < units && !(value & 0x0f000000) && (value >> 28 & 7) >= 1 &&
				   (value >> 28 & 7) <= 4);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned gdbs[] = { 13, 16, 18 };
	static uint8_t index[1 << 20];
	static char path[64];
	struct gdb_index_options options = { .threads = 1 };
	struct error error = { 0 };
	const char *file;
	ssize_t written;
	int fd;

	if (size > 65536)
		return 0;
	file = fuzz_file(0, data, size);
	snprintf(path, sizeof(path), "/dev/shm/gdb-vmcore-fuzz-index.%d", getpid());
	options.gdb = gdbs[size % 3];
	if (!gdb_index_write(file, path, &options, &error)) {
		fuzz_failed(&error);
		FUZZ_CHECK(error.kind != ERROR_NO_MEMORY && error.kind != ERROR_INTERRUPTED);
		FUZZ_CHECK(access(path, F_OK) < 0);
		/* the same bytes as a file in the cache */
		gdb_index_version(file, file);
		return 0;
	}
	FUZZ_CHECK(gdb_index_version(path, file) == gdb_index_version_for(options.gdb));
	fd = open(path, O_RDONLY);
	written = read(fd, index, sizeof(index));
	FUZZ_CHECK(written > 0 && (size_t)written < sizeof(index));
	check_index(index, written);
	close(fd);
	unlink(path);
	return 0;
}
