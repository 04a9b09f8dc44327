// SPDX-License-Identifier: GPL-3.0-or-later
#include "target/threads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/unicode.h"

static size_t hash_slot(const struct threads *threads, uint64_t id)
{
	return (id * 0x9e3779b97f4a7c15ull >> 32) & (threads->by_id_size - 1);
}

struct thread *threads_find(struct threads *threads, uint64_t id)
{
	if (!threads->by_id_size)
		return NULL;
	for (size_t slot = hash_slot(threads, id); threads->by_id[slot];
	     slot = (slot + 1) & (threads->by_id_size - 1)) {
		struct thread *thread = &threads->list[threads->by_id[slot] - 1];

		if (thread->id == id)
			return thread;
	}
	return NULL;
}

/* OTHER: the id if ID is taken. */
static void add(struct threads *threads, uint64_t id, uint64_t other, const struct cpu *cpu,
		const struct task *task)
{
	size_t slot;

	if (threads_find(threads, id))
		id = other;
	threads->list[threads->count] = (struct thread){ .id = id, .cpu = cpu, .task = task };
	for (slot = hash_slot(threads, id); threads->by_id[slot];)
		slot = (slot + 1) & (threads->by_id_size - 1);
	threads->by_id[slot] = ++threads->count;
}

static uint64_t task_id(const struct task *task, uint64_t other)
{
	uint64_t room = THREAD_ID_IDLE - THREAD_ID_TASK;

	if (task->idle && task_knows(task, TASK_CPU) && task->cpu < room)
		return THREAD_ID_IDLE + task->cpu;
	if (!task->idle && task->pid < room)
		return THREAD_ID_TASK + task->pid;
	return other;
}

static bool allocate(struct threads *threads, size_t max, struct error *error)
{
	size_t slots = 16;

	while (slots < max * 2)
		slots *= 2;
	threads->list = calloc(max ? max : 1, sizeof(*threads->list));
	threads->by_id = calloc(slots, sizeof(*threads->by_id));
	if (!threads->list || !threads->by_id)
		return error_no_memory(error, "the list of threads", max * sizeof(*threads->list));
	threads->by_id_size = slots;
	return true;
}

static bool is_some_cpus(const struct kernel *kernel, const struct task *task)
{
	/* on_cpu is the quick answer; a CPU's own record is what decides. */
	if (!task->on_cpu)
		return false;
	for (size_t i = 0; i < kernel->nr_cpus; i++)
		if (kernel->cpus[i].task == task->address)
			return true;
	return false;
}

/*
 * How much a task tells of what went wrong, 0 = most: those that wait for a disk or a lock, those
 * that want a CPU, processes, their other threads, what the kernel runs for itself, what has
 * nothing to do, what is gone.
 */
#define NR_INTERESTS 7
static unsigned interest(struct kernel *kernel, const struct task *task)
{
	const char *letters = task_state_letters(kernel, task);

	if (!strcmp(letters, "UN"))
		return 0;
	if (task->idle || !strcmp(letters, "ID") || !strcmp(letters, "PA"))
		return 5;
	if (!strcmp(letters, "RU"))
		return 1;
	if (!strcmp(letters, "ZO") || !strcmp(letters, "DE"))
		return 6;
	if (task->kernel_thread)
		return 4;
	return task->pid == task->tgid ? 2 : 3;
}

/* How many of each interest there is room for. */
static void share_out(struct kernel *kernel, const struct task_table *table, size_t max_tasks,
		      size_t *room)
{
	size_t count[NR_INTERESTS] = { 0 };

	for (size_t i = 0; i < table->count; i++)
		if (!is_some_cpus(kernel, &table->tasks[i]))
			count[interest(kernel, &table->tasks[i])]++;
	for (unsigned i = 0; i < NR_INTERESTS; i++) {
		room[i] = count[i] < max_tasks ? count[i] : max_tasks;
		max_tasks -= room[i];
	}
}

static void add_tasks(struct threads *threads, struct kernel *kernel,
		      const struct task_table *table, size_t max_tasks)
{
	size_t room[NR_INTERESTS];

	share_out(kernel, table, max_tasks, room);
	for (size_t i = 0; i < table->count; i++) {
		const struct task *task = &table->tasks[i];
		uint64_t other = THREAD_ID_OTHER + i;

		if (is_some_cpus(kernel, task))
			continue;
		if (!room[interest(kernel, task)]) {
			threads->left_out++;
			continue;
		}
		room[interest(kernel, task)]--;
		add(threads, task_id(task, other), other, NULL, task);
	}
}

bool threads_load(struct threads *threads, struct kernel *kernel, size_t max_tasks,
		  struct error *error)
{
	struct task_table *table = NULL;
	struct error reason;
	size_t nr_tasks = 0;

