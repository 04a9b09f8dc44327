// SPDX-License-Identifier: GPL-3.0-or-later
/* What each CPU was doing; cpu.h says where that comes from. */
#include "kernel/tasks/cpu.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NOTE_BUFFER 4096	/* note_buf_t is 368 bytes on x86_64 */

/* A CPU while its facts are being collected. */
struct candidate {
	struct cpu cpu;
	/* its crash_notes buffer could be read, so an empty one means that it saved nothing */
	bool has_buffer;
};

struct collection {
	struct kernel *kernel;
	struct candidate *candidates;	/* [kernel->nr_cpu_ids] */
	bool *used;			/* [dump->nr_notes]: this note is some CPU's */
};

static bool is_prstatus(const struct dump_note *note)
{
	return note->type == NT_PRSTATUS && strcmp(note->name, "CORE") == 0 && !note->truncated;
}

static bool is_qemu(const struct dump_note *note)
{
	return note->type == 0 && strcmp(note->name, "QEMU") == 0;
}

static void read_online(struct collection *collection)
{
	struct kernel *kernel = collection->kernel;
	const struct symbol *symbol = symtab_find(kernel->symbols, "__cpu_online_mask");
	uint64_t word = 0;

	if (!symbol) {
		/* Built without SMP. */
		for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids; cpu++)
			collection->candidates[cpu].cpu.online = true;
		return;
	}
	/*
	 * Longs in the machine's byte order: read as such, bit N of the mask is bit N % 64 of long
	 * N / 64.
	 */
	for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids; cpu++) {
		if (cpu % 64 == 0 &&
		    !memory_read_uint(kernel->memory, symbol->address + cpu / 8, 8, &word, NULL))
			word = 0;
		collection->candidates[cpu].cpu.online = word >> cpu % 64 & 1;
	}
}

static bool set_note(struct collection *collection, unsigned cpu, const uint8_t *data, size_t size)
{
	struct cpu *target = &collection->candidates[cpu].cpu;

	if (!collection->kernel->arch->prstatus_registers(data, size, &target->registers, NULL))
		return false;
	target->registers_source = CPU_REGISTERS_NOTE;
	return true;
}

/* QEMU writes the notes of all CPUs in order, first all PRSTATUS, then all of its own. */
static bool notes_from_qemu(struct collection *collection)
{
	struct kernel *kernel = collection->kernel;
	unsigned prstatus = 0, own = 0;

	for (size_t i = 0; i < kernel->dump->nr_notes; i++) {
		const struct dump_note *note = &kernel->dump->notes[i];

		if (is_prstatus(note) && prstatus < kernel->nr_cpu_ids) {
			set_note(collection, prstatus++, note->data, note->size);
		} else if (is_qemu(note) && own < kernel->nr_cpu_ids) {
			struct cpu *cpu = &collection->candidates[own++].cpu;

			if (kernel->arch->qemu_registers &&
			    kernel->arch->qemu_registers(note->data, note->size, &cpu->registers,
							 NULL))
				cpu->registers_source = CPU_REGISTERS_NOTE;
		}
	}
	return own > 0;
}

/*
 * The file's notes are copies of the buffers in memory: mark the one that is this, so that it is
 * not given away again.
 */
static void mark_used(struct collection *collection, const uint8_t *data, size_t size)
{
	const struct dump *dump = collection->kernel->dump;

	for (size_t i = 0; i < dump->nr_notes; i++) {
		const struct dump_note *note = &dump->notes[i];

		if (!collection->used[i] && is_prstatus(note) && note->size == size &&
		    memcmp(note->data, data, size) == 0) {
			collection->used[i] = true;
			return;
		}
	}
}

/* One CPU's crash_notes buffer (crash_save_cpu() in kernel/kexec_core.c): an ELF note, or zeros. */
static void note_from_memory(struct collection *collection, unsigned cpu, uint64_t crash_notes,
			     size_t size)
{
	struct kernel *kernel = collection->kernel;
	uint8_t buffer[MAX_NOTE_BUFFER];
	uint64_t address, name_size, data_size, type;
	size_t data;

	if (!kernel_per_cpu_pointer(kernel, crash_notes, cpu, &address, NULL) ||
	    !memory_read(kernel->memory, address, buffer, size, NULL))
		return;
	collection->candidates[cpu].has_buffer = true;
	name_size = memory_decode(kernel->memory, buffer, 4);
	data_size = memory_decode(kernel->memory, buffer + 4, 4);
	type = memory_decode(kernel->memory, buffer + 8, 4);
	if (name_size != 5 || memcmp(buffer + 12, "CORE", 5) != 0 || type != NT_PRSTATUS)
		return;
	data = 12 + 8;
	if (data_size > size - data || !set_note(collection, cpu, buffer + data, data_size))
		return;
	mark_used(collection, buffer + data, data_size);
}

