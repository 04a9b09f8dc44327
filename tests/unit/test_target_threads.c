// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * CPUs and tasks as threads, and a kernel's memory as gdb reads it: a hand-made task table over a hand-made
 * dump (test_arch_image.h says what is mapped where).
 */
#include "test_arch_image.h"

#include <pthread.h>

#include "target/vmcore_target.h"

#define TASK 0xffff888000000000ull

struct fixture {
	struct kernel kernel;
	struct cpu cpus[2];
	struct task *tasks;	/* the table's, [8] */
	struct task_table *table;
	struct image *image;
	struct vmcore_target *target;
};

static void set_task(struct fixture *fixture, size_t index, uint32_t pid, const char *comm)
{
	struct task *task = &fixture->tasks[index];

	*task = (struct task){ .known = ~0u, .address = TASK + index * 0x1000, .pid = pid, .tgid = pid, .idle = pid == 0 };
	memcpy(task->comm, comm, strlen(comm));
	fixture->table->by_address[index] = fixture->table->by_pid[index] = index + 1;
}

/* CPU 0 is idle, CPU 5 panicked in pid 1234. */
static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	pthread_mutexattr_t recursive;

	fixture->tasks = calloc(8, sizeof(*fixture->tasks));
	fixture->table = calloc(1, sizeof(*fixture->table));
	*fixture->table = (struct task_table){ .tasks = fixture->tasks, .count = 8, .mask = 7,
					       .by_pid = calloc(8, sizeof(uint32_t)),
					       .by_address = calloc(8, sizeof(uint32_t)) };
	fixture->image = image_four_levels();
	image_vmcoreinfo(fixture->image, FOUR_LEVELS_VMCOREINFO);
	/* What a switch-out pushed: r15 r14 r13 r12 rbx rbp and the return address. */
	for (int i = 0; i < 7; i++)
		image_put(fixture->image, 0x200800 + i * 8, i == 6 ? START_KERNEL + 0x1234 : 0xf00ull + i);
	image_open(fixture->image);
	fixture->image->memory->task_frame_size = 56;
	set_task(fixture, 0, 0, "swapper/0");
	set_task(fixture, 1, 0, "swapper/5");
	fixture->tasks[1].cpu = 5;
	set_task(fixture, 2, 1234, "a<b>&\"\001\x7f\x80\xc3\xa4");
	set_task(fixture, 3, 2, "kthreadd");
	fixture->tasks[3].thread_sp = 0xffffc90000001800ull;
	fixture->tasks[3].stack = fixture->tasks[4].stack = 0xffffc90000000000ull;
	set_task(fixture, 4, 77, "worker");
	fixture->tasks[4].tgid = 70;
	set_task(fixture, 5, 77, "again");
	set_task(fixture, 6, 0xfffffff0, "wild");
	set_task(fixture, 7, 4194304, "last");
	fixture->tasks[0].on_cpu = fixture->tasks[2].on_cpu = true;
	fixture->cpus[0] = (struct cpu){ .number = 0, .online = true, .task = TASK,
					 .registers_source = CPU_REGISTERS_NOTE };
	fixture->cpus[1] = (struct cpu){ .number = 5, .online = true, .task = TASK + 0x2000, .panicked = true,
					 .registers_source = CPU_REGISTERS_SAVED };
	fixture->cpus[1].registers.value[X86_RIP] = 0xffffffff81234567;
	fixture->cpus[1].registers.valid = 1ull << X86_RIP;
	fixture->kernel = (struct kernel){ .dump = fixture->image->dump, .memory = fixture->image->memory,
					   .arch = &arch_x86_64, .cpus = fixture->cpus, .nr_cpus = 2,
					   .text_start = START_KERNEL, .text_end = START_KERNEL + 0x10000 };
	assert_true(symtab_new(&fixture->kernel.symbols, NULL) && symtab_finish(fixture->kernel.symbols, NULL));
	assert_true(kernel_keep(&fixture->kernel, &tasks_slot, fixture->table, NULL));
	pthread_mutexattr_init(&recursive);
	pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&fixture->kernel.lock, &recursive);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	vmcore_target_free(fixture->target);
	kernel_forget(&fixture->kernel);
	symtab_free(fixture->kernel.symbols);
	image_free(fixture->image);
	free(fixture);
	return 0;
}

static void open_target(struct fixture *fixture, size_t max_tasks)
{
	struct error error;

	if (!vmcore_target_new(&fixture->kernel, max_tasks, &fixture->target, &error))
		fail_msg("%s", error.text);
}

static uint64_t id_at(struct fixture *fixture, size_t index)
{
	return vmcore_target_ops.thread_id(fixture->target, index);
}

