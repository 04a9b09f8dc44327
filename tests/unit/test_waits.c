// SPDX-License-Identifier: GPL-3.0-or-later
/* Waiters of completions, bits, futexes and wait queues on hand-made stacks, who they wait for, and chains of them: found, followed, and not
 * believed where they do not agree. */
#include "test_command_image.h"

#include "kernel/locks/wait_queue.h"
#include "kernel/locks/waits_internal.h"

#define TEXT	  0xffffffff81000000ull
#define OBJECT	  0x2000
#define HEAD	  8 /* in a swait_queue_head, a wait_queue_head; both begin what they are in */
#define KTHREAD_AT 0x3000
#define WORKER	  0x3100
#define WORK	  0x3200
#define SCHEDULED 0x18 /* in a worker */
#define AT(task)  (STACK(task) + 0x3f20)

static const struct symbol symbols[] = {
	{ .address = TEXT, .size = 0x100, .name = "wake_function", .letter = 't', .function = true },
	{ .address = TEXT + 0x100, .size = 0x100, .name = "wq_barrier_func", .letter = 't', .function = true },
	{ .address = TEXT + 0x200, .size = 0x100, .name = "work_function", .letter = 't', .function = true },
};

#define LIST MEMBER("list_head", "next", 0, 8), MEMBER("list_head", "prev", 8, 8)
#define WAIT_ENTRY \
	SIZE_OF("wait_queue_entry", 40), MEMBER("wait_queue_entry", "private", 8, 8), MEMBER("wait_queue_entry", "func", 16, 8), \
		MEMBER("wait_queue_entry", "entry", 24, 16)

static const struct image_member new_members[] = {
	LIST,
	WAIT_ENTRY,
	SIZE_OF("swait_queue", 24),
	MEMBER("swait_queue", "task", 0, 8),
	MEMBER("swait_queue", "task_list", 8, 16),
	MEMBER("completion", "wait", 0, 24, .kind = TYPE_STRUCT, .type_name = "swait_queue_head"),
	MEMBER("completion", "wait.task_list", HEAD, 16),
	MEMBER("wait_queue_head", "head", HEAD, 16),
	SIZE_OF("wait_bit_queue_entry", 64),
	MEMBER("wait_bit_queue_entry", "key.flags", 0, 8),
	MEMBER("wait_bit_queue_entry", "key.bit_nr", 8, 4),
	MEMBER("wait_bit_queue_entry", "wq_entry.private", 32, 8),
	MEMBER("wait_bit_queue_entry", "wq_entry.func", 40, 8),
	MEMBER("wait_bit_queue_entry", "wq_entry.entry", 48, 16),
	SIZE_OF("futex_q", 64),
	MEMBER("futex_q", "list.node_list", 0, 16),
	MEMBER("futex_q", "task", 16, 8),
	MEMBER("futex_q", "lock_ptr", 24, 8),
	MEMBER("futex_q", "key.private.mm", 32, 8),
	MEMBER("futex_q", "key.both.word", 40, 8),
	MEMBER("futex_q", "key.both.offset", 48, 4),
	MEMBER("task_struct", "vfork_done", 0x90, 8),
	MEMBER("task_struct", "clear_child_tid", 0x98, 8),
	MEMBER("task_struct", "worker_private", 0xa0, 8),
	MEMBER("kthread", "data", 8, 8),
	MEMBER("worker", "scheduled", SCHEDULED, 16),
	MEMBER("worker", "current_func", 8, 8),
	MEMBER("work_struct", "entry", 8, 16),
	MEMBER("work_struct", "func", 24, 8),
	MEMBER("wq_barrier", "work.entry", 8, 16),
	MEMBER("wq_barrier", "work.entry.prev", 16, 8),
	MEMBER("wq_barrier", "work.func", 24, 8),
	MEMBER("wq_barrier", "done", 32, 32),
	MEMBER("wq_barrier", "task", 64, 8),
	{ NULL, NULL, { 0 } }
};

/* Before 5.7 a completion had a wait_queue_head. */
static const struct image_member old_members[] = {
	LIST,
	WAIT_ENTRY,
	SIZE_OF("swait_queue", 24),
	MEMBER("swait_queue", "task", 0, 8),
	MEMBER("swait_queue", "task_list", 8, 16),
	MEMBER("completion", "wait", 0, 24, .kind = TYPE_STRUCT, .type_name = "wait_queue_head_t"),
	MEMBER("completion", "wait.head", HEAD, 16),
	{ NULL, NULL, { 0 } }
};

