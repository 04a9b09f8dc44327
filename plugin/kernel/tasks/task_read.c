// SPDX-License-Identifier: GPL-3.0-or-later
/* Reading one task_struct with few reads; task_read.h says why. */
#include "kernel/tasks/task_read.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

/*
 * Members closer than this are read together: copying the bytes between them costs less than
 * another read.
 */
#define MAX_GAP 384
/* Nothing wanted lies beyond; a larger offset means that the types are damaged. */
#define MAX_TASK_SIZE 65536

/* What task_read fills in, so that the table can point into both. */
struct task_record {
	struct task task;
	struct task_links links;
};

struct task_field {
	const char *paths[3];		/* the first that exists counts; newest kernels first */
	uint16_t offset, size;		/* in struct task_record */
	bool essential;			/* without it there is no task */
	bool numbers;			/* an array of int32_t; other arrays are strings */
	uint32_t known;			/* the bit that says that it is there, 0 = none does */
};

#define TASK(fact, field, ...) \
	{ \
		{ __VA_ARGS__ }, offsetof(struct task_record, task.field), \
			sizeof(((struct task *)0)->field), false, false, 1u << TASK_##fact \
	}
#define NUMBERS(fact, field, ...) \
	{ \
		{ __VA_ARGS__ }, offsetof(struct task_record, task.field), \
			sizeof(((struct task *)0)->field), false, true, 1u << TASK_##fact \
	}
#define ESSENTIAL(field, ...) \
	{ \
		{ __VA_ARGS__ }, offsetof(struct task_record, task.field), \
			sizeof(((struct task *)0)->field), true, false, 0 \
	}
#define LINK(field, ...) \
	{ \
		{ __VA_ARGS__ }, offsetof(struct task_record, links.field), \
			sizeof(((struct task_links *)0)->field), false, false, 0 \
	}

#define SWITCH_MEMBER ""	/* the machine's name for it: arch->switch_member */

static const struct task_field fields[] = {
	LINK(next, "tasks.next"),
	LINK(prev, "tasks.prev"),
	LINK(thread_next, "thread_node.next"),
	LINK(thread_prev, "thread_node.prev"),
	LINK(sibling_next, "sibling.next"),
	LINK(sibling_prev, "sibling.prev"),
	LINK(children_next, "children.next"),
	LINK(signal, "signal"),
	ESSENTIAL(pid, "pid"),
	TASK(TGID, tgid, "tgid"),
	TASK(COMM, comm, "comm"),
	TASK(PARENT, parent, "real_parent"),
	TASK(GROUP_LEADER, group_leader, "group_leader"),
	TASK(MM, mm, "mm"),
	TASK(STACK, stack, "stack"),
	TASK(THREAD_SP, thread_sp, SWITCH_MEMBER),
	/* cf25e24db61c, 5.5 */
	TASK(START_TIME, start_time, "start_boottime", "real_start_time", "start_time"),
	TASK(UTIME, utime, "utime"),
	TASK(STIME, stime, "stime"),
	TASK(LAST_RUN, last_run, "sched_info.last_arrival", "se.exec_start"),
	TASK(FLAGS, flags, "flags"),
	TASK(STATE, state, "__state", "state"),			/* 2f064a59a11f, 5.14 */
	TASK(EXIT_STATE, exit_state, "exit_state"),
	TASK(CPU, cpu, "cpu", "thread_info.cpu"),			/* moved by bcf9033e5449, 5.16 */
	TASK(POLICY, policy, "policy"),
	TASK(PRIO, prio, "prio"),
	NUMBERS(RSS_OWN, rss_own, "rss_stat.count"),			/* removed by f1a7941243c1, 6.2 */
};

#define NR_FIELDS (sizeof(fields) / sizeof(fields[0]))
_Static_assert(NR_FIELDS <= TASK_MAX_FIELDS, "TASK_MAX_FIELDS is too small");

static const char *path_of(const struct task_reader *reader, size_t i, size_t nth)
{
	const char *path = fields[i].paths[nth];

	return path && !*path ? reader->kernel->arch->switch_member : path;
}

static bool resolve(struct task_reader *reader, size_t i, struct error *error)
{
	const struct task_field *field = &fields[i];
	struct member *member = &reader->members[i];

	for (size_t j = 0; j < 3 && field->paths[j]; j++) {
		const char *path = path_of(reader, i, j);

		/* A machine that keeps the registers themselves there has no such number. */
		if ((!*field->paths[j] && reader->kernel->arch->switch_is_address) ||
		    !types_member(reader->kernel->types, "task_struct", path, member, error))
			continue;
		if (member->offset + member->size > MAX_TASK_SIZE)
			return error_set(error, ERROR_CORRUPT,
					 "task_struct.%s has offset %llu: the types are damaged",
					 path, (unsigned long long)member->offset);
		reader->present |= 1ull << i;
		return true;
	}
	return !field->essential;
}

static int compare_spans(const void *a, const void *b)
{
	const struct task_span *left = a, *right = b;

	return (left->start > right->start) - (left->start < right->start);
}

