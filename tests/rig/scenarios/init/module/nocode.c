// SPDX-License-Identifier: GPL-2.0
/* A module of data alone. */
#include <linux/module.h>

int rig_nocode_number = 4711;
EXPORT_SYMBOL_GPL(rig_nocode_number);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("has no code");
