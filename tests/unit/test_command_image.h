/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A hand-made kernel with tasks, and a way to run a command line on it and to see its text. */
#ifndef VMCORE_TEST_COMMAND_IMAGE_H
#define VMCORE_TEST_COMMAND_IMAGE_H

#include "test_kernel_image.h"

#include "base/buffer.h"
#include "commands/command.h"
#include "kernel/tasks/cpu.h"
#include "kernel/modules/module.h"
#include "kernel/tasks/task.h"

#define TASKS 0x10000		/* of init_task; the others follow */
#define TASK_SIZE 0x1000
#define TASK(i) (IMAGE_BASE + TASKS + (i) * TASK_SIZE)
#define MM 0x40000
#define SIGNAL 0x50000
#define RUNQUEUES 0x60000
#define STACK(i) (0x80000 + (i) * 0x4000)

static const struct image_member command_members[] = {
	SIZE_OF("task_struct", 0x100),
	SIZE_OF("list_head", 16),
	SIZE_OF("thread_union", 0x4000),
	MEMBER("task_struct", "tasks", 0, 16),
	MEMBER("task_struct", "tasks.next", 0, 8),
	MEMBER("task_struct", "tasks.prev", 8, 8),
	MEMBER("task_struct", "pid", 0x10, 4),
	MEMBER("task_struct", "tgid", 0x14, 4),
	{ "task_struct", "comm", { .offset = 0x18, .size = 16, .kind = TYPE_ARRAY, .count = 16, .element_size = 1,
				   .type_name = "" } },
	MEMBER("task_struct", "real_parent", 0x28, 8),
	MEMBER("task_struct", "group_leader", 0x30, 8),
	MEMBER("task_struct", "mm", 0x38, 8),
	MEMBER("task_struct", "stack", 0x40, 8),
	MEMBER("task_struct", "thread.sp", 0x48, 8),
	MEMBER("task_struct", "start_boottime", 0x50, 8),
	MEMBER("task_struct", "utime", 0x58, 8),
	MEMBER("task_struct", "stime", 0x60, 8),
	MEMBER("task_struct", "sched_info.last_arrival", 0x68, 8),
	MEMBER("task_struct", "flags", 0x70, 4),
	MEMBER("task_struct", "__state", 0x74, 4),
	MEMBER("task_struct", "exit_state", 0x78, 4),
	MEMBER("task_struct", "cpu", 0x7c, 4),
	MEMBER("task_struct", "policy", 0x80, 4),
	MEMBER("task_struct", "prio", 0x84, 4),
	MEMBER("task_struct", "signal", 0x88, 8),
	MEMBER("signal_struct", "rlim", 16, 256, .count = 16, .element_size = 16),
	MEMBER("mm_struct", "pgd", 0, 8),
	MEMBER("mm_struct", "arg_start", 8, 8),
	MEMBER("mm_struct", "arg_end", 16, 8),
	MEMBER("mm_struct", "env_start", 24, 8),
	MEMBER("mm_struct", "env_end", 32, 8),
	MEMBER("rq", "clock", 0, 8),
	MEMBER("pt_regs", "orig_ax", 120, 8),
	{ NULL, NULL, { 0 } }
};

struct command_image {
	struct image *image;
	struct cpu cpus[2];
	uint64_t per_cpu_offset[2];
};

/* What the tests' tasks are, by index. */
struct test_task {
	const char *comm;
	uint32_t pid, tgid;
	unsigned parent;	/* index */
	uint32_t flags, state, exit_state, cpu, policy;
	bool mm;
	uint64_t last_run;
};

#define KTHREAD 0x00200000

static const struct test_task test_tasks[] = {
	{ "swapper/0", 0, 0, 0, KTHREAD, 0, 0, 0, 0, false, 0 },
	{ "swapper/1", 0, 0, 0, KTHREAD, 0, 0, 1, 0, false, 0 },
	{ "init", 1, 1, 0, 0, 1, 0, 0, 0, true, 1000000000 },
	{ "bash", 900, 900, 2, 0, 0, 0, 1, 0, true, 5000000000 },
	{ "kworker/0:1", 30, 30, 0, KTHREAD, 0x402, 0, 0, 1, false, 4999000000 },
	{ "bash", 901, 900, 2, 0, 1, 0, 0, 0, true, 3000000000 },
	{ "900", 40, 40, 3, 0, 2, 0, 0, 0, true, 4000000000 },
	{ "zombie\033[m", 50, 50, 3, 0, 0x80, 32, 0, 0, false, 0 },
};
#define NR_TEST_TASKS (sizeof(test_tasks) / sizeof(test_tasks[0]))

