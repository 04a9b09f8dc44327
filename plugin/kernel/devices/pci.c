// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/devices/devices.h"

#include <stdio.h>
#include <string.h>

#include "kernel/containers.h"

#define MAX_DEPTH 256	/* of bridges: there are so many buses */

struct walk {
	struct kernel *kernel;
	bool (*callback)(void *context, const struct pci_device *device);
	void *context;
	struct error *damage;
	struct member node, devices, children, bus_list, name;
	struct visited buses;
	unsigned depth, bus;
	bool enough;
};

/* The name of the driver that has it. */
static void read_driver(struct kernel *kernel, uint64_t at, struct pci_device *device)
{
	uint64_t driver, name = 0;

	device->driver_unknown = !kernel_read_member(kernel, at, "pci_dev", "dev.driver", &driver, NULL) ||
				 (driver && (!kernel_read_member(kernel, driver, "device_driver", "name", &name, NULL) ||
					     !device_text(kernel, name, device->driver, sizeof(device->driver), NULL)));
}

static bool each_device(void *context, uint64_t at, struct error *error)
{
	struct walk *walk = context;
	struct kernel *kernel = walk->kernel;
	struct pci_device device = { .address = at, .bus = walk->bus };
	struct error why = { .kind = ERROR_NONE };
	uint64_t devfn, vendor, id, class, name;

	if (!kernel_check_interrupt(kernel, error))
		return false;
	if (!kernel_read_member(kernel, at, "pci_dev", "devfn", &devfn, &why) || !kernel_read_member(kernel, at, "pci_dev", "vendor", &vendor, &why) ||
	    !kernel_read_member(kernel, at, "pci_dev", "device", &id, &why) || !kernel_read_member(kernel, at, "pci_dev", "class", &class, &why)) {
		device_damage(walk->damage, &why);
		return true;
	}
	device.devfn = devfn;
	device.vendor = vendor;
	device.device = id;
	device.class = class >> 8;
	if (!kernel_read_member(kernel, at, "pci_dev", "dev.kobj.name", &name, &why) || !device_text(kernel, name, device.name, sizeof(device.name), &why))
		device_damage(walk->damage, &why);
	device.domain_known = sscanf(device.name, "%x:", &device.domain) == 1;
	read_driver(kernel, at, &device);
	walk->enough = !walk->callback(walk->context, &device);
	return !walk->enough;
}

/* A bus, then those behind its bridges. */
static bool each_bus(void *context, uint64_t bus, struct error *error)
{
	struct walk *walk = context;
	struct error why = { .kind = ERROR_NONE };
	uint64_t number;

	if (walk->depth >= MAX_DEPTH || visited_add(&walk->buses, bus) != VISITED_NEW) {
		error_set(&why, ERROR_CORRUPT, "the tree of PCI buses comes back to 0x%llx, or has no end", (unsigned long long)bus);
		device_damage(walk->damage, &why);
		return true;
	}
	if (!kernel_read_member(walk->kernel, bus, "pci_bus", "number", &number, &why)) {
		device_damage(walk->damage, &why);
		return true;
	}
	walk->bus = number;
	walk->depth++;
	if (!list_for_each(walk->kernel, bus + walk->devices.offset, walk->bus_list.offset, each_device, walk, &why) && why.kind != ERROR_NONE)
		device_damage(walk->damage, &why);
	if (!walk->enough && why.kind != ERROR_INTERRUPTED &&
	    !list_for_each(walk->kernel, bus + walk->children.offset, walk->node.offset, each_bus, walk, &why) && why.kind != ERROR_NONE)
		device_damage(walk->damage, &why);
	walk->depth--;
	if (why.kind == ERROR_INTERRUPTED || why.kind == ERROR_NO_MEMORY) {
		*error = why;
		return false;
	}
	return !walk->enough;
}

bool pci_for_each(struct kernel *kernel, bool (*callback)(void *context, const struct pci_device *device), void *context, struct error *damage,
		  struct error *error)
{
	struct walk walk = { .kernel = kernel, .callback = callback, .context = context, .damage = damage };
	struct error why = { .kind = ERROR_NONE };
	uint64_t roots;
	bool done;

	if (!kernel_symbol(kernel, "pci_root_buses", &roots, error) || !types_member(kernel->types, "pci_bus", "node", &walk.node, error) ||
	    !types_member(kernel->types, "pci_bus", "devices", &walk.devices, error) ||
	    !types_member(kernel->types, "pci_bus", "children", &walk.children, error) ||
	    !types_member(kernel->types, "pci_dev", "bus_list", &walk.bus_list, error))
		return false;
	done = list_for_each(kernel, roots, walk.node.offset, each_bus, &walk, &why) || walk.enough;
	visited_free(&walk.buses);
	if (done)
		return true;
	if (why.kind == ERROR_INTERRUPTED || why.kind == ERROR_NO_MEMORY) {
		*error = why;
		return false;
	}
	device_damage(damage, &why);
	return true;
}
