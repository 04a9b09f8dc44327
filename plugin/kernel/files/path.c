// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/files/path.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "kernel/containers.h"
#include "kernel/modules/symbolize.h"

#define MAX_STEPS 8192		/* dentries and mounts on the way up; PATH_MAX has room for 2048 names */
#define MAX_NAME 1024		/* NAME_MAX is 255, names of anonymous inodes have no limit of their own */
#define MAX_TEXT 16384

/* Written from its end, as the way leads up. */
struct upward {
	char text[MAX_TEXT];
	size_t start;
};

static bool put(struct upward *up, const char *bytes, size_t size)
{
	if (size > up->start)
		return false;
	up->start -= size;
	memcpy(up->text + up->start, bytes, size);
	return true;
}

static bool read_name(struct kernel *kernel, uint64_t dentry, char *name /* [MAX_NAME] */, size_t *size_ret, struct error *error)
{
	uint64_t at, size;

	if (!kernel_read_member(kernel, dentry, "dentry", "d_name.name", &at, error) ||
	    !kernel_read_member(kernel, dentry, "dentry", "d_name.len", &size, error))
		return false;
	if (size > MAX_NAME)
		return error_set(error, ERROR_CORRUPT, "the name of dentry 0x%" PRIx64 " has %" PRIu64 " bytes", dentry, size);
	*size_ret = size;
	return memory_read(kernel->memory, at, name, size, error);
}

/* One name in front. */
static bool put_name(struct kernel *kernel, uint64_t dentry, struct upward *up, struct error *error)
{
	char name[MAX_NAME];
	size_t size;

	if (!read_name(kernel, dentry, name, &size, error))
		return false;
	return (put(up, name, size) && put(up, "/", 1)) ||
	       error_set(error, ERROR_CORRUPT, "the path above dentry 0x%" PRIx64 " has no end", dentry);
}

/* From MOUNT's root to where it is mounted; *top_ret: nowhere, it is the top. */
static bool cross_mount(struct kernel *kernel, struct path *path, bool *top_ret, struct error *error)
{
	struct member inside;
	uint64_t mount, parent, point;

	*top_ret = true;
	if (!types_member(kernel->types, "mount", "mnt", &inside, error))
		return false;
	mount = path->mount - inside.offset;
	if (!kernel_read_member(kernel, mount, "mount", "mnt_parent", &parent, error) ||
	    !kernel_read_member(kernel, mount, "mount", "mnt_mountpoint", &point, error))
		return false;
	if (parent == mount)
		return true;
	*top_ret = false;
	path->mount = parent + inside.offset;
	path->dentry = point;
	return true;
}

/* One step up; *end_ret: there is none. */
static bool step(struct kernel *kernel, struct path *path, struct upward *up, bool *end_ret, struct error *error)
{
	uint64_t root = 0, parent;

	*end_ret = false;
	if (path->mount && !kernel_read_member(kernel, path->mount, "vfsmount", "mnt_root", &root, error))
		return false;
	if (path->mount && root == path->dentry)
		return cross_mount(kernel, path, end_ret, error);
	if (!kernel_read_member(kernel, path->dentry, "dentry", "d_parent", &parent, error))
		return false;
	if (parent == path->dentry) {
		*end_ret = true;
		return true;
	}
	if (!put_name(kernel, path->dentry, up, error))
		return false;
	path->dentry = parent;
	return true;
}

static bool walk(struct kernel *kernel, struct path path, struct upward *up, struct error *error)
{
	struct path behind = { 0 };
	bool end = false;

	for (unsigned i = 0; !end; i++) {
		/* Brent's way to see a circle: what stands still for twice as long each time. */
		if (path.dentry == behind.dentry && path.mount == behind.mount)
			return error_set(error, ERROR_CORRUPT, "the path above dentry 0x%" PRIx64 " goes round in a circle", path.dentry);
		if (!(i & (i - 1)))
			behind = path;
		if (i > MAX_STEPS)
			return error_set(error, ERROR_CORRUPT, "the path above dentry 0x%" PRIx64 " has no end", path.dentry);
		if (!step(kernel, &path, up, &end, error))
			return false;
	}
	return true;
}

/* d_unlinked(): in no hash, and no root. */
static bool is_deleted(struct kernel *kernel, uint64_t dentry, bool *deleted_ret, struct error *error)
{
	uint64_t hashed, parent;

	if (!kernel_read_member(kernel, dentry, "dentry", "d_hash.pprev", &hashed, error) ||
	    !kernel_read_member(kernel, dentry, "dentry", "d_parent", &parent, error))
		return false;
	*deleted_ret = !hashed && parent != dentry;
	return true;
}

static bool in_tree(struct kernel *kernel, const struct path *path, struct buffer *text, struct error *error)
{
	struct upward up = { .start = MAX_TEXT };
	bool deleted = false, whole = walk(kernel, *path, &up, error);

	if (!whole && up.start == MAX_TEXT)
		return false; /* nothing is known of it */
	if (!whole)
		put(&up, "?", 1);
	else if (up.start == MAX_TEXT)
		put(&up, "/", 1);
	buffer_append(text, up.text + up.start, MAX_TEXT - up.start);
	if (!is_deleted(kernel, path->dentry, &deleted, whole ? error : NULL))
		return false;
	if (deleted)
		buffer_string(text, " (deleted)");
	return whole;
}

