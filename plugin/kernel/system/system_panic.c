// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Why the machine died, in one line, out of its log.
 *
 * panic() says it best. With kdump an oops does not get that far (oops_end() goes to the second
 * kernel at once), so then it is the oops: the line that names the cause, a few records above the
 * one with the "[#1]" counter.
 *
 * Anybody may write "Kernel panic" into /dev/kmsg, but never as LOG_KERN (devkmsg_write() makes it
 * LOG_USER), so only the kernel's own records count. Where records say who wrote them, the panic is
 * what the CPU that panicked wrote, or the task it was running. Oopses that were survived (the task
 * was killed and the machine went on) are told apart from it.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "kernel/system/log.h"
#include "kernel/system/system_internal.h"
#include "kernel/tasks/cpu.h"

#define LOG_KERN 0
/* printk_caller_id(): with this bit it is a CPU's number, else a pid */
#define CALLER_IS_CPU 0x80000000u
/*
 * The text of an oops comes within this many records of its cause ("#PF: ...", "PGD ..." stand
 * between).
 */
#define OOPS_DISTANCE 8
#define MAX_EVENTS 65536	/* a machine that oopses all the time */

enum event_kind {
	EVENT_PANIC,	/* "Kernel panic - not syncing: ..." */
	EVENT_SYSRQ,	/* somebody wants it to crash */
	EVENT_CAUSE,	/* a line that may head an oops */
	EVENT_OOPS,	/* die()'s line with its counter; text: its cause, if there was one */
};

struct event {
	enum event_kind kind;
	uint64_t sequence, timestamp;
	bool timestamp_unknown;
	uint32_t caller;
	bool has_caller;
	char text[200];
};

struct findings {
	struct event *events;
	size_t count, capacity;
};

static void keep(char *line, size_t size, const struct log_record *record)
{
	size_t length = record->size < size ? record->size : size - 1;
	const char *newline = memchr(record->text, '\n', length);

	if (newline)
		length = newline - record->text;
	memcpy(line, record->text, length);
	line[length] = 0;
}

static bool starts(const struct log_record *record, const char *prefix)
{
	size_t length = strlen(prefix);

	return record->size >= length && memcmp(record->text, prefix, length) == 0;
}

/* Lines that say what happened before die() says that it did. */
static bool is_cause(const struct log_record *record)
{
	return starts(record, "BUG: ") || starts(record, "kernel BUG at ") ||
	       starts(record, "Unable to handle kernel ") ||
	       starts(record, "kernel tried to execute ") ||
	       starts(record, "unchecked MSR access error") ||
	       starts(record, "PANIC: double fault");
}

/* "Oops: 0002 [#1] PREEMPT SMP": die()'s counter is in every architecture's line. */
static bool is_die(const struct log_record *record)
{
	const char *mark = memmem(record->text, record->size, "[#", 2);

	return mark && mark + 2 < record->text + record->size && isdigit((unsigned char)mark[2]);
}

static bool find_kind(const struct log_record *record, enum event_kind *kind_ret)
{
	if (record->facility != LOG_KERN)
		return false;
	if (starts(record, "Kernel panic - not syncing"))
		*kind_ret = EVENT_PANIC;
	else if (starts(record, "sysrq: Trigger a crash") ||
		 starts(record, "sysrq: SysRq : Trigger a crash"))
		*kind_ret = EVENT_SYSRQ;
	else if (is_cause(record))
		*kind_ret = EVENT_CAUSE;
	else if (is_die(record))
		*kind_ret = EVENT_OOPS;
	else
		return false;
	return true;
}

static bool same_writer(const struct event *a, const struct event *b)
{
	return !a->has_caller || !b->has_caller || a->caller == b->caller;
}

static bool look(void *context, const struct log_record *record)
{
	struct findings *found = context;
	struct event event = { .sequence = record->sequence, .timestamp = record->timestamp,
			       .timestamp_unknown = record->timestamp_unknown,
			       .caller = record->caller, .has_caller = record->has_caller };
	struct event *events;

	if (!find_kind(record, &event.kind))
		return true;
	keep(event.text, sizeof(event.text), record);
	for (size_t i = found->count; event.kind == EVENT_OOPS && i > 0; i--) {
		const struct event *cause = &found->events[i - 1];

		if (event.sequence - cause->sequence > OOPS_DISTANCE)
			break;
		if (cause->kind != EVENT_CAUSE || !same_writer(cause, &event))
			continue;
		memcpy(event.text, cause->text, sizeof(event.text));
		event.timestamp = cause->timestamp;
		event.timestamp_unknown = cause->timestamp_unknown;
		break;
	}
	events = found->count < MAX_EVENTS ? array_room(found->events, found->count, &found->capacity,
							sizeof(*events), "the log's oopses", NULL) : NULL;
	if (!events)
		return false;
	found->events = events;
	found->events[found->count++] = event;
	return true;
}

