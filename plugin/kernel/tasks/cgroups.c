// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/tasks/cgroups.h"

#include <string.h>

#include "kernel/containers.h"
#include "kernel/tasks/task.h"

#define MAX_NAME	256
#define MAX_CONTROLLERS 64

bool cgroup_node_path(struct kernel *kernel, uint64_t node, struct buffer *path, struct error *error)
{
	/* Since 6.15 (633488947ef6) the parent is read under RCU, and its name has underscores. */
	const char *parent = types_has_member(kernel->types, "kernfs_node", "__parent") ? "__parent" : "parent";
	char names[CGROUP_MAX_DEPTH][MAX_NAME];
	uint64_t up, name;
	size_t depth = 0;

	for (;; node = up) {
		if (!kernel_read_member(kernel, node, "kernfs_node", parent, &up, error))
			return false;
		if (!up)
			break;
		if (depth == CGROUP_MAX_DEPTH)
			return error_set(error, ERROR_CORRUPT, "the cgroup lies more than %d deep, or in a circle", CGROUP_MAX_DEPTH);
		if (!kernel_read_member(kernel, node, "kernfs_node", "name", &name, error) ||
		    !memory_read_string(kernel->memory, name, names[depth], MAX_NAME, error))
			return false;
		depth++;
	}
	if (!depth)
		buffer_char(path, '/');
	while (depth--) {
		buffer_char(path, '/');
		buffer_string(path, names[depth]);
	}
	return true;
}

bool cgroup_path(struct kernel *kernel, uint64_t cgroup, struct buffer *path, struct error *error)
{
	uint64_t node;

	return kernel_read_member(kernel, cgroup, "cgroup", "kn", &node, error) && cgroup_node_path(kernel, node, path, error);
}

/* --- hierarchies --- */

static bool read_hierarchy(struct kernel *kernel, uint64_t root, struct cgroup_hierarchy *hierarchy, struct error *error)
{
	struct member cgroup, name;

	*hierarchy = (struct cgroup_hierarchy){ .address = root };
	if (!types_member(kernel->types, "cgroup_root", "cgrp", &cgroup, error) || !types_member(kernel->types, "cgroup_root", "name", &name, error) ||
	    !kernel_read_member(kernel, root, "cgroup_root", "hierarchy_id", &hierarchy->id, error) ||
	    !kernel_read_member(kernel, root, "cgroup_root", "subsys_mask", &hierarchy->controllers, error) ||
	    !kernel_read_member(kernel, root, "cgroup_root", "nr_cgrps.counter", &hierarchy->count, error) ||
	    !memory_read_string(kernel->memory, root + name.offset, hierarchy->name, sizeof(hierarchy->name), error))
		return false;
	hierarchy->cgroup = root + cgroup.offset;
	return true;
}

struct hierarchies {
	struct kernel *kernel;
	bool (*callback)(void *context, const struct cgroup_hierarchy *hierarchy, struct error *error);
	void *context;
};

static bool one_hierarchy(void *context, uint64_t root, struct error *error)
{
	struct hierarchies *hierarchies = context;
	struct cgroup_hierarchy hierarchy;

	return read_hierarchy(hierarchies->kernel, root, &hierarchy, error) && hierarchies->callback(hierarchies->context, &hierarchy, error);
}

bool cgroup_hierarchies_for_each(struct kernel *kernel,
				 bool (*callback)(void *context, const struct cgroup_hierarchy *hierarchy, struct error *error), void *context,
				 struct error *error)
{
	struct hierarchies hierarchies = { .kernel = kernel, .callback = callback, .context = context };
	struct member link;
	uint64_t roots;

	return kernel_symbol(kernel, "cgroup_roots", &roots, error) && types_member(kernel->types, "cgroup_root", "root_list", &link, error) &&
	       list_for_each(kernel, roots, link.offset, one_hierarchy, &hierarchies, error);
}

bool cgroup_hierarchy_of(struct kernel *kernel, uint64_t cgroup, struct cgroup_hierarchy *hierarchy_ret, struct error *error)
{
	uint64_t root;

	return kernel_read_member(kernel, cgroup, "cgroup", "root", &root, error) && read_hierarchy(kernel, root, hierarchy_ret, error);
}

