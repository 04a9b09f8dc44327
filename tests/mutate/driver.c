// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The native half of the mutation campaign: a real dump is damaged in thousands of ways, and every command is run on each.
 *
 *	driver VMLINUX DUMP CASES [FIRST [SECONDS]]
 *
 * The kernel is opened once and whole; each case is a forked child with its own damage, derived from its number alone, so
 * `driver VMLINUX DUMP 1 N` runs case N again and prints what it prints. Damage to the file is laid over pread() and fstat(), damage
 * to memory over the dump's pages, so no copies are made. A child that dies, that takes longer than 60 s, that grows by more than
 * 512 MiB, or that fails without a reason is a finding. Built by tests/mutate/run with ASan and UBSan.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "commands/command.h"
#include "kernel/open/open.h"
#include "kernel/tasks/cpu.h"
#include "kernel/modules/module.h"
#include "kernel/tasks/task.h"
#include "target/threads.h"

#define MAX_PATCHES 4096
#define MAX_TARGETS 8192
#define HANG_SECONDS 60
#define MAX_GROWTH_KB (512L << 10)

enum { TRUNCATED, HEADERS, TABLES, PAGES, STRUCTURES, MEMORY, NR_KINDS };
static const char *const kind_names[] = { "truncated file", "headers and notes", "bitmaps and descriptors", "compressed pages",
					  "kernel structures", "whole pages of memory" };
/* How a case ended; a child exits with it. Any other status is a finding. */
enum { RAN, REFUSED, NR_ENDS };

struct patch {
	uint64_t at;
	uint8_t mask;		/* exclusive or */
};

/* The one damage of this process. Not passed along: pread() and read_page() have no room for it. */
static struct {
	struct patch patches[MAX_PATCHES];
	size_t nr_patches;
	uint64_t size;		/* the file ends here */
	bool on;
	dev_t device;
	ino_t inode;
	struct dump_format format;
	const struct dump_format *real_format;
	struct { uint64_t at; uint64_t value; uint8_t size; } writes[512];	/* to physical memory */
	size_t nr_writes;
	uint64_t gone[64];	/* pages that are not there */
	size_t nr_gone;
} damage;

struct campaign {
	const char *vmlinux, *path;
	struct kernel *kernel;
	uint64_t targets[MAX_TARGETS], pointers[MAX_TARGETS];	/* physical addresses of structures; virtual ones */
	size_t nr_targets;
	uint64_t file_size;
	uint64_t random;
	bool verbose;
};

/* --- the file, damaged --- */

ssize_t __real_pread64(int fd, void *buffer, size_t size, off64_t offset);
ssize_t __wrap_pread64(int fd, void *buffer, size_t size, off64_t offset);
int __real_fstat64(int fd, struct stat64 *status);
int __wrap_fstat64(int fd, struct stat64 *status);

static bool is_dump(int fd)
{
	struct stat64 status;

	return damage.on && __real_fstat64(fd, &status) == 0 && status.st_ino == damage.inode && status.st_dev == damage.device;
}

ssize_t __wrap_pread64(int fd, void *buffer, size_t size, off64_t offset)
{
	ssize_t got;

	if (!is_dump(fd))
		return __real_pread64(fd, buffer, size, offset);
	if ((uint64_t)offset >= damage.size)
		return 0;
	if (size > damage.size - offset)
		size = damage.size - offset;
	got = __real_pread64(fd, buffer, size, offset);
	for (size_t i = 0; i < damage.nr_patches; i++)
		if (damage.patches[i].at >= (uint64_t)offset && (int64_t)(damage.patches[i].at - offset) < got)
			((uint8_t *)buffer)[damage.patches[i].at - offset] ^= damage.patches[i].mask;
	return got;
}

int __wrap_fstat64(int fd, struct stat64 *status)
{
	int result = __real_fstat64(fd, status);

	if (result == 0 && damage.on && status->st_ino == damage.inode && status->st_dev == damage.device)
		status->st_size = damage.size;
	return result;
}

/* --- memory, damaged --- */

static bool read_damaged_page(struct dump *dump, uint64_t pfn, void *buffer, struct error *error)
{
	uint64_t start = pfn << dump->page_shift;

	for (size_t i = 0; i < damage.nr_gone; i++)
		if (damage.gone[i] == pfn)
			return error_set(error, ERROR_EXCLUDED, "page %" PRIu64 " was taken away", pfn);
	if (!damage.real_format->read_page(dump, pfn, buffer, error))
		return false;
	for (size_t i = 0; i < damage.nr_writes; i++)
		if (damage.writes[i].at >= start && damage.writes[i].at + damage.writes[i].size <= start + dump->page_size)
			memcpy((uint8_t *)buffer + (damage.writes[i].at - start), &damage.writes[i].value, damage.writes[i].size);
	return true;
}

