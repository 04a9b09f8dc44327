// SPDX-License-Identifier: GPL-3.0-or-later
/* hrtimers: a tree for each clock of each CPU. */
#include <string.h>

#include "kernel/scheduler/timers_internal.h"

#define MAX_CLOCKS 64	/* of a CPU: 8 so far */

struct walk {
	struct kernel *kernel;
	struct timer_queue *queue;
	struct visited seen;
	uint64_t node;
	struct member root, expires, soft, function;
};

static bool hrtimer(void *context, uint64_t address, struct error *error)
{
	struct walk *walk = context;
	struct timer timer = { .address = address };

	if (!timer_first_time(&walk->seen, address, error) ||
	    !kernel_read_field(walk->kernel, address, &walk->expires, &timer.expires, error) ||
	    !kernel_read_field(walk->kernel, address, &walk->soft, &timer.soft_expires, error) ||
	    !kernel_read_field(walk->kernel, address, &walk->function, &timer.function, error))
		return false;
	timer.left = timer.expires - walk->queue->now;
	return timer_queue_add(walk->queue, &timer, error) != NULL;
}

/* clockid_t is what programs give to clock_gettime(): it does not change. */
static const char *clock_name(uint64_t clock)
{
	static const struct {
		uint64_t clock;
		const char *name;
	} names[] = { { 0, "realtime" }, { 1, "monotonic" }, { 7, "boottime" }, { 11, "tai" } };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].clock == clock)
			return names[i].name;
	return NULL;
}

static bool hrtimer_base(struct walk *walk, struct error *error)
{
	struct kernel *kernel = walk->kernel;
	struct timer_queue *queue = walk->queue;
	struct error why = { 0 };
	uint64_t clock, now;
	int64_t soft;
	bool whole;

	if (kernel_read_member(kernel, queue->address, "hrtimer_clock_base", "clockid", &clock, NULL))
		queue->name = clock_name(clock);
	queue->clock_known = kernel_read_member(kernel, queue->address, "hrtimer_clock_base", "offset", &queue->clock, NULL);
	/* Each base says what it runs since 4.16 (3f0b9e8eec56); before, the CPU did. */
	queue->running_known = types_has_member(kernel->types, "hrtimer_clock_base", "running") &&
			       kernel_read_member(kernel, queue->address, "hrtimer_clock_base", "running", &queue->running, NULL);
	/* Half of the clocks are for timers that run in a softirq, since 4.16 (98ecadd4305d). */
	queue->soft = types_enumerator(kernel->types, NULL, "HRTIMER_BASE_MONOTONIC_SOFT", &soft, NULL) && queue->index >= (uint64_t)soft;
	queue->now_known = queue->clock_known && kernel_read_variable(kernel, "last_jiffies_update", 8, &now, NULL);
	if (queue->now_known)
		queue->now = now + queue->clock;
	whole = rbtree_for_each(kernel, queue->address + walk->root.offset, walk->node, hrtimer, walk, &why);
	visited_free(&walk->seen);
	if (whole || timer_queue_damaged(queue, &why))
		return true;
	*error = why;
	return false;
}

/* ktime_t was a union with 64 bits in it until 4.10 (2456e8553544). */
static bool time_member(struct kernel *kernel, const char *plain, const char *old, struct member *member_ret, struct error *error)
{
	return types_member(kernel->types, "hrtimer", old, member_ret, NULL) ||
	       types_member(kernel->types, "hrtimer", plain, member_ret, error);
}

static bool hrtimer_types(struct walk *walk, struct error *error)
{
	struct types *types = walk->kernel->types;
	struct member node;

	/* Called `head` until 5.4 (511885d7061e). */
	if ((!types_member(types, "hrtimer_clock_base", "active.rb_root", &walk->root, NULL) &&
	     !types_member(types, "hrtimer_clock_base", "active.head", &walk->root, error)) ||
	    !types_member(types, "hrtimer", "node.node", &node, error) ||
	    !time_member(walk->kernel, "node.expires", "node.expires.tv64", &walk->expires, error) ||
	    !time_member(walk->kernel, "_softexpires", "_softexpires.tv64", &walk->soft, error) ||
	    !types_member(types, "hrtimer", "function", &walk->function, error))
		return false;
	walk->node = node.offset;
	return true;
}

bool hrtimers_read(struct kernel *kernel, unsigned cpu, struct timer_queues *queues, struct error *error)
{
	struct walk walk = { .kernel = kernel };
	struct member clocks;
	uint64_t address;

	if (!hrtimer_types(&walk, error) || !types_member(kernel->types, "hrtimer_cpu_base", "clock_base", &clocks, error) ||
	    !kernel_per_cpu(kernel, "hrtimer_bases", cpu, &address, error))
		return false;
	for (uint64_t i = 0; i < clocks.count && i < MAX_CLOCKS; i++) {
		walk.queue = timer_queues_add(queues, cpu, i, address + clocks.offset + i * clocks.element_size, error);
		if (!walk.queue || !hrtimer_base(&walk, error))
			return false;
	}
	return true;
}
