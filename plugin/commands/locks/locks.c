// SPDX-License-Identifier: GPL-3.0-or-later
/* locks: who waits for whom, and why: a tree, those first that most wait for. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "commands/command.h"
#include "commands/locks/locks.h"
#include "commands/tasks/task_cells.h"
#include "commands/tasks/task_list.h"
#include "kernel/locks/waits.h"
#include "kernel/modules/symbolize.h"
#include "kernel/tasks/task.h"

#define NSEC_PER_SEC UINT64_C(1000000000)
#define MAX_INDENT   8

static const struct option options[] = {
	{ 'a', NULL, "all that wait, also interruptibly: futexes and wait queues" },
	{ 'k', "KIND", "only waits of this kind, and who they wait for: mutex, futex, ..." },
	{ 0 }
};

enum {
	BLOCKS, PID, STATE, ELAPSED, NAME, WHY, TASK, CPU, COMM, DEPTH, KIND, PURPOSE, WANTS, OBJECT, OBJECT_NAME, BIT, FUNCTION, WAITS_IN, CALLED_BY, INFERRED,
	HOLDER_PID, HOLDER_TASK, HOLDER_COMM, HOLDER_HINT, HOLDER_KNOWN, CIRCLE, DEADLOCK, NR_CELLS
};

static const struct column columns[NR_CELLS] = {
	[BLOCKS] = { "blocks", "BLOCKS", 6, COLUMN_RIGHT },
	[PID] = { "pid", "PID", 7, COLUMN_RIGHT },
	[STATE] = { "state", "ST", 2, COLUMN_LEFT },
	[ELAPSED] = { "elapsed_ns", "SECONDS", 8, COLUMN_RIGHT },
	[NAME] = { "tree", "COMMAND", 17, COLUMN_LEFT | COLUMN_TEXT_ONLY },
	[WHY] = { "why", "WAITS FOR", 0, COLUMN_LEFT | COLUMN_TEXT_ONLY },
	[TASK] = { "task", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[CPU] = { "cpu", NULL, 0, COLUMN_JSON_ONLY },
	[COMM] = { "comm", NULL, 0, COLUMN_JSON_ONLY },
	[DEPTH] = { "depth", NULL, 0, COLUMN_JSON_ONLY },
	[KIND] = { "kind", NULL, 0, COLUMN_JSON_ONLY },
	[PURPOSE] = { "purpose", NULL, 0, COLUMN_JSON_ONLY },
	[WANTS] = { "wanted_for", NULL, 0, COLUMN_JSON_ONLY },
	[OBJECT] = { "object", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[OBJECT_NAME] = { "object_name", NULL, 0, COLUMN_JSON_ONLY },
	[BIT] = { "bit", NULL, 0, COLUMN_JSON_ONLY },
	[FUNCTION] = { "function", NULL, 0, COLUMN_JSON_ONLY },
	[WAITS_IN] = { "waits_in", NULL, 0, COLUMN_JSON_ONLY },
	[CALLED_BY] = { "called_by", NULL, 0, COLUMN_JSON_ONLY },
	[INFERRED] = { "inferred", NULL, 0, COLUMN_JSON_ONLY },
	[HOLDER_PID] = { "holder_pid", NULL, 0, COLUMN_JSON_ONLY },
	[HOLDER_TASK] = { "holder_task", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[HOLDER_COMM] = { "holder_comm", NULL, 0, COLUMN_JSON_ONLY },
	[HOLDER_HINT] = { "holder_is_hint", NULL, 0, COLUMN_JSON_ONLY },
	[HOLDER_KNOWN] = { "holder_known", NULL, 0, COLUMN_JSON_ONLY },
	[CIRCLE] = { "circle", NULL, 0, COLUMN_JSON_ONLY },
	[DEADLOCK] = { "deadlock", NULL, 0, COLUMN_JSON_ONLY },
};
static const struct shape shape = { "tasks", SHAPE_TABLE, columns, ARRAY_SIZE(columns) };

/* A task of the tree: one that waits, or one that is only waited for. */
struct node {
	const struct task *task;
	const struct wait *wait;	/* NULL = it waits for nothing that is known */
	size_t blocks;
	size_t circle;
	bool shown;
};

