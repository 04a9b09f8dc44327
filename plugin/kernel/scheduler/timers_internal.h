/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the readers of the two kinds of timers share. */
#ifndef VMCORE_KERNEL_TIMERS_INTERNAL_H
#define VMCORE_KERNEL_TIMERS_INTERNAL_H

#include "kernel/containers.h"
#include "kernel/scheduler/timers.h"

/* Keeps the first reason. False: it is none of the queue, but Ctrl-C or no memory. */
bool timer_queue_damaged(struct timer_queue *queue, const struct error *why);
struct timer *timer_queue_add(struct timer_queue *queue, const struct timer *timer, struct error *error);
struct timer_queue *timer_queues_add(struct timer_queues *queues, unsigned cpu, unsigned index, uint64_t address, struct error *error);
/* No timer is on two lists. */
bool timer_first_time(struct visited *seen, uint64_t timer, struct error *error);

#endif
