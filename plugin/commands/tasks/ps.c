// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * ps: tasks. This file selects them and shows the table; the other views are in ps_time.c,
 * ps_tree.c and ps_detail.c. The options are crash's.
 */
#include "commands/tasks/ps.h"

#include <string.h>
#include <strings.h>

#include "commands/tasks/task_cells.h"
#include "commands/tasks/task_list.h"
#include "kernel/memory/memory_use.h"

static const struct option ps_options[] = {
	{ 'k', NULL, "only kernel threads" },
	{ 'u', NULL, "only user tasks" },
	{ 'G', NULL, "only thread-group leaders: one line per process" },
	{ 'A', NULL, "only the tasks that were running on a CPU" },
	{ 'y', "POLICY",
	  "only these scheduling policies: 0-7 or NORMAL, FIFO, RR, BATCH, ISO, IDLE, DEADLINE, "
	  "EXT, "
	  "with commas" },
	{ 'N', NULL, "the pid inside of its own namespace (NSPID, - outside of any), too, in place of VSZ" },
	{ 'n', NULL, "its namespaces, by the numbers of /proc/PID/ns, and its pid in each of pids" },
	{ 's', NULL, "the kernel stack pointer (KSTACKP) instead of the task_struct's address" },
	{ 'p', NULL, "each task's parents, from the root down to it" },
	{ 'c', NULL, "each task's children" },
	{ 'g', NULL, "threads by thread group" },
	{ 't', NULL, "run time, start time, user and system time" },
	{ 'l', NULL, "when it last got a CPU (scheduler's clock, ns), latest first" },
	{ 'm', NULL, "how long ago it last got a CPU: [days hh:mm:ss.mmm], latest first" },
	{ 'C', "LIST", "with -l or -m: by CPU, these CPUs: 0,2-4 or all" },
	{ 'a', NULL, "command line and environment, read from the task's own memory" },
	{ 'r', NULL, "resource limits" },
	{ 'S', NULL, "only the number of tasks in each state" },
	{ 'I', NULL, "no idle tasks (swapper)" },
	{ 'Y', NULL, "the scheduling policy and priority instead of the memory" },
	{ 'H', NULL, "the table without its heading" },
	{ 0 }
};

static const struct {
	char letter;
	bool (*run)(struct ps *ps, struct error *error);
} modes[] = {
	{ 'p', ps_parents }, { 'c', ps_children }, { 'g', ps_groups }, { 't', ps_times },
	{ 'l', ps_last_run }, { 'm', ps_last_run }, { 'a', ps_arguments }, { 'r', ps_limits },
	{ 'S', ps_summary }, { 'n', ps_namespaces },
};

enum {
	CELL_ACTIVE,
	CELL_PID,
	CELL_PPID,
	CELL_NS_PID,
	CELL_NS_LEVEL,
	CELL_CPU,
	CELL_TASK,
	CELL_KSTACKP,
	CELL_STATE,
	CELL_MEM,
	CELL_VSZ,
	CELL_RSS,
	CELL_POLICY,
	CELL_PRIO,
	CELL_COMM_TEXT,
	CELL_COMM,
	CELL_TGID,
	CELL_STATE_NAME,
	CELL_STATE_NUMBER,
	CELL_EXIT_STATE,
	CELL_FLAGS,
	CELL_KERNEL,
	CELL_IDLE,
	CELL_START,
	CELL_UTIME,
	CELL_STIME,
	CELL_LAST_RUN,
	CELL_MM,
	CELL_STACK,
	CELL_DAMAGE,
	NR_CELLS
};

