// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Finding a module's file on disk; see module.h.
 *
 * The directories are walked once, and the names that look like modules are kept, sorted, until
 * other directories are asked for: /lib/modules/RELEASE has some 5,000 files, and 150 modules would
 * walk it 150 times.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "kernel/modules/module_internal.h"
#include "symbols/find/debuginfod.h"
#include "symbols/elf/elf_file.h"
#include "symbols/elf/unpack.h"

#define MAX_DEPTH   24
#define MAX_FILES   200000  /* found */
#define MAX_ENTRIES 5000000 /* looked at: somebody gave us "/" */

struct module_file {
	char *name; /* as the kernel calls the module: '-' is '_', no suffix */
	char *path;
};

struct module_files {
	char *key;		   /* the directories, one per line */
	struct module_file *files; /* sorted by name, then in the order found */
	size_t count, capacity;
	size_t entries; /* looked at */
	size_t directories;
	bool cut; /* a limit was hit or Ctrl-C came */
	bool interrupted;
};

void module_files_free(struct module_files *files)
{
	if (!files)
		return;
	for (size_t i = 0; i < files->count; i++) {
		free(files->files[i].name);
		free(files->files[i].path);
	}
	free(files->files);
	free(files->key);
	free(files);
}

/* "virtio-net.ko.debug" -> 10, the length of the module's name; 0 = not a module. */
static size_t module_name_length(const char *file)
{
	static const char *const suffixes[] = { ".ko", ".ko.debug", ".ko.xz", ".ko.zst", ".ko.gz" };
	size_t length = strlen(file);

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		size_t suffix = strlen(suffixes[i]);

		if (length > suffix && strcmp(file + length - suffix, suffixes[i]) == 0)
			return length - suffix;
	}
	return 0;
}

static void files_add(struct module_files *files, const char *path, const char *file)
{
	size_t length = module_name_length(file);
	struct module_file *more, *slot;

	if (!length)
		return;
	if (files->count == MAX_FILES) {
		files->cut = true;
		return;
	}
	more = array_room(files->files, files->count, &files->capacity, sizeof(*more),
			  "the files of modules", NULL);
	if (!more) {
		files->cut = true;
		return;
	}
	files->files = more;
	slot = &files->files[files->count];
	*slot = (struct module_file){ .name = strndup(file, length),
				      .path = strdup(path) };
	if (!slot->name || !slot->path) {
		free(slot->name);
		free(slot->path);
		files->cut = true;
		return;
	}
	for (char *c = slot->name; *c; c++)
		if (*c == '-')
			*c = '_';
	files->count++;
}

static void walk(struct kernel *kernel, struct module_files *files, struct buffer *path,
		 unsigned depth);

static void visit(struct kernel *kernel, struct module_files *files, struct buffer *path,
		  const struct dirent *entry, unsigned depth)
{
	unsigned char type = entry->d_type;
	size_t length = path->size;
	struct stat status;

	buffer_char(path, '/');
	buffer_string(path, entry->d_name);
	if (path->failed)
		return;
	if (type == DT_UNKNOWN && lstat(path->data, &status) == 0)
		type = S_ISDIR(status.st_mode) ? DT_DIR : DT_REG;
	/*
	 * Links to directories are not followed: build and source lead out of /lib/modules, and
	 * there are circles.
	 */
	if (type == DT_DIR)
		walk(kernel, files, path, depth + 1);
	else if (type == DT_REG || type == DT_LNK)
		files_add(files, path->data, entry->d_name);
	path->size = length;
	path->data[length] = 0;
}

static void walk(struct kernel *kernel, struct module_files *files, struct buffer *path,
		 unsigned depth)
{
	struct dirent *entry;
	DIR *directory;

	if (depth > MAX_DEPTH || files->cut)
		return;
	directory = opendir(path->data);
	if (!directory)
		return;
	files->directories++;
	while (!files->cut && !path->failed && (entry = readdir(directory))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (++files->entries % 256 == 0)
			files->interrupted = !kernel_check_interrupt(kernel, NULL);
		if (files->entries > MAX_ENTRIES || files->interrupted)
			files->cut = true;
		else
			visit(kernel, files, path, entry, depth);
	}
	closedir(directory);
}

