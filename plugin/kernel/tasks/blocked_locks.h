/* SPDX-License-Identifier: GPL-3.0-or-later */
/* blocked inside: how a task's lock is found and its owner read. blocked.c says who is asked. */
#ifndef VMCORE_KERNEL_BLOCKED_LOCKS_H
#define VMCORE_KERNEL_BLOCKED_LOCKS_H

#include "kernel/tasks/blocked.h"

/* What blocked->task's task_struct says it waits for. False if it says nothing that holds. */
bool lock_of_task(struct kernel *kernel, struct blocked *blocked);
/* What a waiter in [START, END) of its stack says. KIND is what the functions there wait for. */
bool lock_on_stack(struct kernel *kernel, struct blocked *blocked, enum lock_kind kind,
		   uint64_t start, uint64_t end);

#endif
