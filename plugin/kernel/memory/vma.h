/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A process's address space: its VMAs, what /proc/PID/maps lists.
 *
 * They are in a maple tree since 6.1 (763ecb035029), in a list before (and in a red-black tree, which is
 * not asked).
 */
#ifndef VMCORE_KERNEL_VMA_H
#define VMCORE_KERNEL_VMA_H

#include "kernel/kernel.h"

struct buffer;

#define VMA_READ 1u
#define VMA_WRITE 2u
#define VMA_EXEC 4u
#define VMA_SHARED 8u

struct vma {
	uint64_t address;		/* of the vm_area_struct */
	uint64_t start, end, flags;
	uint64_t file;			/* struct file; 0 = none */
	uint64_t pgoff;			/* pages */
};

/* The vm_area_struct at ADDRESS; one that has no extent is damaged. */
bool vma_read(struct kernel *kernel, uint64_t address, struct vma *vma_ret, struct error *error);
/*
 * Each VMA of the mm_struct at MM. A callback that returns false stops, with *error filled in if that is a failure. What cannot be read is
 * lost, the rest is handed out; then false, with the first reason.
 */
bool vmas_for_each(struct kernel *kernel, uint64_t mm, bool (*callback)(void *context, const struct vma *vma, struct error *error),
		   void *context, struct error *error);
/* Appends what maps has behind a VMA: the file's path (kernel/files/path.h), "[heap]", "[vdso]"; nothing for an anonymous one. False: it could not be read. */
bool vma_name(struct kernel *kernel, uint64_t mm, const struct vma *vma, struct buffer *text, struct error *error);
/* Appends the names of vm_flags, "read|write|mayread", of the kernel's own table (vmaflag_names). False: it has none, or it is lost. */
bool vma_flags_text(struct kernel *kernel, uint64_t flags, struct buffer *text);

#endif
