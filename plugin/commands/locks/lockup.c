// SPDX-License-Identifier: GPL-3.0-or-later
/* lockup: why a watchdog fired, or would have: what its detectors saw of each CPU, and what that did. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "commands/command.h"
#include "commands/tasks/task_cells.h"
#include "kernel/modules/symbolize.h"
#include "kernel/system/lockups.h"
#include "kernel/system/log.h"
#include "kernel/system/system.h"
#include "kernel/tasks/task.h"

static const struct option options[] = {
	{ 'c', "LIST", "only these CPUs: 0,2-4 or all" },
	{ 0 }
};

enum { THRESHOLD, SOFT, SOFT_ON, HARD_ON, NOW };

static const struct column limit_columns[] = {
	[THRESHOLD] = { "threshold_seconds", "HARD LOCKUP AFTER", 18, 0 },
	[SOFT] = { "soft_seconds", "SOFT LOCKUP AFTER", 18, 0 },
	[SOFT_ON] = { "soft_enabled", "LOOKS FOR SOFT", 18, 0 },
	[HARD_ON] = { "hard_enabled", "LOOKS FOR HARD", 18, 0 },
	[NOW] = { "now_ns", "CLOCK AT THE END", 18, 0 },
};
static const struct shape limits_shape = { "watchdog", SHAPE_LIST, limit_columns, ARRAY_SIZE(limit_columns) };

enum { CPU, PID, TASK, COMM, TOUCH_TS, REPORT_TS, TOUCHED, TOUCHED_TEXT, TICKS, CHECKED, SWITCHED, CLOCK, IRQS, PREEMPT };

static const struct column cpu_columns[] = {
	[CPU] = { "cpu", "CPU", 3, COLUMN_RIGHT },
	[PID] = { "pid", "PID", 6, COLUMN_RIGHT },
	[TASK] = { "task", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[COMM] = { "comm", NULL, 0, COLUMN_JSON_ONLY },
	[TOUCH_TS] = { "touch_ts", NULL, 0, COLUMN_JSON_ONLY },
	[REPORT_TS] = { "report_ts", NULL, 0, COLUMN_JSON_ONLY },
	[TOUCHED] = { "touched_seconds", NULL, 0, COLUMN_JSON_ONLY },
	[TOUCHED_TEXT] = { "touched_text", "TOUCHED", 7, COLUMN_RIGHT | COLUMN_TEXT_ONLY },
	[TICKS] = { "ticks", "TICKS", 6, COLUMN_RIGHT },
	[CHECKED] = { "ticks_checked", "CHECKED", 7, COLUMN_RIGHT },
	[SWITCHED] = { "switched_ns", "SWITCHED", 8, COLUMN_RIGHT },
	[CLOCK] = { "clock_ns", "CLOCK", 7, COLUMN_RIGHT },
	[IRQS] = { "interrupts_on", "IRQS", 4, COLUMN_LEFT },
	[PREEMPT] = { "preempt_count", "COUNT", 6, COLUMN_RIGHT },
};
static const struct shape cpus_shape = { "cpus", SHAPE_TABLE, cpu_columns, ARRAY_SIZE(cpu_columns) };

/* Below it: where it was, and what the count says in words. */
enum { DOING, COUNT_TEXT, OFF, BH_OFF, IN_SOFTIRQ, HARDIRQ, NMI };

static const struct column state_columns[] = {
	[DOING] = { "doing", "      in %", 0, COLUMN_FUNCTION },
	[COUNT_TEXT] = { "count_text", "%", 0, COLUMN_TEXT_ONLY },
	[OFF] = { "preempt_off", NULL, 0, COLUMN_JSON_ONLY },
	[BH_OFF] = { "softirqs_off", NULL, 0, COLUMN_JSON_ONLY },
	[IN_SOFTIRQ] = { "in_softirq", NULL, 0, COLUMN_JSON_ONLY },
	[HARDIRQ] = { "hardirq_depth", NULL, 0, COLUMN_JSON_ONLY },
	[NMI] = { "nmi_depth", NULL, 0, COLUMN_JSON_ONLY },
};
static const struct shape state_shape = { "state", SHAPE_RECORD, state_columns, ARRAY_SIZE(state_columns) };

static const struct column verdict_columns[] = { { "verdict", "      %", 0, COLUMN_HIGHLIGHT } };
static const struct shape verdicts_shape = { "verdicts", SHAPE_PLAIN, verdict_columns, ARRAY_SIZE(verdict_columns) };

enum { LINE, SEQUENCE, TIMESTAMP, TEXT };

