// SPDX-License-Identifier: GPL-3.0-or-later
/* Opening the dump as a kernel, and letting go of it; open.h has the contract. */
#include "kernel/open/open.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/tasks/cpu.h"
#include "kernel/open/own.h"
#include "kernel/open/vmlinux.h"

#define MAX_SCHEDULE 8192	/* bytes of __schedule that are looked through */

#define MAX_CPUS 8192	/* the largest NR_CPUS there is (MAXSMP) */

static void note_damage(struct kernel *kernel, const struct error *error)
{
	size_t used = strlen(kernel->damage);

	snprintf(kernel->damage + used, sizeof(kernel->damage) - used, "%s%s", used ? "; " : "",
		 error->text);
}

/* What the dump says about itself, before any symbol is known. */
static void read_headers(struct kernel *kernel)
{
	/* Where it says two things memory will be asked. */
	if (!dump_vmcoreinfo_contradicts(kernel->dump, "OSRELEASE"))
		dump_vmcoreinfo_string(kernel->dump, "OSRELEASE", kernel->release, sizeof(kernel->release));
	/* since 5.10, 0935288c6e00 */
	if (!dump_vmcoreinfo_contradicts(kernel->dump, "BUILD-ID"))
		dump_vmcoreinfo_string(kernel->dump, "BUILD-ID", kernel->build_id,
				       sizeof(kernel->build_id));
}

/* *ERROR says why the dump cannot do without. */
static bool no_vmlinux(const struct kernel *kernel, struct error *error)
{
	struct error why = *error;

	return error_set(
		error, ERROR_USAGE,
		"which kernel? Give gdb the vmlinux with debug information of %s%s%s%s (Debian: "
		"package linux-image-%s-dbg): `file /path/to/vmlinux', then `target vmcore' again. "
		"The dump does not describe itself: %.160s",
		kernel->release[0] ? kernel->release : "the crashed kernel",
		kernel->build_id[0] ? " (build-id " : "", kernel->build_id,
		kernel->build_id[0] ? ")" : "", kernel->release[0] ? kernel->release : "VERSION",
		why.text);
}

/* As vmlinux has it, but where that is debug information alone. */
static bool open_own_types(struct kernel *kernel)
{
	struct buffer blob = { 0 };
	bool opened = own_btf(kernel, &blob, NULL) &&
		      types_open_btf(blob.data, blob.size, "BTF in the dump", &kernel->types, NULL);

	buffer_free(&blob);
	return opened;
}

static bool open_types(struct kernel *kernel, struct error *error)
{
	struct error btf;

	if (!types_open_btf_file(kernel->vmlinux_path, &kernel->types, &btf) && !open_own_types(kernel) &&
	    !types_open_dwarf(kernel->vmlinux_path, &kernel->types, error)) {
		if (error)
			error_prefix(error, "%.120s; %.100s", btf.text, kernel->vmlinux_path);
		return false;
	}
	return true;
}

static void find_text(struct kernel *kernel)
{
	struct { const char *name; uint64_t *address;
	} const bounds[] = {
		{ "_stext", &kernel->text_start },
		{ "_etext", &kernel->text_end },
		{ "_sinittext", &kernel->init_text_start },
		{ "_einittext", &kernel->init_text_end },
	};

	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++)
		kernel_symbol(kernel, bounds[i].name, bounds[i].address, NULL);
}

/* What symbols say of pieces that can be read without page tables: the image, and the direct maps of which they know the place or the end. */
static void find_pieces(struct kernel *kernel)
{
	struct memory *memory = kernel->memory;
	uint64_t text, end, base;

	if (kernel_symbol(kernel, "_text", &text, NULL) && kernel_symbol(kernel, "_end", &end, NULL)) {
		memory->image_end = end;
		if (memory->image_is_linear)
			memory_add_piece(memory, text, end, text - memory->image_offset);
	}
	if (memory->low_memory_max && kernel_read_variable(kernel, "high_memory", memory->arch->pointer_size, &end, NULL) &&
	    end <= memory->low_memory_max)
		memory_add_piece(memory, memory->low_memory, end, 0);
	if (symtab_find(kernel->symbols, "page_offset_base") && kernel_read_variable(kernel, "page_offset_base", 8, &base, NULL) && base)
		memory_add_piece(memory, base, base + kernel->dump->max_pfn * kernel->dump->page_size, 0);
}

