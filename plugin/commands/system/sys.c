// SPDX-License-Identifier: GPL-3.0-or-later
/* The command sys: what machine and what kernel this dump is of, and how it ended. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "commands/command.h"
#include "commands/system/sys.h"
#include "dump/file.h"
#include "kernel/stacks/source.h"
#include "kernel/system/system.h"

#define NSEC_PER_SEC 1000000000ull

static const struct option options[] = {
	{ 'c', NULL, "show the system calls: all, or those given by number or part of their name" },
	{ 'i', NULL, "show the machine's DMI strings: what its firmware says of it" },
	{ 't', NULL, "show what tainted the kernel, a line per letter" },
	{ 0 }
};

enum {
	KERNEL,
	DUMPFILE_TEXT,
	DUMPFILE,
	DUMPFILE_FLAGS,
	CPUS,
	CPUS_POSSIBLE,
	CPUS_OFFLINE,
	DATE,
	WALL,
	UPTIME,
	LOAD_TEXT,
	LOAD_1,
	LOAD_5,
	LOAD_15,
	TASKS_TEXT,
	TASKS,
	TASKS_AT_LEAST,
	NODENAME,
	RELEASE,
	VERSION,
	MACHINE_TEXT,
	MACHINE,
	CPU_KHZ,
	MEMORY,
	TAINT_TEXT,
	TAINTS,
	TAINT_MASK,
	BUILD_ID,
	PANIC
};

static const struct column columns[] = {
	[KERNEL] = { "kernel", "KERNEL", 0, 0 },
	[DUMPFILE_TEXT] = { "dumpfile_text", "DUMPFILE", 0, COLUMN_TEXT_ONLY },
	[DUMPFILE] = { "dumpfile", NULL, 0, COLUMN_JSON_ONLY },
	[DUMPFILE_FLAGS] = { "dumpfile_flags", NULL, 0, COLUMN_JSON_ONLY },
	[CPUS] = { "cpus", "CPUS", 0, 0 },
	[CPUS_POSSIBLE] = { "cpus_possible", NULL, 0, COLUMN_JSON_ONLY },
	[CPUS_OFFLINE] = { "cpus_offline", NULL, 0, COLUMN_JSON_ONLY },
	[DATE] = { "date", "DATE", 0, 0 },
	[WALL] = { "date_seconds", NULL, 0, COLUMN_JSON_ONLY },
	[UPTIME] = { "uptime_ns", "UPTIME", 0, 0 },
	[LOAD_TEXT] = { "load_text", "LOAD AVERAGE", 0, COLUMN_TEXT_ONLY },
	[LOAD_1] = { "load_1", NULL, 0, COLUMN_JSON_ONLY },
	[LOAD_5] = { "load_5", NULL, 0, COLUMN_JSON_ONLY },
	[LOAD_15] = { "load_15", NULL, 0, COLUMN_JSON_ONLY },
	[TASKS_TEXT] = { "tasks_text", "TASKS", 0, COLUMN_TEXT_ONLY },
	[TASKS] = { "tasks", NULL, 0, COLUMN_JSON_ONLY },
	[TASKS_AT_LEAST] = { "tasks_at_least", NULL, 0, COLUMN_JSON_ONLY },
	[NODENAME] = { "nodename", "NODENAME", 0, 0 },
	[RELEASE] = { "release", "RELEASE", 0, 0 },
	[VERSION] = { "version", "VERSION", 0, 0 },
	[MACHINE_TEXT] = { "machine_text", "MACHINE", 0, COLUMN_TEXT_ONLY },
	[MACHINE] = { "machine", NULL, 0, COLUMN_JSON_ONLY },
	[CPU_KHZ] = { "cpu_khz", NULL, 0, COLUMN_JSON_ONLY },
	[MEMORY] = { "memory_bytes", "MEMORY", 0, 0 },
	[TAINT_TEXT] = { "taint_text", "TAINTED", 0, COLUMN_RAW | COLUMN_TEXT_ONLY },
	[TAINTS] = { "taints", NULL, 0, COLUMN_JSON_ONLY },
	[TAINT_MASK] = { "taint_mask", NULL, 0, COLUMN_JSON_ONLY },
	[BUILD_ID] = { "build_id", NULL, 0, COLUMN_JSON_ONLY },
	[PANIC] = { "panic", "PANIC", 0, COLUMN_HIGHLIGHT },
};
static const struct shape shape = { "system", SHAPE_LIST, columns, ARRAY_SIZE(columns) };

/* What is wrong or special about the dump file, as crash puts it. */
static void dumpfile_flags(const struct dump *dump, struct buffer *text)
{
	const struct {
		bool set;
		const char *name;
	} flags[] = {
		{ dump->dump_level > 0, "PARTIAL DUMP" },
		{ dump->flags & DUMP_INCOMPLETE, "INCOMPLETE" },
		{ dump->flags & DUMP_TRUNCATED, "TRUNCATED" },
		{ dump->flags & DUMP_SPLIT_MISSING, "PARTS MISSING" },
		{ dump->flags & DUMP_EXCLUDED_VMEMMAP, "EXCLUDED VMEMMAP" },
		{ dump->flags & DUMP_FLATTENED, "FLATTENED" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].set)
			buffer_printf(text, "%s[%s]", text->size ? "  " : "", flags[i].name);
}

