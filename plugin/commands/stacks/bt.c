// SPDX-License-Identifier: GPL-3.0-or-later
/* bt: kernel stacks, natively: which tasks. The rest is in the bt_*.c, see bt.h. */
#include "commands/stacks/bt.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/modules/livepatch.h"
#include "kernel/stacks/source.h"
#include "kernel/tasks/cpu.h"

static const struct option bt_options[] = {
	{ 'a', NULL, "the task that was running on each CPU" },
	{ 'c', "LIST", "the tasks that were running on these CPUs: 0,2-4 or all" },
	{ 'p', NULL, "the task that panicked" },
	{ 'g', NULL, "all threads of the thread group" },
	{ 'A', NULL, "all tasks there are" },
	{ 'n', "idle", "leave out idle tasks (swapper)" },
	{ 'u', NULL,
	  "each different stack once, with how many tasks have it and which; alone: of all tasks" },
	{ 'l', NULL, "file and line of each frame, and the functions that are inlined there" },
	{ 'f', NULL, "what is on the stack in each frame: every word, with its symbol" },
	{ 'F', NULL, "as -f, with the slab cache of what a word points into; -FF: and the object" },
	{ 't', NULL,
	  "no unwinding: every word on the stack that looks like a return address, stale ones "
	  "too" },
	{ 'r', NULL, "no unwinding: all words of the stack, with symbols" },
	{ 'T', NULL, "the same of the whole stack, from its lowest address on" },
	{ 'e', NULL, "exception frames: what in the stack looks like registers that entry code saved" },
	{ 'E', NULL, "those on the CPUs' stacks for interrupts and exceptions; -c LIST: of these CPUs" },
	{ 'v', NULL, "whether a stack has overflown; alone: of all tasks" },
	{ 'R', "REF", "only tasks on whose stack this function or address is" },
	{ 'I', "PC", "begin at this address of code, with -S or the task's own stack pointer" },
	{ 'S', "SP", "begin at this stack pointer; without -I a return address must be there" },
	{ 's', NULL, "taken for crash's sake: functions have their offsets always" },
	{ 'x', NULL, "offsets in hexadecimal, as without it" },
	{ 'd', NULL, "offsets in decimal" },
	{ 0 }
};

static bool add_address(struct bt *bt, uint64_t address, const char *what, struct task_list *list,
			struct error *error)
{
	const struct task *task = task_find_address(bt->kernel, address);

	if (!task)
		return error_set(error, ERROR_CORRUPT, "%s, %0*lx, is not among the known tasks",
				 what, output_address_digits(bt->output), address);
	task_list_add(list, task);
	return true;
}

/* The task that CPU was running, or else the CPU alone. */
static void add_cpu(struct bt *bt, const struct cpu *cpu, struct task_list *list)
{
	/* Asked for first: only then those tasks are known that have to be inferred. */
	struct task_table *table;
	const struct task *task = NULL;

	if (tasks_get(bt->kernel, &table, NULL) && cpu->task)
		task = task_find_address(bt->kernel, cpu->task);
	if (task)
		task_list_add(list, task);
	else if (bt->nr_lone < bt->kernel->nr_cpus)
		bt->lone[bt->nr_lone++] = (struct lone_cpu){ cpu, list->count };
}

static bool add_panicked(struct bt *bt, struct task_list *list, struct error *error)
{
	const struct cpu *cpu = cpu_panicked(bt->kernel);

	if (!cpu)
		return error_set(error, ERROR_USAGE,
				 "bt: nobody knows which task panicked; name one, or use -a");
	add_cpu(bt, cpu, list);
	return true;
}

