// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Finding all tasks, and asking for one; task.h has the contract, task_read.c reads each of them.
 */
#include "kernel/tasks/task.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buffer.h"
#include "kernel/containers.h"
#include "kernel/tasks/cpu.h"
#include "kernel/tasks/task_read.h"
#include "kernel/tasks/task_ways.h"

struct builder {
	struct kernel *kernel;
	struct task_reader reader;
	struct visited visited;
	struct task *tasks;
	size_t count, capacity;
	struct buffer damage;
	size_t nr_damages;
	bool ways_failed;	/* one of the other ways broke off, too */
	bool all_pids;
};

/* One sentence more about what is missing; after a few it is only counted. */
static void note_damage(struct builder *builder, const struct error *reason, const char *what,
			uint64_t which)
{
	if (builder->nr_damages++ >= 8)
		return;
	buffer_printf(&builder->damage, "%s%s 0x%llx is broken: %s",
		      builder->damage.size ? "; " : "", what, (unsigned long long)which,
		      reason->text);
}

static bool is_fatal(const struct error *error)
{
	return error->kind == ERROR_NO_MEMORY || error->kind == ERROR_INTERRUPTED;
}

static bool append(struct builder *builder, const struct task *task, struct error *error)
{
	struct task *tasks = array_room(builder->tasks, builder->count, &builder->capacity,
					sizeof(*tasks), "the task list", error);

	if (!tasks)
		return false;
	builder->tasks = tasks;
	builder->tasks[builder->count++] = *task;
	return true;
}

/* Reads and adds the task at ADDRESS. TGID: the process it must belong to, 0 = any. */
static bool add_task(struct builder *builder, uint64_t address, uint32_t tgid,
		     struct task_links *links, struct error *error)
{
	struct task task;

	if (address % builder->kernel->arch->pointer_size ||
	    !builder->kernel->arch->is_kernel_address(builder->kernel->memory, address))
		return error_set(error, ERROR_CORRUPT, "0x%llx cannot be a task",
				 (unsigned long long)address);
	if (builder->count >= CONTAINER_MAX_ENTRIES)
		return error_set(error, ERROR_CORRUPT, "more than %u tasks: the lists are damaged",
				 CONTAINER_MAX_ENTRIES);
	if (builder->count % 256 == 255 && !kernel_check_interrupt(builder->kernel, error))
		return false;
	if (!task_read(&builder->reader, address, &task, links, error))
		return false;
	task_correct_pid(builder->kernel, &task);
	if (task.pid > TASK_MAX_PID || task.tgid > TASK_MAX_PID || (tgid && task_knows(&task, TASK_TGID) && task.tgid != tgid)) {
		free(task.damage);
		return error_set(error, ERROR_CORRUPT,
				 "0x%llx is not a task of this list (pid %u, tgid %u)",
				 (unsigned long long)address, task.pid, task.tgid);
	}
	if (visited_add(&builder->visited, address) == VISITED_NO_MEMORY ||
	    !append(builder, &task, error)) {
		free(task.damage);
		return error_no_memory(error, "the task list", sizeof(task));
	}
	return true;
}

/*
 * A process's other threads from NODE on, in the direction that FORWARD says, up to HEAD, which is
 * in the signal_struct. False: broken, *error says why.
 */
static bool add_threads(struct builder *builder, uint64_t head, uint64_t node, uint32_t tgid,
			bool forward, struct error *error)
{
	while (node != head) {
		uint64_t address = node - builder->reader.thread_node_offset;
		struct task_links links;

		if (visited_has(&builder->visited, address))
			return true;
		if (!add_task(builder, address, tgid, &links, error))
			return false;
		node = forward ? links.thread_next : links.thread_prev;
	}
	return true;
}

static bool add_process_threads(struct builder *builder, const struct task_links *leader,
				uint32_t tgid, uint64_t address, struct error *error)
{
	uint64_t head = leader->signal + builder->reader.thread_head_offset, last;
	struct error reason = { .kind = ERROR_NONE };

	/* An exited leader has no signal_struct. */
	if (!leader->signal || !leader->thread_next || !builder->reader.thread_head_offset)
		return true;
	if (leader->signal % builder->kernel->arch->pointer_size ||
	    !builder->kernel->arch->is_kernel_address(builder->kernel->memory, leader->signal)) {
		error_set(&reason, ERROR_CORRUPT, "0x%llx cannot be its signal_struct", (unsigned long long)leader->signal);
		note_damage(builder, &reason, "the thread list of the process", address);
		return true;
	}
	/*
	 * The leader is the first, so that the head's address is enough: signal_struct need not be
	 * read.
	 */
	if (add_threads(builder, head, leader->thread_next, tgid, true, &reason) &&
	    leader->thread_prev == head)
		return true;
	if (!is_fatal(&reason)) {
		if (reason.kind != ERROR_NONE)
			note_damage(builder, &reason, "the thread list of the process", address);
		/*
		 * Those behind the broken place, or before a leader that is not the first, are
		 * found from the end.
		 */
		reason.kind = ERROR_NONE;
		if (!kernel_read_pointer(builder->kernel,
					 head + builder->kernel->arch->pointer_size, &last,
					 &reason) ||
		    add_threads(builder, head, last, tgid, false, &reason) || !is_fatal(&reason))
			return true;
	}
	if (error)
		*error = reason;
	return false;
}

