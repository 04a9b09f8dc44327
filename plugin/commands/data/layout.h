/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A type's members as gdb has them (struct host's layout()), and their output as a declaration: `struct', `whatis'.
 */
#ifndef VMCORE_COMMANDS_LAYOUT_H
#define VMCORE_COMMANDS_LAYOUT_H

#include "commands/output.h"

#define LAYOUT_MAX_DEPTH   32
#define LAYOUT_MAX_MEMBERS 65536

struct layout_member {
	char *name;		/* "" = it has none */
	char *type;		/* "struct list_head *"; of a structure without a name "struct" or "union" */
	uint64_t offset;	/* bytes from the start of the outermost; of a bit field the byte with its first bit */
	uint64_t size;		/* bytes, of its whole type; 0 for a flexible array */
	unsigned bit_offset;	/* within the bytes at offset, the machine's counting */
	unsigned bit_size;	/* 0 = no bit field */
	unsigned depth;		/* how many structures without a name are around it */
	bool opens;		/* it is one of these: its members follow, of the next depth */
};

struct layout {
	char *type;		/* "struct task_struct", or a typedef's name: what a cast takes */
	uint64_t size;
	struct layout_member *members;	/* in the order of the declaration */
	size_t count, room;
};

/* Appends a member, zeroed; NULL without memory, or where there are too many. */
struct layout_member *layout_add(struct layout *layout);
void layout_free(struct layout *layout);
/* The member of this name, structures without a name looked through; NULL = there is none. */
const struct layout_member *layout_find(const struct layout *layout, const char *name, size_t size);

/* How the members are shown. */
struct layout_view {
	bool offsets;		/* people see where each is */
	bool at_address;	/* in memory, from ADDRESS on: by its address instead */
	uint64_t address;
};
/* The shape "members" inside of the row that is open: MEMBERS[0, COUNT) with all that is in them. */
bool layout_show(struct output *output, const struct layout_member *members, size_t count, const struct layout_view *view);
/* The shape "types" around that, one row: open, then the members, then close with the size. */
void layout_open_type(struct output *output, const struct layout *layout);
void layout_close_type(struct output *output, const struct layout *layout);
/* All of it. */
bool layout_show_type(struct output *output, const struct layout *layout, const struct layout_view *view);

#endif
