// SPDX-License-Identifier: GPL-3.0-or-later
/* cgroup: the tree of control groups with their tasks and counters, or the groups of a task. */
#include <inttypes.h>
#include <string.h>

#include "commands/command.h"
#include "commands/tasks/task_cells.h"
#include "commands/tasks/task_list.h"
#include "kernel/tasks/cgroups.h"
#include "kernel/tasks/task.h"

static const struct option options[] = {
	{ 't', "TASK", "instead: in which cgroups this task is, as /proc/PID/cgroup" },
	{ 0 }
};

enum { ROOT, ID, CONTROLLERS, ROOT_NAME, COUNT };

static const struct column hierarchy_columns[] = {
	[ROOT] = { "root", "CGROUP_ROOT: %", 16, COLUMN_ADDRESS },
	[ID] = { "id", "HIERARCHY: %", 0, COLUMN_LEFT },
	[CONTROLLERS] = { "controllers", "CONTROLLERS: %", 0, COLUMN_LEFT },
	[ROOT_NAME] = { "name", "NAME: %", 0, COLUMN_LEFT },
	[COUNT] = { "nr_cgroups", "CGROUPS: %", 0, COLUMN_LEFT },
};
static const struct shape hierarchies_shape = { "hierarchies", SHAPE_HEADING, hierarchy_columns, ARRAY_SIZE(hierarchy_columns) };

enum { CGROUP, TASKS, CPU, MEMORY, MEMORY_MAX, PIDS, PIDS_MAX, DEPTH, DEAD, PATH };

static const struct column cgroup_columns[] = {
	[CGROUP] = { "cgroup", "CGROUP", 16, COLUMN_ADDRESS },
	[TASKS] = { "tasks", "TASKS", 6, COLUMN_RIGHT },
	[CPU] = { "cpu_ns_at_least", "CPU >=", 8, COLUMN_RIGHT },
	[MEMORY] = { "memory_bytes", "MEMORY", 11, COLUMN_RIGHT },
	[MEMORY_MAX] = { "memory_max_bytes", "MAX", 5, COLUMN_RIGHT },
	[PIDS] = { "pids", "PIDS", 5, COLUMN_RIGHT },
	[PIDS_MAX] = { "pids_max", "MAX", 5, COLUMN_RIGHT },
	[DEPTH] = { "depth", NULL, 0, COLUMN_JSON_ONLY },
	[DEAD] = { "deleted", NULL, 0, COLUMN_JSON_ONLY },
	[PATH] = { "path", "PATH", 0, COLUMN_LEFT },
};
static const struct shape cgroups_shape = { "cgroups", SHAPE_TABLE, cgroup_columns, ARRAY_SIZE(cgroup_columns) };

static const struct column task_columns[] = { TASK_COLUMNS };
static const struct shape tasks_shape = { "tasks", SHAPE_HEADING, task_columns, ARRAY_SIZE(task_columns) };

enum { OF_CGROUP, OF_ID, OF_CONTROLLERS, OF_PATH };

static const struct column of_columns[] = {
	[OF_CGROUP] = { "cgroup", "CGROUP", 16, COLUMN_ADDRESS },
	[OF_ID] = { "hierarchy", "HIERARCHY", 9, COLUMN_RIGHT },
	[OF_CONTROLLERS] = { "controllers", "CONTROLLERS", 16, COLUMN_LEFT },
	[OF_PATH] = { "path", "PATH", 0, COLUMN_LEFT },
};
static const struct shape of_shape = { "cgroups", SHAPE_TABLE, of_columns, ARRAY_SIZE(of_columns) };

struct view {
	struct kernel *kernel;
	struct output *output;
	size_t damaged;
	struct error first;
	bool stopped;
};

static void lose(struct view *view, const struct error *why)
{
	if (!view->damaged++)
		view->first = *why;
}

static void path_cell(struct view *view, size_t column, uint64_t cgroup, bool dead)
{
	struct buffer path = { 0 };
	struct error why = { 0 };

	if (cgroup_path(view->kernel, cgroup, &path, &why)) {
		if (dead)
			buffer_string(&path, " (deleted)");
		output_bytes(view->output, column, path.data, path.size);
	} else {
		output_note(view->output, "the path of the cgroup at 0x%" PRIx64 " is not known: %s", cgroup, why.text);
		lose(view, &why);
	}
	buffer_free(&path);
}

