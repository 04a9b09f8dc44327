// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/guard.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>

/* A signal handler gets no argument of ours: where this thread goes on, NULL = it is not in
 * guard_run. */
static _Thread_local sigjmp_buf *way_out;
static struct sigaction before;

static void handle(int signal, siginfo_t *info, void *machine)
{
	if (way_out && info->si_code > 0) /* the processor's, not sent by kill() */
		siglongjmp(*way_out, 1);
	/* Not ours. What was there gets it: called here, or when the instruction is tried again. */
	if (before.sa_flags & SA_SIGINFO)
		before.sa_sigaction(signal, info, machine);
	else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN)
		before.sa_handler(signal);
	else
		sigaction(SIGBUS, &before, NULL);
}

/* Each time: whoever else in this process wants SIGBUS may have taken it meanwhile. */
static void install(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct sigaction action = { .sa_flags = SA_SIGINFO | SA_NODEFER }, now;

	pthread_mutex_lock(&lock);
	if (sigaction(SIGBUS, NULL, &now) == 0 && now.sa_sigaction != handle) {
		before = now;
		action.sa_sigaction = handle;
		sigemptyset(&action.sa_mask);
		sigaction(SIGBUS, &action, NULL);
	}
	pthread_mutex_unlock(&lock);
}

bool guard_run(void (*function)(void *context), void *context)
{
	sigjmp_buf here;

	install();
	/* Without the signal mask: SA_NODEFER leaves it as it is. */
	if (sigsetjmp(here, 0)) {
		way_out = NULL;
		return false;
	}
	way_out = &here;
	function(context);
	way_out = NULL;
	return true;
}