/* Before 4.13: other names. */
static const struct image_member oldest_members[] = {
	LIST,
	MEMBER("__wait_queue_head", "task_list", HEAD, 16),
	MEMBER("__wait_queue", "flags", 0, 4),
	MEMBER("__wait_queue", "private", 8, 8),
	MEMBER("__wait_queue", "func", 16, 8),
	MEMBER("__wait_queue", "task_list", 24, 16),
	{ NULL, NULL, { 0 } }
};

static struct image_member all[128];

static struct command_image *machine(const struct image_member *more)
{
	struct command_image *set = command_image_new(symbols, sizeof(symbols) / sizeof(symbols[0]));
	size_t count = 0;

	for (const struct image_member *row = command_members; row->type; row++)
		all[count++] = *row;
	for (; more->type; more++)
		all[count++] = *more;
	assert_true(count < sizeof(all) / sizeof(all[0]));
	all[count] = (struct image_member){ 0 };
	set->image->members = all;
	set->image->kernel.text_start = TEXT;
	set->image->kernel.text_end = TEXT + 0x1000;
	return set;
}

static void put(struct command_image *set, uint64_t offset, uint64_t value)
{
	image_put_number(set->image, offset, value, 8);
}

/* A ring of list_heads. */
static void ring(struct command_image *set, const uint64_t *nodes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		put(set, nodes[i], IMAGE_BASE + nodes[(i + 1) % count]);
		put(set, nodes[i] + 8, IMAGE_BASE + nodes[(i + count - 1) % count]);
	}
}

static bool look(struct command_image *set, struct wait *wait, unsigned task, enum wait_kind kind)
{
	struct task_table *table;
	struct wait_owners owners = { 0 };
	uint64_t base = IMAGE_BASE + STACK(task) + 0x3f00;
	bool found;

	kernel_forget(&set->image->kernel);
	memory_forget_translations(set->image->kernel.memory);
	assert_true(tasks_get(&set->image->kernel, &table, NULL));
	*wait = (struct wait){ .task = task_find_address(&set->image->kernel, TASK(task)), .kind = kind, .bit = -1 };
	assert_non_null(wait->task);
	found = wait_object(&set->image->kernel, wait, base, base + 0xf0);
	if (found)
		assert_true(wait_owner(&set->image->kernel, &owners, wait, NULL));
	wait_owners_free(&owners);
	return found;
}

/* Tasks 6 and 5 wait for the completion at OBJECT. */
static void put_completion(struct command_image *set, uint64_t object)
{
	const uint64_t nodes[] = { object + HEAD, AT(6) + 8, AT(5) + 8 };

	put(set, AT(6), TASK(6));
	put(set, AT(5), TASK(5));
	ring(set, nodes, 3);
}

static void completion(void **state)
{
	struct command_image *set = machine(new_members);
	struct wait wait;

	(void)state;
	put_completion(set, OBJECT);
	assert_true(look(set, &wait, 6, WAIT_COMPLETION));
	assert_int_equal(wait.object, IMAGE_BASE + OBJECT);
	assert_int_equal(wait.kind, WAIT_COMPLETION);
	assert_null(wait.owner);
	assert_false(wait.owner_unknown);
	/* A child that was vforked, then a kernel thread that is to stop. */
	put(set, TASKS + 3 * TASK_SIZE + 0x90, IMAGE_BASE + OBJECT);
	assert_true(look(set, &wait, 6, WAIT_COMPLETION));
	assert_int_equal(wait.kind, WAIT_VFORK);
	assert_int_equal(wait.owner->pid, 900);
	put(set, TASKS + 3 * TASK_SIZE + 0x90, 0);
	put(set, TASKS + 4 * TASK_SIZE + 0x90, IMAGE_BASE + OBJECT);
	assert_true(look(set, &wait, 6, WAIT_COMPLETION));
	assert_int_equal(wait.kind, WAIT_KTHREAD_STOP);
	assert_int_equal(wait.owner->pid, 30);
	/* Two that claim to be the one: nobody knows. */
	put(set, TASKS + 3 * TASK_SIZE + 0x90, IMAGE_BASE + OBJECT);
	assert_true(look(set, &wait, 6, WAIT_COMPLETION));
	assert_null(wait.owner);
	command_image_free(set);
}

static void old_completion(void **state)
{
	const uint64_t nodes[] = { OBJECT + HEAD, AT(6) + 24 };
	struct command_image *set = machine(old_members);
	struct wait wait;

	(void)state;
	put(set, AT(6) + 8, TASK(6));
	put(set, AT(6) + 16, TEXT + 8);
	ring(set, nodes, 2);
	assert_true(look(set, &wait, 6, WAIT_COMPLETION));
	assert_int_equal(wait.object, IMAGE_BASE + OBJECT);
	/* Neither vfork_done nor clear_child_tid is known here. */
	assert_true(wait.owner_unknown);
	command_image_free(set);
}

