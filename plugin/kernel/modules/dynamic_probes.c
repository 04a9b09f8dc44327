// SPDX-License-Identifier: GPL-3.0-or-later
/* The code that ftrace and kprobes make: dynamic_code.h says where from. */
#include <stdio.h>
#include <string.h>

#include "kernel/containers.h"
#include "kernel/modules/dynamic_internal.h"

/* --- ftrace --- */

#define MAX_OPS 100000

/* The enumerator of a type without a name; where the types have not kept it, the bit it is in 6.1 and 6.12. */
static uint64_t save_regs_flag(struct kernel *kernel)
{
	int64_t value;

	return types_enumerator(kernel->types, NULL, "FTRACE_OPS_FL_SAVE_REGS", &value, NULL) ? (uint64_t)value : 1 << 2;
}

static bool add_ops(struct dynamic_collection *collection, uint64_t ops, uint64_t save_regs, struct error *error)
{
	struct kernel *kernel = collection->kernel;
	struct dynamic_code code = { .kind = DYNAMIC_FTRACE, .name = "ftrace_trampoline" };
	uint64_t size, flags;

	if (!kernel_read_member(kernel, ops, "ftrace_ops", "trampoline", &code.start, error) ||
	    !kernel_read_member(kernel, ops, "ftrace_ops", "trampoline_size", &size, error) ||
	    !kernel_read_member(kernel, ops, "ftrace_ops", "flags", &flags, error))
		return false;
	/* Those without a size are the kernel's own. */
	if (!code.start || !size || size > 4096)
		return true;
	code.end = code.start + size;
	kernel_symbol(kernel, flags & save_regs ? "ftrace_regs_caller" : "ftrace_caller", &code.origin, NULL);
	return dynamic_add(collection, &code, error);
}

static bool collect_ops(struct dynamic_collection *collection, struct error *error)
{
	struct kernel *kernel = collection->kernel;
	uint64_t ops, end = 0, save_regs = save_regs_flag(kernel);
	size_t count = 0;

	if (!kernel_read_variable(kernel, "ftrace_ops_list", kernel->arch->pointer_size, &ops, error))
		return error && error->kind == ERROR_NO_SYMBOL;
	kernel_symbol(kernel, "ftrace_list_end", &end, NULL);
	while (ops && ops != end) {
		if (++count > MAX_OPS)
			return error_set(error, ERROR_CORRUPT, "ftrace_ops_list does not end");
		if (!add_ops(collection, ops, save_regs, error) ||
		    !kernel_read_member(kernel, ops, "ftrace_ops", "next", &ops, error))
			return false;
	}
	return true;
}

void dynamic_collect_ftrace(struct dynamic_collection *collection)
{
	struct error error = { 0 };

	if (types_has_member(collection->kernel->types, "ftrace_ops", "trampoline_size") &&
	    !collect_ops(collection, &error))
		dynamic_damaged(collection, "ftrace's trampolines", &error);
}

/* --- kprobes --- */

#define MAX_COPIED 64	/* MAX_OPTIMIZED_LENGTH is 20, with what is jumped over by it */

static bool add_slot(struct dynamic_collection *collection, uint64_t probe, uint64_t address, struct error *error)
{
	struct kernel *kernel = collection->kernel;
	struct dynamic_code code = { .kind = DYNAMIC_KPROBE, .origin = address };
	struct member size;
	uint64_t slot_size;

	/* 0: it is emulated, or done by ftrace. */
	if (!types_has_member(kernel->types, "kprobe", "ainsn.insn"))
		return true;
	if (!kernel_read_member(kernel, probe, "kprobe", "ainsn.insn", &code.start, error))
		return false;
	if (types_member(kernel->types, "kprobe", "ainsn.size", &size, NULL) &&	/* 5.13, 6256e668b7af */
	    !kernel_read_field(kernel, probe, &size, &code.length, error))
		return false;
	/* MAX_INSN_SIZE bytes and a jump; the next slot is behind insn_size. */
	if (!code.start || !kernel_symbol(kernel, "kprobe_insn_slots", &slot_size, NULL) ||
	    !kernel_read_member(kernel, slot_size, "kprobe_insn_cache", "insn_size", &slot_size, error))
		return true;
	code.end = code.start + slot_size;
	return dynamic_add(collection, &code, error);
}

