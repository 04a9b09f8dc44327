// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/stacks/bad_pointer.h"

#include <stdio.h>

#include "kernel/modules/symbolize.h"
#include "kernel/stacks/unwind.h"

#define NULL_PAGE 4096	/* members of what NULL points to; never mapped, for vm.mmap_min_addr's sake */

/* What can be said of an address that is nobody's code. */
static void describe(struct kernel *kernel, uint64_t pc, bool mapped, char *buffer, size_t size)
{
	char name[256];

	if (pc == 0)
		snprintf(buffer, size, "a NULL pointer was called");
	else if (pc < NULL_PAGE)
		snprintf(buffer, size, "a NULL pointer was called, plus 0x%llx", (unsigned long long)pc);
	else if (pc < memory_kernel_start(kernel->memory))
		snprintf(buffer, size, "an address of user space was called by the kernel");
	else if (kernel_symbolize(kernel, pc, name, sizeof(name)))
		snprintf(buffer, size, "not code but data was called: %.200s", name);
	else
		snprintf(buffer, size, "not code: %s", mapped ? "memory that cannot be executed" :
							      "nothing is mapped there");
}

bool bad_pointer(struct kernel *kernel, uint64_t pc, uint64_t sp, char *buffer, size_t size)
{
	struct translation translation = { 0 };
	struct error error = { 0 };
	bool mapped;

	if (!kernel->arch->is_kernel_address(kernel->memory, sp) || unwind_is_code(kernel, pc))
		return false;
	mapped = memory_translate(kernel->memory, 0, pc, &translation, &error);
	/* A page table that is lost says nothing. */
	if (mapped ? !translation.no_execute && !translation.from_phys_base : error.kind != ERROR_NOT_MAPPED)
		return false;
	if (buffer)
		describe(kernel, pc, mapped, buffer, size);
	return true;
}

bool bad_pointer_caller(struct kernel *kernel, const struct registers *registers, uint64_t *return_ret)
{
	const struct arch *arch = kernel->arch;

	return !arch->is_user(registers) && unwind_is_return_address(kernel, registers->value[arch->sp], return_ret) &&
	       bad_pointer(kernel, registers->value[arch->pc], registers->value[arch->sp], NULL, 0);
}
