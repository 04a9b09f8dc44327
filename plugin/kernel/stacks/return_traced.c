// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/stacks/return_traced.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"
#include "kernel/containers.h"
#include "kernel/tasks/cpu.h"
#include "kernel/tasks/task.h"

/* Who replaced it. Each may replace what another has put there, at the same slot. */
enum kind { KIND_GRAPH, KIND_KRETPROBE };

static const struct {
	const char *name;
	enum kind kind;
} trampoline_names[] = {
	{ "return_to_handler", KIND_GRAPH },
	{ "arch_rethook_trampoline", KIND_KRETPROBE },
	{ "__kretprobe_trampoline", KIND_KRETPROBE },	/* 5.15 (adf8a61a940c) to 6.0 */
	{ "kretprobe_trampoline", KIND_KRETPROBE },
};

#define NR_TRAMPOLINES (sizeof(trampoline_names) / sizeof(trampoline_names[0]))
#define MAX_PER_TASK 4096	/* the graph has 50 and its shadow stack is a page; rethooks are one for each call */
#define MAX_LAYERS 8		/* of replaced replacements of one slot */

struct saved_return {
	uint64_t slot, original;
	enum kind kind;
	size_t order;		/* as found: of two with one slot the first is the later one */
};

struct traced {
	uint64_t trampolines[NR_TRAMPOLINES];	/* 0 = this kernel has none */
	bool any;
	bool collected;
	struct saved_return *list;		/* by kind and slot, then in order */
	size_t count, capacity;
	struct error damage;			/* the first that kept us from one */
	bool lists_damaged;			/* and one of the lists it was, not that of the tasks alone */
};

static void free_traced(void *value)
{
	struct traced *traced = value;

	free(traced->list);
	free(traced);
}

static const struct kernel_slot traced_slot = { free_traced };

static struct traced *get_traced(struct kernel *kernel)
{
	struct traced *traced = kernel_kept(kernel, &traced_slot);

	if (traced)
		return traced;
	traced = calloc(1, sizeof(*traced));
	if (!traced)
		return NULL;
	for (size_t i = 0; i < NR_TRAMPOLINES; i++)
		if (kernel_symbol(kernel, trampoline_names[i].name, &traced->trampolines[i], NULL))
			traced->any = true;
	return kernel_keep(kernel, &traced_slot, traced, NULL) ? traced : NULL;
}

/* The trampoline that is PC, an index of trampoline_names; NR_TRAMPOLINES if it is none. */
static size_t trampoline_of(const struct traced *traced, uint64_t pc)
{
	size_t i = 0;

	while (i < NR_TRAMPOLINES && (!pc || traced->trampolines[i] != pc))
		i++;
	return i;
}

bool return_is_traced(struct kernel *kernel, uint64_t pc)
{
	const struct traced *traced = get_traced(kernel);

	return traced && traced->any && trampoline_of(traced, pc) < NR_TRAMPOLINES;
}

/* --- collecting --- */

struct collection {
	struct kernel *kernel;
	struct traced *traced;
};

/* Notes why something may be missing; the first reason is kept. */
static void note_damage(struct traced *traced, const struct error *error)
{
	if (traced->damage.kind == ERROR_NONE)
		traced->damage = *error;
}

static bool add(struct collection *collection, enum kind kind, uint64_t slot, uint64_t original, struct error *error)
{
	struct traced *traced = collection->traced;
	struct saved_return *list = array_room(traced->list, traced->count, &traced->capacity, sizeof(*list),
					       "return addresses that tracing replaced", error);

	if (!list)
		return false;
	traced->list = list;
	list[traced->count] = (struct saved_return){ slot, original, kind, traced->count };
	traced->count++;
	return true;
}

/* Adds the one in the structure TYPE at ADDRESS, whose members are named. */
static bool add_from(struct collection *collection, enum kind kind, uint64_t address, const char *type,
		     const char *original_member, const char *slot_member, struct error *error)
{
	uint64_t slot, original;

	return kernel_read_member(collection->kernel, address, type, original_member, &original, error) &&
	       kernel_read_member(collection->kernel, address, type, slot_member, &slot, error) &&
	       add(collection, kind, slot, original, error);
}

/* The array: entries 0 to CURRENT, the last one is the latest. */
static bool collect_graph_array(struct collection *collection, uint64_t array, int64_t current, struct error *error)
{
	uint64_t size;

	if (!types_size(collection->kernel->types, "ftrace_ret_stack", &size, error))
		return false;
	if (current >= MAX_PER_TASK)
		return error_set(error, ERROR_CORRUPT, "its curr_ret_stack is %" PRId64, current);
	for (; current >= 0; current--)
		if (!add_from(collection, KIND_GRAPH, array + current * size, "ftrace_ret_stack", "ret", "retp", error))
			return false;
	return true;
}

