// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/devices/devices.h"

#include <string.h>

#include "kernel/containers.h"

#define MAX_TAGS   65536	/* of one queue: BLK_MQ_MAX_DEPTH is 10240 */
#define MAX_QUEUES 65536

struct walk {
	struct kernel *kernel;
	bool (*callback)(void *context, const struct disk *disk);
	void *context;
	struct error *damage;
	uint64_t node_to_private;	/* from a klist_node's n_node to the device_private around it */
	bool enough;
};

/* --- what is in flight --- */

/* Bio-based drivers count on each CPU. Sums of single counters may be of either sign. */
static bool count_per_cpu(struct kernel *kernel, uint64_t stats, struct disk *disk, struct error *error)
{
	struct member member;
	int64_t sums[2] = { 0 };

	if (!types_member(kernel->types, "disk_stats", "in_flight", &member, error))
		return false;
	for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids; cpu++)
		for (unsigned i = 0; i < 2; i++) {
			uint64_t at, value, size = kernel->arch->pointer_size;

			if (!kernel_per_cpu_pointer(kernel, stats, cpu, &at, error) ||
			    !kernel_read_pointer(kernel, at + member.offset + i * size, &value, error))
				return false;
			sums[i] += size == 4 ? (int32_t)value : (int64_t)value;
		}
	disk->reads = sums[0] > 0 ? sums[0] : 0;
	disk->writes = sums[1] > 0 ? sums[1] : 0;
	return true;
}

/* A request says itself whether it has been started; so which tags are taken need not be asked. */
static bool count_tags(struct kernel *kernel, uint64_t tags, uint64_t started, struct disk *disk, struct error *error)
{
	uint64_t count, table, request, state, queue, flags;

	if (!kernel_read_member(kernel, tags, "blk_mq_tags", "nr_tags", &count, error) || !kernel_read_member(kernel, tags, "blk_mq_tags", "rqs", &table, error))
		return false;
	if (count > MAX_TAGS)
		return error_set(error, ERROR_CORRUPT, "the tags at 0x%llx would be %llu, which no queue has", (unsigned long long)tags,
				 (unsigned long long)count);
	for (uint64_t i = 0; i < count; i++) {
		if (!kernel_read_pointer(kernel, table + i * kernel->arch->pointer_size, &request, error))
			return false;
		if (!request)
			continue;	/* never used */
		if (!kernel_read_member(kernel, request, "request", "q", &queue, error) || !kernel_read_member(kernel, request, "request", "state", &state, error) ||
		    !kernel_read_member(kernel, request, "request", "cmd_flags", &flags, error))
			return false;
		if (queue != disk->queue || state != started)
			continue;
		if (flags & 1)		/* op_is_write() */
			disk->writes++;
		else
			disk->reads++;
	}
	return true;
}

struct contexts {
	struct kernel *kernel;
	struct disk *disk;
	struct visited tags;		/* some kinds of queues share them */
	uint64_t started;
};

static bool each_context(void *context, uint64_t index, uint64_t hctx, struct error *error)
{
	struct contexts *contexts = context;
	uint64_t tags;

	(void)index;
	if (!kernel_check_interrupt(contexts->kernel, error) ||
	    !kernel_read_member(contexts->kernel, hctx, "blk_mq_hw_ctx", "tags", &tags, error))
		return false;
	if (!tags || visited_add(&contexts->tags, tags) != VISITED_NEW)
		return true;
	return count_tags(contexts->kernel, tags, contexts->started, contexts->disk, error);
}

