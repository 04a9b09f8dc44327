// SPDX-License-Identifier: GPL-3.0-or-later
/* report: the whole dump on one page, for those who have neither the dump nor a debugger. */
#include "commands/report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buffer.h"
#include "base/files.h"
#include "commands/report/document.h"
#include "commands/report/report_page.h"
#include "kernel/modules/module.h"

static const struct option options[] = {
	{ 'o', "FILE",
	  "write FILE.html, a page for a browser; with -j FILE.json, the same as JSON" },
	{ 0 }
};

#ifndef PACKAGE_VERSION /* not built by configure: tests/fuzz */
#define PACKAGE_VERSION "(unknown version)"
#endif

static size_t counted_source(void *context, uint64_t pc, bool exact,
			     const struct source_frame **frames_ret)
{
	struct report *report = context;
	size_t count = host_source(report->outer, pc, exact, frames_ret);

	report->lines_found += count && kernel_is_text(report->kernel, pc);
	return count;
}

/* --- what is said --- */

static void describe(struct report *report)
{
	static const struct column columns[] = { { "tool", NULL, 0, COLUMN_JSON_ONLY } };
	static const struct shape shape = { "report", SHAPE_LIST, columns, ARRAY_SIZE(columns) };

	output_begin(report->output, &shape);
	output_string(report->output, 0, "gdb-vmcore " PACKAGE_VERSION);
	output_end(report->output);
}

/*
 * A damaged dump may have no log or no modules and still all the rest: what could not be said is a
 * note, unless nobody waits for it any more.
 */
static bool said(struct report *report, bool done, const char *name, const struct error *why,
		 struct error *error)
{
	if (!done && (why->kind == ERROR_INTERRUPTED || why->kind == ERROR_NO_MEMORY)) {
		*error = *why;
		return false;
	}
	if (!done)
		output_note(report->output, "%s: %s", name, why->text);
	return true;
}

/* What another command says. */
static bool section(struct report *report, const char *title, const struct command *command,
		    const char *line, struct error *error)
{
	struct error why = { 0 };
	struct arguments arguments;
	char *storage = NULL;
	bool json, done;

	/* The person has had enough: nothing more needs to be found out. */
	if (title && !output_heading(report->output, title))
		return true;
	done = command_parse(command, line, &arguments, &storage, &json, &why) &&
	       command->run(report->kernel, &arguments, report->output, &report->host, &why);
	free(storage);
	return said(report, done, command->name, &why, error);
}

/* What only report says. */
static bool own_section(struct report *report, const char *title,
			bool (*say)(struct report *report, struct error *error), const char *name,
			struct error *error)
{
	struct error why = { 0 };

	return !output_heading(report->output, title) ||
	       said(report, say(report, &why), name, &why, error);
}

static void note_lines(struct report *report)
{
	if (report->lines_found)
		return;
	if (!report->kernel->vmlinux_path)
		output_note(report->output, "no source lines of the kernel: there is no vmlinux "
					    "with debug information, the dump describes itself");
	else
		output_note(report->output, "no source lines of the kernel: its vmlinux has none");
}

static bool say_all(struct report *report, struct error *error)
{
	describe(report);
	if (!section(report, NULL, &command_sys, "", error) ||
	    !own_section(report, "What the CPUs were doing", report_cpus, "CPUs", error))
		return false;
	note_lines(report);
	return own_section(report, "Blocked tasks", report_tasks, "tasks", error) &&
	       own_section(report, "Memory", report_memory, "memory", error) &&
	       section(report, "Modules", &command_mod, "-u", error) &&
	       section(report, "Log", &command_log, "", error);
}

/* Says all of it to OUTPUT. What drew a document of it must be done with that before `after`. */
static bool collect(struct kernel *kernel, struct output *output, const struct host *host,
		    bool (*after)(void *context, struct error *error), void *context,
		    struct error *error)
{
	static const struct option none[] = { { 0 } };
	const struct arguments arguments = { .options = none };
	struct report report = { .kernel = kernel, .output = output, .outer = host };
	bool done;

	/* Nothing else of the host is asked for. */
	report.host = (struct host){ .source = counted_source, .context = &report };
	report.bt = bt_new(kernel, &arguments, output, &report.host, error);
	done = report.bt && say_all(&report, error) && (!after || after(context, error));
	bt_free(report.bt);
	return done;
}

/* --- the page --- */

struct page {
	struct output *document;
	const char *path;
	size_t size;
};

