// SPDX-License-Identifier: GPL-3.0-or-later
/* Which note is which CPU's. */
#include "kernel/tasks/cpu_internal.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NOTE_BUFFER 4096	/* note_buf_t is 368 bytes on x86_64 */

static bool is_prstatus(const struct dump_note *note)
{
	return note->type == NT_PRSTATUS && strcmp(note->name, "CORE") == 0 && !note->truncated;
}

static bool is_qemu(const struct dump_note *note)
{
	return note->type == 0 && strcmp(note->name, "QEMU") == 0;
}

static bool set_note(struct collection *collection, unsigned cpu, const uint8_t *data, size_t size)
{
	struct cpu *target = &collection->candidates[cpu].cpu;

	if (!collection->kernel->arch->prstatus_registers(data, size, &target->registers, NULL))
		return false;
	target->registers_source = CPU_REGISTERS_NOTE;
	target->doubt = NULL;
	return true;
}

/*
 * One of QEMU's CPUs. It writes the notes of all CPUs in order, first all PRSTATUS, then all of its own; one
 * that was unplugged has none.
 */
struct qemu_cpu {
	const struct dump_note *prstatus, *own;
	bool used;
};

/* Returns how many there are; 0 = this is no dump of QEMU's. */
static size_t qemu_cpus(const struct dump *dump, struct qemu_cpu *cpus)
{
	size_t prstatus = 0, own = 0;

	for (size_t i = 0; i < dump->nr_notes; i++) {
		if (is_prstatus(&dump->notes[i]))
			cpus[prstatus++].prstatus = &dump->notes[i];
		else if (is_qemu(&dump->notes[i]))
			cpus[own++].own = &dump->notes[i];
	}
	return !own ? 0 : own > prstatus ? own : prstatus;
}

static void set_qemu(struct collection *collection, unsigned number, struct qemu_cpu *qemu)
{
	const struct arch *arch = collection->kernel->arch;
	struct cpu *cpu = &collection->candidates[number].cpu;

	qemu->used = true;
	if (qemu->prstatus)
		set_note(collection, number, qemu->prstatus->data, qemu->prstatus->size);
	if (qemu->own && arch->qemu_registers &&
	    arch->qemu_registers(qemu->own->data, qemu->own->size, &cpu->registers, NULL))
		cpu->registers_source = CPU_REGISTERS_NOTE;
}

static bool is_free(const struct collection *collection, uint64_t number)
{
	return number < collection->kernel->nr_cpu_ids &&
	       collection->candidates[number].cpu.registers_source != CPU_REGISTERS_NOTE;
}

/* Until the CPUs are set up all have the same offset. */
static bool is_own_offset(const struct kernel *kernel, unsigned cpu)
{
	const uint64_t *offsets = kernel->per_cpu_offset;

	return (cpu == 0 || offsets[cpu - 1] != offsets[cpu]) &&
	       (cpu + 1 >= kernel->nr_cpu_ids || offsets[cpu + 1] != offsets[cpu]);
}

/* Certain: the CPU points to its own data. */
static void qemu_by_per_cpu_base(struct collection *collection, struct qemu_cpu *cpus, size_t count)
{
	struct kernel *kernel = collection->kernel;

	for (size_t i = 0; i < count && kernel->per_cpu_offset; i++) {
		uint64_t bases[2];

		if (!cpus[i].own || !kernel->arch->qemu_per_cpu ||
		    !kernel->arch->qemu_per_cpu(cpus[i].own->data, cpus[i].own->size, bases))
			continue;
		for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids && !cpus[i].used; cpu++) {
			uint64_t offset = kernel->per_cpu_offset[cpu];

			if (offset && (offset == bases[0] || offset == bases[1]) &&
			    is_free(collection, cpu) && is_own_offset(kernel, cpu))
				set_qemu(collection, cpu, &cpus[i]);
		}
	}
}

/* QEMU's pr_pid is its number of the CPU, from 1 on; the kernel's is the same, it counts them at boot. */
static void qemu_by_pid(struct collection *collection, struct qemu_cpu *cpus, size_t count)
{
	const struct arch *arch = collection->kernel->arch;

	for (size_t i = 0; i < count; i++) {
		uint32_t pid;

		if (!cpus[i].used && cpus[i].prstatus &&
		    arch->prstatus_pid(cpus[i].prstatus->data, cpus[i].prstatus->size, &pid) && pid &&
		    is_free(collection, pid - 1))
			set_qemu(collection, pid - 1, &cpus[i]);
	}
}

