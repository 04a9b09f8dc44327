// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/files/socket.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The numbers of families and protocols are the ABI's. */
enum { UNIX = 1, INET = 2, INET6 = 10, NETLINK = 16 };
enum { TCP = 6, UDP = 17 };

static bool read_common(struct kernel *kernel, uint64_t sock, const char *member, uint64_t *value, struct error *error)
{
	return kernel_read_member(kernel, sock, "sock_common", member, value, error);
}

/* The number of a port as it stands in a packet. */
static bool read_port(struct kernel *kernel, uint64_t sock, unsigned *port, struct error *error)
{
	struct member member;
	uint8_t bytes[2];

	if (!types_member(kernel->types, "sock_common", "skc_dport", &member, error) ||
	    !memory_read(kernel->memory, sock + member.offset, bytes, sizeof(bytes), error))
		return false;
	*port = bytes[0] << 8 | bytes[1];
	return true;
}

static bool read_inet(struct kernel *kernel, uint64_t sock, bool six, const char *name, unsigned port, char *text, size_t size,
		      struct error *error)
{
	char address[INET6_ADDRSTRLEN];
	uint8_t bytes[16] = { 0 };
	struct member member;

	if (!types_member(kernel->types, "sock_common", name, &member, error) ||
	    !memory_read(kernel->memory, sock + member.offset, bytes, six ? 16 : 4, error))
		return false;
	inet_ntop(six ? AF_INET6 : AF_INET, bytes, address, sizeof(address));
	snprintf(text, size, six ? "[%s]:%u" : "%s:%u", address, port);
	return true;
}

static bool inet(struct kernel *kernel, struct socket_facts *facts, struct error *error)
{
	bool six = facts->family == INET6;
	unsigned port = 0;
	uint64_t own;

	if (!read_common(kernel, facts->sock, "skc_num", &own, error) ||
	    !read_inet(kernel, facts->sock, six, six ? "skc_v6_rcv_saddr" : "skc_rcv_saddr", (unsigned)own, facts->local,
		       sizeof(facts->local), error) ||
	    !read_port(kernel, facts->sock, &port, error))
		return false;
	return !port || read_inet(kernel, facts->sock, six, six ? "skc_v6_daddr" : "skc_daddr", port, facts->remote,
				  sizeof(facts->remote), error);
}

/* The name that the unix socket SOCK is bound to; an abstract one begins with "@", as /proc/net/unix has it. */
static bool unix_name(struct kernel *kernel, uint64_t sock, char *text, size_t size, struct error *error)
{
	uint64_t address, length;
	struct member name;
	char path[128] = { 0 };

	if (!kernel_read_member(kernel, sock, "unix_sock", "addr", &address, error))
		return false;
	if (!address)
		return true;
	if (!kernel_read_member(kernel, address, "unix_address", "len", &length, error) ||
	    !types_member(kernel->types, "unix_address", "name", &name, error))
		return false;
	/* sockaddr_un: two bytes of family, 108 of path. */
	if (length < 2 || length > 110)
		return error_set(error, ERROR_CORRUPT, "the name of unix socket 0x%" PRIx64 " has %" PRIu64 " bytes", sock, length);
	length -= 2;
	if (!memory_read(kernel->memory, address + name.offset + 2, path, length, error))
		return false;
	for (uint64_t i = 0; i < length; i++)
		if (!path[i] && (!i || !path[0] || path[0] == '@'))
			path[i] = '@';
	snprintf(text, size, "%s", path);
	return true;
}

static bool local_unix(struct kernel *kernel, struct socket_facts *facts, struct error *error)
{
	if (!unix_name(kernel, facts->sock, facts->local, sizeof(facts->local), error) ||
	    !kernel_read_member(kernel, facts->sock, "unix_sock", "peer", &facts->peer, error))
		return false;
	return !facts->peer || unix_name(kernel, facts->peer, facts->remote, sizeof(facts->remote), error);
}

static bool netlink(struct kernel *kernel, struct socket_facts *facts, struct error *error)
{
	uint64_t port;

	if (!kernel_read_member(kernel, facts->sock, "netlink_sock", "portid", &port, error))
		return false;
	snprintf(facts->local, sizeof(facts->local), "port %" PRIu64, port);
	return true;
}

static const struct {
	unsigned family;
	bool (*read)(struct kernel *kernel, struct socket_facts *facts, struct error *error);
} families[] = { { UNIX, local_unix }, { INET, inet }, { INET6, inet }, { NETLINK, netlink } };

