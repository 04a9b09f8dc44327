// SPDX-License-Identifier: GPL-3.0-or-later
/* net: devices with their addresses, neighbours. The options are crash's. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "commands/command.h"
#include "commands/network/namespace.h"
#include "kernel/network/network.h"

static const struct option options[] = {
	{ 'a', NULL, "instead: the neighbours: ARP's table and IPv6's" },
	NAMESPACE_OPTION,
	{ 'N', "NUMBER", "instead: this IPv4 address, as the machine has it in memory, as text" },
	{ 0 }
};

struct view {
	struct kernel *kernel;
	struct output *output;
	struct error damage;
	struct error fatal;	/* of what a callback called */
	size_t count;
};

/* --- devices --- */

enum { DEVICE, NAME, INDEX, STATE, RUNNING, CARRIER, FLAGS, MTU, TYPE, MAC, IP, IP6 };
static const struct column device_columns[] = {
	[DEVICE] = { "net_device", "NET_DEVICE", 16, COLUMN_ADDRESS },
	[NAME] = { "name", "NAME", 15, 0 },
	[INDEX] = { "index", NULL, 0, COLUMN_JSON_ONLY },
	[STATE] = { "state", "STATE", 7, 0 },
	[RUNNING] = { "running", NULL, 0, COLUMN_JSON_ONLY },
	[CARRIER] = { "carrier", NULL, 0, COLUMN_JSON_ONLY },
	[FLAGS] = { "flags", NULL, 0, COLUMN_JSON_ONLY },
	[MTU] = { "mtu", "MTU", 5, COLUMN_RIGHT },
	[TYPE] = { "type", NULL, 0, COLUMN_JSON_ONLY },
	[MAC] = { "mac", "MAC", 17, 0 },
	[IP] = { "in_device", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[IP6] = { "inet6_dev", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
};
static const struct shape device_shape = { "devices", SHAPE_TABLE, device_columns, ARRAY_SIZE(device_columns) };

enum { A_STRUCTURE, A_FAMILY, A_ADDRESS, A_PREFIX, A_SCOPE, A_FLAGS, A_TEXT };
static const struct column address_columns[] = {
	[A_STRUCTURE] = { "structure", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[A_FAMILY] = { "family", "                  %", 5, 0 },
	[A_ADDRESS] = { "address", NULL, 0, COLUMN_JSON_ONLY },
	[A_PREFIX] = { "prefix", NULL, 0, COLUMN_JSON_ONLY },
	[A_SCOPE] = { "scope", NULL, 0, COLUMN_JSON_ONLY },
	[A_FLAGS] = { "flags", NULL, 0, COLUMN_JSON_ONLY },
	[A_TEXT] = { "text", "%", 0, COLUMN_TEXT_ONLY },
};
static const struct shape address_shape = { "addresses", SHAPE_PLAIN, address_columns, ARRAY_SIZE(address_columns) };

static bool each_address(void *context, const struct net_address *address)
{
	struct output *output = ((struct view *)context)->output;

	return output_row(output) && output_address(output, A_STRUCTURE, address->address) &&
	       output_string(output, A_FAMILY, address->six ? "inet6" : "inet") && output_string(output, A_ADDRESS, address->text) &&
	       output_uint(output, A_PREFIX, address->prefix) && output_uint(output, A_SCOPE, address->scope) &&
	       output_uint(output, A_FLAGS, address->flags) && output_printf(output, A_TEXT, "%s/%u", address->text, address->prefix);
}

static bool device_cells(struct output *output, const struct net_device *device)
{
	char mac[97];

	net_mac_text(device->mac, device->mac_size, mac);
	return output_row(output) && output_address(output, DEVICE, device->address) &&
	       (!net_knows(device, NET_NAME) || output_string(output, NAME, device->name)) &&
	       (!net_knows(device, NET_INDEX) || output_uint(output, INDEX, device->index)) &&
	       (!net_operstate_name(device) || output_string(output, STATE, net_operstate_name(device))) &&
	       (!net_knows(device, NET_STATE) || (output_bool(output, RUNNING, device->running, NULL) && output_bool(output, CARRIER, device->carrier, NULL))) &&
	       (!net_knows(device, NET_FLAGS) || output_uint(output, FLAGS, device->flags)) &&
	       (!net_knows(device, NET_MTU) || output_uint(output, MTU, device->mtu)) &&
	       (!net_knows(device, NET_TYPE) || output_uint(output, TYPE, device->type)) &&
	       (!net_knows(device, NET_MAC) || output_string(output, MAC, mac)) &&
	       (!net_knows(device, NET_IP) || !device->ip || output_address(output, IP, device->ip)) &&
	       (!net_knows(device, NET_IP6) || !device->ip6 || output_address(output, IP6, device->ip6)) &&
	       (device->why.kind == ERROR_NONE ||
		output_note(output, "not all of the net_device at 0x%" PRIx64 " is known: %s", device->address, device->why.text));
}

static bool each_device(void *context, const struct net_device *device)
{
	struct view *view = context;
	struct error damage = { .kind = ERROR_NONE };

	view->count++;
	if (!device_cells(view->output, device) || !output_begin(view->output, &address_shape))
		return false;
	if (!net_addresses_for_each(view->kernel, device, each_address, view, &damage, &view->fatal))
		return false;
	if (!output_end(view->output))
		return false;
	if (damage.kind == ERROR_NONE)
		return true;
	network_damage(&view->damage, &damage, NULL);
	return output_note(view->output, "the net_device at 0x%" PRIx64 " may have more addresses: %s", device->address, damage.text);
}

static bool show_devices(struct view *view, uint64_t net, struct error *error)
{
	bool done;

	output_begin(view->output, &device_shape);
	done = net_devices_for_each(view->kernel, net, each_device, view, &view->damage, error);
	output_end(view->output);
	if (done && view->fatal.kind != ERROR_NONE) {
		*error = view->fatal;
		return false;
	}
	return done;
}

/* --- neighbours --- */

enum { N_NEIGHBOUR, N_FAMILY, N_ADDRESS, N_TYPE, N_MAC, N_DEVICE, N_NAME, N_STATE };
static const struct column neighbour_columns[] = {
	[N_NEIGHBOUR] = { "neighbour", "NEIGHBOUR", 16, COLUMN_ADDRESS },
	[N_FAMILY] = { "family", NULL, 0, COLUMN_JSON_ONLY },
	[N_ADDRESS] = { "address", "ADDRESS", 15, 0 },
	[N_TYPE] = { "hardware_type", NULL, 0, COLUMN_JSON_ONLY },
	[N_MAC] = { "mac", "MAC", 17, 0 },
	[N_DEVICE] = { "net_device", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[N_NAME] = { "device", "DEVICE", 8, 0 },
	[N_STATE] = { "state", "STATE", 0, 0 },
};
static const struct shape neighbour_shape = { "neighbours", SHAPE_TABLE, neighbour_columns, ARRAY_SIZE(neighbour_columns) };

static bool each_neighbour(void *context, const struct net_neighbour *neighbour)
{
	struct view *view = context;
	struct output *output = view->output;
	const char *state = net_neighbour_state(neighbour->state);
	char mac[97];

	view->count++;
	net_mac_text(neighbour->mac, neighbour->mac_size, mac);
	return output_row(output) && output_address(output, N_NEIGHBOUR, neighbour->address) &&
	       output_string(output, N_FAMILY, neighbour->six ? "inet6" : "inet") && output_string(output, N_ADDRESS, neighbour->text) &&
	       (!neighbour->type_known || output_uint(output, N_TYPE, neighbour->type)) &&
	       (!neighbour->mac_known || output_string(output, N_MAC, mac)) && output_address(output, N_DEVICE, neighbour->device) &&
	       (!*neighbour->name || output_string(output, N_NAME, neighbour->name)) &&
	       (state ? output_string(output, N_STATE, state) : output_printf(output, N_STATE, "0x%x", neighbour->state));
}

static bool show_neighbours(struct view *view, uint64_t net, struct error *error)
{
	bool done;

	output_begin(view->output, &neighbour_shape);
	done = net_neighbours_for_each(view->kernel, net, each_neighbour, view, &view->damage, error);
	output_end(view->output);
	if (done && !view->count && view->damage.kind == ERROR_NONE)
		output_note(view->output, "there is no neighbour");
	return done;
}

/* --- -N --- */

static bool show_number(struct kernel *kernel, struct output *output, const char *text, struct error *error)
{
	static const struct column columns[] = {
		{ "number", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
		{ "address", "", 0, 0 },
	};
	static const struct shape shape = { "translation", SHAPE_PLAIN, columns, ARRAY_SIZE(columns) };
	uint8_t bytes[4];
	uint64_t number;
	char dotted[48];

	if (!parse_hex("net", text, &number, error))
		return false;
	if (number > UINT32_MAX)
		return error_set(error, ERROR_USAGE, "net -N: %s is more than the 32 bits of an IPv4 address", text);
	for (unsigned i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(number >> 8 * (kernel->arch->big_endian ? 3 - i : i));
	net_address_text(false, bytes, dotted);
	output_begin(output, &shape);
	output_row(output);
	output_address(output, 0, number);
	output_string(output, 1, dotted);
	output_end(output);
	return true;
}

static bool net_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		    struct error *error)
{
	struct view view = { .kernel = kernel, .output = output };
	uint64_t net;
	bool done;

	if (has_option(arguments, 'N')) {
		if (has_option(arguments, 'a') || has_option(arguments, 'n') || arguments->nr_words)
			return error_set(error, ERROR_USAGE, "net -N translates one number, and nothing else");
		return show_number(kernel, output, option_value(arguments, 'N'), error);
	}
	if (!namespace_select(kernel, arguments, host, output, "net", &net, error))
		return false;
	namespace_show(kernel, output, net);
	done = has_option(arguments, 'a') ? show_neighbours(&view, net, error) : show_devices(&view, net, error);
	if (!done)
		return error_prefix(error, "net");
	return view.damage.kind == ERROR_NONE || error_set(error, ERROR_PARTIAL, "net: not all could be read: %s", view.damage.text);
}

static const char help[] =
	"Shows the network devices of a namespace, the first one unless -n says which,\n"
	"and below each its addresses. STATE is as /sys/class/net/DEVICE/operstate has\n"
	"it: down, unknown (the driver does not say), up, ...\n"
	"\n"
	"-a: whom the devices know in their networks, by ARP or, with IPv6, by neighbour\n"
	"discovery; those that are there for multicast or the like have the state NOARP,\n"
	"and /proc/net/arp leaves them out.\n"
	"-N: the bytes of the address stand in memory as they do in a packet: what the\n"
	"machine reads there as a number is, for 127.0.0.1, 100007f on a little-endian\n"
	"one.\n"
	"\n"
	"JSON: \"namespace\", and \"devices\", of each \"addresses\"; -a: \"neighbours\"; -N:\n"
	"\"translation\".\n"
	"\n"
	"Examples:\n"
	"(gdb) kernel net\n"
	"   NET_DEVICE     NAME             STATE      MTU  MAC\n"
	"ff30301fc1b42000  lo               unknown  65536  00:00:00:00:00:00\n"
	"                  inet  127.0.0.1/8\n"
	"                  inet6 ::1/128\n"
	"ff30301fc1b41000  eth0             up        1500  52:54:00:12:34:56\n"
	"                  inet6 fec0::5054:ff:fe12:3456/64\n"
	"                  inet6 fe80::5054:ff:fe12:3456/64\n"
	"(gdb) kernel net -a -n 1\n"
	"   NEIGHBOUR      ADDRESS          MAC                DEVICE    STATE\n"
	"ff30301fc1a44a00  192.0.2.7        02:00:00:00:00:07  dummy0    PERMANENT\n"
	"ff30301fc13fd200  fe80::2          52:56:00:00:00:02  eth0      STALE\n"
	"(gdb) kernel net -N 100007f\n"
	"127.0.0.1\n";

static const struct mi_name mi_names[] = { { "net", NULL }, { 0 } };

const struct command command_net = {
	.name = "net",
	.mi = mi_names,
	.summary = "Show network devices with their addresses, and neighbours.",
	.usage = "net [-a] [-n [PID|TASK|NET]] | -N NUMBER",
	.help = help,
	.options = options,
	.words = COMPLETE_TASK,
	.run = net_run,
};