/* --- making damage --- */

/* splitmix64: a case is its number. */
static uint64_t any(struct campaign *campaign)
{
	uint64_t z = campaign->random += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static uint64_t below(struct campaign *campaign, uint64_t limit)
{
	return limit ? any(campaign) % limit : 0;
}

static void flip(struct campaign *campaign, uint64_t start, uint64_t end, size_t count)
{
	for (size_t i = 0; i < count && damage.nr_patches < MAX_PATCHES; i++)
		damage.patches[damage.nr_patches++] = (struct patch){
			.at = start + below(campaign, end - start),
			.mask = any(campaign) & 1 ? 1ull << below(campaign, 8) : 1 + below(campaign, 255),
		};
}

static uint64_t wild_value(struct campaign *campaign, uint64_t own)
{
	switch (below(campaign, 7)) {
	case 0: return own;
	case 1: return 0;
	case 2: return UINT64_MAX;
	case 3: return below(campaign, 0x10000);
	case 4: return any(campaign);
	default: return campaign->pointers[below(campaign, campaign->nr_targets)] + below(campaign, 512) * 8;
	}
}

static void damage_structures(struct campaign *campaign)
{
	size_t count = 1 + below(campaign, 200);

	for (size_t i = 0; i < count && campaign->nr_targets; i++) {
		size_t target = below(campaign, campaign->nr_targets);
		uint64_t within = below(campaign, 512) * 8;

		damage.writes[damage.nr_writes].at = campaign->targets[target] + within;
		damage.writes[damage.nr_writes].value = wild_value(campaign, campaign->pointers[target] + within);
		damage.writes[damage.nr_writes++].size = any(campaign) % 4 ? 8 : 1 << below(campaign, 4);
	}
}

static void damage_pages(struct campaign *campaign)
{
	struct dump *dump = campaign->kernel->dump;

	for (size_t i = 1 + below(campaign, 63); i > 0; i--)
		damage.gone[damage.nr_gone++] = any(campaign) % 4 && campaign->nr_targets
			? campaign->targets[below(campaign, campaign->nr_targets)] >> dump->page_shift
			: below(campaign, dump->max_pfn);
	damage_structures(campaign);
}

static unsigned make_damage(struct campaign *campaign, uint64_t number)
{
	unsigned kind = number % NR_KINDS;
	uint64_t size = campaign->file_size, tables = size < (4 << 20) ? size : 4 << 20;

	campaign->random = number * 0x1234567;
	damage.size = size;
	switch (kind) {
	case TRUNCATED:
		damage.size = any(campaign) % 3 ? below(campaign, size) : below(campaign, tables);
		break;
	case HEADERS:
		flip(campaign, 0, 1 + below(campaign, 32768), 1 + below(campaign, 40));
		break;
	case TABLES:
		flip(campaign, 8192, tables, 1 + below(campaign, 3000));
		break;
	case PAGES:
		flip(campaign, tables / 2, size, 1 + below(campaign, 4000));
		break;
	case STRUCTURES:
		damage_structures(campaign);
		break;
	default:
		damage_pages(campaign);
	}
	return kind;
}

/* --- one case --- */

static bool swallow(void *context, const char *text, size_t size)
{
	struct campaign *campaign = context;

	if (campaign->verbose)
		fwrite(text, 1, size, stdout);
	return true;
}

static void must_have_reason(const struct error *error)
{
	if (error->kind == ERROR_NONE || error->kind == ERROR_NO_MEMORY || strnlen(error->text, sizeof(error->text)) < 4) {
		fprintf(stderr, "failed without a reason, or for lack of memory: kind %d, \"%s\"\n", error->kind, error->text);
		abort();
	}
}

static void run_line(struct campaign *campaign, const char *line)
{
	struct output *output = output_text_new(swallow, NULL, campaign);
	size_t length = strcspn(line, " ");
	struct error error = { 0 };
	struct host host = { 0 };
	struct arguments arguments;
	char name[16], *storage = NULL;
	const struct command *command;
	bool json;

	if (campaign->verbose)
		printf("--- %s\n", line);
	snprintf(name, sizeof(name), "%.*s", (int)length, line);
	command = command_find(name);
	if (!command_parse(command, line + length, &arguments, &storage, &json, &error) ||
	    !command->run(campaign->kernel, &arguments, output, &host, &error)) {
		must_have_reason(&error);
		if (campaign->verbose)
			printf("error: %s\n", error.text);
	}
	output_text_flush(output);
	output_text_free(output);
	free(storage);
}

static void run_everything(struct campaign *campaign)
{
	static const char *const lines[] = {
		"files -a", "files -f 1",
		"runq", "runq -g", "runq -m",
		"sys", "sys -c", "sys -t", "kmem -i", "kmem -o", "kmem -v", "kmem -V",
		"kmem init_task fff",
		"kmem -c", "files -c 1",
		"kmem -s", "slabtop", "leak signal_cache", "who-maps /bin/workload 1000", "kmem -s dentry", "kmem -S kmalloc-64",
		"vm 1", "vm -p 1", "vm -f 73",
		"vtop linux_banner init_task", "vtop -c 1 -u 400000", "ptov 1000000", "pte 8000000005c9b063 0",
		"list -h -o task_struct.tasks init_task", "list -H -r -o module.list modules", "tree -o vmap_area.rb_node free_vmap_area_root",
		"whatis -r 100-200 -m mutex",
		"eval init_task + 4k", "ascii 65762078756e694c",
		"kmem -z", "kmem -g", "kmem -g ffff", "kmem -h", "kmem -f", "kmem -F", "kmem -n", "kmem -p 0-20000", "kmem -m flags,lru.next 100000",
		"ps", "ps -p", "ps -c", "ps -g", "ps -t", "ps -l", "ps -m", "ps -a", "ps -r", "ps -S", "ps -s", "ps -A",
		"mount -l",
		"timer", "timer -r",
		"sig -g 1", "sig -a 1",
		"irq -u", "irq -s", "irq -a",
		"foreach user sig", "foreach active bt", "set 1",
		"log", "log -Tdmc", "mod", "mod -u", "mod -t", "bt -a", "bt -A", "bt -p", "bt -f 1", "bt -r 1", "bt -t 2", "bt -c all", "report", "report -o /dev/null",
	};
	struct kernel *kernel = campaign->kernel;
	struct module_list *list;
	struct symtab *symtab;
	const struct orc_table *table;
	struct threads threads = { 0 };
	struct buffer xml = { 0 };
	struct error error = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		run_line(campaign, lines[i]);
	if (modules_get(kernel, &list, &error)) {
		for (size_t i = 0; i < list->count; i++) {
			if (!module_symbols(kernel, &list->modules[i], &symtab, &error))
				must_have_reason(&error);
			if (!module_orc(kernel, &list->modules[i], &table, &error))
				must_have_reason(&error);
		}
	}
	if (threads_load(&threads, kernel, SIZE_MAX, &error)) {
		threads_xml(kernel, &threads, threads.count, &xml);
		for (size_t i = 0; i < threads.count; i++)
			thread_text(kernel, &threads.list[i], &xml);
		threads_free(&threads);
		buffer_free(&xml);
	}
}

/* The kernel of the whole dump, over the damaged one. Its symbols and types are vmlinux's, which has no damage. */
static bool open_damaged(struct campaign *campaign, bool from_scratch)
{
	const char *paths[] = { campaign->path };
	struct kernel *kernel = campaign->kernel;
	struct error error = { 0 };
	struct dump *dump;

	if (!dump_open(paths, 1, &dump, &error))
		goto refused;
	if (from_scratch) {
		if (!kernel_open(dump, &(struct kernel_source){ .vmlinux = campaign->vmlinux }, &campaign->kernel, &error))
			goto refused;
		return true;
	}
	if (dump->machine != kernel->dump->machine || dump->page_size != kernel->dump->page_size)
		return false;
	kernel->dump = kernel->memory->dump = dump;
	return true;
refused:
	must_have_reason(&error);
	if (campaign->verbose)
		printf("refused: %s\n", error.text);
	return false;
}

static int run_case(struct campaign *campaign, uint64_t number)
{
	unsigned kind = make_damage(campaign, number);
	struct kernel *kernel = campaign->kernel;
	struct error error = { 0 };

	alarm(HANG_SECONDS);
	damage.on = true;
	if (kind <= PAGES) {
		if (!open_damaged(campaign, number % 24 < NR_KINDS))
			return REFUSED;
		kernel = campaign->kernel;
	} else {
		damage.real_format = kernel->dump->format;
		damage.format = *damage.real_format;
		damage.format.read_page = read_damaged_page;
		kernel->dump->format = &damage.format;
		kernel->dump->cache = NULL;	/* the parent's pages are whole */
	}
	memory_forget_translations(kernel->memory);
	kernel_forget(kernel);
	cpus_free(kernel);
	if (!cpus_load(kernel, &error))
		must_have_reason(&error);
	run_everything(campaign);
	return RAN;
}

/* --- the campaign --- */

static void add_target(struct campaign *campaign, uint64_t address)
{
	struct translation translation;

	for (unsigned page = 0; page < 4 && campaign->nr_targets < MAX_TARGETS; page++, address += 4096) {
		if (!memory_translate(campaign->kernel->memory, 0, address, &translation, NULL))
			return;
		campaign->pointers[campaign->nr_targets] = address;
		campaign->targets[campaign->nr_targets++] = translation.physical;
	}
}

static void find_targets(struct campaign *campaign)
{
	static const char *const symbols[] = { "init_task", "modules", "prb", "init_uts_ns", "__per_cpu_offset", "tk_core",
					       "__cpu_online_mask", "sys_call_table", "crash_notes", "panic_cpu", "taint_flags" };
	struct kernel *kernel = campaign->kernel;
	struct task_table *table;
	struct module_list *list;
	uint64_t address;

	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++)
		if (kernel_symbol(kernel, symbols[i], &address, NULL))
			add_target(campaign, address);
	for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids; cpu++)
		if (kernel_per_cpu(kernel, "runqueues", cpu, &address, NULL))
			add_target(campaign, address);
	if (kernel_read_variable(kernel, "prb", 8, &address, NULL))
		add_target(campaign, address);
	if (tasks_get(kernel, &table, NULL)) {
		for (size_t i = 0; i < table->count; i++) {
			uint64_t signal;

			add_target(campaign, table->tasks[i].address);
			add_target(campaign, table->tasks[i].stack);
			if (kernel_read_member(kernel, table->tasks[i].address, "task_struct", "signal", &signal, NULL))
				add_target(campaign, signal);
			if (table->tasks[i].mm)
				add_target(campaign, table->tasks[i].mm);
		}
	}
	if (modules_get(kernel, &list, NULL))
		for (size_t i = 0; i < list->count; i++)
			add_target(campaign, list->modules[i].address);
}