static const struct column message_columns[] = {
	[LINE] = { "line", "LINE", 6, COLUMN_RIGHT },
	[SEQUENCE] = { "seq", NULL, 0, COLUMN_JSON_ONLY },
	[TIMESTAMP] = { "timestamp_ns", "TIME", 10, COLUMN_RIGHT },
	[TEXT] = { "text", "LOG", 0, COLUMN_LEFT },
};
static const struct shape messages_shape = { "messages", SHAPE_TABLE, message_columns, ARRAY_SIZE(message_columns) };

/* What the kernel says where one of its watchdogs fires. */
static const char *const words[] = { "soft lockup", "hard LOCKUP", "Hard LOCKUP", "self-detected stall", "detected stalls", "detected expedited stalls",
				     "blocked for more than", "hogging CPU", "hung task", "workqueue lockup" };

#define NSEC 1000000000.0

struct view {
	struct kernel *kernel;
	struct output *output;
	struct lockup_limits limits;
	uint64_t now;		/* ns of the scheduler's clock; 0 = not known */
	uint64_t line;
	size_t damaged;
	struct error first;
};

static void lose(struct view *view, const struct error *why)
{
	if (!view->damaged++)
		view->first = *why;
}

/* --- the clock, and the log --- */

/* The log's clock is the scheduler's, too, and the panic's last words come after all ticks. */
static bool later(void *context, const struct log_record *record)
{
	struct view *view = context;

	if (!record->timestamp_unknown && record->timestamp > view->now && record->timestamp < LONGEST_UPTIME_NS)
		view->now = record->timestamp;
	return true;
}

static bool says(const struct log_record *record, const char *word)
{
	return memmem(record->text, record->size, word, strlen(word)) != NULL;
}

static bool one_message(void *context, const struct log_record *record)
{
	struct view *view = context;
	struct output *output = view->output;
	uint64_t line = view->line + 1;

	view->line = line;
	for (size_t i = 0; i < record->size; i++)
		view->line += record->text[i] == '\n';
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!says(record, words[i]))
			continue;
		if (!output_row(output) || !output_uint(output, LINE, line) || (!record->sequence_unknown && !output_uint(output, SEQUENCE, record->sequence)) ||
		    (!record->timestamp_unknown && !output_uint_as(output, TIMESTAMP, record->timestamp, "%.6f", record->timestamp / NSEC)))
			return false;
		return output_bytes(output, TEXT, record->text, record->size);
	}
	return true;
}

static void show_messages(struct view *view)
{
	struct error why = { 0 };

	output_begin(view->output, &messages_shape);
	if (!log_for_each(view->kernel, one_message, view, &why)) {
		output_note(view->output, "the log may have more about it: %s", why.text);
		lose(view, &why);
	}
	output_end(view->output);
}

/* --- the CPUs --- */

static void age_cell(struct view *view, size_t column, uint64_t since)
{
	/* What is later than the last clock that is known is damaged, or a tick away. */
	if (view->now && since && since <= view->now)
		output_uint_as(view->output, column, view->now - since, "%.3f", (view->now - since) / NSEC);
}

static uint64_t all_ones(const struct kernel *kernel)
{
	return kernel->arch->pointer_size == 8 ? UINT64_MAX : UINT32_MAX;
}

/* True if the soft lockup's detector would say so; its own arithmetic, in its units. */
static bool touch_cells(struct view *view, const struct lockup_state *state)
{
	uint64_t now = view->now >> LOCKUP_UNIT_SHIFT;

	if (!state->touch_known)
		return false;
	output_uint(view->output, TOUCH_TS, state->touch);
	/* Both are marks of the kernel's for "to be set at the next tick". */
	if (!state->touch || state->touch == all_ones(view->kernel)) {
		output_string(view->output, TOUCHED_TEXT, "reset");
		return false;
	}
	if (!view->now || state->touch > now)
		return false;
	output_uint(view->output, TOUCHED, now - state->touch);
	output_printf(view->output, TOUCHED_TEXT, "%" PRIu64, now - state->touch);
	return view->limits.enabled_known && view->limits.enabled & 2 && view->limits.threshold_known && view->limits.threshold && now - state->touch > 2 * view->limits.threshold;
}

/* *damage_ret: what of it cannot be read. */
static void detector_cells(struct view *view, unsigned cpu, bool *soft_ret, bool *hard_ret, struct error *damage_ret)
{
	struct output *output = view->output;
	struct lockup_state state;

	lockup_state(view->kernel, cpu, &state);
	*soft_ret = touch_cells(view, &state);
	if (state.report_known)
		output_uint(output, REPORT_TS, state.report);
	if (state.ticks_known)
		output_uint(output, TICKS, state.ticks);
	if (state.checked_known)
		output_uint(output, CHECKED, state.checked);
	/* 0: the detector has not looked yet. */
	*hard_ret = view->limits.enabled_known && view->limits.enabled & 1 && state.ticks_known && state.checked_known && state.checked && state.ticks == state.checked;
	*damage_ret = state.damage;
}

