// SPDX-License-Identifier: GPL-2.0
/* Dies in its init function, after it has told the log where its variables are. */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/printk.h>

#include "own.h"

/*
 * Code that fills no hole below, where the init area then goes: the one that is made for it (the scenario) is of a
 * few pages.
 */
asm(".pushsection .text; .fill 0x40000, 1, 0xcc; .popsection");

struct rig_init_shared rig_init_shared = { .text = "of init.c" };

static noinline long __init rig_init_deeper(long number)
{
	volatile long local = number * 2;
	long result = rig_init_die(NULL, local);

	return result + local;
}

static int __init rig_init_start(void)
{
	pr_info("rig_init: panic_timeout %px\n", rig_init_own());
	pr_info("rig_init: rig_init_shared %px\n", &rig_init_shared);
	pr_info("rig_init: rig_init_start %px\n", rig_init_start);
	pr_info("rig_init: rig_init_die %px\n", rig_init_die);
	return rig_init_deeper(21) == 0;
}

static void __exit rig_init_end(void)
{
}

module_init(rig_init_start);
module_exit(rig_init_end);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("dies in its init function");
