// SPDX-License-Identifier: GPL-3.0-or-later
/* The command dev: device numbers and who answers for them, ports and memory, disks, PCI. The options are crash's. */
#include <inttypes.h>
#include <stdio.h>

#include "commands/command.h"
#include "kernel/devices/devices.h"

static const struct option options[] = {
	{ 'i', NULL, "I/O ports and memory, and whose they are, as /proc/ioports and iomem" },
	{ 'p', NULL, "PCI devices" },
	{ 'd', NULL, "disks, with the requests that are in flight" },
	{ 'D', NULL, "only disks that have requests in flight" },
	{ 0 }
};

struct view {
	struct kernel *kernel;
	struct output *output;
	bool block;		/* the table that is open: of block devices */
	bool open, busy;
	size_t count;
};

/* --- numbers --- */

enum { MAJOR, BASE_MINOR, MINORS, NAME, DEVICE, OPERATIONS, FUNCTION };
#define NUMBER_COLUMNS(title_, device_) { \
	[MAJOR] = { "major", title_, 6, COLUMN_LEFT }, \
	[BASE_MINOR] = { "baseminor", NULL, 0, COLUMN_JSON_ONLY }, \
	[MINORS] = { "minors", NULL, 0, COLUMN_JSON_ONLY }, \
	[NAME] = { "name", "NAME", 15, COLUMN_LEFT }, \
	[DEVICE] = { "device", device_, 16, COLUMN_ADDRESS }, \
	[OPERATIONS] = { "operations", NULL, 0, COLUMN_JSON_ONLY | COLUMN_ADDRESS }, \
	[FUNCTION] = { "operations_name", "OPERATIONS", 0, COLUMN_FUNCTION }, \
}
static const struct column character_columns[] = NUMBER_COLUMNS("CHRDEV", "CDEV");
static const struct column block_columns[] = NUMBER_COLUMNS("BLKDEV", "GENDISK");
static const struct shape character_shape = { "character", SHAPE_TABLE, character_columns, ARRAY_SIZE(character_columns) };
static const struct shape block_shape = { "block", SHAPE_TABLE, block_columns, ARRAY_SIZE(block_columns) };

static bool each_number(void *context, const struct device_number *number)
{
	struct view *view = context;
	struct output *output = view->output;

	if (view->open && number->block != view->block) {
		output_end(output);
		output_heading(output, "Block devices");
		output_begin(output, &block_shape);
		view->block = true;
	}
	if (!output_row(output) || !output_uint(output, MAJOR, number->major) || !output_uint(output, BASE_MINOR, number->baseminor) ||
	    !output_uint(output, MINORS, number->count) || !output_string(output, NAME, number->name))
		return false;
	if (number->device_known && !number->device)
		return output_string(output, FUNCTION, "(none)");
	if (number->device_known && !output_address(output, DEVICE, number->device))
		return false;
	return !number->operations_known || (output_address(output, OPERATIONS, number->operations) &&
					     function_cell(view->kernel, output, FUNCTION, number->operations));
}

static bool show_numbers(struct view *view, struct error *damage, struct error *error)
{
	bool done;

	output_begin(view->output, &character_shape);
	view->open = true;
	done = device_numbers(view->kernel, each_number, view, damage, error);
	output_end(view->output);
	return done;
}

/* --- ports and memory --- */

enum { RESOURCE, START, END, LEVEL, RANGE, OWNER };
static const struct column resource_columns[] = {
	[RESOURCE] = { "resource", "RESOURCE", 16, COLUMN_ADDRESS },
	[START] = { "start", NULL, 0, COLUMN_JSON_ONLY | COLUMN_ADDRESS },
	[END] = { "end", NULL, 0, COLUMN_JSON_ONLY | COLUMN_ADDRESS },
	[LEVEL] = { "level", NULL, 0, COLUMN_JSON_ONLY },
	[RANGE] = { "range", "RANGE", 27, COLUMN_TEXT_ONLY },
	[OWNER] = { "name", "NAME", 0, 0 },
};
static const struct shape port_shape = { "ports", SHAPE_TABLE, resource_columns, ARRAY_SIZE(resource_columns) };
static const struct shape memory_shape = { "memory", SHAPE_TABLE, resource_columns, ARRAY_SIZE(resource_columns) };

static bool each_resource(void *context, const struct device_resource *resource)
{
	struct view *view = context;
	struct output *output = view->output;
	unsigned digits = view->block ? 8 : 4;

	if (resource->name_unknown)
		output_note(output, "whose the resource at 0x%" PRIx64 " is could not be read", resource->address);
	return output_row(output) && output_address(output, RESOURCE, resource->address) && output_address(output, START, resource->start) &&
	       output_address(output, END, resource->end) && output_uint(output, LEVEL, resource->level) &&
	       output_printf(output, RANGE, "%*s%0*" PRIx64 "-%0*" PRIx64, 2 * (int)resource->level, "", digits, resource->start, digits, resource->end) &&
	       (resource->name_unknown || output_string(output, OWNER, resource->name));
}

