/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sockets: family, protocol, state, addresses. A family more is a function in socket.c's table. */
#ifndef VMCORE_KERNEL_SOCKET_H
#define VMCORE_KERNEL_SOCKET_H

#include "kernel/kernel.h"

struct socket_facts {
	uint64_t sock;		/* struct sock */
	uint64_t peer;		/* the unix socket at the other end; 0 = none */
	unsigned family, type, protocol, state;
	/* It is no whole struct sock but what TCP keeps of one that is not open yet, or no more (request_sock, inet_timewait_sock). */
	bool mini;
	/* "127.0.0.1:80", "[::1]:80", a path; "" = it has none, or the family's are not known to us. Any bytes. */
	char local[160], remote[160];
};

/* Of the struct socket at ADDRESS. False where not all could be read: what was is there (sock is 0 if nothing). */
bool socket_read(struct kernel *kernel, uint64_t address, struct socket_facts *facts, struct error *error);
/* The same of the struct sock at SOCK. */
bool sock_read(struct kernel *kernel, uint64_t sock, struct socket_facts *facts, struct error *error);
/* "UNIX", "INET"; NULL: a number. */
const char *socket_family_name(unsigned family);
/* "TCP", "UDP", or for families without protocols what it carries: "STREAM"; NULL: a number. */
const char *socket_protocol_name(const struct socket_facts *facts);
/* "LISTEN"; NULL where the family has no such states. */
const char *socket_state_name(const struct socket_facts *facts);

#endif
