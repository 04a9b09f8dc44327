/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What may stand behind a command, as in crash: `kernel ps | grep UN | wc -l', `kernel log > FILE', `>> FILE'.
 *
 * The shell does it: while `struct shell' is open, all that gdb_write() gets goes to the shell's standard input, as plain text. What the
 * shell prints goes to the terminal, where gdb has one; elsewhere (a script, MI, DAP) it is caught and printed through gdb, so that
 * it comes where the command's own text would. Its exit status is in $_shell_exitcode, as that of gdb's own `pipe'.
 */
#ifndef VMCORE_GDB_SHELL_H
#define VMCORE_GDB_SHELL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

struct plugin;

struct shell {
	int input;	/* our end of its standard input */
	int caught;	/* a file with what it prints; -1 = that goes to the terminal */
	pid_t pid;
	bool piped;	/* to a program, which may have the terminal: no bar is drawn over it */
	bool gone;	/* it reads no more (`| head -3'): that ends the command, and is no error */
};

/*
 * Where the shell's part begins in TEXT, the words of a command: at a | or a > that is in no quotes and no parentheses, and is not the
 * end of ->. NULL = there is none.
 */
const char *shell_part(const char *text);
/* Starts a shell with PART, which shell_part() found. Refused where `set vmcore shell' is off. */
bool shell_open(struct plugin *plugin, const char *part, struct shell *shell, struct error *error);
/* False: it reads no more. */
bool shell_write(struct shell *shell, const char *text, size_t size);
/* Waits for it, prints what was caught, sets $_shell_exitcode. False with a Python exception, or *error. */
bool shell_close(struct plugin *plugin, struct shell *shell, struct error *error);

#endif