static int compare_files(const void *a, const void *b)
{
	const struct module_file *left = a, *right = b;
	int order = strcmp(left->name, right->name);

	return order ? order : strcmp(left->path, right->path);
}

/* The index of PATHS, from the cache if they are the same as last time. NULL without memory. */
static struct module_files *files_get(struct kernel *kernel, struct module_list *list,
				      const char *const *paths)
{
	struct buffer key = { 0 }, path = { 0 };
	struct module_files *files;

	for (size_t i = 0; paths && paths[i]; i++)
		buffer_printf(&key, "%s\n", paths[i]);
	buffer_string(&key, "");
	if (key.failed)
		return NULL;
	if (list->files && strcmp(list->files->key, key.data ? key.data : "") == 0) {
		buffer_free(&key);
		return list->files;
	}
	module_files_free(list->files);
	list->files = files = calloc(1, sizeof(*files));
	if (!files || !(files->key = strdup(key.data ? key.data : ""))) {
		list->files = NULL;
		free(files);
		buffer_free(&key);
		return NULL;
	}
	buffer_free(&key);
	for (size_t i = 0; paths && paths[i]; i++) {
		size_t first = files->count;
		char *real = realpath(paths[i], NULL); /* people see these paths: without /../ */

		buffer_clear(&path);
		buffer_string(&path, real ? real : paths[i]);
		free(real);
		if (!path.failed && path.size)
			walk(kernel, files, &path, 0);
		/*
		 * Names found under an earlier directory go first, so each directory is sorted on
		 * its own.
		 */
		if (files->count > first)
			qsort(files->files + first, files->count - first, sizeof(*files->files),
			      compare_files);
	}
	buffer_free(&path);
	return files;
}

/*
 * Is PATH the module's, with debug information? WHY gets the answer if not, or what could not be
 * checked.
 */
static bool file_fits(const struct module *module, const char *path, struct buffer *why)
{
	struct elf_file file;
	struct error error;
	char id[65];
	bool debug;

	if (!elf_file_open(&file, path, &error)) {
		buffer_printf(why, "%s\n", error.text);
		return false;
	}
	elf_file_build_id(&file, id, sizeof(id));
	debug = elf_file_section(&file, ".debug_info", NULL) != NULL;
	elf_file_close(&file);
	if (id[0] && module->build_id[0] && strcmp(id, module->build_id) != 0) {
		buffer_printf(why, "%s: its build-id is %s, the module's is %s\n", path, id,
			      module->build_id);
		return false;
	}
	if (!debug) {
		buffer_printf(why, "%s: it has no debug information\n", path);
		return false;
	}
	if (!id[0] || !module->build_id[0])
		buffer_printf(why, "%s: %s has no build-id, so it was taken by its name\n", path,
			      id[0] ? "the module in the dump" : "the file");
	return true;
}

static struct patience patience_of(const struct kernel *kernel)
{
	return (struct patience){ kernel->interrupted, kernel->progress, kernel->caller_context };
}

/* PATH, or where it lies unpacked, in whole or its sections; malloc'ed, NULL with the reason in WHY. */
static char *unpacked(const struct kernel *kernel, const char *path, struct buffer *why)
{
	struct patience patience = patience_of(kernel);
	struct error error;
	char *plain;

	if (unpack(path, &patience, &plain, &error))
		return plain;
	buffer_printf(why, "%s\n", error.text);
	return NULL;
}

/* DIRECTORY/.build-id/ab/cdef.debug, as distributions lay out their debug packages. */
static char *find_build_id_below(const struct kernel *kernel, const struct module *module,
				 const char *directory, struct buffer *why)
{
	char *path, *plain = NULL;

	if (asprintf(&path, "%s/.build-id/%.2s/%s.debug", directory, module->build_id,
		     module->build_id + 2) < 0)
		return NULL;
	if (access(path, R_OK) == 0)
		plain = unpacked(kernel, path, why);
	free(path);
	if (plain && file_fits(module, plain, why))
		return plain;
	free(plain);
	return NULL;
}

