// SPDX-License-Identifier: GPL-3.0-or-later
/* Pools of workers and their work; see workqueues.h. */
#include "kernel/scheduler/workqueues.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "kernel/containers.h"

#define MAX_WORKS 1000000 /* in one list; more is damage */

struct reading {
	struct kernel *kernel;
	struct worker_pools *pools;
	struct worker_pool *pool;
	struct member work_func, worker_task, worker_work, worker_func, worker_pwq, worker_start;
	uint64_t work_entry;
	unsigned pwq_shift;
	bool has_start;
};

bool workqueue_name(struct kernel *kernel, uint64_t address, char *name, struct error *error)
{
	struct member member;
	uint64_t at = address;

	*name = '\0';
	if (!types_member(kernel->types, "workqueue_struct", "name", &member, error))
		return false;
	if (member.kind == TYPE_ARRAY)
		at += member.offset;
	else if (!kernel_read_field(kernel, address, &member, &at, error)) /* it once was a pointer to it */
		return false;
	if (memory_read_string(kernel->memory, at, name, WORKQUEUE_NAME, error))
		return true;
	*name = '\0';
	return false;
}

static void queue_of(struct reading *reading, uint64_t pwq, uint64_t pool, char *name)
{
	uint64_t of, queue;

	*name = '\0';
	if (kernel_read_member(reading->kernel, pwq, "pool_workqueue", "pool", &of, NULL) && (!pool || of == pool) &&
	    kernel_read_member(reading->kernel, pwq, "pool_workqueue", "wq", &queue, NULL))
		workqueue_name(reading->kernel, queue, name, NULL);
}

static void first_reason(struct error *damage, const struct error *error)
{
	if (damage->kind == ERROR_NONE)
		*damage = *error;
}

/* Work that is queued has its pool_workqueue in data, above some flags; that it is of this pool shows that it is one. */
static bool read_work(struct reading *reading, uint64_t address, uint64_t pool, struct work *work)
{
	uint64_t data;

	*work = (struct work){ .address = address };
	if (!kernel_read_field(reading->kernel, address, &reading->work_func, &work->func, NULL))
		return false;
	if (kernel_read_member(reading->kernel, address, "work_struct", "data.counter", &data, NULL)) {
		if (reading->kernel->arch->pointer_size == 4)
			data = (uint32_t)data;
		queue_of(reading, data >> reading->pwq_shift << reading->pwq_shift, pool, work->queue);
	}
	return true;
}

static bool add_work(struct work **works, size_t *count, size_t *room, const struct work *work, struct error *error)
{
	struct work *grown;

	if (*count >= MAX_WORKS)
		return error_set(error, ERROR_CORRUPT, "a list of work has more than %d entries", MAX_WORKS);
	grown = array_room(*works, *count, room, sizeof(*grown), "work", error);
	if (!grown)
		return false;
	*works = grown;
	grown[(*count)++] = *work;
	return true;
}

static bool add_pending(void *context, uint64_t address, struct error *error)
{
	struct reading *reading = context;
	struct work work;

	read_work(reading, address, reading->pool->address, &work);
	return add_work(&reading->pool->pending, &reading->pool->nr_pending, &reading->pool->room_pending, &work, error) &&
	       kernel_check_interrupt(reading->kernel, error);
}

static bool add_inactive(void *context, uint64_t address, struct error *error)
{
	struct reading *reading = context;
	struct work work;

	read_work(reading, address, 0, &work);
	return add_work(&reading->pools->inactive, &reading->pools->nr_inactive, &reading->pools->room_inactive, &work, error) &&
	       kernel_check_interrupt(reading->kernel, error);
}

static bool add_worker(void *context, uint64_t address, struct error *error)
{
	struct reading *reading = context;
	struct worker_pool *pool = reading->pool;
	struct worker *workers = array_room(pool->workers, pool->count, &pool->room, sizeof(*workers), "workers", error), *worker;
	struct kernel *kernel = reading->kernel;
	uint64_t pwq;

	if (!workers)
		return false;
	pool->workers = workers;
	worker = &workers[pool->count++];
	*worker = (struct worker){ .address = address };
	kernel_read_field(kernel, address, &reading->worker_task, &worker->task, NULL);
	worker->current_known = kernel_read_field(kernel, address, &reading->worker_work, &worker->current.address, NULL);
	if (!worker->current_known || !worker->current.address)
		return true;
	kernel_read_field(kernel, address, &reading->worker_func, &worker->current.func, NULL);
	if (kernel_read_field(kernel, address, &reading->worker_pwq, &pwq, NULL) && pwq)
		queue_of(reading, pwq, pool->address, worker->current.queue);
	worker->since_known = reading->has_start && kernel_read_field(kernel, address, &reading->worker_start, &worker->since, NULL);
	return true;
}

/* LIST of the structure at ADDRESS, in which entries hang by OFFSET; what breaks it is in *DAMAGE. */
static bool walk(struct reading *reading, uint64_t address, const char *type, const char *list, uint64_t offset,
		 bool (*callback)(void *, uint64_t, struct error *), struct error *damage, struct error *error)
{
	struct error why = { .kind = ERROR_NONE };
	struct member member;

	if (types_member(reading->kernel->types, type, list, &member, &why) &&
	    list_for_each(reading->kernel, address + member.offset, offset, callback, reading, &why))
		return true;
	if (why.kind == ERROR_INTERRUPTED || why.kind == ERROR_NO_MEMORY) {
		*error = why;
		return false;
	}
	first_reason(damage, &why);
	return true;
}