static long own_rss_kb(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long size = 0, resident = 0;

	if (file && fscanf(file, "%ld %ld", &size, &resident) != 2)
		resident = 0;
	if (file)
		fclose(file);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static bool spawn(struct campaign *campaign, uint64_t number, unsigned *end_ret)
{
	struct rusage usage;
	long before = own_rss_kb();
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid)
		_exit(run_case(campaign, number));
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid) {
		perror("fork");
		exit(2);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) < NR_ENDS && usage.ru_maxrss < before + MAX_GROWTH_KB) {
		*end_ret = WEXITSTATUS(status);
		return true;
	}
	printf("FINDING: case %" PRIu64 " (%s): %s, status 0x%x, %ld MiB\n", number, kind_names[number % NR_KINDS],
	       WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? "hangs" : WIFEXITED(status) && WEXITSTATUS(status) < NR_ENDS ?
	       "grows" : "crashes", status, usage.ru_maxrss >> 10);
	return false;
}

static void open_whole(struct campaign *campaign)
{
	const char *paths[] = { campaign->path };
	struct error error = { 0 };
	struct dump *dump;
	struct stat64 status;

	if (!dump_open(paths, 1, &dump, &error) ||
	    !kernel_open(dump, &(struct kernel_source){ .vmlinux = campaign->vmlinux }, &campaign->kernel, &error)) {
		fprintf(stderr, "%s\n", error.text);
		exit(2);
	}
	if (stat64(campaign->path, &status) != 0)
		exit(2);
	campaign->file_size = status.st_size;
	damage.device = status.st_dev;
	damage.inode = status.st_ino;
	find_targets(campaign);
}

