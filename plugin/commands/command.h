/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Commands: one file each, one `const struct command` each.
 *
 * The rooms, by subject, as kernel/ has them:
 *	(here)		the framework: parsing, selecting tasks, values and addresses, output in three renderings
 *	tasks/		tasks and what they wait for: ps, sig, task, foreach, set, cgroup
 *	scheduler/	who runs and who waits to run, what is due and when: runq, timer, workqueue
 *	locks/		who waits for whom and for what: locks, hung, lockup, waitq, rcu
 *	stacks/		bt
 *	memory/		what lies in memory, where, and what it is used for: rd, search, kmem, slabtop, leak, oom, vm, who-maps,
 *				vtop, ptov, pte
 *	files/		open files, paths, mounts: files, fuser, mount
 *	devices/	devices, disks, ports, PCI: dev
 *	network/	the network: net, sockets
 *	system/		the machine, its log, the dump file: sys, log, dump, irq, softirq, ipcs, bpf, mach,
 *				config
 *	data/		symbols and modules, values and containers: sym, mod, p, struct, whatis, dis, eval, ascii, list, tree,
 *				repeat
 *	report/		the page that puts all of it together
 *
 * To add one: write commands/ROOM/NAME.c with its `const struct command command_NAME`, declare it at the
 * end of this file and put it into the table in commands/table.c; add the file to local.mk and a
 * test. It then exists as `kernel NAME` and, where gdb has no command of that name, as NAME;
 * -j (JSON), help and completion of options come by themselves; .mi names it for MI clients.
 *
 * run() gets its arguments parsed: flags and values of its options and the words that are left.
 * It reads the kernel, emits through output.h and returns false with *error set if it failed. It
 * knows neither Python nor gdb; what it needs of them it asks of struct host.
 */
#ifndef VMCORE_COMMANDS_COMMAND_H
#define VMCORE_COMMANDS_COMMAND_H

#include "commands/output.h"
#include "kernel/kernel.h"
#include "symbols/dwarf/source_map.h"

struct option {
	char letter;			/* -k */
	const char *argument;		/* NULL = a flag; else its name for help: "LIST" */
	const char *help;		/* one line */
};

enum completion {
	COMPLETE_NONE,
	COMPLETE_TASK,			/* pids and comms */
	COMPLETE_SYMBOL,
	COMPLETE_MODULE,
	COMPLETE_FILE,
	COMPLETE_TYPE,
};

#define COMMAND_MAX_WORDS 64

/*
 * When a command fails, and with it `-batch` (status 1): where something that was asked for was not answered. What there is of the
 * answer is shown all the same; then run() returns false with ERROR_PARTIAL, whose text says what is missing: a word that names
 * nothing beside others that do, a list that breaks off, records of the log that are lost. Single values that are not known, which are
 * "-" and null with a note why, and memory that was left out of the dump where a command goes over all of it, are no failure.
 */

/* What the person typed, after parsing. */
struct arguments {
	uint64_t flags;				/* bit per option: see has_option() */
	uint64_t twice;				/* those that were given more than once: -FF */
	/* of the options with an argument, NULL = not given; same index */
	const char *values[64];
	const char *words[COMMAND_MAX_WORDS];	/* the rest */
	size_t nr_words;
	const struct option *options;		/* the command's */
	bool json;				/* -j: for commands that write files */
};

struct cpu;
struct layout;

/* One instruction of SIZE bytes, FROM_FILE where the dump lacks it; false = no more. */
typedef bool instruction_callback(void *context, uint64_t address, unsigned size, bool from_file, const char *text);

/* What a command may ask of gdb. Any may be NULL (unit tests). */
struct host {
	/*
	 * Where PC is in the source, as source_map_find() has it; the host knows where modules'
	 * files are. EXACT: pc itself, else the call before it.
	 */
	size_t (*source)(void *context, uint64_t pc, bool exact,
			 const struct source_frame **frames_ret);
	/* The address space of an expression: "$rsp", "&init_task", "0x..", evaluated by gdb. */
	bool (*evaluate)(void *context, const char *expression, uint64_t *value_ret,
			 struct error *error);
	/* gdb's text of an expression's value: FORMAT is "", or a letter of print/FORMAT; with + before it, each member has a line. */
	bool (*print)(void *context, const char *expression, const char *format, struct buffer *text, struct error *error);
	/* The type of an expression's value, or what a typedef or an enumeration is, as gdb writes it. */
	bool (*type)(void *context, const char *expression, struct buffer *text, struct error *error);
	/* The members of the structure, union or typedef of one that is called NAME (commands/data/layout.h); the caller's to free. */
	bool (*layout)(void *context, const char *name, struct layout *layout_ret, struct error *error);
	/*
	 * gdb's disassembler: from START on, not beyond END (0 = none), at most COUNT instructions. What the dump lacks comes out of
	 * the file that gdb has, if it has one; else what was called back for is all there is.
	 */
	bool (*disassemble)(void *context, uint64_t start, uint64_t end, uint64_t count, instruction_callback *callback, void *callback_context,
			    struct error *error);
	/* The thread gdb has selected, as a task_struct address; 0 = none. */
	uint64_t (*selected_task)(void *context);
	/* Or the CPU that it is; NULL = it is none. */
	const struct cpu *(*selected_cpu)(void *context);
	/*
	 * Makes gdb's selected thread that of the task_struct at TASK; *STATE, NULL at first, keeps what it was before. TASK 0: that again.
	 * STATE NULL: for good.
	 */
	bool (*select_task)(void *context, void **state, uint64_t task, struct error *error);
	/* Runs a command of gdb's; TEXT gets what it prints. */
	bool (*execute)(void *context, const char *line, struct buffer *text, struct error *error);
	/*
	 * Loads the debug file of the module whose struct is at ADDRESS (mod -s) into gdb; a name may be that of two. FROM: this file, or
	 * out of this directory first; NULL: where they are looked for.
	 */
	bool (*load_module)(void *context, uint64_t address, const char *from, struct error *error);
	/* Takes it away again (mod -d). */
	bool (*unload_module)(void *context, uint64_t address, struct error *error);
	/* Terminal width in columns; 0 = unlimited. */
	unsigned (*width)(void *context);
	/* Ctrl-C, for commands that may have no kernel to ask (kernel_check_interrupt). */
	bool (*interrupted)(void *context);
	/* A bar for what such a command waits for; struct patience. */
	void (*progress)(void *context, const char *what, uint64_t done, uint64_t total);
	void *context;
};