bool bt_add_cpus(struct bt *bt, const char *text, struct task_list *list, struct error *error)
{
	bool *cpus = calloc(bt->kernel->nr_cpu_ids + 1, sizeof(*cpus));
	unsigned nr_missing = 0;
	bool done;

	if (!cpus)
		return error_no_memory(error, "a list of CPUs", bt->kernel->nr_cpu_ids);
	done = parse_cpu_list(bt->kernel, text, cpus, error);
	for (size_t i = 0; done && i < bt->kernel->nr_cpus; i++) {
		const struct cpu *cpu = &bt->kernel->cpus[i];

		if (cpu->number >= bt->kernel->nr_cpu_ids || !cpus[cpu->number])
			continue;
		cpus[cpu->number] = false;
		if (cpu_was_offline(bt->kernel, cpu->number))
			output_note(bt->output, "CPU %u was offline", cpu->number);
		add_cpu(bt, cpu, list);
	}
	for (unsigned cpu = 0;
	     done && strcmp(text, "all") && strcmp(text, "a") && cpu < bt->kernel->nr_cpu_ids;
	     cpu++)
		if (cpus[cpu]) {
			output_note(bt->output, cpu_was_offline(bt->kernel, cpu) ? "CPU %u was offline" :
				    "CPU %u: whether it was online cannot be read, and nothing is known of it", cpu);
			nr_missing++;
		}
	if (nr_missing)
		error_set(&bt->missing, ERROR_PARTIAL, "bt: %u of the CPUs asked for %s no stack", nr_missing,
			  nr_missing == 1 ? "has" : "have");
	free(cpus);
	return done;
}

/* For what goes over all tasks. */
static void say_if_damaged(struct bt *bt, const struct task_table *table)
{
	if (table->damage)
		output_note(bt->output, "there may be more tasks: %s", table->damage);
	if (table->damage && !table->all_pids)
		error_set(&bt->missing, ERROR_PARTIAL, "bt: the list of tasks is not complete");
}

bool bt_add_all(struct bt *bt, struct task_list *list, struct error *error)
{
	struct task_table *table;

	if (!tasks_get(bt->kernel, &table, error))
		return false;
	for (size_t i = 0; i < table->count && task_list_add(list, &table->tasks[i]); i++)
		;
	task_list_sort(list);
	say_if_damaged(bt, table);
	return true;
}

static bool add_selected(struct bt *bt, struct task_list *list, struct error *error)
{
	uint64_t address = host_selected_task(bt->host);
	const struct cpu *cpu = host_selected_cpu(bt->host);

	if (cpu)
		add_cpu(bt, cpu, list);
	else if (address)
		return add_address(bt, address, "gdb's selected thread", list, error);
	return cpu || add_panicked(bt, list, error);
}

/* -g: instead of each task all threads of its group, each group once. */
static bool expand_groups(struct bt *bt, struct task_list *list, struct error *error)
{
	struct task_list expanded = { 0 };
	struct task_table *table;

	if (!tasks_get(bt->kernel, &table, error))
		return false;
	for (size_t i = 0; i < list->count; i++) {
		uint64_t leader = list->tasks[i]->group_leader;
		bool done = false;

		for (size_t j = 0; j < i && !done; j++)
			done = list->tasks[j]->group_leader == leader;
		for (size_t k = 0; k < table->count && !done; k++)
			if (table->tasks[k].group_leader == leader)
				task_list_add(&expanded, &table->tasks[k]);
	}
	if (!has_option(bt->arguments, 'A') && !has_option(bt->arguments, 'u'))
		say_if_damaged(bt, table);
	task_list_free(list);
	*list = expanded;
	return true;
}

/* One way to say which tasks; more than one is a mistake worth telling. */
static bool choose(struct bt *bt, struct task_list *list, struct error *error)
{
	const struct arguments *arguments = bt->arguments;
	const char *cpus = option_value(arguments, 'c');
	int ways = has_option(arguments, 'a') + !!cpus + has_option(arguments, 'p') +
		   has_option(arguments, 'A') + !!arguments->nr_words;

	if (ways > 1)
		return error_set(error, ERROR_USAGE,
				 "bt: -a, -c, -p, -A and words are different ways to say which "
				 "tasks; use one");
	if (arguments->nr_words)
		return select_tasks(bt->kernel, arguments->words, arguments->nr_words,
				    task_list_add, list, error);
	if (has_option(arguments, 'a'))
		return bt_add_cpus(bt, "all", list, error);
	if (cpus)
		return bt_add_cpus(bt, cpus, list, error);
	if (has_option(arguments, 'p'))
		return add_panicked(bt, list, error);
	if (has_option(arguments, 'A') || has_option(arguments, 'u') || has_option(arguments, 'v'))
		return bt_add_all(bt, list, error);
	return add_selected(bt, list, error);
}

