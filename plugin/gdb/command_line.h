/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gdb's own command line, as /proc/self/cmdline has it: what gdb was asked to do before and after
 * us, which it tells nobody.
 */
#ifndef VMCORE_GDB_COMMAND_LINE_H
#define VMCORE_GDB_COMMAND_LINE_H

#include <stdbool.h>

#include "base/buffer.h"

struct plugin;

#define COMMAND_LINE_MAX 4096

struct command_line {
	char *arguments[COMMAND_LINE_MAX]; /* [0] is gdb; they point into storage */
	int count;
	struct buffer storage;
};

/* False where it cannot be read or is longer than COMMAND_LINE_MAX - 8; free it in any case. */
bool command_line_read(struct command_line *line);
void command_line_free(struct command_line *line);
/* Is ARGUMENT the option NAME, with one dash or two? */
bool command_line_is(const char *argument, const char *name);
/* The value in it, if ARGUMENT is NAME=VALUE with one dash or two; else NULL. */
char *command_line_value(char *argument, const char *name);
/* Is it an option whose value is the next argument? */
bool command_line_takes_value(const char *argument);
/* The command of the -ex (in any of its spellings) at *I, which moves to its last argument; NULL if
 * it is none. */
const char *command_line_ex(const struct command_line *line, int *i);

/* Was gdb started with -batch? */
bool command_line_is_batch(void);
/* Does a front end drive gdb (-i=mi in any of its spellings)? */
bool command_line_is_mi(void);
/*
 * Are all commands after the one that runs now, `target vmcore TARGET` of an -ex, kernel commands,
 * and is that the end (-batch)? They read the dump themselves: gdb can be spared then.
 */
bool command_line_spares_gdb(struct plugin *plugin, const char *target);

#endif
