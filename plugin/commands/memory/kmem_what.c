// SPDX-License-Identifier: GPL-3.0-or-later
/* kmem ADDRESS: what an address is: all that is known of it, one line each. */
#include "commands/memory/kmem.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "kernel/files/mapping.h"
#include "kernel/memory/page.h"
#include "kernel/slab/slab_objects.h"
#include "kernel/memory/vmalloc.h"
#include "kernel/modules/symbolize.h"
#include "kernel/stacks/unwind.h"
#include "kernel/tasks/task.h"

enum { ADDRESS, KIND, INFERRED, START, WHAT };
static const struct column columns[] = {
	[ADDRESS] = { "address", "ADDRESS", 16, COLUMN_ADDRESS },
	[KIND] = { "kind", "KIND", 9, 0 },
	[INFERRED] = { "inferred", NULL, 0, COLUMN_JSON_ONLY },
	[START] = { "start", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[WHAT] = { "what", "WHAT", 0, 0 },
};
static const struct shape shape = { "addresses", SHAPE_TABLE, columns, ARRAY_SIZE(columns) };

struct what {
	struct kernel *kernel;
	struct output *output;
	const struct host *host;
	uint64_t address;
	unsigned facts;
	struct error damage;	/* what could not be asked */
};

static void damaged(struct what *what, const struct error *why)
{
	if (what->damage.kind == ERROR_NONE)
		what->damage = *why;
}

/* START: of what ADDRESS lies in. */
static bool fact(struct what *what, const char *kind, bool inferred, uint64_t start, const struct buffer *text)
{
	struct output *output = what->output;

	what->facts++;
	return output_row(output) && output_address(output, ADDRESS, what->address) && output_string(output, KIND, kind) &&
	       output_bool(output, INFERRED, inferred, NULL) && output_address(output, START, start) &&
	       output_bytes(output, WHAT, text->size ? text->data : "", text->size);
}

/* --- values that are no addresses --- */

static const struct { unsigned number; const char *name; } errors[] = {	/* include/uapi/asm-generic/errno*.h */
	{ 1, "EPERM" }, { 2, "ENOENT" }, { 3, "ESRCH" }, { 4, "EINTR" }, { 5, "EIO" }, { 6, "ENXIO" }, { 7, "E2BIG" }, { 9, "EBADF" },
	{ 10, "ECHILD" }, { 11, "EAGAIN" }, { 12, "ENOMEM" }, { 13, "EACCES" }, { 14, "EFAULT" }, { 16, "EBUSY" }, { 17, "EEXIST" },
	{ 18, "EXDEV" }, { 19, "ENODEV" }, { 20, "ENOTDIR" }, { 21, "EISDIR" }, { 22, "EINVAL" }, { 23, "ENFILE" }, { 24, "EMFILE" },
	{ 25, "ENOTTY" }, { 27, "EFBIG" }, { 28, "ENOSPC" }, { 29, "ESPIPE" }, { 30, "EROFS" }, { 31, "EMLINK" }, { 32, "EPIPE" },
	{ 33, "EDOM" }, { 34, "ERANGE" }, { 38, "ENOSYS" }, { 61, "ENODATA" }, { 62, "ETIME" }, { 71, "EPROTO" }, { 95, "EOPNOTSUPP" },
	{ 104, "ECONNRESET" }, { 110, "ETIMEDOUT" }, { 111, "ECONNREFUSED" }, { 512, "ERESTARTSYS" }, { 517, "EPROBE_DEFER" },
	{ 524, "ENOTSUPP" },
};

static void error_value(struct what *what, struct buffer *text)
{
	uint64_t number = memory_last(what->kernel->memory) - what->address + 1;

	if (!number || number > 4095)	/* MAX_ERRNO */
		return;
	buffer_printf(text, "ERR_PTR(-%" PRIu64 ")", number);
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i].number == number)
			buffer_printf(text, ", %s", errors[i].name);
	fact(what, "error", true, what->address, text);
}

