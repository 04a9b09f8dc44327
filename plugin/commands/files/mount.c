// SPDX-License-Identifier: GPL-3.0-or-later
/* mount: what is mounted where, as a task sees it. */
#include "commands/command.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "commands/tasks/task_list.h"
#include "kernel/files/mounts.h"
#include "kernel/tasks/task.h"

enum { MOUNT, SUPERBLOCK, ID, PARENT, DEVICE, TYPE, SOURCE, FLAGS, READ_ONLY, ROOT, POINT };

static const struct column columns[] = {
	[MOUNT] = { "mount", "MOUNT", 16, COLUMN_ADDRESS },
	[SUPERBLOCK] = { "superblock", "SUPERBLOCK", 16, COLUMN_ADDRESS },
	[ID] = { "id", NULL, 0, COLUMN_JSON_ONLY },
	[PARENT] = { "parent_id", NULL, 0, COLUMN_JSON_ONLY },
	[DEVICE] = { "device", NULL, 0, COLUMN_JSON_ONLY },
	[TYPE] = { "type", "TYPE", 8, COLUMN_LEFT },
	[SOURCE] = { "source", "SOURCE", 10, COLUMN_LEFT },
	[FLAGS] = { "flags", NULL, 0, COLUMN_JSON_ONLY },
	[READ_ONLY] = { "superblock_read_only", NULL, 0, COLUMN_JSON_ONLY },
	[ROOT] = { "root", NULL, 0, COLUMN_JSON_ONLY },
	[POINT] = { "mount_point", "MOUNT POINT", 0, COLUMN_LEFT },
};
static const struct shape shape = { "mounts", SHAPE_TABLE, columns, ARRAY_SIZE(columns) };

