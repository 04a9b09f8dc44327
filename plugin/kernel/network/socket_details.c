// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/network/sockets.h"

#include <inttypes.h>

#include "kernel/containers.h"

enum { UNIX = 1, INET = 2, INET6 = 10 };
enum { TCP = 6, UDP = 17 };
enum { LISTEN = 10 };

static bool read_sock(struct kernel *kernel, const struct socket_facts *facts, const char *member, uint64_t *value, struct error *error)
{
	return kernel_read_member(kernel, facts->sock, "sock", member, value, error);
}

static bool is_inet(const struct socket_facts *facts)
{
	return facts->family == INET || facts->family == INET6;
}

/* A refcount_t since 4.13; it begins at 1. */
static bool memory_sent(struct kernel *kernel, const struct socket_facts *facts, uint64_t *bytes, struct error *error)
{
	bool counts = types_has_member(kernel->types, "sock", "sk_wmem_alloc.refs.counter");
	uint64_t value;

	if (!read_sock(kernel, facts, counts ? "sk_wmem_alloc.refs.counter" : "sk_wmem_alloc.counter", &value, error))
		return false;
	value = (uint32_t)value;
	if (!value || value > INT32_MAX)
		return error_set(error, ERROR_CORRUPT, "sk_wmem_alloc of sock 0x%" PRIx64 " is %" PRIu64, facts->sock, value);
	*bytes = value - 1;
	return true;
}

/* Of UDP what was read is not given back at once: forward_deficit of it is free already. */
static bool memory_received(struct kernel *kernel, const struct socket_facts *facts, uint64_t *bytes, struct error *error)
{
	bool udp = is_inet(facts) && facts->protocol == UDP && types_has_member(kernel->types, "udp_sock", "forward_deficit");
	uint64_t value, deficit = 0;

	if (!read_sock(kernel, facts, "sk_backlog.rmem_alloc.counter", &value, error) ||
	    (udp && !kernel_read_member(kernel, facts->sock, "udp_sock", "forward_deficit", &deficit, error)))
		return false;
	value = (uint32_t)value;
	deficit = (uint32_t)deficit;
	if (value > INT32_MAX || deficit > value)
		return error_set(error, ERROR_CORRUPT, "sock 0x%" PRIx64 " would have received %" PRIu64 " bytes, %" PRIu64 " of them read", facts->sock, value,
				 deficit);
	*bytes = value - deficit;
	return true;
}

/* The sequence numbers go round. */
static bool difference(struct kernel *kernel, const struct socket_facts *facts, const char *to, const char *from, uint64_t *bytes, struct error *error)
{
	uint64_t end, begin;
	int32_t size;

	if (!kernel_read_member(kernel, facts->sock, "tcp_sock", to, &end, error) ||
	    !kernel_read_member(kernel, facts->sock, "tcp_sock", from, &begin, error))
		return false;
	size = (int32_t)((uint32_t)end - (uint32_t)begin);
	*bytes = size < 0 ? 0 : (uint64_t)size; /* the FIN counts as a byte, and can have been read */
	return true;
}

struct sum {
	struct kernel *kernel;
	uint64_t bytes;
	struct member data;	/* sk_buff.cb */
};

static bool each_buffer(void *context, uint64_t buffer, struct error *error)
{
	struct sum *sum = context;
	uint64_t length, consumed;

	if (!kernel_check_interrupt(sum->kernel, error) || !kernel_read_member(sum->kernel, buffer, "sk_buff", "len", &length, error) ||
	    !kernel_read_member(sum->kernel, buffer + sum->data.offset, "unix_skb_parms", "consumed", &consumed, error))
		return false;
	if (consumed > length)
		return error_set(error, ERROR_CORRUPT, "of sk_buff 0x%" PRIx64 ", %" PRIu64 " bytes long, %" PRIu64 " would have been read", buffer, length,
				 consumed);
	sum->bytes += length - consumed;
	return true;
}

static bool unix_received(struct kernel *kernel, const struct socket_facts *facts, uint64_t *bytes, struct error *error)
{
	struct sum sum = { .kernel = kernel };
	struct error why = { .kind = ERROR_NONE };
	struct member queue;

	if (!types_member(kernel->types, "sock", "sk_receive_queue", &queue, error) || !types_member(kernel->types, "sk_buff", "cb", &sum.data, error))
		return false;
	if (!list_for_each(kernel, facts->sock + queue.offset, 0, each_buffer, &sum, &why)) {
		*error = why;
		return false;
	}
	*bytes = sum.bytes;
	return true;
}

static bool received(struct kernel *kernel, const struct socket_facts *facts, uint64_t *bytes, struct error *error)
{
	if (is_inet(facts) && facts->protocol == TCP)
		return facts->state == LISTEN ? read_sock(kernel, facts, "sk_ack_backlog", bytes, error) :
						difference(kernel, facts, "rcv_nxt", "copied_seq", bytes, error);
	if (facts->family == UNIX)
		return facts->state == LISTEN ? read_sock(kernel, facts, "sk_receive_queue.qlen", bytes, error) :
						unix_received(kernel, facts, bytes, error);
	return memory_received(kernel, facts, bytes, error);
}

static bool sent(struct kernel *kernel, const struct socket_facts *facts, uint64_t *bytes, struct error *error)
{
	if (is_inet(facts) && facts->protocol == TCP)
		return difference(kernel, facts, "write_seq", "snd_una", bytes, error);
	return memory_sent(kernel, facts, bytes, error);
}

/* The inode is beside the struct socket; 0: nobody has it (any more, or yet). */
static bool inode(struct kernel *kernel, const struct socket_facts *facts, struct socket_details *details, struct error *error)
{
	struct member member;

	if (!read_sock(kernel, facts, "sk_socket", &details->socket, error))
		return false;
	details->socket_known = true;
	return !details->socket || (types_member(kernel->types, "socket_alloc", "vfs_inode", &member, error) &&
				    kernel_read_member(kernel, details->socket + member.offset, "inode", "i_ino", &details->inode, error));
}

static bool fact(bool known, struct error *why, struct error *first)
{
	if (!known && first->kind == ERROR_NONE)
		*first = *why;
	*why = (struct error){ .kind = ERROR_NONE };
	return known;
}

void socket_details(struct kernel *kernel, const struct socket_facts *facts, struct socket_details *details)
{
	struct error why = { .kind = ERROR_NONE };

	*details = (struct socket_details){ 0 };
	if (facts->mini) {
		details->receive_known = details->send_known = details->inode_known = details->socket_known = true;
		return;
	}
	details->receive_known = fact(received(kernel, facts, &details->receive, &why), &why, &details->why);
	details->send_known = fact(sent(kernel, facts, &details->send, &why), &why, &details->why);
	details->inode_known = fact(inode(kernel, facts, details, &why), &why, &details->why);
}
