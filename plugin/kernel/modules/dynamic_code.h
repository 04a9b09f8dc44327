/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Code that the kernel made while it ran, outside of itself and of its modules: where it is, what it is called, and how it
 * unwinds (stacks/dynamic_rows.h).
 *
 *	ftrace	an ops' own copy of ftrace_caller or ftrace_regs_caller: ftrace_ops.trampoline
 *	kprobes	what a probe replaced, to be run elsewhere: the pages of kprobe_insn_slots and kprobe_optinsn_slots
 *	BPF	programs and trampolines, by kallsyms' own list (bpf_kallsyms, since 5.7, ecb60d1c6779). That has no
 *		classic ones, which filters of seccomp and of sockets are: seccomp's are found through the tasks. What else lies
 *		in BPF's memory is known to be a program, but not which: packs of several (struct bpf_prog_pack, since 5.18,
 *		57631054fae6), and areas with one each
 *	thunks	of indirect branches (Indirect Target Selection): the pages that a module or its_pages lists; where the
 *		kernel keeps no list of its own, those that its calls lead to. And Hyper-V's page of hypercalls
 *
 * Names are those that the kernel has for it, as /proc/kallsyms shows them; seccomp's, an unknown program's, the pack's and the
 * thunks' are ours.
 *
 * To add a kind: a row in enum dynamic_kind, a collector in dynamic_code.c or a file beside it, its rows.
 */
#ifndef VMCORE_KERNEL_DYNAMIC_CODE_H
#define VMCORE_KERNEL_DYNAMIC_CODE_H

#include "kernel/kernel.h"

enum dynamic_kind {
	DYNAMIC_FTRACE,		/* the first of its code is a copy of what is at `origin` */
	DYNAMIC_KPROBE,		/* a copy of the instruction at `origin`, and a jump behind that */
	DYNAMIC_OPTPROBE,	/* calls the probe at `origin`, then copies of the instructions there, and a jump back */
	DYNAMIC_PAGE,		/* of kprobes: unused slots, and those whose probe is not known */
	DYNAMIC_BPF,		/* a frame pointer is set up at its start */
	DYNAMIC_BPF_DISPATCHER,	/* no frame of its own: it only jumps */
	DYNAMIC_BPF_PACK,	/* programs that are not known one by one */
	DYNAMIC_THUNKS,		/* a page of code that pushes nothing */
};

struct dynamic_code {
	uint64_t start, end;
	enum dynamic_kind kind;
	uint64_t origin;	/* 0 = none, or not known */
	uint64_t length;	/* DYNAMIC_KPROBE, OPTPROBE: bytes of what was copied; 0 = not known */
	char name[128];		/* "" = it is part of something that has one: of a page */
};

struct dynamic_codes {
	struct dynamic_code *list;	/* sorted by start, none overlaps another */
	size_t count, capacity;
	struct symtab *symbols;		/* their names */
	struct error damage;		/* the first that kept us from some; ERROR_NONE = none */
};

/* Read at the first call; NULL if there is no memory for it. */
const struct dynamic_codes *dynamic_codes_get(struct kernel *kernel);
/* The piece that ADDRESS is in; NULL = none. */
const struct dynamic_code *dynamic_code_at(struct kernel *kernel, uint64_t address);

#endif
