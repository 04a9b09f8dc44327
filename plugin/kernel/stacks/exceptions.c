// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/stacks/exceptions.h"

#include "kernel/stacks/cpu_stacks.h"
#include "kernel/stacks/unwind.h"
#include "kernel/tasks/task.h"

#define MAX_SIZE (1024 * 1024)	/* of a stack; more is damage */
#define CHUNK 4096
/* What kernels leave free above a task's first pt_regs (TOP_OF_KERNEL_STACK_PADDING: 16 on i386, and with FRED). */
#define MAX_PADDING 32

/* Is SP above ADDRESS on the stack that is searched, or on another one: a task's or a CPU's? */
static bool is_stack_pointer(struct kernel *kernel, uint64_t sp, uint64_t address, uint64_t start, uint64_t end)
{
	struct task_table *table;

	if (sp >= start && sp <= end)
		return sp > address;
	return cpu_stack_at(kernel, sp) || (tasks_get(kernel, &table, NULL) && task_on_stack(kernel, table, sp));
}

/* Of the kernel's own: it was in code, or had called what is none, and then where that call returns to is known. */
static bool is_kernels(struct kernel *kernel, const struct registers *registers)
{
	const struct arch *arch = kernel->arch;

	return unwind_is_code(kernel, registers->value[arch->pc]) ||
	       (arch->lr ? unwind_is_code(kernel, registers->value[arch->lr]) :
			   unwind_is_return_address(kernel, registers->value[arch->sp], NULL));
}

static bool look(struct kernel *kernel, uint64_t address, uint64_t start, uint64_t end, uint64_t size, bool user, struct exception_frame *frame,
		 struct error *why)
{
	const struct arch *arch = kernel->arch;

	*frame = (struct exception_frame){ .address = address };
	if (!arch->pt_regs(kernel->memory, address, &frame->registers, why) ||
	    !arch->could_be_saved(kernel->memory, &frame->registers))
		return false;
	frame->user = arch->is_user(&frame->registers);
	if (frame->user)
		return user && end - (address + size) <= MAX_PADDING;
	return is_stack_pointer(kernel, frame->registers.value[arch->sp], address, start, end) && is_kernels(kernel, &frame->registers);
}

bool exception_frames(struct kernel *kernel, uint64_t start, uint64_t end, bool user,
		      bool (*callback)(void *context, const struct exception_frame *frame), void *context, uint64_t *missing_ret,
		      struct error *error)
{
	const struct arch *arch = kernel->arch;
	uint64_t size = arch->pt_regs_size ? arch->pt_regs_size : kernel->memory->pt_regs_size, word = arch->pointer_size;
	struct exception_frame last = { 0 }, users = { 0 };

	*missing_ret = 0;
	if (!arch->could_be_saved || !size)
		return error_set(error, ERROR_UNSUPPORTED, "exception frames of %s: %s", arch->name,
				 size ? "how they are recognized is not known" : "how large a struct pt_regs is is not known");
	if (end < start || end - start > MAX_SIZE)
		return error_set(error, ERROR_CORRUPT, "a stack from 0x%llx to 0x%llx is none", (unsigned long long)start,
				 (unsigned long long)end);
	start = (start + word - 1) / word * word;
	for (uint64_t at = start; at < end && end - at >= size;) {
		struct exception_frame frame;
		bool is_one;
		struct error why = { .kind = ERROR_NONE };
		uint8_t byte;

		is_one = look(kernel, at, start, end, size, user, &frame, &why);
		/*
		 * What overlaps one and says the same place is a copy of its end: of an NMI's trap frame there are three, one above the
		 * other (arch/x86/entry/entry_64.S).
		 */
		if (is_one && last.address && at - last.address < size && frame.registers.value[arch->pc] == last.registers.value[arch->pc] &&
		    frame.registers.value[arch->sp] == last.registers.value[arch->sp])
			is_one = false;
		/* A user's is one, the last that it could be: there can be something before it that looks like one, too. */
		if (is_one && frame.user)
			users = frame;
		else if (is_one && !callback(context, &frame))
			return false;
		if (is_one)
			last = frame;
		/* What lies across a page that is missing is lost; the page is counted once. */
		if (why.kind != ERROR_NONE && !memory_read(kernel->memory, at, &byte, 1, NULL)) {
			uint64_t next = at - at % CHUNK + CHUNK;

			if (!*missing_ret && error)
				*error = why;
			*missing_ret += (next < end ? next : end) - at;
			at = next;
		} else {
			at += word;
		}
	}
	return !users.address || callback(context, &users);
}
