// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/array.h"

#include <stdint.h>
#include <stdlib.h>

#define FIRST_CAPACITY 64

void *array_grow(void *array, size_t *capacity, size_t size, const char *what, struct error *error)
{
	size_t more = *capacity ? *capacity * 2 : FIRST_CAPACITY;
	void *grown = *capacity > SIZE_MAX / 2 ? NULL : reallocarray(array, more, size);

	if (grown)
		*capacity = more;
	else
		error_no_memory(error, what, more * size);
	return grown;
}
