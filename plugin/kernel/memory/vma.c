// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/memory/vma.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "kernel/containers.h"

#define MAX_VMAS (1u << 20)	/* sysctl vm.max_map_count is 65530 unless raised */
#define MAX_NAMES 512		/* of a path, and mounts that it goes through */

struct walk {
	struct kernel *kernel;
	struct member start, end, flags, file, pgoff;
	bool (*callback)(void *context, const struct vma *vma, struct error *error);
	void *context;
	uint64_t last_end;	/* of the VMA before */
};

static bool one_vma(void *context, uint64_t address, struct error *error)
{
	struct walk *walk = context;
	struct vma vma = { .address = address };
	struct kernel *kernel = walk->kernel;

	if (!kernel_read_field(kernel, address, &walk->start, &vma.start, error) || !kernel_read_field(kernel, address, &walk->end, &vma.end, error) ||
	    !kernel_read_field(kernel, address, &walk->flags, &vma.flags, error) ||
	    !kernel_read_field(kernel, address, &walk->file, &vma.file, error) ||
	    !kernel_read_field(kernel, address, &walk->pgoff, &vma.pgoff, error))
		return error_prefix(error, "the vm_area_struct at 0x%" PRIx64, address);
	if (vma.start >= vma.end || vma.start < walk->last_end)
		return error_set(error, ERROR_CORRUPT, "the vm_area_struct at 0x%" PRIx64 " is damaged: it is from 0x%" PRIx64 " to 0x%" PRIx64
				 ", and the one before ends at 0x%" PRIx64, address, vma.start, vma.end, walk->last_end);
	walk->last_end = vma.end;
	return walk->callback(walk->context, &vma, error);
}

static bool of_maple(void *context, uint64_t first, uint64_t last, uint64_t entry, struct error *error)
{
	(void)first, (void)last;
	return one_vma(context, entry, error);
}

/* mm->mmap, by vm_next; the order and its bound keep it from running in circles. */
static bool by_list(struct walk *walk, uint64_t mm, struct error *error)
{
	struct kernel *kernel = walk->kernel;
	struct member next;
	uint64_t vma;

	if (!types_member(kernel->types, "vm_area_struct", "vm_next", &next, error) ||
	    !kernel_read_member(kernel, mm, "mm_struct", "mmap", &vma, error))
		return false;
	for (unsigned count = 0; vma; count++) {
		struct error why = { 0 };

		if (count == MAX_VMAS)
			return error_set(error, ERROR_CORRUPT, "the mm_struct at 0x%" PRIx64 " has more than %u VMAs", mm, MAX_VMAS);
		if (count % 256 == 255 && !kernel_check_interrupt(kernel, error))
			return false;
		if (!one_vma(walk, vma, &why)) {
			if (why.kind == ERROR_NONE)
				return true;
			if (error)
				*error = why;
			return false;
		}
		if (!kernel_read_field(kernel, vma, &next, &vma, error))
			return false;
	}
	return true;
}

bool vmas_for_each(struct kernel *kernel, uint64_t mm, bool (*callback)(void *context, const struct vma *vma, struct error *error),
		   void *context, struct error *error)
{
	struct walk walk = { .kernel = kernel, .callback = callback, .context = context };
	struct types *types = kernel->types;
	struct member tree;

	if (!types_member(types, "vm_area_struct", "vm_start", &walk.start, error) ||
	    !types_member(types, "vm_area_struct", "vm_end", &walk.end, error) ||
	    !types_member(types, "vm_area_struct", "vm_flags", &walk.flags, error) ||
	    !types_member(types, "vm_area_struct", "vm_file", &walk.file, error) ||
	    !types_member(types, "vm_area_struct", "vm_pgoff", &walk.pgoff, error))
		return false;
	if (types_member(types, "mm_struct", "mm_mt", &tree, NULL))
		return maple_for_each(kernel, mm + tree.offset, of_maple, &walk, error);
	return by_list(&walk, mm, error);
}

/* --- names --- */