static bool count_requests(struct kernel *kernel, struct disk *disk, struct error *error)
{
	struct contexts contexts = { .kernel = kernel, .disk = disk };
	uint64_t table, count, hctx;
	struct member member;
	int64_t started;
	bool done = true;

	if (!types_enumerator(kernel->types, "mq_rq_state", "MQ_RQ_IN_FLIGHT", &started, error))
		return false;
	contexts.started = started;
	if (types_has_member(kernel->types, "request_queue", "hctx_table")) {	/* an xarray; other kernels have an array of pointers */
		done = types_member(kernel->types, "request_queue", "hctx_table", &member, error) &&
		       xarray_for_each(kernel, disk->queue + member.offset, each_context, &contexts, error);
	} else {
		done = kernel_read_member(kernel, disk->queue, "request_queue", "nr_hw_queues", &count, error) &&
		       kernel_read_member(kernel, disk->queue, "request_queue", "queue_hw_ctx", &table, error);
		if (done && count > MAX_QUEUES)
			done = error_set(error, ERROR_CORRUPT, "the queue at 0x%llx would have %llu hardware queues", (unsigned long long)disk->queue,
					 (unsigned long long)count);
		for (uint64_t i = 0; done && i < count; i++)
			done = kernel_read_pointer(kernel, table + i * kernel->arch->pointer_size, &hctx, error) &&
			       (!hctx || each_context(&contexts, i, hctx, error));
	}
	visited_free(&contexts.tags);
	return done;
}

static bool count_in_flight(struct kernel *kernel, uint64_t stats, struct disk *disk, struct error *error)
{
	uint64_t operations;

	if (!disk->queue)
		return error_set(error, ERROR_CORRUPT, "disk %s has no queue", disk->name);
	if (!kernel_read_member(kernel, disk->queue, "request_queue", "mq_ops", &operations, error))
		return false;
	return operations ? count_requests(kernel, disk, error) : count_per_cpu(kernel, stats, disk, error);
}

/* --- the disks --- */

/* What of a disk is in its whole "partition": a block_device since 5.11, before an hd_struct in the gendisk. */
struct whole {
	uint64_t gendisk, part;
	bool is_block_device;
};

/* The gendisk of DEVICE; 0: it is a partition's. */
static bool find_gendisk(struct kernel *kernel, uint64_t device, struct whole *whole, struct error *error)
{
	struct member member, in_disk;
	uint64_t number, first;

	*whole = (struct whole){ .is_block_device = types_has_member(kernel->types, "block_device", "bd_device") };
	if (whole->is_block_device) {
		if (!types_member(kernel->types, "block_device", "bd_device", &member, error))
			return false;
		whole->part = device - member.offset;
		if (!kernel_read_member(kernel, whole->part, "block_device", "bd_disk", &whole->gendisk, error) ||
		    !kernel_read_member(kernel, whole->gendisk, "gendisk", "part0", &first, error))
			return false;
		if (first != whole->part)
			whole->gendisk = 0;
		return true;
	}
	if (!types_member(kernel->types, "hd_struct", "__dev", &member, error) || !types_member(kernel->types, "gendisk", "part0", &in_disk, error))
		return false;
	whole->part = device - member.offset;
	if (!kernel_read_member(kernel, whole->part, "hd_struct", "partno", &number, error))
		return false;
	whole->gendisk = number ? 0 : whole->part - in_disk.offset;
	return true;
}

static bool read_disk(struct kernel *kernel, const struct whole *whole, struct disk *disk, struct error *damage, struct error *error)
{
	struct error why = { .kind = ERROR_NONE };
	uint64_t major, minor, stats = 0;
	struct member name;

	disk->gendisk = whole->gendisk;
	if (!kernel_read_member(kernel, disk->gendisk, "gendisk", "major", &major, error) ||
	    !kernel_read_member(kernel, disk->gendisk, "gendisk", "first_minor", &minor, error) ||
	    !kernel_read_member(kernel, disk->gendisk, "gendisk", "fops", &disk->operations, error) ||
	    !kernel_read_member(kernel, disk->gendisk, "gendisk", "queue", &disk->queue, error) ||
	    !types_member(kernel->types, "gendisk", "disk_name", &name, error) ||
	    !device_text(kernel, disk->gendisk + name.offset, disk->name, sizeof(disk->name), error))
		return false;
	disk->major = major;
	disk->first_minor = minor;
	disk->sectors_known = whole->is_block_device ? kernel_read_member(kernel, whole->part, "block_device", "bd_nr_sectors", &disk->sectors, &why) :
						       kernel_read_member(kernel, whole->part, "hd_struct", "nr_sects", &disk->sectors, &why);
	if (!disk->sectors_known)
		device_damage(damage, &why);
	disk->inflight_known = (whole->is_block_device ? kernel_read_member(kernel, whole->part, "block_device", "bd_stats", &stats, &why) :
							 kernel_read_member(kernel, whole->part, "hd_struct", "dkstats", &stats, &why)) &&
			       count_in_flight(kernel, stats, disk, &why);
	if (!disk->inflight_known && why.kind == ERROR_INTERRUPTED) {
		*error = why;
		return false;
	}
	if (!disk->inflight_known)
		device_damage(damage, &why);
	return true;
}

