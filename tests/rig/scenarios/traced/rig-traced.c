/* The traced processes: nap, pipe and poll wait in functions that are traced; bpf CPU runs a BPF program there. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/bpf.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int fail(const char *what)
{
	printf("RIG: FAIL %s: %s\n", what, strerror(errno));
	return 1;
}

/* r0 = bpf_get_prandom_u32(), which never comes back: the module's callback sits in it. */
static int run_bpf(int cpu)
{
	static const struct bpf_insn code[] = {
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_get_prandom_u32 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	static char packet[64];
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
		.insns = (uintptr_t)code, .insn_cnt = sizeof(code) / sizeof(code[0]),
		.license = (uintptr_t)"GPL", .prog_name = "rig",
	};
	cpu_set_t set;
	int program;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		return fail("sched_setaffinity");
	program = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (program < 0)
		return fail("BPF_PROG_LOAD");
	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = program;
	attr.test.data_in = (uintptr_t)packet;
	attr.test.data_size_in = sizeof(packet);
	prctl(PR_SET_NAME, "rig-bpf");		/* which the callback waits for */
	syscall(SYS_bpf, BPF_PROG_TEST_RUN, &attr, sizeof(attr));
	return fail("BPF_PROG_TEST_RUN");
}

int main(int argc, char **argv)
{
	const struct timespec hours = { .tv_sec = 36000 };
	const char *what = argc > 1 ? argv[1] : "";
	struct pollfd pollfd = { .events = POLLIN };
	int pipes[2];
	char byte;

	if (!strcmp(what, "bpf"))
		return run_bpf(atoi(argv[2]));
	if (!strcmp(what, "nap"))
		return nanosleep(&hours, NULL);
	if (pipe(pipes) < 0)
		return fail("pipe");
	if (!strcmp(what, "pipe"))
		return read(pipes[0], &byte, 1);
	pollfd.fd = pipes[0];
	return poll(&pollfd, 1, -1);
}