static bool open_symbols(struct kernel *kernel, const char *system_map, struct error *error)
{
	const char *path = system_map ? system_map : kernel->vmlinux_path;

	if (!symtab_new(&kernel->symbols, error) ||
	    !(system_map ? symtab_read_map : symtab_read_elf)(
		    kernel->symbols, path, kernel->memory->kaslr_offset, error) ||
	    !symtab_finish(kernel->symbols, error))
		return false;
	if (symtab_count(kernel->symbols) == 0)
		return error_set(error, ERROR_NO_SYMBOL, "%s has no symbols (stripped?)", path);
	find_text(kernel);
	return true;
}

static void read_release(struct kernel *kernel)
{
	struct member name, release;
	uint64_t address;

	if (kernel->release[0] || !kernel_symbol(kernel, "init_uts_ns", &address, NULL) ||
	    !types_member(kernel->types, "uts_namespace", "name", &name, NULL) ||
	    !types_member(kernel->types, "new_utsname", "release", &release, NULL))
		return;
	if (!memory_read_string(kernel->memory, address + name.offset + release.offset,
				kernel->release, sizeof(kernel->release), NULL))
		kernel->release[0] = 0;
}

/* One past the last possible CPU, out of the mask; 0 if it cannot be read. */
static unsigned count_possible_cpus(struct kernel *kernel)
{
	uint64_t address, word;
	unsigned count = 0, size = kernel->arch->pointer_size, bits = size * 8;
	struct error reason;
	const struct symbol *symbol = kernel_cpu_mask(kernel, "possible");

	if (!symbol)
		return 0;
	address = symbol->address;
	for (unsigned cpu = 0; cpu < MAX_CPUS && cpu < symbol->size * 8; cpu += bits) {
		/* More than those of which something is known are not to be had. */
		if (!memory_read_uint(kernel->memory, address + cpu / 8, size, &word, &reason)) {
			unsigned notes = cpus_in_notes(kernel->dump);

			error_prefix(&reason, "how many CPUs were possible");
			note_damage(kernel, &reason);
			return count > notes ? count : notes;
		}
		if (word)
			count = cpu + 64 - __builtin_clzll(word);
	}
	return count;
}

static unsigned read_nr_cpu_ids(struct kernel *kernel)
{
	uint64_t value;
	unsigned possible;

	if (!symtab_find(kernel->symbols, "__per_cpu_offset")) /* built without SMP? */
		return kernel_names_data(kernel) ? 1 : cpus_in_notes(kernel->dump);
	if (kernel_read_variable(kernel, "nr_cpu_ids", 4, &value, NULL) && value >= 1 &&
	    value <= MAX_CPUS)
		return value;
	/* With CONFIG_FORCE_NR_CPUS there is no variable (6f9c07be9d02, 6.1). */
	possible = count_possible_cpus(kernel);
	/* Of a dump that has no such memory the notes are left, one for each CPU. */
	return possible ? possible : cpus_in_notes(kernel->dump);
}

/*
 * What the kernel set __per_cpu_offset to: the allocator's first chunk, less where the variables are linked, plus each CPU's unit in it
 * (setup_per_cpu_areas() of every machine; the variables are the allocator's own and stay). False where they are not known.
 */
static bool offsets_by_units(struct kernel *kernel, uint64_t *offsets, unsigned count)
{
	unsigned word = kernel->arch->pointer_size;
	uint64_t base, units, start, unit;

	if (!kernel_read_variable(kernel, "pcpu_base_addr", word, &base, NULL) || !base ||
	    !kernel_read_variable(kernel, "pcpu_unit_offsets", word, &units, NULL) || !units ||
	    !kernel_symbol(kernel, "__per_cpu_start", &start, NULL))
		return false;
	for (unsigned cpu = 0; cpu < count; cpu++) {
		if (!memory_read_uint(kernel->memory, units + (uint64_t)cpu * word, word, &unit, NULL))
			return false;
		offsets[cpu] = (base - start + unit) & memory_last(kernel->memory);
	}
	return true;
}

/* Does the run queue there say that it is CPU's? */
static bool is_queue_of(struct kernel *kernel, uint64_t offset, unsigned cpu)
{
	uint64_t queue, number;

	return kernel_symbol(kernel, "runqueues", &queue, NULL) &&
	       kernel_read_member(kernel, (queue + offset) & memory_last(kernel->memory), "rq", "cpu", &number, NULL) && number == cpu;
}

