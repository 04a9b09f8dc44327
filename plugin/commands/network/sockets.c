// SPDX-License-Identifier: GPL-3.0-or-later
/* sockets: all of a network namespace. The options are ss's. */
#include "kernel/network/sockets.h"

#include <inttypes.h>
#include <string.h>

#include "base/buffer.h"
#include "commands/command.h"
#include "commands/network/namespace.h"
#include "commands/tasks/task_cells.h"
#include "kernel/network/network.h"
#include "kernel/tasks/task.h"

static const struct option options[] = {
	{ 't', NULL, "only TCP's" },
	{ 'u', NULL, "only UDP's, with UDP-Lite's" },
	{ 'x', NULL, "only UNIX's" },
	NAMESPACE_OPTION,
	{ 0 }
};

enum { SOCK, TABLE, PROTO, FAMILY, PROTOCOL, NUMBER, STATE, RECEIVE, SEND, INODE, SOCKET };
static const struct column columns[] = {
	[SOCK] = { "sock", "SOCK", 16, COLUMN_ADDRESS },
	[TABLE] = { "table", NULL, 0, COLUMN_JSON_ONLY },
	[PROTO] = { "proto", "PROTO", 15, COLUMN_TEXT_ONLY },
	[FAMILY] = { "family", NULL, 0, COLUMN_JSON_ONLY },
	[PROTOCOL] = { "protocol", NULL, 0, COLUMN_JSON_ONLY },
	[NUMBER] = { "protocol_number", NULL, 0, COLUMN_JSON_ONLY },
	[STATE] = { "state", "STATE", 11, 0 },
	[RECEIVE] = { "receive", "RECEIVE", 7, COLUMN_RIGHT },
	[SEND] = { "send", "SEND", 7, COLUMN_RIGHT },
	[INODE] = { "inode_number", "INODE", 8, COLUMN_RIGHT },
	[SOCKET] = { "socket", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
};
static const struct shape shape = { "sockets", SHAPE_TABLE, columns, ARRAY_SIZE(columns) };

enum { LOCAL, REMOTE, PEER, TEXT };
static const struct column end_columns[] = {
	[LOCAL] = { "local", NULL, 0, COLUMN_JSON_ONLY },
	[REMOTE] = { "remote", NULL, 0, COLUMN_JSON_ONLY },
	[PEER] = { "peer", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[TEXT] = { "text", "                  %", 0, COLUMN_TEXT_ONLY },
};
static const struct shape ends_shape = { "ends", SHAPE_RECORD, end_columns, ARRAY_SIZE(end_columns) };

enum { USER_PID, USER_TASK, USER_COMM, USER_FD };
static const struct column user_columns[] = {
	[USER_PID] = { "pid", "                  PID %", 0, 0 },
	[USER_TASK] = { "task", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[USER_COMM] = { "comm", "%", 0, 0 },
	[USER_FD] = { "fd", "fd %", 0, 0 },
};
static const struct shape users_shape = { "users", SHAPE_PLAIN, user_columns, ARRAY_SIZE(user_columns) };

struct view {
	struct kernel *kernel;
	struct output *output;
	struct socket_owners owners;
	bool owners_known;
	struct error damage;
	size_t count;
};

/* The table's name says the protocol, but for netlink, which has many, and UNIX, which has kinds. */
static bool name_cells(struct output *output, const struct net_socket *socket)
{
	const struct socket_facts *facts = &socket->facts;
	const char *table = socket_table_name(socket->table), *family = socket_family_name(facts->family), *protocol = socket_protocol_name(facts);
	bool six = family && !strcmp(family, "INET6");

	if (!output_string(output, TABLE, table))
		return false;
	if (!facts->family)
		return output_string(output, PROTO, table);
	if (family ? !output_string(output, FAMILY, family) : !output_printf(output, FAMILY, "%u", facts->family))
		return false;
	if (protocol ? !output_string(output, PROTOCOL, protocol) : !output_printf(output, PROTOCOL, "%u", facts->protocol))
		return false;
	if (!output_uint(output, NUMBER, facts->protocol))
		return false;
	if (socket->table == SOCKETS_NETLINK)
		return output_printf(output, PROTO, "%s %u", table, facts->protocol);
	return socket->table == SOCKETS_UNIX && protocol ? output_printf(output, PROTO, "%s %s", table, protocol) :
							    output_printf(output, PROTO, "%s%s", table, six ? "6" : "");
}

static bool end_cells(struct output *output, const struct net_socket *socket)
{
	const struct socket_facts *facts = &socket->facts;
	struct buffer text = { 0 };
	bool more = output_begin(output, &ends_shape) && output_row(output);

	if (*facts->local || *facts->remote || facts->peer)
		buffer_printf(&text, "%s", *facts->local ? facts->local : "-");
	if (*facts->remote)
		buffer_printf(&text, " -> %s", facts->remote);
	else if (facts->peer)
		buffer_printf(&text, " -> sock 0x%" PRIx64, facts->peer);
	more = more && (!*facts->local || output_string(output, LOCAL, facts->local)) && (!*facts->remote || output_string(output, REMOTE, facts->remote)) &&
	       (!facts->peer || output_address(output, PEER, facts->peer)) && (!text.size || output_bytes(output, TEXT, text.data, text.size));
	buffer_free(&text);
	return more && output_end(output);
}

static bool user_cells(struct view *view, const struct socket_details *details)
{
	const struct socket_owner *owner = details->socket ? socket_owners_find(&view->owners, details->socket) : NULL;
	const struct socket_owner *end = view->owners.owners + view->owners.count;
	struct output *output = view->output;

	if (!view->owners_known || !details->socket_known)
		return true;
	if (!output_begin(output, &users_shape))
		return false;
	for (; owner && owner < end && owner->socket == details->socket; owner++)
		if (!output_row(output) || !output_uint(output, USER_PID, owner->task->pid) || !output_address(output, USER_TASK, owner->task->address) ||
		    !task_comm_cell(output, USER_COMM, owner->task) || !output_uint(output, USER_FD, owner->fd))
			return false;
	return output_end(output);
}

static bool each_socket(void *context, const struct net_socket *socket)
{
	struct view *view = context;
	struct output *output = view->output;
	const struct socket_facts *facts = &socket->facts;
	const char *state = socket_state_name(facts);
	struct socket_details details = { 0 };
	bool read = facts->family;

	view->count++;
	if (read)
		socket_details(view->kernel, facts, &details);
	if (socket->why.kind != ERROR_NONE)
		details.why = socket->why;
	return output_row(output) && output_address(output, SOCK, facts->sock) && name_cells(output, socket) &&
	       (!read || !state || output_string(output, STATE, state)) &&
	       (!details.receive_known || output_uint(output, RECEIVE, details.receive)) &&
	       (!details.send_known || output_uint(output, SEND, details.send)) &&
	       (!details.inode_known || output_uint(output, INODE, details.inode)) &&
	       (!details.socket || output_address(output, SOCKET, details.socket)) && end_cells(output, socket) && user_cells(view, &details) &&
	       (details.why.kind == ERROR_NONE || output_note(output, "not all of the sock at 0x%" PRIx64 " is known: %s", facts->sock, details.why.text));
}

static unsigned asked(const struct arguments *arguments)
{
	unsigned tables = 0;

	if (has_option(arguments, 't'))
		tables |= 1u << SOCKETS_TCP;
	if (has_option(arguments, 'u'))
		tables |= 1u << SOCKETS_UDP | 1u << SOCKETS_UDPLITE;
	if (has_option(arguments, 'x'))
		tables |= 1u << SOCKETS_UNIX;
	return tables ? tables : (1u << NR_SOCKET_TABLES) - 1;
}

static bool show(struct view *view, uint64_t net, unsigned tables, struct error *error)
{
	struct error damage = { .kind = ERROR_NONE };
	bool done;

	view->owners_known = socket_owners_read(view->kernel, &view->owners, &damage, error);
	if (!view->owners_known) {
		if (error->kind == ERROR_INTERRUPTED || error->kind == ERROR_NO_MEMORY)
			return false;
		damage = *error;
		*error = (struct error){ .kind = ERROR_NONE };
	}
	if (damage.kind != ERROR_NONE) {
		output_note(view->output, "the sockets may have more users: %s", damage.text);
		view->damage = damage;
	}
	output_begin(view->output, &shape);
	done = sockets_for_each(view->kernel, net, tables, each_socket, view, &view->damage, error);
	output_end(view->output);
	if (done && !view->count && view->damage.kind == ERROR_NONE)
		output_note(view->output, "there is no such socket");
	return done;
}

static bool sockets_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
			struct error *error)
{
	struct view view = { .kernel = kernel, .output = output };
	uint64_t net;
	bool done;

	if (!namespace_select(kernel, arguments, host, output, "sockets", &net, error))
		return false;
	namespace_show(kernel, output, net);
	done = show(&view, net, asked(arguments), error);
	socket_owners_free(&view.owners);
	if (!done)
		return error_prefix(error, "sockets");
	return view.damage.kind == ERROR_NONE || error_set(error, ERROR_PARTIAL, "sockets: not all could be read: %s", view.damage.text);
}

static const char help[] =
	"Shows the sockets of a network namespace, the first one unless -n says which,\n"
	"as the kernel's own tables have them: TCP's, UDP's, raw ones, UNIX's, netlink's\n"
	"(with the protocol's number) and packet sockets. Not shown: TCP's that neither\n"
	"listen nor connect, UDP's that are not bound, ping's, SCTP's, MPTCP's own (its\n"
	"parts are TCP's), and families other than these.\n"
	"\n"
	"Below each its addresses: its own, and the other end's after \"->\"; and who has\n"
	"it open by which descriptor. The kernel's own are nobody's, as are those that\n"
	"are on their way in a message, or whose process has gone.\n"
	"RECEIVE and SEND are what /proc/net has: bytes of TCP that were received and not\n"
	"read, sent and not acknowledged; else the memory that they take. What UNIX's\n"
	"received is counted in bytes. Of TCP or UNIX that listens, RECEIVE is how many\n"
	"connections wait to be accepted. INODE 0: it has no inode, as in TIME_WAIT.\n"
	"\n"
	"JSON: \"namespace\", and \"sockets\", of each \"ends\" and \"users\"; without \"users\"\n"
	"who has it open is not known.\n"
	"\n"
	"Examples:\n"
	"(gdb) kernel sockets -t\n"
	"      SOCK        PROTO            STATE        RECEIVE     SEND     INODE\n"
	"ff112561bf3d09c0  TCP6             LISTEN             0        0     11956\n"
	"                  [::1]:7779\n"
	"                  PID 216 rig-tcp fd 7\n"
	"ff112561bfd2f500  TCP              LISTEN             0        0      1166\n"
	"                  127.0.0.1:7777\n"
	"                  PID 216 rig-tcp fd 3\n"
	"ff112561bfd2e300  TCP              ESTABLISHED        0        0      1167\n"
	"                  127.0.0.1:35420 -> 127.0.0.1:7777\n"
	"                  PID 216 rig-tcp fd 4\n"
	"ff112561bf7fd100  TCP              ESTABLISHED       42        0     11954\n"
	"                  127.0.0.1:7777 -> 127.0.0.1:35420\n"
	"                  PID 216 rig-tcp fd 5\n";

static const struct mi_name mi_names[] = { { "sockets", NULL }, { 0 } };

const struct command command_sockets = {
	.name = "sockets",
	.mi = mi_names,
	.summary = "Show the sockets of a network namespace.",
	.usage = "sockets [-t] [-u] [-x] [-n [PID|TASK|NET]]",
	.help = help,
	.options = options,
	.words = COMPLETE_TASK,
	.run = sockets_run,
};
