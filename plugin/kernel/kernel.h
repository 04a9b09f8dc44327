/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The open dump as a kernel: the one object that is passed along everywhere above this directory.
 *
 * Here are the helpers that read it, which call nobody above them; open/open.h takes dump and vmlinux apart once (release and
 * build-id, KASLR, symbols, types, CPUs) and is called by nobody below. Everything bigger (tasks, modules, ...) is
 * read when first asked for and then kept: a dump does not change.
 *
 * The rooms, by subject; commands/ has the same:
 *	(here)		the object, its helpers, the kernel's containers
 *	open/		from a dump to a struct kernel: which vmlinux, KASLR, the dump's own description
 *	tasks/		tasks, CPUs, who waits for whom
 *	scheduler/	run queues, timers, and who waits to be woken
 *	locks/		who waits for whom, and for what
 *	devices/	device numbers, resources, disks, PCI
 *	network/	network namespaces, their devices, neighbours and sockets
 *	files/		open files, paths through mounts, sockets
 *	stacks/		unwinding, and lines of the source
 *	modules/	modules, their files on disk, names of addresses in them
 *	memory/		what memory is used for, searching it
 *	slab/		the caches of objects
 *	system/		what the machine says of itself: the log, its names, clocks and configuration
 *
 * To add a kernel object: a pair of files in its room whose functions take `struct kernel *`, read structures
 * with the helpers below (kernel_read_member and friends), look for members by existence, and hand
 * out plain C structs in host byte order. What it wants to keep it hangs on the kernel by a slot of its own
 * (struct kernel_slot), so that nothing here changes. Containers (list_head, idr/xarray, rbtree) have bounded,
 * cycle-proof walkers in containers.h; never write such a loop by hand. Includes point one way: no file here includes one
 * that, through others, includes it.
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
struct kept;

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
	uint64_t *per_cpu_offset;	/* [nr_cpu_ids]; NULL = not known, see damage */
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

	struct orc_table orc;		/* vmlinux's, run-time addresses; read on demand, stacks/unwind.h */
	bool orc_loaded;
	struct kept *kept;		/* what the subjects keep; kernel_kept() */

	/* Progress and Ctrl-C of whoever is calling; may be NULL. Polled by long loops. */
	bool (*interrupted)(void *context);
	void (*progress)(void *context, const char *what, uint64_t done, uint64_t total);
	void *caller_context;
	/* Looks for the file of a module where its code has to be unwound by it (modules/module_frames.h); may be NULL. */
	void (*find_module_file)(void *context, struct module *module);
	void *find_context;

	pthread_mutex_t lock;		/* recursive */
};

/*
 * Has the person pressed Ctrl-C? Then *error says so; call it in every loop over more than a few
 * hundred objects.
 */
bool kernel_check_interrupt(struct kernel *kernel, struct error *error);
/* The same for a loop that says how far it is: "searching" 3 of 10. What takes over a second then shows a bar. */
bool kernel_step(struct kernel *kernel, const char *what, uint64_t done, uint64_t total, struct error *error);

/* --- keeping --- */

/*
 * What a subject has read of the kernel and keeps until the dump is closed. The slot is a static const of the
 * subject's file; its address is the key.
 */
struct kernel_slot {
	void (*free)(void *value);
};
/* What is kept in SLOT; NULL = nothing yet. */
void *kernel_kept(const struct kernel *kernel, const struct kernel_slot *slot);
/* Keeps VALUE in SLOT, which is empty; takes it over, also on failure. */
bool kernel_keep(struct kernel *kernel, const struct kernel_slot *slot, void *value, struct error *error);
/* Frees all that is kept: it would be read anew. */
void kernel_forget(struct kernel *kernel);

/* --- reading --- */

/* Is BIT of the kernel's bitmap at ADDRESS set? Its longs are the machine's. */
bool kernel_test_bit(struct kernel *kernel, uint64_t address, unsigned bit, bool *set_ret, struct error *error);

/* The bits of cpu_NAME_mask, "online", "present" or "possible"; NULL: the kernel has none of this name. */
const struct symbol *kernel_cpu_mask(const struct kernel *kernel, const char *name);
/* Nanoseconds of a tick of the timer (jiffies), which the jiffies clock source knows. */
bool kernel_tick(struct kernel *kernel, uint64_t *ns_ret, struct error *error);

/*
 * Are there names of data among the kernel's symbols? A kallsyms without CONFIG_KALLSYMS_ALL has code alone: that something has no name there
 * says nothing about whether the kernel has it.
 */
bool kernel_names_data(const struct kernel *kernel);
/*
 * The run-time address of a global or static symbol of vmlinux. ERROR_NO_SYMBOL. Of several with this name it is the one that
 * VMCOREINFO names, else a global one; a compiler's NAME.llvm.123 (ThinLTO's promoted locals) counts where there is no NAME.
 */
bool kernel_symbol(struct kernel *kernel, const char *name, uint64_t *address_ret,
		   struct error *error);
/*
 * The same for what can be recognized: of several the first that IS_IT says it is. Where that leaves more than one, dump->doubt says
 * which was taken.
 */
bool kernel_symbol_like(struct kernel *kernel, const char *name,
			bool (*is_it)(struct kernel *kernel, uint64_t address), uint64_t *address_ret,
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
/*
 * Where per-CPU variables are linked, in a kernel that has them per CPU: there is nothing of theirs there (up to 6.14 x86-64's begins at
 * 0). False: this one was built without SMP, or it is not known.
 */
bool kernel_per_cpu_section(const struct kernel *kernel, uint64_t *start_ret, uint64_t *end_ret);
/*
 * Where what is marked __init was: the kernel gave that memory back once it ran, and other things may have come there. False: it had not
 * come so far, or that is not known; or the SIZE bytes at ADDRESS have nothing of it.
 */
bool kernel_given_back(struct kernel *kernel, uint64_t address, uint64_t size, uint64_t *start_ret, uint64_t *end_ret);
/* The same for a pointer as alloc_percpu() gives it: POINTER on CPU. */
bool kernel_per_cpu_pointer(struct kernel *kernel, uint64_t pointer, unsigned cpu,
			    uint64_t *address_ret, struct error *error);
/* Is ADDRESS in vmlinux's code (modules not looked at)? */
bool kernel_is_text(const struct kernel *kernel, uint64_t address);
bool kernel_read_pointer(struct kernel *kernel, uint64_t address, uint64_t *value_ret,
			 struct error *error);

#endif