static void notes_from_memory(struct collection *collection)
{
	struct kernel *kernel = collection->kernel;
	uint64_t crash_notes, size = 0;

	if (!kernel_read_variable(kernel, "crash_notes", kernel->arch->pointer_size, &crash_notes,
				  NULL) ||
	    !crash_notes)
		return;
	if (!types_size(kernel->types, "note_buf_t", &size, NULL) || size < 20 ||
	    size > MAX_NOTE_BUFFER)
		size = 368;
	for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids; cpu++)
		note_from_memory(collection, cpu, crash_notes, size);
}

/* The pid of the CPU's current task, which a note also has. */
static bool current_pid(struct kernel *kernel, const struct cpu *cpu, uint64_t *pid_ret)
{
	return cpu->task &&
	       kernel_read_member(kernel, cpu->task, "task_struct", "pid", pid_ret, NULL);
}

/* Could this CPU have written a note that memory does not show? */
static bool is_open(const struct candidate *candidate, bool any_from_memory)
{
	if (candidate->cpu.registers_source == CPU_REGISTERS_NOTE)
		return false;
	return any_from_memory ? !candidate->has_buffer : candidate->cpu.online;
}

/* A note's pr_pid is its CPU's current task (0 = idle, which many can be). */
static void match_by_pid(struct collection *collection, bool any_from_memory)
{
	struct kernel *kernel = collection->kernel;

	for (size_t i = 0; i < kernel->dump->nr_notes; i++) {
		const struct dump_note *note = &kernel->dump->notes[i];
		uint32_t pid;

		if (collection->used[i] || !is_prstatus(note) ||
		    !kernel->arch->prstatus_pid(note->data, note->size, &pid) || pid == 0)
			continue;
		for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids; cpu++) {
			struct candidate *candidate = &collection->candidates[cpu];
			uint64_t current;

			if (is_open(candidate, any_from_memory) &&
			    current_pid(kernel, &candidate->cpu, &current) && current == pid &&
			    set_note(collection, cpu, note->data, note->size)) {
				collection->used[i] = true;
				break;
			}
		}
	}
}

/*
 * The notes that are left, in order, to the CPUs that are left, in order: right if there are as
 * many of both.
 */
static void match_by_order(struct collection *collection, bool any_from_memory)
{
	struct kernel *kernel = collection->kernel;
	unsigned cpu = 0;

	for (size_t i = 0; i < kernel->dump->nr_notes; i++) {
		const struct dump_note *note = &kernel->dump->notes[i];

		if (collection->used[i] || !is_prstatus(note))
			continue;
		while (cpu < kernel->nr_cpu_ids &&
		       !is_open(&collection->candidates[cpu], any_from_memory))
			cpu++;
		if (cpu == kernel->nr_cpu_ids)
			return;
		collection->used[i] = set_note(collection, cpu++, note->data, note->size);
	}
}

static void notes_from_file(struct collection *collection)
{
	struct kernel *kernel = collection->kernel;
	unsigned left = 0, open = 0;
	bool any = false;

	for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids; cpu++)
		any |= collection->candidates[cpu].cpu.registers_source == CPU_REGISTERS_NOTE;
	for (size_t i = 0; i < kernel->dump->nr_notes; i++)
		left += is_prstatus(&kernel->dump->notes[i]) && !collection->used[i];
	for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids; cpu++)
		open += is_open(&collection->candidates[cpu], any);
	if (left != open)
		match_by_pid(collection, any);
	match_by_order(collection, any);
}

static void read_runqueue(struct kernel *kernel, struct cpu *cpu)
{
	uint64_t runqueue;

	if (!kernel_per_cpu(kernel, "runqueues", cpu->number, &runqueue, NULL))
		return;
	if (!kernel_read_member(kernel, runqueue, "rq", "curr", &cpu->task, NULL))
		cpu->task = 0;
	if (!kernel_read_member(kernel, runqueue, "rq", "idle", &cpu->idle, NULL))
		cpu->idle = 0;
}