static char *find_by_build_id(const struct kernel *kernel, const struct module *module,
			      const char *const *paths, struct buffer *why)
{
	char *found = NULL;

	if (strlen(module->build_id) < 3)
		return NULL;
	for (size_t i = 0; !found && paths && paths[i]; i++)
		found = find_build_id_below(kernel, module, paths[i], why);
	return found ? found : find_build_id_below(kernel, module, "/usr/lib/debug", why);
}

/* From the servers that the person named, if any. */
static char *find_on_servers(const struct kernel *kernel, const struct module *module,
			     struct buffer *why)
{
	struct patience patience = patience_of(kernel);
	struct error error;
	char *path;

	if (!module->build_id[0])
		return NULL;
	if (!debuginfod_find(module->build_id, &patience, &path, &error)) {
		if (error.kind != ERROR_UNSUPPORTED)
			buffer_printf(why, "%s\n", error.text);
		return NULL;
	}
	if (file_fits(module, path, why))
		return path;
	free(path);
	return NULL;
}

static char *find_by_name(struct kernel *kernel, const struct module *module,
			  const char *const *paths, struct buffer *why)
{
	char wanted[sizeof(module->name)], *path;
	struct module_files *files;
	struct module_list *list;
	size_t tried = 0;

	if (!modules_get(kernel, &list, NULL) || !(files = files_get(kernel, list, paths)))
		return NULL;
	memcpy(wanted, module->name, sizeof(wanted));
	for (char *c = wanted; *c; c++)
		if (*c == '-')
			*c = '_';
	for (size_t i = 0; i < files->count; i++) {
		const struct module_file *file = &files->files[i];

		if (strcmp(file->name, wanted) != 0)
			continue;
		tried++;
		path = unpacked(kernel, file->path, why);
		if (path && file_fits(module, path, why))
			return path;
		if (path && strcmp(path, file->path))
			unlink(path);
		free(path);
	}
	if (!tried)
		buffer_printf(
			why,
			"no file of module %s among the %zu module files in %zu directories%s\n",
			module->name, files->count, files->directories,
			files->cut ? " (the search was cut short)" : "");
	return NULL;
}

const char *module_debug_file(struct kernel *kernel, struct module *module,
			      const char *const *paths, struct buffer *why)
{
	struct buffer unwanted = { 0 };
	struct module_list *list;

	if (module->debug_path)
		return module->debug_path;
	if (!modules_get(kernel, &list, NULL))
		return NULL;
	if (!why)
		why = &unwanted;
	module->debug_path = find_by_build_id(kernel, module, paths, why);
	if (!module->debug_path)
		module->debug_path = find_by_name(kernel, module, paths, why);
	if (!module->debug_path)
		module->debug_path = find_on_servers(kernel, module, why);
	module->debug_searched = true;
	if (module->debug_path)
		module_sections_from_file(kernel, module);
	if (list->files && list->files->interrupted) { /* the next search is a new one */
		module_files_free(list->files);
		list->files = NULL;
	}
	buffer_free(&unwanted);
	return module->debug_path;
}

const char *module_debug_file_is(struct kernel *kernel, struct module *module, const char *path, struct buffer *why)
{
	char *real = realpath(path, NULL), *plain = unpacked(kernel, real ? real : path, why);

	free(real);
	if (!plain || !file_fits(module, plain, why)) {
		free(plain);
		return NULL;
	}
	free(module->debug_path);
	module->debug_path = plain;
	module->debug_searched = true;
	module_sections_from_file(kernel, module);
	return plain;
}

void module_debug_file_forget(struct module *module)
{
	free(module->debug_path);
	module->debug_path = NULL;
	module->debug_searched = false;
}