static bool check_options(const struct arguments *arguments, struct error *error)
{
	const char *without = option_value(arguments, 'n');
	int views = has_option(arguments, 'u') + has_option(arguments, 't') +
		    has_option(arguments, 'r') + has_option(arguments, 'T') + has_option(arguments, 'e') + has_option(arguments, 'v');
	bool starts = option_value(arguments, 'I') || option_value(arguments, 'S');

	if (without && strcmp(without, "idle"))
		return error_set(error, ERROR_USAGE,
				 "bt: -n can leave out idle tasks only: -n idle");
	if (views > 1)
		return error_set(error, ERROR_USAGE,
				 "bt: -u, -t, -T, -r, -e and -v are different views; give one of them");
	if (has_option(arguments, 'x') && has_option(arguments, 'd'))
		return error_set(error, ERROR_USAGE, "bt: offsets are hexadecimal (-x) or decimal (-d), not both");
	if (has_option(arguments, 'E') && (views || arguments->nr_words || starts || option_value(arguments, 'R') || has_option(arguments, 'f') ||
					   has_option(arguments, 'F') ||
					   has_option(arguments, 'l') || has_option(arguments, 'a') || has_option(arguments, 'A') ||
					   has_option(arguments, 'p') || has_option(arguments, 'g') || has_option(arguments, 'n')))
		return error_set(error, ERROR_USAGE, "bt: -E is of CPUs, not of tasks; only -c LIST goes with it");
	if (starts && views)
		return error_set(error, ERROR_USAGE, "bt: -I and -S say where frames begin, which no other view shows");
	if (has_option(arguments, 'f') && views)
		return error_set(error, ERROR_USAGE,
				 "bt: -f needs frames, which -u, -t, -T, -r, -e and -v do not show one by one");
	if (has_option(arguments, 'F') && views && !has_option(arguments, 'r'))
		return error_set(error, ERROR_USAGE, "bt: -F is of words, which only frames and -r show");
	if (has_option(arguments, 'l') && views && !has_option(arguments, 'u'))
		return error_set(error, ERROR_USAGE,
				 "bt: -l needs frames, which -t, -T, -r, -e and -v do not show");
	return true;
}

static void drop_idle(struct task_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if (!list->tasks[i]->idle)
			list->tasks[kept++] = list->tasks[i];
	list->count = kept;
}

/* -R: only those with the reference. Nobody is left that cannot be looked at: a stack that breaks off is searched to where it does. */
static bool drop_others(struct bt *bt, struct task_list *list, struct error *error)
{
	size_t kept = 0, kept_cpus = 0, lone = 0;

	if (!option_value(bt->arguments, 'R'))
		return true;
	if (!bt_reference(bt, option_value(bt->arguments, 'R'), error))
		return false;
	for (size_t i = 0; i <= list->count; i++) {
		if (!kernel_step(bt->kernel, "unwinding", i, list->count, error))
			return false;
		for (; lone < bt->nr_lone && (bt->lone[lone].before <= i || i == list->count); lone++) {
			bt_unwind_cpu(bt, bt->lone[lone].cpu);
			if (bt_refers(bt))
				bt->lone[kept_cpus++] = (struct lone_cpu){ bt->lone[lone].cpu, kept };
		}
		if (i == list->count)
			break;
		bt_unwind(bt, list->tasks[i]);
		if (bt_refers(bt))
			list->tasks[kept++] = list->tasks[i];
	}
	list->count = kept;
	bt->nr_lone = kept_cpus;
	return true;
}

