/* SPDX-License-Identifier: GPL-3.0-or-later */
/* -n of the network's commands: which namespace. */
#ifndef VMCORE_COMMANDS_NETWORK_NAMESPACE_H
#define VMCORE_COMMANDS_NETWORK_NAMESPACE_H

#include "commands/command.h"

#define NAMESPACE_OPTION { 'n', NULL, "of the network namespace of this task, or of the struct net at this address" }

/* Without -n the first one; with -n the one that the word names, or, without a word, that of the selected task. */
bool namespace_select(struct kernel *kernel, const struct arguments *arguments, const struct host *host, struct output *output,
		      const char *command, uint64_t *net_ret, struct error *error);

/* The shape that says it, for machines; for people where it is not the first one. */
bool namespace_show(struct kernel *kernel, struct output *output, uint64_t net);

#endif
