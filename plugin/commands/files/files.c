// SPDX-License-Identifier: GPL-3.0-or-later
/* files: what tasks have open, and from where they look. */
#include "commands/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "commands/tasks/task_cells.h"
#include "commands/tasks/task_list.h"
#include "kernel/files/files.h"
#include "kernel/files/mapping.h"
#include "kernel/tasks/task.h"

enum { ROOT = TASK_CELLS, CWD, EXE };
static const struct column task_columns[] = {
	TASK_COLUMNS,
	[ROOT] = { "root", "\nROOT: %", 0, COLUMN_LEFT },
	[CWD] = { "cwd", "CWD: %", 0, COLUMN_LEFT },
	[EXE] = { "exe", "EXE: %", 0, COLUMN_LEFT },
};
static const struct shape task_shape = { "tasks", SHAPE_HEADING, task_columns, ARRAY_SIZE(task_columns) };

enum { FD, FILE_, DENTRY, INODE, MAPPING, PAGES, TYPE, NUMBER, POSITION, FLAGS, PATH, DETAILS };
static const struct column columns[] = {
	[FD] = { "fd", "FD", 3, COLUMN_RIGHT },
	[FILE_] = { "file", "FILE", 16, COLUMN_ADDRESS },
	[DENTRY] = { "dentry", "DENTRY", 16, COLUMN_ADDRESS },
	[INODE] = { "inode", "INODE", 16, COLUMN_ADDRESS },
	[MAPPING] = { "mapping", NULL, 16, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[PAGES] = { "nr_pages", NULL, 0, COLUMN_JSON_ONLY },
	[TYPE] = { "type", "TYPE", 4, COLUMN_LEFT },
	[NUMBER] = { "inode_number", NULL, 0, COLUMN_JSON_ONLY },
	[POSITION] = { "position", NULL, 0, COLUMN_JSON_ONLY },
	[FLAGS] = { "flags", NULL, 0, COLUMN_JSON_ONLY },
	[PATH] = { "path", "PATH", 0, COLUMN_LEFT },
	[DETAILS] = { "details", "%", 0, COLUMN_JSON_ONLY },
};
static const struct shape shape = { "files", SHAPE_TABLE, columns, ARRAY_SIZE(columns) };

/* -f: the same with other columns for people. */
static const struct column state_columns[] = {
	[FD] = { "fd", "FD", 3, COLUMN_RIGHT },
	[FILE_] = { "file", "FILE", 16, COLUMN_ADDRESS },
	[DENTRY] = { "dentry", NULL, 16, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[INODE] = { "inode", NULL, 16, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[MAPPING] = { "mapping", NULL, 16, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[PAGES] = { "nr_pages", NULL, 0, COLUMN_JSON_ONLY },
	[TYPE] = { "type", "TYPE", 4, COLUMN_LEFT },
	[NUMBER] = { "inode_number", "INODE", 6, COLUMN_RIGHT },
	[POSITION] = { "position", "POSITION", 8, COLUMN_RIGHT },
	[FLAGS] = { "flags", "FLAGS", 8, COLUMN_RIGHT },
	[PATH] = { "path", "PATH", 0, COLUMN_LEFT },
	[DETAILS] = { "details", "DETAILS", 0, COLUMN_LEFT },
};
static const struct shape state_shape = { "files", SHAPE_TABLE, state_columns, ARRAY_SIZE(state_columns) };

/* -c: and with these. */
static const struct column cache_columns[] = {
	[FD] = { "fd", "FD", 3, COLUMN_RIGHT },
	[FILE_] = { "file", NULL, 16, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[DENTRY] = { "dentry", NULL, 16, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[INODE] = { "inode", "INODE", 16, COLUMN_ADDRESS },
	[MAPPING] = { "mapping", "MAPPING", 16, COLUMN_ADDRESS },
	[PAGES] = { "nr_pages", "PAGES", 6, COLUMN_RIGHT },
	[TYPE] = { "type", "TYPE", 4, COLUMN_LEFT },
	[NUMBER] = { "inode_number", NULL, 0, COLUMN_JSON_ONLY },
	[POSITION] = { "position", NULL, 0, COLUMN_JSON_ONLY },
	[FLAGS] = { "flags", NULL, 0, COLUMN_JSON_ONLY },
	[PATH] = { "path", "PATH", 0, COLUMN_LEFT },
	[DETAILS] = { "details", NULL, 0, COLUMN_JSON_ONLY },
};
static const struct shape cache_shape = { "files", SHAPE_TABLE, cache_columns, ARRAY_SIZE(cache_columns) };

static const struct option options[] = {
	{ 'a', NULL, "of all processes" },
	{ 'c', NULL, "pages of each that are in memory (kernel kmem -c INODE lists them)" },
	{ 'd', "DENTRY", "instead: the path of this dentry in its file system" },
	{ 'f', NULL, "inode number, position, flags and details instead of addresses" },
	{ 'R', "REFERENCE", "only files with this descriptor, path, or address of file, dentry, inode" },
	{ 0 }
};

struct files {
	struct kernel *kernel;
	struct output *output;
	const struct shape *shape;
	const char *reference;	/* -R, or NULL */
	uint64_t number, address;	/* the same as a descriptor and as an address: 05123456 may be either */
	bool is_decimal, is_address;
	const struct task *task;	/* at work on */
	bool begun;		/* its row and its table are */
	bool any;		/* -R: one was found */
	bool stopped;
};

static void path_cell(struct kernel *kernel, struct output *output, size_t column, const struct path *path, const char *what)
{
	struct buffer text = { 0 };
	struct error error = { 0 };
	bool whole = path_text(kernel, path, &text, &error);

	if (text.size)
		output_bytes(output, column, text.data, text.size);
	if (!whole)
		output_note(output, "%s: the path is not known: %s", what, error.text);
	buffer_free(&text);
}

static void place_cell(struct files *files, size_t column, const char *what,
		       bool (*get)(struct kernel *kernel, const struct task *task, struct path *path, struct error *error))
{
	struct error error = { 0 };
	struct path path;

	if (get(files->kernel, files->task, &path, &error))
		path_cell(files->kernel, files->output, column, &path, what);
	else if (error.kind)
		output_note(files->output, "%s is not known: %s", what, error.text);
}

static void begin_task(struct files *files)
{
	if (files->begun)
		return;
	files->begun = true;
	if (!output_row(files->output)) {
		files->stopped = true;
		return;
	}
	task_cells(files->output, files->task);
	place_cell(files, ROOT, "root", task_root);
	place_cell(files, CWD, "cwd", task_cwd);
	place_cell(files, EXE, "exe", task_exe);
	output_begin(files->output, files->shape);
}

static bool is_wanted(struct files *files, const struct open_file *file, const struct buffer *path)
{
	if (!files->reference)
		return true;
	if (files->is_decimal && file->fd == files->number)
		return true;
	if (files->is_address && (file->file == files->address || (file->known && (file->path.dentry == files->address ||
	    file->inode == files->address || file->path.mount == files->address))))
		return true;
	return path->size && !strcmp(path->data, files->reference);
}

static void details_cell(struct files *files, const struct open_file *file, const char *what)
{
	struct buffer text = { 0 };
	struct error error = { 0 };
	bool whole = file_details(files->kernel, file, &text, &error);

	if (text.size)
		output_bytes(files->output, DETAILS, text.data, text.size);
	if (!whole)
		output_note(files->output, "%s: not all is known: %s", what, error.text);
	buffer_free(&text);
}

/* How much of it is in memory; pipes, sockets and the like have none. */
static void cache_cells(struct files *files, const struct open_file *file, const char *what)
{
	struct mapping mapping;
	struct error error = { 0 };
	uint64_t address;

	if (!file->inode)
		return;
	if (!mapping_of_inode(files->kernel, file->inode, &address, &error) || !mapping_read(files->kernel, address, &mapping, &error)) {
		output_note(files->output, "%s: what is cached is not known: %s", what, error.text);
		return;
	}
	output_address(files->output, MAPPING, address);
	output_uint(files->output, PAGES, mapping.nr_pages);
}

static void file_cells(struct files *files, const struct open_file *file, const struct buffer *path, const struct error *path_why)
{
	struct output *output = files->output;
	char what[32];

	snprintf(what, sizeof(what), "descriptor %u", file->fd);
	output_uint(output, FD, file->fd);
	output_address(output, FILE_, file->file);
	if (file->known) {
		output_address(output, DENTRY, file->path.dentry);
		output_address(output, INODE, file->inode);
		cache_cells(files, file, what);
		output_int(output, POSITION, file->position);
		output_printf(output, FLAGS, "0%o", file->flags);
		if (path->size)
			output_bytes(output, PATH, path->data, path->size);
		details_cell(files, file, what);
	}
	if (file->inode_known) {
		output_string(output, TYPE, file_type_name(file->mode));
		output_uint(output, NUMBER, file->number);
	}
	if (file->why.kind)
		output_note(output, "%s: %s", what, file->why.text);
	if (path_why->kind)
		output_note(output, "%s: the path is not known: %s", what, path_why->text);
}

static bool one_file(void *context, const struct open_file *file)
{
	struct files *files = context;
	struct buffer path = { 0 };
	struct error why = { 0 };

	if (file->known)
		path_text(files->kernel, &file->path, &path, &why);
	if (is_wanted(files, file, &path)) {
		files->any = true;
		begin_task(files);
		if (!files->stopped && output_row(files->output))
			file_cells(files, file, &path, &why);
		else
			files->stopped = true;
	}
	buffer_free(&path);
	return !files->stopped;
}

/* Returns false if its table is not whole. */
static bool one_task(struct files *files, const struct task *task, struct error *error)
{
	struct error why = { 0 };
	bool whole;

	files->task = task;
	files->begun = false;
	if (!files->reference)
		begin_task(files);
	whole = files->stopped || files_for_each(files->kernel, task, one_file, files, &why);
	if (files->begun)
		output_end(files->output);
	if (whole)
		return true;
	if (why.kind == ERROR_INTERRUPTED)
		files->stopped = true;
	else
		output_note(files->output, "PID %u: there may be more open files: %s", task->pid, why.text);
	return error_set(error, why.kind == ERROR_INTERRUPTED ? why.kind : ERROR_PARTIAL,
			 "files: PID %u: there may be more open files: %s", task->pid, why.text);
}

static bool show_dentry(struct kernel *kernel, const struct host *host, struct output *output, const char *word, struct error *error)
{
	static const struct column dentry_columns[] = {
		{ "dentry", "DENTRY", 12, COLUMN_ADDRESS },
		{ "inode", "INODE", 12, COLUMN_ADDRESS },
		{ "superblock", "SUPERBLOCK", 12, COLUMN_ADDRESS },
		{ "file_system", "FILE SYSTEM", 12, COLUMN_LEFT },
		{ "type", "TYPE", 12, COLUMN_LEFT },
		{ "path", "PATH", 12, COLUMN_LEFT },
	};
	static const struct shape dentry_shape = { "dentry", SHAPE_LIST, dentry_columns, ARRAY_SIZE(dentry_columns) };
	uint64_t dentry, inode, superblock, type, name, mode;
	char kind[64];

	if (!parse_address(kernel, host, output, "files", word, &dentry, error) ||
	    !kernel_read_member(kernel, dentry, "dentry", "d_inode", &inode, error) ||
	    !kernel_read_member(kernel, dentry, "dentry", "d_sb", &superblock, error))
		return false;
	output_begin(output, &dentry_shape);
	output_row(output);
	output_address(output, 0, dentry);
	if (inode)
		output_address(output, 1, inode);
	output_address(output, 2, superblock);
	if (kernel_read_member(kernel, superblock, "super_block", "s_type", &type, error) &&
	    kernel_read_member(kernel, type, "file_system_type", "name", &name, error) &&
	    memory_read_string(kernel->memory, name, kind, sizeof(kind), error))
		output_string(output, 3, kind);
	else
		output_note(output, "the file system is not known: %s", error->text);
	if (inode && kernel_read_member(kernel, inode, "inode", "i_mode", &mode, error))
		output_string(output, 4, file_type_name((uint32_t)mode));
	else
		output_note(output, "the type is not known: %s", inode ? error->text : "it has no inode, no such file was found");
	path_cell(kernel, output, 5, &(struct path){ .dentry = dentry }, "dentry");
	return output_end(output) || true;
}

static bool select_files(struct kernel *kernel, const struct arguments *arguments, const struct host *host, struct task_list *list,
			 struct error *error)
{
	struct task_table *table;

	if (arguments->nr_words || !has_option(arguments, 'a')) {
		if (task_list_select(list, kernel, arguments, host, "files", error))
			return true;
		if (!arguments->nr_words && error->kind == ERROR_USAGE)
			error_add(error, ", or -a for all processes");
		return false;
	}
	if (!tasks_get(kernel, &table, error))
		return false;
	for (size_t i = 0; i < table->count; i++)
		if (!table->tasks[i].idle && table->tasks[i].pid == table->tasks[i].tgid)
			task_list_add(list, &table->tasks[i]);
	task_list_sort(list);
	return true;
}

static bool files_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		      struct error *error)
{
	struct files files = { .kernel = kernel, .output = output };
	struct error why = { 0 }, partial = { 0 };
	struct task_list list = { 0 };
	bool done;
	char *end;

	if (has_option(arguments, 'd'))
		return show_dentry(kernel, host, output, option_value(arguments, 'd'), error);
	files.shape = has_option(arguments, 'f') ? &state_shape : has_option(arguments, 'c') ? &cache_shape : &shape;
	files.reference = option_value(arguments, 'R');
	if (files.reference && *files.reference) {
		files.number = strtoull(files.reference, &end, 10);
		files.is_decimal = !*end && strlen(files.reference) < 10;
		files.address = strtoull(files.reference, &end, 16);
		files.is_address = !*end;
	}
	if (!select_files(kernel, arguments, host, &list, &why) && why.kind != ERROR_PARTIAL) {
		task_list_free(&list);
		*error = why;
		return false;
	}
	done = task_list_check(&list, error);
	output_begin(output, &task_shape);
	for (size_t i = 0; done && i < list.count && !files.stopped; i++)
		if (!one_task(&files, list.tasks[i], partial.kind ? NULL : &partial) && partial.kind == ERROR_INTERRUPTED)
			break;
	output_end(output);
	if (done && files.reference && !files.any)
		output_note(output, "no open file of these tasks is %s", files.reference);
	task_list_free(&list);
	if (done && (partial.kind || why.kind)) {
		*error = partial.kind ? partial : why;
		return false;
	}
	return done;
}

static const char help[] =
	"Without words: of gdb's selected thread. A path is seen from the top of its\n"
	"mount namespace; \"(deleted)\" is behind one whose name is gone. With -f there\n"
	"are details: of a socket protocol, addresses, the unix socket at the other end\n"
	"and state; of an epoll its targets, descriptor:events in hex; of an eventfd\n"
	"its count; of a pipe how many have it open and how many buffers are used. What\n"
	"cannot be read is \"-\", and a note says why.\n"
	"\n"
	"JSON: \"tasks\", each with \"files\" (all views at once; flags in octal); with\n"
	"-d \"dentry\".\n"
	"\n"
	"Example:\n"
	"(gdb) kernel files -R /dev/zero 202\n"
	"PID: 202      TASK: ff2ec9fe858020c0  CPU: 2    COMMAND: \"rig-files\"\n"
	"ROOT: /  CWD: /  EXE: /bin/workload\n"
	" FD        FILE             DENTRY            INODE        TYPE  PATH\n"
	"  5  ff2ec9fe8249e900  ff2ec9fe8144a780  ff2ec9fe81924cd0  CHR   /dev/zero\n";

static const struct mi_name mi_names[] = { { "files", NULL }, { 0 } };

const struct command command_files = {
	.name = "files",
	.mi = mi_names,
	.summary = "Show what tasks have open.",
	.usage = "files [-c|-f] [-R REFERENCE] [-a|PID|TASK|COMMAND...] | files -d DENTRY",
	.help = help,
	.options = options,
	.words = COMPLETE_TASK,
	.run = files_run,
};