struct names {
	char *parts[MAX_NAMES];		/* from the last to the first; owned */
	size_t count;
};

static bool push_name(struct kernel *kernel, uint64_t dentry, struct names *names, struct error *error)
{
	uint64_t name, length;
	char *text;

	if (!kernel_read_member(kernel, dentry, "dentry", "d_name.name", &name, error) ||
	    !kernel_read_member(kernel, dentry, "dentry", "d_name.len", &length, error))
		return false;
	if (length > 255 || names->count == MAX_NAMES)
		return error_set(error, ERROR_CORRUPT, "the dentry at 0x%" PRIx64 " is damaged: its name has %" PRIu64 " bytes", dentry, length);
	text = malloc(length + 1);
	if (!text)
		return error_no_memory(error, "a name", length + 1);
	names->parts[names->count++] = text;
	text[length] = 0;
	return memory_read(kernel->memory, name, text, length, error);
}

/* Up to the root of the mounts: at a mount's own root it goes on at the mount point. */
static bool collect(struct kernel *kernel, uint64_t dentry, uint64_t vfsmount, struct names *names, struct error *error)
{
	struct member inner;
	uint64_t mount, parent, up;

	if (!types_member(kernel->types, "mount", "mnt", &inner, error))
		return false;
	for (unsigned step = 0; step < MAX_NAMES; step++) {
		uint64_t root;

		if (!kernel_read_member(kernel, vfsmount, "vfsmount", "mnt_root", &root, error) ||
		    !kernel_read_member(kernel, dentry, "dentry", "d_parent", &parent, error))
			return false;
		if (dentry != root && dentry != parent) {
			if (!push_name(kernel, dentry, names, error))
				return false;
			dentry = parent;
			continue;
		}
		mount = vfsmount - inner.offset;
		if (!kernel_read_member(kernel, mount, "mount", "mnt_parent", &up, error))
			return false;
		if (up == mount)
			return true;
		if (!kernel_read_member(kernel, mount, "mount", "mnt_mountpoint", &dentry, error))
			return false;
		vfsmount = up + inner.offset;
	}
	return error_set(error, ERROR_CORRUPT, "a path of more than %u names", MAX_NAMES);
}

/* As d_unlinked(): no longer in the table of names, and no root. */
static bool is_deleted(struct kernel *kernel, uint64_t dentry)
{
	uint64_t hashed, parent;

	return kernel_read_member(kernel, dentry, "dentry", "d_hash.pprev", &hashed, NULL) && !hashed &&
	       kernel_read_member(kernel, dentry, "dentry", "d_parent", &parent, NULL) && parent != dentry;
}

/*
 * One of a file system that nobody mounted is alone: its own parent, and not the root. What it is called its d_dname says:
 * simple_dname() (shared memory), anon_inodefs_dname(). False, and nothing said: it is no such.
 */
static bool pseudo_name(struct kernel *kernel, uint64_t dentry, uint64_t vfsmount, struct buffer *text)
{
	struct names names = { .count = 0 };
	uint64_t root, parent, ops, call, anon;
	bool done;

	if (!kernel_read_member(kernel, vfsmount, "vfsmount", "mnt_root", &root, NULL) ||
	    !kernel_read_member(kernel, dentry, "dentry", "d_parent", &parent, NULL) || dentry != parent || dentry == root ||
	    !kernel_read_member(kernel, dentry, "dentry", "d_op", &ops, NULL) || !ops ||
	    !kernel_read_member(kernel, ops, "dentry_operations", "d_dname", &call, NULL) || !call)
		return false;
	done = push_name(kernel, dentry, &names, NULL);
	if (done && kernel_symbol(kernel, "anon_inodefs_dname", &anon, NULL) && call == anon)
		buffer_printf(text, "anon_inode:%s", names.parts[0]);
	else if (done)
		buffer_printf(text, "/%s (deleted)", names.parts[0]);
	if (names.count)
		free(names.parts[0]);
	return done;
}

