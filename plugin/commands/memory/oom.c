// SPDX-License-Identifier: GPL-3.0-or-later
/* oom: which process the OOM killer would take, and why. */
#include "commands/command.h"
#include "commands/tasks/task_cells.h"

#include <inttypes.h>

#include "kernel/memory/oom.h"

enum { PID, TASK, RSS, ANON, FILES, SHMEM, SWAP, TABLES, ADJUSTMENT, POINTS, SPARED, COMMAND };
static const struct column columns[] = {
	[PID] = { "pid", "PID", 7, COLUMN_RIGHT },
	[TASK] = { "task", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[RSS] = { "rss_bytes", "RSS", 7, COLUMN_RIGHT },
	[ANON] = { "anonymous_bytes", "ANON", 7, COLUMN_RIGHT },
	[FILES] = { "file_bytes", "FILE", 6, COLUMN_RIGHT },
	[SHMEM] = { "shmem_bytes", "SHMEM", 6, COLUMN_RIGHT },
	[SWAP] = { "swap_bytes", "SWAP", 6, COLUMN_RIGHT },
	[TABLES] = { "page_table_bytes", "TABLES", 6, COLUMN_RIGHT },
	[ADJUSTMENT] = { "oom_score_adj", "ADJ", 5, COLUMN_RIGHT },
	[POINTS] = { "points", "POINTS", 7, COLUMN_RIGHT },
	[SPARED] = { "spared", NULL, 0, COLUMN_JSON_ONLY },
	[COMMAND] = { "comm", "COMMAND", 0, 0 },
};
static const struct shape shape = { "processes", SHAPE_TABLE, columns, ARRAY_SIZE(columns) };

static bool kilobytes(struct output *output, size_t column, int64_t bytes)
{
	/* Of counters that threads add to by themselves one alone may be below 0. */
	return output_uint_as(output, column, bytes > 0 ? bytes : 0, "%" PRIi64, bytes > 0 ? bytes >> 10 : 0);
}

static bool row(struct output *output, const struct oom_process *process)
{
	const struct task *task = process->task;
	bool more = output_row(output) && (!task_knows(task, TASK_TGID) || output_uint(output, PID, task->tgid)) && output_address(output, TASK, task->address) &&
		    task_comm_cell(output, COMMAND, task);

	if (more && !task->memory_unknown)
		more = kilobytes(output, RSS, task->rss_bytes) && kilobytes(output, ANON, task->mm_bytes[MM_ANON]) &&
		       kilobytes(output, FILES, task->mm_bytes[MM_FILE]) && kilobytes(output, SHMEM, task->mm_bytes[MM_SHMEM]) &&
		       kilobytes(output, SWAP, task->mm_bytes[MM_SWAP]);
	if (more && process->adjustment_known)
		more = output_int(output, ADJUSTMENT, process->adjustment);
	if (more && process->known)
		more = kilobytes(output, TABLES, process->page_tables) && (process->spared || output_int(output, POINTS, process->points));
	if (more && process->spared)
		more = output_string(output, SPARED, process->spared);
	return more;
}

static bool oom_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		    struct error *error)
{
	const struct oom_process *unknown = NULL, *first;
	struct oom oom;
	bool more, whole;

	(void)host;
	if (arguments->nr_words)
		return error_set(error, ERROR_USAGE, "oom: %s? It takes no words", arguments->words[0]);
	if (!oom_load(kernel, &oom, error))
		return false;
	more = output_begin(output, &shape);
	for (size_t i = 0; i < oom.count; i++) {
		if (!oom.processes[i].known && !unknown)
			unknown = &oom.processes[i];
		more = more && row(output, &oom.processes[i]);
	}
	first = oom.count && oom.processes[0].known && !oom.processes[0].spared ? &oom.processes[0] : NULL;
	if (more)
		output_end(output);
	if (more && first)
		output_note(output, "%s%u (%s) would be taken first: %" PRIi64 " points of %" PRIu64 " pages of memory and swap",
			    unknown || oom.undecided || oom.damage ? "of those that are known, " : "", first->task->tgid, first->task->comm, first->points, oom.total_pages);
	whole = !unknown && !oom.undecided && !oom.damage;
	if (oom.undecided)
		output_note(output, "of %zu more tasks it is not known whether they have memory", oom.undecided);
	if (oom.damage)
		output_note(output, "there may be more tasks: %s", oom.damage);
	if (unknown)
		error_set(error, ERROR_PARTIAL, "oom: not all is known: pid %u: %s", unknown->task->tgid, unknown->why.text);
	else if (!whole)
		error_set(error, ERROR_PARTIAL, "oom: not all tasks are known");
	oom_free(&oom);
	return whole;
}

static const char help[] =
	"Each process with what the OOM killer counts of it, in kB; the one that it\n"
	"would take first is first. POINTS are pages: the resident set, swap, page\n"
	"tables, and ADJ thousandths of all memory. Without POINTS it is never taken\n"
	"(\"spared\" in JSON): init, an oom_score_adj of -1000, a child that still uses\n"
	"its parent's memory. Memory cgroups and cpusets are not asked; neither is\n"
	"whether the OOM killer had already taken it.\n"
	"\n"
	"JSON: \"processes\" (bytes; points in pages).\n"
	"\n"
	"Example:\n"
	"(gdb) kernel oom\n"
	"    PID      RSS     ANON    FILE   SHMEM    SWAP  TABLES    ADJ   POINTS  CO...\n"
	"    205    21032    20532       4     496       0      96      0     5282  ri...\n"
	"    166      880      124       0     756       0      68      0      237  ri...\n"
	"[...]\n"
	"note: 205 (rig-memory) would be taken first: 5282 points of 183178 pages of\n"
	"memory and swap\n";

static const struct mi_name mi_names[] = { { "oom", NULL }, { 0 } };

const struct command command_oom = {
	.name = "oom",
	.mi = mi_names,
	.summary = "Show which process the OOM killer would take.",
	.usage = "oom",
	.help = help,
	.words = COMPLETE_NONE,
	.run = oom_run,
};