static bool write_page(void *context, struct error *error)
{
	struct page *page = context;
	const struct document_row *root;
	struct buffer html = { 0 };
	bool done;

	if (!document_root(page->document, &root))
		return error_no_memory(error, "the report", 0);
	report_page(root, &html);
	page->size = html.size;
	done = html.failed ? error_no_memory(error, "the page", html.size)
			   : files_write_named(page->path, html.data, html.size, error);
	buffer_free(&html);
	return done;
}

static bool written(struct output *output, const struct page *page)
{
	static const struct column columns[] = {
		{ "file", "written", 0, 0 },
		{ "bytes", "size", 0, 0 },
	};
	static const struct shape shape = { "report_file", SHAPE_RECORD, columns,
					    ARRAY_SIZE(columns) };

	output_begin(output, &shape);
	output_string(output, 0, page->path);
	output_uint_as(output, 1, page->size, "%zu kB", (page->size + 1023) / 1024);
	return output_end(output);
}

/* Before the work: it takes seconds. */
static bool check_path(const char *path, struct error *error)
{
	return files_check_named(path, error) || error_prefix(error, "report");
}

static bool to_page(struct kernel *kernel, struct output *output, const struct host *host,
		    const char *path, struct error *error)
{
	struct page page = { .document = document_new(), .path = path };
	bool done;

	if (!page.document)
		return error_no_memory(error, "the report", 0);
	page.document->address_digits = output->address_digits;
	done = check_path(path, error) &&
	       collect(kernel, page.document, host, write_page, &page, error);
	document_free(page.document);
	if (done)
		written(output, &page);
	return done;
}

static bool ends_in(const char *text, const char *end)
{
	size_t size = strlen(text), part = strlen(end);

	return size > part && !strcasecmp(text + size - part, end);
}

static bool report_run(struct kernel *kernel, const struct arguments *arguments,
		       struct output *output, const struct host *host, struct error *error)
{
	const char *path = option_value(arguments, 'o');

	if (arguments->nr_words)
		return error_set(error, ERROR_USAGE,
				 "report takes no words; `report -o %.200s' writes that file",
				 arguments->words[0]);
	/* As elsewhere: what one sees. */
	if (path && !strcmp(path, "-"))
		path = NULL;
	if (path && !arguments->json && ends_in(path, ".json"))
		return error_set(error, ERROR_USAGE,
				 "report -o %.300s writes a page for browsers; add -j for JSON",
				 path);
	if (path && arguments->json && (ends_in(path, ".html") || ends_in(path, ".htm")))
		return error_set(error, ERROR_USAGE,
				 "report -j -o %.300s writes JSON; leave -j out for a page", path);
	if (path && !arguments->json)
		return to_page(kernel, output, host, path, error);
	return (!path || check_path(path, error)) &&
	       collect(kernel, output, host, NULL, NULL, error);
}

static const char help[] =
	"Says what a colleague without dump and debugger wants to know: what died and\n"
	"where, the CPUs' stacks with source lines, who is blocked and who holds what\n"
	"they wait for, all tasks' stacks, memory, modules and the log.\n"
	"\n"
	"-o FILE writes one page that needs nothing else, neither files nor network: mail\n"
	"it. It has a flame graph of all stacks by the tasks' states, and pictures of the\n"
	"memory. A FILE that is there is replaced. Without -o, or with\n"
	"-o -, the same comes as text.\n"
	"\n"
	"MEMORY has /proc/meminfo's rows as of the end, counted as the kernel does, plus\n"
	"what CPUs had not yet added up. The parts do not overlap, other than those rows.\n"
	"\n"
	"A blocked task is in uninterruptible sleep, or waits for a lock. Which lock, the\n"
	"kernel says (blocked_on, blocker, pi_blocked_on), or the waiter on the task's\n"
	"stack does, if the lock's list of waiters agrees: \"inferred from the stack\". Who\n"
	"holds it is what the lock says; of readers and semaphores that is only the last\n"
	"one. `last ran' is when it last got a CPU: it waits since then or later.\n"
	"\n"
	"JSON: \"system\", \"panicked\", \"cpus\", \"blocked\", \"stacks\", \"memory\",\n"
	"\"memory_parts\", \"memory_processes\", \"modules\" and \"log\".\n"
	"\n"
	"Examples:\n"
	"(gdb) kernel report -o crash.html\n"
	"written: crash.html  size: 175 kB\n"
	"(gdb) kernel report -j -o crash.json\n";

static const struct mi_name mi_names[] = { { "report", NULL }, { 0 } };

const struct command command_report = {
	.name = "report",
	.summary = "Write a report of the crash: a page to mail, text, or JSON.",
	.usage = "report [-o FILE]",
	.help = help,
	.options = options,
	.words = COMPLETE_NONE,
	.mi = mi_names,
	.file_option = 'o',
	.run = report_run,
};
