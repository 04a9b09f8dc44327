// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * "A value may become unknown, never different": pages are taken out of a real dump, one at a time, and what every command
 * says is compared with what it said of the whole dump.
 *
 *	unknown VMLINUX DUMP [EVERY [FIRST [SECONDS]]]
 *
 * The whole dump is asked first; which command reads which page is written down. Then of those pages each EVERY-th (from number FIRST
 * on) is left out in a forked child of its own, which runs the commands that read it. Every cell must be what it was, or be left out;
 * no row may be new. Where something was left out that was there, a note, a damage cell or an error must say so. `unknown VMLINUX DUMP
 * 0 PFN` is one page by its number, with all that is found there.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "commands/command.h"
#include "dump/cache.h"
#include "kernel/open/open.h"
#include "kernel/tasks/cpu.h"
#include "target/threads.h"

#define MAX_DEPTH 8
#define MAX_COLUMNS 48
#define MAX_FINDINGS 512
#define SHOWN 3			/* of one kind: the first ones with their values */

/* (Rows that are told apart by no key of ours, such as the objects of a slab, cannot be compared: those views are not here.) */
static const char *const lines[] = {
	"runq", "runq -g", "runq -m", "timer", "timer -r", "irq -u", "irq -u -a", "irq -u -s", "irq -d", "irq -b", "sig 1",
	"sig -a 1", "locks -a", "workqueue -a", "workqueue -d", "ipcs", "ipcs -s -q 0", "rcu", "softirq", "mach", "mach -m", "cgroup", "cgroup -t 1", "hung 1", "lockup", "fuser /dev/console",
	"sys", "sys -t", "sys -c", "kmem -i", "kmem -o", "kmem -v", "kmem -V",
	"vtop linux_banner init_task", "vtop -c 1 -u 400000", "ptov 1000000", "pte 8000000005c9b063 0",
	"list -h -o task_struct.tasks init_task", "list -H -r -o module.list modules", "tree -o vmap_area.rb_node free_vmap_area_root",
	"kmem -c", "oom", "slabtop", "who-maps /bin/busybox",
	"kmem -z", "kmem -g", "kmem -g ffff", "kmem -n", "kmem -p 0-20000", "kmem -m flags,lru.next 100000",
	"ps", "ps -n", "ps -s", "ps -p", "ps -c", "ps -g", "ps -t", "ps -m", "ps -a", "ps -r", "ps -S", "ps -G", "ps -A",
	"log -Tdmc", "log -a", "dev", "dev -d", "dev -p", "dev -i", "net", "net -a", "sockets", "mod", "mod -t", "bt -a", "bt -A", "bt -g 1", "bt -r 1", "bt -t 2", "bt -c all", "bt -A -e", "bt -E", "bt -v", "sys -i", "report -j",
	"sym init_task", "sym schedule", "rd init_task 40",
};
#define THREADS ARRAY_SIZE(lines)	/* the threads' texts */
#define SETUP (THREADS + 1)		/* what cpus_load() reads: everything depends on it */

/* --- what was said: path of a cell -> its value --- */

struct entry {
	char *path, *value;
	unsigned command;
	bool seen;
};

static struct entry *entries;		/* open hash; NULL path = empty */
static size_t nr_entries, nr_slots = 1 << 20;

static struct entry *find(const char *path)
{
	uint64_t hash = 0xcbf29ce484222325;
	size_t slot;

	for (const char *c = path; *c; c++)
		hash = (hash ^ (uint8_t)*c) * 0x100000001b3;
	for (slot = hash & (nr_slots - 1); entries[slot].path && strcmp(entries[slot].path, path); slot = (slot + 1) & (nr_slots - 1))
		;
	return &entries[slot];
}

/* --- findings; shared with the children --- */

enum kind { DIFFERENT, INVENTED, SILENT };
static const char *const kind_names[] = { "different", "invented", "lost without a word" };

struct finding {
	enum kind kind;
	char what[96];			/* "ps: tasks/comm" */
	char example[SHOWN][400];
	uint64_t count;
};

static struct shared {
	size_t count;
	uint64_t cells, lost;
	struct finding findings[MAX_FINDINGS];
} *shared;

