// SPDX-License-Identifier: GPL-3.0-or-later
/* vm: the address spaces of tasks, as /proc/PID/maps, and the pages in them. */
#include "commands/command.h"

#include <inttypes.h>
#include <string.h>

#include "base/buffer.h"
#include "kernel/memory/vma.h"
#include "kernel/tasks/task.h"

enum { PID, TASK, COMMAND, MM, PGD, RSS, VSZ };
static const struct column columns[] = {
	[PID] = { "pid", "PID", 0, 0 },
	[TASK] = { "task", "TASK", 16, COLUMN_ADDRESS },
	[COMMAND] = { "comm", "COMMAND: \"%\"", 0, 0 },
	[MM] = { "mm", "\nMM", 16, COLUMN_ADDRESS },
	[PGD] = { "pgd", "PGD", 16, COLUMN_ADDRESS },
	[RSS] = { "rss", "RSS", 0, 0 },
	[VSZ] = { "vsz", "VSZ", 0, 0 },
};
enum { VMA, START, END, PERMISSIONS, FLAGS, OFFSET, FLAG_NAMES, NAME };
static const struct column vma_columns[] = {
	[VMA] = { "vma", "VMA", 16, COLUMN_ADDRESS },
	[START] = { "start", "START", 12, COLUMN_RIGHT },
	[END] = { "end", "END", 12, COLUMN_RIGHT },
	[PERMISSIONS] = { "permissions", "PERM", 4, 0 },
	[FLAGS] = { "flags", "FLAGS", 8, COLUMN_RIGHT },
	[OFFSET] = { "offset", NULL, 0, COLUMN_JSON_ONLY },
	[FLAG_NAMES] = { "flag_names", NULL, 0, COLUMN_JSON_ONLY },
	[NAME] = { "name", "FILE", 0, COLUMN_RAW },
};
enum { VIRTUAL, PHYSICAL, SIZE, ENTRY };
static const struct column page_columns[] = {
	[VIRTUAL] = { "virtual", "  %", 14, COLUMN_RIGHT },
	[PHYSICAL] = { "physical", "%", 12, COLUMN_RIGHT },
	[SIZE] = { "size", NULL, 0, COLUMN_JSON_ONLY },
	[ENTRY] = { "swap_entry", "swapped out: %", 0, 0 },
};
static const struct column flag_columns[] = {
	{ "flags", "FLAGS", 0, 0 },
	{ "names", "NAMES", 0, 0 },
};
static const struct shape shape = { "tasks", SHAPE_HEADING, columns, ARRAY_SIZE(columns) };
static const struct shape vma_shape = { "vmas", SHAPE_TABLE, vma_columns, ARRAY_SIZE(vma_columns) };
static const struct shape page_shape = { "pages", SHAPE_PLAIN, page_columns, ARRAY_SIZE(page_columns) };
static const struct shape flag_shape = { "flags", SHAPE_HEADING, flag_columns, ARRAY_SIZE(flag_columns) };

static const struct option options[] = {
	{ 'f', "FLAGS", "what vm_flags mean, by the kernel's own names" },
	{ 'p', NULL, "each page that is there, with its physical address, and those swapped out" },
	{ 0 }
};

struct vm {
	struct kernel *kernel;
	struct output *output;
	bool pages;
	const struct task *task;
	uint64_t mm, root;
	size_t tasks;
	unsigned lost;
	struct error why;	/* of the first that is lost */
	struct error fatal;
};

static void lose(struct vm *vm, const struct error *why)
{
	if (!vm->lost++)
		vm->why = *why;
}

