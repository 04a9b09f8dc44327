// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/files/mounts.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "kernel/containers.h"
#include "kernel/tasks/task.h"

#define MNT_READONLY 0x40
#define MNT_CURSOR 0x10000000	/* 5.8 (9f6c61f96f2d) to 6.7: the place of somebody who reads the list, no mount */

static bool read_text(struct kernel *kernel, uint64_t at, char *text, size_t size, struct error *error)
{
	return !at || memory_read_string(kernel->memory, at, text, size, error);
}

static bool read_superblock(struct kernel *kernel, struct mount_facts *mount, struct error *error)
{
	uint64_t device, flags, type, name, subtype;
	char behind[64] = "";
	size_t size;

	if (!kernel_read_member(kernel, mount->superblock, "super_block", "s_dev", &device, error) ||
	    !kernel_read_member(kernel, mount->superblock, "super_block", "s_flags", &flags, error) ||
	    !kernel_read_member(kernel, mount->superblock, "super_block", "s_type", &type, error) ||
	    !kernel_read_member(kernel, type, "file_system_type", "name", &name, error) ||
	    !read_text(kernel, name, mount->type, sizeof(mount->type), error) ||
	    !kernel_read_member(kernel, mount->superblock, "super_block", "s_subtype", &subtype, error) ||
	    !read_text(kernel, subtype, behind, sizeof(behind), error))
		return false;
	size = strlen(mount->type);
	if (behind[0])
		snprintf(mount->type + size, sizeof(mount->type) - size, ".%s", behind);
	mount->device = (uint32_t)device;
	mount->superblock_read_only = flags & 1;	/* SB_RDONLY */
	return true;
}

static bool read_mount(struct kernel *kernel, struct mount_facts *mount, struct error *error)
{
	uint64_t id, parent, parent_id, source;

	if (!kernel_read_member(kernel, mount->mount, "mount", "mnt.mnt_root", &mount->path.dentry, error) ||
	    !kernel_read_member(kernel, mount->mount, "mount", "mnt.mnt_sb", &mount->superblock, error) ||
	    !kernel_read_member(kernel, mount->mount, "mount", "mnt_id", &id, error) ||
	    !kernel_read_member(kernel, mount->mount, "mount", "mnt_parent", &parent, error) ||
	    !kernel_read_member(kernel, parent, "mount", "mnt_id", &parent_id, error) ||
	    !kernel_read_member(kernel, mount->mount, "mount", "mnt_devname", &source, error) ||
	    !read_text(kernel, source, mount->source, sizeof(mount->source), error))
		return false;
	mount->id = (uint32_t)id;
	mount->parent_id = (uint32_t)parent_id;
	return read_superblock(kernel, mount, error);
}

struct walk {
	struct kernel *kernel;
	struct member inside;	/* mount.mnt */
	bool (*callback)(void *context, const struct mount_facts *mount);
	void *context;
};

static bool one_mount(void *context, uint64_t address, struct error *error)
{
	struct walk *walk = context;
	struct mount_facts mount = { .mount = address, .path.mount = address + walk->inside.offset };
	uint64_t flags;

	if (!kernel_check_interrupt(walk->kernel, error) ||
	    !kernel_read_member(walk->kernel, address, "mount", "mnt.mnt_flags", &flags, error))
		return false;
	if (flags & MNT_CURSOR && !types_has_member(walk->kernel->types, "mount", "mnt_node"))
		return true;
	mount.flags = (uint32_t)flags;
	mount.known = read_mount(walk->kernel, &mount, &mount.why);
	return walk->callback(walk->context, &mount);
}

bool mounts_for_each(struct kernel *kernel, const struct task *task,
		     bool (*callback)(void *context, const struct mount_facts *mount), void *context, struct error *error)
{
	struct walk walk = { .kernel = kernel, .callback = callback, .context = context };
	struct member node, head;
	uint64_t proxy, space;

	if (!types_member(kernel->types, "mount", "mnt", &walk.inside, error) ||
	    !kernel_read_member(kernel, task->address, "task_struct", "nsproxy", &proxy, error))
		return false;
	if (!proxy)
		return error_set(error, ERROR_NOT_MAPPED, "PID %u has exited and is in no mount namespace any more", task->pid);
	if (!kernel_read_member(kernel, proxy, "nsproxy", "mnt_ns", &space, error))
		return false;
	if (types_member(kernel->types, "mount", "mnt_node", &node, NULL))
		return types_member(kernel->types, "mnt_namespace", "mounts", &head, error) &&
		       rbtree_for_each(kernel, space + head.offset, node.offset, one_mount, &walk, error);
	return types_member(kernel->types, "mount", "mnt_list", &node, error) &&
	       types_member(kernel->types, "mnt_namespace", "list", &head, error) &&
	       list_for_each(kernel, space + head.offset, node.offset, one_mount, &walk, error);
}

void mount_flags_text(uint32_t flags, struct buffer *text)
{
	/* include/linux/mount.h; macros there. */
	static const struct { uint32_t flag; const char *name; } names[] = {
		{ 1, "nosuid" }, { 2, "nodev" }, { 4, "noexec" }, { 8, "noatime" }, { 0x10, "nodiratime" }, { 0x20, "relatime" },
		{ 0x80, "nosymfollow" },
	};

	buffer_string(text, flags & MNT_READONLY ? "ro" : "rw");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (flags & names[i].flag)
			buffer_printf(text, ",%s", names[i].name);
}