	memset(threads, 0, sizeof(*threads));
	if (tasks_get(kernel, &table, &reason)) {
		nr_tasks = table->count;
		threads->damage = table->damage ? strdup(table->damage) : NULL;
	} else if (reason.kind == ERROR_INTERRUPTED || reason.kind == ERROR_NO_MEMORY) {
		if (error)
			*error = reason;
		return false;
	} else {
		threads->damage = strdup(reason.text);
	}
	if (!allocate(threads, kernel->nr_cpus + nr_tasks, error)) {
		threads_free(threads);
		return false;
	}
	for (size_t i = 0; i < kernel->nr_cpus; i++) {
		const struct cpu *cpu = &kernel->cpus[i];
		const struct task *task =
			cpu->task && table ? task_find_address(kernel, cpu->task) : NULL;

		add(threads, 1 + (uint64_t)cpu->number, 2 * THREAD_ID_OTHER + i, cpu, task);
	}
	if (table)
		add_tasks(threads, kernel, table, max_tasks);
	return true;
}

void threads_free(struct threads *threads)
{
	for (size_t i = 0; i < threads->count; i++)
		free(threads->list[i].registers);
	free(threads->list);
	free(threads->by_id);
	free(threads->damage);
	memset(threads, 0, sizeof(*threads));
}

void thread_text(struct kernel *kernel, const struct thread *thread, struct buffer *text)
{
	const struct task *task = thread->task;

	if (thread->cpu)
		buffer_printf(text, "CPU %u, %s%s", thread->cpu->number, cpu_was_offline(kernel, thread->cpu->number) ? "offline, " : "",
			      thread->cpu->panicked ? "panicked, " : "");
	if (!task) {
		buffer_string(text, "task not known");
	} else {
		if (thread->cpu && thread->cpu->inferred_from)
			buffer_string(text, "task inferred, ");
		buffer_printf(text, "pid %u, ", task->pid);
		if (task_knows(task, TASK_TGID) && task->tgid != task->pid)
			buffer_printf(text, "of process %u, ", task->tgid);
		if (task_state_known(task))
			buffer_printf(text, "%s (%s), ", task_state_name(kernel, task),
				      task_state_letters(kernel, task));
		else
			buffer_string(text, "state not known, ");
		buffer_printf(text, "task 0x%llx", (unsigned long long)task->address);
		if (task->damage)
			buffer_string(text, ", partly unreadable");
	}
	if (thread->cpu && thread->cpu->registers_source == CPU_REGISTERS_SAVED)
		buffer_string(text, ", registers of its last task switch");
	if (thread->cpu && thread->cpu->registers_source == CPU_REGISTERS_NONE)
		buffer_string(text, ", registers not known");
}

/* The length of the character at TEXT if XML 1.0 allows it and a terminal prints it as it is, else 0; *skip_ret is its length. */
static size_t printable(const char *text, size_t *skip_ret)
{
	uint32_t value;
	size_t length = unicode_decode((const unsigned char *)text, strnlen(text, 4), &value);

	*skip_ret = length ? length : 1;
	return length && !unicode_is_control(value) && (value & 0xfffe) != 0xfffe ? length : 0;
}

void xml_append(struct buffer *xml, const char *text)
{
	while (*text) {
		size_t skip, length = printable(text, &skip);

		if (length == 0)
			buffer_char(xml, '?');
		else if (*text == '<')
			buffer_string(xml, "&lt;");
		else if (*text == '>')
			buffer_string(xml, "&gt;");
		else if (*text == '&')
			buffer_string(xml, "&amp;");
		else if (*text == '"')
			buffer_string(xml, "&quot;");
		else
			buffer_append(xml, text, length);
		text += skip;
	}
}

static void thread_xml(struct kernel *kernel, const struct thread *thread, struct buffer *xml,
		       struct buffer *text)
{
	const struct task *task = thread->task;

	buffer_printf(xml, "<thread id=\"%llx\"", (unsigned long long)thread->id);
	if (thread->cpu)
		buffer_printf(xml, " core=\"%u\" id_str=\"CPU %u\"", thread->cpu->number,
			      thread->cpu->number);
	else if (task->idle && task_knows(task, TASK_CPU))
		buffer_printf(xml, " id_str=\"idle task of CPU %u\"", task->cpu);
	else
		buffer_printf(xml, " id_str=\"pid %u\"", task->pid);
	if (task && task_knows(task, TASK_COMM)) {
		buffer_string(xml, " name=\"");
		xml_append(xml, task->comm);
		buffer_char(xml, '"');
	}
	buffer_char(xml, '>');
	buffer_clear(text);
	thread_text(kernel, thread, text);
	if (text->size)
		xml_append(xml, text->data);
	buffer_string(xml, "</thread>\n");
}

void threads_xml(struct kernel *kernel, const struct threads *threads, size_t count,
		 struct buffer *xml)
{
	struct buffer text = { 0 };

	buffer_string(xml, "<?xml version=\"1.0\"?>\n<threads>\n");
	for (size_t i = 0; i < count && i < threads->count; i++)
		thread_xml(kernel, &threads->list[i], xml, &text);
	buffer_string(xml, "</threads>\n");
	xml->failed |= text.failed;
	buffer_free(&text);
}