/* What a probe is part of that is optimized, or would be if it were enabled. */
static bool add_optimized(struct dynamic_collection *collection, uint64_t probe, uint64_t address, struct error *error)
{
	struct kernel *kernel = collection->kernel;
	struct dynamic_code code = { .kind = DYNAMIC_OPTPROBE, .origin = address };
	uint64_t aggregate, handler, cache, slot_size;
	struct member member;

	if (!kernel_symbol(kernel, "aggr_pre_handler", &aggregate, NULL) ||
	    !kernel_symbol(kernel, "kprobe_optinsn_slots", &cache, NULL) ||
	    !types_member(kernel->types, "optimized_kprobe", "kp", &member, NULL))
		return true;
	if (!kernel_read_member(kernel, probe, "kprobe", "pre_handler", &handler, error))
		return false;
	if (handler != aggregate)
		return true;
	probe -= member.offset;
	if (!kernel_read_member(kernel, probe, "optimized_kprobe", "optinsn.insn", &code.start, error) ||
	    !kernel_read_member(kernel, probe, "optimized_kprobe", "optinsn.size", &code.length, error) ||
	    !kernel_read_member(kernel, cache, "kprobe_insn_cache", "insn_size", &slot_size, error))
		return false;
	if (!code.start)
		return true;
	code.end = code.start + slot_size;
	return code.length <= MAX_COPIED ? dynamic_add(collection, &code, error) :
		error_set(error, ERROR_CORRUPT, "the optimized kprobe at 0x%llx has copied %llu bytes",
			  (unsigned long long)probe, (unsigned long long)code.length);
}

static bool add_probe(void *context, uint64_t probe, struct error *error)
{
	struct dynamic_collection *collection = context;
	uint64_t address;

	return kernel_read_member(collection->kernel, probe, "kprobe", "addr", &address, error) &&
	       add_slot(collection, probe, address, error) && add_optimized(collection, probe, address, error);
}

#define NR_PROBE_LISTS 64	/* KPROBE_TABLE_SIZE */

void dynamic_collect_kprobes(struct dynamic_collection *collection)
{
	struct kernel *kernel = collection->kernel;
	struct error error = { 0 };
	struct member node;
	uint64_t table;

	if (!kernel_symbol(kernel, "kprobe_table", &table, NULL) ||
	    !types_member(kernel->types, "kprobe", "hlist", &node, NULL))
		return;
	for (size_t i = 0; i < NR_PROBE_LISTS; i++)
		if (!hlist_for_each(kernel, table + i * kernel->arch->pointer_size, node.offset, add_probe, collection, &error))
			dynamic_damaged(collection, "kprobes", &error);
}

/* --- the pages they are in --- */

struct page_walk {
	struct dynamic_collection *collection;
	const char *name;
};

static bool add_page(void *context, uint64_t entry, struct error *error)
{
	struct page_walk *walk = context;
	uint64_t start;

	return kernel_read_member(walk->collection->kernel, entry, "kprobe_insn_page", "insns", &start, error) &&
	       dynamic_fill(walk->collection, start, start + 4096, DYNAMIC_PAGE, NULL, error) &&
	       dynamic_name(walk->collection, start, start + 4096, walk->name, error);
}

void dynamic_collect_pages(struct dynamic_collection *collection)
{
	/* The names are those of the caches' `sym` (5.8, d002b8bc6dbc). */
	static const struct { const char *symbol, *name; } caches[] = {
		{ "kprobe_insn_slots", "kprobe_insn_page" },
		{ "kprobe_optinsn_slots", "kprobe_optinsn_page" },
	};
	struct kernel *kernel = collection->kernel;
	struct error error = { 0 };
	struct member pages, node;

	if (!types_member(kernel->types, "kprobe_insn_cache", "pages", &pages, NULL) ||
	    !types_member(kernel->types, "kprobe_insn_page", "list", &node, NULL))
		return;
	for (size_t i = 0; i < sizeof(caches) / sizeof(caches[0]); i++) {
		struct page_walk walk = { collection, caches[i].name };
		uint64_t cache;

		if (kernel_symbol(kernel, caches[i].symbol, &cache, NULL) &&
		    !list_for_each(kernel, cache + pages.offset, node.offset, add_page, &walk, &error)) {
			dynamic_damaged(collection, "pages of kprobes", &error);
			return;
		}
	}
}
