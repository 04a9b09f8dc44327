/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes out of a dump as characters: names of tasks and files are any bytes. */
#ifndef VMCORE_BASE_UNICODE_H
#define VMCORE_BASE_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Decodes one character of SIZE bytes, at least one; returns its bytes, 0 if they are no UTF-8 (RFC 3629: no surrogates, no overlong
 * forms).
 */
size_t unicode_decode(const unsigned char *bytes, size_t size, uint32_t *character_ret);
/*
 * Would it move the cursor, reorder what is around it (bidi controls), hide, or is it a line break of its own? It must not reach a
 * terminal.
 */
bool unicode_is_control(uint32_t character);

#endif