struct locks {
	struct kernel *kernel;
	struct output *output;
	struct waits waits;
	struct node *nodes;		/* all waits in their order, then those that are only waited for */
	size_t count;
	const struct wait **children;	/* all waits with an owner, by it, those that most wait for first */
	size_t nr_children;
	uint64_t now;
	bool narrowed;			/* not all nodes are shown */
	uint64_t hung;			/* ns: those that sleep uninterruptibly that long; 0 = of any */
};

/* --- the tree --- */

/* Who most wait for; then who has not run for longest. */
static int compare_waits(const struct wait *a, const struct wait *b)
{
	if (a->blocks != b->blocks)
		return a->blocks > b->blocks ? -1 : 1;
	if (a->task->last_run != b->task->last_run)
		return a->task->last_run < b->task->last_run ? -1 : 1;
	return a->task->pid < b->task->pid ? -1 : a->task->pid > b->task->pid;
}

static int compare_children(const void *left, const void *right)
{
	const struct wait *a = *(const struct wait *const *)left, *b = *(const struct wait *const *)right;

	if (a->owner != b->owner)
		return a->owner < b->owner ? -1 : 1;
	return compare_waits(a, b);
}

static int compare_roots(const void *left, const void *right)
{
	const struct node *a = *(const struct node *const *)left, *b = *(const struct node *const *)right;

	if (!a->circle != !b->circle)
		return a->circle ? -1 : 1;
	if (a->circle != b->circle)
		return a->circle < b->circle ? -1 : 1;
	if (a->blocks != b->blocks)
		return a->blocks > b->blocks ? -1 : 1;
	if (a->wait && b->wait)
		return compare_waits(a->wait, b->wait);
	return a->task->pid < b->task->pid ? -1 : a->task->pid > b->task->pid;
}