/* The processes from init_task on, in one direction. False: the list is broken, *error says why. */
static bool add_processes(struct builder *builder, uint64_t head, bool forward, struct error *error)
{
	uint64_t offset = builder->reader.tasks_offset, node;

	if (!kernel_read_pointer(builder->kernel,
				 head + (forward ? 0 : builder->kernel->arch->pointer_size), &node,
				 error))
		return false;
	while (node != head) {
		uint64_t address = node - offset;
		struct task_links links;
		size_t index = builder->count;

		if (visited_has(&builder->visited, address))
			return !forward ||
			       error_set(error, ERROR_CORRUPT, "it runs in a circle through 0x%llx",
					 (unsigned long long)address);
		if (!add_task(builder, address, 0, &links, error) ||
		    !add_process_threads(builder, &links, builder->tasks[index].tgid, address,
					 error))
			return false;
		node = forward ? links.next : links.prev;
	}
	return true;
}

static bool add_all_processes(struct builder *builder, uint64_t init_task, struct error *error)
{
	uint64_t head = init_task + builder->reader.tasks_offset;
	struct error reason;

	if (add_processes(builder, head, true, &reason))
		return true;
	if (!is_fatal(&reason)) {
		note_damage(builder, &reason, "the task list at", init_task);
		/* What lies behind the broken place can be reached from the other end. */
		if (add_processes(builder, head, false, &reason) || !is_fatal(&reason))
			return true;
	}
	if (error)
		*error = reason;
	return false;
}

/* A task that is known by address and not (yet) on the list: the CPUs' idle and current ones. */
static bool add_known(struct builder *builder, uint64_t address, const char *what,
		      struct error *error)
{
	struct task_links links;
	struct error reason;

	if (!address || visited_has(&builder->visited, address) ||
	    add_task(builder, address, 0, &links, &reason))
		return true;
	if (!is_fatal(&reason)) {
		note_damage(builder, &reason, what, address);
		return true;
	}
	if (error)
		*error = reason;
	return false;
}

/*
 * Does what was read at a place that only may be a task say so itself? PID: what it is called there, 0 = not known. Idle tasks are known
 * from the CPUs.
 */
static bool is_itself(struct kernel *kernel, const struct task *task, uint32_t pid)
{
	uint64_t leader;

	if (!task->pid || (pid && task->pid != pid))
		return false;
	if (!task_knows(task, TASK_GROUP_LEADER) || !task_knows(task, TASK_TGID))
		return pid != 0;
	if ((task->pid == task->tgid) != (task->group_leader == task->address))
		return false;
	return kernel_read_member(kernel, task->group_leader, "task_struct", "pid", &leader, NULL) ? leader == task->tgid : pid != 0;
}

/* A task that another way leads to. What cannot be one, or is known, is passed over. */
static bool take(void *context, uint64_t address, uint32_t pid, struct error *error)
{
	struct builder *builder = context;
	struct task_links links;
	struct error reason;

	if (visited_has(&builder->visited, address))
		return true;
	if (!add_task(builder, address, 0, &links, &reason)) {
		if (!is_fatal(&reason)) {
			/* A page that is missing hides a task, and a pid was given to one; anything else never was one. */
			builder->ways_failed |= error_is_missing_memory(&reason) || pid;
			return true;
		}
		if (error)
			*error = reason;
		return false;
	}
	if (!is_itself(builder->kernel, &builder->tasks[builder->count - 1], pid)) {
		free(builder->tasks[--builder->count].damage);
		builder->ways_failed |= pid != 0;
	}
	return true;
}

