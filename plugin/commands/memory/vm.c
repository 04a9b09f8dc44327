// SPDX-License-Identifier: GPL-3.0-or-later
/* vm: the address spaces of tasks, as /proc/PID/maps, and the pages in them. */
#include "commands/command.h"
#include "commands/tasks/task_cells.h"

#include <inttypes.h>
#include <string.h>

#include "base/buffer.h"
#include "commands/tasks/task_list.h"
#include "kernel/memory/vma.h"

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
static const struct column structure_columns[] = { { "value", "%", 0, COLUMN_RAW } };
static const struct column flag_columns[] = {
	{ "flags", "FLAGS", 0, 0 },
	{ "names", "NAMES", 0, 0 },
};
static const struct shape shape = { "tasks", SHAPE_HEADING, columns, ARRAY_SIZE(columns) };
static const struct shape vma_shape = { "vmas", SHAPE_TABLE, vma_columns, ARRAY_SIZE(vma_columns) };
static const struct shape page_shape = { "pages", SHAPE_PLAIN, page_columns, ARRAY_SIZE(page_columns) };
static const struct shape structure_shape = { "structure", SHAPE_PLAIN, structure_columns, ARRAY_SIZE(structure_columns) };
static const struct shape flag_shape = { "flags", SHAPE_HEADING, flag_columns, ARRAY_SIZE(flag_columns) };

static const struct option options[] = {
	{ 'p', NULL, "each page that is there, with its physical address, and those swapped out" },
	{ 'P', "VMA", "the pages of this vm_area_struct only" },
	{ 'R', "WHAT", "only VMAs that have it: a part of the file's name, or an address: of the VMA, in it, or physical of a page" },
	{ 'm', NULL, "the mm_struct" },
	{ 'v', NULL, "each vm_area_struct" },
	{ 'x', NULL, "-m, -v: numbers in hexadecimal" },
	{ 'd', NULL, "-m, -v: numbers in decimal" },
	{ 'M', "MM", "the address space of this mm_struct, whose ever it is" },
	{ 'f', "FLAGS", "what vm_flags mean, by the kernel's own names" },
	{ 0 }
};

