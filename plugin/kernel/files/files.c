// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/files/files.h"

#include <inttypes.h>

#include "base/buffer.h"
#include "kernel/tasks/task.h"

#define MAX_DESCRIPTORS (1u << 26)
#define CHUNK 512		/* descriptors looked at in one read */
#define MAX_LOST 64		/* chunks that cannot be read, before the size of the table is not believed */

void file_read(struct kernel *kernel, uint64_t address, struct open_file *file)
{
	struct member path;
	uint64_t flags, position, mode;
	struct error *error = &file->why;

	*file = (struct open_file){ .file = address };
	if (!types_member(kernel->types, "file", "f_path", &path, error) ||
	    !path_read(kernel, address + path.offset, &file->path, error) ||
	    !kernel_read_member(kernel, address, "file", "f_inode", &file->inode, error) ||
	    !kernel_read_member(kernel, address, "file", "f_op", &file->operations, error) ||
	    !kernel_read_member(kernel, address, "file", "private_data", &file->private_data, error) ||
	    !kernel_read_member(kernel, address, "file", "f_pos", &position, error) ||
	    !kernel_read_member(kernel, address, "file", "f_flags", &flags, error))
		return;
	file->known = true;
	file->position = (int64_t)position;
	file->flags = (uint32_t)flags & ~FILE_CLOEXEC;
	if (!kernel_read_member(kernel, file->inode, "inode", "i_mode", &mode, error) ||
	    !kernel_read_member(kernel, file->inode, "inode", "i_ino", &file->number, error))
		return;
	file->mode = (uint32_t)mode;
	file->inode_known = true;
}

struct descriptors {
	struct kernel *kernel;
	uint64_t files, close_on_exec, count;
	bool (*callback)(void *context, const struct open_file *file);
	void *context;
	bool stopped;
};

static void one(struct descriptors *table, uint64_t fd, uint64_t address)
{
	struct open_file file;
	bool set;

	file_read(table->kernel, address, &file);
	file.fd = (unsigned)fd;
	if (kernel_test_bit(table->kernel, table->close_on_exec, file.fd, &set, file.why.kind ? NULL : &file.why) && set)
		file.flags |= FILE_CLOEXEC;
	table->stopped = !table->callback(table->context, &file);
}

static bool one_chunk(struct descriptors *table, uint64_t from, struct error *error)
{
	unsigned size = table->kernel->arch->pointer_size;
	uint64_t to = from + CHUNK < table->count ? from + CHUNK : table->count;
	char all[CHUNK * 8];

	if (!memory_read(table->kernel->memory, table->files + from * size, all, (to - from) * size, error))
		return error_prefix(error, "descriptors %" PRIu64 " to %" PRIu64, from, to - 1);
	for (uint64_t fd = from; fd < to && !table->stopped; fd++) {
		uint64_t file = memory_decode(table->kernel->memory, all + (fd - from) * size, size);

		if (file)
			one(table, fd, file);
	}
	return true;
}

bool files_for_each(struct kernel *kernel, const struct task *task,
		    bool (*callback)(void *context, const struct open_file *file), void *context, struct error *error)
{
	struct descriptors table = { .kernel = kernel, .callback = callback, .context = context };
	struct error why = { 0 };
	uint64_t files, fdt;
	unsigned lost = 0;

	if (!kernel_read_member(kernel, task->address, "task_struct", "files", &files, error))
		return false;
	if (!files)
		return true;
	if (!kernel_read_member(kernel, files, "files_struct", "fdt", &fdt, error) ||
	    !kernel_read_member(kernel, fdt, "fdtable", "max_fds", &table.count, error) ||
	    !kernel_read_member(kernel, fdt, "fdtable", "fd", &table.files, error) ||
	    !kernel_read_member(kernel, fdt, "fdtable", "close_on_exec", &table.close_on_exec, error))
		return false;
	if (table.count > MAX_DESCRIPTORS)
		return error_set(error, ERROR_CORRUPT, "the table of open files at 0x%" PRIx64 " says it has room for %" PRIu64, fdt,
				 table.count);
	for (uint64_t fd = 0; fd < table.count && !table.stopped && lost < MAX_LOST; fd += CHUNK) {
		if (!kernel_check_interrupt(kernel, error))
			return false;
		if (!one_chunk(&table, fd, lost ? NULL : &why))
			lost++;
	}
	if (lost)
		return error_set(error, why.kind, "%s%s", why.text, lost == MAX_LOST ? ", and so on: no further ones were looked for" : "");
	return true;
}

const char *file_type_name(uint32_t mode)
{
	/* S_IFMT is the ABI's. */
	static const char *const names[16] = {
		[0] = "ANON", [1] = "FIFO", [2] = "CHR", [4] = "DIR", [6] = "BLK", [8] = "REG", [10] = "LNK", [12] = "SOCK",
	};
	const char *name = names[mode >> 12 & 15];

	return name ? name : "?";
}

static bool of_fs(struct kernel *kernel, const struct task *task, const char *which, struct path *path, struct error *error)
{
	struct member member;
	uint64_t fs;

	if (!kernel_read_member(kernel, task->address, "task_struct", "fs", &fs, error) ||
	    !types_member(kernel->types, "fs_struct", which, &member, error))
		return false;
	return fs && path_read(kernel, fs + member.offset, path, error);
}

bool task_root(struct kernel *kernel, const struct task *task, struct path *path_ret, struct error *error)
{
	return of_fs(kernel, task, "root", path_ret, error);
}

bool task_cwd(struct kernel *kernel, const struct task *task, struct path *path_ret, struct error *error)
{
	return of_fs(kernel, task, "pwd", path_ret, error);
}

bool task_exe(struct kernel *kernel, const struct task *task, struct path *path_ret, struct error *error)
{
	struct member path;
	uint64_t file;

	if (!task_knows(task, TASK_MM))
		return error_set(error, ERROR_CORRUPT, "its mm is not known");
	if (!task->mm)
		return false;
	if (!kernel_read_member(kernel, task->mm, "mm_struct", "exe_file", &file, error) ||
	    !types_member(kernel->types, "file", "f_path", &path, error))
		return false;
	return file && path_read(kernel, file + path.offset, path_ret, error);
}

bool file_is(struct kernel *kernel, const struct open_file *file, const char *symbol)
{
	uint64_t address;

	return file->known && kernel_symbol(kernel, symbol, &address, NULL) && address == file->operations;
}