static bool each_node(void *context, uint64_t node, struct error *error)
{
	struct walk *walk = context;
	struct error why = { .kind = ERROR_NONE };
	struct disk disk = { 0 };
	struct whole whole;
	uint64_t device;

	if (!kernel_check_interrupt(walk->kernel, error))
		return false;
	if (!kernel_read_member(walk->kernel, node - walk->node_to_private, "device_private", "device", &device, &why) ||
	    !find_gendisk(walk->kernel, device, &whole, &why) || (whole.gendisk && !read_disk(walk->kernel, &whole, &disk, walk->damage, &why))) {
		if (why.kind == ERROR_INTERRUPTED) {
			*error = why;
			return false;
		}
		device_damage(walk->damage, &why);
		return true;
	}
	walk->enough = whole.gendisk && !walk->callback(walk->context, &disk);
	return !walk->enough;
}

struct search {
	struct kernel *kernel;
	uint64_t class, kobject, found;
};

/* The subsys_private around a kobject on class_kset's list. */
static bool each_class(void *context, uint64_t kobject, struct error *error)
{
	struct search *search = context;
	uint64_t class;

	if (!kernel_check_interrupt(search->kernel, error) ||
	    !kernel_read_member(search->kernel, kobject - search->kobject, "subsys_private", "class", &class, error))
		return false;
	if (class == search->class)
		search->found = kobject - search->kobject;
	return !search->found;
}

/* What the driver core has of class "block": the class itself knows to 6.3, since then it is looked for among all. */
static bool find_private(struct kernel *kernel, uint64_t *private_ret, struct error *error)
{
	struct search search = { .kernel = kernel };
	struct member subsys, kobj, entry, list;
	uint64_t kset;

	if (!kernel_symbol(kernel, "block_class", &search.class, error))
		return false;
	if (types_has_member(kernel->types, "class", "p"))
		return kernel_read_member(kernel, search.class, "class", "p", private_ret, error);
	if (!kernel_read_variable(kernel, "class_kset", kernel->arch->pointer_size, &kset, error) ||
	    !types_member(kernel->types, "subsys_private", "subsys", &subsys, error) || !types_member(kernel->types, "kset", "kobj", &kobj, error) ||
	    !types_member(kernel->types, "kobject", "entry", &entry, error) || !types_member(kernel->types, "kset", "list", &list, error))
		return false;
	search.kobject = subsys.offset + kobj.offset;
	if (!list_for_each(kernel, kset + list.offset, entry.offset, each_class, &search, error))
		return false;
	*private_ret = search.found;
	return search.found || error_set(error, ERROR_CORRUPT, "the class \"block\" is not among the kernel's classes");
}

bool disks_for_each(struct kernel *kernel, bool (*callback)(void *context, const struct disk *disk), void *context, struct error *damage,
		    struct error *error)
{
	struct walk walk = { .kernel = kernel, .callback = callback, .context = context, .damage = damage };
	struct member klist, list, knode, node;
	struct error why = { .kind = ERROR_NONE };
	uint64_t private;

	if (!find_private(kernel, &private, error) || !types_member(kernel->types, "subsys_private", "klist_devices", &klist, error) ||
	    !types_member(kernel->types, "klist", "k_list", &list, error) ||
	    !types_member(kernel->types, "device_private", "knode_class", &knode, error) ||
	    !types_member(kernel->types, "klist_node", "n_node", &node, error))
		return false;
	walk.node_to_private = knode.offset + node.offset;
	if (list_for_each(kernel, private + klist.offset + list.offset, 0, each_node, &walk, &why) || walk.enough)
		return true;
	if (why.kind == ERROR_INTERRUPTED || why.kind == ERROR_NO_MEMORY) {
		*error = why;
		return false;
	}
	device_damage(damage, &why);
	return true;
}
