/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Loadable modules as the crashed kernel had them.
 *
 * Their memory: module_core/module_init (before 4.5), core_layout/init_layout (to 6.3), mem[] (6.4+, ac3b43283923). Their sections:
 * mod->sect_attrs.
 *
 * Files: module_list.c makes the list, module_sections.c guesses at lost sections, module.c answers questions about addresses, module_read.c knows struct
 * module and its changes over time, module_debug.c looks for files on disk, module_frames.c reads how their code unwinds.
 */
#ifndef VMCORE_KERNEL_MODULE_H
#define VMCORE_KERNEL_MODULE_H

#include "base/buffer.h"
#include "kernel/kernel.h"

struct module_section {
	char *name;			/* ".text", ".data", ".bss" ... */
	uint64_t address;
};

struct module_region {
	uint64_t start, size;
	bool code;
};

struct module {
	uint64_t address;		/* of struct module */
	char name[64];
	/* hex; "" unknown (before 5.14 it is read from the note section in memory) */
	char build_id[41];
	char taints[16];		/* letters: "OE" */
	char state[12];			/* "live", "coming", "going", "unformed" */
	uint64_t size;			/* bytes, core parts, as lsmod says */
	bool size_unknown;
	/* as lsmod says: users excluding itself; -1 = unloading disabled */
	int64_t refcount;
	char *used_by;			/* comma-separated, "" = nobody, NULL = not known; owned */
	/* has an init function and no exit function: cannot be unloaded */
	bool permanent;
	char version[64], srcversion[64];
	struct module_region regions[8];
	size_t nr_regions;
	struct module_section *sections;
	size_t nr_sections;
	/* some of sect_attrs could not be read, or there is none; see module_infer_sections() */
	bool sections_lost;
	char *sections_inferred;	/* NULL, or out of what they were worked out; owned */

	/* Read on demand by the accessors. */
	struct symtab *symbols;
	struct orc_table orc;
	bool orc_loaded;
	/* the .ko with debug information that matches, once looked for; NULL = none */
	char *debug_path;
	bool debug_searched;
	struct source_map *source;	/* debug_path's, source.h; NULL = none, or not opened yet */
	bool source_opened;
	struct module_frames *frames;	/* debug_path's, module_frames.h; NULL = not opened yet */
	bool debug_loaded;		/* gdb has got it; kept by plugin/gdb/attach/modules.c */
	bool debug_unwanted;		/* the person has taken it away; the same's */
	bool debug_expected;		/* while gdb connects: it is to get it with the module; the same's */
	char *gdb_name;			/* what gdb calls it, without .ko; the same's; owned */
	char *debug_refused;		/* NULL, or why gdb cannot have it; the same's; owned */
	/* NULL, or the first part of it that could not be read and why; owned */
	char *damage;
};

/* A stretch of memory and whose it is; for module_at. */
struct module_span {
	uint64_t start, end;
	size_t module;			/* index into the list */
};
struct module_files;			/* what is on disk; module_debug.c's own */

struct module_list {
	struct module *modules;		/* by address of their code */
	size_t count;
	char *damage;			/* NULL, or why it may be incomplete */
	struct module_span *spans;	/* sorted by start */
	size_t nr_spans;
	struct module_files *files;	/* of the directories searched last; NULL = none yet */
};

bool modules_get(struct kernel *kernel, struct module_list **list_ret, struct error *error);
/* The module whose memory ADDRESS is in; NULL = none. Loads the list if need be. */
struct module *module_at(struct kernel *kernel, uint64_t address);
struct module *module_find(struct kernel *kernel, const char *name);
/* The one whose struct module is at ADDRESS. */
struct module *module_of(struct kernel *kernel, uint64_t address);
/* The piece of the module's memory that ADDRESS is in; NULL = none, as where what only its start needed has been freed. */
const struct module_region *module_region_at(const struct module *module, uint64_t address);
/* Its symbols from kallsyms in memory. */
bool module_symbols(struct kernel *kernel, struct module *module, struct symtab **symtab_ret,
		    struct error *error);
/* A per-CPU variable of a module: the address that __per_cpu_offset is added to. ERROR_NO_SYMBOL. */
bool module_per_cpu_symbol(struct kernel *kernel, const char *name, uint64_t *pointer_ret, struct error *error);
bool module_orc(struct kernel *kernel, struct module *module, const struct orc_table **table_ret,
		struct error *error);
/*
 * The debug file of the module: under each directory of PATHS (NULL-terminated; searched
 * recursively for NAME.ko, NAME.ko.debug with - and _ alike), build-id compared where both have
 * one. NULL if none matches; WHY (may be NULL) says what was tried or did not match.
 */
const char *module_debug_file(struct kernel *kernel, struct module *module,
			      const char *const *paths, struct buffer *why);
/* Takes the file PATH for it, if it fits (as above); else NULL, and WHY (not NULL) says why. */
const char *module_debug_file_is(struct kernel *kernel, struct module *module, const char *path, struct buffer *why);
/* What was found is looked for anew. */
void module_debug_file_forget(struct module *module);

/*
 * Where the sections are, of a module whose list of them the dump has lost in whole or in part: module_debug_file()
 * works it out of the module's symbols and the file, if one is found. Without one, what is asked for here is one
 * section for each stretch of memory, with names that no file has. Nothing is done where none is lost.
 */
void module_infer_sections(struct module *module);

#endif