/* Where a list broke off: everything else that leads to tasks, and what it led to. */
static bool other_ways(struct builder *builder, struct error *error)
{
	struct error reason = { .kind = ERROR_NONE };
	size_t listed = builder->count, by_pid;
	bool pids_whole = task_ways_pids(builder->kernel, take, builder, &reason);

	if (!pids_whole && is_fatal(&reason))
		goto fatal;
	by_pid = builder->count - listed;
	/* The table grows while it is gone through: what is found leads on. */
	for (size_t i = 0; i < builder->count; i++)
		if (!task_ways_links(&builder->reader, builder->tasks[i].address, take, builder, &reason))
			goto fatal;
	if (builder->count > listed)
		buffer_printf(&builder->damage, "; %zu tasks more were found in other ways: %zu by their pids, %zu by what other "
			      "tasks point to", builder->count - listed, by_pid, builder->count - listed - by_pid);
	builder->all_pids = pids_whole && !builder->ways_failed;
	if (builder->all_pids)
		buffer_string(&builder->damage, "; that should be all: every pid of the kernel's table has been looked up");
	else if (!pids_whole)
		buffer_printf(&builder->damage, "; the table of pids: %s", reason.text);
	return true;
fatal:
	if (error)
		*error = reason;
	return false;
}

/* Each CPU has one, and nothing but the CPU leads to it. */
static void note_lost_idle(struct builder *builder)
{
	size_t found = 0, online = 0;

	for (size_t i = 0; i < builder->count; i++)
		found += builder->tasks[i].pid == 0;
	for (size_t i = 0; i < builder->kernel->nr_cpus; i++)
		online += builder->kernel->cpus[i].online;
	if (found >= online)
		return;
	buffer_printf(&builder->damage, "%sof the idle tasks of %zu CPUs only %zu can be found", builder->damage.size ? "; " : "",
		      online, found);
	if (!builder->nr_damages)
		builder->all_pids = true;
}

static bool collect(struct builder *builder, struct error *error)
{
	struct kernel *kernel = builder->kernel;
	struct error reason = { .kind = ERROR_NONE };
	uint64_t init_task;

	for (size_t i = 0; i < kernel->nr_cpus; i++)
		if (!add_known(builder, kernel->cpus[i].idle, "an idle task at", error))
			return false;
	if (!kernel_symbol(kernel, "init_task", &init_task, &reason))
		note_damage(builder, &reason, "the task list at", 0);
	/* The boot CPU's idle task, should that CPU be off or unknown. */
	else if (!add_known(builder, init_task, "init_task at", error) ||
		 !add_all_processes(builder, init_task, error))
		return false;
	for (size_t i = 0; i < kernel->nr_cpus; i++)
		if (!add_known(builder, kernel->cpus[i].task, "a current task at", error))
			return false;
	if (builder->nr_damages && !other_ways(builder, error))
		return false;
	note_lost_idle(builder);
	if (!builder->count && reason.kind != ERROR_NONE) {
		if (error)
			*error = reason;
		return false;
	}
	return true;
}

static size_t slot_of(uint64_t key, size_t mask)
{
	return (key * 0x9e3779b97f4a7c15ull) >> 20 & mask;
}

static bool make_index(struct task_table *table, struct error *error)
{
	size_t slots = 16;

	while (slots < table->count * 2)
		slots *= 2;
	table->mask = slots - 1;
	table->by_pid = calloc(slots, sizeof(*table->by_pid));
	table->by_address = calloc(slots, sizeof(*table->by_address));
	if (!table->by_pid || !table->by_address)
		return error_no_memory(error, "the task index", slots * 2 * sizeof(*table->by_pid));
	/* In order, so that of all with pid 0 the first, CPU 0's idle task, is found first. */
	for (size_t i = 0; i < table->count; i++) {
		size_t slot = slot_of(table->tasks[i].pid, table->mask);

		while (table->by_pid[slot])
			slot = (slot + 1) & table->mask;
		table->by_pid[slot] = i + 1;
		slot = slot_of(table->tasks[i].address, table->mask);
		while (table->by_address[slot])
			slot = (slot + 1) & table->mask;
		table->by_address[slot] = i + 1;
	}
	return true;
}

static struct task *find_address(const struct task_table *table, uint64_t address)
{
	for (size_t slot = slot_of(address, table->mask); table->by_address[slot];
	     slot = (slot + 1) & table->mask) {
		struct task *task = &table->tasks[table->by_address[slot] - 1];

		if (task->address == address)
			return task;
	}
	return NULL;
}

#define PF_KTHREAD 0x00200000	/* since 2.6.27; include/linux/sched.h */

static void knows(struct task *task, enum task_fact fact, bool known)
{
	task->known = (task->known & ~(1u << fact)) | (uint32_t)known << fact;
}

