// SPDX-License-Identifier: GPL-3.0-or-later
/* How commands let people name tasks and CPUs. */
#include "base/buffer.h"
#include "commands/command.h"

#include <ctype.h>
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/tasks/cpu.h"
#include "kernel/tasks/task.h"

struct selection {
	struct kernel *kernel;
	const struct task_table *table;
	bool (*callback)(void *context, const struct task *task);
	void *context;
	size_t found;		/* by the present word */
	bool stopped;
};

static void found(struct selection *selection, const struct task *task)
{
	selection->found++;
	if (!selection->stopped && !selection->callback(selection->context, task))
		selection->stopped = true;
}

static void select_name(struct selection *selection, const char *name)
{
	/* The kernel keeps 15 bytes of a name: who types more means those. */
	for (size_t i = 0; i < selection->table->count && !selection->stopped; i++) {
		const struct task *task = &selection->table->tasks[i];

		if (!strncmp(task->comm, name, sizeof(task->comm) - 1))
			found(selection, task);
	}
}

static void select_state(struct selection *selection, const char *letters)
{
	for (size_t i = 0; i < selection->table->count && !selection->stopped; i++) {
		const struct task *task = &selection->table->tasks[i];

		if (task_state_known(task) && !strcmp(task_state_letters(selection->kernel, task), letters))
			found(selection, task);
	}
}

/* WORD is 'pattern' with its quotes. */
static bool select_pattern(struct selection *selection, const char *word, struct error *error)
{
	size_t size = strlen(word) - 2;
	char *pattern = strndup(word + 1, size);
	char why[128];
	regex_t regex;
	int result;

	if (!pattern)
		return error_no_memory(error, "a pattern", size);
	result = regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB);
	free(pattern);
	if (result) {
		regerror(result, &regex, why, sizeof(why));
		return error_set(error, ERROR_USAGE, "%s is not a regular expression: %s", word,
				 why);
	}
	for (size_t i = 0; i < selection->table->count && !selection->stopped; i++)
		if (!regexec(&regex, selection->table->tasks[i].comm, 0, NULL, 0))
			found(selection, &selection->table->tasks[i]);
	regfree(&regex);
	if (!selection->found)
		return error_set(error, ERROR_USAGE, "no task's name matches %s", word);
	return true;
}

static void select_pid(struct selection *selection, uint64_t pid)
{
	const struct task *task;

	if (pid > UINT32_MAX)
		return;
	if (pid) {
		task = task_find_pid(selection->kernel, pid);
		if (task)
			found(selection, task);
		return;
	}
	for (size_t i = 0; i < selection->table->count && !selection->stopped; i++)
		if (!selection->table->tasks[i].pid)
			found(selection, &selection->table->tasks[i]);
}

static bool parse_number(const char *word, int base, uint64_t *value_ret)
{
	char *end;

	if (!isxdigit((unsigned char)word[0]))
		return false;
	errno = 0;
	*value_ret = strtoull(word, &end, base);
	return !*end && !errno;
}

static bool select_word(struct selection *selection, const char *word, struct error *error)
{
	const struct task *task;
	size_t size = strlen(word);
	bool decimal = false;
	uint64_t number;

	if (size > 2 && word[0] == '\'' && word[size - 1] == '\'')
		return select_pattern(selection, word, error);
	if (word[0] == '\\') {
		select_name(selection, word + 1);
		return selection->found ||
		       error_set(error, ERROR_USAGE, "no task is called %s", word + 1);
	}
	if (parse_number(word, 10, &number)) {
		decimal = true;
		select_pid(selection, number);
	}
	if (!selection->found && parse_number(word, 16, &number)) {
		task = task_find_address(selection->kernel, number);
		if (task)
			found(selection, task);
	}
	if (!selection->found && !decimal)
		select_name(selection, word);
	if (!selection->found && task_state_exists(word)) {
		select_state(selection, word);
		return selection->found || error_set(error, ERROR_USAGE, "no task is in the state %s, and none is called so", word);
	}
	if (selection->found)
		return true;
	if (decimal)
		return error_set(error, ERROR_USAGE,
				 "no task has the PID %s (and \\%s would be a task of that name)",
				 word, word);
	return error_set(error, ERROR_USAGE,
			 "%s is no task's name, nor a task_struct's address; write a regular "
			 "expression in quotes: 'patt.*'",
			 word);
}

