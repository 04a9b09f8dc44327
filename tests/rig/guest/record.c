/*
 * tests/rig/guest/record.c: writes down what the running guest knows about itself, for tests to compare a
 * dump with. In C because a shell would take minutes for the thousands of small files under /proc in an
 * emulated machine.
 *
 *   record DIRECTORY system     all but the tasks; some of these files make the kernel wait for all CPUs
 *   record DIRECTORY tasks      the tasks and the log; reading these waits for nobody
 *   record DIRECTORY tasks-brief    the same without what is slow with very many tasks
 *
 * The tasks are recorded again until those that there are then are those that there were before.
 *
 * DIRECTORY/proc/..., DIRECTORY/sys/... are copies of the files of those names; DIRECTORY/kmsg is /dev/kmsg;
 * DIRECTORY/tasks has everything of every task, as a run of records (comm and cmdline may hold any byte):
 *
 *   @ TGID TID NAME LENGTH\n  then LENGTH bytes, then \n
 *
 * NAME is a file of /proc/TGID/task/TID; "fd/N", "ns/X", "exe", "cwd", "root" are symbolic links, recorded by
 * their target; "pages" is made here from maps and pagemap: lines "ADDRESS ENTRY", the entry of pagemap in
 * hex, for the first pages of each mapping.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// clang-format off
static const char *const patterns[] = {
	"/proc/version", "/proc/cmdline", "/proc/uptime", "/proc/loadavg", "/proc/cpuinfo", "/proc/modules",
	"/proc/self/mounts", "/proc/self/mountinfo", "/proc/meminfo", "/proc/slabinfo", "/proc/vmstat", "/proc/zoneinfo",
	"/proc/buddyinfo", "/proc/pagetypeinfo", "/proc/interrupts", "/proc/softirqs", "/proc/iomem", "/proc/ioports",
	"/proc/swaps", "/proc/partitions", "/proc/diskstats", "/proc/filesystems", "/proc/devices", "/proc/misc",
	"/proc/locks", "/proc/timer_list", "/proc/stat", "/proc/schedstat", "/proc/vmallocinfo", "/proc/kallsyms",
	"/proc/cgroups", "/proc/config.gz", "/proc/consoles", "/proc/dma", "/proc/key-users", "/proc/net/*",
	"/proc/sysvipc/*", "/proc/sys/kernel/*", "/proc/sys/vm/overcommit_memory", "/proc/irq/*/smp_affinity_list",
	"/sys/kernel/notes", "/sys/kernel/vmcoreinfo", "/sys/kernel/kexec_crash_size",
	"/sys/module/*/sections/*", "/sys/module/*/sections/.[a-z_]*", "/sys/module/*/notes/.note.gnu.build-id",
	"/sys/module/*/refcnt", "/sys/module/*/coresize", "/sys/module/*/initsize", "/sys/module/*/initstate",
	"/sys/module/*/taint", "/sys/module/*/parameters/*", "/sys/devices/system/cpu/*",
	"/sys/devices/system/node/node*/*", "/sys/class/net/*/*", "/sys/block/*/{dev,size}",
	"/sys/kernel/debug/vmcore_rig/containers", "/sys/kernel/debug/sched/debug",
	"/sys/fs/cgroup/{rig,rig/inner}/*", NULL
};
// clang-format on

static char *data;
static size_t space;

