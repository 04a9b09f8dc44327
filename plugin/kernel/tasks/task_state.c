// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A task's state in letters and words.
 *
 * The bits moved in 4.14 (8ef9925b02c2 put TASK_PARKED among the reported states, so TASK_DEAD and
 * those after it went up) and have stayed since; new ones were only added above (TASK_RTLOCK_WAIT
 * in 5.15, TASK_FREEZABLE and TASK_FROZEN in 6.1). Before 3.15 (ad86622b478e) the two exit states were the other way round.
 * They are macros, so no type tells; but task_state_array, which /proc/PID/status is made of, has a word for each of them in
 * their order. Older kernels' numbers are turned into today's.
 */
#include <string.h>

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

/* --- numbers of older kernels --- */

struct renumber {
	uint32_t old, new;
};

struct numbers {
	const struct renumber *exit_states, *states;	/* end with 0; NULL = as today */
};

static const struct renumber exit_states_before_3_15[] = { { 0x10, EXITING_ZOMBIE }, { 0x20, EXITING_DEAD }, { 0 } };
/* 128 was TASK_WAKEKILL, which says nothing of what the task does. */
static const struct renumber states_before_4_14[] = {
	{ 0x1, INTERRUPTIBLE }, { 0x2, UNINTERRUPTIBLE }, { 0x4, STOPPED }, { 0x8, TRACED }, { 64, DEAD }, { 256, WAKING },
	{ 512, PARKED }, { 1024, NOLOAD }, { 2048, NEW }, { 0 }
};

static const struct numbers numbers_before_3_15 = { exit_states_before_3_15, states_before_4_14 },
			    numbers_before_4_14 = { NULL, states_before_4_14 }, numbers_now = { NULL, NULL };

static uint32_t renumber(const struct renumber *table, uint32_t value)
{
	uint32_t result = 0;

	if (!table)
		return value;
	for (; table->old; table++)
		if (value & table->old)
			result |= table->new;
	return result;
}

/* "Z (zombie)" -> 'Z'; 0 behind the array's end; '?' where that cannot be read. */
static char state_letter(struct kernel *kernel, const struct symbol *array, unsigned index)
{
	unsigned word = kernel->arch->pointer_size;
	uint64_t text;
	char letter;

	if (array->size && array->size < (index + 1) * word)
		return 0;
	if (!kernel_read_pointer(kernel, array->address + index * word, &text, NULL))
		return '?';
	if (!text)	/* a size that was inferred: what fills the gap to the next symbol */
		return 0;
	return memory_read(kernel->memory, text, &letter, 1, NULL) ? letter : '?';
}

static void free_nothing(void *value)
{
	(void)value;	/* one of the tables above */
}

static const struct kernel_slot numbers_slot = { free_nothing };

static const struct numbers *numbers_of(struct kernel *kernel)
{
	const struct numbers *found = kernel_kept(kernel, &numbers_slot);
	const struct symbol *array = symtab_find(kernel->symbols, "task_state_array");
	char fifth, seventh;

	if (found)
		return found;
	fifth = array ? state_letter(kernel, array, 5) : '?';
	seventh = array ? state_letter(kernel, array, 7) : '?';
	if (fifth == 'Z')
		found = &numbers_before_3_15;
	else if (fifth == 'X' && seventh != 'P' && seventh != '?')
		found = &numbers_before_4_14;
	else
		found = &numbers_now;
	kernel_keep(kernel, &numbers_slot, (void *)found, NULL);
	return found;
}

/* --- answers --- */

static const struct state *find_state(struct kernel *kernel, const struct task *task)
{
	const struct numbers *numbers = numbers_of(kernel);
	uint32_t bits = renumber(numbers->states, task->state), exit_bits = renumber(numbers->exit_states, task->exit_state);

	if (!task_state_known(task))
		return &unknown;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		const struct state *state = &states[i];

		if (state->exit_bits ? exit_bits & state->exit_bits : (bits & state->bits) == state->bits)
			return state;
	}
	return task->state == 0 ? &running : &unknown;
}

const char *task_state_letters(struct kernel *kernel, const struct task *task)
{
	return find_state(kernel, task)->letters;
}

bool task_state_exists(const char *letters)
{
	bool found = !strcmp(letters, running.letters);

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		found |= !strcmp(letters, states[i].letters);
	return found;
}

const char *task_state_name(struct kernel *kernel, const struct task *task)
{
	const struct state *state = find_state(kernel, task);

	/* Ready to run is not the same as running, and on a dump one wants to know which. */
	if (state == &running && !task_knows(task, TASK_ON_CPU))
		return "running or runnable";
	if (state == &running && !task->on_cpu)
		return "runnable";
	return state->name;
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
