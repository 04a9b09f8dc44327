/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DWARF expressions as call frame information uses them: DWARF 5, 2.5.1 and 6.4.2. */
#ifndef VMCORE_SYMBOLS_FRAME_VALUE_H
#define VMCORE_SYMBOLS_FRAME_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* What an expression may ask for. */
struct frame_values {
	/* The register of this DWARF number; false if it is not known. */
	bool (*value)(void *context, unsigned number, uint64_t *value_ret);
	/* A word of the machine's memory. */
	bool (*read)(void *context, uint64_t address, size_t size, uint64_t *value_ret, struct error *error);
	void *context;
	unsigned address_size;		/* bytes */
	bool big_endian;
};

/* Runs the expression; INITIAL (may be NULL) is on its stack at the start. */
bool frame_value(const struct frame_values *values, const uint8_t *expression, size_t size, const uint64_t *initial,
		 uint64_t *value_ret, struct error *error);

#endif
