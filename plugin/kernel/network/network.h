/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The network: its namespaces (namespaces.c), their devices with addresses (devices.c) and neighbours (neighbours.c).
 *
 * Each function with a callback hands out what there is, and says what it could not read in *damage, of kind ERROR_NONE or the first
 * reason; it returns false for what could not be begun, and for Ctrl-C.
 */
#ifndef VMCORE_KERNEL_NETWORK_H
#define VMCORE_KERNEL_NETWORK_H

#include "kernel/kernel.h"

struct task;

/* Keeps the first reason in *damage. True: the walk may go on; else *error says why it must not. */
bool network_damage(struct error *damage, const struct error *why, struct error *error);

/* The namespace that the machine began with. */
bool network_initial(struct kernel *kernel, uint64_t *net_ret, struct error *error);
/* That of a task, which has left it when it exited. */
bool network_of_task(struct kernel *kernel, const struct task *task, uint64_t *net_ret, struct error *error);
/* Is there a namespace at ADDRESS, by the kernel's list of them? */
bool network_exists(struct kernel *kernel, uint64_t address, bool *exists_ret, struct error *error);
/* That of the structure of TYPE at ADDRESS, whose MEMBER says it (possible_net_t since 0c5c9fb55106, a pointer before). */
bool network_of(struct kernel *kernel, uint64_t address, const char *type, const char *member, uint64_t *net_ret, struct error *error);

#define NETWORK_NAME_SIZE 17	/* IFNAMSIZ, and a NUL if that is missing */

enum net_fact { NET_NAME, NET_INDEX, NET_FLAGS, NET_MTU, NET_TYPE, NET_STATE, NET_OPERSTATE, NET_MAC, NET_IP, NET_IP6 };

struct net_device {
	uint64_t address;
	uint32_t known;		/* bit per enum net_fact */
	char name[NETWORK_NAME_SIZE];
	uint32_t index, flags, mtu, type;
	bool running, carrier;	/* NET_STATE */
	unsigned operstate;
	unsigned mac_size;
	uint8_t mac[32];
	uint64_t ip, ip6;	/* in_device, inet6_dev; 0 = none */
	struct error why;	/* why something is not known; kind ERROR_NONE: all is */
};

static inline bool net_knows(const struct net_device *device, enum net_fact fact)
{
	return device->known >> fact & 1;
}

/* One device. */
void net_device_read(struct kernel *kernel, uint64_t address, struct net_device *device_ret);
/* The name alone. */
bool net_device_name(struct kernel *kernel, uint64_t address, char name[NETWORK_NAME_SIZE], struct error *error);
bool net_devices_for_each(struct kernel *kernel, uint64_t net, bool (*callback)(void *context, const struct net_device *device),
			  void *context, struct error *damage, struct error *error);
/* "up", "down", as /sys/class/net/DEVICE/operstate; NULL: a number, or not known. */
const char *net_operstate_name(const struct net_device *device);

struct net_address {
	uint64_t address;	/* in_ifaddr or inet6_ifaddr */
	bool six;
	unsigned prefix, scope, flags;
	uint8_t bytes[16];	/* 4 or 16 */
	char text[48];		/* "127.0.0.1" */
};
bool net_addresses_for_each(struct kernel *kernel, const struct net_device *device,
			    bool (*callback)(void *context, const struct net_address *address), void *context, struct error *damage,
			    struct error *error);

struct net_neighbour {
	uint64_t address, device;
	bool six;
	char name[NETWORK_NAME_SIZE];	/* of the device; "" = not known */
	char text[48];			/* its protocol address */
	unsigned type, state, mac_size;
	bool type_known, mac_known;
	uint8_t mac[32];
};
/* Who is known in the networks of NET's devices: by ARP, then by IPv6's neighbour discovery. */
bool net_neighbours_for_each(struct kernel *kernel, uint64_t net, bool (*callback)(void *context, const struct net_neighbour *neighbour),
			     void *context, struct error *damage, struct error *error);
/* "REACHABLE"; NULL: it is none or several. */
const char *net_neighbour_state(unsigned state);

/* The bytes of an IPv4 or IPv6 address as text. */
void net_address_text(bool six, const uint8_t *bytes, char text[48]);
/* "02:00:00:00:00:07". */
void net_mac_text(const uint8_t *mac, unsigned size, char text[97]);

#endif
