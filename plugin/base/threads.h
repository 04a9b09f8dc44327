/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Threads that only compute, inside of gdb: they never get its signals (Ctrl-C, SIGCHLD, SIGWINCH
 * ...), only faults of their own.
 */
#ifndef VMCORE_BASE_THREADS_H
#define VMCORE_BASE_THREADS_H

#include <pthread.h>
#include <stdbool.h>

#define THREADS_MAX 16

/* How many are worth having: one per processor, at most THREADS_MAX. */
unsigned threads_useful(void);
/* False: the system has none to give. */
bool threads_start(pthread_t *thread, void *(*function)(void *), void *argument);

#endif