static const struct column table_columns[NR_CELLS] = {
	[CELL_ACTIVE] = { "active", "", 1, COLUMN_HIGHLIGHT | COLUMN_JOINED },
	[CELL_PID] = { "pid", "PID", 5, COLUMN_RIGHT },
	[CELL_PPID] = { "ppid", "PPID", 5, COLUMN_RIGHT },
	[CELL_NS_PID] = { "ns_pid", "NSPID", 5, COLUMN_RIGHT },
	[CELL_NS_LEVEL] = { "ns_level", "", 0, COLUMN_JSON_ONLY },
	[CELL_CPU] = { "cpu", "CPU", 3, COLUMN_RIGHT },
	[CELL_TASK] = { "task", "TASK", 16, COLUMN_ADDRESS },
	[CELL_KSTACKP] = { "kstackp", "KSTACKP", 16, COLUMN_ADDRESS },
	[CELL_STATE] = { "state", "ST", 2, COLUMN_LEFT },
	[CELL_MEM] = { "mem_percent", "%MEM", 4, COLUMN_RIGHT },
	[CELL_VSZ] = { "vsz_bytes", "VSZ", 6, COLUMN_RIGHT },
	[CELL_RSS] = { "rss_bytes", "RSS", 5, COLUMN_RIGHT },
	[CELL_POLICY] = { "policy", "POLICY", 8, COLUMN_LEFT },
	[CELL_PRIO] = { "prio", "PRIO", 4, COLUMN_RIGHT },
	[CELL_COMM_TEXT] = { "comm_text", "COMM", 0, COLUMN_TEXT_ONLY },
	[CELL_COMM] = { "comm", "", 0, COLUMN_JSON_ONLY },
	[CELL_TGID] = { "tgid", "", 0, COLUMN_JSON_ONLY },
	[CELL_STATE_NAME] = { "state_name", "", 0, COLUMN_JSON_ONLY },
	[CELL_STATE_NUMBER] = { "state_number", "", 0, COLUMN_JSON_ONLY },
	[CELL_EXIT_STATE] = { "exit_state", "", 0, COLUMN_JSON_ONLY },
	[CELL_FLAGS] = { "flags", "", 0, COLUMN_JSON_ONLY },
	[CELL_KERNEL] = { "kernel_thread", "", 0, COLUMN_JSON_ONLY },
	[CELL_IDLE] = { "idle", "", 0, COLUMN_JSON_ONLY },
	[CELL_START] = { "start_time_ns", "", 0, COLUMN_JSON_ONLY },
	[CELL_UTIME] = { "utime_ns", "", 0, COLUMN_JSON_ONLY },
	[CELL_STIME] = { "stime_ns", "", 0, COLUMN_JSON_ONLY },
	[CELL_LAST_RUN] = { "last_run_ns", "", 0, COLUMN_JSON_ONLY },
	[CELL_MM] = { "mm", "", 0, COLUMN_JSON_ONLY | COLUMN_ADDRESS },
	[CELL_STACK] = { "stack", "", 0, COLUMN_JSON_ONLY | COLUMN_ADDRESS },
	[CELL_DAMAGE] = { "damage", "", 0, COLUMN_JSON_ONLY },
};

/* --- the table --- */

static const char *const policy_names[] = { "NORMAL", "FIFO", "RR", "BATCH", "ISO", "IDLE", "DEADLINE", "EXT" };

/*
 * Where its kernel stack was: as its CPU says, else as the last switch-out saved it, which is nothing where it was running or may have
 * been. False: not known.
 */
static bool stack_pointer(struct kernel *kernel, const struct task *task, uint64_t *sp_ret)
{
	struct registers registers = { 0 };
	bool switched_out = !task->on_cpu && task_knows(task, TASK_ON_CPU);

	/* Where the task_struct has the registers themselves (arm64) it is one of them. */
	if ((task->on_cpu || (switched_out && kernel->arch->switch_is_address)) &&
	    task_registers(kernel, task, &registers, NULL, NULL) && registers.valid >> kernel->arch->sp & 1) {
		*sp_ret = registers.value[kernel->arch->sp];
		return true;
	}
	*sp_ret = task->thread_sp;
	return switched_out && task_knows(task, TASK_THREAD_SP);
}

static void number_cell(struct output *out, size_t column, const struct task *task, enum task_fact fact, uint64_t value)
{
	if (task_knows(task, fact))
		output_uint(out, column, value);
}

