// SPDX-License-Identifier: GPL-3.0-or-later
/* Waiters on hand-made stacks and the locks behind them: found, followed, and not believed where
 * they do not agree. */
#include "test_command_image.h"

#include "kernel/tasks/blocked.h"

#define TEXT	0xffffffff81000000ull
#define LOCK(n) (0x1000 + (n)*0x100)
#define HEAD	0x40 /* of the list in each kind of lock */

enum { SCHEDULE = 0x000, MUTEX = 0x100, RWSEM = 0x200, DOWN = 0x300, CALLER = 0x400 };

#define FUNCTION(text_, name_)                                                                     \
	{                                                                                          \
		.address = TEXT + text_, .size = 0x100, .name = name_, .letter = 't',              \
		.function = true                                                                   \
	}

static const struct symbol symbols[] = {
	FUNCTION(SCHEDULE, "schedule"),
	FUNCTION(MUTEX, "__mutex_lock.constprop.0"),
	FUNCTION(RWSEM, "rwsem_down_write_slowpath"),
	FUNCTION(DOWN, "__down"),
	FUNCTION(CALLER, "mutex_user"),
	{ .address = TEXT, .name = "__sched_text_start", .letter = 'T' },
	{ .address = TEXT + 0x100, .name = "__sched_text_end", .letter = 'T' },
};

#define WAITER(name_)                                                                              \
	SIZE_OF(name_, 0x28), MEMBER(name_, "list", 0, 16), MEMBER(name_, "task", 16, 8)

#define LIST MEMBER("list_head", "next", 0, 8), MEMBER("list_head", "prev", 8, 8)

static const struct image_member old_members[] = { LIST,
						   WAITER("mutex_waiter"),
						   WAITER("rwsem_waiter"),
						   WAITER("semaphore_waiter"),
						   MEMBER("rwsem_waiter", "type", 24, 4),
						   MEMBER("mutex", "owner.counter", 0, 8),
						   MEMBER("mutex", "wait_list", HEAD, 16),
						   MEMBER("rw_semaphore", "count.counter", 0, 8,
							  .is_signed = true),
						   MEMBER("rw_semaphore", "owner.counter", 8, 8),
						   MEMBER("rw_semaphore", "wait_list", HEAD, 16),
						   MEMBER("semaphore", "wait_list", HEAD, 16),
						   { NULL, NULL, { 0 } } };

/* What newer kernels know by themselves; the lists have no heads. */
static const struct image_member new_members[] = {
	MEMBER("task_struct", "blocker", 0x90, 8),
	MEMBER("task_struct", "pi_blocked_on", 0x98, 8),
	MEMBER("task_struct", "blocked_on", 0xa0, 8, .kind = TYPE_POINTER, .type_name = "mutex"),
	MEMBER("rt_mutex_waiter", "task", 0x30, 8),
	MEMBER("rt_mutex_waiter", "lock", 0x38, 8),
	MEMBER("rt_mutex_base", "owner", 0x18, 8),
	MEMBER("semaphore", "last_holder", 8, 8),
	MEMBER("mutex", "owner.counter", 0, 8),
	MEMBER("mutex", "first_waiter", HEAD, 8),
	{ NULL, NULL, { 0 } }
};

static struct image_member all[128];

static struct command_image *machine(const struct image_member *more)
{
	struct command_image *set = command_image_new(symbols,
						      sizeof(symbols) / sizeof(symbols[0]));
	size_t count = 0;

	for (const struct image_member *row = command_members; row->type; row++)
		all[count++] = *row;
	for (; more->type; more++)
		all[count++] = *more;
	assert_true(count < sizeof(all) / sizeof(all[0]));
	all[count] = (struct image_member){ 0 };
	set->image->members = all;
	return set;
}

static void put(struct command_image *set, uint64_t offset, uint64_t value)
{
	image_put_number(set->image, offset, value, 8);
}

static uint64_t waiter_of(unsigned task)
{
	return STACK(task) + 0x3f20;
}

/* LOCK's list: its head, then the waiters of COUNT tasks. */
static void put_list(struct command_image *set, unsigned lock, const unsigned *tasks, size_t count)
{
	uint64_t nodes[8] = { LOCK(lock) + HEAD };

	for (size_t i = 0; i < count; i++) {
		nodes[i + 1] = waiter_of(tasks[i]);
		put(set, waiter_of(tasks[i]) + 16, TASK(tasks[i]));
	}
	for (size_t i = 0; i <= count; i++) {
		put(set, nodes[i], IMAGE_BASE + nodes[(i + 1) % (count + 1)]);
		put(set, nodes[i] + 8, IMAGE_BASE + nodes[(i + count) % (count + 1)]);
	}
}

