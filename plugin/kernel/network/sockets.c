// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/network/sockets.h"

#include <inttypes.h>
#include <string.h>

#include "kernel/containers.h"
#include "kernel/network/network.h"

/* TCP's hash grows with memory, up to 2^19 buckets; who sets more by thash_entries is believed that far. */
#define MAX_BUCKETS (1u << 24)
#define NR_NETLINK 32		/* MAX_LINKS of the ABI */
#define NR_UNIX 512		/* both halves: those with a path or name, and those without */

struct walk {
	struct kernel *kernel;
	uint64_t net;
	bool (*callback)(void *context, const struct net_socket *socket);
	void *context;
	struct error *damage;
	enum socket_table table;
	uint64_t node;		/* offset of what is chained */
	bool stopped;
};

/* --- one --- */

static bool each_node(void *context, uint64_t at, struct error *error)
{
	struct walk *walk = context;
	struct net_socket socket = { .table = walk->table };
	struct error why = { .kind = ERROR_NONE };
	uint64_t sock = at - walk->node, net;

	if (!kernel_check_interrupt(walk->kernel, error))
		return false;
	if (!network_of(walk->kernel, sock, "sock_common", "skc_net", &net, &why))
		return network_damage(walk->damage, &why, error);
	if (net != walk->net)
		return true;
	if (!sock_read(walk->kernel, sock, &socket.facts, &socket.why))
		socket.facts.sock = sock;
	walk->stopped = !walk->callback(walk->context, &socket);
	return !walk->stopped;
}

/* --- arrays of chains --- */

struct chains {
	uint64_t at, count, stride;	/* of the heads */
	bool nulls;
};

/* The heads are read in pieces; most are empty. */
static bool walk_piece(struct walk *walk, const struct chains *chains, uint64_t first, uint64_t count, const uint8_t *piece, struct error *error)
{
	size_t size = walk->kernel->arch->pointer_size;

	for (uint64_t i = 0; i < count && !walk->stopped; i++) {
		uint64_t head = chains->at + (first + i) * chains->stride, value;
		struct error why = { .kind = ERROR_NONE };

		if (piece) {
			value = memory_decode(walk->kernel->memory, piece + i * chains->stride, size);
			if (chains->nulls ? value & 1 : !value)
				continue;
		}
		if ((chains->nulls ? nulls_for_each : hlist_for_each)(walk->kernel, head, 0, each_node, walk, &why))
			continue;
		error_prefix(&why, "%s", socket_table_name(walk->table));
		if (!network_damage(walk->damage, &why, error))
			return false;
	}
	return true;
}

static bool walk_chains(struct walk *walk, const struct chains *chains, struct error *error)
{
	uint8_t piece[4096];
	uint64_t step;

	if (!chains->stride || chains->stride > sizeof(piece) || chains->count > MAX_BUCKETS)
		return error_set(error, ERROR_CORRUPT, "%s's table at 0x%" PRIx64 " would have %" PRIu64 " chains", socket_table_name(walk->table),
				 chains->at, chains->count);
	step = sizeof(piece) / chains->stride;
	for (uint64_t first = 0, count; first < chains->count && !walk->stopped; first += count) {
		bool read;

		count = chains->count - first < step ? chains->count - first : step;
		if (!kernel_check_interrupt(walk->kernel, error))
			return false;
		/* What of it cannot be read, the walk of each chain says. */
		read = memory_read(walk->kernel->memory, chains->at + first * chains->stride, piece, count * chains->stride, NULL);
		if (!walk_piece(walk, chains, first, count, read ? piece : NULL, error))
			return false;
	}
	return true;
}

/* COUNT structures of TYPE with the chain's head MEMBER at AT. */
static bool walk_heads(struct walk *walk, uint64_t at, uint64_t count, const char *type, const char *member, struct error *error)
{
	struct chains chains = { .count = count };
	struct member head;

	if (!types_size(walk->kernel->types, type, &chains.stride, error) || !types_member(walk->kernel->types, type, member, &head, error))
		return false;
	chains.at = at + head.offset;
	chains.nulls = !strcmp(head.type_name, "hlist_nulls_head");
	return walk_chains(walk, &chains, error);
}

