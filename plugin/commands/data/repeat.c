// SPDX-License-Identifier: GPL-3.0-or-later
/* The command repeat: a command again and again, until Ctrl-C. A dump does not change, the memory of a running machine does. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "commands/command.h"

#define MAX_SECONDS 86400

static const struct option options[] = { { 0 } };

enum { ROUND, TEXT };
static const struct column columns[] = {
	[ROUND] = { "round", NULL, 0, COLUMN_JSON_ONLY },
	[TEXT] = { "output", "%", 0, COLUMN_RAW },
};
static const struct shape shape = { "rounds", SHAPE_PLAIN, columns, ARRAY_SIZE(columns) };

/* "-5 ps" -> 5 and "ps". */
static bool parse(const char *line, uint64_t *seconds_ret, const char **command_ret, struct error *error)
{
	char *end;

	*seconds_ret = 0;
	*command_ret = line;
	if (*line == '-') {
		errno = 0;
		*seconds_ret = strtoull(line + 1, &end, 10);
		if (end == line + 1 || (*end && !strchr(" \t", *end)) || errno || *seconds_ret > MAX_SECONDS)
			return error_set(error, ERROR_USAGE, "repeat: -SECONDS is a number up to %d, as in repeat -1 print jiffies", MAX_SECONDS);
		*command_ret = end + strspn(end, " \t");
	}
	if (!**command_ret)
		return error_set(error, ERROR_USAGE, "repeat: which command? repeat [-SECONDS] COMMAND");
	if (!strncmp(*command_ret, "repeat", 6) && (!(*command_ret)[6] || strchr(" \t", (*command_ret)[6])))
		return error_set(error, ERROR_USAGE, "repeat: not in itself");
	return true;
}

/* False: Ctrl-C. It is looked at often, so that it need not be waited for. */
static bool wait_seconds(struct kernel *kernel, uint64_t seconds)
{
	static const struct timespec slice = { .tv_nsec = 50000000 };
	struct error error;

	for (uint64_t i = 0; i < seconds * 20; i++) {
		nanosleep(&slice, NULL);
		if (!kernel_check_interrupt(kernel, &error))
			return false;
	}
	return kernel_check_interrupt(kernel, &error);
}

/* One of ours is found by its bare name also where gdb has one of that name. */
static bool full_line(const char *command, struct buffer *line, struct error *error)
{
	char *name = strndup(command, strcspn(command, " \t"));

	if (!name)
		return error_no_memory(error, "a command's name", strlen(command));
	buffer_printf(line, "%s%s", command_find(name) ? "kernel " : "", command);
	free(name);
	return !line->failed || error_no_memory(error, "a command line", strlen(command));
}

/* False: the person has had enough, or *error. */
static bool one_round(const struct host *host, struct output *output, uint64_t round, const char *line, struct error *error)
{
	struct buffer text = { 0 };
	bool done = host->execute(host->context, line, &text, error), more = true;

	if (done || text.size)
		more = output_row(output) && output_uint(output, ROUND, round) && output_bytes(output, TEXT, text.size ? text.data : "", text.size);
	buffer_free(&text);
	return done && more && output_flush(output);
}

static bool repeat_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		       struct error *error)
{
	struct buffer line = { 0 };
	const char *command;
	uint64_t seconds, round = 1;

	*error = (struct error){ .kind = ERROR_NONE };
	if (!host || !host->execute)
		return error_set(error, ERROR_USAGE, "repeat: there is no gdb here that could run a command");
	if (!parse(arguments->nr_words ? arguments->words[0] : "", &seconds, &command, error) || !full_line(command, &line, error)) {
		buffer_free(&line);
		return false;
	}
	output_begin(output, &shape);
	while (one_round(host, output, round, line.data, error) && wait_seconds(kernel, seconds))
		round++;
	output_end(output);
	buffer_free(&line);
	/* Ctrl-C is how it ends. */
	if (error->kind == ERROR_NONE || (error->kind == ERROR_INTERRUPTED && round > 1))
		return true;
	if (error->kind != ERROR_INTERRUPTED && round > 1)
		error->kind = ERROR_PARTIAL;
	return error_prefix(error, "repeat");
}

static const char help[] =
	"Runs COMMAND, one of ours (without `kernel' before it) or any of gdb's, again\n"
	"and again, SECONDS after it has ended, until Ctrl-C, q at the pager, or the\n"
	"command fails. A dump does not change meanwhile; the memory of a running machine\n"
	"(/proc/kcore) does, but for what has been read of it once and is kept.\n"
	"\n"
	"JSON, when it ends: an array \"rounds\" of {round, output}.\n"
	"\n"
	"Example:\n"
	"(gdb) kernel repeat -1 rd jiffies_64\n"
	"ffffffffa4a09940:  00000000ffff9ba7                     ........\n"
	"ffffffffa4a09940:  00000000ffff9ba7                     ........\n"
	"^C\n";

static const struct mi_name mi_names[] = { { "repeat", NULL }, { 0 } };

const struct command command_repeat = {
	.name = "repeat",
	.mi = mi_names,
	.summary = "Run a command again and again, until Ctrl-C.",
	.usage = "repeat [-SECONDS] COMMAND [ARGUMENT...]",
	.help = help,
	.options = options,
	.words = COMPLETE_NONE,
	.line = true,
	.run = repeat_run,
};