static void make_spans(struct task_reader *reader)
{
	size_t kept = 0;

	for (size_t i = 0; i < NR_FIELDS; i++)
		if (reader->present >> i & 1)
			reader->spans[reader->nr_spans++] =
				(struct task_span){ reader->members[i].offset,
						    reader->members[i].offset +
							    reader->members[i].size };
	qsort(reader->spans, reader->nr_spans, sizeof(reader->spans[0]), compare_spans);
	for (size_t i = 1; i < reader->nr_spans; i++) {
		struct task_span *last = &reader->spans[kept];

		if (reader->spans[i].start > last->end + MAX_GAP)
			reader->spans[++kept] = reader->spans[i];
		else if (reader->spans[i].end > last->end)
			last->end = reader->spans[i].end;
	}
	reader->nr_spans = kept + 1;
	reader->image_size = reader->spans[kept].end;
}

/*
 * Before 4.9 (c65eacbe290b) thread_info lies at the bottom of the stack. Until 4.11 (5613fda9a503) times are in cputime_t: ns where
 * the kernel accounts them at each entry and exit (VIRT_CPU_ACCOUNTING_GEN, which gives tasks a vtime), else ticks.
 */
static void resolve_old(struct task_reader *reader)
{
	struct kernel *kernel = reader->kernel;
	uint64_t size;

	reader->cpu_on_stack = !types_has_member(kernel->types, "task_struct", "cpu") &&
			       !types_has_member(kernel->types, "task_struct", "thread_info") &&
			       types_member(kernel->types, "thread_info", "cpu", &reader->stack_cpu, NULL);
	reader->cputime_unit = 1;
	if (types_size(kernel->types, "cputime_t", &size, NULL) && !types_has_member(kernel->types, "task_struct", "vtime_snap") &&
	    !types_has_member(kernel->types, "task_struct", "vtime") && !kernel_tick(kernel, &reader->cputime_unit, NULL))
		reader->cputime_unit = 0;
}

bool task_reader_open(struct task_reader *reader, struct kernel *kernel, struct error *error)
{
	struct member tasks, node, head, sibling, children;

	*reader = (struct task_reader){ .kernel = kernel };
	for (size_t i = 0; i < NR_FIELDS; i++)
		if (!resolve(reader, i, error))
			return false;
	if (!types_member(kernel->types, "task_struct", "tasks", &tasks, error))
		return false;
	reader->tasks_offset = tasks.offset;
	if (types_member(kernel->types, "task_struct", "thread_node", &node, NULL) &&
	    types_member(kernel->types, "signal_struct", "thread_head", &head, NULL)) {
		reader->thread_node_offset = node.offset;
		reader->thread_head_offset = head.offset;
	}
	if (types_member(kernel->types, "task_struct", "sibling", &sibling, NULL) &&
	    types_member(kernel->types, "task_struct", "children", &children, NULL)) {
		reader->sibling_offset = sibling.offset;
		reader->children_offset = children.offset;
	}
	resolve_old(reader);
	make_spans(reader);
	reader->image = calloc(1, reader->image_size);
	if (!reader->image)
		return error_no_memory(error, "a task", reader->image_size);
	return true;
}

void task_reader_close(struct task_reader *reader)
{
	free(reader->image);
	reader->image = NULL;
}

/* A span that cannot be read as a whole: member by member. Returns the members that are there. */
static uint64_t read_members(struct task_reader *reader, const struct task_span *span,
			     uint64_t address, struct buffer *damage, const struct error *reason)
{
	uint64_t known = 0;
	bool first = damage->size == 0;

	for (size_t i = 0; i < NR_FIELDS; i++) {
		const struct member *member = &reader->members[i];

		if (!(reader->present >> i & 1) || member->offset < span->start ||
		    member->offset >= span->end)
			continue;
		if (memory_read(reader->kernel->memory, address + member->offset,
				reader->image + member->offset, member->size, NULL)) {
			known |= 1ull << i;
			continue;
		}
		buffer_printf(damage, "%s%s",
			      damage->size ? ", " : "not known: ", path_of(reader, i, 0));
	}
	if (first && damage->size)
		buffer_printf(damage, " (%s)", reason->text);
	return known;
}

static uint64_t read_spans(struct task_reader *reader, uint64_t address, struct buffer *damage,
			   struct error *reason)
{
	uint64_t known = reader->present;

	for (size_t i = 0; i < reader->nr_spans; i++) {
		const struct task_span *span = &reader->spans[i];
		uint64_t members = 0;

		if (memory_read(reader->kernel->memory, address + span->start,
				reader->image + span->start, span->end - span->start, reason))
			continue;
		for (size_t j = 0; j < NR_FIELDS; j++)
			if (reader->members[j].offset >= span->start &&
			    reader->members[j].offset < span->end)
				members |= 1ull << j;
		known &= ~members | read_members(reader, span, address, damage, reason);
	}
	return known;
}

static void store(void *to, size_t size, uint64_t value)
{
	switch (size) {
	case 4:
		*(uint32_t *)to = value;
		break;
	case 8:
		*(uint64_t *)to = value;
		break;
	}
}

