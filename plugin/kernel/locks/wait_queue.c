// SPDX-License-Identifier: GPL-3.0-or-later
/* The waiters in a wait queue's list; see wait_queue.h. */
#include "kernel/locks/wait_queue.h"

#include <stdio.h>
#include <string.h>

#include "kernel/containers.h"
#include "kernel/tasks/task.h"

#define WQ_FLAG_EXCLUSIVE 1u /* linux/wait.h */

static const struct queue_type {
	bool simple;
	const char *head, *list, *entry, *link, *task, *func, *flags;
} queue_types[] = {
	{ false, "wait_queue_head", "head", "wait_queue_entry", "entry", "private", "func", "flags" },
	/* before 4.13, ac6424b981bc and 2055da97389a */
	{ false, "__wait_queue_head", "task_list", "__wait_queue", "task_list", "private", "func", "flags" },
	{ true, "swait_queue_head", "task_list", "swait_queue", "task_list", "task", NULL, NULL },
};

struct walk {
	struct kernel *kernel;
	struct member task, func, flags;
	const struct queue_type *type;
	bool (*callback)(void *context, const struct wait_queue_entry *entry);
	void *context;
};

const char *wait_queue_head_of(struct kernel *kernel, const char *type, const char *member, uint64_t *offset_ret, struct error *error)
{
	struct member found;
	char path[256];

	if (!types_member(kernel->types, type, member, &found, error))
		return NULL;
	*offset_ret = found.offset;
	if (!strcmp(found.type_name, "completion") && found.kind == TYPE_STRUCT) {
		/* whose head it has is in its place */
		snprintf(path, sizeof(path), "%s.wait", member);
		if (!types_member(kernel->types, type, path, &found, error))
			return NULL;
		*offset_ret = found.offset;
	}
	if (found.kind == TYPE_STRUCT && strstr(found.type_name, "swait_queue_head"))
		return "swait_queue_head";
	if (found.kind == TYPE_STRUCT && strstr(found.type_name, "wait_queue_head"))
		return "wait_queue_head";
	error_set(error, ERROR_USAGE, "%s.%s is no wait queue's head, but %s%s", type, member,
		  found.kind == TYPE_POINTER ? "a pointer to " : "", *found.type_name ? found.type_name : "a number");
	return NULL;
}

static bool add_entry(void *context, uint64_t address, struct error *error)
{
	struct walk *walk = context;
	struct wait_queue_entry entry = { .address = address };
	uint64_t flags;

	if (!kernel_read_field(walk->kernel, address, &walk->task, &entry.private, error))
		return false;
	entry.task = entry.private ? task_find_address(walk->kernel, entry.private) : NULL;
	entry.func_known = walk->type->func && kernel_read_field(walk->kernel, address, &walk->func, &entry.func, NULL);
	entry.flags_known = walk->type->flags && kernel_read_field(walk->kernel, address, &walk->flags, &flags, NULL);
	entry.exclusive = entry.flags_known && (flags & WQ_FLAG_EXCLUSIVE);
	return walk->callback(walk->context, &entry);
}

bool wait_queue_for_each(struct kernel *kernel, uint64_t head, bool simple,
			 bool (*callback)(void *context, const struct wait_queue_entry *entry), void *context, struct error *error)
{
	struct walk walk = { .kernel = kernel, .callback = callback, .context = context };
	struct types *types = kernel->types;

	for (size_t i = 0; i < sizeof(queue_types) / sizeof(queue_types[0]); i++) {
		const struct queue_type *type = &queue_types[i];
		struct member list, link;

		walk.type = type;
		if (type->simple == simple && types_member(types, type->head, type->list, &list, NULL) &&
		    types_member(types, type->entry, type->link, &link, NULL) && types_member(types, type->entry, type->task, &walk.task, NULL) &&
		    (!type->func || types_member(types, type->entry, type->func, &walk.func, NULL)) &&
		    (!type->flags || types_member(types, type->entry, type->flags, &walk.flags, NULL)))
			return list_for_each(kernel, head + list.offset, link.offset, add_entry, &walk, error);
	}
	return error_set(error, ERROR_NO_MEMBER, "this kernel's wait queues are of no form that is known");
}
