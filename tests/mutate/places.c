// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Where in a dump file the words are that the plugin follows: pointers of lists, counts, tables.
 *
 *	places VMLINUX DUMP
 *
 * DUMP is not compressed (ELF). One line each: offset in the file, size, address, and what it is. tests/mutate/campaign.py writes wild
 * values there. What a kernel does not have is not in the list.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/kernel.h"
#include "kernel/modules/module.h"
#include "kernel/open/open.h"
#include "kernel/tasks/task.h"

struct path {
	const char *type, *path;
};

static const struct path task_paths[] = {
	{ "task_struct", "tasks.next" }, { "task_struct", "tasks.prev" }, { "task_struct", "thread_node.next" },
	{ "task_struct", "signal" }, { "task_struct", "stack" }, { "task_struct", "thread.sp" }, { "task_struct", "mm" },
	{ "task_struct", "real_parent" }, { "task_struct", "group_leader" }, { "task_struct", "pid" }, { "task_struct", "tgid" },
	{ "task_struct", "__state" }, { "task_struct", "flags" }, { "task_struct", "comm" }, { "task_struct", "sched_info.last_arrival" },
	{ "task_struct", "thread_info.cpu" }, { "task_struct", "cpu" }, { "task_struct", "start_boottime" },
};
static const struct path signal_paths[] = { { "signal_struct", "thread_head.next" }, { "signal_struct", "rlim" } };
static const struct path mm_paths[] = {
	{ "mm_struct", "pgd" }, { "mm_struct", "arg_start" }, { "mm_struct", "arg_end" }, { "mm_struct", "env_end" },
	{ "mm_struct", "total_vm" }, { "mm_struct", "rss_stat" },
};
static const struct path module_paths[] = {
	{ "module", "list.next" }, { "module", "list.prev" }, { "module", "name" }, { "module", "state" }, { "module", "kallsyms" },
	{ "module", "sect_attrs" }, { "module", "notes_attrs" }, { "module", "source_list.next" }, { "module", "mem" },
	{ "module", "core_layout.base" }, { "module", "core_layout.size" }, { "module", "arch.num_orcs" }, { "module", "arch.orc_unwind" },
	{ "module", "arch.orc_unwind_ip" }, { "module", "percpu" }, { "module", "percpu_size" }, { "module", "version" },
};
static const struct path kallsyms_paths[] = {
	{ "mod_kallsyms", "symtab" }, { "mod_kallsyms", "num_symtab" }, { "mod_kallsyms", "strtab" }, { "mod_kallsyms", "typetab" },
};
static const struct path ring_paths[] = {
	{ "printk_ringbuffer", "desc_ring.count_bits" }, { "printk_ringbuffer", "desc_ring.descs" }, { "printk_ringbuffer", "desc_ring.infos" },
	{ "printk_ringbuffer", "desc_ring.head_id" }, { "printk_ringbuffer", "desc_ring.tail_id" },
	{ "printk_ringbuffer", "text_data_ring.size_bits" }, { "printk_ringbuffer", "text_data_ring.data" },
};
static const struct path queue_paths[] = { { "rq", "curr" }, { "rq", "idle" }, { "rq", "clock" }, { "rq", "nr_running" } };
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void print_physical(struct kernel *kernel, uint64_t physical, uint64_t address, unsigned size, const char *what)
{
	struct dump *dump = kernel->dump;
	struct dump_place place;
	uint64_t within = physical & (dump->page_size - 1);

	if (dump->format->find_page(dump, physical >> dump->page_shift, &place, NULL) && within + size <= place.size)
		printf("%" PRIu64 " %u %" PRIx64 " %s\n", place.offset + within, size, address, what);
}

static void print_place(struct kernel *kernel, uint64_t address, unsigned size, const char *what)
{
	struct translation translation;

	if (memory_translate(kernel->memory, 0, address, &translation, NULL))
		print_physical(kernel, translation.physical, address, size, what);
}

static void print_paths(struct kernel *kernel, uint64_t address, const struct path *paths, size_t nr)
{
	for (size_t i = 0; address && i < nr; i++) {
		struct member member;
		char what[80];

		if (!types_member(kernel->types, paths[i].type, paths[i].path, &member, NULL))
			continue;
		snprintf(what, sizeof(what), "%s.%s", paths[i].type, paths[i].path);
		print_place(kernel, address + member.offset, member.size <= 8 && member.size ? member.size : 8, what);
	}
}