/* The kernel has them twice. READ: __per_cpu_offset could be read; WHY, if not. */
static void settle_offsets(struct kernel *kernel, unsigned count, bool read, const struct error *why)
{
	uint64_t *offsets = calloc(count, sizeof(*offsets));
	unsigned wrong = 0;

	if (offsets && offsets_by_units(kernel, offsets, count)) {
		for (unsigned cpu = 0; cpu < count; cpu++) {
			bool differs = read && offsets[cpu] != kernel->per_cpu_offset[cpu];

			wrong += differs && is_queue_of(kernel, offsets[cpu], cpu) && !is_queue_of(kernel, kernel->per_cpu_offset[cpu], cpu);
			if (!read || (differs && wrong))
				kernel->per_cpu_offset[cpu] = offsets[cpu];
		}
		if (!read)
			dump_doubt(kernel->dump, "__per_cpu_offset cannot be read: where the CPUs' data are is inferred from the per-CPU allocator");
		if (wrong)
			dump_doubt(kernel->dump, "__per_cpu_offset is damaged: where the CPUs' data are is inferred from the per-CPU allocator");
		read = true;
	}
	free(offsets);
	if (read)
		return;
	/* Without them no CPU's data can be looked at, but there are its registers in the notes. */
	note_damage(kernel, why);
	free(kernel->per_cpu_offset);
	kernel->per_cpu_offset = NULL;
}

static bool read_per_cpu_offsets(struct kernel *kernel, struct error *error)
{
	const struct symbol *symbol = symtab_find(kernel->symbols, "__per_cpu_offset");
	unsigned count = read_nr_cpu_ids(kernel), word = kernel->arch->pointer_size;
	struct error reason = { .kind = ERROR_NONE };
	uint8_t *bytes;
	bool read;

	if (symbol && symbol->size && count > symbol->size / word)
		count = symbol->size / word;
	kernel->per_cpu_offset = calloc(count, sizeof(uint64_t));
	if (!kernel->per_cpu_offset)
		return error_no_memory(error, "per-CPU offsets", count * sizeof(uint64_t));
	kernel->nr_cpu_ids = count;
	if (!symbol && kernel_names_data(kernel))
		return true;
	if (!symbol) {
		error_set(&reason, ERROR_NO_SYMBOL, "the CPUs' data cannot be found: kallsyms names code only (no CONFIG_KALLSYMS_ALL)");
		settle_offsets(kernel, count, false, &reason);
		return true;
	}
	bytes = malloc(count * word);
	if (!bytes)
		return error_no_memory(error, "per-CPU offsets", count * word);
	read = memory_read(kernel->memory, symbol->address, bytes, count * word, &reason);
	for (unsigned cpu = 0; read && cpu < count; cpu++)
		kernel->per_cpu_offset[cpu] = memory_decode(kernel->memory, bytes + cpu * word, word);
	if (!read)
		error_prefix(&reason, "the CPUs' data cannot be found: __per_cpu_offset");
	settle_offsets(kernel, count, read, &reason);
	free(bytes);
	return true;
}

static bool open_vmlinux(struct kernel *kernel, const struct kernel_source *source,
			 struct error *error)
{
	struct vmlinux *vmlinux = malloc(sizeof(*vmlinux));
	bool force = source->force, certain, done;

	kernel->vmlinux_path = strdup(source->vmlinux);
	if (!vmlinux || !kernel->vmlinux_path) {
		free(vmlinux);
		return error_no_memory(error, "opening vmlinux", sizeof(*vmlinux));
	}
	done = vmlinux_identify(source->vmlinux, vmlinux, error) &&
	       vmlinux_check_headers(kernel, vmlinux, force, &certain, error) &&
	       vmlinux_find_kaslr(kernel, vmlinux, force, error) &&
	       open_symbols(kernel, source->system_map, error) &&
	       (certain || vmlinux_check_memory(kernel, vmlinux, force, error)) &&
	       open_types(kernel, error);
	free(vmlinux);
	return done;
}

static bool init_lock(struct kernel *kernel, struct error *error)
{
	pthread_mutexattr_t attributes;

	if (pthread_mutexattr_init(&attributes) != 0)
		return error_no_memory(error, "a lock", sizeof(attributes));
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&kernel->lock, &attributes);
	pthread_mutexattr_destroy(&attributes);
	return true;
}

