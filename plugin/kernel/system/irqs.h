/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Interrupts: the kernel's descriptors by number, who handles them, how often each CPU did, and where they may go.
 *
 * To add a way in which a kernel keeps its descriptors: a row in irqs.c's table.
 */
#ifndef VMCORE_KERNEL_IRQS_H
#define VMCORE_KERNEL_IRQS_H

#include "base/buffer.h"
#include "kernel/kernel.h"

#define IRQ_MAX_ACTIONS 256	/* that share one interrupt */
#define IRQ_NAME 64

struct irq {
	uint64_t number, address;	/* struct irq_desc */
	uint64_t chip, domain, hwirq;	/* hwirq means something where there is a domain */
	uint64_t action;		/* the first; 0 = none */
	uint64_t handler;		/* of the flow: handle_edge_irq */
	char chip_name[IRQ_NAME];	/* "" = it has none, or it is not known */
	char flow[IRQ_NAME];		/* "edge"; "" = it does not say, or it is not known */
	bool hwirq_known, action_known, handler_known;
	struct error damage;		/* ERROR_NONE, or why some of this is not known */
};

struct irq_action {
	uint64_t address, handler, thread_fn, thread, device, flags;
	char name[IRQ_NAME];	/* "" = it has none */
};

/* Each descriptor, by number. False if they are not all, or the callback says so with *error set. */
bool irq_for_each(struct kernel *kernel, bool (*callback)(void *context, const struct irq *irq, struct error *error), void *context,
		  struct error *error);
bool irq_action_for_each(struct kernel *kernel, const struct irq *irq,
			 bool (*callback)(void *context, const struct irq_action *action, struct error *error), void *context,
			 struct error *error);
/* How often CPU has had it. */
bool irq_count(struct kernel *kernel, const struct irq *irq, unsigned cpu, uint64_t *count_ret, struct error *error);
/* "0-2,5": where it may go (EFFECTIVE: where it goes, as far as the kernel keeps that); "" = nowhere. */
bool irq_affinity(struct kernel *kernel, const struct irq *irq, bool effective, struct buffer *text, struct error *error);

#endif