/* "cpu,cpuacct"; of version 2, where they come and go with each cgroup, nothing. */
static void controllers_cell(struct view *view, size_t column, const struct cgroup_hierarchy *hierarchy)
{
	struct buffer text = { 0 };
	struct error why = { 0 };

	if (cgroup_controllers(view->kernel, hierarchy->id ? hierarchy->controllers : 0, &text, &why)) {
		if (*hierarchy->name && hierarchy->id)
			buffer_printf(&text, "%sname=%s", text.size ? "," : "", hierarchy->name);
		output_bytes(view->output, column, text.data ? text.data : "", text.size);
	} else {
		output_note(view->output, "the controllers of hierarchy %" PRIu64 " are not known: %s", hierarchy->id, why.text);
		lose(view, &why);
	}
	buffer_free(&text);
}

static void limit_cell(struct output *output, size_t column, uint64_t limit)
{
	if (limit == UINT64_MAX)
		output_string(output, column, "max");
	else
		output_uint(output, column, limit);
}

static bool one_cgroup(void *context, const struct cgroup *cgroup, struct error *error)
{
	struct view *view = context;
	struct output *output = view->output;

	(void)error;
	view->stopped = !output_row(output) || !output_address(output, CGROUP, cgroup->address);
	output_uint(output, DEPTH, cgroup->depth);
	if (cgroup->tasks_known)
		output_uint(output, TASKS, cgroup->tasks);
	if (cgroup->cpu_known)
		output_uint_as(output, CPU, cgroup->cpu, "%.3f", cgroup->cpu / 1e9);
	if (cgroup->memory_known) {
		output_uint(output, MEMORY, cgroup->memory);
		limit_cell(output, MEMORY_MAX, cgroup->memory_max);
	}
	if (cgroup->pids_known) {
		output_uint(output, PIDS, cgroup->pids);
		limit_cell(output, PIDS_MAX, cgroup->pids_max);
	}
	if (cgroup->dead_known)
		output_bool(output, DEAD, cgroup->dead, NULL);
	path_cell(view, PATH, cgroup->address, cgroup->dead_known && cgroup->dead);
	if (cgroup->damage.kind != ERROR_NONE) {
		output_note(output, "not all of the cgroup at 0x%" PRIx64 " is known: %s", cgroup->address, cgroup->damage.text);
		lose(view, &cgroup->damage);
	}
	return !view->stopped;
}

static bool one_hierarchy(void *context, const struct cgroup_hierarchy *hierarchy, struct error *error)
{
	struct view *view = context;
	struct output *output = view->output;
	struct error why = { 0 };
	bool whole;

	if (!output_row(output) || !output_address(output, ROOT, hierarchy->address) || !output_uint(output, ID, hierarchy->id) ||
	    !output_uint(output, COUNT, hierarchy->count)) {
		view->stopped = true;
		return false;
	}
	controllers_cell(view, CONTROLLERS, hierarchy);
	output_string(output, ROOT_NAME, hierarchy->name);
	output_begin(output, &cgroups_shape);
	whole = cgroups_for_each(view->kernel, hierarchy, one_cgroup, view, &why);
	output_end(output);
	if (whole)
		return !view->stopped;
	if (why.kind == ERROR_INTERRUPTED || why.kind == ERROR_NO_MEMORY) {
		*error = why;
		return false;
	}
	output_note(output, "there may be more cgroups: %s", why.text);
	lose(view, &why);
	return !view->stopped;
}

static bool one_of_task(void *context, uint64_t cgroup, struct error *error)
{
	struct view *view = context;
	struct cgroup_hierarchy hierarchy;
	struct error why = { 0 };

	(void)error;
	view->stopped = !output_row(view->output) || !output_address(view->output, OF_CGROUP, cgroup);
	if (cgroup_hierarchy_of(view->kernel, cgroup, &hierarchy, &why)) {
		output_uint(view->output, OF_ID, hierarchy.id);
		controllers_cell(view, OF_CONTROLLERS, &hierarchy);
	} else {
		output_note(view->output, "the hierarchy of the cgroup at 0x%" PRIx64 " is not known: %s", cgroup, why.text);
		lose(view, &why);
	}
	path_cell(view, OF_PATH, cgroup, false);
	return !view->stopped;
}

