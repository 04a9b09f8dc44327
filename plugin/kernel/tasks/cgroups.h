/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Control groups: the hierarchies, the tree of each, and in which groups a task is.
 */
#ifndef VMCORE_KERNEL_CGROUPS_H
#define VMCORE_KERNEL_CGROUPS_H

#include "base/buffer.h"
#include "kernel/kernel.h"

struct task;

#define CGROUP_MAX_DEPTH 64	/* the kernel has no limit, people do */

/* Appends where the cgroup of this kernfs_node, or this cgroup, is in its hierarchy: "/", "/system.slice". */
bool cgroup_node_path(struct kernel *kernel, uint64_t node, struct buffer *path, struct error *error);
bool cgroup_path(struct kernel *kernel, uint64_t cgroup, struct buffer *path, struct error *error);

struct cgroup_hierarchy {
	uint64_t address;	/* struct cgroup_root */
	uint64_t cgroup;	/* its root */
	uint64_t id;		/* 0 = version 2's */
	uint64_t controllers;	/* a bit for each that is bound to it; cgroup_controllers() */
	uint64_t count;		/* of cgroups, as the kernel counts them */
	char name[64];		/* of one of version 1 that was given one; "" = none */
};

bool cgroup_hierarchies_for_each(struct kernel *kernel,
				 bool (*callback)(void *context, const struct cgroup_hierarchy *hierarchy, struct error *error), void *context,
				 struct error *error);
/* Appends "cpu,cpuacct" for a mask of controllers. */
bool cgroup_controllers(struct kernel *kernel, uint64_t mask, struct buffer *text, struct error *error);

struct cgroup {
	uint64_t address;
	unsigned depth;		/* 0 = the root */
	bool dead, dead_known;	/* it was removed, but something still holds it */
	uint64_t tasks;		/* in this one itself, dying ones not counted */
	uint64_t memory, memory_max;	/* bytes, with all below it; UINT64_MAX = there is no limit */
	uint64_t pids, pids_max;
	/*
	 * ns that its tasks have used, and, as far as the kernel had added that up, those of all below it: "usage" of cpu.stat is this or
	 * more. Only version 2 counts it, and not for the root.
	 */
	uint64_t cpu;
	bool cpu_known;
	bool tasks_known, memory_known, pids_known; /* what its controllers do not count is not known */
	struct error damage;	/* ERROR_NONE, or the first reason why something of it is not known that there is */
};

/* Each of a hierarchy, a group before those in it. What cannot be read is in *error at the end; the rest is handed out. */
bool cgroups_for_each(struct kernel *kernel, const struct cgroup_hierarchy *hierarchy,
		      bool (*callback)(void *context, const struct cgroup *cgroup, struct error *error), void *context, struct error *error);
/* The cgroups of a task, one in each hierarchy. */
bool task_cgroups_for_each(struct kernel *kernel, const struct task *task, bool (*callback)(void *context, uint64_t cgroup, struct error *error),
			   void *context, struct error *error);
/* The hierarchy that a cgroup is in. */
bool cgroup_hierarchy_of(struct kernel *kernel, uint64_t cgroup, struct cgroup_hierarchy *hierarchy_ret, struct error *error);

#endif
