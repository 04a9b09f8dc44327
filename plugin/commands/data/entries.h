/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `list', `tree' and other walks of the kernel's containers share: offsets as people type them, and an entry's address with the
 * members that were asked for. A walk calls entries_add() for each structure it finds.
 */
#ifndef VMCORE_COMMANDS_ENTRIES_H
#define VMCORE_COMMANDS_ENTRIES_H

#include "commands/command.h"

struct entries {
	struct kernel *kernel;
	const struct arguments *arguments;
	const struct host *host;
	struct output *output;
	const char *command;	/* for errors */
	const char *type;	/* -s TYPE.MEMBER,MEMBER: "task_struct"; NULL = addresses alone */
	size_t type_size;
	const char *members;	/* behind the dot; NULL = the whole structure */
	uint64_t link;		/* -l: where in the structure the address is that the walk finds */
	bool indexed;		/* an xarray's: they have indices; a person sees them with -p */
	struct column columns[2];	/* the shape's */
	struct shape shape;
	struct error why;	/* the first value that could not be shown, ERROR_NONE so far */
};

/*
 * The options -s (and -S, the same), -l, -x and -d out of ARGUMENTS, which stay the owner of the words. *ENTRIES has kernel, arguments,
 * host, output and command.
 */
bool entries_begin(struct entries *entries, struct error *error);
/* The structure at ADDRESS; INDEX is an xarray's. False: enough, or *error (never a value's own: that is shown in its place). */
bool entries_add(struct entries *entries, uint64_t address, uint64_t index, struct error *error);
/* Ends the output. WALKED false: *ERROR says why the walk broke off, which becomes ERROR_PARTIAL. */
bool entries_end(struct entries *entries, bool walked, struct error *error);

/* "task_struct.tasks" or a number (hexadecimal with 0x) as an offset in bytes. */
bool parse_offset(struct kernel *kernel, const char *command, const char *text, uint64_t *offset_ret, struct error *error);

#endif
