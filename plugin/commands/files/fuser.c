// SPDX-License-Identifier: GPL-3.0-or-later
/* fuser: which tasks have a file open, mapped, as their program, or as where they are. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "commands/command.h"
#include "commands/tasks/task_cells.h"
#include "kernel/files/files.h"
#include "kernel/memory/vma.h"
#include "kernel/tasks/task.h"

static const struct option options[] = { { 0 } };

enum { PID, TASK, COMM, USAGE, CWD, ROOT, EXE, MAPPED };

static const struct column columns[] = {
	[PID] = { "pid", "PID", 7, COLUMN_RIGHT },
	[TASK] = { "task", "TASK", 16, COLUMN_ADDRESS },
	[COMM] = { "comm", "COMMAND", 16, COLUMN_LEFT },
	[USAGE] = { "usage", "USAGE", 0, COLUMN_LEFT | COLUMN_TEXT_ONLY },
	[CWD] = { "cwd", NULL, 0, COLUMN_JSON_ONLY },
	[ROOT] = { "root", NULL, 0, COLUMN_JSON_ONLY },
	[EXE] = { "exe", NULL, 0, COLUMN_JSON_ONLY },
	[MAPPED] = { "mapped", NULL, 0, COLUMN_JSON_ONLY },
};
static const struct shape shape = { "users", SHAPE_TABLE, columns, ARRAY_SIZE(columns) };

static const struct column fd_columns[] = { { "fd", NULL, 0, COLUMN_JSON_ONLY }, { "file", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY } };
static const struct shape fds_shape = { "fds", SHAPE_PLAIN, fd_columns, ARRAY_SIZE(fd_columns) };

#define MAX_FDS 1024	/* of one task that are the same file; more are counted */

struct match {
	struct path path;
	bool is_it;
};

struct view {
	struct kernel *kernel;
	struct output *output;
	const char *word;
	uint64_t address;
	bool is_path;
	struct match last[4];	/* by place: neighbours often have the same */
	struct { uint64_t file; unsigned fd; } fds[MAX_FDS];
	size_t nr_fds;
	bool mapped;
	uint64_t last_file;	/* of the VMAs */
	size_t users, damaged;
	struct error first;
};

enum { PLACE_ROOT, PLACE_CWD, PLACE_EXE, PLACE_FILE };

static void lose(struct view *view, const struct error *why)
{
	if (!view->damaged++)
		view->first = *why;
}

/* By the path as files and mount have it, or by an address. */
static bool is_it(struct view *view, unsigned place, const struct path *path)
{
	struct match *last = &view->last[place];
	struct buffer text = { 0 };
	struct error why = { 0 };
	uint64_t inode;

	if (last->path.dentry && last->path.dentry == path->dentry && last->path.mount == path->mount)
		return last->is_it;
	*last = (struct match){ .path = *path };
	if (view->is_path) {
		if (!path_text(view->kernel, path, &text, &why)) {
			lose(view, &why);
			last->path.dentry = 0; /* the next one shall fail by itself */
		} else {
			last->is_it = text.size && !strcmp(text.data, view->word);
		}
		buffer_free(&text);
		return last->is_it;
	}
	if (path->dentry == view->address)
		return last->is_it = true;
	if (!kernel_read_member(view->kernel, path->dentry, "dentry", "d_inode", &inode, &why)) {
		lose(view, &why);
		last->path.dentry = 0;
		return false;
	}
	return last->is_it = inode && inode == view->address;
}

static bool one_file(void *context, const struct open_file *file)
{
	struct view *view = context;

	if (!file->known) {
		lose(view, &file->why);
		return true;
	}
	if ((!view->is_path && (file->file == view->address || (file->inode && file->inode == view->address))) || is_it(view, PLACE_FILE, &file->path)) {
		if (view->nr_fds < MAX_FDS) {
			view->fds[view->nr_fds].fd = file->fd;
			view->fds[view->nr_fds].file = file->file;
		}
		view->nr_fds++;
	}
	return true;
}

