/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How a C function that objtool does not describe sets its frame up, out of its first instructions.
 *
 * A few C functions are hidden from objtool (STACK_FRAME_NON_STANDARD), and one of them is on the
 * stack of every kdump: __crash_kexec. Where there is no vmlinux there is no .debug_frame to ask.
 * The compiler begins a function with pushes and one subtraction from the stack pointer, after the
 * call of __fentry__ that every traceable C function starts with (and assembly does not), and leaves
 * the stack pointer alone until the end. Which instructions those are the machine knows
 * (arch/instructions.h).
 */
#ifndef VMCORE_SYMBOLS_PROLOGUE_H
#define VMCORE_SYMBOLS_PROLOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbols/cfi/orc.h"

#define PROLOGUE_MAX 64		/* bytes of code that are enough */

/*
 * CODE is what the function starts with, SIZE bytes of it. *ROW holds from *LENGTH_RET bytes after
 * its start. False where it does not look like that, or the machine has no such code.
 */
bool prologue_row(const struct arch *arch, const uint8_t *code, size_t size, struct orc_row *row, size_t *length_ret);

#endif