/* The same where HOST or the function may be missing. */
static inline uint64_t host_selected_task(const struct host *host)
{
	return host && host->selected_task ? host->selected_task(host->context) : 0;
}

/* The CPU that gdb's selected thread is; NULL = it is none. */
static inline const struct cpu *host_selected_cpu(const struct host *host)
{
	return host && host->selected_cpu ? host->selected_cpu(host->context) : NULL;
}
static inline size_t host_source(const struct host *host, uint64_t pc, bool exact,
				 const struct source_frame **frames_ret)
{
	return host && host->source ? host->source(host->context, pc, exact, frames_ret) : 0;
}

/* A name of a command in MI, which also takes all options and words of the command. */
struct mi_name {
	const char *name;	/* "tasks" makes -vmcore-tasks */
	const char *preset;	/* an option that is given always, or NULL */
};

struct command {
	const char *name;
	const char *alias;			/* a second name or NULL: "lsmod" for mod */
	const struct mi_name *mi;		/* ends with name NULL */
	const char *summary;			/* one line, ends with a full stop */
	const char *usage; /* "ps [-k|-u|-G] [-p|-c|-t|...] [PID|TASK|COMMAND]..." */
	/* the rest: what it shows, then an example with its output */
	const char *help;
	const struct option *options;		/* ends with letter 0 */
	enum completion words;			/* what the words are */
	/*
	 * run() is also called where no dump is open, with KERNEL NULL and a host that knows only
	 * Ctrl-C and the bar (the command opens what it needs by itself: `kernel dump FILE` looks at a file
	 * before any vmlinux is known), and where one is open in which no kernel was recognized:
	 * then KERNEL has a dump and nothing else (kernel_open_bare).
	 */
	bool without_kernel;
	/* The words are one line with a command in it: only -j is an option, anywhere in it (-5 is part of the line), and quotes stay. */
	bool line;
	/* With -j the JSON goes to the file that this option names, if it is given; 0 = none does. */
	char file_option;
	bool (*run)(struct kernel *kernel, const struct arguments *arguments, struct output *output,
		    const struct host *host, struct error *error);
};

/* Was -LETTER given? */
bool has_option(const struct arguments *arguments, char letter);
/* Was it given twice? */
bool has_option_twice(const struct arguments *arguments, char letter);
/* The value of -LETTER, NULL if not given. */
const char *option_value(const struct arguments *arguments, char letter);

/* All commands, NULL-terminated. */
extern const struct command *const command_table[];

/*
 * Splits TEXT into words (gdb's quoting: "a b", 'a b', \x) and parses it. Options may be combined
 * (-cl) and come anywhere; `--` ends them; an option's argument is the rest of its word or the next
 * word. -j (JSON) is not among the command's options, it is every command's: *json_ret. STORAGE
 * receives the words' text and is the caller's to free (also NULL after an error).
 * Where the words name tasks (COMPLETE_TASK), 'a pattern' keeps its single quotes and \\name its
 * backslash: select_tasks() wants to see them.
 */
bool command_parse(const struct command *command, const char *text, struct arguments *arguments,
		   char **storage, bool *json_ret, struct error *error);
/*
 * The same for words that are split already, as MI's are; none of them is in quotes, so `--` must
 * stand before a word that begins with a dash. *ARGUMENTS points to them.
 */
bool command_parse_list(const struct command *command, const char *const *list, size_t count,
			struct arguments *arguments, struct error *error);
/* help text of COMMAND, complete: summary, usage, options, example. */
struct buffer;
void command_help(const struct command *command, struct buffer *text);
/* The command of this name or alias; NULL if there is none. */
const struct command *command_find(const char *name);
/*
 * Appends "-k", "-C" ... for completion, one per line: the options of COMMAND that begin with
 * PREFIX.
 */