bool cgroup_controllers(struct kernel *kernel, uint64_t mask, struct buffer *text, struct error *error)
{
	const struct symbol *table = symtab_find(kernel->symbols, "cgroup_subsys");
	uint64_t address, name;
	size_t start = text->size;
	char word[32];

	if (!mask)
		return true;
	if (!table)
		return error_set(error, ERROR_NO_SYMBOL, "the kernel's symbols have no cgroup_subsys");
	for (unsigned i = 0; i < MAX_CONTROLLERS; i++) {
		if (!(mask >> i & 1))
			continue;
		if (!kernel_read_pointer(kernel, table->address + (uint64_t)i * kernel->arch->pointer_size, &address, error) ||
		    !kernel_read_member(kernel, address, "cgroup_subsys", "legacy_name", &name, error) ||
		    !memory_read_string(kernel->memory, name, word, sizeof(word), error))
			return false;
		buffer_printf(text, "%s%s", text->size > start ? "," : "", word);
	}
	return true;
}

/* --- the tree --- */

struct walk {
	struct kernel *kernel;
	bool (*callback)(void *context, const struct cgroup *cgroup, struct error *error);
	void *context;
	struct visited visited;
	struct member self, children, sibling, subsys;
	int64_t memory_id, pids_id;	/* of the controllers; -1 = it is not compiled in */
	bool counts_time;		/* of version 2: others' members of that kind are not used */
	unsigned depth;
	bool stopped;
	struct error first;		/* why a part of the tree is missing */
};

static void lose(struct error *damage, const struct error *why)
{
	if (damage->kind == ERROR_NONE)
		*damage = *why;
}

struct counting {
	struct kernel *kernel;
	uint64_t count;
};

static bool count_set(void *context, uint64_t link, struct error *error)
{
	struct counting *counting = context;
	uint64_t set, count;

	if (!kernel_read_member(counting->kernel, link, "cgrp_cset_link", "cset", &set, error) ||
	    !kernel_read_member(counting->kernel, set, "css_set", "nr_tasks", &count, error))
		return false;
	counting->count += (uint32_t)count;
	return true;
}

/* Its tasks are those of all sets of groups in which it is. */
static void read_tasks(struct kernel *kernel, struct cgroup *cgroup)
{
	struct counting counting = { .kernel = kernel };
	struct error why = { 0 };
	struct member head, link;

	cgroup->tasks_known = types_member(kernel->types, "cgroup", "cset_links", &head, &why) &&
			      types_member(kernel->types, "cgrp_cset_link", "cset_link", &link, &why) &&
			      list_for_each(kernel, cgroup->address + head.offset, link.offset, count_set, &counting, &why);
	cgroup->tasks = counting.count;
	if (!cgroup->tasks_known)
		lose(&cgroup->damage, &why);
}

/* The controller's structure for this cgroup, which begins with or has in it the css of TYPE; 0: this cgroup has none of its own. */
static bool controller_of(struct walk *walk, const struct cgroup *cgroup, int64_t id, const char *type, uint64_t *address_ret, struct error *error)
{
	uint64_t css;
	struct member member;

	*address_ret = 0;
	if (id < 0 || (uint64_t)id >= walk->subsys.count || !types_member(walk->kernel->types, type, "css", &member, NULL))
		return true;
	if (!kernel_read_pointer(walk->kernel, cgroup->address + walk->subsys.offset + id * walk->subsys.element_size, &css, error))
		return false;
	*address_ret = css ? css - member.offset : 0;
	return true;
}

static void read_memory(struct walk *walk, struct cgroup *cgroup)
{
	bool small = walk->kernel->arch->pointer_size == 4;
	uint64_t address, page = memory_page_size(walk->kernel->memory), usage, max;
	struct error why = { 0 };

	if (!controller_of(walk, cgroup, walk->memory_id, "mem_cgroup", &address, &why) ||
	    (address && (!kernel_read_member(walk->kernel, address, "mem_cgroup", "memory.usage", &usage, &why) ||
			 !kernel_read_member(walk->kernel, address, "mem_cgroup", "memory.max", &max, &why)))) {
		lose(&cgroup->damage, &why);
		return;
	}
	cgroup->memory_known = address != 0;
	if (!address)
		return;
	/* PAGE_COUNTER_MAX: what a long holds, in 64 bits as bytes */
	cgroup->memory_max = max >= (small ? (uint64_t)INT32_MAX : (uint64_t)INT64_MAX / page) ? UINT64_MAX : max * page;
	cgroup->memory = usage * page;
}

