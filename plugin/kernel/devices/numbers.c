// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/devices/devices.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "kernel/containers.h"

#define HASH 255		/* CHRDEV_MAJOR_HASH_SIZE, BLKDEV_MAJOR_HASH_SIZE */
#define MAX_NUMBERS 65536
#define MINOR_BITS 20

void device_damage(struct error *damage, const struct error *why)
{
	if (damage->kind == ERROR_NONE)
		*damage = *why;
}

bool device_text(struct kernel *kernel, uint64_t address, char *text, size_t size, struct error *error)
{
	if (memory_read_string(kernel->memory, address, text, size, error))
		return true;
	text[0] = 0; /* not a part of it */
	return false;
}

struct list {
	struct device_number *numbers;
	size_t count, room;
};

struct collection {
	struct kernel *kernel;
	struct list list;
	struct error *damage;
};

/* The cdev that answers for the first number: cdev_map's, where the number's own entry has none (what has cdev_add() alone). */
static void find_cdev(struct collection *collection, struct device_number *number)
{
	struct kernel *kernel = collection->kernel;
	uint64_t map, probe, device, range, data, wanted = (uint64_t)number->major << MINOR_BITS | number->baseminor;
	struct visited visited = { 0 };
	struct error why = { .kind = ERROR_NONE };
	struct member slots;

	number->device_known = false;
	if (!kernel_read_variable(kernel, "cdev_map", kernel->arch->pointer_size, &map, &why) ||
	    !types_member(kernel->types, "kobj_map", "probes", &slots, &why) ||
	    !kernel_read_pointer(kernel, map + slots.offset + number->major % HASH * kernel->arch->pointer_size, &probe, &why)) {
		device_damage(collection->damage, &why);
		return;
	}
	for (; probe && visited_add(&visited, probe) == VISITED_NEW && visited.count < MAX_NUMBERS;) {
		if (!kernel_read_member(kernel, probe, "probe", "dev", &device, &why) || !kernel_read_member(kernel, probe, "probe", "range", &range, &why) ||
		    !kernel_read_member(kernel, probe, "probe", "data", &data, &why))
			break;
		if (device >> MINOR_BITS == number->major && device + range > wanted && device < wanted + (number->count ? number->count : 1)) {
			number->device = data;
			number->device_known = true;
			break;
		}
		if (!kernel_read_member(kernel, probe, "probe", "next", &probe, &why))
			break;
		if (!probe)
			number->device_known = true;	/* there is none */
	}
	if (!probe && !visited.count)
		number->device_known = true;
	if (!number->device_known && why.kind == ERROR_NONE)
		error_set(&why, ERROR_CORRUPT, "the list in cdev_map that has character devices of major %u leads nowhere", number->major);
	if (why.kind != ERROR_NONE)
		device_damage(collection->damage, &why);
	visited_free(&visited);
}

static bool add(struct collection *collection, const struct device_number *number, struct error *error)
{
	struct list *list = &collection->list;
	struct device_number *grown;

	if (list->count >= MAX_NUMBERS)
		return error_set(error, ERROR_CORRUPT, "there are more than %u device numbers", MAX_NUMBERS);
	grown = array_room(list->numbers, list->count, &list->room, sizeof(*grown), "device numbers", error);
	if (!grown)
		return false;
	list->numbers = grown;
	grown[list->count++] = *number;
	return true;
}

static bool read_character(struct collection *collection, uint64_t at, struct device_number *number, struct error *error)
{
	static const char type[] = "char_device_struct";
	struct kernel *kernel = collection->kernel;
	struct member name;
	struct error why = { .kind = ERROR_NONE };
	uint64_t major;

	if (!kernel_read_member(kernel, at, type, "major", &major, error) || !kernel_read_member(kernel, at, type, "baseminor", &number->baseminor, error) ||
	    !kernel_read_member(kernel, at, type, "minorct", &number->count, error) || !kernel_read_member(kernel, at, type, "cdev", &number->device, error) ||
	    !types_member(kernel->types, type, "name", &name, error) || !device_text(kernel, at + name.offset, number->name, sizeof(number->name), error))
		return false;
	number->major = major;
	number->device_known = true;
	if (!number->device)
		find_cdev(collection, number);
	number->operations_known = number->device_known &&
				   (!number->device || kernel_read_member(kernel, number->device, "cdev", "ops", &number->operations, &why));
	if (why.kind != ERROR_NONE)
		device_damage(collection->damage, &why);
	return true;
}