/* When it began to run, and when the CPU's scheduler last looked at the clock. */
static void clock_cells(struct view *view, const struct cpu *cpu)
{
	struct error why = { 0 };
	uint64_t queue, value;

	/* The kernel does not keep that of idle tasks. */
	if (cpu->task && cpu->task != cpu->idle && types_has_member(view->kernel->types, "task_struct", "sched_info.last_arrival")) {
		if (kernel_read_member(view->kernel, cpu->task, "task_struct", "sched_info.last_arrival", &value, &why))
			age_cell(view, SWITCHED, value);
		else
			lose(view, &why);
	}
	if (kernel_per_cpu(view->kernel, "runqueues", cpu->number, &queue, &why) && kernel_read_member(view->kernel, queue, "rq", "clock", &value, &why))
		age_cell(view, CLOCK, value);
	else
		lose(view, &why);
}

/* "NMI 1, hardirq 1, softirq, preemption off 2" */
static void count_cells(struct view *view, const struct preempt_count *count)
{
	struct output *output = view->output;
	struct buffer text = { 0 };

	output_uint(output, OFF, count->preempt);
	output_uint(output, BH_OFF, count->bh_off);
	output_bool(output, IN_SOFTIRQ, count->softirq, NULL);
	output_uint(output, HARDIRQ, count->hardirq);
	output_uint(output, NMI, count->nmi);
	if (count->nmi)
		buffer_printf(&text, ", NMI %u", count->nmi);
	if (count->hardirq)
		buffer_printf(&text, ", hardirq %u", count->hardirq);
	if (count->softirq)
		buffer_string(&text, ", softirq");
	if (count->bh_off)
		buffer_printf(&text, ", softirqs off %u", count->bh_off);
	if (count->preempt)
		buffer_printf(&text, ", preemption off %u", count->preempt);
	if (count->other)
		buffer_printf(&text, ", other bits %" PRIx64, count->other << 24);
	if (text.size > 2)
		output_bytes(output, COUNT_TEXT, text.data + 2, text.size - 2);
	else
		output_string(output, COUNT_TEXT, "nothing counted");
	buffer_free(&text);
}

static void doing_cell(struct view *view, const struct cpu *cpu)
{
	const struct arch *arch = view->kernel->arch;
	struct output *output = view->output;
	char name[256];

	/* What the kernel saved at a switch is not what the CPU did. */
	if (cpu->registers_source != CPU_REGISTERS_NOTE)
		return;
	if (arch->is_user(&cpu->registers)) {
		output_string(output, DOING, "(user space)");
		return;
	}
	if (!(cpu->registers.valid >> arch->pc & 1))
		return;
	kernel_symbolize(view->kernel, cpu->registers.value[arch->pc], name, sizeof(name));
	if (*name)
		output_string(output, DOING, name);
	else
		output_printf(output, DOING, "0x%" PRIx64, cpu->registers.value[arch->pc]);
}

static bool cpu_row(struct view *view, const struct cpu *cpu)
{
	const struct task *task = cpu->task ? task_find_address(view->kernel, cpu->task) : NULL;
	const struct arch *arch = view->kernel->arch;
	struct output *output = view->output;
	struct preempt_count count;
	struct error why = { 0 }, damage;
	bool soft, hard, on, counted, more;

	if (!output_row(output) || !output_uint(output, CPU, cpu->number))
		return false;
	if (cpu->task)
		output_address(output, TASK, cpu->task);
	if (task) {
		output_uint(output, PID, task->pid);
		task_comm_cell(output, COMM, task);
	}
	detector_cells(view, cpu->number, &soft, &hard, &damage);
	clock_cells(view, cpu);
	/* What the kernel saved at a switch is not what the CPU did. */
	if (cpu->registers_source == CPU_REGISTERS_NOTE && arch->interrupts && arch->interrupts(&cpu->registers, &on))
		output_bool(output, IRQS, on, on ? "on" : "off");
	counted = cpu_preempt_count(view->kernel, cpu, &count, &why);
	if (counted)
		output_uint_as(output, PREEMPT, count.raw, "%" PRIx64, count.raw);
	if (cpu->task && !task)
		output_note(output, "the task of CPU %u at 0x%" PRIx64 " is not among those that can be read", cpu->number, cpu->task);
	if (damage.kind != ERROR_NONE) {
		output_note(output, "not all that the watchdog knows of CPU %u can be read: %s", cpu->number, damage.text);
		lose(view, &damage);
	}
	if (!counted) {
		output_note(output, "the preempt count of CPU %u is not known: %s", cpu->number, why.text);
		lose(view, &why);
	}
	output_begin(output, &state_shape);
	doing_cell(view, cpu);
	if (counted)
		count_cells(view, &count);
	if (!output_end(output) || !output_begin(output, &verdicts_shape))
		return false;
	more = (!soft || (output_row(output) && output_string(output, 0, "soft lockup: its watchdog has not run for longer than allowed"))) &&
	       (!hard || (output_row(output) && output_string(output, 0, "no tick since the NMI watchdog looked last")));
	return output_end(output) && more;
}

