// SPDX-License-Identifier: GPL-3.0-or-later
/* ps -a: command line and environment out of the task's own memory; ps -r: resource limits; ps -S:
 * counts. */
#include "commands/tasks/ps.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "commands/tasks/task_cells.h"

/* --- -a --- */

/* More than anybody reads; the kernel allows megabytes (a quarter of the stack's limit), and damage
 * anything. */
#define MAX_STRINGS (128 * 1024)

/* A run of NUL-terminated strings in a task's memory. */
struct strings {
	struct buffer bytes;
	bool cut;			/* longer than MAX_STRINGS */
	struct error error;		/* kind: what stopped the reading before the end */
};

/* Reads mm_struct's [START, END), page by page, so that one excluded page does not hide those
 * before it. */
static void read_strings(struct ps *ps, const struct task *task, uint64_t root,
			 const char *start_member, const char *end_member, struct strings *strings)
{
	uint32_t page_size = memory_page_size(ps->kernel->memory);
	uint64_t start, end;

	memset(strings, 0, sizeof(*strings));
	if (!kernel_read_member(ps->kernel, task->mm, "mm_struct", start_member, &start,
				&strings->error) ||
	    !kernel_read_member(ps->kernel, task->mm, "mm_struct", end_member, &end,
				&strings->error))
		return;
	if (end < start) {
		error_set(&strings->error, ERROR_CORRUPT, "mm_struct.%s is behind %s", start_member,
			  end_member);
		return;
	}
	if (end - start > MAX_STRINGS) {
		strings->cut = true;
		end = start + MAX_STRINGS;
	}
	while (start < end) {
		char page[65536];
		size_t size = page_size - start % page_size;

		if (size > end - start)
			size = end - start;
		if (size > sizeof(page))
			size = sizeof(page);
		if (!memory_read_user(ps->kernel->memory, root, start, page, size, &strings->error))
			return;
		buffer_append(&strings->bytes, page, size);
		start += size;
	}
}

/* "/sbin/init --user": the strings with spaces between them. */
static void joined_cell(struct output *output, size_t column, const struct strings *strings)
{
	struct buffer text = { 0 };

	/* Nothing of it could be read: it is not known to be empty. */
	if (strings->error.kind != ERROR_NONE && !strings->bytes.size)
		return;
	buffer_append(&text, strings->bytes.data ? strings->bytes.data : "", strings->bytes.size);
	while (text.size && !text.data[text.size - 1])
		text.size--;
	for (size_t i = 0; i < text.size; i++)
		if (!text.data[i])
			text.data[i] = ' ';
	if (text.data)
		output_bytes(output, column, text.data, text.size);
	buffer_free(&text);
}

/* One row per string; LABEL stands before the first. */
static void string_rows(struct output *output, const struct shape *shape, const char *label,
			const struct strings *strings)
{
	const char *at = strings->bytes.data;
	size_t left = strings->bytes.size;

	output_begin(output, shape);
	while (left) {
		size_t size = strnlen(at, left);
		size_t step = size < left ? size + 1 : size;

		if (size ||
		    step < left) { /* the area may end in padding, but "" is an argument too */
			if (!output_row(output))
				break;
			output_string(output, 0, label);
			output_bytes(output, 1, at, size);
			label = "";
		}
		at += step;
		left -= step;
	}
	output_end(output);
}

static void strings_note(struct output *output, const char *what, const struct strings *strings)
{
	if (strings->error.kind == ERROR_EXCLUDED)
		output_note(output,
			    "the %s %s not in the dump: %s (makedumpfile -d left user pages out)",
			    what, strings->bytes.size ? "are cut off, the rest is" : "are",
			    strings->error.text);
	else if (strings->error.kind)
		output_note(output, "the %s %s not readable: %s", what,
			    strings->bytes.size ? "are cut off, the rest is" : "are",
			    strings->error.text);
	else if (strings->cut)
		output_note(output, "the %s go on, only the first %d bytes are shown", what,
			    MAX_STRINGS);
}

static void arguments_of(struct ps *ps, const struct task *task)
{
	static const struct column argument_columns[] = {
		{ "label", "", 0, COLUMN_JSON_ONLY | COLUMN_TEXT_ONLY },
		{ "value", "", 0, COLUMN_JSON_ONLY },
	};
	static const struct column environment_columns[] = {
		{ "label", "", 4, COLUMN_TEXT_ONLY },
		{ "value", "", 0, COLUMN_LEFT },
	};
	static const struct shape argument_shape = { "arguments", SHAPE_PLAIN, argument_columns,
						     2 };
	static const struct shape environment_shape = { "environment", SHAPE_PLAIN,
							environment_columns, 2 };
	struct strings arguments, environment;
	struct error error = { 0 };
	uint64_t root;

	if (!task_knows(task, TASK_MM)) {
		output_note(ps->output, "whether it has memory is not known: %s", task->damage);
		return;
	}
	if (!task->mm) {
		output_note(ps->output, task->kernel_thread || task->idle
						? "a kernel thread: it has no command line"
						: "it has exited: its memory is gone");
		return;
	}
	if (!task_user_root(ps->kernel, task, &root, &error)) {
		output_note(ps->output, "its memory cannot be read: %s", error.text);
		return;
	}
	read_strings(ps, task, root, "arg_start", "arg_end", &arguments);
	read_strings(ps, task, root, "env_start", "env_end", &environment);
	joined_cell(ps->output, TASK_CELLS, &arguments);
	string_rows(ps->output, &argument_shape, "", &arguments);
	strings_note(ps->output, "arguments", &arguments);
	string_rows(ps->output, &environment_shape, "ENV:", &environment);
	strings_note(ps->output, "environment strings", &environment);
	buffer_free(&arguments.bytes);
	buffer_free(&environment.bytes);
}

