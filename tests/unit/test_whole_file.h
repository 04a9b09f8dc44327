/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file's contents. Include it behind cmocka.h. */
#ifndef VMCORE_TEST_WHOLE_FILE_H
#define VMCORE_TEST_WHOLE_FILE_H

#include <stdio.h>

#include "base/buffer.h"

/* The caller frees it. */
static struct buffer read_whole(const char *path)
{
	struct buffer whole = { 0 };
	FILE *file = fopen(path, "r");
	char piece[4096];
	size_t size;

	assert_non_null(file);
	while ((size = fread(piece, 1, sizeof(piece), file)))
		buffer_append(&whole, piece, size);
	fclose(file);
	assert_false(whole.failed);
	return whole;
}

#endif