/* The first of the children of OWNER. */
static size_t first_child(const struct locks *locks, const struct task *owner)
{
	size_t low = 0, high = locks->nr_children;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (locks->children[middle]->owner < owner)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool build_tree(struct locks *locks, struct error *error)
{
	struct waits *waits = &locks->waits;

	locks->nodes = calloc(waits->count * 2 + 1, sizeof(*locks->nodes));
	locks->children = calloc(waits->count + 1, sizeof(*locks->children));
	if (!locks->nodes || !locks->children)
		return error_no_memory(error, "who waits for whom", waits->count * 2 * sizeof(*locks->nodes));
	for (size_t i = 0; i < waits->count; i++) {
		const struct wait *wait = &waits->items[i];

		locks->nodes[i] = (struct node){ wait->task, wait, wait->blocks, wait->circle, true };
		if (wait->owner)
			locks->children[locks->nr_children++] = wait;
	}
	qsort(locks->children, locks->nr_children, sizeof(*locks->children), compare_children);
	locks->count = waits->count;
	for (size_t i = 0; i < locks->nr_children; i++) {
		const struct wait *wait = locks->children[i];
		struct node *last = &locks->nodes[locks->count - 1];

		if (wait->next)
			continue;
		if (locks->count == waits->count || last->task != wait->owner)
			locks->nodes[locks->count++] = (struct node){ wait->owner, NULL, 0, 0, true };
		locks->nodes[locks->count - 1].blocks += wait->blocks + 1;
	}
	return true;
}

static struct node *node_of(struct locks *locks, const struct task *task)
{
	size_t low = locks->waits.count, high = locks->count;

	while (low < high) {	/* they came by the address of the owner */
		size_t middle = low + (high - low) / 2;

		if (locks->nodes[middle].task < task)
			low = middle + 1;
		else
			high = middle;
	}
	return low < locks->count && locks->nodes[low].task == task ? &locks->nodes[low] : NULL;
}

/* Shows this one and all that it waits for, through others. */
static void show_chain(struct locks *locks, const struct wait *wait)
{
	while (wait && !locks->nodes[wait - locks->waits.items].shown) {
		struct node *node;

		locks->nodes[wait - locks->waits.items].shown = true;
		if (!wait->next && wait->owner && (node = node_of(locks, wait->owner)))
			node->shown = true;
		wait = wait->next;
	}
}

/* -k and the words: only what was asked for. */
static bool narrow(struct locks *locks, const struct task_list *list, const char *kind)
{
	size_t found = 0;

	locks->narrowed = true;
	for (size_t i = 0; i < locks->count; i++)
		locks->nodes[i].shown = false;
	for (size_t i = 0; i < locks->waits.count; i++) {
		const struct wait *wait = &locks->waits.items[i];
		bool wanted = !list->count;

		for (size_t j = 0; j < list->count && !wanted; j++)
			wanted = list->tasks[j] == wait->task || list->tasks[j] == wait->owner;
		if (!wanted || (kind && strcmp(kind, wait_kind_name(wait->kind)) && strcmp(kind, wait_kind_name(wait_kind_base(wait->kind)))))
			continue;
		found++;
		show_chain(locks, wait);
	}
	return found > 0;
}

static bool is_hung(const struct locks *locks, const struct task *task)
{
	return !strcmp(task_state_letters(locks->kernel, task), "UN") && !task->on_cpu && task_knows(task, TASK_LAST_RUN) && task->last_run &&
	       locks->now > task->last_run && locks->now - task->last_run >= locks->hung;
}

/* Those that are hung, and whom they wait for. */
static bool narrow_to_hung(struct locks *locks)
{
	size_t found = 0;

	locks->narrowed = true;
	for (size_t i = 0; i < locks->count; i++)
		locks->nodes[i].shown = false;
	for (size_t i = 0; i < locks->waits.count; i++) {
		if (!is_hung(locks, locks->waits.items[i].task))
			continue;
		found++;
		show_chain(locks, &locks->waits.items[i]);
	}
	return found > 0;
}

/* --- a row --- */

/* "" = there is none, or it has no name. */
static const char *function_name(struct locks *locks, const struct wait *wait, char *name, size_t size)
{
	*name = '\0';
	if (wait->function)
		kernel_symbolize(locks->kernel, wait->function, name, size);
	return name;
}

/* "mutex rig_mutex [vmcore_rig]"; true if the object has a name, which is in NAME. */
static bool object_text(struct locks *locks, const struct wait *wait, struct buffer *text, char *name, size_t size)
{
	uint64_t object = wait->object ? wait->object : wait->user;
	char function[256];

	*name = '\0';
	buffer_string(text, wait_kind_name(wait->kind));
	if (wait->for_read || wait->for_write)
		buffer_printf(text, " (to %s)", wait->for_read ? "read" : "write");
	if (wait->object)
		kernel_symbolize(locks->kernel, wait->object, name, size);
	if (*name)
		buffer_printf(text, " %s", name);
	else if (object)
		buffer_printf(text, " %0*" PRIx64, output_address_digits(locks->output), object);
	if (wait->bit >= 0)
		buffer_printf(text, " bit %d", wait->bit);
	if (*function_name(locks, wait, function, sizeof(function)))
		buffer_printf(text, ", of %s", function);
	return *name;
}

static void why_cell(struct locks *locks, const struct wait *wait)
{
	struct buffer text = { 0 };
	char name[256], function[256] = "", caller[256] = "", work[256];

	if (object_text(locks, wait, &text, name, sizeof(name)))
		output_string(locks->output, OBJECT_NAME, name);
	if (wait->waits_in && kernel_symbolize(locks->kernel, wait->waits_in - 1, function, sizeof(function)))
		function[strcspn(function, "+")] = '\0';
	if (wait->caller && kernel_symbolize(locks->kernel, wait->caller - 1, caller, sizeof(caller)))
		caller[strcspn(caller, "+")] = '\0';
	if (*function_name(locks, wait, work, sizeof(work)))
		output_string(locks->output, FUNCTION, work);
	if (*function)
		output_string(locks->output, WAITS_IN, function);
	if (*caller)
		output_string(locks->output, CALLED_BY, caller);
	if (wait->kind == WAIT_UNKNOWN || wait->kind == WAIT_QUEUE)
		buffer_printf(&text, "%s%s", *function ? " in " : "", function);
	else if (*caller)
		buffer_printf(&text, " in %s", caller);
	if (wait->owner && wait->owner_is_hint)
		buffer_string(&text, wait->kind == WAIT_RWSEM ? ", a reader may hold it" :
					 wait->kind == WAIT_FUTEX ? ", held if a tid is in it" : ", who took it last");
	else if (wait->owner_unknown)
		buffer_string(&text, ", holder not known");
	if (wait->circle)
		buffer_printf(&text, wait->deadlock ? ", deadlock %zu" : ", circle %zu", wait->circle);
	if (wait->inferred)
		buffer_string(&text, " *");
	output_bytes(locks->output, WHY, text.data ? text.data : "", text.size);
	buffer_free(&text);
}

static void holder_cells(struct locks *locks, const struct wait *wait)
{
	struct output *output = locks->output;

	output_bool(output, HOLDER_KNOWN, !wait->owner_unknown, NULL);
	if (!wait->owner)
		return;
	output_uint(output, HOLDER_PID, wait->owner->pid);
	output_address(output, HOLDER_TASK, wait->owner->address);
	task_comm_cell(output, HOLDER_COMM, wait->owner);
	output_bool(output, HOLDER_HINT, wait->owner_is_hint, NULL);
}

static void wait_cells(struct locks *locks, const struct wait *wait)
{
	struct output *output = locks->output;

	if (wait->kind != WAIT_UNKNOWN) {
		output_string(output, KIND, wait_kind_name(wait_kind_base(wait->kind)));
		if (wait->kind != wait_kind_base(wait->kind))
			output_string(output, PURPOSE, wait_kind_name(wait->kind));
		output_bool(output, INFERRED, wait->inferred, NULL);
	}
	if (wait->for_read || wait->for_write)
		output_string(output, WANTS, wait->for_read ? "read" : "write");
	if (wait->object || wait->user)
		output_address(output, OBJECT, wait->object ? wait->object : wait->user);
	if (wait->bit >= 0)
		output_uint(output, BIT, wait->bit);
	if (wait->circle) {
		output_uint(output, CIRCLE, wait->circle);
		output_bool(output, DEADLOCK, wait->deadlock, NULL);
	}
	why_cell(locks, wait);
	holder_cells(locks, wait);
}

static void name_cell(struct locks *locks, const struct task *task, size_t depth)
{
	char text[MAX_INDENT * 2 + sizeof(task->comm)];
	size_t indent = 2 * (depth < MAX_INDENT ? depth : MAX_INDENT), size = strnlen(task->comm, sizeof(task->comm));

	if (!task_knows(task, TASK_COMM))
		return;
	memset(text, ' ', indent);
	memcpy(text + indent, task->comm, size);
	output_bytes(locks->output, NAME, text, indent + size);
}

static bool show_node(struct locks *locks, const struct node *node, size_t depth)
{
	struct output *output = locks->output;
	const struct task *task = node->task;
	uint64_t elapsed;

	if (!output_row(output))
		return false;
	output_uint(output, BLOCKS, node->blocks);
	output_uint(output, PID, task->pid);
	task_state_cell(locks->kernel, output, STATE, task);
	if (task->on_cpu) {
		output_uint_as(output, ELAPSED, 0, "running");
	} else if (locks->now && task_knows(task, TASK_LAST_RUN) && task->last_run) {
		elapsed = locks->now > task->last_run ? locks->now - task->last_run : 0;
		output_uint_as(output, ELAPSED, elapsed, "%" PRIu64 ".%03" PRIu64, elapsed / NSEC_PER_SEC,
			       (uint64_t)(elapsed % NSEC_PER_SEC / 1000000));
	}
	name_cell(locks, task, depth);
	output_address(output, TASK, task->address);
	task_cpu_cell(output, CPU, task);
	task_comm_cell(output, COMM, task);
	output_uint(output, DEPTH, depth);
	if (node->wait)
		wait_cells(locks, node->wait);
	else
		output_string(output, WHY, "");
	return true;
}

/* --- all of them --- */

struct level {
	size_t at;	/* of locks->children */
	const struct task *owner;
};

/* A root, then, each below whom it waits for, all that wait for it. A circle's members stand below each other once, each as a root. */
static bool show_tree(struct locks *locks, const struct node *root, struct level *levels)
{
	size_t depth = 1;

	if (!show_node(locks, root, 0))
		return false;
	levels[0] = (struct level){ first_child(locks, root->task), root->task };
	while (depth) {
		struct level *level = &levels[depth - 1];
		const struct wait *wait = level->at < locks->nr_children ? locks->children[level->at] : NULL;
		const struct node *node;

		if (!wait || wait->owner != level->owner) {
			depth--;
			continue;
		}
		level->at++;
		node = &locks->nodes[wait - locks->waits.items];
		if (wait->circle || !node->shown)
			continue;
		if (!show_node(locks, node, depth))
			return false;
		levels[depth++] = (struct level){ first_child(locks, wait->task), wait->task };
	}
	return true;
}

/* The members of a circle one behind the other, as they wait. */
static bool show_circle(struct locks *locks, const struct wait *first, struct level *levels)
{
	const struct wait *wait = first;

	do {
		if (!show_tree(locks, &locks->nodes[wait - locks->waits.items], levels))
			return false;
		wait = wait->next;
	} while (wait != first);
	return true;
}

static bool show_roots(struct locks *locks, struct error *error)
{
	const struct node **roots = calloc(locks->count + 1, sizeof(*roots));
	struct level *levels = calloc(locks->count + 2, sizeof(*levels));
	size_t count = 0, circle = 0;
	bool more = roots && levels;

	if (!more)
		error_no_memory(error, "who waits for whom", locks->count * sizeof(*levels));
	for (size_t i = 0; more && i < locks->count; i++) {
		const struct node *node = &locks->nodes[i];

		if (node->shown && (node->circle || !node->wait || !node->wait->next) && !(node->wait && node->wait->owner && !node->circle))
			roots[count++] = node;
	}
	if (more)
		qsort(roots, count, sizeof(*roots), compare_roots);
	for (size_t i = 0; more && i < count; i++) {
		more = kernel_check_interrupt(locks->kernel, error);
		if (more && roots[i]->circle && roots[i]->circle != circle) {
			circle = roots[i]->circle;
			more = show_circle(locks, roots[i]->wait, levels);
		} else if (more && !roots[i]->circle) {
			more = show_tree(locks, roots[i], levels);
		}
	}
	free(levels);
	free(roots);
	return more;
}

static void who_text(struct buffer *text, const struct wait *wait)
{
	buffer_printf(text, "PID %u \"%.*s\"", wait->task->pid, (int)strnlen(wait->task->comm, sizeof(wait->task->comm)), wait->task->comm);
}

/* `PID 12 "a" waits for mutex x, which PID 13 "b" has; it waits for mutex y, which PID 12 "a" has'. */
static void circle_text(struct locks *locks, const struct wait *first, struct buffer *text)
{
	const struct wait *wait = first;
	size_t members = 0;

	who_text(text, wait);
	do {
		char name[256];

		buffer_string(text, members ? "; it waits for " : " waits for ");
		object_text(locks, wait, text, name, sizeof(name));
		wait = wait->next;
		buffer_string(text, ", which ");
		who_text(text, wait);
		buffer_string(text, " has");
	} while (++members < 16 && wait != first);
	if (wait != first)
		buffer_string(text, ", and so on");
	if (!first->deadlock)
		buffer_string(text, "; not each of them is known to have what is waited for");
}

static void circle_notes(struct locks *locks)
{
	for (size_t circle = 1; circle <= locks->waits.circles; circle++) {
		const struct wait *first = NULL;
		struct buffer text = { 0 };

		for (size_t i = 0; i < locks->waits.count && !first; i++)
			if (locks->waits.items[i].circle == circle && locks->nodes[i].shown)
				first = &locks->waits.items[i];
		if (!first)
			continue;
		circle_text(locks, first, &text);
		if (!text.failed)
			output_note(locks->output, "%s %zu: %s", first->deadlock ? "deadlock" : "circle", circle, text.data);
		buffer_free(&text);
	}
}

static void notes(struct locks *locks, const char *damage, bool any)
{
	const struct waits *waits = &locks->waits;
	bool inferred = false;
	size_t unknown = 0;

	circle_notes(locks);
	if (damage)
		output_note(locks->output, "there may be more tasks: %s", damage);
	for (size_t i = 0; i < waits->count; i++) {
		inferred = inferred || (waits->items[i].inferred && locks->nodes[i].shown);
		unknown += waits->items[i].owner_unknown;
	}
	if (inferred)
		output_note(locks->output, "* what it waits for is inferred from its stack");
	if (waits->count && !locks->now)
		output_note(locks->output, "the run queues' clocks could not be read, so nobody knows since when they wait");
	if (unknown)
		output_note(locks->output, "of %zu tasks it is not known who they wait for: more may wait for the others than BLOCKS says", unknown);
	if (waits->states_unknown)
		output_note(locks->output, "whether %zu task%s not known: the state could not be read", waits->states_unknown,
			    waits->states_unknown == 1 ? " waits is" : "s wait is");
	if (waits->stacks_unknown)
		output_note(locks->output, "what %zu task%s for is not known: %s", waits->stacks_unknown,
			    waits->stacks_unknown == 1 ? " waits" : "s wait", waits->why.text);
	if (!any && !waits->states_unknown && locks->hung)
		output_note(locks->output, damage ? "of those that are known no task sleeps uninterruptibly for %" PRIu64 " seconds or longer" :
					   "no task sleeps uninterruptibly for %" PRIu64 " seconds or longer", locks->hung / NSEC_PER_SEC);
	else if (!any && !waits->states_unknown)
		output_note(locks->output, locks->narrowed ? "none of these waits for anything that is known" :
					   damage || waits->stacks_unknown ? "of those that are known no task waits for another one" :
					   "no task waits for another one");
}

/* All that was read and is to be shown, and what is to be said of it. ANY: there is something. */
static bool show_all(struct locks *locks, const char *damage, bool any, struct error *error)
{
	bool done;

	output_begin(locks->output, &shape);
	done = show_roots(locks, error) || error->kind == ERROR_NONE;
	output_end(locks->output);
	notes(locks, damage, any);
	return done;
}

static void locks_free(struct locks *locks)
{
	free(locks->children);
	free(locks->nodes);
	waits_free(&locks->waits);
}

bool locks_show_hung(struct kernel *kernel, uint64_t ns, struct output *output, struct error *error)
{
	struct locks locks = { .kernel = kernel, .output = output, .hung = ns };
	struct task_table *table;
	bool done;

	if (!tasks_get(kernel, &table, error))
		return false;
	locks.now = tasks_scheduler_now(kernel);
	if (!locks.now)
		return error_set(error, ERROR_NOT_MAPPED, "hung: the run queues' clocks could not be read, so nobody knows since when a task sleeps");
	done = waits_read(kernel, false, &locks.waits, error) && build_tree(&locks, error) &&
	       show_all(&locks, table->damage, narrow_to_hung(&locks), error);
	locks_free(&locks);
	return done;
}

static bool check_kind(const char *kind, struct error *error)
{
	struct buffer text = { 0 };

	for (int i = WAIT_UNKNOWN; kind && i < NR_WAIT_KINDS; i++) {
		if (!strcmp(kind, wait_kind_name(i)))
			kind = NULL;
		else
			buffer_printf(&text, "%s%s", i ? ", " : "", wait_kind_name(i));
	}
	if (kind)
		error_set(error, ERROR_USAGE, "locks: -k %.40s: no kind of wait; there are %s", kind, text.data ? text.data : "");
	buffer_free(&text);
	return !kind;
}

static bool locks_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		      struct error *error)
{
	struct locks locks = { .kernel = kernel, .output = output };
	const char *kind = option_value(arguments, 'k');
	struct error missing = { .kind = ERROR_NONE };
	struct task_list list = { 0 };
	struct task_table *table;
	bool done, any;

	(void)host;
	if (!check_kind(kind, error) || !tasks_get(kernel, &table, error))
		return false;
	if (arguments->nr_words && !select_tasks(kernel, arguments->words, arguments->nr_words, task_list_add, &list, &missing) &&
	    missing.kind != ERROR_PARTIAL) {
		*error = missing;
		task_list_free(&list);
		return false;
	}
	locks.now = tasks_scheduler_now(kernel);
	done = task_list_check(&list, error) && waits_read(kernel, has_option(arguments, 'a') || kind || list.count, &locks.waits, error) &&
	       build_tree(&locks, error);
	any = done && locks.waits.count;
	if (done && (list.count || kind))
		any = narrow(&locks, &list, kind);
	done = done && show_all(&locks, table->damage, any, error);
	locks_free(&locks);
	task_list_free(&list);
	if (done && missing.kind == ERROR_NONE && table->damage && !table->all_pids && !arguments->nr_words)
		error_set(&missing, ERROR_PARTIAL, "locks: the list of tasks is not complete");
	if (done && missing.kind != ERROR_NONE)
		*error = missing;
	return done && missing.kind == ERROR_NONE;
}