static void stale(void **state)
{
	struct command_image *set = machine(new_members);
	struct wait wait;

	(void)state;
	put_completion(set, OBJECT);
	put(set, OBJECT + HEAD + 8, IMAGE_BASE + OBJECT + 0x100); /* the head does not point back */
	assert_false(look(set, &wait, 6, WAIT_COMPLETION));
	put_completion(set, OBJECT);
	put(set, AT(6), TASK(5)); /* another's waiter on this stack */
	assert_false(look(set, &wait, 6, WAIT_COMPLETION));
	put_completion(set, OBJECT);
	put(set, AT(5), 0x1234); /* two heads */
	assert_false(look(set, &wait, 6, WAIT_COMPLETION));
	put(set, AT(6) + 8, IMAGE_BASE + AT(6) + 8); /* woken: alone in its list */
	put(set, AT(6) + 16, IMAGE_BASE + AT(6) + 8);
	assert_false(look(set, &wait, 6, WAIT_COMPLETION));
	assert_int_equal(wait.object, 0);
	put_completion(set, OBJECT);
	set->image->missing[(STACK(6) + 0x3000) / IMAGE_PAGE] = true;
	assert_false(look(set, &wait, 6, WAIT_COMPLETION));
	command_image_free(set);
}

static void bit_and_queue(void **state)
{
	const uint64_t nodes[] = { OBJECT + HEAD, AT(6) + 48 };
	struct command_image *set = machine(new_members);
	struct wait wait;

	(void)state;
	put(set, AT(6), IMAGE_BASE + 0x7777);
	put(set, AT(6) + 8, 3);
	put(set, AT(6) + 32, TASK(6));
	put(set, AT(6) + 40, TEXT + 8);
	ring(set, nodes, 2);
	assert_true(look(set, &wait, 6, WAIT_BIT));
	assert_int_equal(wait.object, IMAGE_BASE + 0x7777);
	assert_int_equal(wait.bit, 3);
	assert_true(look(set, &wait, 6, WAIT_QUEUE));
	assert_int_equal(wait.object, IMAGE_BASE + OBJECT);
	assert_int_equal(wait.bit, -1);
	put(set, AT(6) + 40, IMAGE_BASE); /* no function: no waiter */
	assert_false(look(set, &wait, 6, WAIT_BIT));
	assert_false(look(set, &wait, 6, WAIT_QUEUE));
	command_image_free(set);
}

static void futex(void **state)
{
	const uint64_t nodes[] = { OBJECT, AT(6) };
	struct command_image *set = machine(new_members);
	struct wait wait;

	(void)state;
	ring(set, nodes, 2);
	put(set, AT(6) + 16, TASK(6));
	put(set, AT(6) + 24, IMAGE_BASE + OBJECT);
	put(set, AT(6) + 32, IMAGE_BASE + MM);
	put(set, AT(6) + 40, 0x7000);
	put(set, AT(6) + 48, 0x112); /* FUT_OFF_MMSHARED */
	assert_true(look(set, &wait, 6, WAIT_FUTEX));
	assert_int_equal(wait.user, 0x7110);
	assert_null(wait.owner);
	put(set, TASKS + 5 * TASK_SIZE + 0x98, 0x7110);
	assert_true(look(set, &wait, 6, WAIT_FUTEX));
	assert_int_equal(wait.kind, WAIT_JOIN);
	assert_int_equal(wait.owner->pid, 901);
	put(set, AT(6) + 32, IMAGE_BASE); /* another process's */
	assert_false(look(set, &wait, 6, WAIT_FUTEX));
	put(set, AT(6) + 48, 0x111); /* of a file: where it is in this process nobody says */
	assert_true(look(set, &wait, 6, WAIT_FUTEX));
	assert_int_equal(wait.user, 0);
	command_image_free(set);
}

