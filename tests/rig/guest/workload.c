/*
 * tests/rig/guest/workload.c: fills the guest with processes of known shape, so that tests know what a dump
 * must show.
 *
 *   workload start        one process for each role of roles_*.c; prints "pid.ROLE=PID" when it is ready
 *   workload many TASKS   that many sleeping tasks: a third processes, the rest threads, 99 to a process
 *   workload busy CPU     spins in user mode on that CPU for ever
 *   workload watchdog SECONDS  after that time shows what waits, and has the host give up
 *   workload pause ...    sleeps for ever, whatever the arguments (for roles with a known command line)
 *
 * Static, so that it runs in a guest with nothing but busybox.
 */
#define _GNU_SOURCE
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_SECONDS 120

/* Processes that roles report, in memory that all share. */
struct report {
	char name[32];
	pid_t pid;
	char state;
};
struct shared {
	int count;
	int ready; /* how many tasks of "many" are up */
	struct report reports[64];
};
static struct shared *shared;

const char *program;

void fail(const char *what)
{
	fprintf(stderr, "RIG: FAIL workload: %s: %s\n", what, strerror(errno));
	exit(1);
}

void set_comm(const char *comm)
{
	prctl(PR_SET_NAME, comm);
}

void pause_for_ever(void)
{
	for (;;)
		pause();
}

pid_t start(void)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	return pid;
}

void report(const char *name, pid_t pid, char state)
{
	struct report *report = &shared->reports[__atomic_fetch_add(&shared->count, 1, __ATOMIC_SEQ_CST)];

	snprintf(report->name, sizeof(report->name), "%s", name);
	report->pid = pid;
	report->state = state;
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
}

static void check_patience(time_t since, const char *whom)
{
	if (time(NULL) - since > PATIENCE_SECONDS) {
		errno = ETIMEDOUT;
		fail(whom);
	}
}

/* The state letter of a task follows the last parenthesis; the name before it may hold anything. */
static char state_of(pid_t pid)
{
	char path[64], text[512], *end;
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	size = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[size] = 0;
	end = strrchr(text, ')');
	return end && end[1] ? end[2] : 0;
}

/* The number of the system call that a task sleeps in, or -1. */
static int call_of(pid_t pid)
{
	char path[64];
	int call = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	file = fopen(path, "re");
	if (!file)
		return -1;
	if (fscanf(file, "%d", &call) != 1)
		call = -1;
	fclose(file);
	return call;
}

static void wait_for(const char *name, pid_t pid, char state, int call)
{
	time_t since = time(NULL);

	while (state_of(pid) != state || (call >= 0 && call_of(pid) != call)) {
		check_patience(since, name);
		nap();
	}
}

static void start_roles(const struct role *role)
{
	for (; role->name; role++) {
		pid_t pid = start();

		if (!pid) {
			char comm[32];

			snprintf(comm, sizeof(comm), "rig-%s", role->name);
			set_comm(comm);
			role->run();
			errno = 0;
			fail(role->name);
		}
		wait_for(role->name, pid, role->state, role->call);
		printf("pid.%s=%d\n", role->name, pid);
	}
}

static void check_reports(void)
{
	int i;

	for (i = 0; i < shared->count; i++) {
		struct report *report = &shared->reports[i];

		wait_for(report->name, report->pid, report->state, -1);
		printf("pid.%s=%d\n", report->name, report->pid);
	}
}

/* ---- many ---- */

#define THREADS 99

static int process_number;

static void *many_thread(void *number)
{
	char comm[32];

	snprintf(comm, sizeof(comm), "many-%d-%ld", process_number, (long)number);
	set_comm(comm);
	__atomic_fetch_add(&shared->ready, 1, __ATOMIC_SEQ_CST);
	pause_for_ever();
	return NULL;
}

static void many_process(int number, int threads)
{
	pthread_attr_t attributes;
	pthread_t thread;
	long i;

	process_number = number;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 32768);
	for (i = 1; i <= threads; i++)
		if (pthread_create(&thread, &attributes, many_thread, (void *)i))
			fail("pthread_create");
	many_thread(NULL);
}

static int start_many(int tasks)
{
	int number = 0, made = 0, last = -1;
	time_t since = time(NULL);

	while (made < tasks) {
		/* 51 processes have 150 tasks. */
		int threads = number % 51 == 50 && tasks - made > THREADS ? THREADS : 0;

		if (!start())
			many_process(number, threads);
		made += threads + 1;
		number++;
	}
	while (__atomic_load_n(&shared->ready, __ATOMIC_SEQ_CST) < made) {
		if (shared->ready != last) {
			last = shared->ready;
			since = time(NULL);
		}
		check_patience(since, "many");
		nap();
	}
	printf("many.tasks=%d\nmany.processes=%d\n", made, number);
	return 0;
}

/* ---- busy ---- */

static void spin_on(int cpu)
{
	static volatile unsigned long turns;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fail("sched_setaffinity");
	set_comm("rig-busy");
	for (;;)
		turns++;
}

/* ---- watchdog ---- */

static void watch(int seconds)
{
	int file = open("/proc/sysrq-trigger", O_WRONLY);

	set_comm("rig-watchdog");
	if (file < 0 || nanosleep(&(struct timespec){ .tv_sec = seconds }, NULL))
		fail("watchdog");
	if (write(file, "w", 1) < 0 || write(file, "t", 1) < 0 || write(file, "l", 1) < 0)
		fail("sysrq-trigger");
	fprintf(stderr, "RIG: FAIL still there %d seconds after the record was begun\n", seconds);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	program = argv[0];
	setvbuf(stdout, NULL, _IOLBF, 0);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		fail("mmap");
	if (!strcmp(what, "start")) {
		start_roles(task_roles);
		start_roles(file_roles);
		check_reports();
		return 0;
	}
	if (!strcmp(what, "many") && argc > 2)
		return start_many(atoi(argv[2]));
	if (!strcmp(what, "busy") && argc > 2)
		spin_on(atoi(argv[2]));
	if (!strcmp(what, "watchdog") && argc > 2) {
		watch(atoi(argv[2]));
		return 0;
	}
	if (!strcmp(what, "pause"))
		pause_for_ever();
	fprintf(stderr, "usage: workload start | many TASKS | busy CPU | watchdog SECONDS | pause ...\n");
	return 2;
}