/* -I, -S: of one task. A return address at the stack pointer is where it goes on. */
static bool set_start(struct bt *bt, const struct task_list *list, struct error *error)
{
	const struct arch *arch = bt->kernel->arch;
	const char *pc = option_value(bt->arguments, 'I'), *sp = option_value(bt->arguments, 'S');
	uint64_t *values = bt->start.value;

	if (!pc && !sp)
		return true;
	if (list->count != 1 || bt->nr_lone)
		return error_set(error, ERROR_USAGE, "bt: -I and -S are of one task; name it");
	if ((sp && !parse_address(bt->kernel, bt->host, bt->output, "bt -S", sp, &values[arch->sp], error)) ||
	    (pc && !parse_address(bt->kernel, bt->host, bt->output, "bt -I", pc, &values[arch->pc], error)))
		return false;
	if (!pc) {
		if (arch->lr)
			return error_set(error, ERROR_USAGE, "bt: calls of this machine leave no return address at the stack pointer; "
					 "say with -I where it was");
		if (!unwind_is_return_address(bt->kernel, values[arch->sp], &values[arch->pc]))
			return error_set(error, ERROR_USAGE, "bt: there is no return address at 0x%llx; say with -I where it was",
					 (unsigned long long)values[arch->sp]);
		values[arch->sp] += arch->pointer_size;
	}
	if (!unwind_is_code(bt->kernel, values[arch->pc]))
		return error_set(error, ERROR_USAGE, "bt: 0x%llx is no code of the kernel", (unsigned long long)values[arch->pc]);
	bt->start.valid = 1ull << arch->pc | (sp ? 1ull << arch->sp : 0);
	return true;
}

/* How one stack is shown. */
struct view {
	bool (*task)(struct bt *bt, const struct task *task);
	bool (*cpu)(struct bt *bt, const struct cpu *cpu);
};

static bool show(struct bt *bt, const struct task_list *list, struct error *error)
{
	static const struct view frames = { bt_task, bt_cpu }, words = { bt_raw, bt_cpu_raw },
				 text_words = { bt_text_words, bt_cpu_text_words },
				 exceptions = { bt_task_exceptions, bt_cpu_exceptions };
	const struct view *view = has_option(bt->arguments, 't') || has_option(bt->arguments, 'T') ? &text_words :
				  has_option(bt->arguments, 'r') ? &words :
				  has_option(bt->arguments, 'e') ? &exceptions : &frames;
	size_t lone = 0;

	if (has_option(bt->arguments, 'u'))
		return bt_groups(bt, list, error);
	if (has_option(bt->arguments, 'v'))
		return bt_check(bt, list, error);
	output_begin(bt->output, &bt_task_shape);
	for (size_t i = 0; i <= list->count; i++) {
		bool more = true;

		if (!kernel_step(bt->kernel, "unwinding", i, list->count, error))
			return false;
		/* With -g and -n idle the list may be another one: what would stand behind it ends it. */
		for (; more && lone < bt->nr_lone &&
		       (bt->lone[lone].before <= i || i == list->count); lone++)
			more = view->cpu(bt, bt->lone[lone].cpu);
		if (!more || (i < list->count && !view->task(bt, list->tasks[i])))
			break;
	}
	output_end(bt->output);
	if (view == &text_words)
		output_note(bt->output, "these words only look like return addresses: some are "
					"left over from earlier calls");
	if (!list->count && !bt->nr_lone && bt->missing.kind == ERROR_NONE)
		output_note(bt->output, "no task is like that");
	return true;
}

void bt_free(struct bt *bt)
{
	if (bt)
		free(bt->lone);
	free(bt);
}

struct bt *bt_new(struct kernel *kernel, const struct arguments *arguments, struct output *output,
		  const struct host *host, struct error *error)
{
	struct bt *bt = calloc(1, sizeof(*bt));

	if (bt)
		bt->lone = calloc(kernel->nr_cpus + 1, sizeof(*bt->lone));
	if (!bt || !bt->lone) {
		bt_free(bt);
		error_no_memory(error, "bt", sizeof(*bt));
		return NULL;
	}
	bt->kernel = kernel;
	bt->arguments = arguments;
	bt->output = output;
	bt->host = host;
	bt->lines = has_option(arguments, 'l');
	bt->words = has_option(arguments, 'f') || has_option(arguments, 'F');
	bt->decimal = has_option(arguments, 'd');
	bt->stack_size = task_stack_size(kernel);
	bt_registers_init(bt);
	return bt;
}

