// SPDX-License-Identifier: GPL-3.0-or-later
/* kernel/task*.c: hand-made task lists, whole and broken, and a real dump's tasks against its guest's /proc. */
#include "test_kernel_image.h"
#include "kernel/open/open.h"
#include "test_kernel_set.h"

#include "kernel/tasks/cpu.h"
#include "kernel/modules/module.h"
#include "kernel/tasks/task.h"

/* A task_struct of our own: more than a page, so that part of one can be missing. */
enum { STATE = 0, STACK = 8, FLAGS = 16, PID = 24, TGID = 28, COMM = 32, TASKS = 48, THREAD_NODE = 64, SIGNAL = 80,
       PARENT = 88, LEADER = 96, MM = 104, EXIT_STATE = 112, CPU = 116, START = 120, OWN_RSS = 128, SP = 4096 + 200, TASK_SIZE = 8192 };
#define SIGNAL_HEAD 16	/* thread_head in signal_struct */

#define FIELD(type_, path_, offset_, size_, kind_, ...) \
	{ type_, path_, { .offset = offset_, .size = size_, .kind = kind_, .type_name = "", ##__VA_ARGS__ } }
#define POINTER(type_, path_, offset_) FIELD(type_, path_, offset_, 8, TYPE_POINTER)

#define TASK_MEMBERS \
	MEMBER("task_struct", "__state", STATE, 4), POINTER("task_struct", "stack", STACK), \
	MEMBER("task_struct", "flags", FLAGS, 4), MEMBER("task_struct", "pid", PID, 4, .is_signed = true), \
	MEMBER("task_struct", "tgid", TGID, 4, .is_signed = true), \
	FIELD("task_struct", "comm", COMM, 16, TYPE_ARRAY, .count = 16, .element_size = 1), \
	FIELD("task_struct", "tasks", TASKS, 16, TYPE_STRUCT), POINTER("task_struct", "tasks.next", TASKS), \
	POINTER("task_struct", "tasks.prev", TASKS + 8), \
	FIELD("task_struct", "thread_node", THREAD_NODE, 16, TYPE_STRUCT), \
	POINTER("task_struct", "thread_node.next", THREAD_NODE), \
	POINTER("task_struct", "thread_node.prev", THREAD_NODE + 8), POINTER("task_struct", "signal", SIGNAL), \
	POINTER("task_struct", "real_parent", PARENT), POINTER("task_struct", "group_leader", LEADER), \
	POINTER("task_struct", "mm", MM), MEMBER("task_struct", "exit_state", EXIT_STATE, 4), \
	MEMBER("task_struct", "thread_info.cpu", CPU, 4), MEMBER("task_struct", "start_boottime", START, 8), \
	MEMBER("task_struct", "thread.sp", SP, 8), \
	FIELD("signal_struct", "thread_head", SIGNAL_HEAD, 16, TYPE_STRUCT), \
	MEMBER("mm_struct", "total_vm", 8, 8), POINTER("mm_struct", "pgd", 0)

/* mm->rss_stat as it was up to 6.1, and since 6.2. */
static const struct image_member old_members[] = {
	TASK_MEMBERS,
	FIELD("mm_struct", "rss_stat.count", 16, 32, TYPE_ARRAY, .count = 4, .element_size = 8),
	FIELD("task_struct", "rss_stat.count", OWN_RSS, 16, TYPE_ARRAY, .count = 4, .element_size = 4),
	{ NULL, NULL, { 0 } }
};
static const struct image_member new_members[] = {
	TASK_MEMBERS,
	FIELD("mm_struct", "rss_stat", 16, 160, TYPE_ARRAY, .count = 4, .element_size = 40),
	MEMBER("percpu_counter", "count", 8, 8), POINTER("percpu_counter", "counters", 32),
	{ NULL, NULL, { 0 } }
};

#define MAX_TASKS 32
#define INIT 0		/* the tasks' numbers; task N is at its own two pages */
#define OFFSET(n) (0x10000u + (n) * TASK_SIZE)
#define ADDRESS(n) (IMAGE_BASE + OFFSET(n))
#define SIGNALS 0x100000u	/* task N's signal_struct is 64 bytes at SIGNALS + 64 * N */
#define MMS 0x110000u
#define PERCPU 0x120000u

static struct error error;

static bool before_4_5;	/* shared memory is among the pages of files */

static bool enumerators(void *private, const char *type,
			bool (*callback)(void *context, const char *name, int64_t value), void *context, struct error *err)
{
	if (type)
		return image_enumerators(private, type, callback, context, err);
	(void)(callback(context, "MM_FILEPAGES", 0) && callback(context, "MM_ANONPAGES", 1) &&
	       callback(context, "MM_SWAPENTS", 2) && !before_4_5 && callback(context, "MM_SHMEMPAGES", 3));
	return true;
}

static struct types_source source;

static struct image *make_image(const struct image_member *members)
{
	struct image *image = image_new(members, NULL);

	source = image_types;
	source.for_each_enumerator = enumerators;
	types_close(image->kernel.types);
	assert_true(types_new(&source, image, "image", &image->kernel.types, &error));
	image_symbol(image, "init_task", OFFSET(INIT), TASK_SIZE);
	image_ready(image);
	return image;
}

static void drop_image(struct image *image)
{
	kernel_forget(&image->kernel);
	image_free(image);
}

static void put8(struct image *image, uint64_t offset, uint64_t value)
{
	image_put_number(image, offset, value, 8);
}

static void put4(struct image *image, uint64_t offset, uint32_t value)
{
	image_put_number(image, offset, value, 4);
}

/* A task without any list; its parent is PARENT_TASK. */
static void make_task(struct image *image, unsigned n, uint32_t pid, uint32_t tgid, unsigned leader, unsigned parent)
{
	char comm[16];

	snprintf(comm, sizeof(comm), "task-%u", pid);
	put4(image, OFFSET(n) + PID, pid);
	put4(image, OFFSET(n) + TGID, tgid);
	image_put_string(image, OFFSET(n) + COMM, comm);
	put8(image, OFFSET(n) + STACK, ADDRESS(n));
	put8(image, OFFSET(n) + SIGNAL, IMAGE_BASE + SIGNALS + 64 * leader);
	put8(image, OFFSET(n) + PARENT, ADDRESS(parent));
	put8(image, OFFSET(n) + LEADER, ADDRESS(leader));
	put8(image, OFFSET(n) + SP, 0x1000 + pid);
}

/* Links the list_heads at the image offsets NODES in a ring, as list_add_tail() would. */
static void ring(struct image *image, const uint32_t *nodes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		put8(image, nodes[i], IMAGE_BASE + nodes[(i + 1) % count]);
		put8(image, nodes[i] + 8, IMAGE_BASE + nodes[(i + count - 1) % count]);
	}
}

static void lone_thread(struct image *image, unsigned n)
{
	const uint32_t nodes[] = { SIGNALS + 64 * n + SIGNAL_HEAD, OFFSET(n) + THREAD_NODE };

	ring(image, nodes, 2);
}

/* swapper (0), init 1, process 10 with the threads 11 and 12, process 20. */
static struct image *make_system(const struct image_member *members)
{
	const uint32_t processes[] = { OFFSET(INIT) + TASKS, OFFSET(1) + TASKS, OFFSET(2) + TASKS, OFFSET(5) + TASKS };
	const uint32_t threads[] = { SIGNALS + 64 * 2 + SIGNAL_HEAD, OFFSET(2) + THREAD_NODE, OFFSET(3) + THREAD_NODE,
				     OFFSET(4) + THREAD_NODE };
	struct image *image = make_image(members);

	make_task(image, INIT, 0, 0, INIT, INIT);
	make_task(image, 1, 1, 1, 1, INIT);
	make_task(image, 2, 10, 10, 2, 1);
	make_task(image, 3, 11, 10, 2, 1);
	make_task(image, 4, 12, 10, 2, 1);
	make_task(image, 5, 20, 20, 5, 2);
	ring(image, processes, 4);
	ring(image, threads, 4);
	lone_thread(image, INIT);
	lone_thread(image, 1);
	lone_thread(image, 5);
	return image;
}

static struct task_table *table_of(struct image *image)
{
	struct task_table *table = NULL;

	if (!tasks_get(&image->kernel, &table, &error))
		fail_msg("%s", error.text);
	return table;
}

static void expect_pids(const struct task_table *table, const uint32_t *pids, size_t count)
{
	assert_int_equal(table->count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(table->tasks[i].pid, pids[i]);
}

static void test_list(void **state)
{
	const uint32_t pids[] = { 0, 1, 10, 11, 12, 20 };
	struct image *image = make_system(old_members);
	struct task_table *table = table_of(image);
	const struct task *task;

	(void)state;
	expect_pids(table, pids, 6);
	assert_null(table->damage);
	task = task_find_pid(&image->kernel, 12);
	assert_non_null(task);
	assert_int_equal(task->address, ADDRESS(4));
	assert_int_equal(task->tgid, 10);
	assert_int_equal(task->ppid, 1);
	assert_int_equal(task->thread_sp, 0x1000 + 12);
	assert_string_equal(task->comm, "task-12");
	assert_int_equal(task_find_pid(&image->kernel, 20)->ppid, 10);
	assert_ptr_equal(task_find_address(&image->kernel, ADDRESS(4)), task);
	assert_null(task_find_pid(&image->kernel, 13));
	assert_null(task_find_address(&image->kernel, ADDRESS(9)));
	assert_int_equal(task_find_pid(&image->kernel, 0)->address, ADDRESS(INIT));
	drop_image(image);
}

/*
 * A task of 3.10: its CPU in the thread_info at the bottom of its stack, its start a timespec, its times in ticks of 4 ms where it
 * has no vtime.
 */
#define OLD_TASK \
	MEMBER("task_struct", "pid", PID, 4, .is_signed = true), MEMBER("task_struct", "tgid", TGID, 4), \
	FIELD("task_struct", "tasks", TASKS, 16, TYPE_STRUCT), POINTER("task_struct", "tasks.next", TASKS), \
	POINTER("task_struct", "tasks.prev", TASKS + 8), POINTER("task_struct", "stack", STACK), \
	FIELD("task_struct", "real_start_time", START, 16, TYPE_STRUCT), MEMBER("task_struct", "utime", MM, 8), \
	SIZE_OF("cputime_t", 8), MEMBER("thread_info", "cpu", 24, 4), MEMBER("clocksource", "mult", 0, 4), \
	MEMBER("clocksource", "shift", 4, 4)

static void test_3_10(void **state)
{
	static const struct image_member ticks[] = { OLD_TASK, { NULL, NULL, { 0 } } };
	static const struct image_member exact[] = { OLD_TASK, MEMBER("task_struct", "vtime_snap", 300, 8), { NULL, NULL, { 0 } } };
	enum { INFO = 0x1a0000, SOURCE = 0x1b0000 };
	const uint32_t processes[] = { OFFSET(INIT) + TASKS, OFFSET(1) + TASKS };

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		struct image *image = image_new(round == 1 ? exact : ticks, NULL);
		const struct task *task;

		image_symbol(image, "init_task", OFFSET(INIT), TASK_SIZE);
		if (round < 2)
			image_symbol(image, "clocksource_jiffies", SOURCE, 8);
		image_ready(image);
		make_task(image, INIT, 0, 0, INIT, INIT);
		make_task(image, 1, 1, 1, 1, INIT);
		ring(image, processes, 2);
		put4(image, SOURCE, 4000000u << 8);
		put4(image, SOURCE + 4, 8);
		put8(image, OFFSET(1) + STACK, IMAGE_BASE + INFO);
		put4(image, INFO + 24, 3);
		put8(image, OFFSET(1) + START, 12);
		put8(image, OFFSET(1) + START + 8, 345);
		put8(image, OFFSET(1) + MM, 7);
		task = table_of(image)->count == 2 ? task_find_pid(&image->kernel, 1) : NULL;
		assert_non_null(task);
		assert_true(task_knows(task, TASK_CPU));
		assert_int_equal(task->cpu, 3);
		assert_int_equal(task->start_time, 12000000345ull);
		/* Ticks whose length nobody knows say nothing. */
		assert_int_equal(task_knows(task, TASK_UTIME), round < 2);
		assert_int_equal(task->utime, round == 0 ? 28000000 : round == 1 ? 7 : 0);
		image->missing[INFO / IMAGE_PAGE] = true;
		memory_forget_translations(image->kernel.memory);
		kernel_forget(&image->kernel);
		task = table_of(image)->count == 2 ? task_find_pid(&image->kernel, 1) : NULL;
		assert_non_null(task);
		assert_false(task_knows(task, TASK_CPU));
		drop_image(image);
	}
}

static void test_idle_and_current_tasks(void **state)
{
	const uint32_t pids[] = { 0, 0, 1, 10, 11, 12, 20, 99 };
	struct image *image = make_system(old_members);
	struct cpu cpus[] = {
		{ .number = 0, .idle = ADDRESS(INIT), .task = ADDRESS(3) },
		{ .number = 1, .idle = ADDRESS(6), .task = ADDRESS(7) },
	};
	struct task_table *table;
	const struct cpu *cpu;
	struct registers registers;

	(void)state;
	make_task(image, 6, 0, 0, 6, INIT);	/* CPU 1's idle task and a dying one are on no list */
	make_task(image, 7, 99, 99, 7, 1);
	cpus[0].registers.value[X86_RIP] = 0x4711;
	cpus[0].registers.valid = 1ull << X86_RIP;
	cpus[0].registers_source = CPU_REGISTERS_NOTE;
	image->kernel.cpus = cpus;
	image->kernel.nr_cpus = 2;
	table = table_of(image);
	expect_pids(table, pids, 8);
	assert_true(table->tasks[1].idle);
	assert_false(table->tasks[1].on_cpu);
	assert_true(table->tasks[7].on_cpu);
	assert_int_equal(table->tasks[7].cpu, 1);
	assert_int_equal(task_find_pid(&image->kernel, 0)->address, ADDRESS(INIT));
	assert_true(task_registers(&image->kernel, task_find_pid(&image->kernel, 11), &registers, &cpu, &error));
	assert_ptr_equal(cpu, &cpus[0]);
	assert_int_equal(registers.value[X86_RIP], 0x4711);
	drop_image(image);
}

static void test_exited_task_has_no_registers(void **state)
{
	struct image *image = make_system(old_members);
	struct registers registers;

	(void)state;
	put8(image, OFFSET(5) + STACK, 0);
	assert_false(task_registers(&image->kernel, task_find_pid(&image->kernel, 20), &registers, NULL, &error));
	assert_non_null(strstr(error.text, "it has exited"));
	/* And one whose saved pc is no code: 7 words of zeros at its thread.sp. */
	image->kernel.text_start = IMAGE_BASE + 0x1f0000;
	image->kernel.text_end = IMAGE_BASE + 0x1f8000;
	put8(image, OFFSET(1) + SP, IMAGE_BASE + 0x1e0000);
	kernel_forget(&image->kernel);
	assert_false(task_registers(&image->kernel, task_find_pid(&image->kernel, 1), &registers, NULL, &error));
	assert_non_null(strstr(error.text, "its registers are not known"));
	assert_int_equal(registers.valid, 0);
	put8(image, 0x1e0000 + 6 * 8, IMAGE_BASE + 0x1f0100);
	assert_true(task_registers(&image->kernel, task_find_pid(&image->kernel, 1), &registers, NULL, &error));
	assert_int_equal(registers.value[X86_RIP], IMAGE_BASE + 0x1f0100);
	assert_int_equal(registers.value[X86_RSP], IMAGE_BASE + 0x1e0000 + 7 * 8);
	drop_image(image);
}

/* A task that is not in the dump: the rest is found from the list's other end. */
static void test_broken_list(void **state)
{
	const uint32_t pids[] = { 0, 1, 20 };
	struct image *image = make_system(old_members);
	struct task_table *table;

	(void)state;
	image->missing[OFFSET(2) / IMAGE_PAGE] = true;
	table = table_of(image);
	expect_pids(table, pids, 3);
	assert_non_null(table->damage);
	assert_non_null(strstr(table->damage, "excluded"));
	drop_image(image);
}

static void test_broken_threads(void **state)
{
	const uint32_t pids[] = { 0, 1, 10, 12, 20 };
	struct image *image = make_system(old_members);
	struct task_table *table;

	(void)state;
	image->missing[OFFSET(3) / IMAGE_PAGE] = true;
	table = table_of(image);
	expect_pids(table, pids, 5);
	assert_non_null(table->damage);
	drop_image(image);
}

static void test_circle(void **state)
{
	const uint32_t pids[] = { 0, 1, 10, 11, 12, 20 };
	struct image *image = make_system(old_members);
	struct task_table *table;

	(void)state;
	put8(image, OFFSET(5) + TASKS, ADDRESS(1) + TASKS);	/* 20 leads back to 1, never to init_task */
	table = table_of(image);
	expect_pids(table, pids, 6);
	assert_non_null(strstr(table->damage, "circle"));
	drop_image(image);
}

static void test_wild_pointers(void **state)
{
	const uint64_t wild[] = { 0, 0x4141414141414141, ADDRESS(9) + TASKS + 3, IMAGE_BASE + IMAGE_SIZE + TASKS, 8 };

	(void)state;
	for (size_t i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		const uint32_t pids[] = { 0, 1, 20, 10, 11, 12 };
		struct image *image = make_system(old_members);

		put8(image, OFFSET(1) + TASKS, wild[i]);
		expect_pids(table_of(image), pids, 6);	/* those behind it came from the other end */
		assert_non_null(table_of(image)->damage);
		drop_image(image);
	}
}

/* Something readable that is no task of this process. */
static void test_foreign_thread(void **state)
{
	const uint32_t pids[] = { 0, 1, 10, 12, 20 };
	struct image *image = make_system(old_members);

	(void)state;
	put4(image, OFFSET(3) + TGID, 77);
	expect_pids(table_of(image), pids, 5);
	assert_non_null(strstr(table_of(image)->damage, "tgid 77"));
	drop_image(image);
}

/* struct pid as it is since 4.19, and before: where a task's pid and leader contradict each other, it decides. */
#define PID_MEMBERS \
	FIELD("pid", "tasks", 16, 32, TYPE_ARRAY, .count = 4, .element_size = 8), MEMBER("pid", "level", 4, 4), \
	FIELD("pid", "numbers", 64, 16, TYPE_ARRAY, .count = 1, .element_size = 16), MEMBER("upid", "nr", 0, 4), SIZE_OF("upid", 16)

static void test_damaged_pids(void **state)
{
	enum { THREAD_PID = 500, LINKS = 508, PIDS = 0x180000 };
	static const struct image_member now[] = { TASK_MEMBERS, PID_MEMBERS, POINTER("task_struct", "thread_pid", THREAD_PID),
		FIELD("task_struct", "pid_links", LINKS, 64, TYPE_ARRAY, .count = 4, .element_size = 16), { NULL, NULL, { 0 } } };
	static const struct image_member before[] = { TASK_MEMBERS, PID_MEMBERS,
		FIELD("task_struct", "pids", LINKS - 32, 72, TYPE_ARRAY, .count = 3, .element_size = 24),
		FIELD("pid_link", "node", 32, 16, TYPE_STRUCT), POINTER("pid_link", "pid", THREAD_PID - LINKS + 32), { NULL, NULL, { 0 } } };
	static const uint32_t right[] = { 0, 1, 10, 11, 12, 20 };

	(void)state;
	for (unsigned round = 0; round < 6; round++) {
		struct image *image = make_system(round % 2 ? before : now);
		const struct task *task;

		for (unsigned n = 1; n < 6; n++) {
			put8(image, OFFSET(n) + THREAD_PID, IMAGE_BASE + PIDS + n * 128);
			put8(image, PIDS + n * 128 + 16, ADDRESS(n) + LINKS);
			put4(image, PIDS + n * 128 + 64, right[n]);
		}
		put4(image, OFFSET(5) + PID, round < 2 ? 0x7fffffff : 21);
		put4(image, OFFSET(5) + TGID, round < 2 ? 20 : 0x80000000);
		if (round < 4) {
			expect_pids(table_of(image), right, 6);
			task = task_find_pid(&image->kernel, 20);
			assert_int_equal(task->tgid, 20);
			assert_non_null(strstr(task->damage, "its struct pid says 20"));
			assert_null(table_of(image)->damage);
			assert_null(task_find_pid(&image->kernel, 10)->damage);
		} else {	/* A struct pid that is not this task's says nothing of it. */
			put8(image, PIDS + 5 * 128 + 16, ADDRESS(4) + LINKS);
			expect_pids(table_of(image), right, 5);
		}
		drop_image(image);
	}
}

/* Two tasks that say they have the same stack: one of them is wrong, which one nobody knows. */
static void test_one_stack_of_two(void **state)
{
	struct image *image = make_system(old_members);

	(void)state;
	put8(image, OFFSET(5) + STACK, ADDRESS(3));
	assert_int_equal(table_of(image)->count, 6);
	assert_non_null(strstr(task_find_pid(&image->kernel, 20)->damage, "its kernel stack is said to be that of pid 11, too"));
	assert_non_null(strstr(task_find_pid(&image->kernel, 11)->damage, "its kernel stack is said to be that of pid 20, too"));
	assert_null(task_find_pid(&image->kernel, 12)->damage);
	drop_image(image);
}

/* CPUs that do not say what they ran: by the stack they were on; one that was nowhere known has none. */
static void test_inferred_tasks(void **state)
{
	struct cpu cpus[2] = { { .number = 2, .registers_source = CPU_REGISTERS_NOTE },
			       { .number = 3, .registers_source = CPU_REGISTERS_NOTE } };
	struct image *image = make_system(old_members);
	const uint64_t stack = IMAGE_BASE + 0x150000;
	const struct task *task;

	(void)state;
	put8(image, OFFSET(5) + STACK, stack);
	for (unsigned i = 0; i < 2; i++) {
		cpus[i].registers.valid = 1ull << X86_RIP | 1ull << X86_RSP;
		cpus[i].registers.value[X86_RIP] = IMAGE_BASE + 0x180000;
		cpus[i].registers.value[X86_RSP] = stack + 0x3f00 + i * 0x1000;
	}
	image->kernel.cpus = cpus;
	image->kernel.nr_cpus = 2;
	task = table_of(image)->count ? task_find_pid(&image->kernel, 20) : NULL;
	assert_non_null(task);
	assert_int_equal(cpus[0].task, task->address);
	assert_string_equal(cpus[0].inferred_from, "the stack it was on");
	assert_true(task->on_cpu);
	assert_int_equal(task->cpu, 2);
	assert_int_equal(cpus[1].task, 0);
	assert_null(cpus[1].inferred_from);
	image->kernel.cpus = NULL;
	image->kernel.nr_cpus = 0;
	drop_image(image);
}

/* The second page of a task is missing: what is on the first is still shown. */
static void test_half_a_task(void **state)
{
	struct image *image = make_system(old_members);
	struct registers registers;
	const struct task *task;

	(void)state;
	image->missing[OFFSET(5) / IMAGE_PAGE + 1] = true;
	assert_int_equal(table_of(image)->count, 6);
	task = task_find_pid(&image->kernel, 20);
	assert_string_equal(task->comm, "task-20");
	assert_int_equal(task->thread_sp, 0);
	assert_non_null(strstr(task->damage, "thread.sp"));
	assert_null(strstr(task->damage, "comm"));
	/* That is not a stack pointer of 0. */
	assert_false(task_registers(&image->kernel, task, &registers, NULL, &error));
	assert_non_null(strstr(error.text, "where its registers were saved is not known: "));
	assert_non_null(strstr(error.text, "thread.sp"));
	assert_null(task_find_pid(&image->kernel, 10)->damage);
	drop_image(image);
}

static bool interrupt(void *context)
{
	(void)context;
	return true;
}

static void test_many_and_interrupt(void **state)
{
	struct image *image = make_system(old_members);
	struct task_table *table;

	(void)state;
	/* 300 tasks of two pages do not fit; overlapping ones will do: only their first 200 bytes and the sp count. */
	for (unsigned i = 0; i < 300; i++) {
		uint32_t offset = 0x60000 + i * 256;

		put4(image, offset + PID, 1000 + i);
		put4(image, offset + TGID, 1000 + i);
		put8(image, offset + TASKS, i == 299 ? ADDRESS(INIT) + TASKS : IMAGE_BASE + offset + 256 + TASKS);
	}
	put8(image, OFFSET(5) + TASKS, IMAGE_BASE + 0x60000 + TASKS);
	image->kernel.interrupted = interrupt;
	assert_false(tasks_get(&image->kernel, &table, &error));
	assert_int_equal(error.kind, ERROR_INTERRUPTED);
	image->kernel.interrupted = NULL;
	assert_int_equal(table_of(image)->count, 306);
	drop_image(image);
}

static void test_resident_memory_before_4_5(void **state)
{
	struct image *image = make_system(old_members);

	(void)state;
	before_4_5 = true;
	put8(image, OFFSET(2) + MM, IMAGE_BASE + MMS);
	put8(image, MMS + 8, 1000);
	put8(image, MMS + 16, 203);	/* file, shared memory too */
	put8(image, MMS + 24, 50);	/* anonymous */
	put8(image, MMS + 32, 7777);	/* swapped out */
	put8(image, MMS + 40, 8888);	/* no counter */
	table_of(image);
	assert_true(tasks_load_memory(&image->kernel, &error));
	assert_int_equal(task_find_pid(&image->kernel, 10)->rss_bytes, 253 * 4096);
	before_4_5 = false;
	drop_image(image);
}

static void test_resident_memory_up_to_6_1(void **state)
{
	struct image *image = make_system(old_members);

	(void)state;
	put8(image, OFFSET(2) + MM, IMAGE_BASE + MMS);
	put8(image, OFFSET(3) + MM, IMAGE_BASE + MMS);
	put8(image, MMS + 8, 1000);
	put8(image, MMS + 16, 3);	/* file */
	put8(image, MMS + 24, 50);	/* anonymous */
	put8(image, MMS + 32, 7777);	/* swapped out: not resident */
	put8(image, MMS + 40, 200);	/* shared memory */
	put4(image, OFFSET(2) + OWN_RSS, 5);
	put4(image, OFFSET(3) + OWN_RSS + 4, -2);
	put4(image, OFFSET(3) + OWN_RSS + 8, 60);	/* swapped out */
	table_of(image);
	assert_true(tasks_load_memory(&image->kernel, &error));
	assert_int_equal(task_find_pid(&image->kernel, 10)->rss_bytes, 256 * 4096);
	assert_int_equal(task_find_pid(&image->kernel, 11)->rss_bytes, 256 * 4096);
	assert_int_equal(task_find_pid(&image->kernel, 11)->vsz_bytes, 1000 * 4096);
	assert_int_equal(task_find_pid(&image->kernel, 1)->rss_bytes, 0);
	drop_image(image);
}

static void test_resident_memory_since_6_2(void **state)
{
	struct image *image = make_system(new_members);
	uint64_t offsets[2] = { IMAGE_BASE + PERCPU, IMAGE_BASE + PERCPU + 0x1000 };

	(void)state;
	image->kernel.per_cpu_offset = offsets;
	image->kernel.nr_cpu_ids = 2;
	put8(image, OFFSET(2) + MM, IMAGE_BASE + MMS);
	for (unsigned i = 0; i < 4; i++) {
		put8(image, MMS + 16 + i * 40 + 8, 100);
		put8(image, MMS + 16 + i * 40 + 32, 0x40 + i * 4);
		put4(image, PERCPU + 0x40 + i * 4, i == 2 ? 5000 : 9);
		put4(image, PERCPU + 0x1000 + 0x40 + i * 4, -4);
	}
	table_of(image);
	assert_true(tasks_load_memory(&image->kernel, &error));
	assert_int_equal(task_find_pid(&image->kernel, 10)->rss_bytes, 3 * 105 * 4096);
	drop_image(image);
}

/* A kernel whose /proc/PID/status has these words, in this order; NULL: it cannot be asked. */
static struct image *states_image(const char *letters)
{
	struct image *image = image_new(NULL, NULL);

	if (letters)
		image_symbol(image, "task_state_array", 0x1000, 8 * strlen(letters));
	image_ready(image);
	for (size_t i = 0; letters && letters[i]; i++) {
		char text[] = { letters[i], ' ', '(', 0 };

		put8(image, 0x1000 + 8 * i, IMAGE_BASE + 0x2000 + 16 * i);
		image_put_string(image, 0x2000 + 16 * i, text);
	}
	return image;
}

struct state_case {
	uint32_t state, exit_state;
	const char *letters;
};

static void check_states(const char *letters, const struct state_case *cases, size_t count)
{
	struct image *image = states_image(letters);

	for (size_t i = 0; i < count; i++) {
		struct task task = { .known = ~0u, .state = cases[i].state, .exit_state = cases[i].exit_state };

		assert_string_equal(task_state_letters(&image->kernel, &task), cases[i].letters);
	}
	drop_image(image);
}

/* include/linux/sched.h's bits of 4.14 and later, of 3.15 to 4.13 and of 3.10, and the letters of crash's ps. */
static void test_states(void **state)
{
	static const struct state_case cases[] = {
		{ 0, 0, "RU" }, { 1, 0, "IN" }, { 2, 0, "UN" }, { 0x102, 0, "UN" }, { 0x402, 0, "ID" },
		{ 0x104, 0, "ST" }, { 0x108, 0, "TR" }, { 0x40, 0, "PA" }, { 0x200, 0, "WA" }, { 0x800, 0, "NE" },
		{ 0x80, 0x20, "ZO" }, { 0x80, 0x10, "DE" }, { 0x80, 0x30, "DE" }, { 0x80, 0, "DE" },
		{ 0x2001, 0, "IN" }, { 0x8000, 0, "UN" }, { 0x1000, 0, "UN" }, { 0x100000, 0, "??" },
	};
	static const struct state_case before_4_14[] = {
		{ 0, 0, "RU" }, { 1, 0, "IN" }, { 2, 0, "UN" }, { 0x82, 0, "UN" }, { 0x402, 0, "ID" }, { 0x84, 0, "ST" },
		{ 0x88, 0, "TR" }, { 512, 0, "PA" }, { 256, 0, "WA" }, { 64, 0x20, "ZO" }, { 64, 0x10, "DE" }, { 64, 0, "DE" },
	};
	static const struct state_case before_3_15[] = {
		{ 0x82, 0, "UN" }, { 0x84, 0, "ST" }, { 0x88, 0, "TR" }, { 64, 0x10, "ZO" }, { 64, 0x20, "DE" },
	};

	(void)state;
	check_states(NULL, cases, sizeof(cases) / sizeof(cases[0]));
	check_states("RSDTtXZPI", cases, sizeof(cases) / sizeof(cases[0]));
	check_states("RSDTtXZ", before_4_14, sizeof(before_4_14) / sizeof(before_4_14[0]));
	check_states("RSDTtZXxKWP", before_3_15, sizeof(before_3_15) / sizeof(before_3_15[0]));
}

/* Words that cannot be read do not make today's kernel an old one. */
static void test_states_without_words(void **state)
{
	const struct task zombie = { .known = ~0u, .state = 0x80, .exit_state = 0x20 };

	(void)state;
	for (unsigned page = 1; page <= 2; page++) {	/* the pointers, the words */
		struct image *image = states_image("RSDTtXZPI");

		image->missing[page * 0x1000 / IMAGE_PAGE] = true;
		assert_string_equal(task_state_letters(&image->kernel, &zombie), "ZO");
		drop_image(image);
	}
}

static void test_state_names(void **state)
{
	struct image *image = states_image(NULL);
	struct kernel *kernel = &image->kernel;

	(void)state;
	assert_string_equal(task_state_name(kernel, &(struct task){ .known = ~0u, .on_cpu = true }), "running");
	assert_string_equal(task_state_name(kernel, &(struct task){ .known = ~0u, .on_cpu = false }), "runnable");
	assert_string_equal(task_state_name(kernel, &(struct task){ .known = ~0u, .state = 1 }), "interruptible sleep");
	/* What could not be read is not 0, which would be running. */
	assert_string_equal(task_state_letters(kernel, &(struct task){ .known = ~(1u << TASK_STATE) }), "??");
	assert_string_equal(task_state_letters(kernel, &(struct task){ .known = ~(1u << TASK_EXIT_STATE), .state = 1 }), "??");
	drop_image(image);
}

/* --- a real dump --- */

static void compare_comm(const struct task *task, const struct set_record *record)
{
	size_t length = record->size ? record->size - 1 : 0;	/* /proc adds a newline */

	/* Kernel threads can have longer names than fit into comm, and workers say there what they work on. */
	if (task->kernel_thread && (strncmp(task->comm, "kworker", 7) == 0 || strlen(task->comm) == 15))
		length = strlen(task->comm) < length ? strlen(task->comm) : length;
	if (strlen(task->comm) != length || memcmp(task->comm, record->data, length) != 0)
		fail_msg("pid %u is called \"%s\", the guest says \"%.*s\"", task->pid, task->comm, (int)length,
			 record->data);
}

/* /proc/PID/stat: state, ppid, start time, size; what cannot have changed for a task that sleeps. */
static void compare_stat(struct kernel *kernel, const struct task *task, const struct set_record *record)
{
	const char *after = NULL;
	char letter, ours;
	long ppid, fields[60];
	unsigned long long start, size;
	int n = 0, used;

	for (size_t i = 0; i < record->size; i++)
		if (record->data[i] == ')')
			after = record->data + i + 2;
	assert_non_null(after);
	assert_int_equal(sscanf(after, "%c %ld%n", &letter, &ppid, &used), 2);
	for (after += used; n < 17 && sscanf(after, "%ld%n", &fields[n], &used) == 1; n++)
		after += used;
	assert_int_equal(sscanf(after, "%llu %llu", &start, &size), 2);
	/* The recorder's own helpers have lost their parent since, and may be about to exit. */
	if (ppid == 0 || task_find_pid(kernel, ppid))
		assert_int_equal(task->ppid, ppid);
	assert_int_equal(task->start_time / 10000000, start);	/* clock ticks of 10 ms */
	if (task->vsz_bytes != size && (task->mm || task->kernel_thread) && task->tgid != 1)
		fail_msg("pid %u: %llu bytes, the guest says %llu", task->pid, (unsigned long long)task->vsz_bytes, size);
	/* Sleepers may have woken up, runners gone to sleep; but those cannot have changed. */
	ours = task_state_letters(kernel, task)[0];
	if (letter == 'Z' || letter == 'T' || letter == 't')
		assert_int_equal(ours, letter == 'Z' ? 'Z' : letter == 'T' ? 'S' : 'T');
}

static void test_set_tasks(void **state)
{
	size_t size, found = 0, missed = 0;
	char *text = set_read("oracle/tasks", &size);
	const char *at = text;
	struct set_record record;
	struct kernel *kernel;
	struct task_table *table;

	(void)state;
	if (!text)
		skip();
	kernel = set_open();
	assert_true(tasks_get(kernel, &table, &error));
	assert_null(table->damage);
	assert_true(tasks_load_memory(kernel, &error));
	while (set_next_record(&at, text + size, &record)) {
		const struct task *task = task_find_pid(kernel, record.tid);

		if (strcmp(record.name, "stat") == 0) {
			found += task != NULL;
			missed += task == NULL;
			if (task)
				compare_stat(kernel, task, &record);
			else
				print_message("pid %u is gone\n", record.tid);
		} else if (strcmp(record.name, "comm") == 0 && task) {
			compare_comm(task, &record);
			assert_int_equal(task->tgid, record.tgid);
		}
	}
	/* Only the recorder itself and the shell's helpers may have gone, or come, since. */
	assert_true(found > 50);
	assert_true(missed <= 3);
	for (size_t i = 0; i < table->count; i++)
		assert_null(table->tasks[i].damage);
	print_message("%zu tasks, %zu of them as the guest had them\n", table->count, found);
	assert_true(table->count - kernel->nr_cpus <= found + 3);
	kernel_close(kernel);
	free(text);
}

/* smaps_rollup counts page by page, and so is exact where /proc/PID/stat is not. */
static void test_set_resident_memory(void **state)
{
	size_t size, compared = 0;
	char *text = set_read("oracle/tasks", &size);
	const char *at = text;
	struct set_record record;
	struct kernel *kernel;

	(void)state;
	if (!text)
		skip();
	kernel = set_open();
	assert_true(tasks_load_memory(kernel, &error));
	while (set_next_record(&at, text + size, &record)) {
		const struct task *task = task_find_pid(kernel, record.tid);
		const char *line = NULL;
		long long difference;

		if (strcmp(record.name, "smaps_rollup") != 0 || !task || !task->mm || task->on_cpu || task->pid == 1)
			continue;
		line = memmem(record.data, record.size, "Rss:", 4);
		if (!line)
			continue;
		difference = (long long)task->rss_bytes - strtoll(line + 4, NULL, 10) * 1024;
		if (difference != 0)
			fail_msg("pid %u (%s): %llu bytes resident, %lld more than the guest says", task->pid, task->comm,
				 (unsigned long long)task->rss_bytes, difference);
		compared++;
	}
	print_message("%zu processes compared\n", compared);
	kernel_close(kernel);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list), cmocka_unit_test(test_3_10), cmocka_unit_test(test_idle_and_current_tasks),
		cmocka_unit_test(test_exited_task_has_no_registers), cmocka_unit_test(test_broken_list),
		cmocka_unit_test(test_broken_threads), cmocka_unit_test(test_circle), cmocka_unit_test(test_wild_pointers),
		cmocka_unit_test(test_foreign_thread), cmocka_unit_test(test_damaged_pids), cmocka_unit_test(test_one_stack_of_two), cmocka_unit_test(test_half_a_task), cmocka_unit_test(test_inferred_tasks),
		cmocka_unit_test(test_many_and_interrupt), cmocka_unit_test(test_resident_memory_before_4_5),
		cmocka_unit_test(test_resident_memory_up_to_6_1),
		cmocka_unit_test(test_resident_memory_since_6_2), cmocka_unit_test(test_states),
		cmocka_unit_test(test_state_names),
		cmocka_unit_test(test_states_without_words),
		cmocka_unit_test(test_set_tasks), cmocka_unit_test(test_set_resident_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
