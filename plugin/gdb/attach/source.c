// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Where the source of the kernel and of its modules is, for gdb: the trees of symbols/find/source_tree.h are put into its
 * `directories', in front, and names that begin with the builder's directories get a rule (`set substitute-path'). All of it is
 * taken back when the dump is closed.
 */
#include "gdb/session.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/modules/module.h"
#include "symbols/find/source_tree.h"

#define MAX_RULES 32

struct sources {
	struct source_trees trees;
	char *directories;	/* gdb's, before; NULL = not changed */
	char *rules[MAX_RULES]; /* what each is for */
	size_t nr_rules;
	bool there; /* vmlinux names files that are where it says */
};

/* Of the debug information: "a"b" is nobody's directory, and gdb's quoting differs from one setting to the next. */
static bool can_be_quoted(const char *path)
{
	return !strpbrk(path, "\"'\\\n");
}

static void add_rule(void *context, const char *from, const char *to)
{
	struct session *session = context;
	struct sources *sources = session->sources;
	char *copy;

	for (size_t i = 0; i < sources->nr_rules; i++)
		if (!strcmp(sources->rules[i], from))
			return;
	copy = sources->nr_rules < MAX_RULES && can_be_quoted(from) && can_be_quoted(to) ? strdup(from) : NULL;
	if (copy && gdb_execute(session->plugin, NULL, NULL, "set substitute-path \"%s\" \"%s\"", from, to))
		sources->rules[sources->nr_rules++] = copy;
	else
		free(copy);
}

static void set_directories(struct session *session)
{
	const struct source_trees *trees = &session->sources->trees;
	struct buffer before = { 0 }, list = { 0 };

	if (!trees->count || !gdb_setting(session->plugin, "directories", &before))
		return;
	for (size_t i = 0; i < trees->count; i++)
		if (can_be_quoted(trees->directories[i]))
			buffer_printf(&list, "\"%s\" ", trees->directories[i]);
	if (!list.failed && !before.failed && list.size && before.data &&
	    gdb_execute(session->plugin, NULL, NULL, "set directories %s%s", list.data, before.data)) {
		session->sources->directories = before.data;
		before.data = NULL;
	}
	buffer_free(&list);
	buffer_free(&before);
}

void sources_attach(struct session *session)
{
	struct plugin *plugin = session->plugin;
	struct kernel *kernel = session->kernel;
	struct buffer remarks = { 0 };
	struct sources *sources;

	if (!kernel->vmlinux_path) /* there are no source lines then */
		return;
	session->sources = sources = calloc(1, sizeof(*sources));
	if (!sources)
		return;
	source_trees_find(kernel->release, plugin->settings.source_path, &sources->trees, &remarks);
	if (!remarks.failed && remarks.data)
		gdb_announce(plugin, "%s", remarks.data);
	buffer_free(&remarks);
	set_directories(session);
	if (sources->trees.count || !plugin->batch) /* a script needs no advice */
		sources->there = source_prefixes(kernel->vmlinux_path, &sources->trees, add_rule, session);
}

void sources_module(struct session *session, const char *file)
{
	if (session->sources && session->sources->trees.nr_named)
		source_prefixes(file, &session->sources->trees, add_rule, session);
}

void sources_restore(struct session *session, bool tell_gdb)
{
	struct sources *sources = session->sources;

	session->sources = NULL;
	if (!sources)
		return;
	for (size_t i = 0; i < sources->nr_rules; i++) {
		if (tell_gdb)
			gdb_execute(session->plugin, NULL, NULL, "unset substitute-path \"%s\"", sources->rules[i]);
		free(sources->rules[i]);
	}
	if (sources->directories && tell_gdb)
		gdb_execute(session->plugin, NULL, NULL, "set directories %s", sources->directories);
	free(sources->directories);
	source_trees_free(&sources->trees);
	free(sources);
}

bool sources_apply(struct plugin *plugin, struct error *error)
{
	struct session *session = plugin->session;
	struct module_list *modules;

	if (!session || !session->attached || session->attach_error.kind)
		return true;
	sources_restore(session, true);
	sources_attach(session);
	if (modules_get(session->kernel, &modules, NULL))
		for (size_t i = 0; i < modules->count; i++)
			if (modules->modules[i].debug_loaded)
				sources_module(session, modules->modules[i].debug_path);
	(void)error;
	return true;
}

void sources_describe(struct session *session, struct buffer *text)
{
	const struct sources *sources = session->sources;

	if (!sources || sources->trees.count || sources->there || session->plugin->batch || session->plugin->sources_asked_for)
		return;
	session->plugin->sources_asked_for = true;
	buffer_printf(text, "no source of Linux %s was found; `set vmcore source-path DIRECTORY' names its tree\n", session->kernel->release);
}
