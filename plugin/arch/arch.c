// SPDX-License-Identifier: GPL-3.0-or-later
/* The table of architectures; arch.h says how to add one. */
#include "arch/arch.h"

const struct arch *const arch_table[] = {
	&arch_x86_64,
	&arch_arm64,
	&arch_s390x,
	&arch_i386,
	NULL
};

const struct arch *arch_find(uint16_t elf_machine)
{
	for (const struct arch *const *arch = arch_table; *arch; arch++)
		if ((*arch)->elf_machine == elf_machine)
			return *arch;
	return NULL;
}
