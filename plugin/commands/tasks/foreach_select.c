// SPDX-License-Identifier: GPL-3.0-or-later
/* foreach: which tasks its first words choose, and where the command begins. */
#include <ctype.h>
#include <string.h>

#include "commands/tasks/foreach.h"

/* PF_KTHREAD and so on are in struct task already: a kind says which of the tasks are of it. */
enum kind { KERNEL = 1, USER = 2, LEADERS = 4, ACTIVE = 8 };

static const struct {
	const char *word;
	unsigned kind;
} kinds[] = { { "kernel", KERNEL }, { "user", USER }, { "gleader", LEADERS }, { "active", ACTIVE }, { "all", 0 } };

struct choice {
	struct kernel *kernel;
	const struct task_table *table;
	unsigned kinds;
	const char *states[16];
	size_t nr_states;
	char *words[COMMAND_MAX_WORDS];		/* that name tasks */
	size_t nr_words;
};

/* How long the word at TEXT is; 'what is in quotes' may have spaces in it. */
static size_t word_size(const char *text)
{
	const char *end = *text == '\'' ? strchr(text + 1, '\'') : NULL;

	return end ? (size_t)(end + 1 - text) : strcspn(text, " \t");
}

static bool is_number(const char *word)
{
	size_t digits = strspn(word, "0123456789"), size = strlen(word);

	/* What is short and hexadecimal is rather a command of gdb's: f, add. */
	return size && (digits == size || (strspn(word, "0123456789abcdefABCDEF") == size && size >= 8) ||
			(!strncmp(word, "0x", 2) && strspn(word + 2, "0123456789abcdefABCDEF") == size - 2 && size > 2));
}

static bool is_name(const struct choice *choice, const char *word)
{
	for (size_t i = 0; i < choice->table->count; i++)
		if (!strncmp(choice->table->tasks[i].comm, word, sizeof(choice->table->tasks[i].comm) - 1))
			return true;
	return false;
}

/* Is WORD one that chooses? Then it is noted. */
static bool take(struct choice *choice, char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].word, word)) {
			choice->kinds |= kinds[i].kind;
			return true;
		}
	if (task_state_exists(word) && choice->nr_states < ARRAY_SIZE(choice->states)) {
		choice->states[choice->nr_states++] = word;
		return true;
	}
	if (command_find(word) || choice->nr_words == COMMAND_MAX_WORDS ||
	    !(is_number(word) || *word == '\\' || *word == '\'' || is_name(choice, word)))
		return false;
	choice->words[choice->nr_words++] = word;
	return true;
}

/* MAYBE: what is not known of it counts as what was asked for. */
static bool is_chosen(const struct choice *choice, const struct task *task, bool maybe)
{
	bool kind_known = task->idle || task_knows(task, TASK_FLAGS), in_kernel = task->idle || task->kernel_thread;
	bool in_state = !choice->nr_states || (maybe && !task_state_known(task));

	for (size_t i = 0; !in_state && i < choice->nr_states; i++)
		in_state = task_state_known(task) && !strcmp(task_state_letters(choice->kernel, task), choice->states[i]);
	return in_state && (!(choice->kinds & KERNEL) || (kind_known ? in_kernel : maybe)) &&
	       (!(choice->kinds & USER) || (kind_known ? !in_kernel : maybe)) &&
	       (!(choice->kinds & LEADERS) || (task_knows(task, TASK_TGID) ? task->pid == task->tgid : maybe)) &&
	       (!(choice->kinds & ACTIVE) || task->on_cpu);
}

static bool choose(struct choice *choice, struct task_list *list, struct foreach_rest *rest, struct error *error)
{
	struct task_list named = { 0 };
	bool done = true;

	if (choice->nr_words)
		done = select_tasks(choice->kernel, (const char *const *)choice->words, choice->nr_words, task_list_add, &named, error);
	for (size_t i = 0; !choice->nr_words && i < choice->table->count; i++)
		task_list_add(&named, &choice->table->tasks[i]);
	if (!choice->nr_words)
		task_list_sort(&named);
	for (size_t i = 0; i < named.count; i++)
		if (is_chosen(choice, named.tasks[i], false))
			task_list_add(list, named.tasks[i]);
		else
			rest->undecided += is_chosen(choice, named.tasks[i], true);
	if (!choice->nr_words) {
		rest->damage = choice->table->damage;
		rest->incomplete = choice->table->damage && !choice->table->all_pids;
	}
	list->failed = list->failed || named.failed;
	task_list_free(&named);
	return done;
}

bool foreach_select(struct kernel *kernel, char *line, struct task_list *list, struct foreach_rest *rest, const char **command_ret,
		    struct error *error)
{
	struct choice choice = { .kernel = kernel };
	struct task_table *table;
	char *at = line;

	if (!tasks_get(kernel, &table, error))
		return false;
	choice.table = table;
	for (;;) {
		char *end, after;

		at += strspn(at, " \t");
		end = at + word_size(at);
		after = *end;
		*end = 0;
		if (!*at || !take(&choice, at)) {
			*end = after;
			break;
		}
		at = end + !!after;
	}
	*command_ret = at;
	return choose(&choice, list, rest, error);
}