static void relate_parent(const struct task_table *table, struct task *task)
{
	const struct task *parent = task->parent ? find_address(table, task->parent) : NULL;

	/* init made the other CPUs' idle tasks, but they are not its children (fork_idle). */
	task->ppid = parent && !task->idle ? parent->tgid : 0;
	knows(task, TASK_PPID, task->idle || (task_knows(task, TASK_PARENT) &&
					      (!task->parent || (parent && task_knows(parent, TASK_TGID)))));
}

/* Can it have been on a CPU whose current task is not known? */
static bool may_have_run(const struct kernel *kernel, const struct task *task)
{
	if (!kernel->nr_cpus)
		return true;
	for (size_t i = 0; i < kernel->nr_cpus; i++)
		if (!kernel->cpus[i].task && (!task_knows(task, TASK_CPU) || task->cpu == kernel->cpus[i].number))
			return true;
	return false;
}

static int compare_stacks(const void *left, const void *right)
{
	const struct task *a = *(struct task *const *)left, *b = *(struct task *const *)right;

	return a->stack != b->stack ? (a->stack > b->stack ? 1 : -1) : (a > b) - (a < b);
}

/* A stack is one task's: where two name the same, one of them is wrong. Without memory for it nothing is said. */
static void note_shared_stacks(struct task_table *table)
{
	struct task **order = calloc(table->count + 1, sizeof(*order));

	if (!order)
		return;
	for (size_t i = 0; i < table->count; i++)
		order[i] = &table->tasks[i];
	qsort(order, table->count, sizeof(*order), compare_stacks);
	for (size_t i = 1; i < table->count; i++) {
		struct task *pair[] = { order[i - 1], order[i] };

		if (!pair[0]->stack || pair[0]->stack != pair[1]->stack)
			continue;
		for (size_t j = 0; j < 2; j++)
			task_add_damage(pair[j], "its kernel stack is said to be that of pid %u, too", pair[!j]->pid);
	}
	free(order);
}

/* What follows from having all of them. */
static void relate(struct kernel *kernel, struct task_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		struct task *task = &table->tasks[i];

		task->kernel_thread = task->flags & PF_KTHREAD;
		task->idle = task->pid == 0;
		relate_parent(table, task);
		knows(task, TASK_ON_CPU, !may_have_run(kernel, task));
	}
	for (size_t i = 0; i < kernel->nr_cpus; i++) {
		struct task *task =
			kernel->cpus[i].task ? find_address(table, kernel->cpus[i].task) : NULL;

		if (task) {
			task->on_cpu = true;
			task->cpu = kernel->cpus[i].number;
			knows(task, TASK_ON_CPU, true);
			knows(task, TASK_CPU, true);
		}
	}
}

/* All of that, and for CPUs whose own word is lost what the tasks say. */
static void finish(struct kernel *kernel, struct task_table *table)
{
	cpus_infer_tasks(kernel, table);
	relate(kernel, table);
	note_shared_stacks(table);
}

static void free_table(void *value)
{
	struct task_table *table = value;

	for (size_t i = 0; i < table->count; i++)
		free(table->tasks[i].damage);
	free(table->tasks);
	free(table->damage);
	free(table->by_pid);
	free(table->by_address);
	free(table);
}

const struct kernel_slot tasks_slot = { free_table };

static bool load(struct kernel *kernel, struct error *error)
{
	struct builder builder = { .kernel = kernel };
	struct task_table *table = calloc(1, sizeof(*table));
	bool done;

	if (!table)
		return error_no_memory(error, "the task list", sizeof(*table));
	done = task_reader_open(&builder.reader, kernel, error) && collect(&builder, error);
	task_reader_close(&builder.reader);
	visited_free(&builder.visited);
	if (builder.nr_damages > 8)
		buffer_printf(&builder.damage, "; and %zu more", builder.nr_damages - 8);
	table->tasks = builder.tasks;
	table->count = builder.count;
	table->damage = builder.damage.data;
	table->all_pids = builder.all_pids;
	if (!done || !make_index(table, error)) {
		free_table(table);
		return false;
	}
	/* Kept first: who follows stacks for the rest may ask for tasks. */
	if (!kernel_keep(kernel, &tasks_slot, table, error))
		return false;
	finish(kernel, table);
	return true;
}

bool tasks_get(struct kernel *kernel, struct task_table **table_ret, struct error *error)
{
	*table_ret = kernel_kept(kernel, &tasks_slot);
	if (*table_ret)
		return true;
	if (!load(kernel, error))
		return false;
	*table_ret = kernel_kept(kernel, &tasks_slot);
	return true;
}

