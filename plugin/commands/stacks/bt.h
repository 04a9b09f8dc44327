/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bt inside: bt.c chooses the tasks, bt_stack.c shows one stack, bt_registers.c the registers saved
 * in it, bt_words.c the memory of it (-f, -r, -t), bt_group.c equal stacks once (-u), bt_symbols.c
 * names addresses, bt_exceptions.c finds exception frames (-e, -E), bt_check.c overflows (-v), and references (-R).
 */
#ifndef VMCORE_COMMANDS_BT_H
#define VMCORE_COMMANDS_BT_H

#include "commands/command.h"
#include "commands/tasks/task_list.h"
#include "kernel/tasks/task.h"
#include "kernel/stacks/unwind.h"

/* What an address is called. */
struct place {
	uint64_t address; /* that was looked up: inside of the call for a return address */
	const struct symbol *symbol; /* NULL = nothing is known there */
	const char *module;	     /* NULL = vmlinux */
	bool decimal;		     /* the offset in it is to be shown so */
};

#define PLACE_CACHE_SIZE 16384 /* a machine's stacks have a few thousand different addresses */

/* The block of saved registers, made once from the machine's table. */
struct register_block {
	struct column columns[ARCH_MAX_REGISTERS + 8];
	char titles[ARCH_MAX_REGISTERS + 8][24];
	const char *orig_member; /* of pt_regs: the one that is no register of the machine's table */
	char first_title[24]; /* of what follows the place of that one, where that is left out */
	int registers[ARCH_MAX_REGISTERS + 8]; /* index into arch->registers of each column */
	size_t count;
	struct shape kernel_shape, user_shape, cpu_shape;
	struct column user_columns[ARCH_MAX_REGISTERS + 8], cpu_columns[ARCH_MAX_REGISTERS + 8];
};

/* A CPU whose task is not known; it stands before task number BEFORE of the list. */
struct lone_cpu {
	const struct cpu *cpu;
	size_t before;
};

/* One task's stack, unwound. */
struct stack {
	const struct task *task;    /* NULL = not known: that of a CPU */
	struct frame frames[UNWIND_MAX_FRAMES];
	size_t count;
	enum unwind_end end;
	struct error error;	    /* why it ends, if it is not complete */
	const struct cpu *cpu;	    /* it is running on; NULL = none */
	struct registers registers; /* it was unwound from */
	bool registers_known;
	bool start_given;	    /* by -I and -S */
};

struct cpu_stack;

struct bt {
	struct kernel *kernel;
	const struct arguments *arguments;
	struct output *output;
	const struct host *host;
	bool lines, words;   /* -l, -f */
	bool decimal;	     /* -d */
	size_t nr_slabs_unknown; /* -F: words of which it is not known whether they point into a slab */
	struct error slab_error; /* why, of the first */
	bool modules_noted;  /* -e, -E: what is not known of modules has been said */
	bool stacks_noted;		/* that not all of the CPUs are known */
	bool any_line;	     /* -l has found one of vmlinux */
	bool has_reference, reference_function; /* -R: there is one, and it is a function's start */
	uint64_t reference;
	struct registers start; /* -I, -S; none valid: as the dump has it */
	uint64_t stack_size; /* bytes of every task's kernel stack */
	struct lone_cpu *lone; /* [nr_lone], in the order of the CPUs; room for all there are */
	size_t nr_lone;
	struct error missing; /* ERROR_PARTIAL: what was asked for and is not answered; shown at the end */
	struct stack stack;
	struct register_block block;
	struct place places[PLACE_CACHE_SIZE];
};

/* --- bt.c: also for `report`, which shows the same stacks --- */
/* What options ARGUMENTS has not are off. */
struct bt *bt_new(struct kernel *kernel, const struct arguments *arguments, struct output *output,
		  const struct host *host, struct error *error);
void bt_free(struct bt *bt);
/*
 * Appends the tasks that were running on the CPUs TEXT, "0,2-4" or "all"; CPUs whose task is not known
 * become bt->lone. bt->missing is set if one that was named was offline.
 */
bool bt_add_cpus(struct bt *bt, const char *text, struct task_list *list, struct error *error);
/* Appends all tasks, sorted; if there may be more a note says so, and bt->missing is set. */
bool bt_add_all(struct bt *bt, struct task_list *list, struct error *error);

