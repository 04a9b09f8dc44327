// SPDX-License-Identifier: GPL-3.0-or-later
/* who-maps: every process that has a page, or a file, in its address space. */
#include "commands/command.h"
#include "commands/tasks/task_cells.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buffer.h"
#include "kernel/containers.h"
#include "kernel/files/files.h"
#include "kernel/files/mapping.h"
#include "kernel/memory/page.h"
#include "kernel/memory/rmap.h"
#include "kernel/tasks/task.h"

#define MAX_FILES 64	/* that have one path, in other mount namespaces */

static const struct option options[] = { { 0 } };

enum { PAGE, PFN, KIND, INDEX, MAPCOUNT, INODE, PATH };
static const struct column columns[] = {
	[PAGE] = { "page", "PAGE: %", 16, COLUMN_ADDRESS },
	[PFN] = { "pfn", "PFN: %", 0, 0 },
	[KIND] = { "kind", "%", 0, 0 },
	[INDEX] = { "index", "INDEX: %", 0, 0 },
	[MAPCOUNT] = { "mapcount", "MAPPED: %", 0, 0 },
	[INODE] = { "inode", "INODE: %", 16, COLUMN_ADDRESS },
	[PATH] = { "path", "\nPATH: %", 0, 0 },
};
static const struct shape shape = { "subjects", SHAPE_HEADING, columns, ARRAY_SIZE(columns) };
enum { PID, TASK, VMA, START, END, ADDRESS, PERMISSIONS, FLAGS, OFFSET, MAPS, MAPS_TEXT, COMMAND };
static const struct column place_columns[] = {
	[PID] = { "pid", "PID", 7, COLUMN_RIGHT },
	[TASK] = { "task", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[VMA] = { "vma", "VMA", 16, COLUMN_ADDRESS },
	[START] = { "start", NULL, 0, COLUMN_JSON_ONLY },
	[END] = { "end", NULL, 0, COLUMN_JSON_ONLY },
	[ADDRESS] = { "address", "ADDRESS", 12, COLUMN_RIGHT },
	[PERMISSIONS] = { "permissions", "PERM", 4, 0 },
	[FLAGS] = { "flags", "FLAGS", 8, COLUMN_RIGHT },
	[OFFSET] = { "offset", NULL, 0, COLUMN_JSON_ONLY },
	[MAPS] = { "maps", NULL, 0, COLUMN_JSON_ONLY },
	[MAPS_TEXT] = { "maps_text", "MAPS", 5, COLUMN_TEXT_ONLY },
	[COMMAND] = { "comm", "COMMAND", 0, 0 },
};
static const struct shape place_shape = { "mappings", SHAPE_TABLE, place_columns, ARRAY_SIZE(place_columns) };

struct user {
	uint64_t mm;
	const struct task *task;
};

struct view {
	struct kernel *kernel;
	struct output *output;
	struct user *users;	/* by mm: one task of each process */
	size_t nr_users, capacity;
	bool of_page;
	uint64_t pfn;
	int64_t found;		/* mappings of the page that is asked for */
	bool unsure;		/* of one it is not known */
	unsigned lost;
	struct error why;	/* of the first that is lost */
};

static void lose(struct view *view, const struct error *why)
{
	if (!view->lost++)
		view->why = *why;
}

/* --- whose an mm is --- */

static int by_mm(const void *left, const void *right)
{
	const struct user *a = left, *b = right;

	if (a->mm != b->mm)
		return a->mm < b->mm ? -1 : 1;
	return a->task->pid < b->task->pid ? -1 : a->task->pid > b->task->pid;
}

/* Its leader, or, where that is gone, its first thread. */
static bool stands_for_process(const struct view *view, const struct task *task)
{
	const struct task *leader = task->address == task->group_leader ? NULL : task_find_address(view->kernel, task->group_leader);

	if (leader && task_knows(leader, TASK_MM) && leader->mm == task->mm)
		return false;
	return !leader || !view->nr_users || view->users[view->nr_users - 1].mm != task->mm || view->users[view->nr_users - 1].task->tgid != task->tgid;
}

static bool load_users(struct view *view, struct error *error)
{
	struct task_table *table;

	if (!tasks_get(view->kernel, &table, error))
		return false;
	for (size_t i = 0; i < table->count; i++) {
		const struct task *task = &table->tasks[i];
		struct user *users;

		if (!task_knows(task, TASK_MM) || !task->mm || task->kernel_thread || task->idle || !stands_for_process(view, task))
			continue;
		users = array_room(view->users, view->nr_users, &view->capacity, sizeof(*users), "the processes", error);
		if (!users)
			return false;
		view->users = users;
		users[view->nr_users++] = (struct user){ task->mm, task };
	}
	if (view->nr_users)
		qsort(view->users, view->nr_users, sizeof(*view->users), by_mm);
	return true;
}

/* --- the mappings --- */

static bool emit_place(struct view *view, const struct rmap_place *place, const struct task *task, enum rmap_answer maps)
{
	static const char *const texts[] = { [RMAP_NO] = "no", [RMAP_YES] = "yes" };
	struct output *output = view->output;
	const struct vma *vma = &place->vma;
	bool more = output_row(output) && output_address(output, VMA, vma->address) && output_printf(output, ADDRESS, "%" PRIx64, place->at) &&
		    output_printf(output, START, "%" PRIx64, vma->start) && output_printf(output, END, "%" PRIx64, vma->end) &&
		    output_printf(output, PERMISSIONS, "%c%c%c%c", vma->flags & VMA_READ ? 'r' : '-', vma->flags & VMA_WRITE ? 'w' : '-',
				  vma->flags & VMA_EXEC ? 'x' : '-', vma->flags & VMA_SHARED ? 's' : 'p') &&
		    output_printf(output, FLAGS, "%" PRIx64, vma->flags) &&
		    (!vma->file || output_uint(output, OFFSET, vma->pgoff * memory_page_size(view->kernel->memory)));

	if (more && task)
		more = output_uint(output, PID, task->pid) && output_address(output, TASK, task->address) && task_comm_cell(output, COMMAND, task);
	if (more && !view->of_page)
		return output_string(output, MAPS_TEXT, "file");
	return more && (maps == RMAP_UNKNOWN || (output_bool(output, MAPS, maps == RMAP_YES, NULL) && output_string(output, MAPS_TEXT, texts[maps])));
}

/* A row for each process that has the address space. */
static bool each_place(void *context, const struct rmap_place *place, struct error *error)
{
	struct view *view = context;
	size_t end = array_up_to(view->users, view->nr_users, sizeof(*view->users), offsetof(struct user, mm), place->mm), first = end;
	enum rmap_answer maps = RMAP_NO;
	struct error why = { 0 };

	if (!kernel_check_interrupt(view->kernel, error))
		return false;
	if (view->of_page)
		maps = rmap_maps(view->kernel, place->mm, place->at, view->pfn, &why);
	view->found += maps == RMAP_YES;
	if (maps == RMAP_UNKNOWN) {
		view->unsure = true;
		lose(view, &why);
	}
	while (first && view->users[first - 1].mm == place->mm)
		first--;
	if (first == end) {
		error_set(&why, ERROR_CORRUPT, "whose address space 0x%" PRIx64 " is is not known: none of the tasks that can be read has it", place->mm);
		lose(view, &why);
		return emit_place(view, place, NULL, maps);
	}
	for (size_t i = first; i < end; i++)
		if (!emit_place(view, place, view->users[i].task, maps))
			return false;
	return true;
}

/* What a walk that ended without success had; false: the command is over. */
static bool survive(struct view *view, const struct error *why, struct error *error)
{
	if (why->kind == ERROR_NONE)
		return false; /* the person has enough */
	if (why->kind == ERROR_INTERRUPTED || why->kind == ERROR_NO_MEMORY) {
		*error = *why;
		return false;
	}
	lose(view, why);
	view->unsure = true;
	return output_note(view->output, "there may be more: %s", why->text);
}

static bool file_cells(struct view *view, const struct mapping *mapping)
{
	struct buffer path = { 0 };
	struct error why = { 0 };
	bool more = true;

	if (!mapping->inode)
		return true;
	more = output_address(view->output, INODE, mapping->inode);
	if (!inode_path(view->kernel, mapping->inode, &path, &why))
		lose(view, &why);
	else if (more)
		more = output_bytes(view->output, PATH, path.size ? path.data : "", path.size);
	buffer_free(&path);
	return more;
}

static bool show_file(struct view *view, const struct mapping *mapping, struct error *error)
{
	struct error why = { 0 };

	view->of_page = false;
	if (!output_row(view->output) || !output_string(view->output, KIND, "file") || !file_cells(view, mapping) ||
	    !output_begin(view->output, &place_shape))
		return false;
	return (rmap_file(view->kernel, mapping->address, NULL, each_place, view, &why) || survive(view, &why, error)) && output_end(view->output);
}

/* --- pages --- */

/* KSM's pages have both of the low bits of page->mapping; include/linux/page-flags.h. */
#define MAPPING_ANON 1
#define MAPPING_BITS 3

static bool places_of_page(struct view *view, const struct page_info *head, uint64_t mapping, uint64_t index, struct error *error)
{
	struct error why = { 0 };
	bool good = true;

	if (mapping)
		good = rmap_file(view->kernel, mapping, &index, each_place, view, &why);
	else if (page_knows(head, PAGE_MAPPING) && (head->mapping & MAPPING_BITS) == MAPPING_ANON)
		good = rmap_anonymous(view->kernel, head->mapping & ~(uint64_t)MAPPING_BITS, index, each_place, view, &why);
	return good || survive(view, &why, error);
}

/* "anonymous", "slab"; a free or a kernel's page has no way back. */
static const char *kind_of(struct view *view, const struct page_info *head, bool in_file)
{
	const char *type = page_type_name(view->kernel, head);

	if (in_file)
		return "file";
	if (page_is_slab(view->kernel, head))
		return "slab";
	if (type)
		return type;
	if (!page_knows(head, PAGE_MAPPING))
		return NULL;
	if ((head->mapping & MAPPING_BITS) == MAPPING_ANON)
		return "anonymous";
	return (head->mapping & MAPPING_BITS) == MAPPING_BITS ? "KSM" : head->mapping ? "movable" : "kernel";
}

static bool page_heading(struct view *view, const struct page_info *page, const char *kind, const uint64_t *index, const int64_t *mapcount)
{
	struct output *output = view->output;

	return output_row(output) && output_address(output, PAGE, page->address) && output_printf(output, PFN, "%" PRIx64, page->pfn) &&
	       (!kind || output_string(output, KIND, kind)) && (!index || output_uint(output, INDEX, *index)) &&
	       (!mapcount || output_int(output, MAPCOUNT, *mapcount));
}

/* How often it is mapped, where the kernel counts that for the single page, against what was found. */
static bool compare(struct view *view, const char *kind, bool known, int64_t mapcount)
{
	if (kind && !strcmp(kind, "KSM"))
		return output_note(view->output, "KSM shares this page; who has it is not followed from here");
	if (!known || view->unsure || view->found == mapcount)
		return true;
	return output_note(view->output, "it is mapped %" PRId64 " times, and %" PRId64 " %s found", mapcount, view->found, view->found == 1 ? "was" : "were");
}

static bool show_page(struct view *view, uint64_t at, struct error *error)
{
	struct kernel *kernel = view->kernel;
	struct page_info page, head;
	struct mapping file = { 0 };
	struct error why = { 0 };
	uint64_t mapping = 0, index = 0;
	int64_t mapcount = 0;
	bool in_file, indexed, counted, more;
	const char *kind;

	if (!page_read(kernel, at, &page, error) || !page_read(kernel, page.head, &head, error))
		return false;
	in_file = mapping_of_page(kernel, &head, &mapping);
	kind = kind_of(view, &head, in_file);
	indexed = page_knows(&head, PAGE_INDEX) && (in_file || (kind && !strcmp(kind, "anonymous")));
	if (indexed)
		index = head.index + (page.pfn - head.pfn);
	/* A large folio has a count of its own, not of this page. */
	counted = head.address == page.address && !page.tail && page_mapcount(kernel, &page, &mapcount) && !page_has_flag(kernel, &page, "head");
	view->of_page = true;
	view->pfn = page.pfn;
	view->found = 0;
	view->unsure = false;
	more = page_heading(view, &page, kind, indexed ? &index : NULL, counted ? &mapcount : NULL);
	if (more && in_file && !mapping_read(kernel, mapping, &file, &why))
		lose(view, &why);
	else if (more && in_file)
		more = file_cells(view, &file);
	if (!more || !output_begin(view->output, &place_shape) ||
	    (indexed && !places_of_page(view, &head, mapping, index, error)) || !output_end(view->output))
		return false;
	return compare(view, kind, counted, mapcount);
}

/* --- words --- */

struct search {
	struct view *view;
	const char *path;
	uint64_t files[MAX_FILES];	/* address_spaces */
	size_t count;
	struct visited seen;		/* struct files */
};

static bool vma_has_path(void *context, const struct vma *vma, struct error *error)
{
	struct search *search = context;
	struct view *view = search->view;
	struct buffer text = { 0 };
	struct open_file file;
	struct error why = { 0 };
	uint64_t mapping;

	if (!vma->file)
		return true;
	switch (visited_add(&search->seen, vma->file)) {
	case VISITED_BEFORE: return true;
	case VISITED_NO_MEMORY: return error_no_memory(error, "a set of files", 8);
	case VISITED_NEW: break;
	}
	file_read(view->kernel, vma->file, &file);
	if (!file.known || !path_text(view->kernel, &file.path, &text, &why) || text.failed) {
		lose(view, file.known ? &why : &file.why);
	} else if (text.size && !strcmp(text.data, search->path)) {
		bool known = file.inode && mapping_of_inode(view->kernel, file.inode, &mapping, &why);

		if (!known)
			lose(view, &why);
		for (size_t i = 0; known && i < search->count; i++)
			known = search->files[i] != mapping;
		if (known && search->count < MAX_FILES)
			search->files[search->count++] = mapping;
	}
	buffer_free(&text);
	return true;
}

/* A path as files and fuser have it: of what some process has mapped. */
static bool show_path(struct view *view, const char *path, struct error *error)
{
	struct search search = { .view = view, .path = path };
	struct error why = { 0 };
	bool good = true;

	for (size_t i = 0; i < view->nr_users && good; i++) {
		good = kernel_step(view->kernel, "address spaces", i, view->nr_users, error);
		if (!good || (i && view->users[i - 1].mm == view->users[i].mm))
			continue;
		why = (struct error){ 0 };
		if (!vmas_for_each(view->kernel, view->users[i].mm, vma_has_path, &search, &why)) {
			if (why.kind == ERROR_INTERRUPTED || why.kind == ERROR_NO_MEMORY)
				good = error_set(error, why.kind, "%s", why.text);
			else
				lose(view, &why);
		}
	}
	visited_free(&search.seen);
	for (size_t i = 0; i < search.count && good; i++) {
		struct mapping mapping;

		why = (struct error){ 0 };
		if (mapping_read(view->kernel, search.files[i], &mapping, &why))
			good = show_file(view, &mapping, error);
		else
			lose(view, &why);
	}
	if (good && !search.count)
		return error_set(error, ERROR_USAGE, "who-maps: no process has mapped a file of the path %s%s", path, view->lost ? ", as far as could be read" : "");
	return good;
}

/* A struct page; what is of a file; a frame's number. */
static bool show_number(struct view *view, uint64_t value, struct error *error)
{
	struct kernel *kernel = view->kernel;
	struct mapping mapping;
	struct error why = { 0 };
	uint64_t pfn, page;

	if (page_to_pfn(kernel, value, &pfn, NULL) && page_of_pfn(kernel, pfn, &page, NULL) && page == value)
		return show_page(view, value, error);
	if (mapping_at(kernel, value, &mapping, NULL))
		return show_file(view, &mapping, error);
	if (page_of_pfn(kernel, value, &page, &why))
		return show_page(view, page, error);
	return error_set(error, ERROR_USAGE, "who-maps: 0x%" PRIx64 " is no frame's number, struct page, inode, address_space or struct file", value);
}

static bool who_maps_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
			 struct error *error)
{
	struct view view = { .kernel = kernel, .output = output };
	struct error wrong = { 0 };
	size_t shown = 0;
	bool enough = false;