static bool run_bt(struct kernel *kernel, const struct arguments *arguments, struct output *output,
		   const struct host *host, struct error *error)
{
	struct task_list list = { 0 };
	struct error why;
	struct bt *bt;
	bool done;

	if (!check_options(arguments, error))
		return false;
	bt = bt_new(kernel, arguments, output, host, error);
	if (!bt)
		return false;
	if (has_option(arguments, 'E')) {
		done = bt_all_exceptions(bt, error);
		bt_free(bt);
		return done;
	}
	done = choose(bt, &list, &why);
	if (!done && why.kind == ERROR_PARTIAL)
		bt->missing = why;
	else if (!done)
		*error = why;
	done = (done || why.kind == ERROR_PARTIAL) &&
	       (!has_option(arguments, 'g') || expand_groups(bt, &list, error)) &&
	       task_list_check(&list, error);
	if (done && option_value(arguments, 'n'))
		drop_idle(&list);
	done = done && set_start(bt, &list, error) && drop_others(bt, &list, error);
	done = done && show(bt, &list, error);
	if (done && bt->lines && !bt->any_line && !kernel_has_source(kernel, &why))
		output_note(output, "no lines of the kernel's source: %s", why.text);
	if (done && bt->nr_slabs_unknown)
		output_note(output, "of %zu words it is not known whether they point into a slab: %s", bt->nr_slabs_unknown, bt->slab_error.text);
	if (done && livepatch_damage(kernel))
		output_note(output, "%s", livepatch_damage(kernel));
	if (done && bt->missing.kind != ERROR_NONE) {
		*error = bt->missing;
		done = false;
	}
	task_list_free(&list);
	bt_free(bt);
	return done;
}

