/*
 * tests/rig/guest/roles_files.c: those processes of the workload that show what a task can hold: open files
 * of every kind, sockets, System V IPC, memory of known content at known addresses. See workload.h to add
 * one.
 */
#define _GNU_SOURCE
#include "workload.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- Files, sockets, IPC ---- */

static void role_files(void)
{
	struct itimerspec when = { .it_value.tv_sec = 400000 };
	char text[] = "rig file content\n";
	sigset_t set;
	int file;

	file = open("/mnt/ext4/directory/file", O_RDWR | O_CREAT, 0640);
	if (file < 0 || write(file, text, sizeof(text) - 1) < 0)
		fail("/mnt/ext4/directory/file");
	lseek(file, 4, SEEK_SET);
	flock(file, LOCK_EX);
	fcntl(file, F_SETLK,
	      &(struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 2, .l_len = 5 });
	file = open("/mnt/tmpfs/deleted", O_RDWR | O_CREAT, 0600);
	if (write(file, text, sizeof(text) - 1) < 0)
		fail("/mnt/tmpfs/deleted");
	unlink("/mnt/tmpfs/deleted");
	open("/dev/zero", O_RDONLY | O_CLOEXEC);
	open("/dev/ptmx", O_RDWR | O_NOCTTY);
	open("/dev/net/tun", O_RDWR);
	eventfd(42, 0);
	timerfd_settime(timerfd_create(CLOCK_MONOTONIC, 0), 0, &when, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	signalfd(-1, &set, 0);
	inotify_add_watch(inotify_init(), "/mnt/tmpfs", IN_CREATE);
	memfd_create("rig-memfd", 0);
	dup2(0, 200); /* far up, in a later word of the descriptor bitmap */
	pause_for_ever();
}

static void role_unix_sockets(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/mnt/tmpfs/socket" };
	int pair[2], listener = socket(AF_UNIX, SOCK_STREAM, 0);
	char byte;

	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 5))
		fail("unix socket");
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) || recv(pair[0], &byte, 1, 0) < 0)
		fail("socketpair");
}

/* Listeners on 127.0.0.1:7777 and [::1]:7779, a connection to the first with 42 unread bytes, UDP on 7778. */
static void role_tcp(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons(7777),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 address6 = { .sin6_family = AF_INET6,
					 .sin6_port = htons(7779),
					 .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), other;
	static char bytes[42];

	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 7) ||
	    connect(client, (struct sockaddr *)&address, sizeof(address)) ||
	    accept(listener, NULL, NULL) < 0 || send(client, bytes, sizeof(bytes), 0) < 0)
		fail("tcp");
	address.sin_port = htons(7778);
	other = socket(AF_INET, SOCK_DGRAM, 0);
	if (bind(other, (struct sockaddr *)&address, sizeof(address)))
		fail("udp");
	other = socket(AF_INET6, SOCK_STREAM, 0);
	if (bind(other, (struct sockaddr *)&address6, sizeof(address6)) || listen(other, 3))
		fail("tcp6");
	accept(listener, NULL, NULL);
}

/* The caller has to declare it: semctl(2). (A plain number is not where a big-endian machine looks for it.) */
union semun {
	int val;
	void *others;
};

static void role_ipc(void)
{
	struct {
		long type;
		char text[12];
	} message = { 5, "rig message" };
	int shm = shmget(0x5219, 40960, IPC_CREAT | 0640), queue = msgget(0x521a, IPC_CREAT | 0600);
	int semaphores = semget(0x521b, 3, IPC_CREAT | 0600);
	char *memory = shmat(shm, NULL, 0);

	if (memory == (char *)-1 || queue < 0 || semaphores < 0)
		fail("System V IPC");
	strcpy(memory, "rig shared memory");
	msgsnd(queue, &message, sizeof(message.text), 0);
	semctl(semaphores, 1, SETVAL, (union semun){ .val = 9 });
	semop(semaphores, &(struct sembuf){ .sem_num = 0, .sem_op = -1 }, 1);
}

static int bpf(int command, union bpf_attr *attributes)
{
	int file = syscall(SYS_bpf, command, attributes, sizeof(*attributes));

	if (file < 0)
		fail("bpf");
	return file;
}

