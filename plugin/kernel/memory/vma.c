// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/memory/vma.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "kernel/containers.h"
#include "kernel/files/path.h"

#define MAX_VMAS (1u << 20)	/* sysctl vm.max_map_count is 65530 unless raised */

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

static bool resolve(struct types *types, struct walk *walk, struct error *error)
{
	return types_member(types, "vm_area_struct", "vm_start", &walk->start, error) &&
	       types_member(types, "vm_area_struct", "vm_end", &walk->end, error) &&
	       types_member(types, "vm_area_struct", "vm_flags", &walk->flags, error) &&
	       types_member(types, "vm_area_struct", "vm_file", &walk->file, error) &&
	       types_member(types, "vm_area_struct", "vm_pgoff", &walk->pgoff, error);
}

static bool keep_vma(void *context, const struct vma *vma, struct error *error)
{
	(void)error;
	*(struct vma *)context = *vma;
	return true;
}

bool vma_read(struct kernel *kernel, uint64_t address, struct vma *vma_ret, struct error *error)
{
	struct walk walk = { .kernel = kernel, .callback = keep_vma, .context = vma_ret };

	return resolve(kernel->types, &walk, error) && one_vma(&walk, address, error);
}

bool vmas_for_each(struct kernel *kernel, uint64_t mm, bool (*callback)(void *context, const struct vma *vma, struct error *error),
		   void *context, struct error *error)
{
	struct walk walk = { .kernel = kernel, .callback = callback, .context = context };
	struct types *types = kernel->types;
	struct member tree;

	if (!resolve(types, &walk, error))
		return false;
	if (types_member(types, "mm_struct", "mm_mt", &tree, NULL))
		return maple_for_each(kernel, mm + tree.offset, of_maple, &walk, error);
	return by_list(&walk, mm, error);
}

/* --- names --- */

/* A struct file's path. */
static bool file_name(struct kernel *kernel, uint64_t file, struct buffer *text, struct error *error)
{
	struct member member;
	struct path path;

	return types_member(kernel->types, "file", "f_path", &member, error) &&
	       path_read(kernel, file + member.offset, &path, error) && path_text(kernel, &path, text, error);
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
		return file_name(kernel, vma->file, text, error);
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

/* The kernel's own names of flags, read once: `foreach vm' asks for those of millions. */
struct flag_names {
	size_t count;
	struct flag_name {
		uint64_t bits;
		char name[32];
	} items[64];
};

static const struct kernel_slot flag_names_slot = { free };

static bool read_flag_names(struct kernel *kernel, struct flag_names *names)
{
	struct member mask, name;
	uint64_t table, size, pointer;

	if (!kernel_symbol(kernel, "vmaflag_names", &table, NULL) || !types_size(kernel->types, "trace_print_flags", &size, NULL) ||
	    !types_member(kernel->types, "trace_print_flags", "mask", &mask, NULL) ||
	    !types_member(kernel->types, "trace_print_flags", "name", &name, NULL))
		return false;
	for (; names->count < sizeof(names->items) / sizeof(*names->items); names->count++) {
		struct flag_name *item = &names->items[names->count];

		if (!kernel_read_field(kernel, table + names->count * size, &mask, &item->bits, NULL) ||
		    !kernel_read_field(kernel, table + names->count * size, &name, &pointer, NULL))
			return false;
		if (!pointer)
			break;
		if (!memory_read_string(kernel->memory, pointer, item->name, sizeof(item->name), NULL))
			return false;
	}
	return true;
}

static const struct flag_names *flag_names(struct kernel *kernel)
{
	struct flag_names *names = kernel_kept(kernel, &flag_names_slot);

	if (names)
		return names;
	names = calloc(1, sizeof(*names));
	if (!names || !read_flag_names(kernel, names)) {
		free(names);
		return NULL;
	}
	return kernel_keep(kernel, &flag_names_slot, names, NULL) ? names : NULL;
}

bool vma_flags_text(struct kernel *kernel, uint64_t flags, struct buffer *text)
{
	const struct flag_names *names = flag_names(kernel);
	size_t start = text->size;

	if (!names)
		return false;
	for (size_t i = 0; i < names->count; i++) {
		const struct flag_name *item = &names->items[i];

		if (!item->bits || (flags & item->bits) != item->bits)
			continue;
		if (text->size > start)
			buffer_char(text, '|');
		buffer_string(text, item->name);
		flags &= ~item->bits;
	}
	if (flags)
		buffer_printf(text, "%s0x%" PRIx64, text->size > start ? "|" : "", flags);
	return true;
}