struct level {
	const struct shape *shape;
	char *prefix;
	size_t row;
	bool open;
	char *values[MAX_COLUMNS];
};

struct recorder {
	struct output output;
	struct level levels[MAX_DEPTH];
	size_t depth;
	unsigned command;
	bool comparing, said;
	uint64_t pfn;
};

static const char *command_name(unsigned command)
{
	return command < THREADS ? lines[command] : "info threads";
}

static void found(struct recorder *recorder, enum kind kind, const char *path, const char *whole, const char *now)
{
	struct finding *finding;
	char what[96];
	size_t length, i;

	/* without the rows' names: of one column one finding is enough */
	length = snprintf(what, 40, "%s:", command_name(recorder->command));
	for (const char *c = strchr(path, '/'); c && *c && length + 1 < sizeof(what); c++) {
		if (*c == '[')
			while (c[1] && *c != ']')
				c++;
		else
			what[length++] = *c;
	}
	what[length] = 0;
	for (i = 0; i < shared->count; i++)
		if (shared->findings[i].kind == kind && !strcmp(shared->findings[i].what, what))
			break;
	if (i == MAX_FINDINGS)
		return;
	finding = &shared->findings[i];
	if (i == shared->count) {
		shared->count++;
		finding->kind = kind;
		strcpy(finding->what, what);
	}
	if (finding->count < SHOWN)
		snprintf(finding->example[finding->count], sizeof(finding->example[0]), "page %" PRIu64 ": %s: %.100s -> %.100s",
			 recorder->pfn, path, whole, now);
	finding->count++;
}

/* Cells that say that something is lost, or that count what is there: they do change. */
static bool is_word_about_damage(const char *key)
{
	static const char *const keys[] = { "damage", "end", "complete", "note", "why", "tasks_at_least", "tasks_text", "registers_source", "checked", "unknown",
					   "by_calculation" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(key, keys[i]))
			return true;
	return false;
}

static bool is_count(const char *key)
{
	/* the last three: where it is in the tree of those who wait, whom one that is not known is not below */
	static const char *const keys[] = { "count", "nr_tasks", "names", "blocks", "depth", "tree" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(key, keys[i]))
			return true;
	return false;
}

/* [name] of a kernel thread is name where it is not known whether it is one. */
static bool is_without_brackets(const char *whole, const char *now)
{
	return *whole == '[' && !strncmp(whole + 1, now, strlen(now)) && !strcmp(whole + 1 + strlen(now), "]");
}

/* Counted ticks, where the clock cannot be read; a note says so. */
static bool is_time(const char *key)
{
	/* since the newest of the run queues' clocks */
	return !strcmp(key, "uptime_ns") || !strcmp(key, "run_time_ns") || !strcmp(key, "now_ns") || !strcmp(key, "switched_ns") || !strcmp(key, "clock_ns") || !strcmp(key, "behind_ns");
}

static bool is_near(const char *whole, const char *now)
{
	return fabs(atof(whole) - atof(now)) < 20e6;
}

/* The kernel's counters are nearly that: up to 125 a CPU, zone and node are with the CPUs, and a note says whose are missing. */
static bool is_near_counter(const char *path, const char *key, const char *whole, const char *now)
{
	if (strstr(path, "/counters[") && !strcmp(key, "value"))
		return fabs(atof(whole) - atof(now)) < 2000;
	if (!strstr(path, "/memory[") && !strstr(path, "/memory_parts[") && !strstr(path, "/totals["))
		return false;
	return strstr(key, "bytes") ? fabs(atof(whole) - atof(now)) < 8000 * 4096. : !strcmp(key, "percent") && fabs(atof(whole) - atof(now)) < 3;
}

/* A path whose upper part is not known: "?" before what is. */
static bool is_end_of_path(const char *whole, const char *now)
{
	size_t size = strlen(whole), tail = strlen(now + (*now == '?'));

	return *now == '?' && tail && size >= tail && !strcmp(whole + size - tail, now + 1);
}

/* A line of many numbers, as of each CPU: "-" for those that are not known. */
static bool has_unknown_words(const char *whole, const char *now)
{
	for (;;) {
		size_t a, b;

		whole += strspn(whole, " ");
		now += strspn(now, " ");
		a = strcspn(whole, " ");
		b = strcspn(now, " ");
		if (!a || !b)
			return !a && !b;
		if (!(b == 1 && *now == '-') && (a != b || strncmp(whole, now, a)))
			return false;
		whole += a;
		now += b;
	}
}