/*
 * TCP's socket that waits out its end is a smaller structure with the same beginning, as is, since 4.4, one that a SYN has asked for. (The
 * state of the former is that of waiting; its own is beside it.) Type and protocol are not in them.
 */
enum { TIME_WAIT = 6, NEW_SYN_RECV = 12 };

static bool is_mini(const struct socket_facts *facts)
{
	return (facts->family == INET || facts->family == INET6) && (facts->state == TIME_WAIT || facts->state == NEW_SYN_RECV);
}

static bool read_kind(struct kernel *kernel, struct socket_facts *facts, struct error *error)
{
	uint64_t type = 1, protocol = TCP, state = facts->state;

	facts->mini = is_mini(facts);
	if (!facts->mini && (!kernel_read_member(kernel, facts->sock, "sock", "sk_type", &type, error) ||
			     !kernel_read_member(kernel, facts->sock, "sock", "sk_protocol", &protocol, error)))
		return false;
	if (facts->state == TIME_WAIT && facts->mini && !kernel_read_member(kernel, facts->sock, "inet_timewait_sock", "tw_substate", &state, error))
		return false;
	facts->type = (unsigned)type;
	facts->protocol = (unsigned)protocol;
	facts->state = (unsigned)state;
	return true;
}

bool sock_read(struct kernel *kernel, uint64_t sock, struct socket_facts *facts, struct error *error)
{
	uint64_t family, state;

	*facts = (struct socket_facts){ 0 };
	if (!read_common(kernel, sock, "skc_family", &family, error) || !read_common(kernel, sock, "skc_state", &state, error))
		return false;
	*facts = (struct socket_facts){ .sock = sock, .family = (unsigned)family, .state = (unsigned)state };
	if (!read_kind(kernel, facts, error)) {
		*facts = (struct socket_facts){ 0 };
		return false;
	}
	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
		if (families[i].family == facts->family)
			return families[i].read(kernel, facts, error);
	return true;
}

bool socket_read(struct kernel *kernel, uint64_t address, struct socket_facts *facts, struct error *error)
{
	uint64_t sock;

	*facts = (struct socket_facts){ 0 };
	if (!kernel_read_member(kernel, address, "socket", "sk", &sock, error))
		return false;
	if (!sock)
		return error_set(error, ERROR_CORRUPT, "socket 0x%" PRIx64 " has no sock", address);
	return sock_read(kernel, sock, facts, error);
}

const char *socket_family_name(unsigned family)
{
	static const char *const names[] = {
		[UNIX] = "UNIX", [INET] = "INET", [INET6] = "INET6", [NETLINK] = "NETLINK", [17] = "PACKET", [15] = "KEY",
		[29] = "CAN", [30] = "TIPC", [31] = "BLUETOOTH", [38] = "ALG", [40] = "VSOCK", [43] = "SMC", [44] = "XDP",
	};

	return family < sizeof(names) / sizeof(*names) ? names[family] : NULL;
}

const char *socket_protocol_name(const struct socket_facts *facts)
{
	static const struct { unsigned number; const char *name; } protocols[] = {
		{ 1, "ICMP" }, { TCP, "TCP" }, { UDP, "UDP" }, { 58, "ICMPV6" }, { 132, "SCTP" }, { 136, "UDPLITE" }, { 255, "RAW" },
		{ 262, "MPTCP" },
	};
	static const char *const types[] = { NULL, "STREAM", "DGRAM", "RAW", "RDM", "SEQPACKET", "DCCP", NULL, NULL, NULL, "PACKET" };

	if (facts->family == INET || facts->family == INET6)
		for (size_t i = 0; i < sizeof(protocols) / sizeof(*protocols); i++)
			if (protocols[i].number == facts->protocol)
				return protocols[i].name;
	return facts->type < sizeof(types) / sizeof(*types) ? types[facts->type] : NULL;
}

const char *socket_state_name(const struct socket_facts *facts)
{
	/* include/net/tcp_states.h, which unix sockets use, too. */
	static const char *const names[] = {
		NULL, "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT",
		"LAST_ACK", "LISTEN", "CLOSING", "NEW_SYN_RECV", "BOUND_INACTIVE",
	};
	bool has = facts->family == UNIX || facts->family == INET || facts->family == INET6;

	return has && facts->state < sizeof(names) / sizeof(*names) ? names[facts->state] : NULL;
}
