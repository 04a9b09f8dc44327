// SPDX-License-Identifier: GPL-3.0-or-later
/* The command log (dmesg): the kernel's messages. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/buffer.h"
#include "commands/system/log.h"
#include "kernel/system/log.h"
#include "kernel/system/system.h"

#define NSEC_PER_SEC 1000000000ull

enum { SEQUENCE, TIMESTAMP, TIME, LEVEL, FACILITY, CALLER, COMM, DICTIONARY, TEXT, LINE };

/* A person sees the line, which is made of the other cells. */
static const struct column columns[] = {
	[SEQUENCE] = { "seq", NULL, 0, COLUMN_JSON_ONLY },
	[TIMESTAMP] = { "timestamp_ns", NULL, 0, COLUMN_JSON_ONLY },
	[TIME] = { "time", NULL, 0, COLUMN_JSON_ONLY },
	[LEVEL] = { "level", NULL, 0, COLUMN_JSON_ONLY },
	[FACILITY] = { "facility", NULL, 0, COLUMN_JSON_ONLY },
	[CALLER] = { "caller", NULL, 0, COLUMN_JSON_ONLY },
	[COMM] = { "comm", NULL, 0, COLUMN_JSON_ONLY },
	[DICTIONARY] = { "dictionary", NULL, 0, COLUMN_JSON_ONLY },
	[TEXT] = { "text", NULL, 0, COLUMN_JSON_ONLY },
	[LINE] = { "line", NULL, 0, COLUMN_RAW | COLUMN_TEXT_ONLY },
};
static const struct shape shape = { "log", SHAPE_PLAIN, columns, ARRAY_SIZE(columns) };

static const struct option options[] = {
	{ 'T', NULL, "show the time of day instead of seconds since boot" },
	{ 't', NULL, "show no time at all" },
	{ 'd', NULL, "show each message's dictionary (the device it is about) below it" },
	{ 'm', NULL, "show each message's level and facility: <N> with N = 8 * facility + level" },
	{ 'c', NULL, "show who wrote it: T and a task's pid, or C and a CPU in an interrupt" },
	{ 'l', "LEVELS", "only these levels: names or numbers with commas; err+ is err and worse" },
	{ 'a', NULL, "audit records that still wait in the kernel's queues" },
	{ 0 }
};

static const char *const level_names[] = { "emerg", "alert",  "crit", "err",
					   "warn",  "notice", "info", "debug" };

/* One run of the command. */
struct run {
	struct output *output;
	const struct arguments *arguments;
	struct system_clock clock;
	unsigned levels;		/* bit per level wanted */
	bool any_caller, any;
	struct buffer line;
};

static bool parse_level(const char *word, unsigned *levels, struct error *error)
{
	size_t length = strcspn(word, ",");
	bool worse = length && word[length - 1] == '+';

	if (worse)
		length--;
	for (unsigned i = 0; i < ARRAY_SIZE(level_names); i++) {
		bool hit = length == strlen(level_names[i]) &&
			   strncasecmp(word, level_names[i], length) == 0;

		if (hit || (length == 1 && word[0] == '0' + (int)i)) {
			*levels |= worse ? (2u << i) - 1 : 1u << i;
			return true;
		}
	}
	return error_set(error, ERROR_USAGE,
			 "log -l: no level is called \"%.*s\"; there are emerg, alert, crit, err, "
			 "warn, notice, info, "
			 "debug, or 0 to 7",
			 (int)length, word);
}

static bool parse_levels(const char *text, unsigned *levels, struct error *error)
{
	*levels = 0;
	for (;;) {
		if (!parse_level(text, levels, error))
			return false;
		text = strchr(text, ',');
		if (!text)
			return true;
		text++;
	}
}

/*
 * "2026-11-22 04:43:11.553930", in the time zone of whoever looks; what dmesg -T calls human
 * readable, but sortable.
 */
static void format_time(const struct run *run, uint64_t timestamp, char *text, size_t size)
{
	int64_t when = run->clock.wall_offset_ns + (int64_t)timestamp;
	time_t seconds = when / (int64_t)NSEC_PER_SEC;
	struct tm tm;
	size_t length;

	if (when < 0 || !localtime_r(&seconds, &tm)) {
		snprintf(text, size, "?");
		return;
	}
	length = strftime(text, size, "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(text + length, size - length, ".%06u",
		 (unsigned)(when % (int64_t)NSEC_PER_SEC / 1000));
}