static void put_task(struct image *image, unsigned i)
{
	const struct test_task *task = &test_tasks[i];
	uint64_t at = TASKS + i * TASK_SIZE;
	unsigned leader = i;

	for (unsigned j = 0; j < NR_TEST_TASKS; j++)
		if (task->tgid && test_tasks[j].pid == task->tgid)
			leader = j;
	/* The list goes round without swapper/1: idle tasks but the first are not on it. */
	image_put_number(image, at, TASK(i == 0 ? 2 : (i + 1) % NR_TEST_TASKS), 8);
	image_put_number(image, at + 8, TASK(i == 2 ? 0 : (i + NR_TEST_TASKS - 1) % NR_TEST_TASKS), 8);
	image_put_number(image, at + 0x10, task->pid, 4);
	image_put_number(image, at + 0x14, task->tgid, 4);
	image_put_string(image, at + 0x18, task->comm);
	image_put_number(image, at + 0x28, TASK(task->parent), 8);
	image_put_number(image, at + 0x30, TASK(leader), 8);
	image_put_number(image, at + 0x38, task->mm ? IMAGE_BASE + MM : 0, 8);
	image_put_number(image, at + 0x40, IMAGE_BASE + STACK(i), 8);
	image_put_number(image, at + 0x48, IMAGE_BASE + STACK(i) + 0x3f00, 8);
	image_put_number(image, at + 0x50, 1500000000, 8);
	image_put_number(image, at + 0x58, 2000000001, 8);
	image_put_number(image, at + 0x60, 3, 8);
	image_put_number(image, at + 0x68, task->last_run, 8);
	image_put_number(image, at + 0x70, task->flags, 4);
	image_put_number(image, at + 0x74, task->state, 4);
	image_put_number(image, at + 0x78, task->exit_state, 4);
	image_put_number(image, at + 0x7c, task->cpu, 4);
	image_put_number(image, at + 0x80, task->policy, 4);
	image_put_number(image, at + 0x88, task->exit_state ? 0 : IMAGE_BASE + SIGNAL, 8);
}

/* The user's memory is the image's too. */
static bool command_user_root(struct memory *memory, uint64_t mm_pgd, uint64_t *root_ret, struct error *error)
{
	(void)memory;
	(void)mm_pgd;
	(void)error;
	*root_ret = 0x1000;
	return true;
}

static struct command_image *command_image_new(const struct symbol *symbols, size_t nr_symbols)
{
	struct command_image *set = calloc(1, sizeof(*set));
	struct image *image = image_new(command_members, NULL);
	struct symbol runqueues = { .address = IMAGE_BASE + RUNQUEUES, .size = 64, .name = "runqueues", .letter = 'D',
				    .percpu = true };

	assert_non_null(set);
	set->image = image;
	image_symbol(image, "init_task", TASKS, TASK_SIZE);
	image_symbol(image, "jiffies_64", 0x100, 8);
	assert_true(symtab_add(image->kernel.symbols, &runqueues, NULL));
	for (size_t i = 0; i < nr_symbols; i++)
		assert_true(symtab_add(image->kernel.symbols, &symbols[i], NULL));
	image_ready(image);
	for (unsigned i = 0; i < NR_TEST_TASKS; i++)
		put_task(image, i);
	image->arch.user_root = command_user_root;
	for (unsigned i = 0; i < 2; i++) {
		set->per_cpu_offset[i] = i * 0x1000;
		set->cpus[i].number = i;
		set->cpus[i].online = true;
		set->cpus[i].idle = TASK(i);
		image_put_number(image, RUNQUEUES + i * 0x1000, 4000000000 + i * 1000000000ull, 8);
	}
	set->cpus[0].task = TASK(0);
	set->cpus[1].task = TASK(3);
	image->kernel.nr_cpu_ids = image->kernel.nr_cpus = 2;
	image->kernel.per_cpu_offset = set->per_cpu_offset;
	image->kernel.cpus = set->cpus;
	return set;
}

static void command_image_free(struct command_image *set)
{
	kernel_forget(&set->image->kernel);
	image_free(set->image);
	free(set);
}

static bool collect_text(void *context, const char *text, size_t size)
{
	buffer_append(context, text, size);
	return true;
}

/* Runs "ps -k 1" and returns its text, with "error: ..." at the end if it failed; the caller frees it. */
__attribute__((unused))
static char *run_line(struct command_image *set, const char *line, const struct host *host)
{
	struct buffer text = { 0 };
	struct output *output = output_text_new(collect_text, NULL, &text);
	struct error error = { 0 };
	struct arguments arguments;
	char name[16] = "", *storage;
	size_t size = strcspn(line, " ");
	const struct command *command;
	bool json;

	snprintf(name, sizeof(name), "%.*s", (int)size, line);
	command = command_find(name);
	assert_non_null(command);
	if (!command_parse(command, line + size, &arguments, &storage, &json, &error) ||
	    !command->run(&set->image->kernel, &arguments, output, host, &error)) {
		assert_int_not_equal(error.kind, ERROR_NONE);
		output_text_flush(output);
		buffer_printf(&text, "error: %s\n", error.text);
	}
	output_text_flush(output);
	output_text_free(output);
	free(storage);
	return text.data ? text.data : strdup("");
}

__attribute__((unused))
static void expect_text(struct command_image *set, const char *line, const char *expected)
{
	char *text = run_line(set, line, NULL);

	assert_string_equal(text, expected);
	free(text);
}

/* The text has PART in it. */
__attribute__((unused))
static void expect_part(struct command_image *set, const char *line, const char *part)
{
	char *text = run_line(set, line, NULL);

	if (!strstr(text, part))
		fail_msg("`%s` printed:\n%s\nwithout: %s", line, text, part);
	free(text);
}

#endif