/*
 * The shadow stack: CURRENT words. The last word of each piece has in its low 10 bits how many words before it the
 * piece's struct ftrace_ret_stack starts (FGRAPH_FRAME_OFFSET_MASK, which is no enumerator).
 */
#define GRAPH_OFFSET_MASK 0x3ff

static bool collect_shadow_stack(struct collection *collection, uint64_t stack, int64_t current, struct error *error)
{
	unsigned word_size = collection->kernel->arch->pointer_size;

	if (current > MAX_PER_TASK)
		return error_set(error, ERROR_CORRUPT, "its curr_ret_stack is %" PRId64, current);
	while (current > 0) {
		uint64_t word;
		int64_t distance;

		if (!kernel_read_pointer(collection->kernel, stack + (current - 1) * word_size, &word, error))
			return false;
		distance = word & GRAPH_OFFSET_MASK;
		if (!distance || distance > current - 1)
			return error_set(error, ERROR_CORRUPT,
					 "the function graph tracer's shadow stack at 0x%" PRIx64
					 " is damaged at word %" PRId64, stack, current - 1);
		current -= 1 + distance;
		if (!add_from(collection, KIND_GRAPH, stack + current * word_size, "ftrace_ret_stack", "ret", "retp", error))
			return false;
	}
	return true;
}

static bool collect_graph(struct collection *collection, uint64_t task, struct error *error)
{
	struct kernel *kernel = collection->kernel;
	struct member stack_member;
	uint64_t stack, current;

	if (!types_member(kernel->types, "task_struct", "ret_stack", &stack_member, NULL))
		return true;
	if (!kernel_read_field(kernel, task, &stack_member, &stack, error) ||
	    !kernel_read_member(kernel, task, "task_struct", "curr_ret_stack", &current, error))
		return false;
	if (!stack)
		return true;
	return strcmp(stack_member.type_name, "ftrace_ret_stack") == 0 ?
		collect_graph_array(collection, stack, (int64_t)current, error) :
		collect_shadow_stack(collection, stack, (int64_t)current, error);
}

/* The llist in MEMBER of the task: nodes at NODE of structures TYPE. The first is the latest. */
static bool collect_list(struct collection *collection, uint64_t task, const char *member, const char *type,
			 const char *slot_member, struct error *error)
{
	struct kernel *kernel = collection->kernel;
	struct member first, node_member;
	uint64_t node;
	size_t count = 0;

	if (!types_member(kernel->types, "task_struct", member, &first, NULL))
		return true;
	if (!kernel_read_field(kernel, task, &first, &node, error))
		return false;
	/* 6.1 has both members; the older one is empty then, and its nodes have lost their llist. */
	if (node && !types_member(kernel->types, type, "llist", &node_member, error))
		return false;
	while (node) {
		if (++count > MAX_PER_TASK)
			return error_set(error, ERROR_CORRUPT, "its list %s does not end", member);
		if (!add_from(collection, KIND_KRETPROBE, node - node_member.offset, type, "ret_addr", slot_member,
			      error) ||
		    !kernel_read_pointer(kernel, node, &node, error))
			return false;
	}
	return true;
}

static void collect_task(struct collection *collection, uint64_t task)
{
	struct error error = { 0 };

	if (!collect_graph(collection, task, &error)) {
		error_prefix(&error, "task 0x%" PRIx64, task);
		collection->traced->lists_damaged = true;
		note_damage(collection->traced, &error);
	}
	if (!collect_list(collection, task, "rethooks.first", "rethook_node", "frame", &error) ||
	    !collect_list(collection, task, "kretprobe_instances.first", "kretprobe_instance", "fp", &error)) {
		error_prefix(&error, "task 0x%" PRIx64, task);
		collection->traced->lists_damaged = true;
		note_damage(collection->traced, &error);
	}
}

static bool add_instance(void *context, uint64_t entry, struct error *error)
{
	return add_from(context, KIND_KRETPROBE, entry, "kretprobe_instance", "ret_addr", "fp", error);
}

/* Up to 5.10: all tasks' in one hash table, by task; 1 << KPROBE_HASH_BITS lists. */
#define NR_INSTANCE_LISTS 64

static void collect_table(struct collection *collection)
{
	struct kernel *kernel = collection->kernel;
	struct error error = { 0 };
	struct member node;
	uint64_t table;

	if (!kernel_symbol(kernel, "kretprobe_inst_table", &table, NULL) ||
	    !types_member(kernel->types, "kretprobe_instance", "hlist", &node, NULL))
		return;
	for (size_t i = 0; i < NR_INSTANCE_LISTS; i++)
		if (!hlist_for_each(kernel, table + i * kernel->arch->pointer_size, node.offset, add_instance, collection, &error)) {
			collection->traced->lists_damaged = true;
			note_damage(collection->traced, &error);
		}
}

