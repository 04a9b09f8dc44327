// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A task's state in letters and words.
 *
 * The bits moved in 4.14 (8ef9925b02c2 put TASK_PARKED among the reported states, so TASK_DEAD and
 * those after it went up) and have stayed since; new ones were only added above (TASK_RTLOCK_WAIT
 * in 5.15, TASK_FREEZABLE and TASK_FROZEN in 6.1). The oldest kernel here is 4.19, so one table
 * serves all: there is nothing whose existence would have to be asked.
 */
#include "kernel/tasks/task.h"

enum {
	INTERRUPTIBLE = 0x1,
	UNINTERRUPTIBLE = 0x2,
	STOPPED = 0x4,
	TRACED = 0x8,
	EXITING_DEAD = 0x10,	/* exit_state only, like the next */
	EXITING_ZOMBIE = 0x20,
	PARKED = 0x40,
	DEAD = 0x80,
	WAKING = 0x200,
	NOLOAD = 0x400,
	NEW = 0x800,
	RTLOCK_WAIT = 0x1000,
	FROZEN = 0x8000,
};

struct state {
	uint32_t exit_bits;	/* any of them in exit_state */
	uint32_t bits;		/* all of them in state */
	const char letters[3];
	const char *name;
};

/*
 * The first that matches. Crash's letters; the words are those of the kernel's task_state_array
 * where it has one.
 */
static const struct state states[] = {
	{ EXITING_DEAD, 0, "DE", "dead" },	/* also EXIT_TRACE, which is both: on its way out */
	{ EXITING_ZOMBIE, 0, "ZO", "zombie" },
	{ 0, DEAD, "DE", "dead" },
	{ 0, UNINTERRUPTIBLE | NOLOAD, "ID", "idle" },
	{ 0, INTERRUPTIBLE, "IN", "interruptible sleep" },
	{ 0, UNINTERRUPTIBLE, "UN", "uninterruptible sleep" },
	{ 0, RTLOCK_WAIT, "UN", "waiting for a lock" },
	{ 0, FROZEN, "UN", "frozen" },
	{ 0, STOPPED, "ST", "stopped" },
	{ 0, TRACED, "TR", "stopped by its tracer" },
	{ 0, PARKED, "PA", "parked" },
	{ 0, WAKING, "WA", "waking up" },
	{ 0, NEW, "NE", "new" },
};

static const struct state running = { 0, 0, "RU", "running" };
static const struct state unknown = { 0, 0, "??", "unknown state" };

bool task_state_known(const struct task *task)
{
	return task_knows(task, TASK_STATE) && task_knows(task, TASK_EXIT_STATE);
}

static const struct state *find_state(const struct task *task)
{
	if (!task_state_known(task))
		return &unknown;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		const struct state *state = &states[i];

		if (state->exit_bits ? task->exit_state & state->exit_bits :
				       (task->state & state->bits) == state->bits)
			return state;
	}
	return task->state == 0 ? &running : &unknown;
}

const char *task_state_letters(struct kernel *kernel, const struct task *task)
{
	(void)kernel;
	return find_state(task)->letters;
}

const char *task_state_name(struct kernel *kernel, const struct task *task)
{
	(void)kernel;
	/* Ready to run is not the same as running, and on a dump one wants to know which. */
	if (find_state(task) == &running && !task_knows(task, TASK_ON_CPU))
		return "running or runnable";
	if (find_state(task) == &running && !task->on_cpu)
		return "runnable";
	return find_state(task)->name;
}

/* An idle CPU's clock stands still (NOHZ), so the latest of all is the nearest to the crash. */
uint64_t tasks_scheduler_now(struct kernel *kernel)
{
	uint64_t now = 0;

	for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids; cpu++) {
		uint64_t queue, clock;

		/* The one that cannot be read may be the latest. */
		if (!kernel_per_cpu(kernel, "runqueues", cpu, &queue, NULL) ||
		    !kernel_read_member(kernel, queue, "rq", "clock", &clock, NULL))
			return 0;
		if (clock > now)
			now = clock;
	}
	return now;
}