static void test_ids(void **state)
{
	struct fixture *fixture = *state;
	const uint64_t expected[] = {
		1, 6,			/* CPUs 0 and 5; their tasks do not come again */
		20000005,		/* CPU 5's idle task, not running */
		10000002, 10000077,
		30000005,		/* a second pid 77 */
		30000006,		/* no pid */
		14194304,
	};

	open_target(fixture, SIZE_MAX);
	assert_int_equal(vmcore_target_ops.nr_threads(fixture->target), 8);
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(id_at(fixture, i), expected[i]);
		assert_true(vmcore_target_ops.has_thread(fixture->target, expected[i]));
		assert_ptr_equal(vmcore_target_thread(fixture->target, expected[i]),
				 &fixture->target->threads.list[i]);
	}
	assert_false(vmcore_target_ops.has_thread(fixture->target, 0));
	assert_false(vmcore_target_ops.has_thread(fixture->target, 2));
	assert_false(vmcore_target_ops.has_thread(fixture->target, UINT64_MAX));
	assert_int_equal(vmcore_target_ops.first_thread(fixture->target), 6);
	assert_int_equal(vmcore_target_thread_of(fixture->target, TASK + 0x2000), 6);
	assert_int_equal(vmcore_target_thread_of(fixture->target, TASK + 0x3000), 10000002);
	assert_int_equal(vmcore_target_thread_of(fixture->target, 0), 0);
}

static void test_limit(void **state)
{
	struct fixture *fixture = *state;

	open_target(fixture, 0);
	assert_int_equal(vmcore_target_ops.nr_threads(fixture->target), 2);
	assert_int_equal(id_at(fixture, 1), 6);
	vmcore_target_free(fixture->target);
	open_target(fixture, 2);
	assert_int_equal(vmcore_target_ops.nr_threads(fixture->target), 4);
	assert_int_equal(id_at(fixture, 3), 10000077);
	assert_int_equal(fixture->target->threads.left_out, 4);
}

/* With less room than tasks: who waits for a lock or a CPU first, who is idle or gone last. */
static void test_interest(void **state)
{
	const uint64_t order[] = { 10000077, 30000006, 14194304, 10000002, 20000005, 30000005 };
	struct fixture *fixture = *state;
	struct error error;

	fixture->tasks[3].state = 1;		/* S */
	fixture->tasks[3].kernel_thread = true;
	fixture->tasks[4].state = 2;		/* D */
	fixture->tasks[5].exit_state = 0x20;	/* Z */
	fixture->tasks[7].state = 1;
	open_target(fixture, 0);
	assert_int_equal(fixture->target->threads.left_out, 6);
	for (size_t max = 1; max <= 6; max++) {
		assert_true(vmcore_target_set_max(fixture->target, max, &error));
		assert_int_equal(vmcore_target_ops.nr_threads(fixture->target), 2 + max);
		for (size_t i = 0; i < 6; i++)
			assert_int_equal(vmcore_target_ops.has_thread(fixture->target, order[i]), i < max);
		assert_int_equal(fixture->target->threads.left_out, 6 - max);
	}
	/* A thread that stays keeps its id, and the order is that of the tasks. */
	for (size_t i = 3; i < 8; i++)
		assert_true(fixture->target->threads.list[i - 1].task < fixture->target->threads.list[i].task);
}

static void assert_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no %s in %s", part, text);
}

static void test_xml(void **state)
{
	struct fixture *fixture = *state;
	const char *xml;
	size_t size;

	open_target(fixture, SIZE_MAX);
	xml = vmcore_target_ops.threads_xml(fixture->target, &size);
	assert_int_equal(strlen(xml), size);
	assert_contains(xml, "<threads>\n<thread id=\"1\" core=\"0\" id_str=\"CPU 0\" name=\"swapper/0\">CPU 0, pid 0, running (RU), task 0xffff888000000000</thread>\n");
	/* Markup escaped, control characters and broken UTF-8 replaced, good UTF-8 kept. */
	assert_contains(xml, "<thread id=\"6\" core=\"5\" id_str=\"CPU 5\" name=\"a&lt;b&gt;&amp;&quot;???\xc3\xa4\">CPU 5, panicked, pid 1234, ");
	assert_contains(xml, ", registers of its last task switch</thread>");
	assert_contains(xml, "<thread id=\"1312d05\" id_str=\"idle task of CPU 5\" name=\"swapper/5\">");
	assert_contains(xml, "<thread id=\"989682\" id_str=\"pid 2\" name=\"kthreadd\">pid 2, ");
	assert_contains(xml, ">pid 77, of process 70, ");
	assert_contains(xml, "</thread>\n</threads>\n");
}

