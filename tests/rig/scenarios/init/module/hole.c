// SPDX-License-Identifier: GPL-2.0
/* Code that is unloaded again, and leaves a hole of a few pages among the modules. */
#include <linux/module.h>

asm(".pushsection .text; .fill 0x4000, 1, 0xcc; .popsection");

int rig_hole_number = 1147;

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("leaves a hole");