static void raw_cells(struct kernel *kernel, struct output *out, const struct task *task)
{
	task_comm_cell(out, CELL_COMM, task);
	number_cell(out, CELL_TGID, task, TASK_TGID, task->tgid);
	task_state_name_cell(kernel, out, CELL_STATE_NAME, task);
	number_cell(out, CELL_STATE_NUMBER, task, TASK_STATE, task->state);
	number_cell(out, CELL_EXIT_STATE, task, TASK_EXIT_STATE, task->exit_state);
	number_cell(out, CELL_FLAGS, task, TASK_FLAGS, task->flags);
	if (task_knows(task, TASK_FLAGS))
		output_bool(out, CELL_KERNEL, task->kernel_thread, NULL);
	output_bool(out, CELL_IDLE, task->idle, NULL);
	if (task_knows(task, TASK_POLICY) && task->policy < ARRAY_SIZE(policy_names))
		output_uint_as(out, CELL_POLICY, task->policy, "%s", policy_names[task->policy]);
	else
		number_cell(out, CELL_POLICY, task, TASK_POLICY, task->policy);
	if (task_knows(task, TASK_PRIO))
		output_int(out, CELL_PRIO, task->prio);
	number_cell(out, CELL_START, task, TASK_START_TIME, task->start_time);
	number_cell(out, CELL_UTIME, task, TASK_UTIME, task->utime);
	number_cell(out, CELL_STIME, task, TASK_STIME, task->stime);
	number_cell(out, CELL_LAST_RUN, task, TASK_LAST_RUN, task->last_run);
	if (task_knows(task, TASK_MM))
		output_address(out, CELL_MM, task->mm);
	if (task_knows(task, TASK_STACK))
		output_address(out, CELL_STACK, task->stack);
	if (task->damage)
		output_string(out, CELL_DAMAGE, task->damage);
}

/* In a container a task has another pid than here; without one there is nothing to tell. */
static void namespace_cells(struct ps *ps, const struct task *task)
{
	struct error why = { .kind = ERROR_NONE };
	uint32_t pid, level;

	if (!has_option(ps->arguments, 'N') || task->idle)
		return;
	if (!task_namespace_pid(ps->kernel, task, &pid, &level, &why)) {
		if (!ps->ns_unknown++)
			ps->ns_why = why;
		return;
	}
	output_uint(ps->output, CELL_NS_LEVEL, level);
	if (level)
		output_uint(ps->output, CELL_NS_PID, pid);
}

static bool table_row(struct ps *ps, const struct task *task, uint64_t memory)
{
	struct output *out = ps->output;
	bool kernel_thread = task->kernel_thread || task->idle;
	size_t comm_size = strnlen(task->comm, sizeof(task->comm));
	char comm[sizeof(task->comm) + 2];
	uint64_t sp;

	if (!output_row(out))
		return false;
	if (task_knows(task, TASK_ON_CPU))
		output_bool(out, CELL_ACTIVE, task->on_cpu, task->on_cpu ? ">" : "");
	output_uint(out, CELL_PID, task->pid);
	number_cell(out, CELL_PPID, task, TASK_PPID, task->ppid);
	namespace_cells(ps, task);
	task_cpu_cell(out, CELL_CPU, task);
	output_address(out, CELL_TASK, task->address);
	if (stack_pointer(ps->kernel, task, &sp))
		output_address(out, CELL_KSTACKP, sp);
	task_state_cell(ps->kernel, out, CELL_STATE, task);
	if (ps->table->memory_loaded && !task->memory_unknown) {
		if (memory)
			output_real(out, CELL_MEM, (double)task->rss_bytes * 100 / memory, 1);
		output_uint_as(out, CELL_VSZ, task->vsz_bytes, "%lu", task->vsz_bytes / 1024);
		output_uint_as(out, CELL_RSS, task->rss_bytes, "%lu", task->rss_bytes / 1024);
	}
	memcpy(comm + 1, task->comm, comm_size);
	comm[0] = '[';
	comm[comm_size + 1] = ']';
	if (task_knows(task, TASK_COMM))
		output_bytes(out, CELL_COMM_TEXT, kernel_thread ? comm : comm + 1,
			     comm_size + (kernel_thread ? 2 : 0));
	raw_cells(ps->kernel, out, task);
	return true;
}

/* From people, if HIDDEN. */
static void hide(struct column *columns, size_t first, size_t last, bool hidden)
{
	for (size_t i = first; hidden && i <= last; i++)
		columns[i].flags |= COLUMN_JSON_ONLY;
}

