// SPDX-License-Identifier: GPL-3.0-or-later
/* foreach: what a command sees of gdb that is run for one task after the other. */
#include "commands/tasks/foreach.h"

bool foreach_host_select(struct foreach_host *host, struct error *error)
{
	if (!host->below || !host->below->select_task)
		return error_set(error, ERROR_USAGE, "there is no gdb that could select a thread");
	if (host->selected == host->task->address)
		return true;
	host->selected = 0;
	if (!host->below->select_task(host->below->context, &host->state, host->task->address, error))
		return false;
	host->selected = host->task->address;
	return true;
}

void foreach_host_done(struct foreach_host *host)
{
	if (host->state)
		host->below->select_task(host->below->context, &host->state, 0, NULL);
}

static size_t source(void *context, uint64_t pc, bool exact, const struct source_frame **frames_ret)
{
	return host_source(((struct foreach_host *)context)->below, pc, exact, frames_ret);
}

static bool evaluate(void *context, const char *expression, uint64_t *value_ret, struct error *error)
{
	struct foreach_host *host = context;

	return foreach_host_select(host, error) && host->below->evaluate(host->below->context, expression, value_ret, error);
}

static bool print(void *context, const char *expression, const char *format, struct buffer *text, struct error *error)
{
	struct foreach_host *host = context;

	return foreach_host_select(host, error) && host->below->print(host->below->context, expression, format, text, error);
}

static uint64_t selected_task(void *context)
{
	return ((struct foreach_host *)context)->task->address;
}

static unsigned width(void *context)
{
	const struct host *below = ((struct foreach_host *)context)->below;

	return below->width(below->context);
}

static bool interrupted(void *context)
{
	const struct host *below = ((struct foreach_host *)context)->below;

	return below->interrupted(below->context);
}

void foreach_host_init(struct foreach_host *host, const struct host *below)
{
	*host = (struct foreach_host){ .below = below, .host = { .selected_task = selected_task, .context = host } };
	if (!below)
		return;
	host->host.source = source;
	host->host.evaluate = below->evaluate ? evaluate : NULL;
	host->host.print = below->print ? print : NULL;
	host->host.width = below->width ? width : NULL;
	host->host.interrupted = below->interrupted ? interrupted : NULL;
}