static void read_pids(struct walk *walk, struct cgroup *cgroup)
{
	/* PIDS_MAX is one more than there can be */
	uint64_t most = walk->kernel->arch->pointer_size == 4 ? 32768 : TASK_MAX_PID, address;
	struct error why = { 0 };

	if (!controller_of(walk, cgroup, walk->pids_id, "pids_cgroup", &address, &why) ||
	    (address && (!kernel_read_member(walk->kernel, address, "pids_cgroup", "counter.counter", &cgroup->pids, &why) ||
			 !kernel_read_member(walk->kernel, address, "pids_cgroup", "limit.counter", &cgroup->pids_max, &why)))) {
		lose(&cgroup->damage, &why);
		return;
	}
	cgroup->pids_known = address != 0;
	if (cgroup->pids_max > most)
		cgroup->pids_max = UINT64_MAX;
}

/* Where a CPU keeps what is not yet added to the cgroup's: the first that the kernel has. */
static const struct {
	const char *member;	/* of struct cgroup, a per-CPU pointer */
	const char *type;	/* to this */
} cpu_parts[] = {
	{ "rstat_base_cpu", "cgroup_rstat_base_cpu" },
	{ "rstat_cpu", "cgroup_rstat_cpu" },
};

/* What CPU has counted since it was added up last. */
static bool pending_time(struct kernel *kernel, uint64_t parts, const char *type, unsigned cpu, uint64_t *time_ret, struct error *error)
{
	uint64_t address, now, before;

	if (!kernel_per_cpu_pointer(kernel, parts, cpu, &address, error) ||
	    !kernel_read_member(kernel, address, type, "bstat.cputime.sum_exec_runtime", &now, error) ||
	    !kernel_read_member(kernel, address, type, "last_bstat.cputime.sum_exec_runtime", &before, error))
		return false;
	if (now < before)
		return error_set(error, ERROR_CORRUPT, "CPU %u had added up more of it than it had counted", cpu);
	*time_ret = now - before;
	return true;
}

static void read_time(struct walk *walk, struct cgroup *cgroup)
{
	struct kernel *kernel = walk->kernel;
	struct error why = { 0 };
	uint64_t parts, pending = 0;

	for (size_t i = 0; i < sizeof(cpu_parts) / sizeof(*cpu_parts); i++) {
		if (!types_has_member(kernel->types, "cgroup", cpu_parts[i].member) || !types_has_member(kernel->types, cpu_parts[i].type, "bstat"))
			continue;
		cgroup->cpu_known = kernel_read_member(kernel, cgroup->address, "cgroup", "bstat.cputime.sum_exec_runtime", &cgroup->cpu, &why) &&
				    kernel_read_member(kernel, cgroup->address, "cgroup", cpu_parts[i].member, &parts, &why);
		for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids && cgroup->cpu_known; cpu++) {
			cgroup->cpu_known = pending_time(kernel, parts, cpu_parts[i].type, cpu, &pending, &why);
			cgroup->cpu += pending;
		}
		if (!cgroup->cpu_known)
			lose(&cgroup->damage, &why);
		return;
	}
}