/* Asleep in schedule(), which FUNCTION called, which mutex_user() called. */
static const struct blocked *add(struct command_image *set, struct blocked_list *list,
				 unsigned task, unsigned function)
{
	uint64_t base = IMAGE_BASE + STACK(task) + 0x3f00;
	const struct frame frames[] = {
		{ .kind = FRAME_CALL, .pc = TEXT + SCHEDULE + 8, .sp = base, .cfa = base + 0x10 },
		{ .kind = FRAME_CALL,
		  .pc = TEXT + function + 8,
		  .sp = base + 0x10,
		  .cfa = base + 0x60 },
		{ .kind = FRAME_CALL,
		  .pc = TEXT + CALLER + 8,
		  .sp = base + 0x60,
		  .cfa = base + 0x80 },
	};
	const struct blocked *added;
	struct error error = { 0 };

	if (!blocked_add(&set->image->kernel, list,
			 task_find_address(&set->image->kernel, TASK(task)), frames, 3, &added,
			 &error))
		fail_msg("%s", error.text);
	return added;
}

static void begin(struct command_image *set, struct blocked_list *list)
{
	struct task_table *table;

	kernel_forget(&set->image->kernel);
	memory_forget_translations(set->image->kernel.memory);
	assert_true(tasks_get(&set->image->kernel, &table, NULL));
	assert_true(blocked_begin(&set->image->kernel, list, NULL));
}

/* 40 (6) waits for a mutex that 1 (2) holds; MUTEX_FLAG_WAITERS is set. */
static void mutex(void **state)
{
	static const unsigned waiters[] = { 5, 6 };
	struct command_image *set = machine(old_members);
	const struct blocked *blocked;
	struct blocked_list list;

	(void)state;
	put_list(set, 0, waiters, 2);
	put(set, LOCK(0), TASK(2) | 1);
	begin(set, &list);
	blocked = add(set, &list, 6, MUTEX);
	assert_non_null(blocked);
	assert_int_equal(blocked->kind, LOCK_MUTEX);
	assert_int_equal(blocked->lock, IMAGE_BASE + LOCK(0));
	assert_int_equal(blocked->owner->pid, 1);
	assert_false(blocked->owner_is_hint);
	assert_true(blocked->inferred);
	assert_int_equal(blocked->caller, 2);
	assert_int_equal(blocked->waits_in, 1);
	/* 901 is in interruptible sleep: only the lock makes it a blocked task. */
	assert_non_null(add(set, &list, 5, MUTEX));
	assert_null(add(set, &list, 5, CALLER));
	/* 1 sleeps, and the words on its stack are nobody's waiter. */
	assert_null(add(set, &list, 2, MUTEX));
	blocked_end(&list);
	command_image_free(set);
}

/* Words that look like a waiter but are in no list, or in one that does not lead to a lock. */
static void stale(void **state)
{
	static const unsigned waiters[] = { 6 };
	struct command_image *set = machine(old_members);
	const struct blocked *blocked;
	struct blocked_list list;

	(void)state;
	put(set, LOCK(0), TASK(2));
	put_list(set, 0, waiters, 1);
	put(set, LOCK(0) + HEAD + 8, IMAGE_BASE + LOCK(1)); /* the head does not point back */
	begin(set, &list);
	blocked = add(set, &list, 6, MUTEX);
	assert_non_null(blocked); /* D state: it is blocked, nobody knows on which mutex */
	assert_int_equal(blocked->lock, 0);
	assert_int_equal(blocked->kind, LOCK_MUTEX);
	assert_null(blocked->owner);
	/* All alone in its list: no head, so no lock. */
	put(set, waiter_of(6), IMAGE_BASE + waiter_of(6));
	put(set, waiter_of(6) + 8, IMAGE_BASE + waiter_of(6));
	memory_forget_translations(set->image->kernel.memory);
	assert_int_equal(add(set, &list, 6, MUTEX)->lock, 0);
	/* Another's waiter on this stack. */
	put_list(set, 0, waiters, 1);
	put(set, waiter_of(6) + 16, TASK(2));
	memory_forget_translations(set->image->kernel.memory);
	assert_int_equal(add(set, &list, 6, MUTEX)->lock, 0);
	/* The owner is no task. */
	put(set, waiter_of(6) + 16, TASK(6));
	put(set, LOCK(0), 0x4141414141414140);
	memory_forget_translations(set->image->kernel.memory);
	blocked = add(set, &list, 6, MUTEX);
	assert_int_equal(blocked->lock, IMAGE_BASE + LOCK(0));
	assert_null(blocked->owner);
	blocked_end(&list);
	command_image_free(set);
}

/* 40 waits for what 901 holds, which waits for what 40 holds; 30 waits for 40 and is in no circle.
 */
