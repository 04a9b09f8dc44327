/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Exception frames: what in a stack's memory looks like a struct pt_regs that entry code saved there. Nothing marks one: it is
 * recognized by what is in it, and may be left over from something that is over.
 */
#ifndef VMCORE_KERNEL_EXCEPTIONS_H
#define VMCORE_KERNEL_EXCEPTIONS_H

#include "kernel/kernel.h"

struct exception_frame {
	uint64_t address;		/* of the struct pt_regs */
	bool user;
	struct registers registers;
};

/*
 * Calls back for each in the stack [START, END), by address. A user's can only be at the end of a task's stack, where entry code puts
 * it: USER says that this is one. *missing_ret: bytes of the stack that could not be read, *error then says why of the first of them.
 * False if the machine's cannot be recognized, or the callback returned false.
 */
bool exception_frames(struct kernel *kernel, uint64_t start, uint64_t end, bool user,
		      bool (*callback)(void *context, const struct exception_frame *frame), void *context, uint64_t *missing_ret,
		      struct error *error);

#endif
