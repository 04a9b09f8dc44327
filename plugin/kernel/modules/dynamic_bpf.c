// SPDX-License-Identifier: GPL-3.0-or-later
/* BPF's code: dynamic_code.h says where from. */
#include <stdio.h>
#include <string.h>

#include "kernel/containers.h"
#include "kernel/memory/vmalloc.h"
#include "kernel/modules/dynamic_internal.h"
#include "kernel/tasks/task.h"

/* A list of programs, with the offsets of the members of one. */
struct ksym_walk {
	struct dynamic_collection *collection;
	struct member start, end, name;
};

static bool add_ksym(void *context, uint64_t entry, struct error *error)
{
	struct ksym_walk *walk = context;
	struct kernel *kernel = walk->collection->kernel;
	struct dynamic_code code = { .kind = DYNAMIC_BPF };

	if (!kernel_read_field(kernel, entry, &walk->start, &code.start, error) ||
	    !kernel_read_field(kernel, entry, &walk->end, &code.end, error) ||
	    !memory_read_string(kernel->memory, entry + walk->name.offset, code.name, sizeof(code.name), error))
		return false;
	if (strncmp(code.name, "bpf_dispatcher_", 15) == 0)
		code.kind = DYNAMIC_BPF_DISPATCHER;
	return dynamic_add(walk->collection, &code, error);
}

void dynamic_collect_bpf(struct dynamic_collection *collection)
{
	struct ksym_walk walk = { .collection = collection };
	struct types *types = collection->kernel->types;
	struct error error = { 0 };
	struct member node;
	uint64_t list;

	if (!kernel_symbol(collection->kernel, "bpf_kallsyms", &list, NULL))
		return;
	if (!types_member(types, "bpf_ksym", "lnode", &node, &error) ||
	    !types_member(types, "bpf_ksym", "start", &walk.start, &error) ||
	    !types_member(types, "bpf_ksym", "end", &walk.end, &error) ||
	    !types_member(types, "bpf_ksym", "name", &walk.name, &error) ||
	    !list_for_each(collection->kernel, list, node.offset, add_ksym, &walk, &error))
		dynamic_damaged(collection, "BPF programs", &error);
}

/* --- seccomp filters --- */

static bool add_program(struct dynamic_collection *collection, uint64_t program, struct error *error)
{
	struct kernel *kernel = collection->kernel;
	struct dynamic_code code = { .kind = DYNAMIC_BPF, .name = "bpf_prog_seccomp" };
	uint64_t jited, length;

	if (!kernel_read_member(kernel, program, "bpf_prog", "jited", &jited, error) ||
	    !kernel_read_member(kernel, program, "bpf_prog", "jited_len", &length, error) ||
	    !kernel_read_member(kernel, program, "bpf_prog", "bpf_func", &code.start, error))
		return false;
	if (!jited)
		return true;	/* bpf_func is the interpreter */
	code.end = code.start + length;
	return dynamic_add(collection, &code, error);
}

/* FILTER and those that were there before it; tasks share them. */
static bool add_filters(struct dynamic_collection *collection, uint64_t filter, struct visited *visited,
			struct error *error)
{
	struct kernel *kernel = collection->kernel;

	while (filter) {
		uint64_t program;

		switch (visited_add(visited, filter)) {
		case VISITED_BEFORE:
			return true;
		case VISITED_NO_MEMORY:
			return error_no_memory(error, "seccomp filters", sizeof(filter));
		case VISITED_NEW:
			break;
		}
		if (!kernel_read_member(kernel, filter, "seccomp_filter", "prog", &program, error) ||
		    !add_program(collection, program, error) ||
		    !kernel_read_member(kernel, filter, "seccomp_filter", "prev", &filter, error))
			return false;
	}
	return true;
}

void dynamic_collect_seccomp(struct dynamic_collection *collection)
{
	struct kernel *kernel = collection->kernel;
	struct visited visited = { 0 };
	struct error error = { 0 };
	struct task_table *tasks;
	struct member member;

	if (!types_member(kernel->types, "task_struct", "seccomp.filter", &member, NULL))
		return;
	if (!tasks_get(kernel, &tasks, &error)) {
		dynamic_damaged(collection, "seccomp filters", &error);
		return;
	}
	for (size_t i = 0; i < tasks->count; i++) {
		uint64_t filter;

		if (!kernel_read_field(kernel, tasks->tasks[i].address, &member, &filter, &error) ||
		    !add_filters(collection, filter, &visited, &error))
			dynamic_damaged(collection, "seccomp filters", &error);
	}
	visited_free(&visited);
}

/* --- packs --- */

/*
 * BPF_PROG_PACK_SIZE, which is no symbol: 2 MiB for each node that is possible. Of a pack of more nodes only the first
 * one's is taken for sure.
 */
#define PACK_SIZE (2u << 20)

/* Not named as a whole: gdb finds no symbol that begins before another one. */
static bool add_pack(void *context, uint64_t entry, struct error *error)
{
	struct dynamic_collection *collection = context;
	uint64_t start;

	return kernel_read_member(collection->kernel, entry, "bpf_prog_pack", "ptr", &start, error) &&
	       dynamic_fill(collection, start, start + PACK_SIZE, DYNAMIC_BPF_PACK, "bpf_prog_pack", error);
}

void dynamic_collect_packs(struct dynamic_collection *collection)
{
	struct error error = { 0 };
	struct member node;
	uint64_t list;

	if (kernel_symbol(collection->kernel, "pack_list", &list, NULL) &&
	    types_member(collection->kernel->types, "bpf_prog_pack", "list", &node, NULL) &&
	    !list_for_each(collection->kernel, list, node.offset, add_pack, collection, &error))
		dynamic_damaged(collection, "BPF programs", &error);
}

/* --- images that are alone in an area --- */

#define HEADER_SIZE 4	/* struct bpf_binary_header: how many pages there are */
#define MAX_HOLE    4096	/* the hole before an image is less */
#define INT3	    0xcc

/* Behind the area's header there are as many int3 as chance wanted, then the program. */
static bool add_image(struct dynamic_collection *collection, uint64_t start, uint64_t end, struct error *error)
{
	size_t size = end - start < MAX_HOLE ? end - start : MAX_HOLE, at = HEADER_SIZE;
	uint8_t bytes[MAX_HOLE];

	if (!memory_read(collection->kernel->memory, start, bytes, size, error))
		return false;
	while (at < size && bytes[at] == INT3)
		at++;
	return at >= size || dynamic_fill(collection, start + at, end, DYNAMIC_BPF, "bpf_prog", error);
}

/*
 * bpf_jit_binary_alloc() or bpf_jit_alloc_exec() asked for it, as the compiler inlined them; a pack of programs is asked for by
 * others. A program that is known already has its name.
 */
static bool add_area(void *context, const struct vmalloc_area *area, struct error *error)
{
	struct dynamic_collection *collection = context;
	/* It is a return address. */
	const struct symbol *caller = area->caller ? symtab_lookup(collection->kernel->symbols, area->caller - 1) : NULL;

	return !caller || strncmp(caller->name, "bpf_jit_", 8) != 0 ||
	       dynamic_known(collection, area->start, area->end) ||
	       add_image(collection, area->start, area->end, error);
}

void dynamic_collect_images(struct dynamic_collection *collection)
{
	struct error error = { 0 };

	if (!vmalloc_for_each(collection->kernel, add_area, collection, &error))
		dynamic_damaged(collection, "BPF programs", &error);
}
