// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/network/network.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "kernel/containers.h"

#define MAX_ADDRESSES 65536	/* of a device */

/* The bits of net_device.state (include/linux/netdevice.h); their enumeration has them since 2.6.22. */
enum { START, NO_CARRIER = 2 };

void net_address_text(bool six, const uint8_t *bytes, char text[48])
{
	inet_ntop(six ? AF_INET6 : AF_INET, bytes, text, 48);
}

void net_mac_text(const uint8_t *mac, unsigned size, char text[97])
{
	text[0] = 0;
	for (unsigned i = 0; i < size && i < 32; i++)
		snprintf(text + (i ? 3 * i - 1 : 0), 4, i ? ":%02x" : "%02x", mac[i]);
}

bool net_device_name(struct kernel *kernel, uint64_t address, char name[NETWORK_NAME_SIZE], struct error *error)
{
	struct member member;

	name[0] = 0;
	if (!types_member(kernel->types, "net_device", "name", &member, error))
		return false;
	if (memory_read_string(kernel->memory, address + member.offset, name, NETWORK_NAME_SIZE, error))
		return true;
	name[0] = 0;
	return false;
}

static bool fact(struct kernel *kernel, struct net_device *device, const char *path, enum net_fact fact, uint64_t *value)
{
	struct error why = { .kind = ERROR_NONE };

	if (kernel_read_member(kernel, device->address, "net_device", path, value, &why)) {
		device->known |= 1u << fact;
		return true;
	}
	if (device->why.kind == ERROR_NONE)
		device->why = why;
	return false;
}

static uint32_t number(struct kernel *kernel, struct net_device *device, const char *path, enum net_fact of)
{
	uint64_t value = 0;

	return fact(kernel, device, path, of, &value) ? (uint32_t)value : 0;
}

/* dev_addr: a pointer since 2.6.30, into dev_addrs. */
static void read_mac(struct kernel *kernel, struct net_device *device)
{
	struct error why = { .kind = ERROR_NONE };
	uint64_t size, at;

	if (kernel_read_member(kernel, device->address, "net_device", "addr_len", &size, &why) && size <= sizeof(device->mac) &&
	    kernel_read_member(kernel, device->address, "net_device", "dev_addr", &at, &why) &&
	    (!size || memory_read(kernel->memory, at, device->mac, size, &why))) {
		device->mac_size = (unsigned)size;
		device->known |= 1u << NET_MAC;
		return;
	}
	if (why.kind == ERROR_NONE)
		error_set(&why, ERROR_CORRUPT, "the hardware address of the net_device at 0x%" PRIx64 " would have %" PRIu64 " bytes",
			  device->address, size);
	if (device->why.kind == ERROR_NONE)
		device->why = why;
}

void net_device_read(struct kernel *kernel, uint64_t address, struct net_device *device)
{
	struct error why = { .kind = ERROR_NONE };
	uint64_t state;

	*device = (struct net_device){ .address = address };
	if (net_device_name(kernel, address, device->name, &why))
		device->known |= 1u << NET_NAME;
	else
		device->why = why;
	device->index = number(kernel, device, "ifindex", NET_INDEX);
	device->flags = number(kernel, device, "flags", NET_FLAGS);
	device->mtu = number(kernel, device, "mtu", NET_MTU);
	device->type = number(kernel, device, "type", NET_TYPE);
	device->operstate = number(kernel, device, "operstate", NET_OPERSTATE);
	if (fact(kernel, device, "state", NET_STATE, &state)) {
		device->running = state >> START & 1;
		device->carrier = !(state >> NO_CARRIER & 1);
	}
	read_mac(kernel, device);
	fact(kernel, device, "ip_ptr", NET_IP, &device->ip);
	fact(kernel, device, "ip6_ptr", NET_IP6, &device->ip6);
}

const char *net_operstate_name(const struct net_device *device)
{
	/* RFC 2863's, IF_OPER_* of the ABI. */
	static const char *const names[] = { "unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant", "up" };

	if (net_knows(device, NET_STATE) && !device->running)
		return "down";
	if (!net_knows(device, NET_STATE) || !net_knows(device, NET_OPERSTATE))
		return NULL;
	return device->operstate < sizeof(names) / sizeof(*names) ? names[device->operstate] : NULL;
}

struct devices {
	struct kernel *kernel;
	bool (*callback)(void *context, const struct net_device *device);
	void *context;
};

static bool each_device(void *context, uint64_t address, struct error *error)
{
	struct devices *devices = context;
	struct net_device device;

	if (!kernel_check_interrupt(devices->kernel, error))
		return false;
	net_device_read(devices->kernel, address, &device);
	return devices->callback(devices->context, &device);
}

