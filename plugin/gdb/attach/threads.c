// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * How many tasks are gdb's threads: `set vmcore threads`.
 *
 * gdb and everything that sits on it (IDEs above all) look at every thread for many a question, and
 * each time gdb reads the list anew. With 30,000 threads that is 0.9 s of CPU in gdb 13.1, and the
 * most of it cannot be spared here: 0.5 s are gdb's search for each thread it knows in the list it
 * got, from the list's start (threads_listing_context::contains_thread; n * n / 2 comparisons,
 * whatever the order), the rest is the list's 4 MB in gdb's pieces of 4 kB. Sent without the text in
 * brackets it would be 0.6 s. 4096 threads take 0.02 s. So by default a machine with very many
 * tasks shows those that matter.
 */
#include "gdb/session.h"
#include "kernel/tasks/task.h"

#include <stdlib.h>
#include <string.h>

/*
 * What `auto` is: the tasks of a big machine (a thousand and some kernel threads for a hundred
 * CPUs, and its daemons), and gdb still reads the list in a blink.
 */
#define AUTO_MAX 4096
/*
 * The same for a front end that drives gdb by MI: many ask for all threads with their frames after every command, which takes gdb 1.2 ms
 * a thread (100 threads: Emacs starts in 2.4 s; 4096: in 116 s, and each command takes 25 s).
 */
#define AUTO_MAX_MI 500

bool threads_parse(const char *text, size_t *max_ret, struct error *error)
{
	unsigned long long number;
	char *end;

	if (!strcmp(text, "auto"))
		*max_ret = AUTO_MAX;
	else if (!strcmp(text, "all"))
		*max_ret = SIZE_MAX;
	else if (!strcmp(text, "cpus"))
		*max_ret = 0;
	else {
		number = strtoull(text, &end, 10);
		if (*text < '0' || *text > '9' || *end)
			return error_set(error, ERROR_USAGE,
					 "set vmcore threads: \"%s\" is not auto, cpus, all or a "
					 "number of tasks",
					 text);
		*max_ret = number < SIZE_MAX ? number : SIZE_MAX;
	}
	return true;
}

size_t threads_wanted(const struct plugin *plugin)
{
	const char *text = plugin->settings.threads;
	size_t max;

	if (text && strcmp(text, "auto") && threads_parse(text, &max, NULL))
		return max;
	return plugin->mi && !plugin->dap ? AUTO_MAX_MI : AUTO_MAX;
}

void threads_refresh(struct plugin *plugin)
{
	PyObject *inferior = PyObject_CallMethod(plugin->gdb, "selected_inferior", NULL);
	PyObject *threads = inferior ? PyObject_CallMethod(inferior, "threads", NULL) : NULL;

	/* Should it fail, gdb reads the list again at the next `info threads`. */
	forget_exception();
	Py_XDECREF(threads);
	Py_XDECREF(inferior);
}

bool threads_apply(struct plugin *plugin, struct error *error)
{
	struct session *session = plugin->session;
	uint64_t selected;
	bool done, lost;

	if (!session || !session->connected)
		return true;
	selected = session_selected_thread(session);
	pthread_mutex_lock(&session->kernel->lock);
	done = vmcore_target_set_max(session->target, threads_wanted(plugin), error);
	lost = done && selected && !vmcore_target_thread(session->target, selected);
	pthread_mutex_unlock(&session->kernel->lock);
	if (!done)
		return false;
	/* gdb would keep a thread that is no more, and every command would fail. The CPUs' threads
	 * always are there, and come first. */
	if (lost)
		gdb_execute_visible(plugin, "with print frame-info location -- thread 1", NULL);
	threads_refresh(plugin);
	return true;
}

void threads_describe(const struct session *session, struct buffer *text)
{
	size_t left_out = session->target ? session->target->threads.left_out : 0;

	if (left_out)
		buffer_printf(text,
			      "%zu tasks are not among gdb's threads: `set vmcore threads all' adds "
			      "them; `kernel bt PID' and $task(PID) reach any task\n",
			      left_out);
}
