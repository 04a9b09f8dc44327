/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The native unwinder: kernel stacks straight from ORC, for `kernel bt` of many tasks at once.
 *
 * It gives functions and addresses, through IRQ, IST and NMI stacks down to the user's pc; gdb's
 * own unwinder with the CFI of symbols/cfi/cfi.h gives lines, inlined functions and locals for one
 * thread at a time. Both must agree frame by frame; a test holds them to it.
 */
#ifndef VMCORE_KERNEL_UNWIND_H
#define VMCORE_KERNEL_UNWIND_H

#include "kernel/kernel.h"

enum frame_kind {
	/* an ordinary call: pc is a return address, unless it is the first frame */
	FRAME_CALL,
	/*
	 * pc is exact: an interrupt or exception happened here, or registers were caught here
	 * (the first frame: those that have cs, so not a switched-out task's)
	 */
	FRAME_INTERRUPTED,
	FRAME_USER,		/* user space: pc and sp are the user's; always the last frame */
};

struct frame {
	enum frame_kind kind;
	uint64_t pc;
	uint64_t sp;			/* the stack pointer in this frame */
	/*
	 * one past this frame's memory: [sp, cfa) is its own, with the return address or
	 * the saved registers at its end; a plain call's is the caller's sp; 0 = not known
	 */
	uint64_t cfa;
	/* where the struct pt_regs lies that led to this frame, 0 = none */
	uint64_t regs_address;
	/* what is known in this frame: after a plain call only pc, sp, and rbp */
	struct registers registers;
};

enum unwind_end {
	UNWIND_MORE,		/* not at the end (the frame limit was reached) */
	UNWIND_COMPLETE,	/* the entry point or user space was reached */
	UNWIND_FAILED,		/* the rest of the stack is not known; the error says why */
};

#ifndef UNWIND_MAX_FRAMES	/* tests/fuzz has less */
#define UNWIND_MAX_FRAMES 256
#endif

/*
 * Unwinds from REGISTERS; stores up to MAX frames and their number. An end other than
 * complete leaves the reason in *error. The frames found before a failure are valid.
 */
enum unwind_end unwind(struct kernel *kernel, const struct registers *registers,
		       struct frame *frames, size_t max, size_t *count_ret, struct error *error);

/*
 * One step: the registers of the caller of a frame that has REGISTERS. EXACT: its pc is where it was, not where it returns to.
 * False if there is no caller, or none can be found.
 */
bool unwind_caller(struct kernel *kernel, const struct registers *registers, bool exact, struct registers *caller_ret);

/* Is there code of the kernel at ADDRESS: vmlinux's, a module's, or made at run time? */
bool unwind_is_code(struct kernel *kernel, uint64_t address);
/* Is there at ADDRESS of a stack what could be a return address? *PC_RET (may be NULL) is it. */
bool unwind_is_return_address(struct kernel *kernel, uint64_t address, uint64_t *pc_ret);
/*
 * Was the function that is in a call at PC, a return address, called itself, by vmlinux's rows? Then its
 * caller's pc is a return address, too. (Some of these are signal frames to gdb.)
 */
bool unwind_is_call(struct kernel *kernel, uint64_t pc);
/* Does the machine say that stacks end in the code that ADDRESS is in? */
bool unwind_is_end(struct kernel *kernel, uint64_t address);

#endif