/* include/linux/poison.h; POISON_POINTER_DELTA is 0xdead << 48 where CONFIG_ILLEGAL_POINTER_VALUE is set, on 64 bits, else 0. */
static void poison(struct what *what, struct buffer *text)
{
	static const struct { uint8_t byte; const char *name; } bytes[] = {
		{ 0x6b, "freed (POISON_FREE)" }, { 0x5a, "allocated and not set (POISON_INUSE)" }, { 0xa5, "the end of a poisoned object (POISON_END)" },
		{ 0xbb, "a red zone (SLUB_RED_INACTIVE)" }, { 0xcc, "a red zone (SLUB_RED_ACTIVE), or freed initmem" }, { 0xaa, "a freed page (PAGE_POISON)" },
	};
	uint64_t ones = what->kernel->arch->pointer_size == 8 ? 0x0101010101010101ull : 0x01010101, low = what->address & 0xffffffffffff;

	for (size_t i = 0; i < ARRAY_SIZE(bytes); i++)
		/* A member of an object behind such a pointer, too. */
		if (what->address - bytes[i].byte * ones < 4096)
			buffer_printf(text, "%s, plus %" PRIu64, bytes[i].name, what->address - bytes[i].byte * ones);
	if (what->address >> 48 == 0xdead && low >= 0x100 && low < 0x1100)
		buffer_string(text, low == 0x100 ? "LIST_POISON1" : low == 0x122 ? "LIST_POISON2" :
						   "LIST_POISON or another such pointer, plus the offset of a member");
	if (text->size)
		fact(what, "poison", true, what->address, text);
	else if (what->address < 4096) {
		buffer_printf(text, "NULL plus %" PRIu64, what->address);
		fact(what, "null", true, 0, text);
	}
}

/* --- what is mapped --- */

static void symbol(struct what *what, struct buffer *text)
{
	char name[256];
	const struct symbol *symbol = kernel_symbolize(what->kernel, what->address, name, sizeof(name));

	if (!symbol)
		return;
	if (symbol->percpu) {
		buffer_printf(text, "%s, of no CPU: add a CPU's offset (kmem -o)", name);
		fact(what, "percpu", true, symbol->address, text);
		return;
	}
	buffer_printf(text, "%s (%c)", name, symbol->letter);
	fact(what, "symbol", symbol->size_inferred, symbol->address, text);
}

static void state_text(struct buffer *text, const struct slab_kept *kept, uint8_t state)
{
	if (state == SLAB_FREE)
		buffer_string(text, "free, on its slab's list");
	else if (kept)
		buffer_printf(text, "free, %s %s %u", kept->kind == SLAB_CPU_SLAB ? "on the list of" : "in a sheaf of",
			      kept->kind == SLAB_NODE_SHEAF ? "node" : "CPU", kept->number);
	else
		buffer_string(text, "used");
}

/* ADDRESS is in SLAB. */
static bool object(struct what *what, const struct slab *slab, struct buffer *text, struct error *error)
{
	uint8_t states[SLAB_MAX_OBJECTS];
	struct slab_cache cache;
	struct slab_keep keep;
	struct error why = { 0 };
	uint64_t start;
	unsigned index;
	bool sound;

	if (!slab_cache_read(what->kernel, slab->cache, &cache, error))
		return false;
	if (!slab_object(&cache, slab, what->address, &index)) {
		buffer_printf(text, "%s: behind the last object of its slab", cache.name);
		fact(what, "slab", false, slab->base, text);
		return true;
	}
	start = slab_object_address(&cache, slab, index);
	buffer_printf(text, "%s: object %" PRIx64, cache.name, start);
	if (what->address < start)
		buffer_printf(text, "-0x%" PRIx64 " (red zone)", start - what->address);
	else
		buffer_printf(text, "+0x%" PRIx64 "%s", what->address - start, what->address - start >= cache.object_size ? " (behind its end)" : "");
	slab_keep_read(what->kernel, &cache, &keep);
	sound = slab_states(what->kernel, &cache, slab, &keep, states, &why) && keep.damage.kind == ERROR_NONE;
	if (why.kind != ERROR_NONE)
		damaged(what, &why);
	if (keep.damage.kind != ERROR_NONE)
		damaged(what, &keep.damage);
	if (states[index] == SLAB_USED && !sound)
		buffer_string(text, ", not known whether it is used");
	else {
		buffer_string(text, ", ");
		state_text(text, slab_keep_find(&keep, start), states[index]);
	}
	slab_keep_free(&keep);
	fact(what, "slab", false, start, text);
	return true;
}

