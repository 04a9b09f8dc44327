// SPDX-License-Identifier: GPL-3.0-or-later
/* The timer wheel: reading it off its lists; and the queues of both kinds of timer. */
#include "kernel/scheduler/timers.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "kernel/containers.h"
#include "kernel/scheduler/timers_internal.h"

#define MAX_BASES 4	/* of a CPU: 1 to 3 so far */

/*
 * Since 4.8 (500462a9de65) one array of lists with a bit for each; before, cascading arrays, whose heads were list_heads until
 * 4.2 (1dabbcec2c0a).
 */
static const struct form {
	const char *variable, *type, *clock;
	const char *lists[6];
} forms[] = {
	{ "timer_bases", "timer_base", "clk", { "vectors" } },
	{ "tvec_bases", "tvec_base", "timer_jiffies", { "tv1.vec", "tv2.vec", "tv3.vec", "tv4.vec", "tv5.vec" } },
};

struct walk {
	struct kernel *kernel;
	struct timer_queue *queue;
	struct visited seen;
	unsigned list;
	uint64_t entry, size;
	struct member expires, function, flags;
	bool has_flags;		/* whose meaning is known */
	/* when jiffies were last read */
	uint64_t jiffies;
	bool jiffies_known;
};

bool timer_queue_damaged(struct timer_queue *queue, const struct error *why)
{
	if (why->kind == ERROR_INTERRUPTED || why->kind == ERROR_NO_MEMORY)
		return false;
	if (queue->damage.kind == ERROR_NONE)
		queue->damage = *why;
	return true;
}

struct timer *timer_queue_add(struct timer_queue *queue, const struct timer *timer, struct error *error)
{
	struct timer *timers = array_room(queue->timers, queue->count, &queue->capacity, sizeof(*timers), "timers", error);

	if (!timers)
		return NULL;
	queue->timers = timers;
	timers[queue->count] = *timer;
	return &timers[queue->count++];
}

struct timer_queue *timer_queues_add(struct timer_queues *queues, unsigned cpu, unsigned index, uint64_t address, struct error *error)
{
	struct timer_queue *grown = array_room(queues->queues, queues->count, &queues->capacity, sizeof(*grown), "timer bases", error);

	if (!grown)
		return NULL;
	queues->queues = grown;
	grown[queues->count] = (struct timer_queue){ .cpu = cpu, .index = index, .address = address };
	return &grown[queues->count++];
}

void timer_queues_free(struct timer_queues *queues)
{
	for (size_t i = 0; i < queues->count; i++)
		free(queues->queues[i].timers);
	free(queues->queues);
	*queues = (struct timer_queues){ 0 };
}

bool timer_first_time(struct visited *seen, uint64_t timer, struct error *error)
{
	enum visited_result result = visited_add(seen, timer);

	if (result == VISITED_NO_MEMORY)
		return error_no_memory(error, "timers", seen->count * sizeof(timer));
	return result == VISITED_NEW ||
	       error_set(error, ERROR_CORRUPT, "the timer at 0x%llx is queued twice: its lists are damaged", (unsigned long long)timer);
}

/* As a long of the machine. */
static int64_t as_long(struct kernel *kernel, uint64_t value)
{
	return kernel->arch->pointer_size == 4 ? (int32_t)value : (int64_t)value;
}

static bool wheel_timer(void *context, uint64_t address, struct error *error)
{
	struct walk *walk = context;
	struct timer timer = { .address = address, .list = walk->list };
	uint8_t copy[256];
	uint64_t flags = 0;

	if (!timer_first_time(&walk->seen, address, error) || !memory_read(walk->kernel->memory, address, copy, walk->size, error))
		return false;
	if (!kernel_decode_field(walk->kernel, copy, walk->size, &walk->expires, &timer.expires) ||
	    !kernel_decode_field(walk->kernel, copy, walk->size, &walk->function, &timer.function) ||
	    (walk->has_flags && !kernel_decode_field(walk->kernel, copy, walk->size, &walk->flags, &flags)))
		return error_set(error, ERROR_CORRUPT, "struct timer_list has members beyond its size");
	timer.flags = flags;
	if (walk->jiffies_known)
		timer.left = as_long(walk->kernel, timer.expires - walk->jiffies);
	return timer_queue_add(walk->queue, &timer, error) != NULL;
}

/* Has the list timers, does its bit say so? */
static void wheel_bit(struct walk *walk, uint64_t map, bool has_map, uint64_t head)
{
	uint64_t first;
	bool set;

	if (has_map && kernel_read_pointer(walk->kernel, head, &first, NULL) &&
	    kernel_test_bit(walk->kernel, map, walk->list, &set, NULL) && set != !!first)
		walk->queue->strange_lists++;
}