/* --- bt_stack.c --- */
/* Unwinds TASK into bt->stack. Failure is part of the result. */
void bt_unwind(struct bt *bt, const struct task *task);
/* The same for a CPU whose task is not known. */
void bt_unwind_cpu(struct bt *bt, const struct cpu *cpu);
/* The stack of a CPU that FRAME is on; NULL: a task's, or none that is known, which is then said, once. */
const struct cpu_stack *bt_stack_of_frame(struct bt *bt, const struct frame *frame);
/* The frames of bt->stack as the member "frames"; without stack pointers if they are those of many
 * tasks. */
bool bt_frames(struct bt *bt, bool many);
/* Is the pc of FRAME, one of bt->stack, where it was, and not where a call returns to? */
bool bt_is_exact(struct bt *bt, const struct frame *frame);
/* Why bt->stack does not go on, as one sentence; NULL if it is complete. */
const char *bt_end(const struct bt *bt);
/* A row per task; -r and -t put other things below it. */
extern const struct shape bt_task_shape;
/* One whole task, a row of bt_task_shape: heading, frames, end. */
bool bt_task(struct bt *bt, const struct task *task);
/* The same of a CPU whose task is not known. */
bool bt_cpu(struct bt *bt, const struct cpu *cpu);

/* --- bt_registers.c --- */
void bt_registers_init(struct bt *bt);
/* The registers saved where FRAME was interrupted, as the member "saved_registers". */
bool bt_registers(struct bt *bt, const struct frame *frame);
/* What the CPU's note says, as the member "registers"; FRAME is the first one. */
bool bt_cpu_registers(struct bt *bt, const struct frame *frame);

/* --- bt_words.c --- */
/* Stack memory [START, END) word by word, as the member "words". */
bool bt_words(struct bt *bt, uint64_t start, uint64_t end);
/* Where the stack ends that SP is on; SP itself if it is empty: what follows is another one, or nothing. */
uint64_t bt_stack_top(const struct bt *bt, uint64_t sp);
/* Where the stack of a CPU without a known task is, from its stack pointer on, as if it had a task's size; nobody knows. With its notes. */
bool bt_cpu_stack(struct bt *bt, const struct cpu *cpu, uint64_t *start_ret, uint64_t *end_ret);
/* -r, -t: rows of bt_task_shape. */
bool bt_raw(struct bt *bt, const struct task *task);
bool bt_text_words(struct bt *bt, const struct task *task);
/* The same of a CPU whose task is not known. */
bool bt_cpu_raw(struct bt *bt, const struct cpu *cpu);
bool bt_cpu_text_words(struct bt *bt, const struct cpu *cpu);

/* --- bt_exceptions.c --- */
/* -e: rows of bt_task_shape; of a task, or of a CPU whose task is not known. */
bool bt_task_exceptions(struct bt *bt, const struct task *task);
bool bt_cpu_exceptions(struct bt *bt, const struct cpu *cpu);
/* -E: those on the stacks of the CPUs. */
bool bt_all_exceptions(struct bt *bt, struct error *error);

/* --- bt_check.c --- */
/* -v */
bool bt_check(struct bt *bt, const struct task_list *list, struct error *error);
/* -R TEXT: sets bt->reference. */
bool bt_reference(struct bt *bt, const char *text, struct error *error);
/* Is it in bt->stack? */
bool bt_refers(struct bt *bt);

/* --- bt_group.c --- */
struct group_table;
struct group_table *bt_groups_new(struct error *error);
void bt_groups_free(struct group_table *table);
/* Puts the task of bt->stack to those with the same one; BY_STATE: and in the same state. */
bool bt_groups_put(struct bt *bt, struct group_table *table, bool by_state, struct error *error);
/* Each different stack once, most frequent first, with the tasks that have it: array "stacks". */
void bt_groups_show(struct bt *bt, struct group_table *table, bool by_state);
/* -u: all of that for the tasks of LIST. */
bool bt_groups(struct bt *bt, const struct task_list *list, struct error *error);

/* --- bt_symbols.c --- */
/* Valid until the next call. A RETURN address belongs to the call before it. */
const struct place *bt_place(struct bt *bt, uint64_t address, bool is_return);
/* ADDRESS at PLACE as text: "schedule+0x12", "nf_hook_slow+0x4 [nf_tables]"; "(unknown)" if nothing
 * is known. */
const char *bt_place_text(const struct place *place, uint64_t address, char *buffer, size_t size);

#endif