static bool ps_table(struct ps *ps, struct error *error)
{
	struct column columns[NR_CELLS];
	struct shape shape = { "tasks", SHAPE_TABLE, columns, NR_CELLS };
	struct error memory_error = { 0 };
	bool memory_known = tasks_load_memory(ps->kernel, &memory_error);
	struct error total_error = { 0 };
	uint64_t memory;

	if (!memory_total(ps->kernel, &memory, &total_error))
		memory = 0;
	if (!memory_known && memory_error.kind == ERROR_INTERRUPTED)
		return error_set(error, ERROR_INTERRUPTED, "%s", memory_error.text);
	memcpy(columns, table_columns, sizeof(columns));
	columns[has_option(ps->arguments, 's') ? CELL_TASK : CELL_KSTACKP].flags |=
		COLUMN_JSON_ONLY;
	hide(columns, CELL_VSZ, CELL_VSZ, has_option(ps->arguments, 'N'));
	hide(columns, CELL_POLICY, CELL_PRIO, !has_option(ps->arguments, 'Y'));
	hide(columns, CELL_MEM, CELL_RSS, has_option(ps->arguments, 'Y'));
	ps->output->no_headings = has_option(ps->arguments, 'H');
	if (!has_option(ps->arguments, 'N'))
		columns[CELL_NS_PID].flags |= COLUMN_JSON_ONLY;
	output_begin(ps->output, &shape);
	for (size_t i = 0; i < ps->count; i++) {
		if (!(i & 255) && !kernel_check_interrupt(ps->kernel, error))
			return false;
		if (!table_row(ps, ps->tasks[i], memory))
			break;
	}
	output_end(ps->output);
	ps->output->no_headings = false;	/* others may go on with it */
	if (!memory_known && !has_option(ps->arguments, 'Y'))
		output_note(ps->output, "no memory sizes: %s", memory_error.text);
	else if (!memory && !has_option(ps->arguments, 'Y'))
		output_note(ps->output, "%%MEM is not known: %s", total_error.text);
	if (ps->ns_unknown)
		output_note(ps->output, "in their namespace the pids of %zu tasks are not known; the first: %s", ps->ns_unknown,
			    ps->ns_why.text);
	return true;
}

/* --- which tasks --- */

/* "FIFO,2" -> a bit per policy. */
static bool parse_policies(const char *text, uint32_t *mask_ret, struct error *error)
{
	const char *word = text;

	*mask_ret = 0;
	while (*word) {
		size_t size = strcspn(word, ",");
		size_t i;

		for (i = 0; i < ARRAY_SIZE(policy_names); i++)
			if ((strlen(policy_names[i]) == size &&
			     !strncasecmp(policy_names[i], word, size)) ||
			    (size == 1 && word[0] == (char)('0' + i)))
				break;
		if (i == ARRAY_SIZE(policy_names))
			return error_set(
				error, ERROR_USAGE,
				"ps: there is no scheduling policy \"%.*s\"; they are 0 NORMAL, 1 "
				"FIFO, 2 RR, 3 BATCH, 4 ISO, 5 IDLE, 6 DEADLINE, 7 EXT",
				(int)size, word);
		*mask_ret |= 1u << i;
		word += size + (word[size] == ',');
	}
	return true;
}

struct filter {
	const struct arguments *arguments;
	uint32_t policies;	/* 0 = any */
	struct task_list list;
	size_t undecided;	/* those of which it is not known */
};

static bool keep(void *context, const struct task *task)
{
	struct filter *filter = context;
	const struct arguments *arguments = filter->arguments;
	bool kernel_thread = task->kernel_thread || task->idle;
	bool by_kind = has_option(arguments, 'k') || has_option(arguments, 'u');

	if ((by_kind && !task->idle && !task_knows(task, TASK_FLAGS)) ||
	    (has_option(arguments, 'G') && !task_knows(task, TASK_TGID)) ||
	    (has_option(arguments, 'A') && !task_knows(task, TASK_ON_CPU)) ||
	    (filter->policies && !task_knows(task, TASK_POLICY))) {
		filter->undecided++;
		return true;
	}
	if ((has_option(arguments, 'k') && !kernel_thread) || (has_option(arguments, 'I') && task->idle) ||
	    (has_option(arguments, 'u') && kernel_thread) ||
	    (has_option(arguments, 'G') && task->pid != task->tgid) ||
	    (has_option(arguments, 'A') && !task->on_cpu) ||
	    (filter->policies && (task->policy > 31 || !(filter->policies >> task->policy & 1))))
		return true;
	return task_list_add(&filter->list, task);
}