/* The pages of [START, END): what is mapped, and entries of the last table that say where a page has gone. */
static bool emit_pages(struct vm *vm, uint64_t at, uint64_t end, struct error *error)
{
	struct output *output = vm->output;
	uint64_t page = memory_page_size(vm->kernel->memory);
	unsigned steps = 0;

	if (!output_begin(output, &page_shape))
		return false;
	while (at < end) {
		struct translation translation = { 0 };
		struct error why = { 0 };
		uint64_t run;

		if (++steps % 4096 == 0 && !kernel_check_interrupt(vm->kernel, error))
			return false;
		if (memory_translate(vm->kernel->memory, vm->root, at, &translation, &why)) {
			if (!output_row(output) || !output_printf(output, VIRTUAL, "%" PRIx64, at) ||
			    !output_printf(output, PHYSICAL, "%" PRIx64, translation.physical) || !output_uint(output, SIZE, translation.page_size))
				return false;
		} else if (why.kind != ERROR_NOT_MAPPED) {
			lose(vm, &why);
		} else if (translation.run && translation.run <= page && strstr(why.text, "swapped out")) {
			if (!output_row(output) || !output_printf(output, VIRTUAL, "%" PRIx64, at) || !output_uint(output, SIZE, page) ||
			    !output_printf(output, ENTRY, "%" PRIx64, translation.entry))
				return false;
		}
		/* In any case forward, and no further than what one entry of the tables stands for. */
		run = translation.run ? translation.run : page - at % page;
		at = run < end - at ? at + run : end;
	}
	return output_end(output);
}

static bool emit_vma(void *context, const struct vma *vma, struct error *error)
{
	struct vm *vm = context;
	struct output *output = vm->output;
	struct buffer name = { 0 };
	struct error why = { 0 };
	bool more;

	if (!vma_name(vm->kernel, vm->mm, vma, &name, &why)) {
		lose(vm, &why);
		buffer_clear(&name);
	}
	more = output_row(output) && output_address(output, VMA, vma->address) && output_printf(output, START, "%" PRIx64, vma->start) &&
	       output_printf(output, END, "%" PRIx64, vma->end) &&
	       output_printf(output, PERMISSIONS, "%c%c%c%c", vma->flags & VMA_READ ? 'r' : '-', vma->flags & VMA_WRITE ? 'w' : '-',
			     vma->flags & VMA_EXEC ? 'x' : '-', vma->flags & VMA_SHARED ? 's' : 'p') &&
	       output_printf(output, FLAGS, "%" PRIx64, vma->flags) &&
	       (!vma->file || output_uint(output, OFFSET, vma->pgoff * memory_page_size(vm->kernel->memory))) &&
	       (why.kind != ERROR_NONE || output_bytes(output, NAME, name.size ? name.data : "", name.size));
	if (more) {
		struct buffer flags = { 0 };

		if (vma_flags_text(vm->kernel, vma->flags, &flags))
			more = output_bytes(output, FLAG_NAMES, flags.size ? flags.data : "", flags.size);
		buffer_free(&flags);
	}
	buffer_free(&name);
	return more && (!vm->pages || emit_pages(vm, vma->start, vma->end, error));
}

static bool emit_heading(struct vm *vm, const struct task *task)
{
	struct output *output = vm->output;
	uint64_t pgd;

	return output_row(output) && output_uint(output, PID, task->pid) && output_address(output, TASK, task->address) &&
	       output_string(output, COMMAND, task->comm) && (!task->mm || output_address(output, MM, task->mm)) &&
	       (!task->mm || !kernel_read_member(vm->kernel, task->mm, "mm_struct", "pgd", &pgd, NULL) || output_address(output, PGD, pgd)) &&
	       (!task->mm || task->memory_unknown ||
		(output_uint_as(output, RSS, task->rss_bytes, "%" PRIu64 "k", task->rss_bytes >> 10) &&
		 output_uint_as(output, VSZ, task->vsz_bytes, "%" PRIu64 "k", task->vsz_bytes >> 10)));
}

static bool each_task(void *context, const struct task *task)
{
	struct vm *vm = context;
	struct error why = { 0 };

	vm->task = task;
	vm->mm = task->mm;
	vm->tasks++;
	if (!emit_heading(vm, task))
		return false;
	if (!task_knows(task, TASK_MM)) {
		error_set(&why, ERROR_EXCLUDED, "the address space of task %u is not known", task->pid);
		lose(vm, &why);
		return true;
	}
	if (!task->mm)
		return output_note(vm->output, "it has no address space of its own");
	if (vm->pages && !task_user_root(vm->kernel, task, &vm->root, &why)) {
		lose(vm, &why);
		return true;
	}
	if (!output_begin(vm->output, &vma_shape))
		return false;
	if (!vmas_for_each(vm->kernel, task->mm, emit_vma, vm, &why)) {
		if (why.kind == ERROR_INTERRUPTED || why.kind == ERROR_NO_MEMORY) {
			vm->fatal = why;
			return false;
		}
		lose(vm, &why);
		output_note(vm->output, "there may be more: %s", why.text);
	}
	return output_end(vm->output);
}

