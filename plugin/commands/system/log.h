/* SPDX-License-Identifier: GPL-3.0-or-later */
/* log inside: log.c is the command, log_audit.c its -a. */
#ifndef VMCORE_COMMANDS_LOG_H
#define VMCORE_COMMANDS_LOG_H

#include "commands/command.h"

bool log_audit(struct kernel *kernel, struct output *output, struct error *error);

#endif
