// SPDX-License-Identifier: GPL-3.0-or-later
/* timer: what each CPU had to do later, and when: the timer wheel, and hrtimers. */
#include <inttypes.h>
#include <stdlib.h>

#include "commands/command.h"
#include "commands/tasks/task_cells.h"
#include "kernel/modules/symbolize.h"
#include "kernel/scheduler/timers.h"
#include "kernel/tasks/task.h"

static const struct option options[] = {
	{ 'r', NULL, "hrtimers, by the clocks of each CPU; a clock without timers is left out" },
	{ 'C', "LIST", "only these CPUs: 0,2-4 or all" },
	{ 0 }
};

enum { JIFFIES, TICK };

static const struct column now_columns[] = {
	[JIFFIES] = { "jiffies", "JIFFIES", 0, COLUMN_LEFT },
	[TICK] = { "tick_ns", "NS A TICK", 0, COLUMN_LEFT },
};
static const struct shape now_shape = { "now", SHAPE_RECORD, now_columns, ARRAY_SIZE(now_columns) };

/* A base, of either kind. */
enum { CPU, BASE, LABEL, NAME, CLOCK, RUNNING, RUNNING_FUNCTION, INDEX, NEXT, SOFT = NEXT, NOW };

static const struct column base_columns[] = {
	[CPU] = { "cpu", "CPU %", 3, COLUMN_LEFT },
	[BASE] = { "base", "TIMER_BASE: %", 16, COLUMN_ADDRESS },
	[LABEL] = { "label", "[%]", 0, COLUMN_LEFT | COLUMN_TEXT_ONLY },
	[NAME] = { "name", NULL, 0, COLUMN_JSON_ONLY },
	[CLOCK] = { "clk", "CLK: %", 0, COLUMN_LEFT },
	[RUNNING] = { "running", "RUNNING: %", 0, COLUMN_ADDRESS },
	[RUNNING_FUNCTION] = { "running_function", "%", 0, COLUMN_FUNCTION },
	[INDEX] = { "index", NULL, 0, COLUMN_JSON_ONLY },
	[NEXT] = { "next_expiry", NULL, 0, COLUMN_JSON_ONLY },
};
static const struct shape bases_shape = { "bases", SHAPE_HEADING, base_columns, ARRAY_SIZE(base_columns) };

static const struct column clock_columns[] = {
	[CPU] = { "cpu", "CPU %", 3, COLUMN_LEFT },
	[BASE] = { "base", "HRTIMER_CLOCK_BASE: %", 16, COLUMN_ADDRESS },
	[LABEL] = { "label", "[%]", 0, COLUMN_LEFT | COLUMN_TEXT_ONLY },
	[NAME] = { "clock", NULL, 0, COLUMN_JSON_ONLY },
	[CLOCK] = { "offset_ns", NULL, 0, COLUMN_JSON_ONLY },
	[RUNNING] = { "running", "RUNNING: %", 0, COLUMN_ADDRESS },
	[RUNNING_FUNCTION] = { "running_function", "%", 0, COLUMN_FUNCTION },
	[INDEX] = { "index", NULL, 0, COLUMN_JSON_ONLY },
	[SOFT] = { "soft", NULL, 0, COLUMN_JSON_ONLY },
	[NOW] = { "now_ns", NULL, 0, COLUMN_JSON_ONLY },
};
static const struct shape clocks_shape = { "clocks", SHAPE_HEADING, clock_columns, ARRAY_SIZE(clock_columns) };

/* A timer, of either kind. */
enum { EXPIRES, SOFT_LEFT, LEFT_NS = SOFT_LEFT, LEFT, TIMER, FLAGS, SOFT_EXPIRES = FLAGS, FUNCTION, FOR, FUNCTION_ADDRESS, TASK, PID, COMM, FOR_FUNCTION };

#define TIMER_COLUMNS \
	[TIMER] = { "timer", "TIMER", 16, COLUMN_ADDRESS }, \
	[FUNCTION] = { "function", "FUNCTION", 0, COLUMN_FUNCTION }, \
	[FOR] = { "for", "", 0, COLUMN_TEXT_ONLY }, \
	[FUNCTION_ADDRESS] = { "function_address", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY }, \
	[TASK] = { "task", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY }, \
	[PID] = { "pid", NULL, 0, COLUMN_JSON_ONLY }, \
	[COMM] = { "comm", NULL, 0, COLUMN_JSON_ONLY }, \
	[FOR_FUNCTION] = { "for_function", NULL, 0, COLUMN_JSON_ONLY }