/* gdb sees them all at once, as long as they are few. */
static void test_connecting(void **state)
{
	struct fixture *fixture = *state;
	const char *xml;
	size_t size, all;

	open_target(fixture, SIZE_MAX);
	all = vmcore_target_ops.nr_threads(fixture->target);
	vmcore_target_set_connecting(fixture->target, true);
	assert_int_equal(vmcore_target_ops.nr_threads(fixture->target), all);
	assert_int_equal(vmcore_target_ops.first_thread(fixture->target), 6);
	assert_true(vmcore_target_ops.has_thread(fixture->target, 10000002));
	xml = vmcore_target_ops.threads_xml(fixture->target, &size);
	assert_int_equal(strlen(xml), size);
	assert_contains(xml, "<thread id=\"1\" ");
	assert_contains(xml, "<thread id=\"6\" ");
	assert_contains(xml, "</thread>\n</threads>\n");
	assert_contains(xml, "kthreadd");
	vmcore_target_set_connecting(fixture->target, false);
	assert_int_equal(vmcore_target_ops.nr_threads(fixture->target), all);
	assert_contains(vmcore_target_ops.threads_xml(fixture->target, &size), "kthreadd");
}

static void test_unknown_task(void **state)
{
	struct fixture *fixture = *state;
	struct registers registers;
	struct buffer text = { 0 };
	struct error error;
	size_t size;

	fixture->cpus[0].task = 0;
	fixture->cpus[0].registers_source = CPU_REGISTERS_NONE;
	open_target(fixture, SIZE_MAX);
	assert_contains(vmcore_target_ops.threads_xml(fixture->target, &size),
			"<thread id=\"1\" core=\"0\" id_str=\"CPU 0\">CPU 0, task not known, registers not known</thread>");
	/* Nobody runs it, so it is a task of its own, whatever its on_cpu says. */
	assert_int_equal(id_at(fixture, 2), 20000000);
	assert_false(vmcore_target_ops.registers(fixture->target, 1, &registers, &error));
	assert_contains(error.text, "CPU 0");
	vmcore_target_ops.thread_text(fixture->target, 1, &text);
	assert_string_equal(text.data, "CPU 0, task not known, registers not known");
	buffer_free(&text);
}