/* A barrier on the stack of 40 (6): behind work that worker 30 (4) runs, then behind work that is queued. */
static void flush(void **state)
{
	const uint64_t barrier = STACK(6) + 0x3f70, running[] = { WORKER + SCHEDULED, barrier + 8 };
	const uint64_t queued[] = { OBJECT + 0x200, WORK + 8, barrier + 8 }, nobody[] = { WORKER + SCHEDULED };
	struct command_image *set = machine(new_members);
	struct wait wait;

	(void)state;
	image_put_number(set->image, TASKS + 4 * TASK_SIZE + 0x70, KTHREAD | 0x20, 4);
	put(set, TASKS + 4 * TASK_SIZE + 0xa0, IMAGE_BASE + KTHREAD_AT);
	put(set, KTHREAD_AT + 8, IMAGE_BASE + WORKER);
	put(set, WORKER + 8, TEXT + 0x200);
	put(set, barrier + 24, TEXT + 0x100);
	put(set, barrier + 64, TASK(6));
	put(set, WORK + 24, TEXT + 0x200);
	put_completion(set, barrier + 32);
	ring(set, running, 2);
	assert_true(look(set, &wait, 6, WAIT_COMPLETION));
	assert_int_equal(wait.kind, WAIT_FLUSH_WORK);
	assert_int_equal(wait.owner->pid, 30);
	assert_int_equal(wait.function, TEXT + 0x200);
	ring(set, nobody, 1);
	ring(set, queued, 3);
	assert_true(look(set, &wait, 6, WAIT_COMPLETION));
	assert_int_equal(wait.kind, WAIT_FLUSH_WORK);
	assert_null(wait.owner);
	assert_false(wait.owner_unknown);
	assert_int_equal(wait.function, TEXT + 0x200);
	/* A worker whose list breaks off may be the one. */
	put(set, WORKER + SCHEDULED, 0x10);
	assert_true(look(set, &wait, 6, WAIT_COMPLETION));
	assert_null(wait.owner);
	assert_true(wait.owner_unknown);
	command_image_free(set);
}

struct found {
	struct wait_queue_entry entries[4];
	size_t count;
};

static bool find_entry(void *context, const struct wait_queue_entry *entry)
{
	struct found *found = context;

	found->entries[found->count++] = *entry;
	return found->count < 4;
}

static void oldest_queue(void **state)
{
	const uint64_t nodes[] = { OBJECT + HEAD, AT(6) + 24, 0x2100 };
	struct command_image *set = machine(oldest_members);
	struct found found = { 0 };
	struct task_table *table;
	struct error error = { 0 };

	(void)state;
	put(set, AT(6), 1); /* WQ_FLAG_EXCLUSIVE */
	put(set, AT(6) + 8, TASK(6));
	put(set, AT(6) + 16, TEXT + 8);
	put(set, 0x2100 - 16, 0x1234); /* whoever this is, it is no task */
	ring(set, nodes, 3);
	assert_true(tasks_get(&set->image->kernel, &table, NULL));
	assert_true(wait_queue_for_each(&set->image->kernel, IMAGE_BASE + OBJECT, false, find_entry, &found, &error));
	assert_int_equal(found.count, 2);
	assert_int_equal(found.entries[0].task->pid, 40);
	assert_true(found.entries[0].exclusive && found.entries[0].func == TEXT + 8);
	assert_null(found.entries[1].task);
	assert_int_equal(found.entries[1].private, 0x1234);
	/* There are no simple ones here, and a list that breaks off is said to. */
	assert_false(wait_queue_for_each(&set->image->kernel, IMAGE_BASE + OBJECT, true, find_entry, &found, &error));
	put(set, AT(6) + 24, 0x10);
	found.count = 0;
	memory_forget_translations(set->image->kernel.memory);
	assert_false(wait_queue_for_each(&set->image->kernel, IMAGE_BASE + OBJECT, false, find_entry, &found, &error));
	assert_int_equal(found.count, 1);
	command_image_free(set);
}

/* 0 and 1 wait for each other, 2 for 0, 3 for 2; 4 for itself; 5 for 6, who waits for nobody; 7 and 8 in a circle with a guess. */
static void chains(void **state)
{
	static const int owners[] = { 1, 0, 0, 2, 4, 6, -1, 8, 7 };
	struct task tasks[9] = { 0 };
	struct wait items[9] = { 0 };
	struct waits waits = { .items = items, .count = 9 };
	static const size_t blocks[] = { 3, 3, 1, 0, 0, 0, 1, 1, 1 };

	(void)state;
	for (size_t i = 0; i < 9; i++) {
		items[i].task = &tasks[i];
		items[i].owner = owners[i] < 0 ? NULL : &tasks[owners[i]];
	}
	items[7].owner_is_hint = true;
	assert_true(waits_connect(&waits, NULL));
	for (size_t i = 0; i < 9; i++)
		assert_int_equal(items[i].blocks, blocks[i]);
	assert_int_equal(waits.circles, 3);
	assert_int_equal(items[0].circle, items[1].circle);
	assert_true(items[0].circle && items[4].circle && items[7].circle && items[7].circle == items[8].circle);
	assert_false(items[2].circle || items[3].circle || items[5].circle || items[6].circle);
	assert_true(items[0].deadlock && items[1].deadlock && items[4].deadlock);
	assert_false(items[7].deadlock || items[8].deadlock);
	assert_null(items[6].next);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(completion), cmocka_unit_test(old_completion), cmocka_unit_test(stale), cmocka_unit_test(bit_and_queue),
		cmocka_unit_test(futex),      cmocka_unit_test(flush),		cmocka_unit_test(chains),     cmocka_unit_test(oldest_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