static bool collect(struct ps *ps, struct task_list *list, struct error *error)
{
	const struct arguments *arguments = ps->arguments;
	const char *policies = option_value(arguments, 'y');
	struct filter filter = { .arguments = arguments };
	bool done = true;

	if (policies && !parse_policies(policies, &filter.policies, error))
		return false;
	if (arguments->nr_words) {
		done = select_tasks(ps->kernel, arguments->words, arguments->nr_words, keep,
				    &filter, error);
	} else {
		for (size_t i = 0; i < ps->table->count && keep(&filter, &ps->table->tasks[i]); i++)
			;
		task_list_sort(&filter.list);
	}
	*list = filter.list;
	ps->undecided = filter.undecided;
	ps->tasks = list->tasks;
	ps->count = list->count;
	return task_list_check(list, done ? error : NULL) && done;
}

/* --- the command --- */

static bool pick_mode(const struct arguments *arguments,
		      bool (**run_ret)(struct ps *, struct error *), struct error *error)
{
	char letter = 0;

	*run_ret = ps_table;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (!has_option(arguments, modes[i].letter))
			continue;
		if (letter)
			return error_set(error, ERROR_USAGE,
					 "ps: -%c and -%c are different views; give one of them",
					 letter, modes[i].letter);
		letter = modes[i].letter;
		*run_ret = modes[i].run;
	}
	if (option_value(arguments, 'C') && letter != 'l' && letter != 'm')
		return error_set(error, ERROR_USAGE, "ps: -C goes with -l or -m only");
	if (has_option(arguments, 'N') && letter)
		return error_set(error, ERROR_USAGE, "ps: -N is for the table, -%c shows none", letter);
	if (has_option(arguments, 's') && letter)
		return error_set(error, ERROR_USAGE, "ps: -s is for the table, -%c shows none",
				 letter);
	if (letter && (has_option(arguments, 'Y') || has_option(arguments, 'H')))
		return error_set(error, ERROR_USAGE, "ps: -Y and -H are for the table, -%c shows none", letter);
	if (has_option(arguments, 'k') && has_option(arguments, 'u'))
		return error_set(error, ERROR_USAGE,
				 "ps: -k and -u leave nothing; give one of them");
	return true;
}

static bool run_ps(struct kernel *kernel, const struct arguments *arguments, struct output *output,
		   const struct host *host, struct error *error)
{
	struct ps ps = { .kernel = kernel, .arguments = arguments, .output = output };
	bool (*run)(struct ps *ps, struct error *error);
	struct error missing = { .kind = ERROR_NONE };
	struct task_list list = { 0 };
	struct task_table *table;
	bool done;

	(void)host;
	if (!pick_mode(arguments, &run, error) || !tasks_get(kernel, &table, error))
		return false;
	ps.table = table;
	done = collect(&ps, &list, &missing);
	if (!done && missing.kind != ERROR_PARTIAL) {
		*error = missing;
		task_list_free(&list);
		return false;
	}
	done = run(&ps, error);
	if (done)
		task_damage_notes(output, ps.tasks, ps.count);
	task_list_free(&list);
	if (done && ps.undecided)
		output_note(output, "of %zu more tasks it is not known whether they are like that", ps.undecided);
	else if (done && !ps.count && missing.kind == ERROR_NONE)
		output_note(output, "no task is like that");
	if (done && table->damage)
		output_note(output, "there may be more tasks: %s", table->damage);
	if (done && missing.kind == ERROR_PARTIAL) {
		*error = missing;
		return false;
	}
	if (done && table->damage && !table->all_pids && !arguments->nr_words)
		return error_set(error, ERROR_PARTIAL, "ps: the list of tasks is not complete");
	return done;
}

