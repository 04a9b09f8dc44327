// SPDX-License-Identifier: GPL-3.0-or-later
/* What there is to say of a file beside its name; a kind more is a row of the table at the end. */
#include <inttypes.h>

#include "base/buffer.h"
#include "kernel/containers.h"
#include "kernel/files/files.h"
#include "kernel/files/socket.h"

static bool eventfd(struct kernel *kernel, const struct open_file *file, struct buffer *text, struct error *error)
{
	uint64_t count;

	if (!kernel_read_member(kernel, file->private_data, "eventfd_ctx", "count", &count, error))
		return false;
	buffer_printf(text, "count %" PRIu64, count);
	return true;
}

struct targets {
	struct kernel *kernel;
	struct buffer *text;
	unsigned count;
};

#define MAX_TARGETS 64		/* that are named */

static bool one_target(void *context, uint64_t item, struct error *error)
{
	struct targets *targets = context;
	uint64_t fd, events;

	if (!kernel_read_member(targets->kernel, item, "epitem", "ffd.fd", &fd, error) ||
	    !kernel_read_member(targets->kernel, item, "epitem", "event.events", &events, error))
		return false;
	if (targets->count++ < MAX_TARGETS)
		buffer_printf(targets->text, "%s%d:%" PRIx64, targets->count > 1 ? " " : "targets ", (int)fd, events);
	return true;
}

static bool epoll(struct kernel *kernel, const struct open_file *file, struct buffer *text, struct error *error)
{
	struct targets targets = { kernel, text, 0 };
	struct member root, node;
	bool whole;

	if (!types_member(kernel->types, "eventpoll", "rbr", &root, error) ||
	    !types_member(kernel->types, "epitem", "rbn", &node, error))
		return false;
	whole = rbtree_for_each(kernel, file->private_data + root.offset, node.offset, one_target, &targets, error);
	if (targets.count > MAX_TARGETS)
		buffer_printf(text, " and %u more", targets.count - MAX_TARGETS);
	if (whole && !targets.count)
		buffer_string(text, "no targets");
	return whole;
}

static bool pipe_ends(struct kernel *kernel, const struct open_file *file, struct buffer *text, struct error *error)
{
	uint64_t readers, writers, head, tail, used;

	if (!kernel_read_member(kernel, file->private_data, "pipe_inode_info", "readers", &readers, error) ||
	    !kernel_read_member(kernel, file->private_data, "pipe_inode_info", "writers", &writers, error))
		return false;
	/* Until 5.5 (8cefc107ca54) they were counted. */
	if (types_has_member(kernel->types, "pipe_inode_info", "nrbufs")) {
		if (!kernel_read_member(kernel, file->private_data, "pipe_inode_info", "nrbufs", &used, error))
			return false;
	} else {
		if (!kernel_read_member(kernel, file->private_data, "pipe_inode_info", "head", &head, error) ||
		    !kernel_read_member(kernel, file->private_data, "pipe_inode_info", "tail", &tail, error))
			return false;
		used = (uint32_t)(head - tail);
	}
	buffer_printf(text, "readers %" PRIu64 ", writers %" PRIu64 ", buffers %" PRIu64, readers, writers, used);
	return true;
}

static void name_or_number(struct buffer *text, const char *name, unsigned number)
{
	if (name)
		buffer_string(text, name);
	else
		buffer_printf(text, "%u", number);
}

static bool socket_ends(struct kernel *kernel, const struct open_file *file, struct buffer *text, struct error *error)
{
	struct socket_facts facts;
	bool whole = socket_read(kernel, file->private_data, &facts, error);

	if (!facts.sock)
		return whole;
	name_or_number(text, socket_family_name(facts.family), facts.family);
	buffer_char(text, ' ');
	name_or_number(text, socket_protocol_name(&facts), facts.type);
	if (facts.local[0])
		buffer_printf(text, " %s", facts.local);
	if (facts.remote[0])
		buffer_printf(text, " to %s", facts.remote);
	if (facts.peer)
		buffer_printf(text, " peer %" PRIx64, facts.peer);
	if (socket_state_name(&facts))
		buffer_printf(text, " %s", socket_state_name(&facts));
	return whole;
}

bool file_details(struct kernel *kernel, const struct open_file *file, struct buffer *text, struct error *error)
{
	static const struct {
		const char *operations;
		bool (*show)(struct kernel *kernel, const struct open_file *file, struct buffer *text, struct error *error);
	} kinds[] = {
		{ "socket_file_ops", socket_ends }, { "pipefifo_fops", pipe_ends },
		/* Since 6.15 pipes without a name have their own. */
		{ "pipeanon_fops", pipe_ends }, { "eventfd_fops", eventfd }, { "eventpoll_fops", epoll },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (file_is(kernel, file, kinds[i].operations))
			return kinds[i].show(kernel, file, text, error);
	return true;
}
