/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sys inside: sys.c has its views but for -i, which is sys_dmi.c. */
#ifndef VMCORE_COMMANDS_SYS_H
#define VMCORE_COMMANDS_SYS_H

#include "commands/command.h"

bool sys_dmi(struct kernel *kernel, struct output *output, struct error *error);

#endif
