/*
 * rig-namespaces: starts a PID namespace as a container has it ("ns-one": its init and a child, "ns-child", with a second
 * thread), in that another one ("ns-two"), and beside them a process that only shares what it was started in. Ends when all are up.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int ready[2];

static void fail(const char *what)
{
	fprintf(stderr, "RIG: FAIL rig-namespaces: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void stay(const char *comm)
{
	prctl(PR_SET_NAME, comm);
	if (write(ready[1], "", 1) != 1)
		fail("write");
	for (;;)
		pause();
}

static void *thread(void *comm)
{
	stay(comm);
	return NULL;
}

static pid_t start(int in_a_new_namespace)
{
	pid_t pid;

	if (in_a_new_namespace && unshare(CLONE_NEWPID))
		fail("unshare");
	pid = fork();
	if (pid < 0)
		fail("fork");
	return pid;
}

static void inner(void)
{
	pthread_t other;

	if (!start(0)) {
		if (pthread_create(&other, NULL, thread, "ns-thread"))
			fail("pthread_create");
		stay("ns-child");
	}
	if (!start(1))
		stay("ns-two");
	stay("ns-one");
}

int main(void)
{
	char byte;

	if (pipe(ready))
		fail("pipe");
	if (!start(1))
		inner();
	for (int i = 0; i < 4; i++)
		if (read(ready[0], &byte, 1) != 1)
			fail("read");
	return 0;
}
