// SPDX-License-Identifier: GPL-2.0
/* Without the kernel's headers, which say that panic_timeout is an int: so is vmlinux's, not this one. */
#include "own.h"

struct rig_init_own {
	long number;
	char text[16];
} panic_timeout = { 4711, "the module's" };

void *rig_init_own(void)
{
	return &panic_timeout;
}

noinline long rig_init_die(long *nowhere, long number)
{
	panic_timeout.number += number + rig_init_shared.text[0];
	*nowhere = number;
	return *nowhere + 1;
}