static const struct column wheel_columns[] = {
	[EXPIRES] = { "expires", "EXPIRES", 10, COLUMN_RIGHT },
	[LEFT] = { "left_ticks", "LEFT", 10, COLUMN_RIGHT },
	TIMER_COLUMNS,
	[FLAGS] = { "flags", "FLAGS", 5, COLUMN_LEFT },
	[LEFT_NS] = { "left_ns", NULL, 0, COLUMN_JSON_ONLY },
};
static const struct shape wheel_shape = { "timers", SHAPE_TABLE, wheel_columns, ARRAY_SIZE(wheel_columns) };

static const struct column hrtimer_columns[] = {
	[EXPIRES] = { "expires_ns", "EXPIRES", 20, COLUMN_RIGHT },
	[SOFT_LEFT] = { "soft_left_ns", "SOFT LEFT", 13, COLUMN_RIGHT },
	[LEFT] = { "left_ns", "LEFT", 13, COLUMN_RIGHT },
	TIMER_COLUMNS,
	[SOFT_EXPIRES] = { "soft_expires_ns", NULL, 0, COLUMN_JSON_ONLY },
};
static const struct shape hrtimer_shape = { "timers", SHAPE_TABLE, hrtimer_columns, ARRAY_SIZE(hrtimer_columns) };

struct show {
	struct kernel *kernel;
	struct output *output;
	bool hrtimers;
	bool tick_known;
	uint64_t tick;		/* ns */
	size_t strangers;	/* timers of tasks that are none that can be read */
};

static bool seconds(struct output *output, size_t column, int64_t ns)
{
	uint64_t size = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;

	return output_int_as(output, column, ns, "%s%" PRIu64 ".%09" PRIu64, ns < 0 ? "-" : "", size / 1000000000, size % 1000000000);
}

/* TIMER_DEFERRABLE and so on: as they are since 4.8, when the wheel was made anew (500462a9de65). */
static bool flags_cell(struct output *output, uint32_t flags)
{
	return output_printf(output, FLAGS, "%s%s%s%s", flags & 0x80000 ? "D" : "", flags & 0x100000 ? "P" : "", flags & 0x200000 ? "I" : "",
			     flags & 0x40000 ? "M" : "");
}

static bool owner_cells(struct show *show, const struct timer *timer, const char *name)
{
	struct output *output = show->output;
	const struct task *task;
	uint64_t address, function;
	char text[256];

	if (!timer_owner(show->kernel, timer, name, &address, &function))
		return output_string(output, FOR, "");
	if (function) {
		kernel_symbolize(show->kernel, function, text, sizeof(text));
		return output_printf(output, FOR, "for %s", *text ? text : "?") && (!*text || output_string(output, FOR_FUNCTION, text));
	}
	task = task_find_address(show->kernel, address);
	if (!task) {
		show->strangers++;
		return output_printf(output, FOR, "for the task at %llx, which is none that is known", (unsigned long long)address) &&
		       output_address(output, TASK, address);
	}
	return output_printf(output, FOR, "for PID %u \"%.*s\"", task->pid, (int)sizeof(task->comm), task->comm) &&
	       output_address(output, TASK, address) && output_uint(output, PID, task->pid) && task_comm_cell(output, COMM, task);
}

static bool function_cells(struct show *show, const struct timer *timer)
{
	char name[256];

	kernel_symbolize(show->kernel, timer->function, name, sizeof(name));
	if (!output_address(show->output, TIMER, timer->address) || !output_address(show->output, FUNCTION_ADDRESS, timer->function))
		return false;
	/* A function that has no name is shown as the number it is. */
	return (*name ? output_string(show->output, FUNCTION, name)
		      : output_printf(show->output, FUNCTION, "0x%llx", (unsigned long long)timer->function)) &&
	       owner_cells(show, timer, name);
}