bool file_path(struct kernel *kernel, uint64_t file, struct buffer *text, struct error *error)
{
	struct names *names = calloc(1, sizeof(*names));
	uint64_t dentry, vfsmount;
	bool done;

	if (!names)
		return error_no_memory(error, "a path", sizeof(*names));
	if (!kernel_read_member(kernel, file, "file", "f_path.dentry", &dentry, error) ||
	    !kernel_read_member(kernel, file, "file", "f_path.mnt", &vfsmount, error)) {
		free(names);
		return false;
	}
	if (pseudo_name(kernel, dentry, vfsmount, text)) {
		free(names);
		return true;
	}
	done = collect(kernel, dentry, vfsmount, names, error);
	for (size_t i = names->count; done && i > 0; i--)
		buffer_printf(text, "/%s", names->parts[i - 1]);
	if (done && !names->count)
		buffer_char(text, '/');
	if (done && is_deleted(kernel, dentry))
		buffer_string(text, " (deleted)");
	for (size_t i = 0; i < names->count; i++)
		free(names->parts[i]);
	free(names);
	return done;
}

/* Pages of the kernel's own: vm_private_data is their vm_special_mapping. */
static bool special_name(struct kernel *kernel, const struct vma *vma, struct buffer *text)
{
	uint64_t ops, mapping, known, name;
	char word[32];

	if (!kernel_read_member(kernel, vma->address, "vm_area_struct", "vm_ops", &ops, NULL) ||
	    !kernel_read_member(kernel, vma->address, "vm_area_struct", "vm_private_data", &mapping, NULL))
		return false;
	if (!kernel_symbol(kernel, "special_mapping_vmops", &known, NULL) || ops != known || !mapping ||
	    !kernel_read_member(kernel, mapping, "vm_special_mapping", "name", &name, NULL) ||
	    !memory_read_string(kernel->memory, name, word, sizeof(word), NULL))
		return false;
	buffer_string(text, word);
	return true;
}

bool vma_name(struct kernel *kernel, uint64_t mm, const struct vma *vma, struct buffer *text, struct error *error)
{
	uint64_t brk, start_brk, stack;

	if (vma->file)
		return file_path(kernel, vma->file, text, error);
	if (special_name(kernel, vma, text))
		return true;
	if (!kernel_read_member(kernel, mm, "mm_struct", "brk", &brk, error) ||
	    !kernel_read_member(kernel, mm, "mm_struct", "start_brk", &start_brk, error) ||
	    !kernel_read_member(kernel, mm, "mm_struct", "start_stack", &stack, error))
		return false;
	if (vma->start < brk && vma->end > start_brk)
		buffer_string(text, "[heap]");
	else if (vma->start <= stack && vma->end >= stack)
		buffer_string(text, "[stack]");
	return true;
}

bool vma_flags_text(struct kernel *kernel, uint64_t flags, struct buffer *text)
{
	struct member mask, name;
	uint64_t table, size, bits, pointer;
	char word[32];
	size_t start = text->size;

	if (!kernel_symbol(kernel, "vmaflag_names", &table, NULL) || !types_size(kernel->types, "trace_print_flags", &size, NULL) ||
	    !types_member(kernel->types, "trace_print_flags", "mask", &mask, NULL) ||
	    !types_member(kernel->types, "trace_print_flags", "name", &name, NULL))
		return false;
	for (unsigned i = 0; i < 64; i++) {
		if (!kernel_read_field(kernel, table + i * size, &mask, &bits, NULL) ||
		    !kernel_read_field(kernel, table + i * size, &name, &pointer, NULL))
			return false;
		if (!pointer)
			break;
		if (!bits || (flags & bits) != bits)
			continue;
		if (!memory_read_string(kernel->memory, pointer, word, sizeof(word), NULL))
			return false;
		buffer_printf(text, "%s%s", text->size > start ? "|" : "", word);
		flags &= ~bits;
	}
	if (flags)
		buffer_printf(text, "%s0x%" PRIx64, text->size > start ? "|" : "", flags);
	return true;
}
