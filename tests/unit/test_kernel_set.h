/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A real dump for unit tests: the set that VMCORE_TEST_SET names, opened as a kernel, and what its guest recorded about
 * itself before the crash (tests/rig/guest/record.c describes oracle/tasks). Without the variable a test skips.
 */
#ifndef VMCORE_TEST_KERNEL_SET_H
#define VMCORE_TEST_KERNEL_SET_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "kernel/kernel.h"
#include "kernel/open/open.h"

__attribute__((unused))
static char *set_path(const char *name)
{
	static char path[4096];
	const char *set = getenv("VMCORE_TEST_SET");

	if (!set)
		skip();
	snprintf(path, sizeof(path), "%s/%s", set, name);
	return path;
}

__attribute__((unused))
static struct kernel *set_open(void)
{
	static const char *const names[] = { "vmcore", "vmcore.qemu-elf", "vmcore.qemu-zlib" };
	struct error error = { .text = "no dump in this set" };
	struct kernel *kernel = NULL;
	struct dump *dump = NULL;

	for (size_t i = 0; i < 3 && !dump; i++) {
		const char *path = set_path(names[i]);

		if (access(path, R_OK) == 0 && !dump_open(&path, 1, &dump, &error))
			fail_msg("%s: %s", path, error.text);
	}
	if (!dump || !kernel_open(dump, &(struct kernel_source){ .vmlinux = set_path("vmlinux") }, &kernel, &error))
		fail_msg("%s", error.text);
	return kernel;
}

/* The whole file, NUL-terminated; NULL if there is none. */
__attribute__((unused))
static char *set_read(const char *name, size_t *size_ret)
{
	FILE *file = fopen(set_path(name), "r");
	char *text = NULL;
	size_t size = 0;

	if (!file)
		return NULL;
	for (size_t got = 1; got > 0; size += got) {
		text = realloc(text, size + 65537);
		assert_non_null(text);
		got = fread(text + size, 1, 65536, file);
	}
	fclose(file);
	text[size] = 0;
	if (size_ret)
		*size_ret = size;
	return text;
}

struct set_record {
	unsigned tgid, tid;
	char name[64];
	const char *data;	/* size bytes, followed by a newline */
	size_t size;
};

/* The next record of oracle/tasks; *AT is where it starts in [TEXT, END). */
__attribute__((unused))
static bool set_next_record(const char **at, const char *end, struct set_record *record)
{
	unsigned long size;
	int used;

	if (*at >= end || sscanf(*at, "@ %u %u %63s %lu\n%n", &record->tgid, &record->tid, record->name, &size, &used) != 4)
		return false;
	record->data = memchr(*at, '\n', end - *at);
	assert_non_null(record->data);
	record->data++;
	assert_true(size < (size_t)(end - record->data));
	record->size = size;
	*at = record->data + size + 1;
	return true;
}

#endif