static bool emit_dumpfile(struct output *output, const struct dump *dump)
{
	struct buffer files = { 0 }, flags = { 0 };
	bool more;

	for (size_t i = 0; i < dump->nr_files; i++)
		buffer_printf(&files, "%s%s", i ? " " : "", dump->files[i]->path);
	dumpfile_flags(dump, &flags);
	more = output_printf(output, DUMPFILE_TEXT, "%s%s%s", files.data ? files.data : "",
			     flags.size ? "  " : "", flags.data ? flags.data : "") &&
	       output_string(output, DUMPFILE, files.data ? files.data : "") &&
	       output_string(output, DUMPFILE_FLAGS, flags.data ? flags.data : "");
	buffer_free(&files);
	buffer_free(&flags);
	return more;
}

static void date_text(uint64_t wall, char *text, size_t size)
{
	time_t seconds = wall;
	struct tm tm;

	/* In the time zone of whoever looks, as crash and date(1) do. */
	if (!localtime_r(&seconds, &tm) || !strftime(text, size, "%a %b %e %H:%M:%S %Z %Y", &tm))
		snprintf(text, size, "?");
}

static bool emit_clock(struct output *output, const struct system_info *info)
{
	uint64_t seconds = info->uptime_ns / NSEC_PER_SEC;
	char text[64];

	if (info->wall_seconds) {
		date_text(info->wall_seconds, text, sizeof(text));
		if (!output_string(output, DATE, text) ||
		    !output_uint(output, WALL, info->wall_seconds))
			return false;
	}
	if (info->uptime_ns) {
		text[0] = 0;
		if (seconds >= 86400)
			snprintf(text, sizeof(text), "%llu day%s, ",
				 (unsigned long long)seconds / 86400,
				 seconds < 2 * 86400 ? "" : "s");
		if (!output_uint_as(output, UPTIME, info->uptime_ns, "%s%02u:%02u:%02u", text,
				    (unsigned)(seconds / 3600 % 24), (unsigned)(seconds / 60 % 60),
				    (unsigned)(seconds % 60)))
			return false;
	}
	return !info->load_valid || (output_printf(output, LOAD_TEXT, "%.2f, %.2f, %.2f",
						   info->load[0], info->load[1], info->load[2]) &&
				     output_real(output, LOAD_1, info->load[0], 2) &&
				     output_real(output, LOAD_5, info->load[1], 2) &&
				     output_real(output, LOAD_15, info->load[2], 2));
}

