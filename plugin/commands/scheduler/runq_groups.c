// SPDX-License-Identifier: GPL-3.0-or-later
/* runq -g: the task groups that have something to run on a CPU, or were throttled there. */
#include "commands/scheduler/runq.h"

#include <inttypes.h>

enum { CPU, DEPTH, GROUP, CFS_RQ, QUEUED, WEIGHT, LEFT, IS, THROTTLED, PATH };

static const struct column columns[] = {
	[CPU] = { "cpu", "CPU", 4, COLUMN_RIGHT },
	[DEPTH] = { "depth", NULL, 0, COLUMN_JSON_ONLY },
	[GROUP] = { "group", "TASK_GROUP", 16, COLUMN_ADDRESS },
	[CFS_RQ] = { "cfs_rq", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[QUEUED] = { "queued", "QUEUED", 6, COLUMN_RIGHT },
	[WEIGHT] = { "weight", "WEIGHT", 9, COLUMN_RIGHT },
	[LEFT] = { "runtime_left_ns", "NS LEFT", 11, COLUMN_RIGHT },
	[IS] = { "is", "IS", 9, COLUMN_TEXT_ONLY },
	[THROTTLED] = { "throttled", NULL, 0, COLUMN_JSON_ONLY },
	[PATH] = { "cgroup", "CGROUP", 0, 0 },
};
static const struct shape shape = { "groups", SHAPE_TABLE, columns, ARRAY_SIZE(columns) };

static bool group_row(struct output *output, unsigned cpu, const struct runqueue_group *group, const struct buffer *path)
{
	bool more = output_row(output) && output_uint(output, CPU, cpu) && output_uint(output, DEPTH, group->depth) &&
		    output_address(output, CFS_RQ, group->cfs_rq) && output_bool(output, THROTTLED, group->throttled, NULL) &&
		    output_string(output, IS, group->throttled ? "throttled" : "");

	if (more && group->group)
		more = output_address(output, GROUP, group->group);
	if (more && group->known & RUNQUEUE_QUEUED)
		more = output_uint(output, QUEUED, group->queued);
	if (more && group->known & RUNQUEUE_WEIGHT)
		more = output_uint(output, WEIGHT, group->weight);
	if (more && group->known & RUNQUEUE_RUNTIME)
		more = output_int(output, LEFT, group->runtime);
	if (more && path->size)
		more = output_bytes(output, PATH, path->data, path->size);
	return more;
}

bool runq_groups(struct kernel *kernel, struct output *output, const struct runq *runq)
{
	struct error why = { 0 };
	struct buffer path = { 0 };
	size_t unnamed = 0;
	bool more = output_begin(output, &shape);

	for (size_t i = 0; more && i < runq->count; i++)
		for (size_t j = 0; more && j < runq->queues[i].nr_groups; j++) {
			const struct runqueue_group *group = &runq->queues[i].groups[j];

			buffer_clear(&path);
			if (group->group && !task_group_path(kernel, group->group, &path, unnamed ? NULL : &why))
				unnamed++;
			more = group_row(output, runq->queues[i].cpu, group, &path);
		}
	output_end(output);
	buffer_free(&path);
	if (unnamed)
		output_note(output, "of %zu the cgroup is not known: %s", unnamed, why.text);
	for (size_t i = 0; i < runq->count; i++)
		if (runq->queues[i].damage.kind != ERROR_NONE)
			output_note(output, "CPU %u: there may be more: %s", runq->queues[i].cpu, runq->queues[i].damage.text);
	return true;
}