static void fail(const char *what)
{
	fprintf(stderr, "RIG: FAIL record: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Reads PATH whole into data; returns the length, or -1 on failure. Non-blocking, for /dev/kmsg. */
static ssize_t slurp(const char *path)
{
	int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t size = 0, got;

	if (file < 0)
		return -1;
	for (;;) {
		if (space - size < 65536) {
			space = space ? space * 2 : 1 << 20;
			data = realloc(data, space);
			if (!data)
				fail("realloc");
		}
		got = read(file, data + size, space - size);
		/* A record of /dev/kmsg was overwritten meanwhile: go on with the next. */
		if (got < 0 && errno == EPIPE)
			continue;
		if (got <= 0)
			break;
		size += got;
	}
	close(file);
	return size || got == 0 || errno == EAGAIN ? size : -1;
}

static void make_parents(char *path)
{
	char *slash;

	for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(path, 0755);
		*slash = '/';
	}
}

static void copy(const char *directory, const char *from, const char *to)
{
	ssize_t size = slurp(from);
	char path[4096];
	FILE *file;

	if (size < 0)
		return;
	snprintf(path, sizeof(path), "%s%s", directory, to);
	file = fopen(path, "w");
	if (!file) {
		make_parents(path);
		file = fopen(path, "w");
	}
	if (!file || fwrite(data, 1, size, file) != (size_t)size || fclose(file))
		fail(path);
}

static void copy_matching(const char *directory, const char *pattern)
{
	glob_t found;
	struct stat status;
	size_t i;

	if (glob(pattern, GLOB_BRACE, NULL, &found))
		return;
	for (i = 0; i < found.gl_pathc; i++)
		if (!stat(found.gl_pathv[i], &status) && S_ISREG(status.st_mode))
			copy(directory, found.gl_pathv[i], found.gl_pathv[i]);
	globfree(&found);
}

/* ---- Tasks ---- */

static FILE *tasks;

static void put(const char *tgid, const char *tid, const char *name, const char *bytes, size_t size)
{
	fprintf(tasks, "@ %s %s %s %zu\n", tgid, tid, name, size);
	fwrite(bytes, 1, size, tasks);
	fputc('\n', tasks);
}

static void put_file(const char *tgid, const char *tid, const char *name)
{
	char path[128];
	ssize_t size;

	snprintf(path, sizeof(path), "/proc/%s/task/%s/%s", tgid, tid, name);
	size = slurp(path);
	if (size >= 0)
		put(tgid, tid, name, data, size);
}

static void put_link(const char *tgid, const char *tid, const char *name)
{
	char path[128], target[4096];
	ssize_t size;

	snprintf(path, sizeof(path), "/proc/%s/task/%s/%s", tgid, tid, name);
	size = readlink(path, target, sizeof(target));
	if (size >= 0)
		put(tgid, tid, name, target, size);
}

/* What is in a directory of symbolic links, and with it the files of the same names beside it. */
static void put_links(const char *tgid, const char *tid, const char *links, const char *beside)
{
	char path[128], name[300];
	struct dirent *entry;
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%s/task/%s/%s", tgid, tid, links);
	directory = opendir(path);
	while (directory && (entry = readdir(directory))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", links, entry->d_name);
		put_link(tgid, tid, name);
		if (beside) {
			snprintf(name, sizeof(name), "%s/%s", beside, entry->d_name);
			put_file(tgid, tid, name);
		}
	}
	if (directory)
		closedir(directory);
}

#define PAGES_PER_MAPPING 8

static void put_pages(const char *tgid)
{
	char path[512], line[4600], *text = NULL;
	uint64_t entries[PAGES_PER_MAPPING];
	unsigned long from, to;
	size_t size = 0;
	FILE *maps, *out;
	int pagemap;

	snprintf(path, sizeof(path), "/proc/%s/pagemap", tgid);
	pagemap = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%s/maps", tgid);
	maps = fopen(path, "re");
	out = open_memstream(&text, &size);
	while (maps && out && pagemap >= 0 && fgets(line, sizeof(line), maps)) {
		ssize_t got, i;

		if (sscanf(line, "%lx-%lx", &from, &to) != 2 || from >> 63)
			continue;
		got = pread(pagemap, entries, sizeof(entries), from / 4096 * 8) / 8;
		for (i = 0; i < got && from + i * 4096 < to; i++)
			fprintf(out, "%lx %llx\n", from + i * 4096, (unsigned long long)entries[i]);
	}
	if (maps)
		fclose(maps);
	if (pagemap >= 0)
		close(pagemap);
	if (out)
		fclose(out);
	if (size)
		put(tgid, tgid, "pages", text, size);
	free(text);
}

static void put_task(const char *tgid, const char *tid, int full)
{
	// clang-format off
	static const char *const always[] = { "stat", "status", "comm", "wchan", "stack", "syscall", NULL };
	static const char *const more[] = { "sched", "schedstat", "cgroup", NULL };
	static const char *const process[] = { "cmdline", "environ", "maps", "smaps_rollup", "statm", "limits", "io",
					       "oom_score_adj", "mountinfo", "uid_map", "auxv", "timers", NULL };
	// clang-format on
	int i;

	for (i = 0; always[i]; i++)
		put_file(tgid, tid, always[i]);
	for (i = 0; full && more[i]; i++)
		put_file(tgid, tid, more[i]);
	if (strcmp(tgid, tid))
		return;
	for (i = 0; process[i] && (full || i == 0); i++)
		put_file(tgid, tid, process[i]);
	if (!full)
		return;
	put_link(tgid, tid, "exe");
	put_link(tgid, tid, "cwd");
	put_link(tgid, tid, "root");
	put_links(tgid, tid, "fd", "fdinfo");
	put_links(tgid, tid, "ns", NULL);
	put_pages(tgid);
}

static int is_number(const struct dirent *entry)
{
	return entry->d_name[0] >= '1' && entry->d_name[0] <= '9';
}

/* Every task's TID, as text. */
static char *list_tasks(void)
{
	char *text = NULL;
	size_t size = 0;
	glob_t found;
	size_t i;
	FILE *out = open_memstream(&text, &size);

	if (!out || glob("/proc/[1-9]*/task/[1-9]*", 0, NULL, &found))
		fail("/proc");
	for (i = 0; i < found.gl_pathc; i++)
		fprintf(out, "%s\n", strrchr(found.gl_pathv[i], '/') + 1);
	globfree(&found);
	if (fclose(out))
		fail("memory");
	return text;
}

static void record_tasks_once(const char *directory, int full)
{
	struct dirent **processes, **threads;
	char path[4096];
	int count, i, j, thread_count;

	snprintf(path, sizeof(path), "%s/tasks", directory);
	tasks = fopen(path, "w");
	if (!tasks)
		fail(path);
	count = scandir("/proc", &processes, is_number, versionsort);
	for (i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "/proc/%s/task", processes[i]->d_name);
		thread_count = scandir(path, &threads, is_number, versionsort);
		for (j = 0; j < thread_count; j++) {
			put_task(processes[i]->d_name, threads[j]->d_name, full);
			free(threads[j]);
		}
		if (thread_count >= 0)
			free(threads);
	}
	if (fclose(tasks))
		fail("tasks");
}

static void record_tasks(const char *directory, int full)
{
	char *before = list_tasks(), *after;
	int turn, same = 0;

	for (turn = 0; turn < 20 && !same; turn++) {
		record_tasks_once(directory, full);
		after = list_tasks();
		same = !strcmp(before, after);
		free(before);
		before = after;
	}
	free(before);
	if (!same) {
		errno = EAGAIN;
		fail("tasks keep coming and going");
	}
}

int main(int argc, char **argv)
{
	int i;

	if (argc != 3) {
		fprintf(stderr, "usage: record DIRECTORY system|tasks|tasks-brief\n");
		return 2;
	}
	if (!strcmp(argv[2], "system")) {
		for (i = 0; patterns[i]; i++)
			copy_matching(argv[1], patterns[i]);
	} else {
		record_tasks(argv[1], !strcmp(argv[2], "tasks"));
		copy(argv[1], "/dev/kmsg", "/kmsg");
	}
	return 0;
}