static void test_sanitise(void **state)
{
	static const struct { const char *text, *expected; } cases[] = {
		{ "", "" },
		{ "plain text", "plain text" },
		{ "\t\n\r\033[31m", "????[31m" },
		{ "\xc2\x9b" "31m", "?31m" },			/* C1: a terminal takes it for ESC [ */
		{ "\xc2\xa0", "\xc2\xa0" },
		{ "\xc0\xaf", "??" },				/* overlong */
		{ "\xe0\x80\xaf", "???" },
		{ "\xf0\x80\x80\xaf", "????" },
		{ "\xed\xa0\x80", "???" },			/* a surrogate */
		{ "\xef\xbf\xbe", "?" },			/* U+FFFE */
		{ "\xef\xbf\xbd", "\xef\xbf\xbd" },
		{ "\xf4\x90\x80\x80", "????" },			/* above U+10FFFF */
		{ "\xf0\x9f\x90\xa7", "\xf0\x9f\x90\xa7" },
		{ "cut\xf0\x9f\x90", "cut???" },		/* comm's 15 bytes cut a character */
		{ "\xff\xfe", "??" },
		{ "a\xe2\x80\xae" "b", "a?b" },			/* U+202E turns the rest of the line around */
		{ "]]>", "]]&gt;" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer out = { 0 };

		buffer_string(&out, "");
		xml_append(&out, cases[i].text);
		assert_string_equal(out.data, cases[i].expected);
		buffer_free(&out);
	}
}

static void test_registers(void **state)
{
	struct fixture *fixture = *state;
	struct registers registers;
	struct error error;

	open_target(fixture, SIZE_MAX);
	assert_true(vmcore_target_ops.registers(fixture->target, 6, &registers, &error));
	assert_true(registers.value[X86_RIP] == 0xffffffff81234567 && registers.valid == 1ull << X86_RIP);
	for (int again = 0; again < 2; again++) {
		if (!vmcore_target_ops.registers(fixture->target, 10000002, &registers, &error))
			fail_msg("%s", error.text);
		assert_true(registers.value[X86_RIP] == START_KERNEL + 0x1234);
		assert_true(registers.value[X86_RBP] == 0xf05);
		assert_true(registers.value[X86_RSP] == 0xffffc90000001838ull);
		assert_false(registers.valid & 1ull << X86_RAX);
	}
	/* Its stack pointer is 0. */
	assert_false(vmcore_target_ops.registers(fixture->target, 10000077, &registers, &error));
	assert_false(vmcore_target_ops.registers(fixture->target, 12345, &registers, &error));
}

static size_t read_at(struct fixture *fixture, uint64_t thread, uint64_t address, void *buffer, size_t size,
		      struct error *error)
{
	memset(error, 0, sizeof(*error));
	return vmcore_target_ops.read_memory(fixture->target, thread, address, buffer, size, error);
}

static void test_memory(void **state)
{
	struct fixture *fixture = *state;
	static char buffer[0x10000];
	struct error error;

	open_target(fixture, SIZE_MAX);
	assert_int_equal(read_at(fixture, 1, START_KERNEL + 0x1000, buffer, 12, &error), 12);
	assert_memory_equal(buffer, "in the image", 12);
	/* Two pages, then nothing: what there is of it, and why not more. */
	memset(buffer, '-', sizeof(buffer));
	assert_int_equal(read_at(fixture, 1, 0xffffc90000001ff0ull, buffer, sizeof(buffer), &error), 0x1010);
	assert_int_equal(buffer[0], 'A');
	assert_int_equal(buffer[0x10], 'B');
	assert_int_equal(buffer[0x100f], 'B');
	assert_int_equal(error.kind, ERROR_NOT_MAPPED);
	assert_contains(error.text, "0xffffc90000003000");
	assert_int_equal(read_at(fixture, 1, 0xffffc90000003000ull, buffer, 1, &error), 0);
	assert_contains(error.text, "0xffffc90000003000");
	/* Up to the last byte of the address space. */
	assert_int_equal(read_at(fixture, 1, UINT64_MAX, buffer, 1, &error), 0);
}

static void test_user_memory(void **state)
{
	struct fixture *fixture = *state;
	char buffer[16];
	struct error error;

	open_target(fixture, SIZE_MAX);
	/* No mm: a kernel thread. */
	assert_int_equal(read_at(fixture, 10000002, 0x1000, buffer, 1, &error), 0);
	assert_contains(error.text, "0x1000 is not a kernel address: pid 2 has no user memory");
	assert_int_equal(read_at(fixture, 99, 0x1000, buffer, 1, &error), 0);
	assert_contains(error.text, "not known");
	/* A root whose lower half is empty. */
	fixture->target->threads.list[3].user_root = ROOT;
	assert_int_equal(read_at(fixture, 10000002, 0x1000, buffer, 1, &error), 0);
	assert_contains(error.text, "0x1000 is not mapped");
	/* setup_user()'s: pages at 0x1000 and 0x2000. */
	fixture->target->threads.list[3].user_root = 0x1009000;
	assert_int_equal(read_at(fixture, 10000002, 0x1ff8, buffer, 16, &error), 16);
	assert_memory_equal(buffer, "AAAAAAAABBBBBBBB", 16);
	/* Another thread has its own. */
	assert_int_equal(read_at(fixture, 10000077, 0x1ff8, buffer, 16, &error), 0);
}

/* The same with a process's top table at 0x1009000: the kernel's pages at ffffc90000001000, but at 0x1000. */
static int setup_user(void **state)
{
	struct fixture *fixture;
	struct image *image;

	setup(state);
	fixture = *state;
	image = image_four_levels();
	image_put(image, 0x1009000, 0x1006000 | P | 4);
	image_vmcoreinfo(image, FOUR_LEVELS_VMCOREINFO);
	image_open(image);
	image_free(fixture->image);
	fixture->image = image;
	fixture->kernel.memory = image->memory;
	fixture->kernel.dump = image->dump;
	return 0;
}

static void *hold_lock(void *context)
{
	struct fixture *fixture = context;

	pthread_mutex_lock(&fixture->kernel.lock);
	return NULL;
}

static void test_lock(void **state)
{
	struct fixture *fixture = *state;
	struct error error;
	pthread_t thread;

	open_target(fixture, SIZE_MAX);
	assert_true(vmcore_target_ops.lock(fixture->target, &error));
	vmcore_target_ops.unlock(fixture->target);
	/* Somebody else has it and does not let go: an error, not a deadlock. */
	pthread_create(&thread, NULL, hold_lock, fixture);
	pthread_join(thread, NULL);
	assert_false(vmcore_target_ops.lock(fixture->target, &error));
	assert_contains(error.text, "in use by a command");
}

static void test_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct vmcore_target *target;
	struct error error;

	fixture->kernel.nr_cpus = 0;
	fixture->table->count = 0;
	assert_false(vmcore_target_new(&fixture->kernel, SIZE_MAX, &target, &error));
	assert_int_equal(error.kind, ERROR_CORRUPT);
}

#define WITH_KERNEL(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_KERNEL(test_ids),
		WITH_KERNEL(test_limit),
		WITH_KERNEL(test_interest),
		WITH_KERNEL(test_xml),
		WITH_KERNEL(test_connecting),
		WITH_KERNEL(test_unknown_task),
		cmocka_unit_test(test_sanitise),
		WITH_KERNEL(test_registers),
		WITH_KERNEL(test_memory),
		cmocka_unit_test_setup_teardown(test_user_memory, setup_user, teardown),
		WITH_KERNEL(test_lock),
		WITH_KERNEL(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
