// SPDX-License-Identifier: GPL-3.0-or-later
/* What a timer stands for, where its function tells which structure it lies in. */
#include <string.h>

#include "kernel/scheduler/timers.h"

static const struct owner {
	const char *function, *type, *timer, *what;
	bool task;
} owners[] = {
	/* schedule_timeout(); since 4.15 (58e1177b4cd1) */
	{ "process_timeout", "process_timer", "timer", "task", true },
	{ "hrtimer_wakeup", "hrtimer_sleeper", "timer", "task", true },
	{ "delayed_work_timer_fn", "delayed_work", "timer", "work.func", false },
	{ "kthread_delayed_work_timer_fn", "kthread_delayed_work", "timer", "work.func", false },
};

bool timer_owner(struct kernel *kernel, const struct timer *timer, const char *name, uint64_t *task_ret, uint64_t *function_ret)
{
	*task_ret = *function_ret = 0;
	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		const struct owner *owner = &owners[i];
		struct member member;
		uint64_t value;

		if (strcmp(owner->function, name) || !types_member(kernel->types, owner->type, owner->timer, &member, NULL))
			continue;
		if (!kernel_read_member(kernel, timer->address - member.offset, owner->type, owner->what, &value, NULL) || !value)
			return false;
		*(owner->task ? task_ret : function_ret) = value;
		return true;
	}
	return false;
}