static void put(struct recorder *recorder, const char *path, const char *key, const char *value)
{
	struct entry *entry;

	/* Groups of equal stacks have no name of their own, and other members where one is missing; `bt -A` has each stack. */
	if (strstr(path, "/stacks["))
		return;
	/* The biggest processes: where one is not known the next one is among them. */
	if (strstr(path, "/memory_processes["))
		return;
	entry = find(path);
	shared->cells += recorder->comparing;
	if (!recorder->comparing) {
		if (!entry->path && nr_entries * 2 < nr_slots) {
			nr_entries++;
			*entry = (struct entry){ strdup(path), strdup(value), recorder->command, false };
		}
		return;
	}
	if (entry->path)
		entry->seen = true;
	if (is_word_about_damage(key)) {
		recorder->said |= !entry->path || strcmp(entry->value, value);
		return;
	}
	if (is_count(key))
		return;
	/* It says itself that it is not known. */
	if (entry->path && (((!strcmp(key, "place") || !strcmp(key, "called_by") || !strcmp(key, "waits_in")) && !strncmp(value, "(unknown)", 9)) ||
			    (!strcmp(key, "holder_text") && strstr(value, "not known")) ||
			    (!strcmp(key, "machine_text") && !strncmp(entry->value, value, strlen(value))) || /* without the clock, a note says */
			    (!strcmp(key, "holder_known") && !strcmp(value, "false")) ||
			    (!strcmp(key, "comm_text") && is_without_brackets(entry->value, value)) ||
			    (!strcmp(key, "pending") && strspn(value, "0123456789 ") && strlen(value) == strspn(value, "0123456789 ")) ||
			    (!strcmp(key, "path") && is_end_of_path(entry->value, value)) ||
			    (!strcmp(key, "for") && (!strncmp(value, "for the task at ", 16) || !strcmp(value, "for ?"))) || /* and no pid */
			    (!strcmp(key, "text") && strcmp(entry->value, value) && has_unknown_words(entry->value, value)))) {
		recorder->said = true;
		return;
	}
	/* Of a function whose module is lost the address is left. */
	if (entry->path && (strstr(key, "function") || strstr(key, "handler") || !strcmp(key, "operations_name") || !strcmp(key, "doing")) && !strncmp(value, "0x", 2))
		return;
	/* A clock is left out while it is known that it has no timers. */
	if (!entry->path && strstr(path, "/clocks["))
		return;
	/* Of a process whose leader is lost its threads stand for it. */
	if (!entry->path && (strstr(path, "/users[") || strstr(path, "/processes[")))
		return;
	/* Where the stack pointer is not known, bt -t shows all of the stack. */
	if (!entry->path && strstr(path, "/text_words["))
		return;
	/* What the firmware has not said is left out; of what cannot be read nobody knows, and it has a row without a value. */
	if (!entry->path && strstr(path, "/dmi[") && !strcmp(key, "field"))
		return;
	if (!entry->path)
		found(recorder, INVENTED, path, "(none)", value);
	else if (strcmp(entry->value, value) && !(is_time(key) && is_near(entry->value, value)) &&
		 !is_near_counter(path, key, entry->value, value))
		found(recorder, DIFFERENT, path, entry->value, value);
}

/* --- the renderer --- */

/*
 * A row's name: by what it is of, if it says that. A row of each CPU stays that CPU's where its task is not known; and of many numbers
 * one function is the system call.
 */
