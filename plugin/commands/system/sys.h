/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sys inside: sys.c has its views but for -i, which is sys_dmi.c, and `sys config', which is config.c. */
#ifndef VMCORE_COMMANDS_SYS_H
#define VMCORE_COMMANDS_SYS_H

#include "commands/command.h"

/*
 * config.c: the options that were chosen when the kernel was built, those that the words from number FIRST on choose; NAME of the command is for
 * errors.
 */
bool config_show(struct kernel *kernel, const char *name, const struct arguments *arguments, size_t first, struct output *output,
		 struct error *error);
bool sys_dmi(struct kernel *kernel, struct output *output, struct error *error);

#endif