/* Stale: where the CPU's current task was last switched out. */
static void registers_from_task(struct kernel *kernel, struct cpu *cpu)
{
	uint64_t sp;

	if (!cpu->task ||
	    !kernel_read_member(kernel, cpu->task, "task_struct", "thread.sp", &sp, NULL))
		return;
	cpu->registers.valid = 0;
	if (kernel->arch->task_registers(kernel->memory, sp, &cpu->registers, NULL))
		cpu->registers_source = CPU_REGISTERS_SAVED;
	else
		cpu->registers.valid = 0;
}

/*
 * panic_cpu: every panic (1717f2096b54, 4.5); crashing_cpu: x86's crash shutdown. Both -1 where
 * nothing happened.
 */
static void find_panicked(struct collection *collection)
{
	static const char *const names[] = { "panic_cpu", "crashing_cpu" };
	struct kernel *kernel = collection->kernel;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint64_t cpu;

		if (kernel_read_variable(kernel, names[i], 4, &cpu, NULL) &&
		    cpu < kernel->nr_cpu_ids) {
			collection->candidates[cpu].cpu.panicked = true;
			return;
		}
	}
}

static bool keep(const struct cpu *cpu)
{
	return cpu->online || cpu->registers_source == CPU_REGISTERS_NOTE || cpu->panicked;
}

static bool store(struct collection *collection, struct error *error)
{
	struct kernel *kernel = collection->kernel;
	size_t count = 0;

	for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids; cpu++)
		count += keep(&collection->candidates[cpu].cpu);
	kernel->cpus = calloc(count + 1, sizeof(*kernel->cpus));
	if (!kernel->cpus)
		return error_no_memory(error, "CPUs", count * sizeof(*kernel->cpus));
	for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids; cpu++)
		if (keep(&collection->candidates[cpu].cpu))
			kernel->cpus[kernel->nr_cpus++] = collection->candidates[cpu].cpu;
	return true;
}

bool cpus_load(struct kernel *kernel, struct error *error)
{
	struct collection collection = { .kernel = kernel };
	bool done = false;

	collection.candidates = calloc(kernel->nr_cpu_ids + 1, sizeof(*collection.candidates));
	collection.used = calloc(kernel->dump->nr_notes + 1, sizeof(*collection.used));
	if (!collection.candidates || !collection.used) {
		error_no_memory(error, "CPUs", kernel->nr_cpu_ids * sizeof(*collection.candidates));
		goto out;
	}
	for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids; cpu++) {
		collection.candidates[cpu].cpu.number = cpu;
		read_runqueue(kernel, &collection.candidates[cpu].cpu);
	}
	read_online(&collection);
	/* QEMU's notes are of the moment of the dump; the kernel's own, if any, are older. */
	if (!notes_from_qemu(&collection)) {
		for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids; cpu++) {
			collection.candidates[cpu].cpu.registers = (struct registers){ 0 };
			collection.candidates[cpu].cpu.registers_source = CPU_REGISTERS_NONE;
		}
		notes_from_memory(&collection);
		notes_from_file(&collection);
	}
	find_panicked(&collection);
	for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids; cpu++) {
		struct cpu *this = &collection.candidates[cpu].cpu;

		if (keep(this) && this->registers_source == CPU_REGISTERS_NONE)
			registers_from_task(kernel, this);
	}
	done = store(&collection, error);
out:
	free(collection.candidates);
	free(collection.used);
	return done;
}

void cpus_free(struct kernel *kernel)
{
	free(kernel->cpus);
	kernel->cpus = NULL;
	kernel->nr_cpus = 0;
}

struct cpu *cpu_find(struct kernel *kernel, unsigned number)
{
	for (size_t i = 0; i < kernel->nr_cpus; i++)
		if (kernel->cpus[i].number == number)
			return &kernel->cpus[i];
	return NULL;
}

struct cpu *cpu_panicked(struct kernel *kernel)
{
	for (size_t i = 0; i < kernel->nr_cpus; i++)
		if (kernel->cpus[i].panicked)
			return &kernel->cpus[i];
	return kernel->nr_cpus ? &kernel->cpus[0] : NULL;
}