static const char bt_help[] =
	"Shows kernel stacks: without words that of the thread selected in gdb, else of\n"
	"the task that panicked. A word is a PID, a task_struct's address, a command\n"
	"name, a regular expression in single quotes, or a state: bt UN.\n"
	"\n"
	"Each line is a frame: its number, its stack pointer, function+offset and\n"
	"[module], and its address: where the call returns to, or for frame 0 and an\n"
	"interrupted function the very instruction. Registers that an exception, an\n"
	"interrupt or a system call saved stand below the frame that saved them, with\n"
	"[exception RIP: ...] if the kernel was interrupted. A CPU's own registers, as\n"
	"its note in the dump has them, stand above the frames of the task it was\n"
	"running; of a CPU whose task cannot be found they and its stack are what is\n"
	"shown. Frames are followed by the kernel's own unwind tables, exactly or not\n"
	"at all: where they cannot be followed, `stack ends:' says why, and -t shows what\n"
	"else is there. Where the kernel called a bad pointer the frame is its address\n"
	"and what is there instead of code: `0x0 (a NULL pointer was called)'. The\n"
	"function of a livepatch is followed by the one that it (replaces ...), one that\n"
	"was entered before the patch came by its new one: (replaced by ...).\n"
	"\n"
	"Where a stack is left for another one, an interrupt's for the one it came upon,\n"
	"stands `--- <IRQ stack of CPU 2> ---' (NMI, softirq, double fault, ...).\n"
	"\n"
	"-F shows for each word on the stack that points into a slab the cache, [dentry],\n"
	"-FF [ADDRESS:dentry] with where the object begins. Whether the object is in use\n"
	"`kernel kmem ADDRESS' says.\n"
	"\n"
	"-e shows what in a stack's memory looks like registers that entry code saved,\n"
	"wherever it lies: also above the function that faulted, where no frames go after\n"
	"an oops. Beside each stands what it is to bt: it goes through it, begins with\n"
	"its registers, or passes it by: then it is stale, or the crash's own way.\n"
	"-v looks at the word that an overflow writes over first (STACK_END_MAGIC), at\n"
	"thread_info where that is on the stack, and at whether a task that does not run\n"
	"has its stack pointer on it. -R REF leaves only tasks in whose frames a function\n"
	"is, or on whose stack a word is that address. -I and -S begin elsewhere: nothing\n"
	"but these two is known there, so that frames may end early, and say so.\n"
	"\n"
	"This is quick: thousands of stacks in a second. Arguments and locals are gdb's:\n"
	"select the thread and use gdb's own bt.\n"
	"\n"
	"With -l a frame in which functions are inlined has a line for each, innermost\n"
	"first: `f at a.h:5', `(inlined by) g at b.c:10'; the last is the frame's own.\n"
	"\n"
	"JSON: an array \"tasks\" of \"frames\", with -t \"text_words\", with -r \"words\";\n"
	"with -u an array \"stacks\" of \"tasks\" and \"frames\". `complete' says whether a\n"
	"stack was followed to its end; of a CPU whose task is not known `pid', `task'\n"
	"and `comm' are null; `bad_pointer' says what was called that is no code;\n"
	"`replaces' and `replaced_by' are a livepatch's. With -l `line' is the frame's\n"
	"own function's, and `inlined' has the functions inlined there.\n"
	"\n"
	"Examples:\n"
	"(gdb) kernel bt 185\n"
	"PID: 185      TASK: ff21c77f4538c180  CPU: 0    COMMAND: \"rig-nanosleep\"\n"
	" #0 [ff661272804e3a58] __schedule+0x34d at ffffffffbae10e3d\n"
	" #1 [ff661272804e3ab0] schedule+0x5a at ffffffffbae1154a\n"
	" #2 [ff661272804e3ac8] do_nanosleep+0x7b at ffffffffbae170bb\n"
	" #3 [ff661272804e3b08] hrtimer_nanosleep+0x9e at ffffffffba5471be\n"
	" ...\n"
	" #7 [ff661272804e3f58] entry_SYSCALL_64_after_hwframe+0x6e at ffffffffbb000126\n"
	"    RIP: 0000000000485d33  RSP: 00007fffa1204048  RFLAGS: 00000202\n"
	"    ...\n"
	"    ORIG_RAX: 00000000000000e6  CS: 0033  SS: 002b\n"
	"\n"
	"(gdb) kernel bt -u workload tree-0 tree-1\n"
	"3 tasks:  tree-0 159; tree-1 161; workload 180\n"
	" #0 __schedule+0x34d at ffffffffa3e10e3d\n"
	" #1 schedule+0x5a at ffffffffa3e1154a\n"
	" #2 __do_sys_pause+0x24 at ffffffffa34ad434\n"
	" #3 do_syscall_64+0x5d at ffffffffa3e03f4d\n"
	" #4 entry_SYSCALL_64_after_hwframe+0x6e at ffffffffa4000126\n"
	"\n"
	"(gdb) kernel bt -e -p\n"
	"PID: 1        TASK: ff2222cec11f4180  CPU: 0    COMMAND: \"init\"\n"
	"  KERNEL-MODE EXCEPTION FRAME AT ff3888db80013a98 (the registers that bt begins\n"
	"  with)\n"
	"    [exception RIP: rig_oops_c+0x5 [vmcore_rig]]\n"
	"    RIP: ffffffffc0887005  RSP: ff3888db80013b48  RFLAGS: 00000246\n"
	"    ...\n"
	"  USER-MODE EXCEPTION FRAME AT ff3888db80013f58 (bt goes through it)\n"
	"    RIP: 000000000047b7a0  RSP: 00007ffc234d9b68  RFLAGS: 00000202\n"
	"    ...\n";

static const struct mi_name mi_names[] = { { "stacks", NULL }, { 0 } };

const struct command command_bt = {
	.name = "bt",
	.mi = mi_names,
	.summary = "Show kernel stacks: of a task, of every CPU, of all tasks.",
	.usage = "bt [-a | -c LIST | -p | -A | PID|TASK|NAME|'REGEX'...] [-g] [-n idle] [-R REF] [-d] "
		 "[[-lfF] [-I PC] [-S SP] | -u [-l] | -t | -T | -r [-F] | -e | -v]; bt -E [-c LIST]",
	.help = bt_help,
	.options = bt_options,
	.words = COMPLETE_TASK,
	.run = run_bt,
};