static int compare(const void *a, const void *b)
{
	const struct saved_return *left = a, *right = b;

	if (left->kind != right->kind)
		return left->kind < right->kind ? -1 : 1;
	if (left->slot != right->slot)
		return left->slot < right->slot ? -1 : 1;
	return left->order < right->order ? -1 : 1;
}

static void collect(struct kernel *kernel, struct traced *traced)
{
	struct collection collection = { kernel, traced };
	struct task_table *tasks;
	struct error error = { 0 };
	bool have_tasks = tasks_get(kernel, &tasks, &error);

	/* To make the table stacks may have had to be followed, which asks here. */
	if (traced->collected)
		return;
	traced->collected = true;
	if (have_tasks) {
		for (size_t i = 0; i < tasks->count; i++)
			collect_task(&collection, tasks->tasks[i].address);
		if (tasks->damage) {
			error_set(&error, ERROR_CORRUPT, "%s", tasks->damage);
			note_damage(traced, &error);
		}
	} else {
		note_damage(traced, &error);
	}
	collect_table(&collection);
	if (traced->count)
		qsort(traced->list, traced->count, sizeof(*traced->list), compare);
}

/* --- asking --- */

/* What was at SLOT before KIND replaced it by TRAMPOLINE; false if nobody knows. */
static bool find(const struct traced *traced, enum kind kind, uint64_t slot, uint64_t trampoline, uint64_t *pc)
{
	size_t low = 0, high = traced->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct saved_return *saved = &traced->list[middle];

		if (saved->kind < kind || (saved->kind == kind && saved->slot < slot))
			low = middle + 1;
		else
			high = middle;
	}
	/* Two of one kind at one slot (two probes of one function, a tail call): the later kept the trampoline. */
	for (; low < traced->count && traced->list[low].kind == kind && traced->list[low].slot == slot; low++)
		if (traced->list[low].original != trampoline) {
			*pc = traced->list[low].original;
			return true;
		}
	return false;
}

static bool not_found(const struct traced *traced, uint64_t slot, const char *name, struct error *error)
{
	return error_set(error, traced->damage.kind == ERROR_NONE ? ERROR_CORRUPT : traced->damage.kind,
			 "the return address at 0x%" PRIx64 " is %s, put there by tracing, and no task has kept what "
			 "was there%s%s", slot, name, traced->damage.kind == ERROR_NONE ? "" : ": ",
			 traced->damage.kind == ERROR_NONE ? "" : traced->damage.text);
}

bool return_original(struct kernel *kernel, uint64_t slot, uint64_t *pc, struct error *error)
{
	struct traced *traced = get_traced(kernel);
	uint64_t original = *pc;

	if (!traced)
		return error_no_memory(error, "return addresses that tracing replaced", sizeof(*traced));
	for (unsigned layers = 0; layers < MAX_LAYERS; layers++) {
		size_t trampoline = trampoline_of(traced, original);

		if (trampoline == NR_TRAMPOLINES) {
			*pc = original;
			return true;
		}
		if (!traced->collected)
			collect(kernel, traced);
		if (!find(traced, trampoline_names[trampoline].kind, slot, original, &original))
			return not_found(traced, slot, trampoline_names[trampoline].name, error);
	}
	return error_set(error, ERROR_CORRUPT, "what tracing kept of the return address at 0x%" PRIx64 " goes in circles",
			 slot);
}

size_t return_restore(struct kernel *kernel, uint64_t address, void *buffer, size_t size, struct error *error)
{
	const struct traced *traced = get_traced(kernel);
	uint64_t end = address + size, word = kernel->arch->pointer_size, slot = address & -word;

	if (!traced || !traced->any || kernel->arch->lr)
		return size;
	for (; slot < end && end >= address; slot += word) {
		uint64_t from = slot > address ? slot : address, to = end - slot < word ? end : slot + word, pc;
		uint8_t bytes[8];

		if (to - from == word)
			memcpy(bytes, (uint8_t *)buffer + (slot - address), word);
		else if (!memory_read(kernel->memory, slot, bytes, word, NULL))
			continue;
		pc = memory_decode(kernel->memory, bytes, word);
		if (trampoline_of(traced, pc) == NR_TRAMPOLINES)
			continue;
		/*
		 * Not every such word is a return address: nodes that keep a replaced one and a trampoline's own
		 * pt_regs have it, too. Only where some could not be read it may be one of those; if just tasks are
		 * missing, then only on a machine that was traced.
		 */
		if (!return_original(kernel, slot, &pc, error)) {
			if (!traced->lists_damaged && (traced->damage.kind == ERROR_NONE || !traced->count))
				continue;
			return from - address;
		}
		bytes_put(bytes, word, kernel->arch->big_endian, pc);
		memcpy((uint8_t *)buffer + (from - address), bytes + (from - slot), to - from);
	}
	return size;
}
