// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/memory/oom.h"

#include <stdlib.h>

#include "base/array.h"
#include "kernel/memory/memory_use.h"

#define ADJUST_MIN (-1000) /* OOM_SCORE_ADJ_MIN, the ABI's: never */
#define ADJUST_MAX 1000
#define MAX_TABLES (1ull << 52) /* bytes */

static bool total_pages(struct kernel *kernel, uint64_t *pages_ret, struct error *error)
{
	uint64_t bytes, swap = 0;

	if (!memory_total(kernel, &bytes, error))
		return false;
	/* A kernel without CONFIG_SWAP has none. */
	if ((symtab_find(kernel->symbols, "total_swap_pages") || !kernel_names_data(kernel)) &&
	    !kernel_read_variable(kernel, "total_swap_pages", kernel->arch->pointer_size, &swap, error))
		return false;
	*pages_ret = bytes / memory_page_size(kernel->memory) + swap;
	return true;
}

static bool read_page_tables(struct kernel *kernel, uint64_t mm, uint64_t *bytes_ret, struct error *error)
{
	uint64_t tables = 0, middle = 0;

	/* Bytes since 4.15 (af5b0f6a09e4); counts of pages before, of middle levels since 4.0. */
	if (types_has_member(kernel->types, "mm_struct", "pgtables_bytes.counter")) {
		if (!kernel_read_member(kernel, mm, "mm_struct", "pgtables_bytes.counter", &tables, error))
			return false;
	} else {
		if (!kernel_read_member(kernel, mm, "mm_struct", "nr_ptes.counter", &tables, error))
			return false;
		if (types_has_member(kernel->types, "mm_struct", "nr_pmds.counter") &&
		    !kernel_read_member(kernel, mm, "mm_struct", "nr_pmds.counter", &middle, error))
			return false;
		tables = (tables + middle) * memory_page_size(kernel->memory);
	}
	if (tables > MAX_TABLES)
		return error_set(error, ERROR_CORRUPT, "the mm at 0x%llx is said to have %llu bytes of page tables", (unsigned long long)mm,
				 (unsigned long long)tables);
	*bytes_ret = tables;
	return true;
}

static bool read_adjustment(struct kernel *kernel, const struct task *task, int *adjustment_ret, struct error *error)
{
	uint64_t signal, value;

	if (!kernel_read_member(kernel, task->address, "task_struct", "signal", &signal, error) ||
	    !kernel_read_member(kernel, signal, "signal_struct", "oom_score_adj", &value, error))
		return false;
	*adjustment_ret = (int16_t)value; /* a short; an int before 3.9 holds no more */
	return (*adjustment_ret >= ADJUST_MIN && *adjustment_ret <= ADJUST_MAX) ||
	       error_set(error, ERROR_CORRUPT, "oom_score_adj of pid %u is damaged: %d", task->pid, *adjustment_ret);
}

/* in_vfork(): the parent waits, and it is its memory. */
static bool is_in_vfork(struct kernel *kernel, const struct task *task)
{
	const struct task *parent = task_find_address(kernel, task->parent);
	uint64_t done;

	return parent && task_knows(parent, TASK_MM) && parent->mm == task->mm &&
	       kernel_read_member(kernel, task->address, "task_struct", "vfork_done", &done, NULL) && done;
}

static void rate(struct kernel *kernel, const struct oom *oom, struct oom_process *process)
{
	const struct task *task = process->task;
	uint64_t page = memory_page_size(kernel->memory);

	process->adjustment_known = read_adjustment(kernel, task, &process->adjustment, &process->why);
	if (task->tgid == 1)
		process->spared = "init";
	else if (process->adjustment_known && process->adjustment == ADJUST_MIN)
		process->spared = "oom_score_adj";
	else if (is_in_vfork(kernel, task))
		process->spared = "vfork";
	if (!process->adjustment_known || !read_page_tables(kernel, task->mm, &process->page_tables, &process->why))
		return;
	if (task->memory_unknown) {
		error_set(&process->why, ERROR_EXCLUDED, "%s", task->damage ? task->damage : "its memory use is not known");
		return;
	}
	process->known = true;
	process->points = task->rss_bytes / page + task->mm_bytes[MM_SWAP] / (int64_t)page + process->page_tables / page +
			  process->adjustment * (int64_t)(oom->total_pages / 1000);
}

static int by_points(const void *left, const void *right)
{
	const struct oom_process *a = left, *b = right;

	if (!a->spared != !b->spared)
		return a->spared ? 1 : -1;
	if (a->known != b->known)
		return a->known ? -1 : 1;
	if (a->known && a->points != b->points)
		return a->points > b->points ? -1 : 1;
	return a->task->pid < b->task->pid ? -1 : a->task->pid > b->task->pid;
}

/* Does it stand for its process: the leader, or the first thread with an mm of a leader that has none any more? */
static bool stands_for_process(struct kernel *kernel, const struct oom *oom, const struct task *task)
{
	const struct task *leader;

	if (task->kernel_thread || task->idle || !task_knows(task, TASK_MM) || !task->mm)
		return false;
	if (task->address == task->group_leader)
		return true;
	leader = task_find_address(kernel, task->group_leader);
	if (leader && (!task_knows(leader, TASK_MM) || leader->mm))
		return false;
	for (size_t i = 0; i < oom->count; i++)
		if (oom->processes[i].task->tgid == task->tgid)
			return false;
	return true;
}

bool oom_load(struct kernel *kernel, struct oom *oom, struct error *error)
{
	struct task_table *table;

	*oom = (struct oom){ 0 };
	if (!tasks_get(kernel, &table, error) || !tasks_load_memory(kernel, error) || !total_pages(kernel, &oom->total_pages, error))
		return false;
	for (size_t i = 0; i < table->count; i++) {
		struct oom_process *list;

		if (!kernel_check_interrupt(kernel, error))
			goto fail;
		oom->undecided += !table->tasks[i].kernel_thread && !table->tasks[i].idle && !task_knows(&table->tasks[i], TASK_MM);
		if (!stands_for_process(kernel, oom, &table->tasks[i]))
			continue;
		list = array_room(oom->processes, oom->count, &oom->room, sizeof(*list), "the processes", error);
		if (!list)
			goto fail;
		oom->processes = list;
		list += oom->count++;
		*list = (struct oom_process){ .task = &table->tasks[i] };
		rate(kernel, oom, list);
	}
	oom->damage = table->damage;
	if (oom->count)
		qsort(oom->processes, oom->count, sizeof(*oom->processes), by_points);
	return true;
fail:
	oom_free(oom);
	return false;
}

void oom_free(struct oom *oom)
{
	free(oom->processes);
	*oom = (struct oom){ 0 };
}