bool ps_arguments(struct ps *ps, struct error *error)
{
	static const struct column columns[] = {
		TASK_COLUMNS,
		{ "command_line", "\nARG: %", 0, COLUMN_LEFT },
	};
	static const struct shape shape = { "tasks", SHAPE_HEADING, columns, ARRAY_SIZE(columns) };

	output_begin(ps->output, &shape);
	for (size_t i = 0; i < ps->count; i++) {
		const struct task *task = ps->tasks[i];

		if (!kernel_check_interrupt(ps->kernel, error))
			return false;
		if (!task->mm && task_knows(task, TASK_MM) &&
		    !ps->arguments->nr_words) /* of all tasks, those that can have any */
			continue;
		if (!output_row(ps->output))
			break;
		task_cells(ps->output, task);
		arguments_of(ps, task);
	}
	output_end(ps->output);
	return true;
}

/* --- -r --- */

/* include/uapi/asm-generic/resource.h; the order is ABI. */
static const char *const limit_names[] = {
	"CPU",	   "FSIZE", "DATA",  "STACK",	   "CORE",     "RSS",  "NPROC",	 "NOFILE",
	"MEMLOCK", "AS",    "LOCKS", "SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO", "RTTIME",
};

static void limit_cell(struct output *output, size_t column, uint64_t value, uint64_t infinity)
{
	if (value == infinity)
		output_uint_as(output, column, value, "(unlimited)");
	else
		output_uint(output, column, value);
}

static bool limits_of(struct ps *ps, const struct task *task, struct error *error)
{
	static const struct column columns[] = {
		{ "name", "RLIMIT", 12, COLUMN_RIGHT },
		{ "current", "CURRENT", 20, COLUMN_RIGHT },
		{ "maximum", "MAXIMUM", 20, COLUMN_RIGHT },
	};
	static const struct shape shape = { "limits", SHAPE_TABLE, columns, ARRAY_SIZE(columns) };
	struct kernel *kernel = ps->kernel;
	size_t word = kernel->arch->pointer_size;	/* struct rlimit is two longs */
	uint64_t infinity = word == 8 ? UINT64_MAX : UINT32_MAX;
	uint64_t signal;
	struct member limits;
	uint8_t copy[16 * ARRAY_SIZE(limit_names)];
	size_t count;

	if (!types_member(kernel->types, "signal_struct", "rlim", &limits, error) ||
	    !kernel_read_member(kernel, task->address, "task_struct", "signal", &signal, error))
		return false;
	if (!signal)
		return error_set(error, ERROR_NOT_MAPPED,
				 "it has exited: its signal_struct is gone");
	count = limits.count < ARRAY_SIZE(limit_names) ? limits.count : ARRAY_SIZE(limit_names);
	if (!memory_read(kernel->memory, signal + limits.offset, copy, count * 2 * word, error))
		return false;
	output_begin(ps->output, &shape);
	for (size_t i = 0; i < count && output_row(ps->output); i++) {
		output_string(ps->output, 0, limit_names[i]);
		limit_cell(ps->output, 1, memory_decode(kernel->memory, copy + i * 2 * word, word),
			   infinity);
		limit_cell(ps->output, 2,
			   memory_decode(kernel->memory, copy + (i * 2 + 1) * word, word),
			   infinity);
	}
	output_end(ps->output);
	return true;
}

bool ps_limits(struct ps *ps, struct error *error)
{
	static const struct column columns[] = { TASK_COLUMNS };
	static const struct shape shape = { "tasks", SHAPE_HEADING, columns, ARRAY_SIZE(columns) };
	struct error limits_error = { 0 };

	output_begin(ps->output, &shape);
	for (size_t i = 0; i < ps->count; i++) {
		if (!(i & 255) && !kernel_check_interrupt(ps->kernel, error))
			return false;
		if (!output_row(ps->output))
			break;
		task_cells(ps->output, ps->tasks[i]);
		if (!limits_of(ps, ps->tasks[i], &limits_error))
			output_note(ps->output, "no limits: %s", limits_error.text);
	}
	output_end(ps->output);
	return true;
}

/* --- -S --- */

bool ps_summary(struct ps *ps, struct error *error)
{
	static const struct column columns[] = {
		{ "state", "  %:", 2, COLUMN_LEFT },
		{ "count", "", 0, COLUMN_LEFT },
	};
	static const struct shape shape = { "states", SHAPE_PLAIN, columns, ARRAY_SIZE(columns) };
	struct {
		const char *letters;
		size_t count;
	} states[32];
	size_t nr_states = 0;

	(void)error;
	for (size_t i = 0; i < ps->count; i++) {
		const char *letters = task_state_known(ps->tasks[i]) ?
			task_state_letters(ps->kernel, ps->tasks[i]) : "-";
		size_t state = 0;

		while (state < nr_states && strcmp(states[state].letters, letters))
			state++;
		if (state == nr_states) {
			if (nr_states == ARRAY_SIZE(states))
				continue;
			states[nr_states].letters = letters;
			states[nr_states++].count = 0;
		}
		states[state].count++;
	}
	output_begin(ps->output, &shape);
	for (size_t i = 0; i < nr_states && output_row(ps->output); i++) {
		if (strcmp(states[i].letters, "-"))
			output_string(ps->output, 0, states[i].letters);
		output_uint(ps->output, 1, states[i].count);
	}
	output_end(ps->output);
	return true;
}
