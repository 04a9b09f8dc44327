// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The waiter on a sleeping task's stack, and from it to what it waits for.
 *
 * A waiter names its task and is in a list whose neighbours point back at it; what does not is a word that only looks like one. A list leads
 * to its head: the one node in it that is no waiter.
 */
#include "kernel/locks/waits_internal.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/stacks/unwind.h"
#include "kernel/tasks/task.h"

#define MAX_WAITERS 65536  /* in one list: more is damage */
#define MAX_SCAN    0x8000 /* bytes of stack that the frames of one wait can have */

/* FUT_OFF_INODE of linux/futex.h, in a key's offset: then it is an inode's, not a process's */
#define FUTEX_OFF_INODE 1u
#define FUTEX_OFF_FLAGS 3u

/*
 * What a waiter of each kind is. FUNC: it wakes by this member, a function. HEAD: the list's head in OBJECT's type, which is what is waited
 * for, if its member IN has that type; else WORD is in the waiter itself.
 */
static const struct waiter_type {
	enum wait_kind kind;
	const char *type, *task, *list, *func;
	const char *object, *head, *in, *in_type;
	const char *word, *bit;
} waiter_types[] = {
	{ WAIT_COMPLETION, "swait_queue", "task", "task_list", NULL, "completion", "wait.task_list", "wait", "swait_queue_head", NULL, NULL },
	/* before 5.7, a5c6234e1028 */
	{ WAIT_COMPLETION, "wait_queue_entry", "private", "entry", "func", "completion", "wait.head", NULL, NULL, NULL, NULL },
	/* before 4.13, ac6424b981bc and 2055da97389a */
	{ WAIT_COMPLETION, "__wait_queue", "private", "task_list", "func", "completion", "wait.task_list", NULL, NULL, NULL, NULL },
	{ WAIT_BIT, "wait_bit_queue_entry", "wq_entry.private", "wq_entry.entry", "wq_entry.func", NULL, NULL, NULL, NULL, "key.flags", "key.bit_nr" },
	{ WAIT_BIT, "wait_bit_queue", "wait.private", "wait.task_list", "wait.func", NULL, NULL, NULL, NULL, "key.flags", "key.bit_nr" },
	{ WAIT_FOLIO, "wait_page_queue", "wait.private", "wait.entry", "wait.func", NULL, NULL, NULL, NULL, "folio", "bit_nr" },
	{ WAIT_FOLIO, "wait_page_queue", "wait.private", "wait.entry", "wait.func", NULL, NULL, NULL, NULL, "page", "bit_nr" },
	/* before 4.10, 62906027091f, a page's bit was one as any other */
	{ WAIT_FOLIO, "wait_bit_queue", "wait.private", "wait.task_list", "wait.func", NULL, NULL, NULL, NULL, "key.flags", "key.bit_nr" },
	{ WAIT_FUTEX, "futex_q", "task", "list.node_list", NULL, NULL, NULL, NULL, NULL, "key.both.word", NULL },
	{ WAIT_QUEUE, "wait_queue_entry", "private", "entry", "func", "wait_queue_head", "head", NULL, NULL, NULL, NULL },
	{ WAIT_QUEUE, "__wait_queue", "private", "task_list", "func", "__wait_queue_head", "task_list", NULL, NULL, NULL, NULL },
};

struct waiter_layout {
	const struct waiter_type *type;
	struct member task, list, func, head, word, bit;
	uint64_t size;
};

static bool has_layout(struct kernel *kernel, const struct waiter_type *type, struct waiter_layout *layout)
{
	struct types *types = kernel->types;
	struct member in;

	*layout = (struct waiter_layout){ .type = type };
	return types_size(types, type->type, &layout->size, NULL) && types_member(types, type->type, type->task, &layout->task, NULL) &&
	       types_member(types, type->type, type->list, &layout->list, NULL) &&
	       (!type->func || types_member(types, type->type, type->func, &layout->func, NULL)) &&
	       (!type->head || types_member(types, type->object, type->head, &layout->head, NULL)) &&
	       (!type->in || (types_member(types, type->object, type->in, &in, NULL) && !strcmp(in.type_name, type->in_type))) &&
	       (!type->word || types_member(types, type->type, type->word, &layout->word, NULL)) &&
	       (!type->bit || types_member(types, type->type, type->bit, &layout->bit, NULL));
}

static bool find_layout(struct kernel *kernel, enum wait_kind kind, struct waiter_layout *layout)
{
	for (size_t i = 0; i < sizeof(waiter_types) / sizeof(waiter_types[0]); i++)
		if (waiter_types[i].kind == kind && has_layout(kernel, &waiter_types[i], layout))
			return true;
	return false;
}

/* *UNREAD: there is memory at NODE, which the dump does not have. Words that are no addresses lead to where there is none. */
static bool neighbour(struct kernel *kernel, uint64_t node, const char *which, uint64_t *address_ret, bool *unread)
{
	struct error error = { .kind = ERROR_NONE };

	if (!kernel_read_member(kernel, node, "list_head", which, address_ret, &error)) {
		*unread |= error.kind != ERROR_NOT_MAPPED;
		return false;
	}
	return *address_ret && !(*address_ret % kernel->arch->pointer_size);
}

/* Do both neighbours of list NODE point back at it, and is it not alone? */
static bool is_linked(struct kernel *kernel, uint64_t node, uint64_t *next_ret, bool *unread)
{
	uint64_t previous, back;

	return neighbour(kernel, node, "next", next_ret, unread) && *next_ret != node && neighbour(kernel, node, "prev", &previous, unread) &&
	       neighbour(kernel, *next_ret, "prev", &back, unread) && back == node && neighbour(kernel, previous, "next", &back, unread) &&
	       back == node;
}