bool select_tasks(struct kernel *kernel, const char *const *words, size_t nr_words,
		  bool (*callback)(void *context, const struct task *task), void *context,
		  struct error *error)
{
	struct selection selection = { .kernel = kernel, .callback = callback, .context = context };
	struct error why, first = { .kind = ERROR_NONE };
	struct task_table *table;
	size_t missing = 0;

	if (!tasks_get(kernel, &table, error))
		return false;
	selection.table = table;
	for (size_t i = 0; i < nr_words && !selection.stopped; i++) {
		selection.found = 0;
		if (select_word(&selection, words[i], &why))
			continue;
		if (!missing++)
			first = why;
		if (why.kind != ERROR_USAGE)
			break;
	}
	if (!missing)
		return true;
	if (missing > 1 && first.kind == ERROR_USAGE) {
		char more[48];

		snprintf(more, sizeof(more), "; and of %zu words more", missing - 1);
		error_add(&first, more);
	}
	if (first.kind == ERROR_USAGE && missing < nr_words)
		first.kind = ERROR_PARTIAL;
	if (error)
		*error = first;
	return false;
}

static bool parse_cpu(struct kernel *kernel, const char *list, const char **text, unsigned *cpu_ret,
		      struct error *error)
{
	unsigned long number;
	char *end;

	if (!isdigit((unsigned char)**text))
		return error_set(error, ERROR_USAGE,
				 "%s is not a list of CPUs, such as 0,2-4 or all", list);
	errno = 0;
	number = strtoul(*text, &end, 10);
	if (errno || number >= kernel->nr_cpu_ids)
		return error_set(error, ERROR_USAGE, "there is no CPU %.*s: they are 0 to %u",
				 (int)(end - *text), *text,
				 kernel->nr_cpu_ids ? kernel->nr_cpu_ids - 1 : 0);
	*text = end;
	*cpu_ret = number;
	return true;
}

bool parse_cpu_list(struct kernel *kernel, const char *text, bool *cpus, struct error *error)
{
	const char *list = text;
	bool all = !strcmp(text, "all") || !strcmp(text, "a");

	for (unsigned i = 0; i < kernel->nr_cpu_ids; i++)
		cpus[i] = all;
	while (!all) {
		unsigned first, last;

		if (!parse_cpu(kernel, list, &text, &first, error))
			return false;
		last = first;
		if (*text == '-') {
			text++;
			if (!parse_cpu(kernel, list, &text, &last, error))
				return false;
		}
		if (last < first)
			return error_set(error, ERROR_USAGE, "%s: %u-%u runs backwards", list,
					 first, last);
		while (first <= last)
			cpus[first++] = true;
		if (!*text)
			break;
		if (*text++ != ',')
			return error_set(error, ERROR_USAGE,
					 "%s is not a list of CPUs, such as 0,2-4 or all", list);
	}
	return true;
}

bool join_words(const struct arguments *arguments, struct buffer *text, struct error *error)
{
	for (size_t i = 0; i < arguments->nr_words; i++)
		buffer_printf(text, "%s%s", i ? " " : "", arguments->words[i]);
	return !text->failed || error_no_memory(error, "the words", text->size);
}

bool select_cpus(struct kernel *kernel, const char *list, bool **cpus_ret, struct error *error)
{
	bool *cpus = calloc(kernel->nr_cpu_ids ? kernel->nr_cpu_ids : 1, sizeof(*cpus));

	*cpus_ret = NULL;
	if (!cpus)
		return error_no_memory(error, "the CPUs", kernel->nr_cpu_ids);
	if (list && !parse_cpu_list(kernel, list, cpus, error)) {
		free(cpus);
		return false;
	}
	for (size_t i = 0; !list && i < kernel->nr_cpus; i++)
		if (kernel->cpus[i].number < kernel->nr_cpu_ids)
			cpus[kernel->cpus[i].number] = true;
	*cpus_ret = cpus;
	return true;
}

bool select_user_root(struct kernel *kernel, const struct host *host, const char *command, uint64_t task, uint64_t value, const char *hint,
		      uint64_t *root_ret, struct error *error)
{
	const struct task *found = task_find_address(kernel, task ? task : host_selected_task(host));

	if (!found)
		return error_set(error, ERROR_USAGE, "%s: 0x%llx is a user address and no task is selected; `thread N` selects one%s", command,
				 (unsigned long long)value, hint);
	return task_user_root(kernel, found, root_ret, error);
}