	if (!arguments->nr_words)
		return error_set(error, ERROR_USAGE, "who-maps: of what? Say a frame's number, an inode or a path");
	if (!load_users(&view, error) || !output_begin(output, &shape)) {
		free(view.users);
		return error->kind == ERROR_NONE;
	}
	for (size_t i = 0; i < arguments->nr_words && !enough; i++) {
		const char *word = arguments->words[i];
		struct error why = { 0 };
		uint64_t value;

		if (*word == '/' ? show_path(&view, word, &why) :
				   parse_address(kernel, host, output, "who-maps", word, &value, &why) && show_number(&view, value, &why)) {
			shown++;
			continue;
		}
		enough = why.kind == ERROR_NONE || why.kind == ERROR_INTERRUPTED || why.kind == ERROR_NO_MEMORY;
		if (wrong.kind == ERROR_NONE || enough)
			wrong = why;
	}
	output_end(output);
	free(view.users);
	if (wrong.kind != ERROR_NONE)
		return error_set(error, shown && !enough ? ERROR_PARTIAL : wrong.kind, "%s", wrong.text);
	if (enough)
		return true;
	if (view.lost)
		return error_set(error, ERROR_PARTIAL, "who-maps: not all is known: %s", view.why.text);
	return true;
}

static const char help[] =
	"Every process with a mapping of a page or a file. A word is a frame's number\n"
	"(hexadecimal), the address of a struct page, an inode, an address_space or a\n"
	"struct file, or a path as `kernel files' shows it, of a file that is mapped.\n"
	"\n"
	"Of a page the processes are shown that could have it by what it says itself: its\n"
	"file and index, or its anon_vma. ADDRESS is where it would be, and MAPS says\n"
	"whether it is there (yes), by the process's page tables, or not (no: it was not\n"
	"touched, or copied when it was written to). Of a file ADDRESS is where the\n"
	"mapping begins. Frames that drivers map by number are not found so. A process\n"
	"is shown once, not each of its threads.\n"
	"\n"
	"JSON: \"subjects\", each with \"mappings\" (maps: null where it is not known, and\n"
	"of a file).\n"
	"\n"
	"Example:\n"
	"(gdb) kernel who-maps /bin/workload\n"
	"file  INODE: ff30301fc1ae03a0\n"
	"PATH: /bin/workload\n"
	"    PID        VMA              ADDRESS  PERM     FLAGS  MAPS   COMMAND\n"
	"    205  ff30301fc505cb48        400000  r--p   8000071  file   rig-memory\n"
	"    204  ff30301fc505c4c0        400000  r--p   8000071  file   rig-ipc\n"
	"[...]\n";

static const struct mi_name mi_names[] = { { "who-maps", NULL }, { 0 } };

const struct command command_who_maps = {
	.name = "who-maps",
	.mi = mi_names,
	.summary = "Show which processes have a page or a file mapped.",
	.usage = "who-maps PFN|PAGE|INODE|PATH...",
	.help = help,
	.options = options,
	.words = COMPLETE_SYMBOL,
	.run = who_maps_run,
};