static bool show_resources(struct view *view, struct error *damage, struct error *error)
{
	bool done;

	output_begin(view->output, &port_shape);
	done = device_resources(view->kernel, "ioport_resource", each_resource, view, damage, error);
	output_end(view->output);
	if (!done)
		return false;
	output_heading(view->output, "Memory");
	output_begin(view->output, &memory_shape);
	view->block = true;
	done = device_resources(view->kernel, "iomem_resource", each_resource, view, damage, error);
	output_end(view->output);
	return done;
}

/* --- disks --- */

enum { D_MAJOR, D_MINOR, D_NUMBER, D_NAME, D_GENDISK, D_QUEUE, D_SIZE, D_READS, D_WRITES, D_TOTAL };
static const struct column disk_columns[] = {
	[D_MAJOR] = { "major", NULL, 0, COLUMN_JSON_ONLY },
	[D_MINOR] = { "first_minor", NULL, 0, COLUMN_JSON_ONLY },
	[D_NUMBER] = { "number", "DISK", 7, COLUMN_TEXT_ONLY },
	[D_NAME] = { "name", "NAME", 9, 0 },
	[D_GENDISK] = { "gendisk", "GENDISK", 16, COLUMN_ADDRESS },
	[D_QUEUE] = { "queue", "REQUEST_QUEUE", 16, COLUMN_ADDRESS },
	[D_SIZE] = { "sectors", NULL, 0, COLUMN_JSON_ONLY },
	[D_READS] = { "reads", "READS", 5, COLUMN_RIGHT },
	[D_WRITES] = { "writes", "WRITES", 6, COLUMN_RIGHT },
	[D_TOTAL] = { "in_flight", "TOTAL", 5, COLUMN_RIGHT },
};
static const struct shape disk_shape = { "disks", SHAPE_TABLE, disk_columns, ARRAY_SIZE(disk_columns) };

static bool each_disk(void *context, const struct disk *disk)
{
	struct view *view = context;
	struct output *output = view->output;

	if (view->busy && disk->inflight_known && !(disk->reads + disk->writes))
		return true;
	view->count++;
	return output_row(output) && output_uint(output, D_MAJOR, disk->major) && output_uint(output, D_MINOR, disk->first_minor) &&
	       output_printf(output, D_NUMBER, "%u:%u", disk->major, disk->first_minor) && output_string(output, D_NAME, disk->name) &&
	       output_address(output, D_GENDISK, disk->gendisk) && output_address(output, D_QUEUE, disk->queue) &&
	       (!disk->sectors_known || output_uint(output, D_SIZE, disk->sectors)) &&
	       (!disk->inflight_known || (output_uint(output, D_READS, disk->reads) && output_uint(output, D_WRITES, disk->writes) &&
					  output_uint(output, D_TOTAL, disk->reads + disk->writes)));
}

static bool show_disks(struct view *view, struct error *damage, struct error *error)
{
	bool done;

	output_begin(view->output, &disk_shape);
	done = disks_for_each(view->kernel, each_disk, view, damage, error);
	output_end(view->output);
	if (done && !view->count && damage->kind == ERROR_NONE)
		output_note(view->output, view->busy ? "no disk has a request in flight" : "there is no disk");
	return done;
}

/* --- PCI --- */

enum { P_ADDRESS, P_NAME, P_DOMAIN, P_BUS, P_DEVFN, P_CLASS, P_VENDOR, P_DEVICE, P_ID, P_DRIVER };
static const struct column pci_columns[] = {
	[P_ADDRESS] = { "pci_dev", "PCI_DEV", 16, COLUMN_ADDRESS },
	[P_NAME] = { "name", "DO:BU:SL.FN", 12, 0 },
	[P_DOMAIN] = { "domain", NULL, 0, COLUMN_JSON_ONLY },
	[P_BUS] = { "bus", NULL, 0, COLUMN_JSON_ONLY },
	[P_DEVFN] = { "devfn", NULL, 0, COLUMN_JSON_ONLY },
	[P_CLASS] = { "class", "CLASS", 5, COLUMN_LEFT },
	[P_VENDOR] = { "vendor", NULL, 0, COLUMN_JSON_ONLY },
	[P_DEVICE] = { "device", NULL, 0, COLUMN_JSON_ONLY },
	[P_ID] = { "id", "PCI_ID", 9, COLUMN_TEXT_ONLY },
	[P_DRIVER] = { "driver", "DRIVER", 0, 0 },
};
static const struct shape pci_shape = { "pci", SHAPE_TABLE, pci_columns, ARRAY_SIZE(pci_columns) };