void command_complete_options(const struct command *command, const char *prefix,
			      struct buffer *lines);

/* The words with a blank between them, for those that are one expression, one line; false = no memory. */
bool join_words(const struct arguments *arguments, struct buffer *text, struct error *error);

/*
 * Selecting tasks by words: a pid (decimal), a task address (hex), a name (comm; 'pattern' in
 * quotes is a regular expression as in crash; \\123 is a task that is called 123), or, where no task is called so, a state as in the
 * column ST (UN; what is not known is in none). CALLBACK per
 * task, in the order of the words, false = stop, which is no error. ERROR_USAGE naming the word
 * that matches nothing; ERROR_PARTIAL if others did: then all is done, and it is for the end.
 */
struct task;
bool select_tasks(struct kernel *kernel, const char *const *words, size_t nr_words,
		  bool (*callback)(void *context, const struct task *task), void *context,
		  struct error *error);
/*
 * The user page tables of the task at ADDRESS (0: the selected one), for user address VALUE; what COMMAND says where there is none, and
 * behind that HINT.
 */
bool select_user_root(struct kernel *kernel, const struct host *host, const char *command, uint64_t task, uint64_t value, const char *hint,
		      uint64_t *root_ret, struct error *error);
/* "0,2-4" or "all"/"a" -> bit set of CPUs. */
bool parse_cpu_list(struct kernel *kernel, const char *text, bool *cpus /* [nr_cpu_ids] */,
		    struct error *error);
/* The same into *cpus_ret, the caller's to free; LIST NULL: all that were online, or that were caught (kernel->cpus). */
bool select_cpus(struct kernel *kernel, const char *list, bool **cpus_ret, struct error *error);

/*
 * What a person types for an address: a symbol of vmlinux, a hexadecimal number, or an
 * (expression) for gdb. What is a symbol and a number (edd, af) is the symbol, in every command;
 * with 0x in front it is the number, and a note in OUTPUT (may be NULL) says so. COMMAND is for the
 * error.
 */
bool parse_address(struct kernel *kernel, const struct host *host, struct output *output,
		   const char *command, const char *text, uint64_t *value_ret, struct error *error);
/*
 * The same of all words, into VALUES; returns how many. Those that name nothing do not keep the others from being shown: *WRONG says what
 * is wrong with the first of them (ERROR_NONE: with none), ERROR_PARTIAL where others are right.
 */
size_t parse_addresses(struct kernel *kernel, const struct host *host, struct output *output, const char *command,
		       const struct arguments *arguments, uint64_t *values, struct error *wrong);
/* The name of a FUNCTION's address into COLUMN (COLUMN_FUNCTION); of one that has none the number. False: enough. */
bool function_cell(struct kernel *kernel, struct output *output, size_t column, uint64_t function);
/* That note, for a word that was taken for a symbol; nothing if it is no number. */
void hint_at_number(struct output *output, const char *text);
/* What is no address, a physical one or flags: hexadecimal, with or without 0x, and no symbol. */
bool parse_hex(const char *command, const char *text, uint64_t *value_ret, struct error *error);
/* A count, 1 to MAX: decimal, or hexadecimal with 0x. WHAT is for the error: "-x", "COUNT". */
bool parse_count(const char *command, const char *what, const char *text, uint64_t max,
		 uint64_t *value_ret, struct error *error);

extern const struct command command_ps;
extern const struct command command_log;
extern const struct command command_sys;
extern const struct command command_mod;
extern const struct command command_bt;
extern const struct command command_dump;
extern const struct command command_search;
extern const struct command command_rd;
extern const struct command command_report;
extern const struct command command_sym;
extern const struct command command_kmem;
extern const struct command command_list;
extern const struct command command_tree;
extern const struct command command_eval;
extern const struct command command_ascii;
extern const struct command command_dev;
extern const struct command command_repeat;
extern const struct command command_struct;
extern const struct command command_whatis;
extern const struct command command_dis;
extern const struct command command_p;
extern const struct command command_vm;
extern const struct command command_oom;
extern const struct command command_slabtop;
extern const struct command command_leak;
extern const struct command command_who_maps;
extern const struct command command_vtop;
extern const struct command command_ptov;
extern const struct command command_pte;
extern const struct command command_runq;
extern const struct command command_timer;
extern const struct command command_locks;
extern const struct command command_mach;
extern const struct command command_net;
extern const struct command command_sockets;
extern const struct command command_workqueue;
extern const struct command command_waitq;
extern const struct command command_task;
extern const struct command command_sig;
extern const struct command command_foreach;
extern const struct command command_set;
extern const struct command command_ipcs;
extern const struct command command_rcu;
extern const struct command command_hung;
extern const struct command command_lockup;
extern const struct command command_bpf;
extern const struct command command_fuser;
extern const struct command command_cgroup;
extern const struct command command_softirq;
extern const struct command command_config;
extern const struct command command_irq;
extern const struct command command_files;
extern const struct command command_mount;

#endif