/* As many numbers as there is room for. */
static void decode_numbers(struct task_reader *reader, const struct member *member, int32_t *to,
			   size_t size)
{
	if (member->kind != TYPE_ARRAY || member->element_size != sizeof(*to))
		return;
	for (size_t i = 0; i < member->size / sizeof(*to) && i < size / sizeof(*to); i++)
		to[i] = memory_decode(reader->kernel->memory,
				      reader->image + member->offset + i * sizeof(*to),
				      sizeof(*to));
}

/* A struct timespec, seconds and nanoseconds: what start times were until 3.17 (57e0be041d9e). */
static bool decode_time(struct task_reader *reader, const struct member *member, uint64_t *value_ret)
{
	size_t word = reader->kernel->arch->pointer_size;
	const uint8_t *at = reader->image + member->offset;

	if (member->kind != TYPE_STRUCT || member->size != 2 * word)
		return false;
	*value_ret = memory_decode(reader->kernel->memory, at, word) * 1000000000 +
		     memory_decode(reader->kernel->memory, at + word, word);
	return true;
}

/* What other kernels have in the task itself. */
static void read_old(struct task_reader *reader, struct task *task)
{
	uint64_t cpu;

	if (reader->cpu_on_stack && (task->known >> TASK_STACK & 1) && task->stack &&
	    kernel_read_field(reader->kernel, task->stack, &reader->stack_cpu, &cpu, NULL)) {
		task->cpu = cpu;
		task->known |= 1u << TASK_CPU;
	}
	if (!reader->cputime_unit)
		task->known &= ~(1u << TASK_UTIME | 1u << TASK_STIME);
	task->utime *= reader->cputime_unit;
	task->stime *= reader->cputime_unit;
}

static void decode(struct task_reader *reader, uint64_t known, struct task_record *record)
{
	for (size_t i = 0; i < NR_FIELDS; i++) {
		const struct member *member = &reader->members[i];
		uint8_t *to = (uint8_t *)record + fields[i].offset;
		uint64_t value;

		/* Where tasks have no counts of their own there are none to miss. */
		if (fields[i].numbers && !(reader->present >> i & 1))
			record->task.known |= fields[i].known;
		if (!(known >> i & 1))
			continue;
		record->task.known |= fields[i].known;
		if (fields[i].numbers) {
			decode_numbers(reader, member, (int32_t *)to, fields[i].size);
		} else if (member->kind == TYPE_ARRAY) {
			size_t size = member->size < fields[i].size ? member->size : fields[i].size;

			memcpy(to, reader->image + member->offset, size);
			to[fields[i].size - 1] = 0;
		} else if (kernel_decode_field(reader->kernel, reader->image, reader->image_size,
					       member, &value) ||
			   decode_time(reader, member, &value)) {
			store(to, fields[i].size, value);
		} else {
			record->task.known &= ~fields[i].known;
		}
	}
}

void task_add_damage(struct task *task, const char *format, ...)
{
	char *sentence = NULL, *damage = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&sentence, format, arguments) < 0)
		sentence = NULL;
	va_end(arguments);
	if (sentence && asprintf(&damage, "%s%s%s", task->damage ? task->damage : "", task->damage ? "; " : "", sentence) >= 0) {
		free(task->damage);
		task->damage = damage;
	}
	free(sentence);
}

#define MAX_TIME 3155760000000000000ull	/* ns: a hundred years; no machine is up that long */

/* What no task can have is not known. */
static void give_up_impossible(struct task *task)
{
	const struct {
		enum task_fact fact;
		const char *name;
		uint64_t ns;
	} times[] = { { TASK_START_TIME, "start time", task->start_time }, { TASK_UTIME, "utime", task->utime },
		      { TASK_STIME, "stime", task->stime }, { TASK_LAST_RUN, "last run", task->last_run } };

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		if (times[i].ns <= MAX_TIME || !task_knows(task, times[i].fact))
			continue;
		task->known &= ~(1u << times[i].fact);
		/* No damage: to an idle task s390's vtime charges whatever its CPU's timer was started with. */
		if (!task->pid)
			continue;
		task_add_damage(task, "its %s is damaged: %" PRIu64 " ns", times[i].name, times[i].ns);
	}
}

bool task_read(struct task_reader *reader, uint64_t address, struct task *task,
	       struct task_links *links, struct error *error)
{
	struct task_record record = { .task.address = address };
	struct buffer damage = { 0 };
	struct error reason = { .kind = ERROR_NONE };
	uint64_t known = read_spans(reader, address, &damage, &reason);

	for (size_t i = 0; i < NR_FIELDS; i++) {
		if (!fields[i].essential || known >> i & 1)
			continue;
		buffer_free(&damage);
		if (error)
			*error = reason;
		return error_prefix(error, "the task at 0x%llx", (unsigned long long)address);
	}
	decode(reader, known, &record);
	read_old(reader, &record.task);
	record.task.damage = damage.data;
	give_up_impossible(&record.task);
	*task = record.task;
	*links = record.links;
	return true;
}