struct vm {
	struct kernel *kernel;
	const struct arguments *arguments;
	const struct host *host;
	struct output *output;
	bool pages;
	uint64_t only;			/* -P; 0 = all */
	const char *name;		/* -R: in the file's name */
	bool by_address;		/* -R: wanted is one */
	uint64_t wanted;
	const struct task *task;	/* whose mm it is; NULL = no task's that is known */
	uint64_t mm, root;
	bool root_known;
	bool open;			/* the row of this mm is, and its VMAs' shape */
	size_t shown;			/* VMAs */
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

/* Does a page of it lie where -R says? */
static bool has_page(struct vm *vm, const struct vma *vma)
{
	uint64_t page = memory_page_size(vm->kernel->memory);

	for (uint64_t at = vma->start; vm->root_known && at < vma->end;) {
		struct translation translation = { 0 };
		uint64_t run;

		if (memory_translate(vm->kernel->memory, vm->root, at, &translation, NULL) && vm->wanted >= translation.physical &&
		    vm->wanted - translation.physical < translation.run)
			return true;
		if (!kernel_check_interrupt(vm->kernel, NULL))
			return false; /* the walk finds that out, too */
		run = translation.run ? translation.run : page - at % page;
		at = run < vma->end - at ? at + run : vma->end;
	}
	return false;
}

static bool is_wanted(struct vm *vm, const struct vma *vma, const struct buffer *name)
{
	if (vm->only)
		return vma->address == vm->only;
	if (vm->name && name->size && strstr(name->data, vm->name))
		return true;
	if (vm->by_address)
		return vma->address == vm->wanted || (vm->wanted >= vma->start && vm->wanted < vma->end) || has_page(vm, vma);
	return !vm->name;
}

/* The structure of TYPE at ADDRESS in gdb's words. */
static bool emit_structure(struct vm *vm, const char *type, uint64_t address)
{
	const char *format = has_option(vm->arguments, 'x') ? "+x" : has_option(vm->arguments, 'd') ? "+d" : "+";
	struct buffer expression = { 0 }, text = { 0 };
	struct error why = { 0 };
	bool more = output_begin(vm->output, &structure_shape);

	buffer_printf(&expression, "*(struct %s *)0x%" PRIx64, type, address);
	if (!more || expression.failed || !vm->host->print(vm->host->context, expression.data, format, &text, &why) || text.failed)
		lose(vm, &why);
	else
		more = output_row(vm->output) && output_bytes(vm->output, 0, text.data, text.size);
	buffer_free(&expression);
	buffer_free(&text);
	return more && output_end(vm->output);
}

static bool vma_cells(struct vm *vm, const struct vma *vma, const struct buffer *name)
{
	struct output *output = vm->output;
	struct buffer flags = { 0 };
	bool more = output_row(output) && output_address(output, VMA, vma->address) && output_printf(output, START, "%" PRIx64, vma->start) &&
		    output_printf(output, END, "%" PRIx64, vma->end) &&
		    output_printf(output, PERMISSIONS, "%c%c%c%c", vma->flags & VMA_READ ? 'r' : '-', vma->flags & VMA_WRITE ? 'w' : '-',
				  vma->flags & VMA_EXEC ? 'x' : '-', vma->flags & VMA_SHARED ? 's' : 'p') &&
		    output_printf(output, FLAGS, "%" PRIx64, vma->flags) &&
		    (!vma->file || output_uint(output, OFFSET, vma->pgoff * memory_page_size(vm->kernel->memory))) &&
		    (!name || output_bytes(output, NAME, name->size ? name->data : "", name->size));

	if (more && vma_flags_text(vm->kernel, vma->flags, &flags))
		more = output_bytes(output, FLAG_NAMES, flags.size ? flags.data : "", flags.size);
	buffer_free(&flags);
	return more;
}

static bool emit_task(struct vm *vm)
{
	struct output *output = vm->output;
	const struct task *task = vm->task;

	return output_uint(output, PID, task->pid) && output_address(output, TASK, task->address) && task_comm_cell(output, COMMAND, task) &&
	       (!task->mm || task->memory_unknown ||
		(output_uint_as(output, RSS, task->rss_bytes, "%" PRIu64 "k", task->rss_bytes >> 10) &&
		 output_uint_as(output, VSZ, task->vsz_bytes, "%" PRIu64 "k", task->vsz_bytes >> 10)));
}

static bool emit_heading(struct vm *vm)
{
	struct output *output = vm->output;
	uint64_t pgd;

	return output_row(output) && (!vm->task || emit_task(vm)) && (!vm->mm || output_address(output, MM, vm->mm)) &&
	       (!vm->mm || !kernel_read_member(vm->kernel, vm->mm, "mm_struct", "pgd", &pgd, NULL) || output_address(output, PGD, pgd)) &&
	       (vm->task || output_note(output, "no task of the list has this address space"));
}

/* With -R and -P only of those that have one that is wanted. */
static bool open_space(struct vm *vm)
{
	if (vm->open)
		return true;
	vm->open = true;
	return emit_heading(vm) && (!has_option(vm->arguments, 'm') || emit_structure(vm, "mm_struct", vm->mm)) &&
	       output_begin(vm->output, &vma_shape);
}

static bool emit_vma(void *context, const struct vma *vma, struct error *error)
{
	struct vm *vm = context;
	struct buffer name = { 0 };
	struct error why = { 0 };
	bool known = vma_name(vm->kernel, vm->mm, vma, &name, &why), more = true;

	if (!known)
		lose(vm, &why);
	if (is_wanted(vm, vma, &name)) {
		vm->shown++;
		more = open_space(vm) && vma_cells(vm, vma, known ? &name : NULL) &&
		       (!has_option(vm->arguments, 'v') || emit_structure(vm, "vm_area_struct", vma->address)) &&
		       (!vm->pages || !vm->root_known || emit_pages(vm, vma->start, vma->end, error));
	}
	buffer_free(&name);
	return more;
}

/* The VMAs of vm->mm, below the row that is open. */
static bool emit_space(struct vm *vm)
{
	struct error why = { 0 };

	vm->open = false;
	if (!vm->only && !vm->name && !open_space(vm))
		return false;
	if (!vmas_for_each(vm->kernel, vm->mm, emit_vma, vm, &why)) {
		if (why.kind == ERROR_INTERRUPTED || why.kind == ERROR_NO_MEMORY) {
			vm->fatal = why;
			return false;
		}
		if (why.kind == ERROR_NONE)
			return false; /* enough */
		lose(vm, &why);
		if (vm->open)
			output_note(vm->output, "there may be more: %s", why.text);
	}
	return !vm->open || output_end(vm->output);
}

static bool each_task(struct vm *vm, const struct task *task)
{
	struct error why = { 0 };

	vm->task = task;
	vm->mm = task->mm;
	if (!task->mm && !vm->only && !vm->name && !emit_heading(vm))
		return false;
	if (!task_knows(task, TASK_MM)) {
		error_set(&why, ERROR_EXCLUDED, "the address space of task %u is not known", task->pid);
		lose(vm, &why);
		return true;
	}
	if (!task->mm)
		return vm->only || vm->name || output_note(vm->output, "it has no address space of its own");
	vm->root_known = (!vm->pages && !vm->by_address) || task_user_root(vm->kernel, task, &vm->root, &why);
	if (!vm->root_known)
		lose(vm, &why);
	return emit_space(vm);
}

/* -M: whose ever it is, also nobody's. */
static bool show_mm(struct vm *vm, struct error *error)
{
	struct task_table *table;
	struct error why = { 0 };
	uint64_t pgd;

	if (!tasks_get(vm->kernel, &table, error) ||
	    !parse_address(vm->kernel, vm->host, vm->output, "vm -M", option_value(vm->arguments, 'M'), &vm->mm, error))
		return false;
	for (size_t i = 0; i < table->count; i++)
		if (task_knows(&table->tasks[i], TASK_MM) && table->tasks[i].mm == vm->mm)
			return each_task(vm, &table->tasks[i]) || vm->fatal.kind == ERROR_NONE;
	if (!kernel_read_member(vm->kernel, vm->mm, "mm_struct", "pgd", &pgd, error))
		return error_prefix(error, "vm -M: the mm_struct at 0x%" PRIx64, vm->mm);
	vm->root_known = vm->kernel->arch->user_root(vm->kernel->memory, pgd, &vm->root, &why);
	if (!vm->root_known)
		lose(vm, &why);
	emit_space(vm);
	return true;
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

/* What the options say together. */
static bool take_options(struct vm *vm, struct error *error)
{
	const struct arguments *arguments = vm->arguments;
	const char *wanted = option_value(arguments, 'R');
	bool structures = has_option(arguments, 'm') || has_option(arguments, 'v');

	if (structures && (!vm->host || !vm->host->print))
		return error_set(error, ERROR_USAGE, "vm: -m and -v want gdb, which is not here");
	if (!structures && (has_option(arguments, 'x') || has_option(arguments, 'd')))
		return error_set(error, ERROR_USAGE, "vm: -x and -d go with -m or -v");
	if (has_option(arguments, 'M') && arguments->nr_words)
		return error_set(error, ERROR_USAGE, "vm: -M names the address space, so no task is wanted: %s", arguments->words[0]);
	vm->pages = has_option(arguments, 'p') || has_option(arguments, 'P');
	vm->root_known = true;
	if (has_option(arguments, 'P') &&
	    !parse_address(vm->kernel, vm->host, vm->output, "vm -P", option_value(arguments, 'P'), &vm->only, error))
		return false;
	/* What could be a number and a name is looked for as both. */
	vm->name = wanted;
	vm->by_address = wanted && parse_hex("vm -R", wanted, &vm->wanted, NULL);
	return true;
}

/* PARTIAL: of words that named nothing. */
static bool finish(const struct vm *vm, const struct error *partial, struct error *error)
{
	if (vm->fatal.kind != ERROR_NONE || partial->kind != ERROR_NONE) {
		*error = vm->fatal.kind != ERROR_NONE ? vm->fatal : *partial;
		return false;
	}
	if (vm->only && !vm->shown)
		return error_set(error, ERROR_USAGE, "vm -P: none of its VMAs is at 0x%" PRIx64, vm->only);
	if (vm->lost)
		return error_set(error, ERROR_PARTIAL, "vm: something is missing: %s", vm->why.text);
	return !vm->name || vm->shown || error_set(error, ERROR_USAGE, "vm -R: no VMA has \"%s\"", vm->name);
}

static bool vm_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		   struct error *error)
{
	struct vm vm = { .kernel = kernel, .arguments = arguments, .host = host, .output = output };
	struct task_list list = { 0 };
	struct error why = { 0 };
	bool of_mm = has_option(arguments, 'M'), done;

	if (has_option(arguments, 'f'))
		return decode_flags(kernel, output, option_value(arguments, 'f'), error);
	/* Without it, rss and vsz are not known, and that is all. */
	if (!tasks_load_memory(kernel, &why) && why.kind == ERROR_INTERRUPTED) {
		*error = why;
		return false;
	}
	if (!take_options(&vm, error))
		return false;
	/* ERROR_PARTIAL: some of the words name no task. */
	why = (struct error){ .kind = ERROR_NONE };
	done = of_mm || task_list_select(&list, kernel, arguments, host, "vm", &why) || why.kind == ERROR_PARTIAL;
	if (!done)
		*error = why;
	done = done && task_list_check(&list, error);
	if (done && output_begin(output, &shape)) {
		done = !of_mm || show_mm(&vm, error);
		for (size_t i = 0; i < list.count && each_task(&vm, list.tasks[i]); i++)
			;
		if (done && vm.fatal.kind == ERROR_NONE)
			output_end(output);
	}
	task_list_free(&list);
	return done && finish(&vm, &why, error);
}

static const char help[] =
	"For each task (the selected one if none is named) its VMAs: permissions as in\n"
	"/proc/PID/maps, vm_flags, the file that is mapped. RSS and VSZ are in kB.\n"
	"\n"
	"JSON: \"tasks\", each with its \"vmas\" (offset in the file in bytes, flag_names\n"
	"what vm_flags mean), these with -p with their \"pages\"; -f \"flags\"; -m and -v\n"
	"\"structure\", as gdb prints it.\n"
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
	.usage = "vm [-p|-P VMA] [-R WHAT] [-m] [-v] [-x|-d] [PID|TASK|COMMAND]... | vm ... -M MM | vm -f FLAGS",
	.help = help,
	.options = options,
	.words = COMPLETE_TASK,
	.run = vm_run,
};