/* -l: the same with other columns for people. */
static const struct column info_columns[] = {
	[MOUNT] = { "mount", NULL, 16, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[SUPERBLOCK] = { "superblock", NULL, 16, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[ID] = { "id", "ID", 4, COLUMN_RIGHT },
	[PARENT] = { "parent_id", "UPON", 4, COLUMN_RIGHT },
	[DEVICE] = { "device", "DEVICE", 6, COLUMN_RIGHT },
	[TYPE] = { "type", "TYPE", 8, COLUMN_LEFT },
	[SOURCE] = { "source", NULL, 0, COLUMN_JSON_ONLY },
	[FLAGS] = { "flags", "FLAGS", 12, COLUMN_LEFT },
	[READ_ONLY] = { "superblock_read_only", NULL, 0, COLUMN_JSON_ONLY },
	[ROOT] = { "root", "ROOT", 6, COLUMN_LEFT },
	[POINT] = { "mount_point", "MOUNT POINT", 0, COLUMN_LEFT },
};
static const struct shape info_shape = { "mounts", SHAPE_TABLE, info_columns, ARRAY_SIZE(info_columns) };

static const struct option options[] = {
	{ 'l', NULL, "numbers, device, flags and root instead of addresses and source" },
	{ 'n', "TASK", "as this PID or task sees them, instead of PID 1" },
	{ 0 }
};

struct mounts {
	struct kernel *kernel;
	struct output *output;
	const struct arguments *arguments;
	bool found[COMMAND_MAX_WORDS];
	bool any;
};

static bool is_it(const struct mount_facts *mount, const struct buffer *point, const char *word)
{
	char *end;
	uint64_t address = strtoull(word, &end, 16);

	if (point->size && !strcmp(point->data, word))
		return true;
	if (!*end && address && (address == mount->mount || address == mount->path.mount || (mount->known && address == mount->superblock)))
		return true;
	return mount->known && (!strcmp(mount->type, word) || !strcmp(mount->source, word));
}

static bool is_wanted(struct mounts *mounts, const struct mount_facts *mount, const struct buffer *point)
{
	bool any = !mounts->arguments->nr_words;

	for (size_t i = 0; i < mounts->arguments->nr_words; i++)
		if (is_it(mount, point, mounts->arguments->words[i]))
			any = mounts->found[i] = true;
	return any;
}

static void known_cells(struct mounts *mounts, const struct mount_facts *mount)
{
	struct output *output = mounts->output;
	struct buffer root = { 0 };
	struct error why = { 0 };

	output_address(output, SUPERBLOCK, mount->superblock);
	output_uint(output, ID, mount->id);
	output_uint(output, PARENT, mount->parent_id);
	output_printf(output, DEVICE, "%u:%u", mount->device >> 20, mount->device & 0xfffff);
	output_string(output, TYPE, mount->type);
	output_string(output, SOURCE, mount->source);
	output_bool(output, READ_ONLY, mount->superblock_read_only, NULL);
	if (!dentry_text(mounts->kernel, mount->path.dentry, &root, &why))
		output_note(output, "its root is not known: %s", why.text);
	if (root.size)
		output_bytes(output, ROOT, root.data, root.size);
	buffer_free(&root);
}

static bool one_mount(void *context, const struct mount_facts *mount)
{
	struct mounts *mounts = context;
	struct buffer point = { 0 }, flags = { 0 };
	struct error why = { 0 };
	bool more = true;

	if (mount->known)
		path_text(mounts->kernel, &mount->path, &point, &why);
	if (is_wanted(mounts, mount, &point)) {
		mounts->any = true;
		more = output_row(mounts->output) && output_address(mounts->output, MOUNT, mount->mount);
		mount_flags_text(mount->flags, &flags);
		output_bytes(mounts->output, FLAGS, flags.data, flags.size);
		if (mount->known)
			known_cells(mounts, mount);
		else
			output_note(mounts->output, "this mount is not known: %s", mount->why.text);
		if (point.size)
			output_bytes(mounts->output, POINT, point.data, point.size);
		if (why.kind)
			output_note(mounts->output, "where it is mounted is not known: %s", why.text);
	}
	buffer_free(&point);
	buffer_free(&flags);
	return more;
}

/* Whose namespace it is. */
static bool whose(struct kernel *kernel, const char *word, const struct task **task_ret, struct error *error)
{
	struct task_list list = { 0 };
	bool found = !word || select_tasks(kernel, &word, 1, task_list_add, &list, error);
	struct task_table *table;

	*task_ret = list.count ? list.tasks[0] : NULL;
	task_list_free(&list);
	if (!found || *task_ret)
		return found;
	if (!tasks_get(kernel, &table, error))
		return false;
	*task_ret = task_find_pid(kernel, 1);
	if (!*task_ret)
		*task_ret = task_find_pid(kernel, 0);
	return *task_ret || error_set(error, ERROR_CORRUPT, "mount: there is no PID 1: name a task with -n");
}

static bool mount_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		      struct error *error)
{
	struct mounts mounts = { .kernel = kernel, .output = output, .arguments = arguments };
	const struct task *task;
	struct error why = { 0 };
	bool whole;

	(void)host;
	if (!whose(kernel, option_value(arguments, 'n'), &task, error))
		return false;
	output_begin(output, has_option(arguments, 'l') ? &info_shape : &shape);
	whole = mounts_for_each(kernel, task, one_mount, &mounts, &why);
	output_end(output);
	if (!whole)
		return error_set(error, why.kind == ERROR_INTERRUPTED || !mounts.any ? why.kind : ERROR_PARTIAL, "mount: %s%s",
				 mounts.any ? "there may be more mounts: " : "", why.text);
	for (size_t i = 0; i < arguments->nr_words; i++)
		if (!mounts.found[i])
			return error_set(error, mounts.any ? ERROR_PARTIAL : ERROR_USAGE,
					 "mount: %s is no mount point, source, type, mount or superblock that PID %u sees",
					 arguments->words[i], task->pid);
	return true;
}

static const char help[] =
	"WORD is a mount point, a source, a type of file system, or the address of a\n"
	"mount, vfsmount or super_block. UPON is the mount that it is mounted on, ROOT\n"
	"what of its file system is seen at the mount point.\n"
	"\n"
	"JSON: \"mounts\" (both views at once).\n"
	"\n"
	"Example:\n"
	"(gdb) kernel mount -l ext4 proc\n"
	"  ID  UPON  DEVICE  TYPE      FLAGS         ROOT    MOUNT POINT\n"
	"  22     1    0:20  proc      rw,relatime   /       /proc\n"
	"  30     1     7:0  ext4      rw,noatime    /       /mnt/ext4\n";

static const struct mi_name mi_names[] = { { "mounts", NULL }, { 0 } };

const struct command command_mount = {
	.name = "mount",
	.mi = mi_names,
	.summary = "Show what is mounted where.",
	.usage = "mount [-l] [-n TASK] [WORD...]",
	.help = help,
	.options = options,
	.run = mount_run,
};