/* --- TCP --- */

/*
 * What listens: in newer kernels in lhash2; before, listening_hash has it, an array in the table. (There, lhash2 is chained by another node.)
 * The chains are hlist_nulls but for the kernels from 4.7 to 5.4.
 */
static bool walk_listening(struct walk *walk, uint64_t table, struct error *error)
{
	struct kernel *kernel = walk->kernel;
	struct member hash;
	uint64_t heads, mask;
	bool nulls = types_has_member(kernel->types, "inet_listen_hashbucket", "nulls_head");

	if (types_member(kernel->types, "inet_hashinfo", "listening_hash", &hash, NULL))
		return walk_heads(walk, table + hash.offset, hash.count, "inet_listen_hashbucket", nulls ? "nulls_head" : "head", error);
	return kernel_read_member(kernel, table, "inet_hashinfo", "lhash2", &heads, error) &&
	       kernel_read_member(kernel, table, "inet_hashinfo", "lhash2_mask", &mask, error) &&
	       walk_heads(walk, heads, mask + 1, "inet_listen_hashbucket", nulls ? "nulls_head" : "head", error);
}

/* The table is the namespace's own, or the one of all: in newer kernels the namespace says which. */
static bool walk_tcp(struct walk *walk, struct error *error)
{
	struct kernel *kernel = walk->kernel;
	struct error why = { .kind = ERROR_NONE };
	struct member row;
	uint64_t table, heads, mask;

	if (types_member(kernel->types, "net", "ipv4.tcp_death_row.hashinfo", &row, NULL)) {
		if (!kernel_read_field(kernel, walk->net, &row, &table, error))
			return false;
	} else if (!kernel_symbol(kernel, "tcp_hashinfo", &table, error)) {
		return false;
	}
	if (!walk_listening(walk, table, &why) && !network_damage(walk->damage, &why, error))
		return false;
	if (walk->stopped)
		return true;
	if (!kernel_read_member(kernel, table, "inet_hashinfo", "ehash", &heads, error) ||
	    !kernel_read_member(kernel, table, "inet_hashinfo", "ehash_mask", &mask, error) ||
	    !walk_heads(walk, heads, mask + 1, "inet_ehash_bucket", "chain", error))
		return false;
	/* Before 3.13 those that wait out their end were in a chain of their own. */
	return walk->stopped || !types_has_member(kernel->types, "inet_ehash_bucket", "twchain") ||
	       walk_heads(walk, heads, mask + 1, "inet_ehash_bucket", "twchain", error);
}

/* --- UDP, raw --- */

static bool walk_udp_table(struct walk *walk, uint64_t table, struct error *error)
{
	uint64_t heads, mask;

	return kernel_read_member(walk->kernel, table, "udp_table", "hash", &heads, error) &&
	       kernel_read_member(walk->kernel, table, "udp_table", "mask", &mask, error) &&
	       walk_heads(walk, heads, mask + 1, "udp_hslot", "head", error);
}

/* In newer kernels the namespace says which. */
static bool walk_udp(struct walk *walk, struct error *error)
{
	struct member row;
	uint64_t table;

	if (types_member(walk->kernel->types, "net", "ipv4.udp_table", &row, NULL)) {
		if (!kernel_read_field(walk->kernel, walk->net, &row, &table, error))
			return false;
	} else if (!kernel_symbol(walk->kernel, "udp_table", &table, error)) {
		return false;
	}
	return walk_udp_table(walk, table, error);
}

static bool walk_udplite(struct walk *walk, struct error *error)
{
	uint64_t table;

	return !kernel_symbol(walk->kernel, "udplite_table", &table, NULL) || walk_udp_table(walk, table, error);
}

