/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tasks: one table of all of them, read once, with what ps, the thread list and the selectors need.
 *
 * Found from init_task through the `tasks` list and each process's thread list, plus the CPUs' idle
 * and current tasks. Where a list breaks off every other way in is tried (task_ways.h);
 * task_table.damage says what was lost and why, and how the others were found.
 */
#ifndef VMCORE_KERNEL_TASK_H
#define VMCORE_KERNEL_TASK_H

#include "kernel/kernel.h"

/* What is known of a task: a page of its task_struct may be missing, and then what stood there is not 0. */
enum task_fact {
	TASK_TGID,
	TASK_COMM,
	TASK_PARENT,
	TASK_PPID,
	TASK_GROUP_LEADER,
	TASK_MM,
	TASK_STACK,
	TASK_THREAD_SP,
	TASK_START_TIME,
	TASK_UTIME,
	TASK_STIME,
	TASK_LAST_RUN,
	TASK_FLAGS, /* and kernel_thread */
	TASK_STATE,
	TASK_EXIT_STATE,
	TASK_CPU,
	TASK_ON_CPU,
	TASK_POLICY,
	TASK_PRIO,
	TASK_RSS_OWN,
};

/* What a process's pages are: the resident set is the first three. */
enum mm_kind { MM_FILE, MM_ANON, MM_SHMEM, MM_SWAP, NR_MM_KINDS };

struct task {
	uint64_t address; /* of the task_struct */
	uint32_t known;	  /* bit per enum task_fact: task_knows() before any of these is believed */
	uint64_t parent;  /* task_struct of real_parent's */
	uint64_t group_leader;
	uint64_t mm;	/* 0 = kernel thread (or exited) */
	uint64_t stack; /* lowest address of the kernel stack */
	/* thread.sp: where the last switch-out saved its registers */
	uint64_t thread_sp;
	uint64_t start_time;   /* ns since boot */
	uint64_t utime, stime; /* ns */
	/* sched_info.last_arrival or se.exec_start: ns, for `ps -l` */
	uint64_t last_run;
	uint64_t flags;		       /* PF_* */
	uint64_t rss_bytes, vsz_bytes; /* of the mm; tasks_load_memory() fills them in */
	int64_t mm_bytes[NR_MM_KINDS]; /* the same by kind */
	bool memory_unknown;	       /* the mm cannot be read as a whole, the two mean nothing */
	uint32_t pid, tgid, ppid;      /* in the initial namespace */
	/* raw: __state | exit_state << 16 is not mixed: see exit_state */
	uint32_t state;
	uint32_t exit_state;
	uint32_t cpu; /* where it runs or ran last */
	uint32_t policy;
	int32_t prio;
	/* rss_stat.count, by MM_*: pages not yet added to the mm; 0 since 6.2 */
	int32_t rss_own[4];
	char comm[16];	    /* NUL-terminated, any bytes otherwise */
	bool on_cpu;	    /* is some CPU's current task */
	bool idle;	    /* a swapper: pid 0 */
	bool kernel_thread; /* PF_KTHREAD */
	/* NULL, or which part of it could not be read and why; owned */
	char *damage;
};

static inline bool task_knows(const struct task *task, enum task_fact fact)
{
	return task->known >> fact & 1;
}

struct task_table {
	struct task *tasks; /* idle tasks by CPU first, then by list order */
	size_t count;
	char *damage; /* NULL, or why the list may be incomplete, and what was done about it; owned */
	bool all_pids;	/* damaged, but every pid of the kernel's own table has been looked up */
	bool memory_loaded;
	/* Hashes with indices into tasks + 1, 0 = empty; use the task_find functions. */
	uint32_t *by_pid, *by_address;
	size_t mask;
};

/* Where the table is kept, for tests that make one by hand (of malloc'ed pieces). */
extern const struct kernel_slot tasks_slot;
/* The table, read at the first call. */
bool tasks_get(struct kernel *kernel, struct task_table **table_ret, struct error *error);
/*
 * THREAD_SIZE, bytes of each task's kernel stack: it depends on the configuration (KASAN doubles it).
 * task_stack.c.
 */
uint64_t task_stack_size(struct kernel *kernel);
/* The task whose kernel stack ADDRESS is on; NULL if it is on nobody's. */
const struct task *task_on_stack(struct kernel *kernel, const struct task_table *table, uint64_t address);
/* NULL if there is none. Pid 0 = CPU 0's idle task. */
const struct task *task_find_pid(struct kernel *kernel, uint32_t pid);
const struct task *task_find_address(struct kernel *kernel, uint64_t address);
/*
 * Fills in rss_bytes and vsz_bytes of all tasks (one read per mm). The rss is exact, including what
 * CPUs (6.2+) or tasks (up to 6.1) have counted but not yet added to the mm; the kernel's own ps
 * leaves that out and can be some MiB off.
 */
bool tasks_load_memory(struct kernel *kernel, struct error *error);

/*
 * The scheduler's "now", ns: last_run counts in the run queues' clocks, which differ from uptime. 0
 * = not known.
 */
uint64_t tasks_scheduler_now(struct kernel *kernel);

#define TASK_MAX_PID (4u << 20)	/* PID_MAX_LIMIT: a higher pid is no task's */
/*
 * Its pid as it and its namespace see it, and how deep below the initial one that is (0 = it is that one).
 */
bool task_namespace_pid(struct kernel *kernel, const struct task *task, uint32_t *pid_ret, uint32_t *level_ret,
			struct error *error);

/* What the struct pid at PID is in the initial namespace. */
bool pid_number(struct kernel *kernel, uint64_t pid, uint32_t *number_ret, struct error *error);

/*
 * The two letters of crash's ps: RU, IN, UN, ID (idle kthread), ST, TR, ZO, DE, WA, PA, NE; "??"
 * unknown.
 */
bool task_state_known(const struct task *task);
const char *task_state_letters(struct kernel *kernel, const struct task *task);
/* Are these two of them? "??" are none. */
bool task_state_exists(const char *letters);
/* The kernel's word: "running", "interruptible sleep", ... for the thread list. */
const char *task_state_name(struct kernel *kernel, const struct task *task);

/*
 * The registers to start unwinding at: the CPU's if the task is current on one, else what its
 * switch-out saved. *cpu_ret (may be NULL) is the CPU it is running on or NULL.
 */
bool task_registers(struct kernel *kernel, const struct task *task, struct registers *registers,
		    const struct cpu **cpu_ret, struct error *error);
/* Where the switch-out of the task_struct at TASK left its registers, for arch->task_registers. */
bool task_switched_at(struct kernel *kernel, uint64_t task, uint64_t *at_ret, struct error *error);
/* The physical root of its user page tables; ERROR_NOT_MAPPED for kernel threads. */
bool task_user_root(struct kernel *kernel, const struct task *task, uint64_t *root_ret,
		    struct error *error);

#endif
