// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/tasks/signals.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/containers.h"
#include "kernel/tasks/task.h"

static void lose(struct signals *signals, const struct error *why)
{
	if (signals->damage.kind == ERROR_NONE)
		signals->damage = *why;
}

/* The sigset_t that TYPE.PATH of the structure at ADDRESS is: longs, of which the first has the first signals. */
static bool read_set(struct kernel *kernel, uint64_t address, const char *type, const char *path, uint64_t *set_ret, struct error *error)
{
	unsigned size = kernel->arch->pointer_size;
	struct member member;
	uint64_t word;

	*set_ret = 0;
	if (!types_member(kernel->types, type, path, &member, error))
		return false;
	for (unsigned i = 0; i < member.count && i < 8 / size; i++) {
		if (!kernel_read_pointer(kernel, address + member.offset + i * size, &word, error))
			return false;
		*set_ret |= word << i * size * 8;
	}
	return true;
}

/* The fields of the actions, all at once. */
static bool read_actions(struct kernel *kernel, struct signals *signals, struct error *error)
{
	struct member array, handler, flags, mask;
	uint8_t *copy;
	size_t size;
	bool done;

	if (!types_member(kernel->types, "sighand_struct", "action", &array, error) ||
	    !types_member(kernel->types, "k_sigaction", "sa.sa_handler", &handler, error) ||
	    !types_member(kernel->types, "k_sigaction", "sa.sa_flags", &flags, error) ||
	    !types_member(kernel->types, "k_sigaction", "sa.sa_mask", &mask, error))
		return false;
	if (array.count > SIGNALS_MAX || array.element_size > 256)
		return error_set(error, ERROR_CORRUPT, "struct sighand_struct has %llu actions of %llu bytes", (unsigned long long)array.count,
				 (unsigned long long)array.element_size);
	size = array.count * array.element_size;
	copy = malloc(size ? size : 1);
	if (!copy)
		return error_no_memory(error, "the actions of signals", size);
	done = memory_read(kernel->memory, signals->sighand + array.offset, copy, size, error);
	for (unsigned i = 0; done && i < array.count; i++) {
		const uint8_t *at = copy + i * array.element_size;
		struct signal_action *action = &signals->actions[i];

		action->address = signals->sighand + array.offset + i * array.element_size;
		done = (kernel_decode_field(kernel, at, array.element_size, &handler, &action->handler) &&
			kernel_decode_field(kernel, at, array.element_size, &flags, &action->flags)) ||
		       error_set(error, ERROR_CORRUPT, "struct k_sigaction has members beyond its size");
		done = done && read_set(kernel, action->address, "k_sigaction", "sa.sa_mask.sig", &action->mask, error);
		signals->ignored |= (uint64_t)(action->handler == 1) << i;
		signals->caught |= (uint64_t)(action->handler > 1) << i;
	}
	free(copy);
	signals->count = done ? array.count : 0;
	return done;
}

static void read_process(struct kernel *kernel, struct signals *signals)
{
	struct error why = { 0 };
	struct member shared;

	if (signals->signal && types_member(kernel->types, "signal_struct", "shared_pending", &shared, &why) &&
	    read_set(kernel, signals->signal, "signal_struct", "shared_pending.signal.sig", &signals->shared, &why)) {
		signals->shared_pending = signals->signal + shared.offset;
		signals->known |= SIGNALS_SHARED;
	} else if (signals->signal) {
		lose(signals, &why);
	}
	if (signals->sighand && read_actions(kernel, signals, &why))
		signals->known |= SIGNALS_ACTIONS;
	else if (signals->sighand)
		lose(signals, &why);
}

void signals_read(struct kernel *kernel, const struct task *task, struct signals *signals)
{
	struct error why = { 0 };
	struct member pending;

	*signals = (struct signals){ 0 };
	if (read_set(kernel, task->address, "task_struct", "blocked.sig", &signals->blocked, &why))
		signals->known |= SIGNALS_BLOCKED;
	else
		lose(signals, &why);
	if (types_member(kernel->types, "task_struct", "pending", &pending, &why) &&
	    read_set(kernel, task->address, "task_struct", "pending.signal.sig", &signals->pending, &why)) {
		signals->known |= SIGNALS_PENDING;
		signals->own_pending = task->address + pending.offset;
	} else {
		lose(signals, &why);
	}
	/* Who has exited has no sighand any more, and a thread no signal either. */
	if (!kernel_read_member(kernel, task->address, "task_struct", "signal", &signals->signal, &why) ||
	    !kernel_read_member(kernel, task->address, "task_struct", "sighand", &signals->sighand, &why))
		lose(signals, &why);
	read_process(kernel, signals);
}

