/*
 * tests/rig/guest/roles_tasks.c: those processes of the workload that show what a task can be: shapes, names,
 * ways to sleep, scheduling, identity, signals, namespaces. One function each; see workload.h to add one.
 */
#define _GNU_SOURCE
#include "workload.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <string.h>

/* A child that sleeps under the given name; its pid is reported as ROLE. */
static void sleeping_child(const char *role, const char *comm)
{
	pid_t pid = start();

	if (!pid) {
		set_comm(comm);
		pause_for_ever();
	}
	report(role, pid, 'S');
}

/* ---- Shapes and names ---- */

static void tree_node(const char *name, int depth)
{
	int i;

	set_comm(name);
	for (i = 0; i < 2 && depth; i++) {
		char child[32];
		pid_t pid;

		snprintf(child, sizeof(child), "%s-%d", name, i);
		pid = start();
		if (!pid) {
			tree_node(child, depth - 1);
			pause_for_ever();
		}
		report(child, pid, 'S');
	}
}

/* tree, tree-0, tree-1, tree-0-0 ... tree-1-1 */
static void role_tree(void)
{
	tree_node("tree", 2);
	pause_for_ever();
}

static void *thread_main(void *number)
{
	char comm[16];

	snprintf(comm, sizeof(comm), "thread-%ld", (long)number);
	set_comm(comm);
	report(comm, gettid(), 'S');
	pause_for_ever();
	return NULL;
}

static void role_threads(void)
{
	pthread_t thread;
	long i;

	for (i = 0; i < 8; i++)
		if (pthread_create(&thread, NULL, thread_main, (void *)i))
			fail("pthread_create");
	pthread_join(thread, NULL);
}

static void role_names(void)
{
	sleeping_child("name_xml", "a<&\">\xff'\\");
	sleeping_child("name_parentheses", "b) R (c d");
	sleeping_child("name_newline", "e\nf\tg\033h");
	sleeping_child("name_utf8", "gr\xc3\xbc\xc3\x9f \xe2\x82\xac");
	sleeping_child("name_empty", "");
	pause_for_ever();
}

/* A known command line and environment. */
static void role_arguments(void)
{
	char *arguments[] = { (char *)program, "pause", "two words", "a<b>&c", "", "last", NULL };
	char *environment[] = { "RIG_NAME=value", "RIG_EMPTY=", "RIG_SPACES=a b  c", NULL };

	execve("/bin/workload", arguments, environment);
	fail("execve");
}

/* ---- Ways to sleep ---- */

static void role_blocked_reader(void)
{
	int ends[2];
	char byte;

	if (pipe(ends) || read(ends[0], &byte, 1) < 0)
		fail("pipe");
}

static void role_blocked_writer(void)
{
	static char block[4096];
	int ends[2];

	if (pipe(ends))
		fail("pipe");
	memset(block, 'w', sizeof(block));
	while (write(ends[1], block, sizeof(block)) > 0)
		;
}

static void role_futex(void)
{
	static int word = 1;

	syscall(SYS_futex, &word, FUTEX_WAIT, 1, NULL, NULL, 0);
}

static void role_epoll(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(0), ends[2];

	if (pipe(ends) || epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event))
		fail("epoll");
	epoll_ctl(epoll, EPOLL_CTL_ADD, eventfd(0, 0), &event);
	epoll_wait(epoll, &event, 1, -1);
}

static void role_nanosleep(void)
{
	nanosleep(&(struct timespec){ .tv_sec = 1000000 }, NULL);
}

static void role_uninterruptible(void)
{
	int file = open("/sys/kernel/debug/vmcore_rig/do", O_WRONLY);

	if (file < 0 || write(file, "sleep", 5) < 0)
		fail("vmcore_rig/do");
}

/* Both write the same; the first one gets the mutex. */
static void role_mutex(void)
{
	int file = open("/sys/kernel/debug/vmcore_rig/do", O_WRONLY);

	if (file < 0 || write(file, "mutex", 5) < 0)
		fail("vmcore_rig/do");
}

static void do_in_module(const char *what)
{
	int file = open("/sys/kernel/debug/vmcore_rig/do", O_WRONLY);

	if (file < 0 || write(file, what, strlen(what)) < 0)
		fail("vmcore_rig/do");
}

static void role_reader(void)
{
	do_in_module("read");
}

static void role_writer(void)
{
	do_in_module("write");
}

/* As the mutex's: the first one gets it. */
static void role_semaphore(void)
{
	do_in_module("semaphore");
}

/* The first waits for the second to come, and then for what it has; it is in state D all the time. */
static void role_deadlock_one(void)
{
	do_in_module("one-two");
}

static void role_deadlock_two(void)
{
	do_in_module("two-one");
}