static bool emit_memory(struct output *output, uint64_t bytes)
{
	if (!bytes)
		return true;
	if (bytes >= 10ull << 30)
		return output_uint_as(output, MEMORY, bytes, "%.1f GB",
				      bytes / (double)(1ull << 30));
	return output_uint_as(output, MEMORY, bytes, "%.1f MB", bytes / (double)(1ull << 20));
}

static bool emit_taint(struct kernel *kernel, struct output *output, const struct system_info *info)
{
	struct buffer text = { 0 }, letters = { 0 };
	bool more;

	if (!info->taint_known)
		return true;
	/* Lines of "X  meaning". */
	system_taint_text(kernel, info->taint_mask, &text);
	for (const char *line = text.data; line && *line; line = strchr(line, '\n') + 1)
		buffer_char(&letters, *line);
	more = output_uint(output, TAINT_MASK, info->taint_mask) &&
	       output_string(output, TAINTS, letters.data ? letters.data : "") &&
	       output_string(output, TAINT_TEXT, text.data ? text.data : "no");
	buffer_free(&text);
	buffer_free(&letters);
	return more;
}

/* As crash has it: "x86_64  (2300 MHz)". Only x86 keeps how fast its CPUs are. */
static bool emit_machine(struct kernel *kernel, struct output *output, const struct system_info *info)
{
	uint64_t khz = 0;

	if (kernel_read_variable(kernel, "cpu_khz", 4, &khz, NULL) && khz)
		output_uint(output, CPU_KHZ, khz);
	if (!info->machine[0])
		return true;
	if (khz)
		output_printf(output, MACHINE_TEXT, "%s  (%lu MHz)", info->machine, khz / 1000);
	else
		output_string(output, MACHINE_TEXT, info->machine);
	return output_string(output, MACHINE, info->machine);
}

static bool emit_names(struct kernel *kernel, struct output *output, const struct system_info *info)
{
	return output_string(output, KERNEL,
			     kernel->vmlinux_path ? kernel->vmlinux_path : "(none)") &&
	       emit_dumpfile(output, kernel->dump) &&
	       (!info->nodename[0] || output_string(output, NODENAME, info->nodename)) &&
	       (!info->release[0] || output_string(output, RELEASE, info->release)) &&
	       (!info->version[0] || output_string(output, VERSION, info->version)) &&
	       emit_machine(kernel, output, info) &&
	       (!kernel->build_id[0] || output_string(output, BUILD_ID, kernel->build_id));
}

/* A list that broke off has a least number of tasks, no number. */
static bool emit_tasks(struct output *output, const struct system_info *info)
{
	if (!info->nr_tasks)
		return true;
	if (info->tasks_whole)
		return output_printf(output, TASKS_TEXT, "%zu", info->nr_tasks) &&
		       output_uint(output, TASKS, info->nr_tasks) &&
		       output_uint(output, TASKS_AT_LEAST, info->nr_tasks);
	return output_uint(output, TASKS_AT_LEAST, info->nr_tasks) &&
	       output_printf(output, TASKS_TEXT, "at least %zu (the list breaks off, see below)", info->nr_tasks);
}

static size_t shown_survived(const struct system_info *info)
{
	return info->nr_survived < SYSTEM_MAX_SURVIVED ? info->nr_survived : SYSTEM_MAX_SURVIVED;
}

/* For machines: oopses that killed a task, and then the machine went on: not why it died. People get notes. */
static void emit_survived_rows(struct output *output, const struct system_info *info)
{
	static const struct column survived_columns[] = {
		{ "timestamp_ns", NULL, 0, COLUMN_JSON_ONLY },
		{ "text", NULL, 0, COLUMN_JSON_ONLY },
	};
	static const struct shape survived_shape = { "survived", SHAPE_PLAIN, survived_columns,
						     ARRAY_SIZE(survived_columns) };

	output_begin(output, &survived_shape);
	for (size_t i = 0; i < shown_survived(info) && output_row(output); i++) {
		if (!info->survived[i].timestamp_unknown)
			output_uint(output, 0, info->survived[i].timestamp);
		output_string(output, 1, info->survived[i].text);
	}
	output_end(output);
}

