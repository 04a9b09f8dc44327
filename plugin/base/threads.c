// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/threads.h"

#include <signal.h>
#include <unistd.h>

unsigned threads_useful(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	return processors < 1 ? 1 : processors > THREADS_MAX ? THREADS_MAX : processors;
}

bool threads_start(pthread_t *thread, void *(*function)(void *), void *argument)
{
	sigset_t all, before;
	bool started;

	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	started = pthread_create(thread, NULL, function, argument) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}