static bool each_pci(void *context, const struct pci_device *device)
{
	struct view *view = context;
	struct output *output = view->output;

	view->count++;
	return output_row(output) && output_address(output, P_ADDRESS, device->address) &&
	       (!device->name[0] || output_string(output, P_NAME, device->name)) &&
	       (!device->domain_known || output_uint(output, P_DOMAIN, device->domain)) && output_uint(output, P_BUS, device->bus) &&
	       output_uint(output, P_DEVFN, device->devfn) && output_uint_as(output, P_CLASS, device->class, "%04x", device->class) &&
	       output_uint(output, P_VENDOR, device->vendor) && output_uint(output, P_DEVICE, device->device) &&
	       output_printf(output, P_ID, "%04x:%04x", device->vendor, device->device) &&
	       (device->driver_unknown ? output_note(output, "which driver the device at 0x%" PRIx64 " has could not be read", device->address) :
					 output_string(output, P_DRIVER, device->driver));
}

static bool show_pci(struct view *view, struct error *damage, struct error *error)
{
	bool done;

	output_begin(view->output, &pci_shape);
	done = pci_for_each(view->kernel, each_pci, view, damage, error);
	output_end(view->output);
	if (done && !view->count && damage->kind == ERROR_NONE)
		output_note(view->output, "there is no PCI device");
	return done;
}

static bool dev_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		    struct error *error)
{
	struct view view = { .kernel = kernel, .output = output, .busy = has_option(arguments, 'D') };
	struct error damage = { .kind = ERROR_NONE };
	bool done;

	(void)host;
	if (arguments->nr_words)
		return error_set(error, ERROR_USAGE, "dev takes no words, only options; \"%s\" is none", arguments->words[0]);
	if (arguments->flags & (arguments->flags - 1))
		return error_set(error, ERROR_USAGE, "dev: -i, -p, -d and -D are different views; give one of them");
	done = has_option(arguments, 'i') ? show_resources(&view, &damage, error) :
	       has_option(arguments, 'p') ? show_pci(&view, &damage, error) :
	       has_option(arguments, 'd') || view.busy ? show_disks(&view, &damage, error) : show_numbers(&view, &damage, error);
	if (!done)
		return error_prefix(error, "dev");
	return damage.kind == ERROR_NONE || error_set(error, ERROR_PARTIAL, "dev: not all could be read: %s", damage.text);
}

static const char help[] =
	"Shows the numbers of devices that drivers have registered, as /proc/devices\n"
	"does: of a character device the cdev that has the first number, of a block\n"
	"device a disk of that major, and the operations of it. (none): nobody answers.\n"
	"\n"
	"-i: a resource's part is indented below it. -d: in flight is what the driver was\n"
	"given and has not said to be done; drivers without a queue of requests (loop's\n"
	"has one, device mapper's has none) count themselves. CLASS and PCI_ID (-p) are\n"
	"numbers, as lspci -n has them.\n"
	"\n"
	"JSON: arrays \"character\" and \"block\"; -i \"ports\" and \"memory\"; -d, -D \"disks\";\n"
	"-p \"pci\".\n"
	"\n"
	"Examples:\n"
	"(gdb) kernel dev -d\n"
	"DISK     NAME           GENDISK        REQUEST_QUEUE    READS  WRITES  TOTAL\n"
	"254:0    vda        ff30301fc1c6a400  ff30301fc1c6de40      0       0      0\n"
	"7:0      loop0      ff30301fc1c71c00  ff30301fc1c6e998      0       1      1\n"
	"(gdb) kernel dev -p\n"
	"    PCI_DEV       DO:BU:SL.FN   CLASS  PCI_ID     DRIVER\n"
	"ff30301fc1146000  0000:00:00.0  0600   8086:29c0\n"
	"ff30301fc1af8000  0000:00:01.0  0100   1af4:1001  virtio-pci\n"
	"(gdb) kernel dev -i\n"
	"    RESOURCE      RANGE                        NAME\n"
	"ff30301fc1a21bc0  0000-0cf7                    PCI Bus 0000:00\n"
	"ffffffffa4e2bfe0    0000-001f                  dma1\n"
	"...\n";

static const struct mi_name mi_names[] = { { "devices", NULL }, { 0 } };

const struct command command_dev = {
	.name = "dev",
	.mi = mi_names,
	.summary = "Show devices, their operations, ports, memory, disks and PCI.",
	.usage = "dev [-i|-p|-d|-D]",
	.help = help,
	.options = options,
	.words = COMPLETE_NONE,
	.run = dev_run,
};