static void emit_notes(struct kernel *kernel, struct output *output, const struct system_info *info)
{
	struct error why = { 0 };
	uint64_t khz;

	if (info->running)
		output_note(output, "the kernel says that no CPU had panicked: the dump is of a machine that was running");
	else if (info->panic_known && !info->panic[0])
		output_note(output, "the log holds no panic and no oops: the dump may be of a "
				    "machine that was running");
	if (info->panic_hint[0])
		output_note(output, "what is left of the log says: %s", info->panic_hint);
	for (size_t i = 0; i < shown_survived(info); i++)
		output_note(output, "an oops that was survived: [%5llu.%06llu] %s",
			    (unsigned long long)(info->survived[i].timestamp / NSEC_PER_SEC),
			    (unsigned long long)(info->survived[i].timestamp % NSEC_PER_SEC / 1000), info->survived[i].text);
	if (info->nr_survived > SYSTEM_MAX_SURVIVED)
		output_note(output, "%zu oopses were survived; the first %d are listed", info->nr_survived,
			    SYSTEM_MAX_SURVIVED);
	if (info->uptime_from_jiffies)
		output_note(output, "the uptime is inferred from counted ticks");
	if (info->unknown[0])
		output_note(output, "not known: %s", info->unknown);
	if (!kernel_read_variable(kernel, "cpu_khz", 4, &khz, &why) && why.kind != ERROR_NO_SYMBOL)
		output_note(output, "not known: how fast the CPUs are: %s", why.text);
}

static void emit_cpus(struct output *output, const struct system_info *info)
{
	const char *colon = info->cpus_offline[0] ? "; offline: " : "";

	if (info->cpus_online && info->cpus_possible > info->cpus_online)
		output_uint_as(output, CPUS, info->cpus_online, "%u online of %u possible%s%s",
			       info->cpus_online, info->cpus_possible, colon, info->cpus_offline);
	else if (info->cpus_online)
		output_uint(output, CPUS, info->cpus_online);
	if (info->cpus_possible)
		output_uint(output, CPUS_POSSIBLE, info->cpus_possible);
	if (info->cpus_offline_known)
		output_string(output, CPUS_OFFLINE, info->cpus_offline);
}

static bool sys_show(struct kernel *kernel, struct output *output, struct error *error)
{
	struct system_info info;

	if (!system_info(kernel, &info, error))
		return false;
	if (!output_begin(output, &shape) || !emit_names(kernel, output, &info))
		return true;
	emit_cpus(output, &info);
	if (!emit_clock(output, &info) || !emit_memory(output, info.memory_bytes) ||
	    !emit_tasks(output, &info) || !emit_taint(kernel, output, &info))
		return true;
	if (info.panic[0])
		output_string(output, PANIC, info.panic);
	emit_survived_rows(output, &info);
	output_end(output);
	emit_notes(kernel, output, &info);
	return true;
}

/* --- sys -t --- */

static const struct column taint_columns[] = {
	{ "letter", "TAINT", 5, 0 },
	{ "meaning", "MEANING", 0, 0 },
};
static const struct shape taint_shape = { "taint", SHAPE_TABLE, taint_columns,
					  ARRAY_SIZE(taint_columns) };

static bool sys_taint(struct kernel *kernel, struct output *output, struct error *error)
{
	struct buffer text = { 0 };
	uint64_t mask;

	if (!kernel_read_variable(kernel, "tainted_mask", kernel->arch->pointer_size, &mask, error))
		return false;
	if (!output_begin(output, &taint_shape))
		return true;
	/* Lines of "X  meaning". */
	system_taint_text(kernel, mask, &text);
	for (char *line = text.data, *end; line && (end = strchr(line, '\n')); line = end + 1)
		if (end - line < 3 || !output_row(output) || !output_bytes(output, 0, line, 1) ||
		    !output_bytes(output, 1, line + 3, end - line - 3))
			break;
	output_end(output);
	if (!mask)
		output_note(output, "the kernel is not tainted");
	buffer_free(&text);
	return true;
}