static const char ps_help[] =
	"Shows tasks: all of them, idle tasks first and then by PID, or those that the\n"
	"words select, in that order. A word is a PID, a task_struct's address, a command\n"
	"name (the kernel keeps 15 bytes of it; one with spaces goes in double quotes),\n"
	"a regular expression in single quotes, or a state as in the column ST: UN.\n"
	"\\123 is a task that is called 123.\n"
	"\n"
	"The columns: > marks the tasks that were running on a CPU. CPU is where a task\n"
	"ran last. ST is its state: RU running or runnable, IN interruptible sleep, UN\n"
	"uninterruptible sleep, ID idle kernel thread, ST stopped, TR traced, ZO zombie,\n"
	"DE dead, PA parked, NE new, WA waking. %MEM is RSS out of all memory; VSZ and\n"
	"RSS are in KiB. Kernel threads are [in brackets].\n"
	"\n"
	"-l and -m show the scheduler's own record of when a task last got a CPU. It\n"
	"counts in the scheduler's clock, and \"now\" is the latest time that any CPU's run\n"
	"queue had seen, so the last moments before the crash may be missing from it.\n"
	"-a reads the task's own pages; dumps are often made without them (makedumpfile\n"
	"-d 31), and then it says so.\n"
	"\n"
	"What a damaged dump does not tell is -, and a note says why. Where lists break\n"
	"off all other ways to tasks are tried. NSPID (-N) is the pid inside a\n"
	"container; -n shows all of its pids, from the outermost namespace inwards, and\n"
	"which namespaces it is in. A task that has exited is in few.\n"
	"\n"
	"-Y: POLICY is what -y takes, PRIO the kernel's own: 0 to 99 real time, 100 to\n"
	"139 the others, 120 with nice 0, what a waiting task lends it included.\n"
	"\n"
	"JSON: an array \"tasks\", sizes in bytes and times in ns; with -l -C \"cpus\" of\n"
	"\"tasks\", with -g \"groups\" of \"threads\", with -S \"states\". A limit (-r) of\n"
	"18446744073709551615 is none.\n"
	"\n"
	"Examples:\n"
	"(gdb) kernel ps rig-busy 'rig-t.*'\n"
	"   PID   PPID  CPU        TASK        ST  %MEM     VSZ    RSS  COMM\n"
	">  211      1    3  ff18d74d8500a0c0  RU   0.1    1192    904  rig-busy\n"
	"   165      1    1  ff18d74dbef18000  IN   0.1   66760    880  rig-threads\n"
	"   190      1    1  ff18d74d826a4180  IN   0.1    1192    512  rig-tracer\n"
	"   191    190    3  ff18d74dbfd7c180  TR   0.0    1192    320  rig-traced\n"
	"\n"
	"(gdb) kernel ps -p 159\n"
	"PID: 0        TASK: ffffffff9a41aa40  CPU: 0    COMMAND: \"swapper/0\"\n"
	" PID: 1        TASK: ff42adf8011f20c0  CPU: 0    COMMAND: \"init\"\n"
	"  PID: 157      TASK: ff42adf83f758000  CPU: 0    COMMAND: \"tree\"\n"
	"   PID: 158      TASK: ff42adf83ecc4180  CPU: 1    COMMAND: \"tree-0\"\n"
	"    PID: 159      TASK: ff42adf8027f4180  CPU: 2    COMMAND: \"tree-0-0\"\n";

static const struct mi_name mi_names[] = { { "tasks", NULL }, { "cpus", "-A" }, { 0 } };

const struct command command_ps = {
	.name = "ps",
	.mi = mi_names,
	.summary = "Show tasks: processes, threads and kernel threads.",
	.usage = "ps [-k|-u] [-G] [-A] [-I] [-y POLICY] [[-s] [-N] [-Y] [-H] | -p|-c|-g|-t|-a|-n|-r|-S | -l|-m [-C LIST]] "
		 "[PID|TASK|NAME|'REGEX']...",
	.help = ps_help,
	.options = ps_options,
	.words = COMPLETE_TASK,
	.run = run_ps,
};