static bool timer_row(struct show *show, const struct timer_queue *queue, const struct timer *timer)
{
	struct output *output = show->output;
	bool more = output_row(output) && function_cells(show, timer);

	if (show->hrtimers) {
		more = more && seconds(output, EXPIRES, timer->expires) && output_uint(output, SOFT_EXPIRES, timer->soft_expires);
		if (more && queue->now_known)
			more = seconds(output, LEFT, timer->left) && seconds(output, SOFT_LEFT, timer->soft_expires - queue->now);
		return more;
	}
	more = more && output_uint(output, EXPIRES, timer->expires) && (!queue->flags_known || flags_cell(output, timer->flags));
	if (more && queue->now_known)
		more = output_int(output, LEFT, timer->left);
	if (more && queue->now_known && show->tick_known)
		more = output_int(output, LEFT_NS, timer->left * (int64_t)show->tick);
	return more;
}

static bool running_cells(struct show *show, const struct timer_queue *queue)
{
	uint64_t function;
	char name[256];

	if (!queue->running_known || !queue->running)
		return true;
	if (!output_address(show->output, RUNNING, queue->running))
		return false;
	/* What runs may have freed its timer. */
	if (!kernel_read_member(show->kernel, queue->running, show->hrtimers ? "hrtimer" : "timer_list", "function", &function, NULL))
		return true;
	if (function && !kernel_symbolize(show->kernel, function, name, sizeof(name)))
		return output_printf(show->output, RUNNING_FUNCTION, "0x%" PRIx64, function);
	return !function || output_string(show->output, RUNNING_FUNCTION, name);
}

static bool queue_row(struct show *show, const struct timer_queue *queue)
{
	struct output *output = show->output;
	bool more = output_row(output) && output_uint(output, CPU, queue->cpu) && output_address(output, BASE, queue->address) &&
		    output_uint(output, INDEX, queue->index);

	if (more && queue->name)
		more = output_string(output, NAME, queue->name) &&
		       output_printf(output, LABEL, "%s%s", queue->name, queue->soft ? ", in softirqs" : "");
	if (more && queue->clock_known)
		more = show->hrtimers ? output_int(output, CLOCK, queue->clock) : output_uint(output, CLOCK, queue->clock);
	if (more && queue->next_known)
		more = output_uint(output, NEXT, queue->next);
	if (more && show->hrtimers)
		more = output_bool(output, SOFT, queue->soft, NULL) && (!queue->now_known || output_uint(output, NOW, queue->now));
	if (!more || !running_cells(show, queue) || !output_begin(output, show->hrtimers ? &hrtimer_shape : &wheel_shape))
		return false;
	for (size_t i = 0; more && i < queue->count; i++)
		more = timer_row(show, queue, &queue->timers[i]);
	return output_end(output) && more;
}

/* What a base contradicts itself in, and what may be missing. */
static void doubts(struct show *show, const struct timer_queue *queue)
{
	if (queue->damage.kind != ERROR_NONE)
		output_note(show->output, "CPU %u, base %u: there may be more timers: %s", queue->cpu, queue->index, queue->damage.text);
	if (queue->strange_lists)
		output_note(show->output, "CPU %u, base %u: of %zu lists pending_map says otherwise than the list itself", queue->cpu, queue->index,
			    queue->strange_lists);
	if (queue->running_known && queue->running && !show->hrtimers)
		output_note(show->output, "CPU %u, base %u: timers were being run; those due with the one that runs are no longer on the wheel",
			    queue->cpu, queue->index);
}

static bool show_now(struct show *show)
{
	struct error why = { .kind = ERROR_NONE };
	uint64_t jiffies;
	bool more = output_begin(show->output, &now_shape) && output_row(show->output);

	if (more && !kernel_read_variable(show->kernel, "jiffies_64", 8, &jiffies, &why))
		output_note(show->output, "how long timers have left is not known: %s", why.text);
	else if (more)
		more = output_uint(show->output, JIFFIES, show->kernel->arch->pointer_size == 4 ? (uint32_t)jiffies : jiffies);
	if (more && show->tick_known)
		more = output_uint(show->output, TICK, show->tick);
	return output_end(show->output) && more;
}