static void page_text(struct what *what, const struct page_info *page, uint64_t physical, struct buffer *text)
{
	struct kernel *kernel = what->kernel;
	const char *type = page_type_name(kernel, page);
	unsigned order;
	int64_t mapped;

	buffer_printf(text, "physical %" PRIx64 ", page %" PRIx64 ", refcount ", physical, page->address);
	if (page_knows(page, PAGE_REFCOUNT))
		buffer_printf(text, "%d", page->refcount);
	else
		buffer_string(text, "not known");
	if (page_mapcount(kernel, page, &mapped))
		buffer_printf(text, ", mapped %" PRId64, mapped);
	if (type)
		buffer_printf(text, ", %s", type);
	if (page_compound_order(kernel, page, &order, NULL) && order)
		buffer_printf(text, ", order %u", order);
	if (page_knows(page, PAGE_MAPPING) && page->mapping && !type && !page_is_slab(kernel, page))
		buffer_printf(text, page->mapping & 1 ? ", anon_vma %" PRIx64 : ", mapping %" PRIx64, page->mapping & ~(uint64_t)3);
	buffer_string(text, ", flags ");
	if (page->flags)
		page_flags_text(kernel, page->flags, text);
	else
		buffer_string(text, page_knows(page, PAGE_FLAGS) ? "none" : "not known");
}

/* The file that a page is of. INDEX is that of the page that ADDRESS lies in, HEAD its folio's. */
static void file(struct what *what, const struct page_info *head, uint64_t index, struct buffer *text)
{
	struct mapping mapping;
	struct inode_facts facts;
	struct error why = { 0 };
	uint64_t address;

	if (!mapping_of_page(what->kernel, head, &address))
		return;
	if (!mapping_read(what->kernel, address, &mapping, &why) ||
	    (mapping.inode && !inode_read(what->kernel, mapping.inode, &facts, &why))) {
		damaged(what, &why);
		return;
	}
	buffer_printf(text, "page %" PRIu64 " of ", index);
	if (!mapping.inode) {
		buffer_string(text, "the swap cache");
	} else {
		size_t before = text->size;

		if (!inode_path(what->kernel, mapping.inode, text, &why))
			damaged(what, &why);
		buffer_printf(text, "%s (%s %s, inode %" PRIu64 ")", text->size == before ? "?" : "", facts.type, facts.source, facts.number);
	}
	fact(what, "file", false, mapping.inode ? mapping.inode : address, text);
}

/* The page that ADDRESS lies in, and its slab. */
static void page(struct what *what, struct buffer *text)
{
	struct kernel *kernel = what->kernel;
	struct translation translation;
	struct page_info info, head;
	struct error why = { 0 };
	struct slab slab;
	uint64_t at, pfn;

	if (!memory_translate(kernel->memory, 0, what->address, &translation, NULL) ||
	    !page_of_address(kernel, what->address, &at, NULL))
		return;
	if (!page_read(kernel, at, &info, &why) || !(info.head == at || page_read(kernel, info.head, &head, &why))) {
		damaged(what, &why);
		return;
	}
	if (info.head == at)
		head = info;
	/* The slab is the direct map's; another mapping of its page is no object. */
	if (page_is_slab(kernel, &head) && page_in_direct_map(kernel, what->address, &at)) {
		if (!slab_read(kernel, head.address, &slab, &why) || !object(what, &slab, text, &why))
			damaged(what, &why);
		text->size = 0;
	}
	page_text(what, &head, translation.physical, text);
	fact(what, "page", false, head.address, text);
	text->size = 0;
	if (page_knows(&head, PAGE_INDEX) && page_to_pfn(kernel, info.address, &pfn, NULL))
		file(what, &head, head.index + (pfn - head.pfn), text);
}