static void row_name(unsigned command, const struct level *level, char *name, size_t size)
{
	static const char *const keys[] = { "cpu", "number", "irq", "vector", "base", "timer", "mapping", "pool", "worker", "work", "vma", "cache", "task",
					   "neighbour", "structure", "sock", "net_device", "address", "resource", "start", "seq", "symbol", "name", "letter", "pid", "state", "cpu", "field", "cgroup" };
	bool by_cpu = !strcmp(level->shape->key, "cpus") ||
		      (!strcmp(level->shape->key, "tasks") && !strcmp(command_name(command), "bt -a")) ||
		      (!strcmp(level->shape->key, "tasks") && !strcmp(command_name(command), "bt -c all"));
	bool by_number = !strcmp(level->shape->key, "system_calls") || !strcmp(level->shape->key, "softirqs");
	static const char *const pages[] = { "pfn" };
	bool by_frame = !strcmp(level->shape->key, "pages");

	snprintf(name, size, "%zu", level->row);
	if (level->shape->layout == SHAPE_LIST || level->shape->layout == SHAPE_RECORD || !strcmp(level->shape->key, "frames") || !strcmp(level->shape->key, "inlined"))
		return;
	/* One stack may be of all CPUs. */
	if (!strcmp(level->shape->key, "cpu_stacks") && level->values[0] && level->values[2]) {
		snprintf(name, size, "%s-%s", level->values[0], level->values[2]);
		return;
	}
	for (size_t i = by_frame || by_cpu ? 0 : by_number ? 1 : 2; i < (by_frame ? ARRAY_SIZE(pages) : ARRAY_SIZE(keys)); i++) {
		for (size_t j = 0; j < level->shape->nr_columns; j++) {
			if (!strcmp(level->shape->columns[j].key, (by_frame ? pages : keys)[i]) && level->values[j]) {
				snprintf(name, size, "%s", level->values[j]);
				return;
			}
		}
	}
}

static void finish(struct recorder *recorder, struct level *level)
{
	char name[160], path[2048];

	if (!level->open)
		return;
	row_name(recorder->command, level, name, sizeof(name));
	for (size_t i = 0; i < level->shape->nr_columns; i++) {
		if (!level->values[i])
			continue;
		snprintf(path, sizeof(path), "%s[%s]/%s", level->prefix, name, level->shape->columns[i].key);
		put(recorder, path, level->shape->columns[i].key, level->values[i]);
	}
}

static void clear(struct level *level)
{
	for (size_t i = 0; i < MAX_COLUMNS; i++) {
		free(level->values[i]);
		level->values[i] = NULL;
	}
}

static bool recorder_begin(struct output *output, const struct shape *shape)
{
	struct recorder *recorder = (struct recorder *)output;
	struct level *level = &recorder->levels[recorder->depth++];
	char prefix[1024], name[160];

	if (recorder->depth > 1) {
		row_name(recorder->command, level - 1, name, sizeof(name));
		snprintf(prefix, sizeof(prefix), "%s[%s]/%s", level[-1].prefix, name, shape->key);
	} else {
		snprintf(prefix, sizeof(prefix), "%u/%s", recorder->command, shape->key);
	}
	if (shape->nr_columns > MAX_COLUMNS || recorder->depth == MAX_DEPTH)
		abort();
	*level = (struct level){ .shape = shape, .prefix = strdup(prefix) };
	level->open = shape->layout == SHAPE_LIST || shape->layout == SHAPE_RECORD;
	return true;
}

static bool recorder_row(struct output *output)
{
	struct recorder *recorder = (struct recorder *)output;
	struct level *level = &recorder->levels[recorder->depth - 1];

	if (level->shape->layout == SHAPE_LIST || level->shape->layout == SHAPE_RECORD)
		return true;
	finish(recorder, level);
	clear(level);
	level->row += level->open;
	level->open = true;
	return true;
}

static bool recorder_end(struct output *output)
{
	struct recorder *recorder = (struct recorder *)output;
	struct level *level = &recorder->levels[--recorder->depth];

	finish(recorder, level);
	clear(level);
	free(level->prefix);
	return true;
}

static bool cell(struct output *output, size_t column, const char *text, size_t size)
{
	struct recorder *recorder = (struct recorder *)output;
	struct level *level = &recorder->levels[recorder->depth - 1];

	free(level->values[column]);
	level->values[column] = strndup(text, size);
	level->open = true;
	return true;
}

static bool recorder_number(struct output *output, size_t column, uint64_t value, bool is_signed, const char *text)
{
	char number[32];

	(void)text;
	snprintf(number, sizeof(number), is_signed ? "%" PRId64 : "%" PRIu64, value);
	return cell(output, column, number, strlen(number));
}

