// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/network/network.h"

#include <inttypes.h>
#include <string.h>

#include "kernel/containers.h"

#define MAX_SHIFT 24	/* of a table's buckets: a limit of 2^20 entries is far more than anybody sets */

struct walk {
	struct kernel *kernel;
	uint64_t net;
	bool six;
	bool (*callback)(void *context, const struct net_neighbour *neighbour);
	void *context;
	struct error *damage;
	struct member key;
	bool stopped;
};

static void read_mac(struct kernel *kernel, struct net_neighbour *neighbour, struct error *why)
{
	struct member mac;
	uint64_t size;

	if (!kernel_read_member(kernel, neighbour->device, "net_device", "addr_len", &size, why) ||
	    !types_member(kernel->types, "neighbour", "ha", &mac, why))
		return;
	if (size > sizeof(neighbour->mac) || size > mac.size) {
		error_set(why, ERROR_CORRUPT, "the hardware addresses of the net_device at 0x%" PRIx64 " would have %" PRIu64 " bytes",
			  neighbour->device, size);
		return;
	}
	neighbour->mac_size = (unsigned)size;
	neighbour->mac_known = memory_read(kernel->memory, neighbour->address + mac.offset, neighbour->mac, size, why);
}

static bool each_neighbour(void *context, uint64_t address, struct error *error)
{
	struct walk *walk = context;
	struct kernel *kernel = walk->kernel;
	struct net_neighbour neighbour = { .address = address, .six = walk->six };
	struct error why = { .kind = ERROR_NONE };
	uint64_t net, state, type;
	uint8_t key[16];

	if (!kernel_check_interrupt(kernel, error))
		return false;
	if (!kernel_read_member(kernel, address, "neighbour", "dev", &neighbour.device, &why) ||
	    !network_of(kernel, neighbour.device, "net_device", "nd_net", &net, &why))
		return network_damage(walk->damage, &why, error);
	if (net != walk->net)
		return true;
	if (!kernel_read_member(kernel, address, "neighbour", "nud_state", &state, &why) ||
	    !memory_read(kernel->memory, address + walk->key.offset, key, walk->six ? 16 : 4, &why))
		return network_damage(walk->damage, &why, error);
	neighbour.state = (unsigned)state;
	net_address_text(walk->six, key, neighbour.text);
	net_device_name(kernel, neighbour.device, neighbour.name, &why);
	neighbour.type_known = kernel_read_member(kernel, neighbour.device, "net_device", "type", &type, &why);
	neighbour.type = neighbour.type_known ? (unsigned)type : 0;
	read_mac(kernel, &neighbour, &why);
	if (why.kind != ERROR_NONE && !network_damage(walk->damage, &why, error))
		return false;
	walk->stopped = !walk->callback(walk->context, &neighbour);
	return !walk->stopped;
}

/* Chained by their first member: neighbour.next, or, since 6.13, the hlist_node `hash`. */
static bool each_table(struct walk *walk, uint64_t table, struct error *error)
{
	struct kernel *kernel = walk->kernel;
	const char *heads = types_has_member(kernel->types, "neigh_hash_table", "hash_heads") ? "hash_heads" : "hash_buckets";
	const char *link = types_has_member(kernel->types, "neighbour", "hash") ? "hash" : "next";
	uint64_t hash, buckets, shift;
	struct member node;

	if (!types_member(kernel->types, "neighbour", "primary_key", &walk->key, error) ||
	    !types_member(kernel->types, "neighbour", link, &node, error) ||
	    !kernel_read_member(kernel, table, "neigh_table", "nht", &hash, error) ||
	    !kernel_read_member(kernel, hash, "neigh_hash_table", heads, &buckets, error) ||
	    !kernel_read_member(kernel, hash, "neigh_hash_table", "hash_shift", &shift, error))
		return false;
	if (shift > MAX_SHIFT || node.offset)
		return error_set(error, ERROR_CORRUPT, "the neigh_hash_table at 0x%" PRIx64 " would have 2^%" PRIu64 " buckets", hash, shift);
	for (uint64_t i = 0; i >> shift == 0 && !walk->stopped; i++) {
		struct error why = { .kind = ERROR_NONE };

		if (!kernel_check_interrupt(kernel, error))
			return false;
		if (!hlist_for_each(kernel, buckets + i * kernel->arch->pointer_size, 0, each_neighbour, walk, &why) &&
		    !network_damage(walk->damage, &why, error))
			return false;
	}
	return true;
}

bool net_neighbours_for_each(struct kernel *kernel, uint64_t net, bool (*callback)(void *context, const struct net_neighbour *neighbour),
			     void *context, struct error *damage, struct error *error)
{
	struct walk walk = { .kernel = kernel, .net = net, .callback = callback, .context = context, .damage = damage };
	struct error why = { .kind = ERROR_NONE };
	uint64_t table;

	if (!kernel_symbol(kernel, "arp_tbl", &table, error))
		return false;
	if (!each_table(&walk, table, &why) && !network_damage(damage, &why, error))
		return false;
	why = (struct error){ .kind = ERROR_NONE };
	walk.six = true;
	if (walk.stopped || !kernel_symbol(kernel, "nd_tbl", &table, NULL)) /* built without IPv6, or it is a module's */
		return true;
	return each_table(&walk, table, &why) || network_damage(damage, &why, error);
}

const char *net_neighbour_state(unsigned state)
{
	/* NUD_* of the ABI. */
	static const char *const names[] = { "INCOMPLETE", "REACHABLE", "STALE", "DELAY", "PROBE", "FAILED", "NOARP", "PERMANENT" };

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (state == 1u << i)
			return names[i];
	return state ? NULL : "NONE";
}