static bool walk_raw(struct walk *walk, struct error *error)
{
	static const char *const names[] = { "raw_v4_hashinfo", "raw_v6_hashinfo" };
	struct kernel *kernel = walk->kernel;
	struct member row;

	if (!types_member(kernel->types, "raw_hashinfo", "ht", &row, error))
		return false;
	for (unsigned i = 0; i < 2 && !walk->stopped; i++) {
		struct chains chains = { .count = row.count, .stride = row.element_size, .nulls = !strcmp(row.type_name, "hlist_nulls_head") };

		/* IPv6 may be left out of a kernel, or be a module's. */
		if (!kernel_symbol(kernel, names[i], &chains.at, i ? NULL : error)) {
			if (i)
				continue;
			return false;
		}
		chains.at += row.offset;
		if (!walk_chains(walk, &chains, error))
			return false;
	}
	return true;
}

/* --- UNIX, netlink, packet --- */

/* In newer kernels the namespace's own. */
static bool walk_unix(struct walk *walk, struct error *error)
{
	struct kernel *kernel = walk->kernel;
	struct chains chains = { .count = NR_UNIX, .stride = kernel->arch->pointer_size };
	struct member row;

	if (types_member(kernel->types, "net", "unx.table.buckets", &row, NULL)) {
		if (!kernel_read_field(kernel, walk->net, &row, &chains.at, error))
			return false;
	} else if (!kernel_symbol(kernel, "unix_socket_table", &chains.at, error)) {
		return false;
	}
	return walk_chains(walk, &chains, error);
}

/* The chain of one bucket: in newer kernels (struct rhash_lock_head) its lowest bit is a lock, and nothing is 0; before, nothing is odd. */
static bool walk_bucket(struct walk *walk, uint64_t bucket, bool locks, struct error *error)
{
	struct error why = { .kind = ERROR_NONE };
	uint64_t first;

	if (!kernel_read_pointer(walk->kernel, bucket, &first, error))
		return false;
	if (!locks)
		return nulls_for_each(walk->kernel, bucket, 0, each_node, walk, error);
	first &= ~(uint64_t)1;
	if (!first)
		return true;
	if (!each_node(walk, first, &why)) {
		if (why.kind != ERROR_NONE)
			*error = why;
		return why.kind == ERROR_NONE;
	}
	return nulls_for_each(walk->kernel, first, 0, each_node, walk, error);
}

static bool walk_bucket_table(struct walk *walk, uint64_t table, uint64_t *next, struct error *error)
{
	struct kernel *kernel = walk->kernel;
	struct member buckets;
	uint64_t size, lock, nest = 0;
	bool locks;

	if (!kernel_read_member(kernel, table, "bucket_table", "size", &size, error) ||
	    !types_member(kernel->types, "bucket_table", "buckets", &buckets, error) ||
	    (types_has_member(kernel->types, "bucket_table", "nest") && !kernel_read_member(kernel, table, "bucket_table", "nest", &nest, error)) ||
	    !kernel_read_member(kernel, table, "bucket_table", "future_tbl", next, error))
		return false;
	if (nest)
		return error_set(error, ERROR_UNSUPPORTED, "netlink's table at 0x%" PRIx64 " is a nested one, whose sockets are not looked for", table);
	if (size > MAX_BUCKETS)
		return error_set(error, ERROR_CORRUPT, "netlink's table at 0x%" PRIx64 " would have %" PRIu64 " chains", table, size);
	locks = types_size(kernel->types, "rhash_lock_head", &lock, NULL);
	for (uint64_t i = 0; i < size && !walk->stopped; i++) {
		struct error why = { .kind = ERROR_NONE };

		if (!kernel_check_interrupt(kernel, error))
			return false;
		if (walk_bucket(walk, table + buckets.offset + i * kernel->arch->pointer_size, locks, &why))
			continue;
		error_prefix(&why, "%s", socket_table_name(walk->table));
		if (!network_damage(walk->damage, &why, error))
			return false;
	}
	return true;
}

/* A table that grows has a second one into which its entries go. */
static bool walk_rhashtable(struct walk *walk, uint64_t hash, struct error *error)
{
	uint64_t table, next;
	unsigned count = 0;

	if (!kernel_read_member(walk->kernel, hash, "rhashtable", "tbl", &table, error))
		return false;
	for (; table && !walk->stopped; table = next) {
		if (++count > 64)
			return error_set(error, ERROR_CORRUPT, "netlink's table at 0x%" PRIx64 " is followed by others without end", hash);
		if (!walk_bucket_table(walk, table, &next, error))
			return false;
	}
	return true;
}