static void format_caller(const struct log_record *record, char *text, size_t size)
{
	/* printk_caller_id(): the task, or the CPU where there is none */
	snprintf(text, size, "%c%u", record->caller & 0x80000000 ? 'C' : 'T',
		 record->caller & 0x7fffffff);
}

static void put_prefix(struct run *run, const struct log_record *record)
{
	char text[64];

	if (has_option(run->arguments, 'm'))
		buffer_printf(&run->line, "<%u>", record->facility * 8u + record->level);
	if (record->timestamp_unknown && !has_option(run->arguments, 't')) {
		buffer_printf(&run->line, "[%12s]", "-");
	} else if (has_option(run->arguments, 'T')) {
		format_time(run, record->timestamp, text, sizeof(text));
		buffer_printf(&run->line, "[%s]", text);
	} else if (!has_option(run->arguments, 't')) {
		/* As the kernel prints it on the console. */
		buffer_printf(&run->line, "[%5llu.%06llu]",
			      (unsigned long long)(record->timestamp / NSEC_PER_SEC),
			      (unsigned long long)(record->timestamp % NSEC_PER_SEC / 1000));
	}
	if (has_option(run->arguments, 'c') && record->has_caller) {
		format_caller(record, text, sizeof(text));
		buffer_printf(&run->line, "[%6s]", text);
	}
	if (run->line.size && run->line.data[run->line.size - 1] == ']')
		buffer_char(&run->line, ' ');
}

/* Text whose further lines are indented by INDENT. */
static void put_lines(struct buffer *line, const char *text, size_t size, size_t indent)
{
	const char *newline;

	while ((newline = memchr(text, '\n', size))) {
		buffer_append(line, text, newline - text + 1);
		for (size_t i = 0; i < indent; i++)
			buffer_char(line, ' ');
		size -= newline + 1 - text;
		text = newline + 1;
	}
	buffer_append(line, text, size);
}

static bool emit_record(struct run *run, const struct log_record *record)
{
	struct output *output = run->output;
	char text[64];
	size_t indent;

	buffer_clear(&run->line);
	put_prefix(run, record);
	indent = run->line.size;
	put_lines(&run->line, record->text, record->size, indent);
	if (has_option(run->arguments, 'd') && record->dictionary) {
		put_lines(&run->line, "\n", 1, indent);
		put_lines(&run->line, record->dictionary, strlen(record->dictionary), indent);
	}
	if (!output_row(output) ||
	    (!record->sequence_unknown && !output_uint(output, SEQUENCE, record->sequence)) ||
	    (!record->timestamp_unknown && !output_uint(output, TIMESTAMP, record->timestamp)) ||
	    !output_uint(output, LEVEL, record->level) ||
	    !output_uint(output, FACILITY, record->facility))
		return false;
	if (run->clock.wall_valid && !record->timestamp_unknown) {
		format_time(run, record->timestamp, text, sizeof(text));
		if (!output_string(output, TIME, text))
			return false;
	}
	if (record->has_caller) {
		format_caller(record, text, sizeof(text));
		if (!output_string(output, CALLER, text))
			return false;
	}
	if ((record->comm && !output_string(output, COMM, record->comm)) ||
	    (record->dictionary && !output_string(output, DICTIONARY, record->dictionary)))
		return false;
	return output_bytes(output, TEXT, record->text, record->size) &&
	       output_bytes(output, LINE, run->line.data ? run->line.data : "", run->line.size);
}

static bool each_record(void *context, const struct log_record *record)
{
	struct run *run = context;

	run->any = true;
	run->any_caller |= record->has_caller;
	if (!(run->levels >> (record->level & 7) & 1))
		return true;
	return emit_record(run, record) && !run->line.failed;
}