/* ADDRESS is in the page array. */
static void struct_page(struct what *what, struct buffer *text)
{
	const struct page_map *map;
	const struct page_run *run;
	struct error why = { 0 };
	uint64_t index;

	if (!page_map_get(what->kernel, &map, &why)) {
		damaged(what, &why);
		return;
	}
	run = page_run_at(map, what->address);
	if (!run)
		return;
	index = (what->address - run->address) / map->struct_size;
	buffer_printf(text, "struct page of physical %" PRIx64 ", +0x%" PRIx64, (run->pfn + index) * map->page_size,
		      (what->address - run->address) % map->struct_size);
	fact(what, "vmemmap", false, run->address + index * map->struct_size, text);
}

struct search {
	uint64_t address;
	struct vmalloc_area area;
	bool found;
};

static bool area_has(void *context, const struct vmalloc_area *area, struct error *error)
{
	struct search *search = context;

	(void)error;
	if (search->address < area->start || search->address >= area->end)
		return true;
	search->area = *area;
	search->found = true;
	return false;
}

static void vmalloc_area(struct what *what, struct buffer *text)
{
	struct search search = { .address = what->address };
	struct error why = { 0 };
	char caller[256];

	if (!vmalloc_for_each(what->kernel, area_has, &search, &why) && !search.found && why.kind != ERROR_NONE)
		damaged(what, &why);
	if (!search.found)
		return;
	buffer_printf(text, "%" PRIx64 "+0x%" PRIx64 " of %" PRIu64 " bytes", search.area.start, what->address - search.area.start,
		      search.area.end - search.area.start);
	if (search.area.caller && kernel_symbolize(what->kernel, search.area.caller, caller, sizeof(caller)))
		buffer_printf(text, ", by %s", caller);
	fact(what, "vmalloc", false, search.area.start, text);
}

/* The frame of TASK's stack that ADDRESS is in, as far as the unwinder knows it. */
static void stack_frame(struct what *what, const struct task *task, struct buffer *text)
{
	struct frame *frames = calloc(UNWIND_MAX_FRAMES, sizeof(*frames));
	struct registers registers;
	const struct cpu *cpu;
	struct error why = { 0 };
	char name[256];
	size_t count = 0;
	enum unwind_end end = UNWIND_FAILED;

	if (frames && task_registers(what->kernel, task, &registers, &cpu, &why))
		end = unwind(what->kernel, &registers, frames, UNWIND_MAX_FRAMES, &count, &why);
	/* The outer first: on s390x a caller's frame begins with what the called one saves, which counts that as its own, too. */
	for (size_t i = count; i-- > 0;) {
		if (frames[i].kind == FRAME_USER || what->address < frames[i].sp || what->address >= frames[i].cfa)
			continue;
		buffer_printf(text, ", frame #%zu", i);
		if (kernel_symbolize(what->kernel, frames[i].pc, name, sizeof(name)))
			buffer_printf(text, " %s", name);
		buffer_printf(text, ", 0x%" PRIx64 " above its stack pointer", what->address - frames[i].sp);
		free(frames);
		return;
	}
	buffer_string(text, end == UNWIND_COMPLETE ? ", in none of its frames" : ", not known which frame");
	free(frames);
}

static void stack(struct what *what, struct buffer *text)
{
	struct task_table *table;
	const struct task *task;
	struct error why = { 0 };

	if (!tasks_get(what->kernel, &table, &why)) {
		damaged(what, &why);
		return;
	}
	task = task_on_stack(what->kernel, table, what->address);
	if (task) {
		buffer_printf(text, "stack of task %u (%s), +0x%" PRIx64, task->pid, task->comm, what->address - task->stack);
		stack_frame(what, task, text);
		fact(what, "stack", false, task->stack, text);
	}
	task = task_find_address(what->kernel, what->address);
	if (task) {
		text->size = 0;
		buffer_printf(text, "task %u (%s)", task->pid, task->comm);
		fact(what, "task", false, task->address, text);
	}
}

