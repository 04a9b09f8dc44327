/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The open dump as a kernel: the one object that is passed along everywhere above this directory.
 *
 * kernel_open() takes a dump and a vmlinux, or what the dump itself says (own.h), apart once: release and build-id, KASLR, symbols, types,
 * CPUs. Everything bigger (tasks, modules, ORC tables) is read when first asked for and then kept:
 * a dump does not change.
 *
 * Each kind of kernel object has a file of its own here (task.h, cpu.h, module.h, log.h, unwind.h
 * ...). To add one: a new pair of files whose functions take `struct kernel *`, read structures
 * with the helpers below (kernel_read_member and friends), look for members by existence, and hand
 * out plain C structs in host byte order. Containers (list_head, idr/xarray, rbtree) have bounded,
 * cycle-proof walkers in containers.h; never write such a loop by hand.
 *
 * Not thread-safe: the remote-protocol server and the commands take `lock` around each packet and
 * each command.
 */
#ifndef VMCORE_KERNEL_KERNEL_H
#define VMCORE_KERNEL_KERNEL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/arch.h"
#include "base/error.h"
#include "dump/dump.h"
#include "symbols/cfi/orc.h"
#include "symbols/symtab.h"
#include "symbols/types.h"

struct cpu;
struct module;
struct module_list;
struct source_map;
struct task_table;
struct unwind_dwarf;

struct kernel {
	struct dump *dump;		/* owned */
	struct memory *memory;		/* owned */
	const struct arch *arch;
	struct types *types;		/* owned */
	struct symtab *symbols;		/* owned: vmlinux, run-time addresses */
	char *vmlinux_path;		/* owned; NULL = the dump describes itself, see own.h */
	char release[65];		/* uname -r; OSRELEASE of VMCOREINFO, else init_uts_ns */
	char build_id[65];		/* of the crashed kernel, hex; "" = the dump does not say */

	unsigned nr_cpu_ids;		/* possible CPUs: indices 0 .. nr_cpu_ids - 1 */
	uint64_t *per_cpu_offset;	/* [nr_cpu_ids] */
	/* [nr_cpus], online ones and those that were caught, by number; see cpu.h */
	struct cpu *cpus;
	size_t nr_cpus;
	/* "" or what kernel_open could not read, and why: a sentence for the person */
	char damage[512];

	/*
	 * vmlinux's code, run-time addresses: [_stext, _etext) and, while it exists, [_sinittext,
	 * _einittext).
	 */
	uint64_t text_start, text_end, init_text_start, init_text_end;

	/* Read on demand; use the accessors in the owning headers. */
	struct task_table *tasks;
	struct module_list *modules;
	struct orc_table orc;		/* vmlinux's, run-time addresses */
	bool orc_loaded;
	struct unwind_dwarf *unwind_dwarf;	/* unwind_dwarf.h */
	struct source_map *source;	/* vmlinux's, source.h; NULL = it has none */
	bool source_opened;

	/* Progress and Ctrl-C of whoever is calling; may be NULL. Polled by long loops. */
	bool (*interrupted)(void *context);
	void (*progress)(void *context, const char *what, uint64_t done, uint64_t total);
	void *caller_context;

	pthread_mutex_t lock;		/* recursive */
};

/* Where names and types come from. */
struct kernel_source {
	const char *vmlinux;	/* NULL: the dump's own description, own.h */
	bool force;		/* vmlinux need not be of the dump's build-id */
	const char *system_map;	/* in place of the symbols of vmlinux or of the dump; may be NULL */
};

/* Takes DUMP over, also on failure. */
bool kernel_open(struct dump *dump, const struct kernel_source *source, struct kernel **kernel_ret,
		 struct error *error);
/*
 * A dump in which no kernel was recognized: only `dump`, `damage` (WHY), `lock` and the callbacks
 * are of use. Takes DUMP over, also on failure.
 */
bool kernel_open_bare(struct dump *dump, const char *why, struct kernel **kernel_ret,
		      struct error *error);
void kernel_close(struct kernel *kernel);

/*
 * Has the person pressed Ctrl-C? Then *error says so; call it in every loop over more than a few
 * hundred objects.
 */
bool kernel_check_interrupt(struct kernel *kernel, struct error *error);
/* The same for a loop that says how far it is: "searching" 3 of 10. What takes over a second then shows a bar. */
bool kernel_step(struct kernel *kernel, const char *what, uint64_t done, uint64_t total, struct error *error);

/* --- reading --- */

/* The run-time address of a global or static symbol of vmlinux. ERROR_NO_SYMBOL. */
bool kernel_symbol(struct kernel *kernel, const char *name, uint64_t *address_ret,
		   struct error *error);
/*
 * TYPE.PATH of the structure at ADDRESS as an unsigned number (sign-extended if signed); bit fields
 * too; at most 8 bytes.
 */
bool kernel_read_member(struct kernel *kernel, uint64_t address, const char *type, const char *path,
			uint64_t *value_ret, struct error *error);
/* The same with an already resolved member: for loops. */
bool kernel_read_field(struct kernel *kernel, uint64_t address, const struct member *member,
		       uint64_t *value_ret, struct error *error);
/*
 * The same out of a copy of the structure in host memory (COPY holds SIZE bytes of the structure's
 * start). False if the member lies beyond SIZE.
 */
bool kernel_decode_field(struct kernel *kernel, const void *copy, size_t size,
			 const struct member *member, uint64_t *value_ret);
/* A global variable of an integer or pointer type; SIZE bytes. */
bool kernel_read_variable(struct kernel *kernel, const char *symbol, size_t size,
			  uint64_t *value_ret, struct error *error);
/* The address of per-CPU variable SYMBOL on CPU. */
bool kernel_per_cpu(struct kernel *kernel, const char *symbol, unsigned cpu, uint64_t *address_ret,
		    struct error *error);
/* The same for a pointer as alloc_percpu() gives it: POINTER on CPU. */
bool kernel_per_cpu_pointer(struct kernel *kernel, uint64_t pointer, unsigned cpu,
			    uint64_t *address_ret, struct error *error);
/* Is ADDRESS in vmlinux's code (modules not looked at)? */
bool kernel_is_text(const struct kernel *kernel, uint64_t address);
bool kernel_read_pointer(struct kernel *kernel, uint64_t address, uint64_t *value_ret,
			 struct error *error);

/*
 * The symbol that ADDRESS lies in, of vmlinux or else of a module; NULL if there is none.
 * *symbols_ret is the table it is in, *module_ret the module, NULL for vmlinux.
 */
const struct symbol *kernel_lookup(struct kernel *kernel, uint64_t address,
				   const struct symtab **symbols_ret, struct module **module_ret);

/*
 * "schedule+0x12", "e1000_xmit [e1000]+0x4"; "" where nothing is known. Vmlinux and modules.
 * Returns the symbol or NULL.
 */
const struct symbol *kernel_symbolize(struct kernel *kernel, uint64_t address, char *buffer,
				      size_t size);

#endif