/* VMware's have no number (dump/vmware.c); online CPUs come first. */
static void qemu_by_order(struct collection *collection, struct qemu_cpu *cpus, size_t count)
{
	struct kernel *kernel = collection->kernel;

	for (int online = !collection->online_unknown; online >= 0; online--) {
		unsigned cpu = 0;

		for (size_t i = 0; i < count; i++) {
			if (cpus[i].used)
				continue;
			while (cpu < kernel->nr_cpu_ids &&
			       (!is_free(collection, cpu) ||
				(online && !collection->candidates[cpu].cpu.online)))
				cpu++;
			if (cpu == kernel->nr_cpu_ids)
				break;
			set_qemu(collection, cpu, &cpus[i]);
		}
	}
}

static bool notes_from_qemu(struct collection *collection)
{
	const struct dump *dump = collection->kernel->dump;
	struct qemu_cpu *cpus = calloc(dump->nr_notes + 1, sizeof(*cpus));
	size_t count = cpus ? qemu_cpus(dump, cpus) : 0;

	if (count) {
		qemu_by_per_cpu_base(collection, cpus, count);
		qemu_by_pid(collection, cpus, count);
		qemu_by_order(collection, cpus, count);
	}
	free(cpus);
	return count > 0;
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
		if (!collection->candidates[cpu].foreign)
			note_from_memory(collection, cpu, crash_notes, size);
}

/* The pid of the CPU's current task, which a note also has. */
static bool current_pid(struct kernel *kernel, const struct cpu *cpu, uint64_t *pid_ret)
{
	return cpu->task &&
	       kernel_read_member(kernel, cpu->task, "task_struct", "pid", pid_ret, NULL);
}

/* Could this CPU have written a note that memory does not show? */
static bool is_open(const struct collection *collection, unsigned cpu, bool any_from_memory)
{
	const struct candidate *candidate = &collection->candidates[cpu];

	if (candidate->cpu.registers_source == CPU_REGISTERS_NOTE)
		return false;
	return any_from_memory ? !candidate->has_buffer :
				 candidate->cpu.online || collection->online_unknown;
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

			if (is_open(collection, cpu, any_from_memory) &&
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
static void match_by_order(struct collection *collection, bool any_from_memory, bool certain)
{
	struct kernel *kernel = collection->kernel;
	unsigned cpu = 0;

	for (size_t i = 0; i < kernel->dump->nr_notes; i++) {
		const struct dump_note *note = &kernel->dump->notes[i];

		if (collection->used[i] || !is_prstatus(note))
			continue;
		while (cpu < kernel->nr_cpu_ids &&
		       !is_open(collection, cpu, any_from_memory))
			cpu++;
		if (cpu == kernel->nr_cpu_ids)
			return;
		collection->used[i] = set_note(collection, cpu, note->data, note->size);
		if (!certain)
			collection->candidates[cpu].cpu.doubt =
				"that its registers are this CPU's is inferred from their place among the "
				"notes";
		cpu++;
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
		open += is_open(collection, cpu, any);
	if (left != open)
		match_by_pid(collection, any);
	match_by_order(collection, any, left == open);
}

/*
 * No CPU is in user mode while it runs its idle task: such a note is another CPU's, and wrong registers
 * are worse than none.
 */
static void drop_implausible(struct collection *collection)
{
	struct kernel *kernel = collection->kernel;

	for (unsigned i = 0; i < kernel->nr_cpu_ids; i++) {
		struct cpu *cpu = &collection->candidates[i].cpu;

		if (cpu->registers_source != CPU_REGISTERS_NOTE || !cpu->task || cpu->task != cpu->idle ||
		    !kernel->arch->is_user(&cpu->registers))
			continue;
		cpu->registers = (struct registers){ 0 };
		cpu->registers_source = CPU_REGISTERS_NONE;
		cpu->doubt = "the registers that should be its own are those of user space, but it ran its "
			     "idle task: they are another CPU's";
	}
}

void cpu_notes(struct collection *collection)
{
	/* QEMU's notes are of the moment of the dump; the kernel's own, if any, are older. */
	if (!notes_from_qemu(collection)) {
		notes_from_memory(collection);
		notes_from_file(collection);
	}
	drop_implausible(collection);
}

unsigned cpus_in_notes(const struct dump *dump)
{
	unsigned prstatus = 0, own = 0;

	for (size_t i = 0; i < dump->nr_notes; i++) {
		prstatus += is_prstatus(&dump->notes[i]);
		own += is_qemu(&dump->notes[i]);
	}
	if (own > prstatus)
		prstatus = own;
	return prstatus ? prstatus : 1;
}