static bool log_run(struct kernel *kernel, const struct arguments *arguments, struct output *output,
		    const struct host *host, struct error *error)
{
	struct run run = { .output = output, .arguments = arguments, .levels = 0xff };
	struct error why = { .kind = ERROR_NONE }, time_error = { .kind = ERROR_NONE };
	bool good;

	(void)host;
	if (arguments->nr_words)
		return error_set(error, ERROR_USAGE,
				 "log takes no words, only options; \"%s\" is none",
				 arguments->words[0]);
	if (has_option(arguments, 'a'))
		return arguments->flags & (arguments->flags - 1) ? error_set(error, ERROR_USAGE, "log: no other option goes with -a") :
								  log_audit(kernel, output, error);
	if (has_option(arguments, 'T') && has_option(arguments, 't'))
		return error_set(error, ERROR_USAGE,
				 "log: -T shows the time of day, -t no time; give one of them");
	if (option_value(arguments, 'l') &&
	    !parse_levels(option_value(arguments, 'l'), &run.levels, error))
		return false;
	if (!system_clock(kernel, &run.clock, &time_error) && has_option(arguments, 'T'))
		return error_set(error, time_error.kind, "log -T: the time of day is not known: %s",
				 time_error.text);
	if (has_option(arguments, 'T') && !run.clock.wall_valid)
		return error_set(error, ERROR_NO_SYMBOL, "log -T: the time of day is not known");
	if (!output_begin(output, &shape))
		return true;
	good = log_for_each(kernel, each_record, &run, &why);
	buffer_free(&run.line);
	output_end(output);
	if (!good && (!run.any || why.kind == ERROR_INTERRUPTED || why.kind == ERROR_NO_MEMORY)) {
		*error = why;
		return false;
	}
	if (has_option(arguments, 'T'))
		output_note(output, "times of day are inferred: seconds since boot plus the "
				    "clock's distance from them at "
				    "the end; wrong for messages before the clock was set or the "
				    "machine slept");
	if (arguments->json && !run.clock.wall_valid)
		output_note(output, "the time of day is not known%s%s", time_error.kind ? ": " : "", time_error.text);
	if (has_option(arguments, 'c') && run.any && !run.any_caller)
		output_note(output, "this kernel does not record who wrote a message "
				    "(CONFIG_PRINTK_CALLER is not set)");
	return good || error_set(error, ERROR_PARTIAL, "%s", why.text);
}

static const char help[] =
	"Shows the kernel's messages straight from its ring buffer in the dump, oldest\n"
	"first, as dmesg does: in front are seconds since boot. Further lines of one\n"
	"message are indented. What was overwritten before the crash is gone; records\n"
	"that are damaged, or whose memory is not in the dump, are left out and counted\n"
	"in a note. Of a record whose time is damaged the time is -, of one whose length\n"
	"is damaged the text is what looks like text; both are counted as well.\n"
	"\n"
	"Levels for -l: emerg 0, alert 1, crit 2, err 3, warn 4, notice 5, info 6,\n"
	"debug 7.\n"
	"\n"
	"-T infers the time of day: a message's seconds since boot plus the wall clock's\n"
	"distance from them at the end. Times before the clock was set, or before the\n"
	"machine slept, are off by as much. It is shown in your own time zone.\n"
	"\n"
	"-c shows T and a task's PID, or C and a CPU's number where there was no task (an\n"
	"interrupt). Kernels before 5.10 have that only if they were built with\n"
	"CONFIG_PRINTK_CALLER.\n"
	"\n"
	"-a shows what the audit daemon had not fetched, queue by queue: records\n"
	"that wait, that are to be sent again, that are held because there was no daemon.\n"
	"\n"
	"JSON: an array \"log\" of {seq, timestamp_ns, time, level, facility, caller, comm,\n"
	"dictionary, text}; with -a \"audit\" of {type, text, queue, skb}.\n"
	"\n"
	"Examples:\n"
	"(gdb) kernel log -l emerg\n"
	"[   35.562012] Kernel panic - not syncing: sysrq triggered crash\n"
	"\n"
	"(gdb) kernel log -c -d\n"
	"...\n"
	"[    2.674406][    T1] rtc_cmos PNP0B00:00: RTC can wake from S4\n"
	"                       SUBSYSTEM=platform\n"
	"                       DEVICE=+platform:PNP0B00:00\n"
	"...\n"
	"\n"
	"(gdb) kernel log -a\n"
	"note: no audit record waits in the kernel's queues\n";

static const struct mi_name mi_names[] = { { "log", NULL }, { 0 } };

const struct command command_log = {
	.name = "log",
	.alias = "dmesg",
	.mi = mi_names,
	.summary = "Show the kernel's log.",
	.usage = "log [-T|-t] [-dmc] [-l LEVELS] | log -a",
	.help = help,
	.options = options,
	.words = COMPLETE_NONE,
	.run = log_run,
};