static bool add_pool(void *context, uint64_t index, uint64_t address, struct error *error)
{
	struct reading *reading = context;
	struct worker_pools *pools = reading->pools;
	struct worker_pool *grown = array_room(pools->pools, pools->count, &pools->room, sizeof(*grown), "pools of workers", error), *pool;
	struct kernel *kernel = reading->kernel;
	struct member node;
	uint64_t value;

	(void)index;
	if (!grown)
		return false;
	pools->pools = grown;
	pool = reading->pool = &grown[pools->count++];
	*pool = (struct worker_pool){ .address = address };
	pool->id_known = kernel_read_member(kernel, address, "worker_pool", "id", &value, NULL);
	pool->id = pool->id_known ? (uint32_t)value : 0;
	pool->cpu_known = kernel_read_member(kernel, address, "worker_pool", "cpu", &value, NULL);
	pool->cpu = pool->cpu_known ? (int32_t)value : 0;
	pool->workers_known = kernel_read_member(kernel, address, "worker_pool", "nr_workers", &pool->nr_workers, NULL) &&
			      kernel_read_member(kernel, address, "worker_pool", "nr_idle", &pool->nr_idle, NULL);
	/* once they were in an idr alone: then those are not known */
	if (!types_member(kernel->types, "worker", "node", &node, &pool->damage))
		node.offset = UINT64_MAX;
	return (node.offset == UINT64_MAX ||
		walk(reading, address, "worker_pool", "workers", node.offset, add_worker, &pool->damage, error)) &&
	       walk(reading, address, "worker_pool", "worklist", reading->work_entry, add_pending, &pool->damage, error);
}

static bool add_pwq(void *context, uint64_t address, struct error *error)
{
	struct reading *reading = context;

	/* they once were called delayed */
	return walk(reading, address, "pool_workqueue",
		    types_has_member(reading->kernel->types, "pool_workqueue", "inactive_works") ? "inactive_works" : "delayed_works",
		    reading->work_entry, add_inactive, &reading->pools->damage, error);
}

static bool add_queue(void *context, uint64_t address, struct error *error)
{
	struct reading *reading = context;
	struct member node;

	return types_member(reading->kernel->types, "pool_workqueue", "pwqs_node", &node, error) &&
	       walk(reading, address, "workqueue_struct", "pwqs", node.offset, add_pwq, &reading->pools->damage, error);
}

static bool prepare(struct reading *reading, struct error *error)
{
	struct types *types = reading->kernel->types;
	struct member entry;
	int64_t shift;

	reading->has_start = types_member(types, "worker", "current_start", &reading->worker_start, NULL);
	/* enumerators of linux/workqueue.h, the second since 6.9 */
	reading->pwq_shift = (types_enumerator(types, NULL, "WORK_STRUCT_PWQ_SHIFT", &shift, NULL) ||
			      types_enumerator(types, NULL, "WORK_STRUCT_FLAG_BITS", &shift, NULL)) &&
					     shift > 0 && shift < 32
				     ? (unsigned)shift
				     : 8;
	if (!types_member(types, "work_struct", "entry", &entry, error) || !types_member(types, "work_struct", "func", &reading->work_func, error) ||
	    !types_member(types, "worker", "task", &reading->worker_task, error) ||
	    !types_member(types, "worker", "current_work", &reading->worker_work, error) ||
	    !types_member(types, "worker", "current_func", &reading->worker_func, error) ||
	    !types_member(types, "worker", "current_pwq", &reading->worker_pwq, error))
		return false;
	reading->work_entry = entry.offset;
	return true;
}

bool worker_pools_read(struct kernel *kernel, struct worker_pools *pools, struct error *error)
{
	struct reading reading = { .kernel = kernel, .pools = pools };
	struct error why = { .kind = ERROR_NONE };
	struct member root, link;
	uint64_t idr, queues;

	*pools = (struct worker_pools){ 0 };
	if (!prepare(&reading, error) || !kernel_symbol(kernel, "worker_pool_idr", &idr, error) ||
	    !types_member(kernel->types, "idr", "idr_rt", &root, error))
		return false;
	if (!xarray_for_each(kernel, idr + root.offset, add_pool, &reading, &why))
		first_reason(&pools->damage, &why);
	if (why.kind != ERROR_INTERRUPTED && why.kind != ERROR_NO_MEMORY &&
	    (!kernel_symbol(kernel, "workqueues", &queues, &why) || !types_member(kernel->types, "workqueue_struct", "list", &link, &why) ||
	     !list_for_each(kernel, queues, link.offset, add_queue, &reading, &why)))
		first_reason(&pools->damage, &why);
	if (why.kind == ERROR_INTERRUPTED || why.kind == ERROR_NO_MEMORY) {
		*error = why;
		return false;
	}
	return true;
}

void worker_pools_free(struct worker_pools *pools)
{
	for (size_t i = 0; i < pools->count; i++) {
		free(pools->pools[i].workers);
		free(pools->pools[i].pending);
	}
	free(pools->pools);
	free(pools->inactive);
	*pools = (struct worker_pools){ 0 };
}