/* --- sys -c --- */

enum { CALL_NUMBER, CALL_NAME, CALL_ADDRESS, CALL_SOURCE };

static const struct column call_columns[] = {
	[CALL_NUMBER] = { "number", "NUM", 4, COLUMN_RIGHT },
	[CALL_NAME] = { "name", "SYSTEM CALL", 28, COLUMN_FUNCTION },
	[CALL_ADDRESS] = { "address", "ADDRESS", 16, COLUMN_ADDRESS },
	[CALL_SOURCE] = { "source", "SOURCE", 0, 0 },
};
/* Without source lines there is no column for them. */
static const struct shape call_shape = { "system_calls", SHAPE_TABLE, call_columns, CALL_SOURCE };
static const struct shape source_shape = { "system_calls", SHAPE_TABLE, call_columns,
					   ARRAY_SIZE(call_columns) };

struct calls {
	const struct arguments *arguments;
	const struct host *host;
	struct output *output;
	bool source;
	size_t shown;
	uint64_t matched;		/* bit per word */
	bool stopped;
};
_Static_assert(COMMAND_MAX_WORDS <= 64, "one bit each");

static bool call_wanted(struct calls *calls, unsigned number, const char *name)
{
	bool wanted = false;

	if (!calls->arguments->nr_words)
		return true;
	for (size_t i = 0; i < calls->arguments->nr_words; i++) {
		const char *word = calls->arguments->words[i];
		char *end;
		unsigned long value = strtoul(word, &end, 0);

		if (*word && !*end ? value == number : strstr(name, word) != NULL) {
			calls->matched |= 1ull << i;
			wanted = true;
		}
	}
	return wanted;
}

static bool each_call(void *context, unsigned number, uint64_t address, const char *name)
{
	struct calls *calls = context;
	const struct host *host = calls->host;
	struct output *output = calls->output;
	const struct source_frame *frames;
	char line[512];

	if (!call_wanted(calls, number, name))
		return true;
	calls->shown++;
	calls->stopped = !output_row(output) || !output_uint(output, CALL_NUMBER, number) ||
			 (name[0] && !output_string(output, CALL_NAME, name)) ||
			 !output_address(output, CALL_ADDRESS, address);
	if (!calls->stopped && calls->source && host_source(host, address, true, &frames) &&
	    source_frame_place(&frames[0], line, sizeof(line)))
		calls->stopped = !output_string(output, CALL_SOURCE, line);
	return !calls->stopped;
}

static bool sys_calls(struct kernel *kernel, const struct arguments *arguments,
		      struct output *output, const struct host *host, struct error *error)
{
	struct error why;
	struct calls calls = { .arguments = arguments, .host = host, .output = output, .source = kernel_has_source(kernel, &why) };
	bool good;

	if (!output_begin(output, calls.source ? &source_shape : &call_shape))
		return true;
	good = system_calls(kernel, each_call, &calls, error);
	output_end(output);
	if (!good || calls.stopped)
		return good;
	if (!calls.shown && arguments->nr_words)
		return error_set(error, ERROR_USAGE,
				 "sys -c: no system call has the number or name %s",
				 arguments->words[0]);
	for (size_t i = 0; i < arguments->nr_words; i++)
		if (!(calls.matched >> i & 1))
			return error_set(error, ERROR_PARTIAL, "no system call has the number or name %s",
					 arguments->words[i]);
	return true;
}

