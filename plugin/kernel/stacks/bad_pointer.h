/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Calls through a bad pointer: a CPU was where there is no code.
 *
 * The function of a freed object, NULL, an address of user space: the call has pushed its return address,
 * nothing else has happened. So the pc is exact, and its caller is on top of the stack.
 */
#ifndef VMCORE_KERNEL_BAD_POINTER_H
#define VMCORE_KERNEL_BAD_POINTER_H

#include "kernel/kernel.h"

/*
 * Is PC, where the kernel was with stack pointer SP, no code at all? Not if the page tables say that it may be executed,
 * whatever it is, nor if SP is not the kernel's: then neither is the CPU, but firmware has it, or it is just starting.
 * BUFFER (may be NULL) gets what it is instead: "a NULL pointer was called".
 */
bool bad_pointer(struct kernel *kernel, uint64_t pc, uint64_t sp, char *buffer, size_t size);
/*
 * The frame with REGISTERS, whose pc is exact: if the kernel called a bad pointer there, *return_ret is where
 * that would have returned to, and the caller's stack pointer is 8 more. For gdb's unwinder.
 */
bool bad_pointer_caller(struct kernel *kernel, const struct registers *registers, uint64_t *return_ret);

#endif
