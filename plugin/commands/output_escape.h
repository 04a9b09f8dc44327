/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Escaping with measuring, for the renderers; commands use output_escape() of output.h. */
#ifndef VMCORE_COMMANDS_OUTPUT_ESCAPE_H
#define VMCORE_COMMANDS_OUTPUT_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

struct buffer;

/* Appends STRING as output_escape() does; RAW keeps newlines and tabs. Returns the columns it takes
 * on a terminal. */
size_t escape_text(struct buffer *buffer, const char *string, size_t size, bool raw);

#endif