/* The boot CPU's idle task is init_task; the first of those that could be read may be another CPU's. */
static const struct task *find_boot_idle(struct kernel *kernel, const struct task_table *table)
{
	uint64_t init_task;

	return kernel_symbol(kernel, "init_task", &init_task, NULL) ? find_address(table, init_task) : NULL;
}

const struct task *task_find_pid(struct kernel *kernel, uint32_t pid)
{
	struct task_table *table;

	if (!tasks_get(kernel, &table, NULL))
		return NULL;
	if (!pid)
		return find_boot_idle(kernel, table);
	for (size_t slot = slot_of(pid, table->mask); table->by_pid[slot];
	     slot = (slot + 1) & table->mask)
		if (table->tasks[table->by_pid[slot] - 1].pid == pid)
			return &table->tasks[table->by_pid[slot] - 1];
	return NULL;
}

bool task_switched_at(struct kernel *kernel, uint64_t task, uint64_t *at_ret, struct error *error)
{
	struct member member;

	if (!kernel->arch->switch_is_address)
		return kernel_read_member(kernel, task, "task_struct", kernel->arch->switch_member, at_ret, error);
	if (!types_member(kernel->types, "task_struct", kernel->arch->switch_member, &member, error))
		return false;
	*at_ret = task + member.offset;
	return true;
}

const struct task *task_find_address(struct kernel *kernel, uint64_t address)
{
	struct task_table *table;

	return tasks_get(kernel, &table, NULL) ? find_address(table, address) : NULL;
}

/* As task_switched_at(), of a task that has been read. */
static bool saved_at(struct kernel *kernel, const struct task *task, uint64_t *at_ret, struct error *error)
{
	if (kernel->arch->switch_is_address)
		return task_switched_at(kernel, task->address, at_ret, error) || error_prefix(error, "its registers");
	*at_ret = task->thread_sp;
	return task_knows(task, TASK_THREAD_SP) ||
	       error_set(error, ERROR_EXCLUDED, "where its registers were saved is not known: %s",
			 task->damage ? task->damage : "this kernel's types do not say");
}

bool task_registers(struct kernel *kernel, const struct task *task, struct registers *registers,
		    const struct cpu **cpu_ret, struct error *error)
{
	uint64_t at;

	if (cpu_ret)
		*cpu_ret = NULL;
	*registers = (struct registers){ 0 };
	for (size_t i = 0; i < kernel->nr_cpus; i++) {
		const struct cpu *cpu = &kernel->cpus[i];

		if (cpu->task != task->address)
			continue;
		if (cpu_ret)
			*cpu_ret = cpu;
		if (cpu->registers_source != CPU_REGISTERS_NONE) {
			*registers = cpu->registers;
			return true;
		}
	}
	/* A zombie's stack goes back before the task does; what is there now is someone else's. */
	if (!task->stack && task_knows(task, TASK_STACK)) {
		const char *letters = task_state_known(task) ? task_state_letters(kernel, task) : "";

		if (!strcmp(letters, "ZO") || !strcmp(letters, "DE"))
			return error_set(error, ERROR_NOT_MAPPED,
					 "it has exited and has no kernel stack any more");
		return error_set(error, ERROR_CORRUPT, "its task_struct says that it has no kernel stack, but not that it has exited");
	}
	if (!saved_at(kernel, task, &at, error))
		return false;
	if (!kernel->arch->task_registers(kernel->memory, at, registers, error))
		return error_prefix(error, "its registers");
	/*
	 * Every task switch happens in vmlinux. Elsewhere: it was running, and that stack has been
	 * overwritten since.
	 */
	if (kernel->text_end && !kernel_is_text(kernel, registers->value[kernel->arch->pc])) {
		*registers = (struct registers){ 0 };
		return error_set(error, ERROR_CORRUPT,
				 "its registers are not known: it was running, or its stack is damaged");
	}
	return true;
}

bool task_user_root(struct kernel *kernel, const struct task *task, uint64_t *root_ret,
		    struct error *error)
{
	uint64_t pgd;

	if (!task_knows(task, TASK_MM))
		return error_set(error, ERROR_EXCLUDED, "whether pid %u has user memory is not known: %s", task->pid,
				 task->damage ? task->damage : "this kernel's types do not say");
	if (!task->mm)
		return error_set(error, ERROR_NOT_MAPPED,
				 "pid %u has no user memory: it is a kernel thread or has exited",
				 task->pid);
	if (!kernel_read_member(kernel, task->mm, "mm_struct", "pgd", &pgd, error))
		return error_prefix(error, "the page tables of pid %u", task->pid);
	return kernel->arch->user_root(kernel->memory, pgd, root_ret, error);
}