static void role_completion(void)
{
	do_in_module("complete");
}

/* Nobody is woken before the child is gone. */
static void role_vfork(void)
{
	if (!vfork())
		for (;;)
			pause();
}

static void role_zombie(void)
{
	pid_t pid = start();

	if (!pid) {
		set_comm("rig-dead");
		_exit(3);
	}
	report("dead", pid, 'Z');
	pause_for_ever();
}

static void role_stopped(void)
{
	raise(SIGSTOP);
}

static void role_tracer(void)
{
	pid_t pid = start();

	if (!pid) {
		set_comm("rig-traced");
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGUSR1);
		pause_for_ever();
	}
	report("traced", pid, 't');
	pause_for_ever();
}

/* ---- Scheduling, identity, signals ---- */

static void role_realtime(void)
{
	if (sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){ .sched_priority = 42 }))
		fail("sched_setscheduler");
	pause_for_ever();
}

static void role_nice(void)
{
	setpriority(PRIO_PROCESS, 0, -7);
	pause_for_ever();
}

static void role_user(void)
{
	gid_t groups[] = { 1001, 1002 };

	if (setgroups(2, groups) || setresgid(1001, 1001, 1001) || setresuid(1000, 1000, 1000))
		fail("setresuid");
	pause_for_ever();
}

static void on_signal(int number)
{
	(void)number;
}

/* SIGUSR1 blocked and pending, SIGUSR2 caught, SIGHUP ignored; a POSIX timer. */
static void role_signals(void)
{
	struct itimerspec when = { .it_value.tv_sec = 500000, .it_interval.tv_sec = 60 };
	sigset_t set;
	timer_t timer;

	signal(SIGUSR2, on_signal);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN + 3);
	sigprocmask(SIG_BLOCK, &set, NULL);
	kill(getpid(), SIGUSR1);
	sigqueue(getpid(), SIGRTMIN + 3, (union sigval){ .sival_int = 77 });
	if (timer_create(CLOCK_MONOTONIC, NULL, &timer) || timer_settime(timer, 0, &when, NULL))
		fail("timer_create");
	pause_for_ever();
}

/* Own user, pid, uts, mount, net and ipc namespaces; the child is pid 1 in there. */
static void role_namespaces(void)
{
	pid_t pid;

	if (unshare(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC))
		fail("unshare");
	sethostname("rig-inner", 9);
	mount("none", "/mnt", "tmpfs", 0, "size=1m");
	pid = start();
	if (!pid) {
		set_comm("rig-inner");
		pause_for_ever();
	}
	report("inner", pid, 'S');
	pause_for_ever();
}

// clang-format off
const struct role task_roles[] = {
	{ "tree", role_tree, 'S', SYS_pause },
	{ "threads", role_threads, 'S', SYS_futex },
	{ "names", role_names, 'S', SYS_pause },
	{ "arguments", role_arguments, 'S', SYS_pause },
	{ "blocked_reader", role_blocked_reader, 'S', SYS_read },
	{ "blocked_writer", role_blocked_writer, 'S', SYS_write },
	{ "futex", role_futex, 'S', SYS_futex },
	{ "epoll", role_epoll, 'S', SYS_epoll_wait },
	{ "nanosleep", role_nanosleep, 'S', SYS_clock_nanosleep },
	{ "uninterruptible", role_uninterruptible, 'D', SYS_write },
	{ "mutex_holder", role_mutex, 'S', SYS_write },
	{ "mutex_waiter", role_mutex, 'D', SYS_write },
	{ "rwsem_reader", role_reader, 'S', SYS_write },
	{ "rwsem_writer", role_writer, 'D', SYS_write },
	{ "rwsem_late_reader", role_reader, 'D', SYS_write },
	{ "semaphore_holder", role_semaphore, 'S', SYS_write },
	{ "semaphore_waiter", role_semaphore, 'D', SYS_write },
	{ "deadlock_one", role_deadlock_one, 'D', SYS_write },
	{ "deadlock_two", role_deadlock_two, 'D', SYS_write },
	{ "completion", role_completion, 'D', SYS_write },
	{ "vfork", role_vfork, 'D', -1 },
	{ "zombie", role_zombie, 'S', SYS_pause },
	{ "stopped", role_stopped, 'T', -1 },
	{ "tracer", role_tracer, 'S', SYS_pause },
	{ "realtime", role_realtime, 'S', SYS_pause },
	{ "nice", role_nice, 'S', SYS_pause },
	{ "user", role_user, 'S', SYS_pause },
	{ "signals", role_signals, 'S', SYS_pause },
	{ "namespaces", role_namespaces, 'S', SYS_pause },
	{ 0 },
};