static bool one_vma(void *context, const struct vma *vma, struct error *error)
{
	struct view *view = context;
	struct open_file file;

	(void)error;
	if (!vma->file || vma->file == view->last_file || view->mapped)
		return true;
	view->last_file = vma->file;
	file_read(view->kernel, vma->file, &file);
	if (!file.known) {
		lose(view, &file.why);
		return true;
	}
	view->mapped = (!view->is_path && (file.file == view->address || (file.inode && file.inode == view->address))) ||
		       is_it(view, PLACE_FILE, &file.path);
	return true;
}

enum answer { NO, YES, UNKNOWN };

static enum answer is_place(struct view *view, unsigned place, const struct task *task,
		     bool (*get)(struct kernel *kernel, const struct task *task, struct path *path, struct error *error))
{
	size_t before = view->damaged;
	struct error why = { 0 };
	struct path path;
	bool found = false;

	if (get(view->kernel, task, &path, &why))
		found = is_it(view, place, &path);
	else if (why.kind != ERROR_NONE)
		lose(view, &why);
	return found ? YES : view->damaged > before ? UNKNOWN : NO;
}

/* What is not known is left out. */
static void answer_cell(struct output *output, size_t column, enum answer answer)
{
	if (answer != UNKNOWN)
		output_bool(output, column, answer == YES, NULL);
}

static bool user_row(struct view *view, const struct task *task, const enum answer *places, enum answer mapped)
{
	static const char *const names[] = { "root", "cwd", "exe" };
	struct output *output = view->output;
	struct buffer text = { 0 };
	size_t count = view->nr_fds < MAX_FDS ? view->nr_fds : MAX_FDS;
	bool more = output_row(output) && output_uint(output, PID, task->pid) && output_address(output, TASK, task->address) &&
		    task_comm_cell(output, COMM, task);

	for (size_t i = 0; i < count; i++)
		buffer_printf(&text, "%s%u", i ? " " : "fd ", view->fds[i].fd);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (places[i] == YES)
			buffer_printf(&text, "%s%s", text.size ? ", " : "", names[i]);
	if (mapped == YES)
		buffer_printf(&text, "%smapped", text.size ? ", " : "");
	more = more && output_bytes(output, USAGE, text.data ? text.data : "", text.size);
	answer_cell(output, ROOT, places[PLACE_ROOT]);
	answer_cell(output, CWD, places[PLACE_CWD]);
	answer_cell(output, EXE, places[PLACE_EXE]);
	answer_cell(output, MAPPED, mapped);
	more = more && output_begin(output, &fds_shape);
	for (size_t i = 0; i < count && more; i++)
		more = output_row(output) && output_uint(output, 0, view->fds[i].fd) && output_address(output, 1, view->fds[i].file);
	if (more)
		more = output_end(output);
	if (more && view->nr_fds > MAX_FDS)
		output_note(output, "PID %u has it open by %zu descriptors", task->pid, view->nr_fds);
	buffer_free(&text);
	view->users++;
	return more;
}

/* A thread shares what its process has, unless it left. */
static bool is_same_as_leader(struct view *view, const struct task *task)
{
	uint64_t files, its_files, fs, its_fs;
	struct error why = { 0 };

	if (!task_knows(task, TASK_GROUP_LEADER) || task->group_leader == task->address)
		return false;
	if (kernel_read_member(view->kernel, task->address, "task_struct", "files", &files, &why) &&
	    kernel_read_member(view->kernel, task->group_leader, "task_struct", "files", &its_files, &why) &&
	    kernel_read_member(view->kernel, task->address, "task_struct", "fs", &fs, &why) &&
	    kernel_read_member(view->kernel, task->group_leader, "task_struct", "fs", &its_fs, &why))
		return files == its_files && fs == its_fs;
	lose(view, &why);
	return false;
}