/*
 * Does NODE of a list belong to a waiter? One that wakes by a function has code there, where a head has its lock; others are on the stack
 * of the task they name.
 */
static bool is_waiter(struct kernel *kernel, const struct waiter_layout *layout, uint64_t node)
{
	uint64_t waiter = node - layout->list.offset, value;
	const struct task *task;

	if (layout->type->func)
		return kernel_read_field(kernel, waiter, &layout->func, &value, NULL) && unwind_is_code(kernel, value);
	if (!kernel_read_field(kernel, waiter, &layout->task, &value, NULL))
		return false;
	task = task_find_address(kernel, value);
	return task && waiter >= task->stack && waiter - task->stack < task_stack_size(kernel);
}

/* The object whose list of waiters START is in: 0 = not found. */
static uint64_t object_of(struct kernel *kernel, const struct waiter_layout *layout, uint64_t start, bool *unread)
{
	uint64_t node = start, next, head = 0;

	for (size_t i = 0; i < MAX_WAITERS; i++) {
		if (!is_linked(kernel, node, &next, unread))
			return 0;
		node = next;
		if (node == start)
			return head ? head - layout->head.offset : 0;
		if (is_waiter(kernel, layout, node))
			continue;
		if (head) /* two heads: no list of waiters */
			return 0;
		head = node;
	}
	return 0;
}

/*
 * Is the process in the key of the futex that WAITER waits for its task's? It is the mm's address, or a number that each mm has, so that an
 * mm that is gone is not taken for one that came after it.
 */
static bool is_own_futex(struct kernel *kernel, const struct wait *wait, uint64_t waiter)
{
	uint64_t of, own = wait->task->mm;

	if (!own)
		return false;
	if (kernel_read_member(kernel, waiter, "futex_q", "key.private.mm_seq", &of, NULL))
		return (kernel_read_member(kernel, own, "mm_struct", "futex.unique_id.counter", &own, NULL) ||
			kernel_read_member(kernel, own, "mm_struct", "futex_unique_id", &own, NULL)) &&
		       of == own;
	return kernel_read_member(kernel, waiter, "futex_q", "key.private.mm", &of, NULL) && of == own;
}

/* Where in its process a futex is; of a file's it is not known. False: this is no waiter of one. */
static bool futex_word(struct kernel *kernel, struct wait *wait, const struct waiter_layout *layout, uint64_t waiter)
{
	uint64_t offset, lock;

	if (!kernel_read_member(kernel, waiter, "futex_q", "key.both.offset", &offset, NULL) ||
	    !kernel_read_member(kernel, waiter, "futex_q", "lock_ptr", &lock, NULL) || !lock)
		return false;
	if (offset & FUTEX_OFF_INODE)
		return true;
	if (!is_own_futex(kernel, wait, waiter) ||
	    !kernel_read_field(kernel, waiter, &layout->word, &wait->user, NULL))
		return false;
	wait->user += offset & ~(uint64_t)FUTEX_OFF_FLAGS;
	return true;
}

static bool take_waiter(struct kernel *kernel, struct wait *wait, const struct waiter_layout *layout, uint64_t waiter)
{
	uint64_t value, next;

	if (!is_linked(kernel, waiter + layout->list.offset, &next, &wait->unread) ||
	    (layout->type->func && (!kernel_read_field(kernel, waiter, &layout->func, &value, NULL) || !unwind_is_code(kernel, value))))
		return false;
	if (wait->kind == WAIT_FUTEX)
		return futex_word(kernel, wait, layout, waiter);
	if (layout->type->head) {
		wait->object = object_of(kernel, layout, waiter + layout->list.offset, &wait->unread);
		return wait->object != 0;
	}
	if (!kernel_read_field(kernel, waiter, &layout->bit, &value, NULL) || value > 64)
		return false;
	wait->bit = (int)value;
	return kernel_read_field(kernel, waiter, &layout->word, &wait->object, NULL) && wait->object;
}

/* A copy of [START, END) of the stack; NULL = it cannot be read, or is none. The caller's to free. */
static uint8_t *copy_stack(struct kernel *kernel, const struct task *task, uint64_t start, uint64_t end)
{
	uint8_t *copy;

	if (start < task->stack || end <= start || end - start > MAX_SCAN || end - task->stack > task_stack_size(kernel))
		return NULL;
	copy = malloc(end - start);
	if (copy && memory_read(kernel->memory, start, copy, end - start, NULL))
		return copy;
	free(copy);
	return NULL;
}

bool wait_object(struct kernel *kernel, struct wait *wait, uint64_t start, uint64_t end)
{
	const uint64_t word = kernel->arch->pointer_size;
	struct waiter_layout layout;
	uint8_t *copy;
	bool found = false;
	uint64_t value;

	start = (start + word - 1) & ~(word - 1);
	if (!find_layout(kernel, wait->kind, &layout))
		return false;
	copy = copy_stack(kernel, wait->task, start, end);
	if (!copy) {
		wait->unread = true;
		return false;
	}
	for (uint64_t at = 0; !found && at + layout.size <= end - start; at += word) {
		found = kernel_decode_field(kernel, copy + at, end - start - at, &layout.task, &value) && value == wait->task->address &&
			take_waiter(kernel, wait, &layout, start + at);
		if (!found) {
			wait->object = wait->user = 0;
			wait->bit = -1;
		}
	}
	free(copy);
	return found;
}
