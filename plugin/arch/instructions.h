/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a kernel's code looks like, instruction by instruction, on a machine whose kernels have ORC: code without a row of its own
 * (symbols/cfi/prologue.h), and code made at run time, whose rows are made here, too (kernel/stacks/dynamic_rows.h). A machine
 * without this leaves struct arch's `instructions' NULL: nothing is then known of such code but its name.
 *
 * CODE is always a copy of SIZE bytes, of which nothing is believed.
 */
#ifndef VMCORE_ARCH_INSTRUCTIONS_H
#define VMCORE_ARCH_INSTRUCTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct memory;

/* What a C function did to the stack in its first LENGTH bytes. */
struct arch_prologue {
	size_t length;
	int cfa;		/* from the stack pointer */
	int fp;			/* of the caller's frame pointer, from the CFA; 0 = not saved */
};

struct arch_branch {
	size_t at, length;	/* bytes of the code */
	bool call;		/* or a jump */
	uint64_t target;
};

struct arch_instructions {
	size_t longest;		/* bytes of an instruction */
	/* False: CODE is not how the compiler begins a function that ftrace can trace. */
	bool (*prologue)(const uint8_t *code, size_t size, struct arch_prologue *found);
	/* The first call of an address or jump to one that could begin at AT bytes or behind, of code that is at ADDRESS. */
	bool (*next_branch)(const uint8_t *code, size_t size, uint64_t address, size_t at, struct arch_branch *found);
	/*
	 * The instructions of which the slot of an optimised kprobe consists: how long the one at CODE is, and by how much the
	 * stack grows. 0 = another one.
	 */
	size_t (*probe_instruction)(const uint8_t *code, size_t size, int *push_ret);
	/* Where a BPF program has its frame: the caller's frame pointer is on the stack from *PUSHED_RET on, leads to it from *SET_RET on. */
	bool (*bpf_frame)(const uint8_t *code, size_t size, size_t *pushed_ret, size_t *set_ret);
	/* How long is what takes that frame down and leaves, with which CODE begins, 0 = it is not that; gone after *GONE_RET. */
	size_t (*bpf_leave)(const uint8_t *code, size_t size, size_t *gone_ret);
	/* Is at ADDRESS a thunk of the kinds for which the kernel takes pages of their own? Optional. */
	bool (*is_page_thunk)(struct memory *memory, uint64_t address);
};

#endif