static bool one_cgroup(void *context, uint64_t css, struct error *error)
{
	struct walk *walk = context;
	struct kernel *kernel = walk->kernel;
	struct cgroup cgroup = { .address = css - walk->self.offset, .depth = walk->depth };
	struct error why = { 0 };
	int64_t online;
	uint64_t flags;

	if (!kernel_check_interrupt(kernel, error))
		return false;
	if (walk->depth >= CGROUP_MAX_DEPTH)
		return error_set(error, ERROR_CORRUPT, "cgroups more than %d deep", CGROUP_MAX_DEPTH);
	switch (visited_add(&walk->visited, css)) {
	case VISITED_NO_MEMORY:
		return error_no_memory(error, "the cgroups", walk->visited.count * sizeof(uint64_t));
	case VISITED_BEFORE:
		return error_set(error, ERROR_CORRUPT, "the cgroup at 0x%llx is in two places", (unsigned long long)cgroup.address);
	case VISITED_NEW:
		break;
	}
	cgroup.dead_known = types_enumerator(kernel->types, NULL, "CSS_ONLINE", &online, &why) &&
			    kernel_read_member(kernel, css, "cgroup_subsys_state", "flags", &flags, &why);
	if (cgroup.dead_known)
		cgroup.dead = !(flags & (uint64_t)online);
	else
		lose(&cgroup.damage, &why);
	read_tasks(kernel, &cgroup);
	/* For the root the kernel does not count. */
	if (walk->depth) {
		read_memory(walk, &cgroup);
		read_pids(walk, &cgroup);
		if (walk->counts_time)
			read_time(walk, &cgroup);
	}
	if (!walk->callback(walk->context, &cgroup, error)) {
		walk->stopped = true;
		return false;
	}
	walk->depth++;
	why = (struct error){ 0 };
	if (!list_for_each(kernel, css + walk->children.offset, walk->sibling.offset, one_cgroup, walk, &why)) {
		if (why.kind == ERROR_INTERRUPTED || why.kind == ERROR_NO_MEMORY) {
			*error = why;
			return false;
		}
		lose(&walk->first, &why);
	}
	walk->depth--;
	return !walk->stopped;
}

bool cgroups_for_each(struct kernel *kernel, const struct cgroup_hierarchy *hierarchy,
		      bool (*callback)(void *context, const struct cgroup *cgroup, struct error *error), void *context, struct error *error)
{
	struct walk walk = { .kernel = kernel, .callback = callback, .context = context, .counts_time = !hierarchy->id };
	struct error why = { 0 };
	bool done;

	if (!types_member(kernel->types, "cgroup", "self", &walk.self, error) || !types_member(kernel->types, "cgroup", "subsys", &walk.subsys, error) ||
	    !types_member(kernel->types, "cgroup_subsys_state", "children", &walk.children, error) ||
	    !types_member(kernel->types, "cgroup_subsys_state", "sibling", &walk.sibling, error))
		return false;
	if (!types_enumerator(kernel->types, NULL, "memory_cgrp_id", &walk.memory_id, NULL))
		walk.memory_id = -1;
	if (!types_enumerator(kernel->types, NULL, "pids_cgrp_id", &walk.pids_id, NULL))
		walk.pids_id = -1;
	done = one_cgroup(&walk, hierarchy->cgroup + walk.self.offset, &why) || walk.stopped;
	visited_free(&walk.visited);
	if (!done || walk.first.kind != ERROR_NONE) {
		*error = done ? walk.first : why;
		return false;
	}
	return true;
}

/* --- a task's --- */

struct links {
	struct kernel *kernel;
	bool (*callback)(void *context, uint64_t cgroup, struct error *error);
	void *context;
};

static bool one_link(void *context, uint64_t link, struct error *error)
{
	struct links *links = context;
	uint64_t cgroup;

	return kernel_read_member(links->kernel, link, "cgrp_cset_link", "cgrp", &cgroup, error) && links->callback(links->context, cgroup, error);
}

bool task_cgroups_for_each(struct kernel *kernel, const struct task *task, bool (*callback)(void *context, uint64_t cgroup, struct error *error),
			   void *context, struct error *error)
{
	struct links links = { .kernel = kernel, .callback = callback, .context = context };
	struct member head, link;
	uint64_t set;

	return kernel_read_member(kernel, task->address, "task_struct", "cgroups", &set, error) &&
	       types_member(kernel->types, "css_set", "cgrp_links", &head, error) &&
	       types_member(kernel->types, "cgrp_cset_link", "cgrp_link", &link, error) &&
	       list_for_each(kernel, set + head.offset, link.offset, one_link, &links, error);
}