int main(int argc, char **argv)
{
	static struct campaign campaign;
	uint64_t cases, first, done = 0, findings = 0, counts[NR_KINDS][NR_ENDS] = { { 0 } };
	time_t until;

	if (argc < 4)
		return fprintf(stderr, "usage: %s VMLINUX DUMP CASES [FIRST [SECONDS]]\n", argv[0]), 2;
	campaign.vmlinux = argv[1];
	campaign.path = argv[2];
	cases = strtoull(argv[3], NULL, 10);
	first = argc > 4 ? strtoull(argv[4], NULL, 10) : 0;
	until = argc > 5 ? time(NULL) + atoi(argv[5]) : 0;
	campaign.verbose = cases == 1;
	open_whole(&campaign);
	printf("%s: %zu pages of kernel structures to damage\n", campaign.path, campaign.nr_targets);
	for (; done < cases && (!until || time(NULL) < until); done++) {
		unsigned end;

		if (spawn(&campaign, first + done, &end))
			counts[(first + done) % NR_KINDS][end]++;
		else
			findings++;
	}
	for (unsigned kind = 0; kind < NR_KINDS; kind++)
		printf("%-24s %6" PRIu64 " ran every command, %6" PRIu64 " refused with a reason\n", kind_names[kind], counts[kind][RAN],
		       counts[kind][REFUSED]);
	printf("%" PRIu64 " cases, %" PRIu64 " findings\n", done, findings);
	return findings != 0;
}
