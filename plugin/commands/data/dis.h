/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dis inside: dis.c is the command, dis_source.c its -s. */
#ifndef VMCORE_COMMANDS_DIS_H
#define VMCORE_COMMANDS_DIS_H

#include "commands/command.h"

/* The source of the function [START, END), with a mark at the line of ADDRESS. */
bool dis_source(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host, uint64_t address,
		uint64_t start, uint64_t end, struct error *error);

#endif