static void print_tasks(struct kernel *kernel)
{
	struct task_table *table;
	uint64_t signal;

	if (!tasks_get(kernel, &table, NULL))
		return;
	for (size_t i = 0; i < table->count; i++) {
		const struct task *task = &table->tasks[i];

		print_paths(kernel, task->address, task_paths, COUNT(task_paths));
		print_paths(kernel, task->mm, mm_paths, COUNT(mm_paths));
		if (kernel_read_member(kernel, task->address, "task_struct", "signal", &signal, NULL))
			print_paths(kernel, signal, signal_paths, COUNT(signal_paths));
		for (uint64_t at = task->thread_sp; task->thread_sp && at < task->thread_sp + 512; at += 8)
			print_place(kernel, at, 8, "stack");
	}
}

static void print_modules(struct kernel *kernel)
{
	struct module_list *list;
	uint64_t address;

	if (!modules_get(kernel, &list, NULL))
		return;
	for (size_t i = 0; i < list->count; i++) {
		print_paths(kernel, list->modules[i].address, module_paths, COUNT(module_paths));
		if (kernel_read_member(kernel, list->modules[i].address, "module", "kallsyms", &address, NULL))
			print_paths(kernel, address, kallsyms_paths, COUNT(kallsyms_paths));
		if (kernel_read_member(kernel, list->modules[i].address, "module", "sect_attrs", &address, NULL))
			for (unsigned at = 0; at < 256; at += 8)
				print_place(kernel, address + at, 8, "module_sect_attrs");
	}
}

/* The present entries of a page table and, while BUDGET lasts, of those below it. */
static void print_table(struct kernel *kernel, uint64_t table, unsigned first, unsigned level, unsigned *budget)
{
	for (unsigned i = first; i < 512 && *budget; i++) {
		uint64_t entry = 0;
		char what[32];

		if (!dump_read_phys(kernel->dump, table + i * 8, &entry, 8, NULL) || !(entry & 1))
			continue;
		--*budget;
		snprintf(what, sizeof(what), "page table level %u", level);
		print_physical(kernel, table + i * 8, 0, 8, what);
		if (level > 1 && !(entry & 0x80))
			print_table(kernel, entry & 0xffffffffff000, 0, level - 1, budget);
	}
}

static void print_page_tables(struct kernel *kernel)
{
	unsigned levels = kernel->memory->levels, top = 200, text = 200;

	print_table(kernel, kernel->memory->kernel_root, 256, levels, &top);
	print_table(kernel, kernel->memory->kernel_root, 511, levels, &text);
}

static void print_variables(struct kernel *kernel)
{
	static const char *const symbols[] = { "modules", "prb", "init_uts_ns", "tk_core", "__cpu_online_mask", "__cpu_possible_mask",
					       "panic_cpu", "crash_notes", "nr_cpu_ids", "jiffies_64", "tainted_mask", "saved_command_line",
					       "kallsyms_num_syms", "kallsyms_token_index", "page_offset_base", "vmalloc_base" };
	uint64_t address;

	for (size_t i = 0; i < COUNT(symbols); i++)
		if (kernel_symbol(kernel, symbols[i], &address, NULL))
			print_place(kernel, address, 8, symbols[i]);
	for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids; cpu++) {
		if (kernel_symbol(kernel, "__per_cpu_offset", &address, NULL))
			print_place(kernel, address + 8 * cpu, 8, "__per_cpu_offset");
		if (kernel_per_cpu(kernel, "runqueues", cpu, &address, NULL))
			print_paths(kernel, address, queue_paths, COUNT(queue_paths));
	}
	if (!kernel_read_variable(kernel, "prb", 8, &address, NULL))
		return;
	print_paths(kernel, address, ring_paths, COUNT(ring_paths));
	if (kernel_read_member(kernel, address, "printk_ringbuffer", "desc_ring.descs", &address, NULL))
		for (unsigned at = 0; at < 4096; at += 8)
			print_place(kernel, address + at, 8, "prb_desc");
}

int main(int argc, char **argv)
{
	const char *paths[] = { argc == 3 ? argv[2] : NULL };
	struct error error = { 0 };
	struct kernel *kernel;
	struct dump *dump;

	if (argc != 3)
		return fprintf(stderr, "usage: %s VMLINUX DUMP\n", argv[0]), 2;
	if (!dump_open(paths, 1, &dump, &error) || !kernel_open(dump, &(struct kernel_source){ .vmlinux = argv[1] }, &kernel, &error))
		return fprintf(stderr, "%s\n", error.text), 1;
	print_variables(kernel);
	print_tasks(kernel);
	print_modules(kernel);
	print_page_tables(kernel);
	kernel_close(kernel);
	return 0;
}