static bool sys_run(struct kernel *kernel, const struct arguments *arguments, struct output *output,
		    const struct host *host, struct error *error)
{
	if (has_option(arguments, 'c') + has_option(arguments, 't') + has_option(arguments, 'i') > 1)
		return error_set(error, ERROR_USAGE,
				 "sys: -c, -t and -i are different views; give one of them");
	if (has_option(arguments, 'c'))
		return sys_calls(kernel, arguments, output, host, error);
	if (arguments->nr_words && strcmp(arguments->words[0], "config") == 0)
		return config_show(kernel, "sys config", arguments, 1, output, error);
	if (arguments->nr_words)
		return error_set(error, ERROR_USAGE,
				 "sys: \"%s\" is not known; there is `sys config`, and -c takes "
				 "names of system calls",
				 arguments->words[0]);
	if (has_option(arguments, 't'))
		return sys_taint(kernel, output, error);
	if (has_option(arguments, 'i'))
		return sys_dmi(kernel, output, error);
	return sys_show(kernel, output, error);
}

static const char help[] =
	"Without options or words: what a bug report begins with.\n"
	"\n"
	"DUMPFILE: [PARTIAL DUMP] pages were left out on purpose (makedumpfile -d),\n"
	"[INCOMPLETE] the writer ran out of space, [TRUNCATED] the file is shorter than\n"
	"it should be, [PARTS MISSING] files of a split dump are not here, [EXCLUDED\n"
	"VMEMMAP] makedumpfile -e left out page descriptors, [FLATTENED] the file is\n"
	"makedumpfile's stream for pipes.\n"
	"DATE and UPTIME are those of the last clock tick before the end; DATE is in\n"
	"your own time zone, UPTIME counts the time asleep. LOAD AVERAGE is of the last\n"
	"1, 5 and 15 minutes. MEMORY is MemTotal: what the kernel had to give away,\n"
	"without what it (and a crash kernel) keeps for itself. TAINTED says what may\n"
	"have made the kernel unreliable; the words are those of the kernel's own table.\n"
	"PANIC is the panic message or, if there was none, what the last oops says.\n"
	"\n"
	"MACHINE: the clock of the CPUs is that of the TSC, where the kernel keeps it\n"
	"(x86).\n"
	"-i shows what the firmware (DMI, SMBIOS) told the kernel: vendor, product,\n"
	"serial numbers, version of the BIOS; what it did not say is left out.\n"
	"\n"
	"-c takes numbers (decimal or 0x...) and parts of names, and shows where the\n"
	"calls are defined. `sys config` is `kernel config`.\n"
	"\n"
	"JSON: an object \"system\", sizes in bytes and times in ns; arrays \"taint\",\n"
	"\"system_calls\", \"config\".\n"
	"\n"
	"Examples:\n"
	"(gdb) kernel sys\n"
	"      KERNEL: ./vmlinux\n"
	"    DUMPFILE: ./vmcore  [PARTIAL DUMP]\n"
	"        CPUS: 4\n"
	"        DATE: Sun Nov 22 05:17:47 UTC 2026\n"
	"      UPTIME: 00:00:35\n"
	"LOAD AVERAGE: 1.30, 0.31, 0.10\n"
	"       TASKS: 137\n"
	"    NODENAME: rig-guest\n"
	"     RELEASE: 7.2.13+deb14-cloud-amd64\n"
	"     VERSION: #1 SMP PREEMPT_DYNAMIC Debian 7.2.13-1 (2026-10-28)\n"
	"     MACHINE: x86_64  (2300 MHz)\n"
	"      MEMORY: 706.6 MB\n"
	"     TAINTED: O  externally built (out-of-tree) module was loaded\n"
	"              E  unsigned module was loaded\n"
	"       PANIC: Kernel panic - not syncing: sysrq triggered crash\n"
	"\n"
	"(gdb) kernel sys -c pause\n"
	" NUM  SYSTEM CALL                       ADDRESS       SOURCE\n"
	"  34  pause                         ffffffff98aad410  kernel/signal.c:4634\n";

static const struct mi_name mi_names[] = { { "system", NULL }, { 0 } };

const struct command command_sys = {
	.name = "sys",
	.mi = mi_names,
	.summary = "Show what machine and kernel this was, and how it ended.",
	.usage = "sys [-t|-i] | sys -c [NAME|NUMBER]... | sys config [OPTION]...",
	.help = help,
	.options = options,
	.words = COMPLETE_NONE,
	.run = sys_run,
};