static bool read_block(struct collection *collection, uint64_t at, struct device_number *number, struct error *error)
{
	static const char type[] = "blk_major_name";
	struct kernel *kernel = collection->kernel;
	struct member name;
	uint64_t major;

	if (!kernel_read_member(kernel, at, type, "major", &major, error) || !types_member(kernel->types, type, "name", &name, error) ||
	    !device_text(kernel, at + name.offset, number->name, name.size && name.size < sizeof(number->name) ? name.size + 1 : 17, error))
		return false;
	number->block = true;
	number->major = major;
	number->count = 1ull << MINOR_BITS;
	return true;
}

/* One of the two hash tables of lists. */
static bool read_table(struct collection *collection, const char *symbol, const char *type,
		       bool (*read)(struct collection *collection, uint64_t at, struct device_number *number, struct error *error), struct error *error)
{
	struct kernel *kernel = collection->kernel;
	struct visited visited = { 0 };
	uint64_t table, at;
	bool done = true;

	if (!kernel_symbol(kernel, symbol, &table, error))
		return false;
	for (unsigned i = 0; done && i < HASH; i++) {
		struct error why = { .kind = ERROR_NONE };

		if (!kernel_check_interrupt(kernel, error)) {
			done = false;
			break;
		}
		if (!kernel_read_pointer(kernel, table + (uint64_t)i * kernel->arch->pointer_size, &at, &why))
			at = 0;
		while (at && why.kind == ERROR_NONE && done) {
			struct device_number number = { 0 };

			if (visited_add(&visited, at) != VISITED_NEW) {
				error_set(&why, ERROR_CORRUPT, "%s: the list comes back to 0x%llx", symbol, (unsigned long long)at);
				break;
			}
			if (!read(collection, at, &number, &why))
				break;
			done = add(collection, &number, error);
			kernel_read_member(kernel, at, type, "next", &at, &why);
		}
		if (why.kind != ERROR_NONE)
			device_damage(collection->damage, &why);
	}
	visited_free(&visited);
	return done;
}

/* As /proc/devices: by major, those of one in the order of the list. */
static void sort(struct list *list)
{
	for (size_t i = 1; i < list->count; i++)
		for (size_t j = i; j && list->numbers[j - 1].block == list->numbers[j].block && list->numbers[j - 1].major > list->numbers[j].major; j--) {
			struct device_number other = list->numbers[j];

			list->numbers[j] = list->numbers[j - 1];
			list->numbers[j - 1] = other;
		}
}

/* The operations of a major are those of the first disk that has it. */
static bool each_disk(void *context, const struct disk *disk)
{
	struct list *list = context;

	for (size_t i = 0; i < list->count; i++) {
		struct device_number *number = &list->numbers[i];

		if (!number->block || number->major != disk->major || number->device)
			continue;
		number->device = disk->gendisk;
		number->operations = disk->operations;
	}
	return true;
}

bool device_numbers(struct kernel *kernel, bool (*callback)(void *context, const struct device_number *number), void *context,
		    struct error *damage, struct error *error)
{
	struct collection collection = { .kernel = kernel, .damage = damage };
	struct error disks = { .kind = ERROR_NONE }, why = { .kind = ERROR_NONE };
	bool done = read_table(&collection, "chrdevs", "char_device_struct", read_character, error) &&
		    read_table(&collection, "major_names", "blk_major_name", read_block, error), known;

	if (done) {
		sort(&collection.list);
		known = disks_for_each(kernel, each_disk, &collection.list, &disks, &why) && disks.kind == ERROR_NONE;
		if (!known)
			device_damage(damage, why.kind != ERROR_NONE ? &why : &disks);
		for (size_t i = 0; i < collection.list.count; i++) {
			struct device_number *number = &collection.list.numbers[i];

			/* All disks of a driver have its operations; which one is the first is not known where one may be missing. */
			if (number->block) {
				number->device_known = known;
				number->operations_known = known || number->device;
			}
			if (!callback(context, number))
				break;
		}
	}
	free(collection.list.numbers);
	return done;
}
