// SPDX-License-Identifier: GPL-3.0-or-later
/* gdb's index, written from the DWARF of a damaged vmlinux: the DWARF is read by our own code here. The input is the file. */
/* max_len=5120 */
#include "fuzz.h"

#include <pthread.h>

#include "symbols/gdb_index.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gdb_index_options options = { .threads = 1 };
	struct error error = { 0 };
	char id[65] = "";

	if (size < 2 || size > 65536)
		return 0;
	options.gdb = (const unsigned[]){ 13, 16, 18 }[data[size - 1] % 3];
	if (!gdb_index_write(fuzz_file(0, data, size), "in memory", &options, &error)) {
		fuzz_failed(&error);
		FUZZ_CHECK(error.kind != ERROR_NO_MEMORY);
	}
	gdb_index_build_id(fuzz_file(0, data, size), id, sizeof(id), &error);
	FUZZ_CHECK(strlen(id) < sizeof(id));
	fuzz_free_image();
	return 0;
}