/* Who the records of the panic are by. */
struct culprit {
	bool known;		/* a CPU panicked, and which */
	bool nobody;		/* the kernel says that none did: it was running */
	uint32_t cpu_caller;
	bool task_known;
	uint32_t pid;
};

static void find_culprit(struct kernel *kernel, struct culprit *culprit)
{
	const struct cpu *cpu = cpu_panicked(kernel);
	uint64_t value, pid;

	*culprit = (struct culprit){ .known = false };
	if (cpu && cpu->panicked) {
		culprit->known = true;
		culprit->cpu_caller = CALLER_IS_CPU | cpu->number;
		culprit->task_known = cpu->task && kernel_read_member(kernel, cpu->task, "task_struct",
								      "pid", &pid, NULL);
		culprit->pid = culprit->task_known ? pid : 0;
		return;
	}
	/* PANIC_CPU_INVALID (1717f2096b54, 4.5), later renamed, is -1 */
	culprit->nobody = kernel_read_variable(kernel, "panic_cpu", 4, &value, NULL) && (uint32_t)value == UINT32_MAX;
}

static bool is_culprits(const struct culprit *culprit, const struct event *event)
{
	if (!culprit->known || !event->has_caller)
		return true;
	return event->caller == culprit->cpu_caller ||
	       (!(event->caller & CALLER_IS_CPU) && (!culprit->task_known || event->caller == culprit->pid));
}

/* The first or the last of KIND before the event BEFORE (NULL = the end) that the culprit wrote. */
static const struct event *find(const struct findings *found, const struct culprit *culprit,
				enum event_kind kind, bool first, const struct event *before)
{
	const struct event *result = NULL;

	for (size_t i = 0; i < found->count; i++) {
		const struct event *event = &found->events[i];

		if (event == before)
			break;
		if (event->kind == kind && is_culprits(culprit, event) && !(first && result))
			result = event;
	}
	return result;
}

/* Panics that only say that an oops was the last one. */
static bool repeats_oops(const struct event *panic)
{
	static const char *const words[] = { "Fatal exception", "Aiee, killing interrupt handler",
					     "Attempted to kill the idle task", "Attempted to kill init" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(panic->text, words[i]))
			return true;
	return false;
}

/* The last event that is part of the end; NULL = the log has none. TEXT is what it was. */
static const struct event *find_end(const struct findings *found, const struct culprit *culprit,
				    char *text, size_t size)
{
	/* A panic in the panic is a consequence. */
	const struct event *panic = find(found, culprit, EVENT_PANIC, true, NULL);
	const struct culprit anybody = { .known = false };
	const struct event *oops, *sysrq;

	if (!panic)	/* written by somebody else, but the kernel's */
		panic = find(found, &anybody, EVENT_PANIC, true, NULL);
	oops = find(found, culprit, EVENT_OOPS, false, panic);
	if (panic && oops && repeats_oops(panic)) {
		snprintf(text, size, "%s (%s)", oops->text, panic->text);
		return oops;
	}
	if (panic) {
		snprintf(text, size, "%s", panic->text);
		return panic;
	}
	if (culprit->nobody)
		return NULL;
	/* Before panic() was called for it, sysrq's crash was an oops of its own. */
	sysrq = find(found, culprit, EVENT_SYSRQ, false, NULL);
	if (sysrq)
		oops = sysrq;
	/* Somebody did panic: where nothing is said to be his, who he was is what is damaged. */
	if (!oops && culprit->known)
		oops = find(found, &anybody, EVENT_SYSRQ, false, NULL);
	if (!oops && culprit->known)
		oops = find(found, &anybody, EVENT_OOPS, false, NULL);
	snprintf(text, size, "%s", oops ? oops->text : "");
	return oops;
}

void system_panic(struct kernel *kernel, struct system_info *info)
{
	struct findings found = { .count = 0 };
	struct error why = { .kind = ERROR_NONE };
	struct culprit culprit;
	const struct event *end;
	bool whole = log_for_each(kernel, look, &found, &why) || why.kind == ERROR_PARTIAL;

	find_culprit(kernel, &culprit);
	end = find_end(&found, &culprit, info->panic, sizeof(info->panic));
	info->panic_known = whole;
	info->running = culprit.nobody && !end;
	if (!whole) {
		/* The line that matters may be among what is lost. */
		memcpy(info->panic_hint, info->panic, sizeof(info->panic_hint));
		info->panic[0] = 0;
		system_unknown(info, "why it died (the log)", &why);
	}
	for (size_t i = 0; i < found.count; i++) {
		const struct event *event = &found.events[i];
		struct system_oops *oops = &info->survived[info->nr_survived];

		if (event->kind != EVENT_OOPS || (end && event->sequence >= end->sequence))
			continue;
		if (info->nr_survived++ >= SYSTEM_MAX_SURVIVED)
			continue;
		oops->timestamp = event->timestamp;
		oops->timestamp_unknown = event->timestamp_unknown;
		memcpy(oops->text, event->text, sizeof(oops->text));
	}
	free(found.events);
}
