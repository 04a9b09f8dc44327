// SPDX-License-Identifier: GPL-3.0-or-later
#include "gdb/terminal/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gdb/session.h"

const char *shell_part(const char *text)
{
	unsigned depth = 0;
	char quote = '\0';

	for (const char *at = text; *at; at++) {
		if (*at == '\\' && at[1] && quote != '\'')
			at++;
		else if (quote)
			quote = *at == quote ? '\0' : quote;
		else if (*at == '\'' || *at == '"')
			quote = *at;
		else if (*at == '(')
			depth++;
		else if (*at == ')')
			depth -= depth > 0;
		else if (!depth && (*at == '|' || (*at == '>' && (at == text || at[-1] != '-'))))
			return at;
	}
	return NULL;
}

/* Is what the shell prints to be seen just where gdb prints? Then `| less' has its terminal. */
static bool has_terminal(struct plugin *plugin)
{
	return isatty(STDOUT_FILENO) && !plugin->mi;
}

/* LINE with what stands behind a | as it is; a > alone needs someone who copies. */
static bool spawn(struct shell *shell, const char *line, int input, struct error *error)
{
	char *const arguments[] = { "sh", "-c", (char *)line, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, defaults;
	int result;

	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	if (shell->caught >= 0)
		posix_spawn_file_actions_adddup2(&actions, shell->caught, STDOUT_FILENO);
	result = posix_spawn(&shell->pid, "/bin/sh", &actions, &attributes, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return result == 0 || error_set(error, ERROR_IO, "cannot start a shell: %s", strerror(result));
}

bool shell_open(struct plugin *plugin, const char *part, struct shell *shell, struct error *error)
{
	struct buffer line = { 0 };
	int ends[2];
	bool done;

	if (plugin->settings.no_shell)
		return error_set(error, ERROR_USAGE, "no `%.60s' behind a command: `set vmcore shell' is off", part);
	if (!part[1 + strspn(part + 1, "> \t")])
		return error_set(error, ERROR_USAGE, "a command or a file's name is missing behind the %c", *part);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(error, ERROR_IO, "cannot make a pipe to the shell: %m");
	*shell = (struct shell){ .input = ends[1], .caught = -1, .piped = *part == '|' };
	if (!has_terminal(plugin))
		shell->caught = memfd_create("gdb-vmcore", MFD_CLOEXEC);
	buffer_printf(&line, "%s%s", *part == '|' ? "" : "cat ", part + (*part == '|'));
	gdb_flush(plugin);
	done = line.failed ? error_no_memory(error, "a command line", line.size) : spawn(shell, line.data, ends[0], error);
	buffer_free(&line);
	close(ends[0]);
	if (done)
		return true;
	close(shell->input);
	if (shell->caught >= 0)
		close(shell->caught);
	return false;
}

bool shell_write(struct shell *shell, const char *text, size_t size)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;

	/* Nobody reads any more: an error of ours, not gdb's end. */
	sigaction(SIGPIPE, &ignore, &before);
	while (size && !shell->gone) {
		ssize_t done = write(shell->input, text, size);

		if (done < 0 && errno == EINTR && !session_interrupted(NULL))
			continue;
		if (done < 0) {
			shell->gone = true;
			break;
		}
		text += done;
		size -= done;
	}
	sigaction(SIGPIPE, &before, NULL);
	return !shell->gone;
}

/* What it has printed, as a command's own text would have been. */
static bool print_caught(struct plugin *plugin, int file)
{
	char text[16384];
	ssize_t size;
	off_t at = 0;

	while ((size = pread(file, text, sizeof(text), at)) > 0) {
		if (!gdb_write(plugin, text, size))
			return false;
		at += size;
	}
	return true;
}

/* $NAME = VALUE, or void where it is < 0. */
static bool set_variable(struct plugin *plugin, const char *name, int value)
{
	PyObject *object = value < 0 ? Py_BuildValue("") : PyLong_FromLong(value);
	PyObject *done = object ? PyObject_CallMethod(plugin->gdb, "set_convenience_variable", "sO", name, object) : NULL;

	Py_XDECREF(object);
	Py_XDECREF(done);
	return done != NULL;
}

/* gdb's own variables of `pipe' and `shell': one of them is void. */
static bool set_status(struct plugin *plugin, int status)
{
	return set_variable(plugin, "_shell_exitcode", WIFEXITED(status) ? WEXITSTATUS(status) : -1) &&
	       set_variable(plugin, "_shell_exitsignal", WIFEXITED(status) ? -1 : WTERMSIG(status));
}

bool shell_close(struct plugin *plugin, struct shell *shell, struct error *error)
{
	bool done = true;
	int status = 0;

	close(shell->input);
	while (waitpid(shell->pid, &status, 0) < 0)
		if (errno != EINTR) {
			done = error_set(error, ERROR_IO, "the shell's end cannot be learned: %m");
			break;
		}
	if (shell->caught >= 0) {
		done = print_caught(plugin, shell->caught) && done;
		close(shell->caught);
	}
	return done && set_status(plugin, status);
}