/* An rhashtable since 3.17; before, chains of the common node (nl_portid_hash). */
static bool walk_protocol(struct walk *walk, uint64_t at, struct error *error)
{
	struct kernel *kernel = walk->kernel;
	struct chains chains = { .stride = kernel->arch->pointer_size };
	struct member hash, node;
	uint64_t mask;

	if (!types_member(kernel->types, "netlink_table", "hash", &hash, error))
		return false;
	if (!strcmp(hash.type_name, "rhashtable")) {
		if (!types_member(kernel->types, "netlink_sock", "node", &node, error))
			return false;
		walk->node = node.offset;
		return walk_rhashtable(walk, at + hash.offset, error);
	}
	if (!kernel_read_member(kernel, at, "netlink_table", "hash.table", &chains.at, error) ||
	    !kernel_read_member(kernel, at, "netlink_table", "hash.mask", &mask, error))
		return false;
	chains.count = mask + 1;
	return !chains.at || walk_chains(walk, &chains, error);
}

static bool walk_netlink(struct walk *walk, struct error *error)
{
	uint64_t tables, size, registered;

	if (!types_size(walk->kernel->types, "netlink_table", &size, error) ||
	    !kernel_read_variable(walk->kernel, "nl_table", walk->kernel->arch->pointer_size, &tables, error))
		return false;
	for (unsigned i = 0; i < NR_NETLINK && !walk->stopped; i++) {
		struct error why = { .kind = ERROR_NONE };

		if ((!kernel_read_member(walk->kernel, tables + i * size, "netlink_table", "registered", &registered, &why) ||
		     (registered && !walk_protocol(walk, tables + i * size, &why))) &&
		    !network_damage(walk->damage, &why, error))
			return false;
	}
	return true;
}

static bool walk_packet(struct walk *walk, struct error *error)
{
	struct chains chains = { .count = 1, .stride = walk->kernel->arch->pointer_size };
	struct member list;

	if (!types_member(walk->kernel->types, "net", "packet.sklist", &list, error))
		return false;
	chains.at = walk->net + list.offset;
	return walk_chains(walk, &chains, error);
}

static const struct {
	const char *name;
	bool (*walk)(struct walk *walk, struct error *error);
} tables[NR_SOCKET_TABLES] = {
	[SOCKETS_TCP] = { "TCP", walk_tcp },	       [SOCKETS_UDP] = { "UDP", walk_udp },
	[SOCKETS_UDPLITE] = { "UDPLITE", walk_udplite }, [SOCKETS_RAW] = { "RAW", walk_raw },
	[SOCKETS_UNIX] = { "UNIX", walk_unix },	       [SOCKETS_NETLINK] = { "NETLINK", walk_netlink },
	[SOCKETS_PACKET] = { "PACKET", walk_packet },
};

const char *socket_table_name(enum socket_table table)
{
	return tables[table].name;
}

bool sockets_for_each(struct kernel *kernel, uint64_t net, unsigned which, bool (*callback)(void *context, const struct net_socket *socket),
		      void *context, struct error *damage, struct error *error)
{
	struct walk walk = { .kernel = kernel, .net = net, .callback = callback, .context = context, .damage = damage };
	struct member node;

	/* skc_node and skc_nulls_node are one. */
	if (!types_member(kernel->types, "sock_common", "skc_node", &node, error))
		return false;
	for (unsigned i = 0; i < NR_SOCKET_TABLES && !walk.stopped; i++) {
		struct error why = { .kind = ERROR_NONE };

		if (!(which >> i & 1))
			continue;
		walk.table = i;
		walk.node = node.offset;
		if (!tables[i].walk(&walk, &why)) {
			error_prefix(&why, "%s", tables[i].name);
			if (!network_damage(damage, &why, error))
				return false;
		}
	}
	return true;
}