static void show_queues(struct show *show, const struct timer_queues *queues)
{
	bool more = (show->hrtimers || show_now(show)) && output_begin(show->output, show->hrtimers ? &clocks_shape : &bases_shape);

	for (size_t i = 0; more && i < queues->count; i++)
		if (!show->hrtimers || queues->queues[i].count || queues->queues[i].running || queues->queues[i].damage.kind != ERROR_NONE)
			more = queue_row(show, &queues->queues[i]);
	output_end(show->output);
	for (size_t i = 0; i < queues->count; i++)
		doubts(show, &queues->queues[i]);
	if (show->strangers)
		output_note(show->output, "whose %zu of the timers are is not known: the tasks cannot be read", show->strangers);
}

/* Of the CPUs chosen; *missing_ret of them have no bases that can be read. */
static bool queues_read(struct show *show, const bool *cpus, struct timer_queues *queues, size_t *missing_ret, struct error *error)
{
	for (unsigned cpu = 0; cpu < show->kernel->nr_cpu_ids; cpu++) {
		struct error why = { 0 };

		if (!cpus[cpu] || (show->hrtimers ? hrtimers_read : wheel_read)(show->kernel, cpu, queues, &why))
			continue;
		if (why.kind == ERROR_INTERRUPTED || why.kind == ERROR_NO_MEMORY) {
			*error = why;
			return false;
		}
		if (!(*missing_ret)++)
			output_note(show->output, "CPU %u has no timers that can be read: %s", cpu, why.text);
	}
	return kernel_check_interrupt(show->kernel, error);
}

static bool timer_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		      struct error *error)
{
	struct show show = { .kernel = kernel, .output = output, .hrtimers = has_option(arguments, 'r') };
	struct timer_queues queues = { 0 };
	struct task_table *table;
	struct error why = { 0 };
	size_t missing = 0;
	bool done;
	bool *cpus;

	(void)host;
	if (arguments->nr_words)
		return error_set(error, ERROR_USAGE, "timer: %s? CPUs are chosen by -C", arguments->words[0]);
	/* Tasks are looked up for their names only. */
	if (!tasks_get(kernel, &table, error) || !select_cpus(kernel, option_value(arguments, 'C'), &cpus, error))
		return false;
	show.tick_known = kernel_tick(kernel, &show.tick, &why);
	if (!show.tick_known)
		output_note(output, "how long a tick is is not known: %s", why.text);
	done = queues_read(&show, cpus, &queues, &missing, error);
	if (done)
		show_queues(&show, &queues);
	for (size_t i = 0; i < queues.count; i++)
		missing += queues.queues[i].damage.kind != ERROR_NONE;
	if (done && missing)
		done = error_set(error, ERROR_PARTIAL, "timer: not all timers could be read");
	timer_queues_free(&queues);
	free(cpus);
	return done;
}

static const char help[] =
	"Without -r the timers of the timer wheel, in jiffies. LEFT is what was left,\n"
	"in ticks; below 0 the timer was overdue. The wheel has its timers in steps\n"
	"that grow with the distance: one may run later than EXPIRES says. FLAGS are D\n"
	"(deferrable), P (pinned to the CPU), I (run with interrupts off) and M (on its\n"
	"way to another CPU). Behind the function stands what it was armed for, where\n"
	"the kernel says that: the task that sleeps, the delayed work's function.\n"
	"With -r hrtimers: when they expire at the latest, in seconds of their clock,\n"
	"and how long that is from the last count of jiffies on (a tick or so before\n"
	"the crash, more on a stalled machine); SOFT LEFT is the earliest.\n"
	"\n"
	"JSON: \"bases\" or -r \"clocks\", with \"timers\".\n"
	"\n"
	"Example:\n"
	"(gdb) kernel timer -C 2\n"
	"JIFFIES: 4294921014  NS A TICK: 4000000\n"
	"CPU 2    TIMER_BASE: ff2ec9febe920980  [standard]  CLK: 4294905856\n"
	"   EXPIRES        LEFT       TIMER        FLAGS  FUNCTION\n"
	"4294906531      -14483  ff2ec9febf59dbc8         addrconf_rs_timer\n"
	"4294922978        1964  ff78af31c017fe70         process_timeout  for PID 42...\n";

static const struct mi_name mi_names[] = { { "timers", NULL }, { 0 } };

const struct command command_timer = {
	.name = "timer",
	.mi = mi_names,
	.summary = "Show the timers that each CPU had pending.",
	.usage = "timer [-r] [-C LIST]",
	.help = help,
	.options = options,
	.words = COMPLETE_NONE,
	.run = timer_run,
};
