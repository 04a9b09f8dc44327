// SPDX-License-Identifier: GPL-3.0-or-later
/* The table of commands; command.h says how to add one. */
#include "commands/command.h"

#include <string.h>

const struct command *const command_table[] = {
	&command_ascii,
	&command_bpf,
	&command_bt,
	&command_cgroup,
	&command_dev,
	&command_net, &command_sockets,
	&command_dis,
	&command_dump,
	&command_eval,
	&command_files,
	&command_foreach,
	&command_ipcs,
	&command_fuser,
	&command_hung,
	&command_irq,
	&command_kmem,
	&command_leak,
	&command_list,
	&command_lockup,
	&command_locks,
	&command_log,
	&command_mach,
	&command_mod,
	&command_mount,
	&command_p,
	&command_ps,
	&command_pte,
	&command_ptov,
	&command_rcu,
	&command_rd,
	&command_repeat,
	&command_report,
	&command_runq,
	&command_search,
	&command_set,
	&command_sig,
	&command_slabtop,
	&command_softirq,
	&command_config,
	&command_struct,
	&command_sym,
	&command_sys,
	&command_task,
	&command_timer,
	&command_tree,
	&command_vm,
	&command_oom,
	&command_vtop,
	&command_waitq,
	&command_whatis,
	&command_who_maps,
	&command_workqueue,
	NULL,
};

const struct command *command_find(const char *name)
{
	for (size_t i = 0; command_table[i]; i++) {
		const struct command *command = command_table[i];

		if (!strcmp(command->name, name) ||
		    (command->alias && !strcmp(command->alias, name)))
			return command;
	}
	return NULL;
}
