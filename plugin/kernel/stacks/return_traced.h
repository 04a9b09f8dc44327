/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Return addresses that tracing has replaced, and what they were.
 *
 * A kretprobe and the function graph tracer put the address of a trampoline in the place of the return address on the
 * stack, and keep what was there in a list of the task. Without that list a stack ends in the trampoline. Where each
 * kept one was on the stack is kept too, so the stack can be put back word by word:
 *
 *	function_graph	task->ret_stack: an array of struct ftrace_ret_stack, since 6.11 (42675b723b48) a shadow stack
 *	kretprobe	task->rethooks (5.18, 54ecbe6f1ed5; x86_64 uses them since 6.1, f3a112c0c40d), before that
 *			task->kretprobe_instances (5.11, d741bf41d7c7), before that the hash table kretprobe_inst_table
 *
 * To add another way of replacing them: a kind, its trampoline's names, and who collects it, in return_traced.c.
 * Reference: kernel/trace/fgraph.c's and rethook.c's functions that the kernel's own unwinder asks, described there in
 * comments.
 */
#ifndef VMCORE_KERNEL_RETURN_TRACED_H
#define VMCORE_KERNEL_RETURN_TRACED_H

#include "kernel/kernel.h"

/*
 * Is PC what tracing puts in the place of a return address? Such a trampoline was never called: PC is its first
 * instruction, and nothing before it has to do with it.
 */
bool return_is_traced(struct kernel *kernel, uint64_t pc);
/*
 * *PC, such a one, was read at SLOT of a stack: makes it what it was before. False, with *PC as it is, where that is
 * not known.
 */
bool return_original(struct kernel *kernel, uint64_t slot, uint64_t *pc, struct error *error);
/*
 * Does so in BUFFER, which holds SIZE bytes of the memory at ADDRESS. Returns how many of them from the start are
 * right: less than SIZE where a word would have to be made what it was and cannot, and *error says why.
 */
size_t return_restore(struct kernel *kernel, uint64_t address, void *buffer, size_t size, struct error *error);

#endif