/* --- queues --- */

struct queue {
	struct kernel *kernel;
	bool (*callback)(void *context, const struct signal_entry *entry, struct error *error);
	void *context;
};

enum layout { KILL, TIMER, RT, CHLD, FAULT, POLL, SYS };

/* Which member of the union is meant: include/linux/signal.h has the same rules. */
static enum layout layout_of(const struct signal_entry *entry)
{
	if (entry->code > 0 && entry->code < 0x80) {
		switch (entry->number) {
		case 4: case 5: case 7: case 8: case 11:
			return FAULT;
		case 17:
			return CHLD;
		case 29:
			return POLL;
		case 31:
			return SYS;
		}
		return KILL;
	}
	if (entry->code == -2)
		return TIMER;
	if (entry->code == -5)
		return POLL;
	return entry->code < 0 && entry->code != -6 ? RT : KILL;
}

static bool field(struct queue *queue, uint64_t address, const char *name, uint64_t *value_ret, struct error *error)
{
	return kernel_read_member(queue->kernel, address, "sigqueue", name, value_ret, error);
}

static bool read_details(struct queue *queue, struct signal_entry *entry, struct error *error)
{
	static const struct {
		const char *pid, *uid, *value, *fault;
	} forms[] = {
		[KILL] = { "info._sifields._kill._pid", "info._sifields._kill._uid", NULL, NULL },
		[TIMER] = { NULL, NULL, "info._sifields._timer._sigval.sival_ptr", NULL },
		[RT] = { "info._sifields._rt._pid", "info._sifields._rt._uid", "info._sifields._rt._sigval.sival_ptr", NULL },
		[CHLD] = { "info._sifields._sigchld._pid", "info._sifields._sigchld._uid", NULL, NULL },
		[FAULT] = { NULL, NULL, NULL, "info._sifields._sigfault._addr" },
		[POLL] = { NULL, NULL, NULL, NULL },
		[SYS] = { NULL, NULL, NULL, "info._sifields._sigsys._call_addr" },
	};
	enum layout layout = layout_of(entry);
	uint64_t pid = 0, uid = 0;

	entry->has_sender = forms[layout].pid;
	entry->has_value = forms[layout].value;
	entry->has_address = forms[layout].fault;
	if ((entry->has_sender && (!field(queue, entry->address, forms[layout].pid, &pid, error) ||
				   !field(queue, entry->address, forms[layout].uid, &uid, error))) ||
	    (entry->has_value && !field(queue, entry->address, forms[layout].value, &entry->value, error)) ||
	    (entry->has_address && !field(queue, entry->address, forms[layout].fault, &entry->fault, error)))
		return false;
	entry->pid = pid;
	entry->uid = uid;
	return true;
}

static bool one_entry(void *context, uint64_t address, struct error *error)
{
	struct queue *queue = context;
	struct signal_entry entry = { .address = address };
	uint64_t number, code, why;

	if (!field(queue, address, "info.si_signo", &number, error) || !field(queue, address, "info.si_code", &code, error) ||
	    !field(queue, address, "info.si_errno", &why, error))
		return false;
	entry.number = number;
	entry.code = code;
	entry.error = why;
	return read_details(queue, &entry, error) && queue->callback(queue->context, &entry, error);
}

bool signal_queue_for_each(struct kernel *kernel, uint64_t pending,
			   bool (*callback)(void *context, const struct signal_entry *entry, struct error *error), void *context,
			   struct error *error)
{
	struct queue queue = { .kernel = kernel, .callback = callback, .context = context };
	struct member head, node;

	return types_member(kernel->types, "sigpending", "list", &head, error) &&
	       types_member(kernel->types, "sigqueue", "list", &node, error) &&
	       list_for_each(kernel, pending + head.offset, node.offset, one_entry, &queue, error);
}
