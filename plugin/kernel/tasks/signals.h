/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Signals of a task: its own and its process's sets, what it does with each, and what is queued.
 *
 * Numbers, names and codes are those that x86, arm64 and s390 share (asm-generic/signal.h); a set has 64 of them, the first is bit 0.
 */
#ifndef VMCORE_KERNEL_SIGNALS_H
#define VMCORE_KERNEL_SIGNALS_H

#include "base/buffer.h"
#include "kernel/kernel.h"

#define SIGNALS_MAX 64
#define SIGNAL_NAME 16

struct task;

struct signal_action {
	uint64_t address;	/* struct k_sigaction */
	uint64_t handler;	/* 0 SIG_DFL, 1 SIG_IGN, else the program's */
	uint64_t flags, mask;
};

enum signal_fact {		/* what is known */
	SIGNALS_BLOCKED = 1,
	SIGNALS_PENDING = 2,
	SIGNALS_SHARED = 4,
	SIGNALS_ACTIONS = 8,	/* ignored and caught, too */
};

struct signals {
	uint64_t signal, sighand;	/* 0 = none (it has exited), or not known */
	uint64_t own_pending, shared_pending;	/* struct sigpending; 0 = none */
	uint64_t blocked, pending, shared, ignored, caught;
	unsigned known;		/* SIGNALS_* */
	unsigned count;		/* of actions */
	struct signal_action actions[SIGNALS_MAX];
	struct error damage;	/* ERROR_NONE, or why something is not known: the first reason */
};

/* What stands in `detail` and `sender` of an entry goes by its code. */
struct signal_entry {
	uint64_t address;	/* struct sigqueue */
	int32_t number, code, error;
	bool has_sender, has_value, has_address;
	uint32_t pid, uid;	/* the sender's, as its receiver sees them; of a child for SIGCHLD */
	uint64_t value;		/* sigqueue()'s, or a timer's */
	uint64_t fault;		/* the address of a fault; of the call for SIGSYS */
};

/* What cannot be read is not known, see damage. */
void signals_read(struct kernel *kernel, const struct task *task, struct signals *signals);
/* Each entry of the struct sigpending at PENDING; false if the queue is not whole. */
bool signal_queue_for_each(struct kernel *kernel, uint64_t pending,
			   bool (*callback)(void *context, const struct signal_entry *entry, struct error *error), void *context,
			   struct error *error);
/* "SIGUSR1", "SIGRTMIN+2" (the kernel's, 32: glibc keeps two for itself and begins with 34); NAME has SIGNAL_NAME bytes. */
void signal_name(unsigned number, char *name);
/* The names of SET, with spaces between them. */
void signal_set_names(uint64_t set, struct buffer *text);
/* "SI_USER", "SEGV_MAPERR"; NULL = it has no name here. */
const char *signal_code_name(const struct signal_entry *entry);
/* "SA_RESTART|SA_SIGINFO"; what has no name is a number. */
void signal_flags_text(uint64_t flags, struct buffer *text);

#endif