static bool show_task(struct view *view, const struct task *task, struct error *error)
{
	struct error why = { 0 };
	bool whole;

	if (!output_row(view->output) || !task_cells(view->output, task) || !output_begin(view->output, &of_shape)) {
		view->stopped = true;
		return true;
	}
	whole = task_cgroups_for_each(view->kernel, task, one_of_task, view, &why);
	output_end(view->output);
	if (whole)
		return true;
	if (why.kind == ERROR_INTERRUPTED || why.kind == ERROR_NO_MEMORY) {
		*error = why;
		return false;
	}
	output_note(view->output, "PID %u: there may be more cgroups: %s", task->pid, why.text);
	lose(view, &why);
	return true;
}

static bool show_tasks(struct view *view, const char *word, struct error *error)
{
	struct task_list list = { 0 };
	bool done = select_tasks(view->kernel, &word, 1, task_list_add, &list, error) && task_list_check(&list, error);

	if (done) {
		output_begin(view->output, &tasks_shape);
		for (size_t i = 0; i < list.count && done && !view->stopped; i++)
			done = show_task(view, list.tasks[i], error);
		output_end(view->output);
		task_damage_notes(view->output, list.tasks, list.count);
	}
	task_list_free(&list);
	return done;
}

static bool show_hierarchies(struct view *view, struct error *error)
{
	struct error why = { 0 };
	bool whole;

	output_begin(view->output, &hierarchies_shape);
	whole = cgroup_hierarchies_for_each(view->kernel, one_hierarchy, view, &why);
	output_end(view->output);
	if (whole || view->stopped)
		return true;
	if (why.kind == ERROR_INTERRUPTED || why.kind == ERROR_NO_MEMORY || why.kind == ERROR_NO_SYMBOL) {
		*error = why;
		return error_prefix(error, "cgroup");
	}
	output_note(view->output, "there may be more hierarchies: %s", why.text);
	lose(view, &why);
	return true;
}

static bool cgroup_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		       struct error *error)
{
	struct view view = { .kernel = kernel, .output = output };
	const char *word = option_value(arguments, 't');

	(void)host;
	if (arguments->nr_words)
		return error_set(error, ERROR_USAGE, "cgroup: %s? A task's cgroups are shown by -t TASK", arguments->words[0]);
	if (!(word ? show_tasks(&view, word, error) : show_hierarchies(&view, error)))
		return false;
	return !view.damaged || error_set(error, ERROR_PARTIAL, "cgroup: not all is known: %s", view.first.text);
}

static const char help[] =
	"Each hierarchy (0 is version 2's) and its tree. TASKS are in this very cgroup;\n"
	"MEMORY (bytes) and PIDS are with all below it, where the controllers count them,\n"
	"which for the root they do not. CPU is the seconds that its tasks have used; of\n"
	"those below it what the kernel had added up: cpu.stat's usage is this or more.\n"
	"\n"
	"JSON: \"hierarchies\" with \"cgroups\", or \"tasks\" with \"cgroups\".\n"
	"\n"
	"Example:\n"
	"(gdb) kernel cgroup\n"
	"CGROUP_ROOT: ffffffffa4f32800  HIERARCHY: 0  CONTROLLERS:   NAME:   CGROUPS: 3\n"
	"     CGROUP        TASKS    CPU >=       MEMORY    MAX   PIDS    MAX  PATH\n"
	"ffffffffa4f32830     123         -            -      -      -      -  /\n"
	"ff30301fc58f0800       0     0.000            -      -      -      -  /rig\n"
	"ff30301fc58f7000       1     0.012            -      -      -      -  /rig/inner\n";

static const struct mi_name mi_names[] = { { "cgroups", NULL }, { 0 } };

const struct command command_cgroup = {
	.name = "cgroup",
	.mi = mi_names,
	.summary = "Show control groups, or those of a task.",
	.usage = "cgroup [-t TASK]",
	.help = help,
	.options = options,
	.words = COMPLETE_NONE,
	.run = cgroup_run,
};