static bool wheel_lists(struct walk *walk, const struct form *form, const char *path, struct error *error)
{
	struct member lists, map;
	bool has_map = types_member(walk->kernel->types, form->type, "pending_map", &map, NULL);
	bool doubly;

	if (!types_member(walk->kernel->types, form->type, path, &lists, error))
		return false;
	doubly = !strcmp(lists.type_name, "list_head");
	for (uint64_t i = 0; i < lists.count; i++, walk->list++) {
		uint64_t head = walk->queue->address + lists.offset + i * lists.element_size;
		struct error why = { 0 };
		bool whole = doubly ? list_for_each(walk->kernel, head, walk->entry, wheel_timer, walk, &why)
				    : hlist_for_each(walk->kernel, head, walk->entry, wheel_timer, walk, &why);

		if (!whole && !timer_queue_damaged(walk->queue, &why)) {
			*error = why;
			return false;
		}
		wheel_bit(walk, walk->queue->address + map.offset, has_map, head);
	}
	return true;
}

/* qsort has no context: what is left was counted before. */
static int by_left(const void *left, const void *right)
{
	const struct timer *a = left, *b = right;

	if (a->left != b->left)
		return a->left < b->left ? -1 : 1;
	return a->address < b->address ? -1 : a->address > b->address;
}

static bool wheel_base(struct walk *walk, const struct form *form, struct error *error)
{
	struct timer_queue *queue = walk->queue;
	bool going = true;

	queue->clock_known = kernel_read_member(walk->kernel, queue->address, form->type, form->clock, &queue->clock, NULL);
	queue->next_known = types_has_member(walk->kernel->types, form->type, "next_expiry") &&
			    kernel_read_member(walk->kernel, queue->address, form->type, "next_expiry", &queue->next, NULL);
	queue->running_known = kernel_read_member(walk->kernel, queue->address, form->type, "running_timer", &queue->running, NULL);
	queue->now = walk->jiffies;
	queue->now_known = walk->jiffies_known;
	queue->flags_known = walk->has_flags;
	for (size_t i = 0; going && form->lists[i]; i++)
		going = wheel_lists(walk, form, form->lists[i], error);
	visited_free(&walk->seen);
	if (queue->count)
		qsort(queue->timers, queue->count, sizeof(*queue->timers), by_left);
	return going;
}

/* What the bases of a CPU are for goes by how many there are: with NO_HZ_COMMON two, since 6.9 (83a665dc99a7) three. */
static const char *base_name(unsigned count, unsigned index)
{
	static const char *const names[4][4] = { { NULL }, { "standard" }, { "standard", "deferrable" }, { "local", "global", "deferrable" } };

	return count < 4 ? names[count][index] : NULL;
}

static bool wheel_types(struct walk *walk, const struct form *form, struct error *error)
{
	struct types *types = walk->kernel->types;
	struct member entry;

	if (!types_member(types, "timer_list", "entry", &entry, error) ||
	    !types_member(types, "timer_list", "expires", &walk->expires, error) ||
	    !types_member(types, "timer_list", "function", &walk->function, error) ||
	    !types_size(types, "timer_list", &walk->size, error))
		return false;
	if (walk->size > 256)
		return error_set(error, ERROR_CORRUPT, "struct timer_list has %llu bytes", (unsigned long long)walk->size);
	/* Since 4.2 (0eeda71bc30d), with other bits until the wheel was made anew. */
	walk->has_flags = form == &forms[0] && types_member(types, "timer_list", "flags", &walk->flags, NULL);
	walk->entry = entry.offset;
	walk->jiffies_known = kernel_read_variable(walk->kernel, "jiffies_64", 8, &walk->jiffies, NULL);
	if (walk->kernel->arch->pointer_size == 4)
		walk->jiffies = (uint32_t)walk->jiffies;
	return true;
}

bool wheel_read(struct kernel *kernel, unsigned cpu, struct timer_queues *queues, struct error *error)
{
	const struct form *form = symtab_find(kernel->symbols, forms[0].variable) ? &forms[0] : &forms[1];
	const struct symbol *symbol = symtab_find(kernel->symbols, form->variable);
	struct walk walk = { .kernel = kernel };
	uint64_t address, size, count;

	if (!symbol)
		return error_set(error, ERROR_NO_SYMBOL, "the kernel's symbols have no %s: where its timers are is not known", forms[0].variable);
	if (!wheel_types(&walk, form, error) || !types_size(kernel->types, form->type, &size, error) ||
	    !kernel_per_cpu(kernel, form->variable, cpu, &address, error))
		return false;
	/* Without the variable's type its size says how many there are; a pointer, as tvec_bases was until 4.2, leads to one. */
	count = size ? symbol->size / size : 0;
	if (!count && form == &forms[1] && !kernel_read_pointer(kernel, address, &address, error))
		return false;
	count = count ? count : 1;
	for (uint64_t i = 0; i < count && i < MAX_BASES; i++) {
		walk.list = 0;
		walk.queue = timer_queues_add(queues, cpu, i, address + i * size, error);
		if (!walk.queue)
			return false;
		walk.queue->name = base_name(count, i);
		if (!wheel_base(&walk, form, error))
			return false;
	}
	return true;
}