/* False: it was interrupted, or the person has had enough (*error says which). */
static bool one_task(struct view *view, const struct task *task, struct error *error)
{
	struct error why = { 0 };
	enum answer places[3], mapped;
	size_t before;

	if (is_same_as_leader(view, task))
		return true;
	view->nr_fds = 0;
	view->mapped = false;
	view->last_file = 0;
	places[PLACE_ROOT] = is_place(view, PLACE_ROOT, task, task_root);
	places[PLACE_CWD] = is_place(view, PLACE_CWD, task, task_cwd);
	places[PLACE_EXE] = is_place(view, PLACE_EXE, task, task_exe);
	if (!files_for_each(view->kernel, task, one_file, view, &why)) {
		if (why.kind == ERROR_INTERRUPTED) {
			*error = why;
			return false;
		}
		lose(view, &why);
	}
	why = (struct error){ 0 };
	before = view->damaged;
	if (!task_knows(task, TASK_MM))
		lose(view, &(struct error){ ERROR_NOT_MAPPED, "a task's mm is not known" });
	else if (task->mm && !task->kernel_thread && !vmas_for_each(view->kernel, task->mm, one_vma, view, &why))
		lose(view, &why);
	mapped = view->mapped ? YES : view->damaged > before ? UNKNOWN : NO;
	if (!view->nr_fds && mapped != YES && places[PLACE_ROOT] != YES && places[PLACE_CWD] != YES && places[PLACE_EXE] != YES)
		return true;
	return user_row(view, task, places, mapped);
}

static bool fuser_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		      struct error *error)
{
	struct view *view;
	struct task_table *table;
	bool done = true;

	if (arguments->nr_words != 1)
		return error_set(error, ERROR_USAGE, "fuser: it takes one path, or the address of an inode, a dentry or a file");
	if (!(view = calloc(1, sizeof(*view))))
		return error_no_memory(error, "who uses it", sizeof(*view));
	*view = (struct view){ .kernel = kernel, .output = output, .word = arguments->words[0], .is_path = *arguments->words[0] == '/' };
	if ((!view->is_path && !parse_address(kernel, host, output, "fuser", view->word, &view->address, error)) || !tasks_get(kernel, &table, error)) {
		free(view);
		return false;
	}
	*error = (struct error){ 0 };
	output_begin(output, &shape);
	for (size_t i = 0; i < table->count && done; i++)
		done = kernel_step(kernel, "files", i, table->count, error) && one_task(view, &table->tasks[i], error);
	output_end(output);
	if (table->damage)
		output_note(output, "there may be more tasks: %s", table->damage);
	if (view->damaged)
		output_note(output, "there may be more users: %zu things could not be read, the first: %s", view->damaged, view->first.text);
	if (done && view->damaged)
		error_set(error, ERROR_PARTIAL, "fuser: not all is known: %s", view->first.text);
	else if (done && !view->users && !table->damage)
		output_note(output, "no task uses it");
	free(view);
	return error->kind == ERROR_NONE;
}

static const char help[] =
	"Each task that has it open (by which descriptors), mapped, or as root, working\n"
	"directory or program. The word is a path as `kernel files' shows it, seen from\n"
	"the top of a task's own mount namespace, or the address of an inode, a dentry\n"
	"or a struct file. Threads that share all this with their process are not shown.\n"
	"\n"
	"JSON: \"users\" with \"fds\".\n"
	"\n"
	"Example:\n"
	"(gdb) kernel fuser /bin/busybox\n"
	"    PID        TASK        COMMAND           USAGE\n"
	"      1  ff30301fc11f4180  init              exe, mapped\n";

static const struct mi_name mi_names[] = { { "file-users", NULL }, { 0 } };

const struct command command_fuser = {
	.name = "fuser",
	.mi = mi_names,
	.summary = "Show which tasks use a file.",
	.usage = "fuser PATH|INODE|DENTRY|FILE",
	.help = help,
	.options = options,
	.words = COMPLETE_SYMBOL,
	.run = fuser_run,
};
