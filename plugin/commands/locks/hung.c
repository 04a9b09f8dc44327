// SPDX-License-Identifier: GPL-3.0-or-later
/* hung: who sleeps uninterruptibly for too long, and who has what they wait for. */
#include <inttypes.h>

#include "commands/command.h"
#include "commands/locks/locks.h"

#define NSEC_PER_SEC UINT64_C(1000000000)
#define MAX_SECONDS  UINT64_C(1000000000)

static const struct option options[] = { { 0 } };

/* What khungtaskd waits for; 0 = it is off. */
static bool kernels_timeout(struct kernel *kernel, uint64_t *seconds_ret, struct error *error)
{
	if (!kernel_read_variable(kernel, "sysctl_hung_task_timeout_secs", kernel->arch->pointer_size, seconds_ret, error))
		return error_prefix(error, "hung: after how long the kernel calls a task hung is not known; name SECONDS");
	if (!*seconds_ret || *seconds_ret > MAX_SECONDS)
		return error_set(error, ERROR_USAGE, "hung: the kernel called no task hung (sysctl_hung_task_timeout_secs is %" PRIu64 "): name SECONDS",
				 *seconds_ret);
	return true;
}

static bool hung_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		     struct error *error)
{
	uint64_t seconds;

	(void)host;
	if (arguments->nr_words > 1)
		return error_set(error, ERROR_USAGE, "hung: %s? It takes one number of seconds", arguments->words[1]);
	if (!(arguments->nr_words ? parse_count("hung", "SECONDS", arguments->words[0], MAX_SECONDS, &seconds, error)
				  : kernels_timeout(kernel, &seconds, error)))
		return false;
	return locks_show_hung(kernel, seconds * NSEC_PER_SEC, output, error);
}

static const char help[] =
	"Tasks that have slept uninterruptibly (UN) that long, and whom they wait for, as\n"
	"`kernel locks' shows them. Without SECONDS it is the kernel's own limit\n"
	"(sysctl_hung_task_timeout_secs). Those that a fatal signal would wake are shown\n"
	"as well, which the kernel does not call hung.\n"
	"\n"
	"JSON: \"tasks\", as of `kernel locks'.\n"
	"\n"
	"Example:\n"
	"(gdb) kernel hung 1\n"
	"BLOCKS      PID  ST   SECONDS  COMMAND            WAITS FOR\n"
	"     1      188  IN     7.871  rig-mutex_holde\n"
	"note: * what it waits for is inferred from its stack\n"
	"note: no task sleeps uninterruptibly for 120 seconds or longer\n";

static const struct mi_name mi_names[] = { { "hung-tasks", NULL }, { 0 } };

const struct command command_hung = {
	.name = "hung",
	.mi = mi_names,
	.summary = "Show tasks that are blocked for too long, and by whom.",
	.usage = "hung [SECONDS]",
	.help = help,
	.options = options,
	.words = COMPLETE_NONE,
	.run = hung_run,
};