static bool recorder_real(struct output *output, size_t column, double value, const char *text)
{
	(void)value;
	return cell(output, column, text, strlen(text));
}

static bool recorder_string(struct output *output, size_t column, const char *string, size_t size)
{
	return cell(output, column, string, strnlen(string, size));
}

static bool recorder_boolean(struct output *output, size_t column, bool value, const char *text)
{
	(void)text;
	return cell(output, column, value ? "true" : "false", 5);
}

static bool recorder_note(struct output *output, const char *text)
{
	struct recorder *recorder = (struct recorder *)output;
	char path[2048];

	snprintf(path, sizeof(path), "%u/note[%.1500s]", recorder->command, text);
	put(recorder, path, "note", "");
	return true;
}

static const struct output_ops ops = { recorder_begin, recorder_row, recorder_end, recorder_number, recorder_real, recorder_string,
				       recorder_boolean, recorder_note, NULL, NULL };

/* --- asking --- */

static void run_command(struct kernel *kernel, struct recorder *recorder)
{
	const char *line = lines[recorder->command];
	size_t length = strcspn(line, " ");
	struct error error = { 0 };
	struct host host = { 0 };
	struct arguments arguments;
	char name[16], *storage = NULL;
	const struct command *command;
	bool json;

	snprintf(name, sizeof(name), "%.*s", (int)length, line);
	command = command_find(name);
	if (!command_parse(command, line + length, &arguments, &storage, &json, &error))
		exit(2);
	arguments.json = json;
	if (!command->run(kernel, &arguments, &recorder->output, &host, &error))
		recorder->said = true;
	while (recorder->depth)
		recorder_end(&recorder->output);
	free(storage);
}

static void run_threads(struct kernel *kernel, struct recorder *recorder)
{
	struct threads threads = { 0 };
	struct error error = { 0 };

	if (!threads_load(&threads, kernel, SIZE_MAX, &error))
		return;
	for (size_t i = 0; i < threads.count; i++) {
		struct buffer text = { 0 };
		char path[64], row[32];

		thread_text(kernel, &threads.list[i], &text);
		/* Of what is said of a thread each part may be missing, and more may be said of why. */
		if (threads.list[i].cpu)
			snprintf(row, sizeof(row), "CPU %u", threads.list[i].cpu->number);
		else
			snprintf(row, sizeof(row), "%" PRIx64, threads.list[i].task->address);
		snprintf(path, sizeof(path), "%zu/threads[%s]/name", THREADS, row);
		if (threads.list[i].task && threads.list[i].task->comm[0])
			put(recorder, path, "name", threads.list[i].task->comm);
		snprintf(path, sizeof(path), "%zu/threads[%s]/text", THREADS, row);
		if (!strstr(text.data, "unreadable") && !strstr(text.data, "not known") && !strstr(text.data, "inferred") &&
		    !strstr(text.data, "running or"))
			put(recorder, path, "text", text.data);
		else
			recorder->said = true;
		buffer_free(&text);
	}
	recorder->said |= threads.damage != NULL;
	threads_free(&threads);
}

/* What the command said of the whole dump and does not say now. */
static void look_for_lost(struct recorder *recorder)
{
	for (size_t i = 0; i < nr_slots; i++) {
		const char *key;

		if (!entries[i].path || entries[i].command != recorder->command || entries[i].seen)
			continue;
		key = strrchr(entries[i].path, '/') + 1;
		shared->lost++;
		if (!recorder->said && strncmp(key, "note", 4) && !is_word_about_damage(key)) {
			found(recorder, SILENT, entries[i].path, entries[i].value, "(none)");
			return;
		}
	}
}

static void ask(struct kernel *kernel, unsigned command, bool comparing, uint64_t pfn)
{
	struct recorder recorder = { { .ops = &ops }, .command = command, .comparing = comparing, .pfn = pfn };

	if (command == THREADS)
		run_threads(kernel, &recorder);
	else
		run_command(kernel, &recorder);
	if (comparing)
		look_for_lost(&recorder);
}

/* --- pages --- */

static struct dump_format format;
static const struct dump_format *real_format;
static unsigned asking;			/* the command that reads */
static uint64_t gone;			/* the page that is not there */
typedef unsigned __int128 asked_set;	/* bit per command */
_Static_assert(SETUP < 128, "a bit for each");
static asked_set *readers;		/* [max_pfn]; NULL = not written down any more */