/* A per-CPU variable of vmlinux: its copy of some CPU. */
static void per_cpu(struct what *what, struct buffer *text)
{
	struct kernel *kernel = what->kernel;
	uint64_t start, end;

	if (!kernel->per_cpu_offset || !kernel_symbol(kernel, "__per_cpu_start", &start, NULL) ||
	    !kernel_symbol(kernel, "__per_cpu_end", &end, NULL))
		return;
	for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids; cpu++) {
		uint64_t at = what->address - kernel->per_cpu_offset[cpu];
		const struct symbol *best = NULL;

		if (at < start || at >= end)
			continue;
		for (size_t i = 0; i < symtab_count(kernel->symbols); i++) {
			const struct symbol *symbol = symtab_get(kernel->symbols, i);

			if (symbol->percpu && symbol->address <= at && at - symbol->address < symbol->size)
				best = symbol;
		}
		if (!best)
			return;
		buffer_printf(text, "%s+0x%" PRIx64 " of CPU %u", best->name, at - best->address, cpu);
		fact(what, "percpu", false, what->address - (at - best->address), text);
		return;
	}
}

/* An address of the users' half, in the selected task. */
static void user(struct what *what, struct buffer *text)
{
	uint64_t selected = host_selected_task(what->host), root;
	const struct task *task = selected ? task_find_address(what->kernel, selected) : NULL;
	struct translation translation;

	if (what->address < 4096 || what->address > memory_user_last(what->kernel->memory))
		return;
	if (!task || !task_user_root(what->kernel, task, &root, NULL))
		buffer_string(text, "user address, as far as its number says");
	else if (memory_translate(what->kernel->memory, root, what->address, &translation, NULL))
		buffer_printf(text, "user address of task %u (%s), physical %" PRIx64, task->pid, task->comm, translation.physical);
	else
		buffer_printf(text, "user address, without a page in task %u (%s)", task->pid, task->comm);
	fact(what, "user", true, what->address, text);
}

static void one(struct what *what)
{
	static void (*const questions[])(struct what *what, struct buffer *text) = {
		error_value, poison, symbol, stack, per_cpu, vmalloc_area, struct_page, page, user,
	};

	what->facts = 0;
	for (size_t i = 0; i < ARRAY_SIZE(questions); i++) {
		struct buffer text = { 0 };

		questions[i](what, &text);
		buffer_free(&text);
	}
}

bool kmem_what(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host, struct error *error)
{
	struct what what = { kernel, output, host, 0, 0, { 0 } };
	uint64_t addresses[COMMAND_MAX_WORDS], unknown = 0;
	bool any = false, lost = false;
	struct error wrong;
	size_t count = parse_addresses(kernel, host, output, "kmem", arguments, addresses, &wrong);

	if (!count || !output_begin(output, &shape)) {
		*error = wrong;
		return count;
	}
	for (size_t i = 0; i < count; i++) {
		if (!kernel_check_interrupt(kernel, error))
			return false;
		what.address = addresses[i];
		one(&what);
		any |= what.facts != 0;
		if (!what.facts && !lost) {
			lost = true;
			unknown = addresses[i];
		}
	}
	output_end(output);
	if (what.damage.kind != ERROR_NONE)
		return error_set(error, ERROR_PARTIAL, "kmem: not all of it could be found out: %s", what.damage.text);
	if (wrong.kind != ERROR_NONE) {
		*error = wrong;
		return false;
	}
	if (lost)
		return error_set(error, any ? ERROR_PARTIAL : ERROR_USAGE, "kmem: nothing is known of 0x%" PRIx64, unknown);
	return true;
}