/* A hash table of one entry, and a socket's filter that refers to it. */
static void role_bpf(void)
{
	union bpf_attr map = { .map_type = BPF_MAP_TYPE_HASH,
			       .key_size = 4,
			       .value_size = 8,
			       .max_entries = 16,
			       .map_name = "rig_map" };
	int file = bpf(BPF_MAP_CREATE, &map), filter, end = socket(AF_UNIX, SOCK_DGRAM, 0);
	struct bpf_insn code[] = {
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = BPF_REG_1, .src_reg = BPF_PSEUDO_MAP_FD, .imm = file },
		{ 0 }, /* the upper half of the number */
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr program = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
				   .insns = (uintptr_t)code,
				   .insn_cnt = sizeof(code) / sizeof(code[0]),
				   .license = (uintptr_t) "GPL",
				   .prog_name = "rig_filter" };
	uint64_t value = 0x519;
	uint32_t key = 7;
	union bpf_attr entry = { .map_fd = file, .key = (uintptr_t)&key, .value = (uintptr_t)&value };

	bpf(BPF_MAP_UPDATE_ELEM, &entry);
	filter = bpf(BPF_PROG_LOAD, &program);
	if (setsockopt(end, SOL_SOCKET, SO_ATTACH_BPF, &filter, sizeof(filter)))
		fail("SO_ATTACH_BPF");
	pause_for_ever();
}

/* ---- Memory ---- */

/* SIZE bytes at ADDRESS; every page starts with "rig user page N" and ends with N as a number. */
static char *fill_pages(unsigned long address, unsigned long size, int advice)
{
	char *memory = mmap((void *)address, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	unsigned long page;

	if (memory == MAP_FAILED)
		fail("mmap");
	madvise(memory, size, advice);
	for (page = 0; page < size / 4096; page++) {
		snprintf(memory + page * 4096, 64, "rig user page %lu", page);
		memcpy(memory + page * 4096 + 4088, &page, 8);
	}
	return memory;
}

/* See the "memory." lines that guest/steps writes. */
static void role_memory(void)
{
	char *memory = fill_pages(0x700000000000, 16 << 20, MADV_NOHUGEPAGE);
	int file;

	mprotect(memory + (1 << 20), 4096, PROT_READ);
	munmap(memory + (2 << 20), 4096); /* page 512 is a hole */
	fill_pages(0x710000000000, 4 << 20, MADV_HUGEPAGE);
	file = open("/mnt/ext4/mapped", O_RDWR | O_CREAT, 0600);
	if (ftruncate(file, 65536) || mmap((void *)0x720000000000, 65536, PROT_READ | PROT_WRITE,
					   MAP_SHARED | MAP_FIXED, file, 0) == MAP_FAILED)
		fail("/mnt/ext4/mapped");
	strcpy((char *)0x720000003000, "rig mapped file page 3");
	pause_for_ever();
}

/* Two that have the role "memory"'s file in their memory, too: the process at two places, its child at these and one more. */
static void *map_file(int file, int protection)
{
	void *memory = mmap(NULL, 65536, protection, MAP_SHARED, file, 0);

	if (memory == MAP_FAILED)
		fail("/mnt/ext4/mapped");
	return memory;
}

static void role_sharing(void)
{
	int file = open("/mnt/ext4/mapped", O_RDWR);
	volatile char *memory = map_file(file, PROT_READ);
	pid_t pid;

	map_file(file, PROT_READ | PROT_WRITE);
	pid = start();
	if (!pid) {
		set_comm("rig-shares");
		map_file(file, PROT_READ);
		(void)memory[0x3000];
		pause_for_ever();
	}
	(void)memory[0x3000];
	report("shares", pid, 'S');
	pause_for_ever();
}

/* How many of the pages at MEMORY are in swap, by /proc/self/pagemap. */
static int pages_in_swap(char *memory, int pages)
{
	long size = sysconf(_SC_PAGESIZE);
	int file = open("/proc/self/pagemap", O_RDONLY), i, found = 0;
	uint64_t entry;

	for (i = 0; i < pages; i++)
		if (pread(file, &entry, 8, ((uintptr_t)memory / size + i) * 8) == 8 && entry >> 62 & 1)
			found++;
	close(file);
	return found;
}

/* Eight pages, each begins with "rig swapped page N"; the kernel has written them out. */
static void role_swapped(void)
{
	long size = sysconf(_SC_PAGESIZE), i;
	char *memory = mmap(NULL, 8 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		fail("mmap");
	for (i = 0; i < 8; i++)
		snprintf(memory + i * size, 64, "rig swapped page %ld", i);
	do {
		if (madvise(memory, 8 * size, MADV_PAGEOUT))
			fail("MADV_PAGEOUT");
		usleep(5000);
	} while (pages_in_swap(memory, 8) < 8);
	pause_for_ever();
}

// clang-format off
const struct role file_roles[] = {
	{ "files", role_files, 'S', SYS_pause },
	{ "unix_sockets", role_unix_sockets, 'S', SYS_recvfrom },
	{ "tcp", role_tcp, 'S', SYS_accept },
	{ "ipc", role_ipc, 'S', SYS_semtimedop },
	{ "bpf", role_bpf, 'S', SYS_pause },
	{ "memory", role_memory, 'S', SYS_pause },
	{ "swapped", role_swapped, 'S', SYS_pause },
	{ "sharing", role_sharing, 'S', SYS_pause },
	{ 0 },
};