static bool decode_flags(struct kernel *kernel, struct output *output, const char *word, struct error *error)
{
	struct buffer names = { 0 };
	uint64_t flags;

	if (!parse_hex("vm -f", word, &flags, error))
		return false;
	if (!vma_flags_text(kernel, flags, &names))
		return error_set(error, ERROR_NO_SYMBOL, "vm -f: this kernel's names of flags (vmaflag_names) are not there");
	if (output_begin(output, &flag_shape) && output_row(output) && output_printf(output, 0, "%" PRIx64, flags) &&
	    output_bytes(output, 1, names.size ? names.data : "", names.size))
		output_end(output);
	buffer_free(&names);
	return true;
}

static bool vm_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		   struct error *error)
{
	struct vm vm = { .kernel = kernel, .output = output, .pages = has_option(arguments, 'p') };
	const struct task *selected;
	struct error why = { 0 };

	if (has_option(arguments, 'f'))
		return decode_flags(kernel, output, option_value(arguments, 'f'), error);
	/* Without it, rss and vsz are not known, and that is all. */
	if (!tasks_load_memory(kernel, &why) && why.kind == ERROR_INTERRUPTED) {
		*error = why;
		return false;
	}
	selected = task_find_address(kernel, host_selected_task(host));
	if (!arguments->nr_words && !selected)
		return error_set(error, ERROR_USAGE, "vm: no task is selected: name one, by its pid, its name or the address of its task_struct");
	if (!output_begin(output, &shape))
		return true;
	if (!arguments->nr_words)
		each_task(&vm, selected);
	else if (!select_tasks(kernel, arguments->words, arguments->nr_words, each_task, &vm, error))
		return false;
	if (vm.fatal.kind != ERROR_NONE) {
		*error = vm.fatal;
		return false;
	}
	output_end(output);
	if (!vm.lost)
		return true;
	return error_set(error, ERROR_PARTIAL, "vm: something is missing: %s", vm.why.text);
}

static const char help[] =
	"For each task (the selected one if none is named) its VMAs: permissions as in\n"
	"/proc/PID/maps, vm_flags, the file that is mapped. RSS and VSZ are in kB.\n"
	"\n"
	"JSON: \"tasks\", each with its \"vmas\" (offset in the file in bytes, flag_names\n"
	"what vm_flags mean), these with -p with their \"pages\"; -f \"flags\".\n"
	"\n"
	"Example:\n"
	"(gdb) kernel vm 1\n"
	"PID: 1  TASK: ff2ec9fe811f20c0  COMMAND: \"init\"\n"
	"MM: ff2ec9fe81051f80  PGD: ff2ec9fe81840000  RSS: 1840k  VSZ: 2260k\n"
	"      VMA                START           END  PERM     FLAGS  FILE\n"
	"ff2ec9fe95bffed8        400000        401000  r--p   8000071  /bin/busybox\n"
	"ff2ec9fe95bffd10        401000        585000  r-xp   8000075  /bin/busybox\n"
	"[...]\n"
	"ff2ec9fe95bff720      33701000      33723000  rw-p   8100073  [heap]\n"
	"(gdb) kernel vm -f 8100073\n"
	"FLAGS: 8100073  NAMES: read|write|mayread|maywrite|mayexec|account|softdirty\n";

static const struct mi_name mi_names[] = { { "address-space", NULL }, { 0 } };

const struct command command_vm = {
	.name = "vm",
	.mi = mi_names,
	.summary = "Show the address spaces of tasks.",
	.usage = "vm [-p] [PID|TASK|COMMAND]... | vm -f FLAGS",
	.help = help,
	.options = options,
	.words = COMPLETE_TASK,
	.run = vm_run,
};
