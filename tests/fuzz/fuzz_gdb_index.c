// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * gdb's index of a damaged vmlinux, whose DWARF is read by our own code here. The input is the file. What is written must be in bounds, and
 * (looked at for one input in 64, since it takes a real file) what gdb_index_version() accepts.
 */
/* max_len=5120 */
#include "fuzz.h"

#include <endian.h>
#include <pthread.h>

#include "symbols/gdb_index/gdb_index.h"

/* The threads' work is done in this one: making one costs more than the rest. */
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*work)(void *argument), void *argument);
int __wrap_pthread_join(pthread_t thread, void **result);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*work)(void *argument), void *argument)
{
	(void)attributes;
	*thread = pthread_self();
	work(argument);
	return 0;
}

int __wrap_pthread_join(pthread_t thread, void **result)
{
	(void)thread;
	(void)result;
	return 0;
}

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

/* As it is in the cache. */
static void check_version(const char *vmlinux, unsigned gdb)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/dev/shm/gdb-vmcore-fuzz-index.%d", getpid());
	file = fopen(path, "w");
	FUZZ_CHECK(file && fwrite(fuzz_written.data, 1, fuzz_written.size, file) == fuzz_written.size && fclose(file) == 0);
	FUZZ_CHECK(gdb_index_version(path, vmlinux) == gdb_index_version_for(gdb));
	unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gdb_index_options options = { .threads = 1 };
	struct error error = { 0 };
	char id[65] = "";

	if (size < 2 || size > 65536)
		return 0;
	options.gdb = (const unsigned[]){ 13, 16, 18 }[data[size - 1] % 3];
	fuzz_written.size = 0;
	if (!gdb_index_write(fuzz_file(0, data, size), "in memory", &options, &error)) {
		fuzz_failed(&error);
		FUZZ_CHECK(error.kind != ERROR_NO_MEMORY && error.kind != ERROR_INTERRUPTED && !fuzz_written.size);
	} else {
		check_index((const uint8_t *)fuzz_written.data, fuzz_written.size);
		if (size % 64 == 0)
			check_version(fuzz_file(0, data, size), options.gdb);
	}
	gdb_index_build_id(fuzz_file(0, data, size), id, sizeof(id), &error);
	FUZZ_CHECK(strlen(id) < sizeof(id));
	fuzz_free_image();
	return 0;
}