static bool read_page(struct dump *dump, uint64_t pfn, void *buffer, struct error *error)
{
	if (readers && pfn < dump->max_pfn)
		readers[pfn] |= (asked_set)1 << asking;
	if (!readers && pfn == gone)
		return error_set(error, ERROR_EXCLUDED, "page %" PRIu64 " was taken away", pfn);
	return real_format->read_page(dump, pfn, buffer, error);
}

static void forget(struct kernel *kernel, bool cached)
{
	memory_forget_translations(kernel->memory);
	kernel_forget(kernel);
	kernel->dump->cache = cached ? page_cache_new(kernel->dump->page_size, 64 << 20) : NULL;
}

static void ask_whole(struct kernel *kernel)
{
	asking = SETUP;
	forget(kernel, false);
	cpus_free(kernel);
	if (!cpus_load(kernel, NULL))
		exit(2);
	for (asking = 0; asking <= THREADS; asking++) {
		forget(kernel, false);
		ask(kernel, asking, false, 0);
	}
}

static void ask_without(struct kernel *kernel, uint64_t pfn, asked_set commands)
{
	gone = pfn;
	alarm(120);
	forget(kernel, true);
	if (commands >> SETUP & 1) {
		cpus_free(kernel);
		cpus_load(kernel, NULL);
		commands = ~(asked_set)0;
	}
	for (unsigned command = 0; command <= THREADS; command++)
		if (commands >> command & 1)
			ask(kernel, command, true, pfn);
	_exit(0);
}

static bool report(uint64_t pages, uint64_t died)
{
	for (size_t i = 0; i < shared->count; i++) {
		const struct finding *finding = &shared->findings[i];

		printf("%s, %" PRIu64 " times: %s\n", kind_names[finding->kind], finding->count, finding->what);
		for (size_t j = 0; j < SHOWN && j < finding->count; j++)
			printf("    %s\n", finding->example[j]);
	}
	printf("%" PRIu64 " pages left out, %" PRIu64 " cells compared, %" PRIu64 " became unknown, %" PRIu64 " children died, %zu findings\n",
	       pages, shared->cells, shared->lost, died, shared->count);
	return !shared->count && !died && shared->lost;
}

int main(int argc, char **argv)
{
	uint64_t every, first, pages = 0, died = 0, number = 0;
	asked_set *by_page;
	struct kernel *kernel;
	struct error error = { 0 };
	struct dump *dump;
	time_t until;

	if (argc < 3)
		return fprintf(stderr, "usage: %s VMLINUX DUMP [EVERY [FIRST [SECONDS]]]\n", argv[0]), 2;
	every = argc > 3 ? strtoull(argv[3], NULL, 0) : 1;
	first = argc > 4 ? strtoull(argv[4], NULL, 0) : 0;
	until = argc > 5 ? time(NULL) + atoi(argv[5]) : 0;
	if (!dump_open((const char *const[]){ argv[2] }, 1, &dump, &error) ||
	    !kernel_open(dump, &(struct kernel_source){ .vmlinux = argv[1] }, &kernel, &error))
		return fprintf(stderr, "%s\n", error.text), 2;
	entries = calloc(nr_slots, sizeof(*entries));
	readers = by_page = calloc(dump->max_pfn, sizeof(*readers));
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!entries || !readers || shared == MAP_FAILED)
		return 2;
	real_format = dump->format;
	format = *real_format;
	format.read_page = read_page;
	dump->format = &format;
	ask_whole(kernel);
	readers = NULL;
	for (uint64_t pfn = 0; pfn < dump->max_pfn && (!until || time(NULL) < until); pfn++) {
		int status;
		pid_t pid;

		if (!by_page[pfn] || (every ? number++ % every != first : pfn != first))
			continue;
		pages++;
		pid = fork();
		if (!pid)
			ask_without(kernel, pfn, by_page[pfn]);
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status) {
			printf("page %" PRIu64 ": the child ended with status 0x%x\n", pfn, status);
			died++;
		}
	}
	printf("%zu cells of the whole dump\n", nr_entries);
	return report(pages, died) ? 0 : 1;
}