static void deadlock(void **state)
{
	static const unsigned one[] = { 6 }, two[] = { 5, 4 };
	struct command_image *set = machine(old_members);
	struct blocked_list list;

	(void)state;
	put_list(set, 0, one, 1);
	put(set, LOCK(0), TASK(5) | 1);
	put_list(set, 1, two, 2);
	put(set, LOCK(1), TASK(6) | 1);
	begin(set, &list);
	add(set, &list, 6, MUTEX);
	add(set, &list, 5, MUTEX);
	add(set, &list, 4, MUTEX);
	assert_int_equal(list.count, 3);
	blocked_connect(&list);
	assert_true(list.items[0].deadlock);
	assert_true(list.items[1].deadlock);
	assert_false(list.items[2].deadlock);
	assert_ptr_equal(list.items[0].next, &list.items[1]);
	assert_ptr_equal(list.items[1].next, &list.items[0]);
	assert_ptr_equal(list.items[2].next, &list.items[0]);
	blocked_end(&list);
	command_image_free(set);
}

static void rwsem(void **state)
{
	static const unsigned waiters[] = { 6 };
	struct command_image *set = machine(old_members);
	const struct blocked *blocked;
	struct blocked_list list;

	(void)state;
	put_list(set, 0, waiters, 1);
	put(set, waiter_of(6) + 24, 0);	    /* RWSEM_WAITING_FOR_WRITE */
	put(set, LOCK(0), 0x102);	    /* one reader, and waiters */
	put(set, LOCK(0) + 8, TASK(2) | 1); /* RWSEM_READER_OWNED */
	begin(set, &list);
	blocked = add(set, &list, 6, RWSEM);
	assert_int_equal(blocked->kind, LOCK_RWSEM);
	assert_true(blocked->for_write);
	assert_int_equal(blocked->owner->pid, 1);
	assert_true(blocked->owner_is_hint); /* the last reader, maybe not the one who holds it */
	put(set, waiter_of(6) + 24, 1);
	put(set, LOCK(0), 0x3); /* a writer, and waiters */
	put(set, LOCK(0) + 8, TASK(5));
	memory_forget_translations(set->image->kernel.memory);
	blocked = add(set, &list, 6, RWSEM);
	assert_true(blocked->for_read);
	assert_int_equal(blocked->owner->pid, 901);
	assert_false(blocked->owner_is_hint);
	put(set, LOCK(0), 0x2); /* nobody: what `owner` says is left over */
	memory_forget_translations(set->image->kernel.memory);
	assert_null(add(set, &list, 6, RWSEM)->owner);
	blocked_end(&list);
	command_image_free(set);
}

static void semaphore(void **state)
{
	static const unsigned waiters[] = { 6 };
	struct command_image *set = machine(old_members);
	const struct blocked *blocked;
	struct blocked_list list;

	(void)state;
	put_list(set, 0, waiters, 1);
	begin(set, &list);
	blocked = add(set, &list, 6, DOWN);
	assert_int_equal(blocked->kind, LOCK_SEMAPHORE);
	assert_int_equal(blocked->lock, IMAGE_BASE + LOCK(0));
	assert_null(blocked->owner);
	blocked_end(&list);
	command_image_free(set);
}

/* What the task_struct itself says is no inference. */
static void from_task(void **state)
{
	struct command_image *set = machine(new_members);
	uint64_t task = TASKS + 6 * TASK_SIZE;
	const struct blocked *blocked;
	struct blocked_list list;

	(void)state;
	put(set, LOCK(0), TASK(2) | 1);
	put(set, LOCK(0) + 8, TASK(5));
	put(set, task + 0xa0, IMAGE_BASE + LOCK(0)); /* blocked_on */
	begin(set, &list);
	blocked = add(set, &list, 6, MUTEX);
	assert_int_equal(blocked->kind, LOCK_MUTEX);
	assert_int_equal(blocked->owner->pid, 1);
	assert_false(blocked->inferred);
	put(set, task + 0x90, (IMAGE_BASE + LOCK(0)) | 1); /* blocker: BLOCKER_TYPE_SEM */
	memory_forget_translations(set->image->kernel.memory);
	blocked = add(set, &list, 6, DOWN);
	assert_int_equal(blocked->kind, LOCK_SEMAPHORE);
	assert_int_equal(blocked->owner->pid, 901);
	assert_true(blocked->owner_is_hint);
	put(set, task + 0x98, IMAGE_BASE + waiter_of(6)); /* pi_blocked_on */
	put(set, waiter_of(6) + 0x30, TASK(6));
	put(set, waiter_of(6) + 0x38, IMAGE_BASE + LOCK(1));
	put(set, LOCK(1) + 0x18, TASK(2) | 1);
	memory_forget_translations(set->image->kernel.memory);
	blocked = add(set, &list, 6, CALLER);
	assert_int_equal(blocked->kind, LOCK_RT_MUTEX);
	assert_int_equal(blocked->owner->pid, 1);
	put(set, waiter_of(6) + 0x30, TASK(2)); /* not its own waiter: not believed */
	memory_forget_translations(set->image->kernel.memory);
	assert_int_equal(add(set, &list, 6, DOWN)->kind, LOCK_SEMAPHORE);
	blocked_end(&list);
	command_image_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mutex), cmocka_unit_test(stale),     cmocka_unit_test(deadlock),
		cmocka_unit_test(rwsem), cmocka_unit_test(semaphore), cmocka_unit_test(from_task),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