/* Without a vmlinux: what the dump says itself. */
static bool open_own(struct kernel *kernel, const char *system_map, struct error *error)
{
	struct error why = { 0 };

	if (!own_open(kernel, system_map, note_damage, &why)) {
		if (error)
			*error = why;
		return why.kind == ERROR_NO_MEMORY || why.kind == ERROR_INTERRUPTED || !error ?
			false : no_vmlinux(kernel, error);
	}
	find_text(kernel);
	if (!kernel->build_id[0])
		vmlinux_build_id_from_memory(kernel, kernel->build_id, sizeof(kernel->build_id));
	return true;
}

/*
 * Where a task that was switched out goes on, in kernels whose switch_to() is inlined (x86_64 before 4.9, 0100301bfdf5): behind the
 * one call of __switch_to in __schedule. Not to be asked where the kernel's types are not known, which are what tells.
 */
static void find_switch(struct kernel *kernel)
{
	const struct arch *arch = kernel->arch;
	const struct symbol *schedule = symtab_find(kernel->symbols, "__schedule");
	uint8_t code[MAX_SCHEDULE];
	uint64_t size, function, target;

	if (!arch->call_target || !types_size(kernel->types, "task_struct", &size, NULL) ||
	    !kernel_symbol(kernel, "__switch_to", &function, NULL) || !schedule)
		return;
	size = schedule->size && schedule->size < sizeof(code) ? schedule->size : sizeof(code);
	if (!memory_read(kernel->memory, schedule->address, code, size, NULL))
		return;
	for (uint64_t at = arch->call_size; at <= size; at++)
		if (arch->call_target(code + at - arch->call_size, schedule->address + at, &target) && target == function) {
			kernel->memory->switch_pc = schedule->address + at;
			return;
		}
}

static bool open_kernel(struct kernel *kernel, const struct kernel_source *source,
			struct error *error)
{
	struct error reason;
	uint64_t size;

	if (!memory_open(kernel->dump, &kernel->memory, error))
		return false;
	kernel->arch = kernel->memory->arch;
	read_headers(kernel);
	if (source->vmlinux ? !open_vmlinux(kernel, source, error)
			    : !open_own(kernel, source->system_map, error))
		return false;
	find_pieces(kernel);
	if (types_size(kernel->types, "inactive_task_frame", &size, NULL))
		kernel->memory->task_frame_size = size;
	else
		find_switch(kernel);
	if (types_size(kernel->types, "pt_regs", &size, NULL))
		kernel->memory->pt_regs_size = size;
	read_release(kernel);
	if (!read_per_cpu_offsets(kernel, error))
		return false;
	if (!cpus_load(kernel, &reason)) {
		if (reason.kind == ERROR_NO_MEMORY || reason.kind == ERROR_INTERRUPTED) {
			if (error)
				*error = reason;
			return false;
		}
		note_damage(kernel, &reason);
	}
	return true;
}

/* Takes DUMP over, also on failure, when it returns NULL. */
static struct kernel *new_kernel(struct dump *dump, struct error *error)
{
	struct kernel *kernel = calloc(1, sizeof(*kernel));

	if (kernel && init_lock(kernel, error)) {
		kernel->dump = dump;
		return kernel;
	}
	dump_close(dump);
	if (!kernel)
		error_no_memory(error, "the kernel", sizeof(*kernel));
	free(kernel);
	return NULL;
}

bool kernel_open_bare(struct dump *dump, const char *why, struct kernel **kernel_ret,
		      struct error *error)
{
	struct kernel *kernel = new_kernel(dump, error);

	if (!kernel)
		return false;
	snprintf(kernel->damage, sizeof(kernel->damage), "%s", why);
	*kernel_ret = kernel;
	return true;
}

bool kernel_open(struct dump *dump, const struct kernel_source *source, struct kernel **kernel_ret,
		 struct error *error)
{
	struct kernel *kernel = new_kernel(dump, error);

	if (!kernel)
		return false;
	if (!open_kernel(kernel, source, error)) {
		if (error && dump->doubt[0])
			error_prefix(error, "%s", dump->doubt);
		kernel_close(kernel);
		return false;
	}
	*kernel_ret = kernel;
	return true;
}

void kernel_close(struct kernel *kernel)
{
	if (!kernel)
		return;
	kernel_forget(kernel);
	cpus_free(kernel);
	orc_free(&kernel->orc);
	symtab_free(kernel->symbols);
	if (kernel->types)
		types_close(kernel->types);
	if (kernel->memory)
		memory_close(kernel->memory);
	dump_close(kernel->dump);
	free(kernel->per_cpu_offset);
	free(kernel->vmlinux_path);
	pthread_mutex_destroy(&kernel->lock);
	free(kernel);
}
