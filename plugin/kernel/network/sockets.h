/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sockets of a namespace, by the tables in which the kernel finds them (sockets.c); what is in their queues, and their inodes
 * (socket_details.c); who has them open (owners.c).
 */
#ifndef VMCORE_KERNEL_SOCKETS_H
#define VMCORE_KERNEL_SOCKETS_H

#include "kernel/files/socket.h"

struct task;

/* One of the kernel's tables of sockets; UDP-Lite's is not in every kernel. */
enum socket_table { SOCKETS_TCP, SOCKETS_UDP, SOCKETS_UDPLITE, SOCKETS_RAW, SOCKETS_UNIX, SOCKETS_NETLINK, SOCKETS_PACKET, NR_SOCKET_TABLES };

struct net_socket {
	enum socket_table table;
	struct socket_facts facts;	/* what could be read; .sock always */
	struct error why;		/* kind ERROR_NONE, or why not all of the facts were */
};

/* The kernel's name of a table: "TCP". */
const char *socket_table_name(enum socket_table table);
/*
 * The sockets of NET that are in the tables with a bit in TABLES. What is not there or cannot be read is in *damage, by table, NULL the
 * end of it; as in network.h.
 */
bool sockets_for_each(struct kernel *kernel, uint64_t net, unsigned tables, bool (*callback)(void *context, const struct net_socket *socket),
		      void *context, struct error *damage, struct error *error);

struct socket_details {
	bool receive_known, send_known, socket_known, inode_known;
	/*
	 * Bytes that were received and not read, and that were sent and not acknowledged, as /proc/net has them: of TCP those of the stream,
	 * else what their buffers take. UNIX's received ones are counted, too. Of one that listens: connections that wait to be accepted.
	 */
	uint64_t receive, send;
	uint64_t socket;		/* struct socket; 0 = it has none (any more, or yet), and INODE is 0 then */
	uint64_t inode;			/* i_ino */
	struct error why;		/* kind ERROR_NONE, or why not all is known */
};
void socket_details(struct kernel *kernel, const struct socket_facts *facts, struct socket_details *details_ret);

/* Who has which socket open: sorted by socket. */
struct socket_owner {
	uint64_t socket;	/* struct socket */
	const struct task *task;
	unsigned fd;
};
struct socket_owners {
	struct socket_owner *owners;
	size_t count, room;
};
/* Of all processes, and threads with files of their own. *damage as in network.h. Free it also after a failure. */
bool socket_owners_read(struct kernel *kernel, struct socket_owners *owners, struct error *damage, struct error *error);
/* The first of SOCKET's; the others follow it. NULL: no process's descriptor leads to it. */
const struct socket_owner *socket_owners_find(const struct socket_owners *owners, uint64_t socket);
void socket_owners_free(struct socket_owners *owners);

#endif