/* --- what is in no tree --- */

/* nsfs: the operations say what kind; they were d_fsdata until 6.8 (1fa08aece425), then the ns_common is i_private. */
static bool put_namespace(struct kernel *kernel, uint64_t dentry, uint64_t inode, uint64_t number, struct buffer *text,
			  struct error *error)
{
	uint64_t operations, space, name;
	char kind[32];

	if (!kernel_read_member(kernel, dentry, "dentry", "d_fsdata", &operations, error))
		return false;
	if (!operations && (!kernel_read_member(kernel, inode, "inode", "i_private", &space, error) ||
			    !kernel_read_member(kernel, space, "ns_common", "ops", &operations, error)))
		return false;
	if (!kernel_read_member(kernel, operations, "proc_ns_operations", "name", &name, error) ||
	    !memory_read_string(kernel->memory, name, kind, sizeof(kind), error))
		return false;
	buffer_printf(text, "%s:[%" PRIu64 "]", kind, number);
	return true;
}

enum shown { BY_NUMBER, BY_NAME, BY_SPACE, ALWAYS };
static const struct dynamic_name {
	const char *function;	/* what d_dname is */
	enum shown shown;
	const char *before, *behind;
} names[] = {
	{ "pipefs_dname", BY_NUMBER, "pipe:[", "]" },
	{ "sockfs_dname", BY_NUMBER, "socket:[", "]" },
	{ "anon_inodefs_dname", BY_NAME, "anon_inode:", "" },
	{ "simple_dname", BY_NAME, "/", " (deleted)" },
	{ "pidfs_dname", ALWAYS, "anon_inode:[pidfd]", "" },
	{ "ns_dname", BY_SPACE, "", "" },
};

/* That of a function that is not in the table begins with the function's own name. */
static struct dynamic_name how_named(const char *function, char *before, size_t size)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(function, names[i].function))
			return names[i];
	snprintf(before, size, "%s:", function);
	return (struct dynamic_name){ function, BY_NAME, before, "" };
}

static bool dynamic_name(struct kernel *kernel, uint64_t dentry, uint64_t function, struct buffer *text, struct error *error)
{
	uint64_t inode, number;
	char name[MAX_NAME], symbol[128], before[sizeof(symbol) + 1];
	struct dynamic_name how;
	size_t size;

	if (!kernel_symbolize(kernel, function, symbol, sizeof(symbol)))
		return error_set(error, ERROR_CORRUPT, "what names dentry 0x%" PRIx64 " is no function: 0x%" PRIx64, dentry, function);
	how = how_named(symbol, before, sizeof(before));
	if (!kernel_read_member(kernel, dentry, "dentry", "d_inode", &inode, error) ||
	    !kernel_read_member(kernel, inode, "inode", "i_ino", &number, error))
		return false;
	if (how.shown == BY_SPACE)
		return put_namespace(kernel, dentry, inode, number, text, error);
	buffer_string(text, how.before);
	if (how.shown == BY_NUMBER)
		buffer_printf(text, "%" PRIu64, number);
	if (how.shown == BY_NAME) {
		if (!read_name(kernel, dentry, name, &size, error)) {
			buffer_char(text, '?');
			return false;
		}
		buffer_append(text, name, size);
	}
	buffer_string(text, how.behind);
	return true;
}

/* What makes the name of DENTRY; 0 = its place in the tree does. */
static bool name_maker(struct kernel *kernel, const struct path *path, uint64_t *function_ret, struct error *error)
{
	uint64_t operations, parent, root = 0;

	*function_ret = 0;
	if (!kernel_read_member(kernel, path->dentry, "dentry", "d_op", &operations, error) ||
	    !kernel_read_member(kernel, path->dentry, "dentry", "d_parent", &parent, error) ||
	    (path->mount && !kernel_read_member(kernel, path->mount, "vfsmount", "mnt_root", &root, error)))
		return false;
	/* The root of such a file system is an ordinary one (f48cfddc6729). */
	if (!operations || (parent == path->dentry && root == path->dentry))
		return true;
	return kernel_read_member(kernel, operations, "dentry_operations", "d_dname", function_ret, error);
}

bool path_read(struct kernel *kernel, uint64_t address, struct path *path_ret, struct error *error)
{
	return kernel_read_member(kernel, address, "path", "mnt", &path_ret->mount, error) &&
	       kernel_read_member(kernel, address, "path", "dentry", &path_ret->dentry, error);
}

bool path_text(struct kernel *kernel, const struct path *path, struct buffer *text, struct error *error)
{
	uint64_t function;

	return name_maker(kernel, path, &function, error) &&
	       (function ? dynamic_name(kernel, path->dentry, function, text, error) : in_tree(kernel, path, text, error));
}

bool dentry_text(struct kernel *kernel, uint64_t dentry, struct buffer *text, struct error *error)
{
	return path_text(kernel, &(struct path){ .dentry = dentry }, text, error);
}