static void show_limits(struct view *view)
{
	struct output *output = view->output;
	const struct lockup_limits *limits = &view->limits;

	output_begin(output, &limits_shape);
	if (limits->threshold_known) {
		output_uint_as(output, THRESHOLD, limits->threshold, "%" PRIu64 " s", limits->threshold);
		output_uint_as(output, SOFT, 2 * limits->threshold, "%" PRIu64 " s", 2 * limits->threshold);
	}
	if (limits->enabled_known) {
		output_bool(output, SOFT_ON, limits->enabled >> 1 & 1, NULL);
		output_bool(output, HARD_ON, limits->enabled & 1, NULL);
	}
	if (view->now)
		output_uint_as(output, NOW, view->now, "%.6f s", view->now / NSEC);
	if (!limits->exists)
		output_note(output, "%s", kernel_names_data(view->kernel) ? "this kernel has no detector of soft lockups" :
			    "the kernel's symbols are of code alone: whether it has a detector of lockups is not known");
	if (limits->damage.kind != ERROR_NONE) {
		output_note(output, "not all of the watchdog's limits are known: %s", limits->damage.text);
		lose(view, &limits->damage);
	}
	output_end(output);
}

static bool lockup_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		       struct error *error)
{
	struct view view = { .kernel = kernel, .output = output };
	struct task_table *table;
	bool *cpus, more;

	(void)host;
	if (arguments->nr_words)
		return error_set(error, ERROR_USAGE, "lockup: %s? It takes no words", arguments->words[0]);
	if (!tasks_get(kernel, &table, error) || !select_cpus(kernel, option_value(arguments, 'c'), &cpus, error))
		return false;
	lockup_limits(kernel, &view.limits);
	view.now = tasks_scheduler_now(kernel);
	if (view.now) /* what of the log is lost, the second reading says */
		log_for_each(kernel, later, &view, NULL);
	else
		output_note(output, "how late it was is not known: not every CPU's clock can be read");
	show_limits(&view);
	more = output_begin(output, &cpus_shape);
	for (size_t i = 0; i < kernel->nr_cpus && more; i++)
		if (kernel->cpus[i].number < kernel->nr_cpu_ids && cpus[kernel->cpus[i].number])
			more = cpu_row(&view, &kernel->cpus[i]);
	output_end(output);
	show_messages(&view);
	free(cpus);
	return !view.damaged || error_set(error, ERROR_PARTIAL, "lockup: not all is known: %s", view.first.text);
}

static const char help[] =
	"Why a watchdog fired, or would have. Of each CPU: seconds since its watchdog's\n"
	"thread TOUCHED the timestamp that soft lockups are told by (in units of 1.07 s;\n"
	"reset: it was told to start anew), TICKS of its timer and how many the NMI\n"
	"watchdog had CHECKED last, seconds since its task was SWITCHED to (not kept of\n"
	"idle tasks) and since its scheduler read the CLOCK, both up to the last time\n"
	"that any CPU or the log knows; whether interrupts (IRQS) were on where it was\n"
	"caught, the preempt COUNT in hexadecimal and, below, in words, and where it was.\n"
	"A CPU that an NMI or an interrupt stopped counts that one, too.\n"
	"\n"
	"LINE is that of `kernel log'. Of CPUs without registers of their own it is not\n"
	"known where they were.\n"
	"\n"
	"JSON: \"watchdog\", \"cpus\" with \"verdicts\", and \"messages\".\n"
	"\n"
	"Example:\n"
	"(gdb) kernel lockup -c 2\n"
	" HARD LOCKUP AFTER: 10 s\n"
	" SOFT LOCKUP AFTER: 20 s\n"
	"    LOOKS FOR SOFT: no\n"
	"    LOOKS FOR HARD: no\n"
	"  CLOCK AT THE END: 16.454328 s\n"
	"CPU     PID  TOUCHED   TICKS  CHECKED  SWITCHED    CLOCK  IRQS   COUNT\n"
	"  2       0    reset       0        0         -    3.200  on    110101\n"
	"      in rig_spin [vmcore_rig]+0x12a  NMI 1, hardirq 1, softirq, [...]\n";

static const struct mi_name mi_names[] = { { "lockups", NULL }, { 0 } };

const struct command command_lockup = {
	.name = "lockup",
	.mi = mi_names,
	.summary = "Show why a watchdog fired, or would have.",
	.usage = "lockup [-c LIST]",
	.help = help,
	.options = options,
	.words = COMPLETE_NONE,
	.run = lockup_run,
};