static const char help[] =
	"Who waits for whom, and why, as a tree: below each task stand those that wait\n"
	"for it, BLOCKS says how many these are in all; who blocks most comes first,\n"
	"before all others those that wait for each other (deadlocks). Shown are tasks\n"
	"that sleep uninterruptibly, or wait for a lock, or for a task that is known:\n"
	"mutex, rw_semaphore, semaphore, rt_mutex, completion, kthread_stop, vfork (its\n"
	"end), flush_work (the worker), bit, folio, join (a thread's exit), futex,\n"
	"wait_queue. With PIDs, TASKs or COMMANDs only these, who they wait for and who\n"
	"waits for them. SECONDS is how long ago a task last ran. Who holds a lock is\n"
	"what the lock says; of readers and of semaphores only one, if at all, is known.\n"
	"Of a futex it is the thread whose tid is in it and whose robust list has it;\n"
	"without such a list that is a guess.\n"
	"\n"
	"JSON: \"tasks\", in the tree's order, with \"depth\".\n"
	"\n"
	"Example:\n"
	"(gdb) kernel locks\n"
	"BLOCKS      PID  ST   SECONDS  COMMAND            WAITS FOR\n"
	"     1      174  IN     7.925  thread-7\n"
	"     0      166  IN     7.927    rig-threads      join 00007f6fa46f9990 in do...\n"
	"     0       33  UN     1.664  kworker/0:1        flush_work ff588cfec0137e50...\n"
	"note: * what it waits for is inferred from its stack\n";

static const struct mi_name mi_names[] = { { "locks", NULL }, { 0 } };

const struct command command_locks = {
	.name = "locks",
	.mi = mi_names,
	.summary = "Show who waits for whom, and why.",
	.usage = "locks [-a] [-k KIND] [PID|TASK|COMMAND]...",
	.help = help,
	.options = options,
	.words = COMPLETE_TASK,
	.run = locks_run,
};