bool net_devices_for_each(struct kernel *kernel, uint64_t net, bool (*callback)(void *context, const struct net_device *device),
			  void *context, struct error *damage, struct error *error)
{
	struct devices devices = { .kernel = kernel, .callback = callback, .context = context };
	struct error why = { .kind = ERROR_NONE };
	struct member head, list;

	if (!types_member(kernel->types, "net", "dev_base_head", &head, error) ||
	    !types_member(kernel->types, "net_device", "dev_list", &list, error))
		return false;
	return list_for_each(kernel, net + head.offset, list.offset, each_device, &devices, &why) || network_damage(damage, &why, error);
}

/* --- addresses --- */

struct addresses {
	struct kernel *kernel;
	bool (*callback)(void *context, const struct net_address *address);
	void *context;
	struct error *damage;
	struct member bytes;
	bool stopped;
};

static bool read_bytes(struct addresses *addresses, struct net_address *address, struct error *error)
{
	if (!memory_read(addresses->kernel->memory, address->address + addresses->bytes.offset, address->bytes, address->six ? 16 : 4, error))
		return false;
	net_address_text(address->six, address->bytes, address->text);
	return true;
}

static bool is_read(struct kernel *kernel, uint64_t at, const char *type, const char *path, unsigned *value_ret, struct error *error)
{
	uint64_t value;

	if (!kernel_read_member(kernel, at, type, path, &value, error))
		return false;
	*value_ret = (unsigned)value;
	return true;
}

/* A chain of pointers, ifa_next. */
static bool each_ipv4(struct addresses *addresses, uint64_t ip, struct error *error)
{
	struct kernel *kernel = addresses->kernel;
	struct visited visited = { 0 };
	uint64_t at;
	bool done = kernel_read_member(kernel, ip, "in_device", "ifa_list", &at, error) &&
		    types_member(kernel->types, "in_ifaddr", "ifa_local", &addresses->bytes, error);

	while (done && at && !addresses->stopped) {
		struct net_address address = { .address = at };

		if (visited.count > MAX_ADDRESSES || visited_add(&visited, at) != VISITED_NEW)
			done = error_set(error, ERROR_CORRUPT, "the addresses of the in_device at 0x%" PRIx64 " have no end", ip);
		else
			done = read_bytes(addresses, &address, error) &&
			       is_read(kernel, at, "in_ifaddr", "ifa_prefixlen", &address.prefix, error) &&
			       is_read(kernel, at, "in_ifaddr", "ifa_scope", &address.scope, error) &&
			       is_read(kernel, at, "in_ifaddr", "ifa_flags", &address.flags, error) &&
			       kernel_read_member(kernel, at, "in_ifaddr", "ifa_next", &at, error);
		if (done)
			addresses->stopped = !addresses->callback(addresses->context, &address);
	}
	visited_free(&visited);
	return done;
}

static bool each_ipv6(void *context, uint64_t at, struct error *error)
{
	struct addresses *addresses = context;
	struct net_address address = { .address = at, .six = true };
	struct error why = { .kind = ERROR_NONE };

	if (!read_bytes(addresses, &address, &why) ||
	    !is_read(addresses->kernel, at, "inet6_ifaddr", "prefix_len", &address.prefix, &why) ||
	    !is_read(addresses->kernel, at, "inet6_ifaddr", "scope", &address.scope, &why) ||
	    !is_read(addresses->kernel, at, "inet6_ifaddr", "flags", &address.flags, &why))
		return network_damage(addresses->damage, &why, error);
	return addresses->callback(addresses->context, &address);
}

bool net_addresses_for_each(struct kernel *kernel, const struct net_device *device,
			    bool (*callback)(void *context, const struct net_address *address), void *context, struct error *damage,
			    struct error *error)
{
	struct addresses addresses = { .kernel = kernel, .callback = callback, .context = context, .damage = damage };
	struct error why = { .kind = ERROR_NONE };
	struct member head, list;

	if (net_knows(device, NET_IP) && device->ip && !each_ipv4(&addresses, device->ip, &why) && !network_damage(damage, &why, error))
		return false;
	if (!net_knows(device, NET_IP6) || !device->ip6 || addresses.stopped)
		return true;
	why = (struct error){ .kind = ERROR_NONE };
	if (types_member(kernel->types, "inet6_dev", "addr_list", &head, &why) &&
	    types_member(kernel->types, "inet6_ifaddr", "if_list", &list, &why) &&
	    types_member(kernel->types, "inet6_ifaddr", "addr", &addresses.bytes, &why) &&
	    list_for_each(kernel, device->ip6 + head.offset, list.offset, each_ipv6, &addresses, &why))
		return true;
	return network_damage(damage, &why, error);
}
