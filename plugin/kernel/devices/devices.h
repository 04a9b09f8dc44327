/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Devices: the numbers that drivers have registered (numbers.c), ports and memory that are somebody's (resources.c), disks and what of
 * theirs is in flight (disks.c), PCI (pci.c). Each hands out what there is and says what it could not read in *damage, of kind ERROR_NONE
 * or the first reason; false is for what could not be begun, and Ctrl-C.
 */
#ifndef VMCORE_KERNEL_DEVICES_H
#define VMCORE_KERNEL_DEVICES_H

#include "kernel/kernel.h"

#define DEVICE_NAME_SIZE 65

/* A range of numbers, as in /proc/devices. */
struct device_number {
	bool block;
	unsigned major;
	uint64_t baseminor, count;	/* of character devices; of block devices all minors */
	char name[DEVICE_NAME_SIZE];
	uint64_t device;		/* struct cdev or gendisk, one that has the first of them; 0 = none, see device_known */
	uint64_t operations;		/* its file_operations or block_device_operations */
	bool device_known, operations_known;
};
/* Character devices, then block devices, by major. */
bool device_numbers(struct kernel *kernel, bool (*callback)(void *context, const struct device_number *number), void *context,
		    struct error *damage, struct error *error);

struct device_resource {
	uint64_t address;		/* struct resource */
	uint64_t start, end;		/* the last byte */
	unsigned level;			/* 0 = below none */
	char name[DEVICE_NAME_SIZE];	/* "" = it has none, or, NAME_UNKNOWN, it cannot be read */
	bool name_unknown;
};
/* Of "ioport_resource" or "iomem_resource", as /proc/ioports and /proc/iomem have them. */
bool device_resources(struct kernel *kernel, const char *root, bool (*callback)(void *context, const struct device_resource *resource),
		      void *context, struct error *damage, struct error *error);

struct disk {
	uint64_t gendisk, queue, operations;
	unsigned major, first_minor;
	char name[33];
	bool sectors_known;
	uint64_t sectors;		/* of 512 bytes */
	bool inflight_known;
	uint64_t reads, writes;		/* in flight: given to the driver and not done */
};
/* Whole disks, in the order in which the kernel has them. */
bool disks_for_each(struct kernel *kernel, bool (*callback)(void *context, const struct disk *disk), void *context, struct error *damage,
		    struct error *error);

struct pci_device {
	uint64_t address;		/* struct pci_dev */
	unsigned domain, bus, devfn;
	bool domain_known;
	unsigned vendor, device, class;
	char driver[DEVICE_NAME_SIZE];	/* "" = none, or, DRIVER_UNKNOWN, not known */
	bool driver_unknown;
	char name[DEVICE_NAME_SIZE];	/* "0000:00:01.0"; "" = it cannot be read */
};
bool pci_for_each(struct kernel *kernel, bool (*callback)(void *context, const struct pci_device *device), void *context, struct error *damage,
		  struct error *error);

/* Text of at most SIZE - 1 bytes at ADDRESS; false if it cannot be read. */
bool device_text(struct kernel *kernel, uint64_t address, char *text, size_t size, struct error *error);
/* Keeps the first reason. */
void device_damage(struct error *damage, const struct error *why);

#endif
