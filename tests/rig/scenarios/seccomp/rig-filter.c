/*
 * rig-filter CPU seccomp|socket: for ever under a classic filter of as many instructions as there may be, of this process's system
 * calls or of a socket that it sends to.
 */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fail(const char *what)
{
	printf("RIG: FAIL %s\n", what);
	return 1;
}

static int under_seccomp(const struct sock_fprog *program)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program) < 0)
		return fail("seccomp");
	for (;;)
		syscall(SYS_getppid);
}

/* The filter's answer, 0, drops what was sent: nobody has to receive it. */
static int under_socket(const struct sock_fprog *program)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) < 0 ||
	    setsockopt(ends[1], SOL_SOCKET, SO_ATTACH_FILTER, program, sizeof(*program)) < 0)
		return fail("socket filter");
	for (;;)
		send(ends[0], "twenty bytes of data", 20, 0);
}

int main(int argc, char **argv)
{
	static struct sock_filter code[BPF_MAXINSNS];
	const struct sock_fprog program = { .len = BPF_MAXINSNS, .filter = code };
	bool socket = argc > 2 && strcmp(argv[2], "socket") == 0;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(argc > 1 ? atoi(argv[1]) : 0, &set);
	/* A load, so that the kernel cannot know the answer without running it (5.11, 8e01b51a31a1). */
	code[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16);
	/* Divisions, since those take longest: the rest of the system call is to be short beside them. */
	for (int i = 1; i < BPF_MAXINSNS - 1; i++)
		code[i] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, i + 2);
	code[BPF_MAXINSNS - 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, socket ? 0 : SECCOMP_RET_ALLOW);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		return fail("affinity");
	return socket ? under_socket(&program) : under_seccomp(&program);
}
