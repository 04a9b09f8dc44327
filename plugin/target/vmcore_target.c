// SPDX-License-Identifier: GPL-3.0-or-later
#include "target/vmcore_target.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernel/stacks/return_traced.h"
#include "target/vmcore_search.h"

/*
 * How long a packet waits for a command to let go of the kernel. Below gdb's own remotetimeout of 2
 * s.
 */
#define LOCK_TIMEOUT_NS 1500000000ull

/* The unit that memory is retried in when a long read fails: no architecture has smaller pages. */
#define SMALLEST_PAGE 4096

/* So many threads gdb compares in 0.02 s. */
#define FEW_THREADS 8192

/* The threads that gdb sees first: all, or the CPUs, which lead the list, or if none is known one task. */
static size_t nr_first(const struct vmcore_target *target)
{
	size_t count = target->kernel->nr_cpus;

	if (target->threads.count <= FEW_THREADS)
		return target->threads.count;
	return count ? count : 1;
}

static bool is_connecting(const struct vmcore_target *target)
{
	return __atomic_load_n(&target->connecting, __ATOMIC_RELAXED);
}

void vmcore_target_set_connecting(struct vmcore_target *target, bool connecting)
{
	__atomic_store_n(&target->connecting, connecting, __ATOMIC_RELAXED);
}

static void free_list(struct vmcore_target *target)
{
	threads_free(&target->threads);
	buffer_free(&target->xml);
	buffer_free(&target->first_xml);
}

static bool list_threads(struct vmcore_target *target, size_t max_tasks, struct error *error)
{
	struct kernel *kernel = target->kernel;

	if (!threads_load(&target->threads, kernel, max_tasks, error))
		return false;
	if (!target->threads.count)
		return error_set(error, ERROR_CORRUPT,
				 "no CPU and no task of the dump can be found: %s%s%s",
				 target->threads.damage ? target->threads.damage : "",
				 target->threads.damage && kernel->damage[0] ? "; " : "",
				 kernel->damage[0] || target->threads.damage ? kernel->damage :
				 "its memory has none");
	threads_xml(kernel, &target->threads, target->threads.count, &target->xml);
	threads_xml(kernel, &target->threads, nr_first(target), &target->first_xml);
	if (target->xml.failed || target->first_xml.failed)
		return error_no_memory(error, "the list of threads", 0);
	return true;
}

bool vmcore_target_new(struct kernel *kernel, size_t max_tasks, struct vmcore_target **target_ret,
		       struct error *error)
{
	struct vmcore_target *target = calloc(1, sizeof(*target));

	if (!target)
		return error_no_memory(error, "the target", sizeof(*target));
	target->kernel = kernel;
	if (!list_threads(target, max_tasks, error)) {
		vmcore_target_free(target);
		return false;
	}
	*target_ret = target;
	return true;
}

bool vmcore_target_set_max(struct vmcore_target *target, size_t max_tasks, struct error *error)
{
	struct vmcore_target next = { .kernel = target->kernel };

	if (!list_threads(&next, max_tasks, error)) {
		free_list(&next);
		return false;
	}
	free_list(target);
	target->threads = next.threads;
	target->xml = next.xml;
	target->first_xml = next.first_xml;
	return true;
}

void vmcore_target_free(struct vmcore_target *target)
{
	if (!target)
		return;
	free_list(target);
	free(target);
}

uint64_t vmcore_target_thread_of(const struct vmcore_target *target, uint64_t task_address)
{
	for (size_t i = 0; i < target->threads.count; i++) {
		const struct thread *thread = &target->threads.list[i];

		if (thread->task && thread->task->address == task_address)
			return thread->id;
		if (thread->cpu && thread->cpu->task == task_address && task_address)
			return thread->id;
	}
	return 0;
}

const struct thread *vmcore_target_thread(struct vmcore_target *target, uint64_t id)
{
	return threads_find(&target->threads, id);
}

/* --- the ops --- */

static bool lock(void *context, struct error *error)
{
	struct vmcore_target *target = context;
	struct timespec until;
	uint64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &until);
	ns = until.tv_nsec + LOCK_TIMEOUT_NS;
	until.tv_sec += ns / 1000000000;
	until.tv_nsec = ns % 1000000000;
	if (pthread_mutex_clocklock(&target->kernel->lock, CLOCK_MONOTONIC, &until) == 0)
		return true;
	return error_set(error, ERROR_UNSUPPORTED, "the dump is in use by a command");
}

static void unlock(void *context)
{
	struct vmcore_target *target = context;

	pthread_mutex_unlock(&target->kernel->lock);
}

static const struct arch *arch(void *context)
{
	struct vmcore_target *target = context;

	return target->kernel->arch;
}

static size_t nr_threads(void *context)
{
	struct vmcore_target *target = context;

	return is_connecting(target) ? nr_first(target) : target->threads.count;
}

static uint64_t thread_id(void *context, size_t index)
{
	struct vmcore_target *target = context;

	return target->threads.list[index].id;
}

static bool has_thread(void *context, uint64_t id)
{
	struct vmcore_target *target = context;

	return threads_find(&target->threads, id) != NULL;
}

static uint64_t first_thread(void *context)
{
	struct vmcore_target *target = context;
	const struct cpu *cpu = cpu_panicked(target->kernel);

	for (size_t i = 0; cpu && i < target->threads.count; i++)
		if (target->threads.list[i].cpu == cpu)
			return target->threads.list[i].id;
	return target->threads.list[0].id;
}

static void append_thread_text(void *context, uint64_t id, struct buffer *text)
{
	struct vmcore_target *target = context;
	struct thread *thread = threads_find(&target->threads, id);

	if (thread)
		thread_text(target->kernel, thread, text);
}

static const char *get_threads_xml(void *context, size_t *size_ret)
{
	struct vmcore_target *target = context;
	struct buffer *xml = is_connecting(target) ? &target->first_xml : &target->xml;

	*size_ret = xml->size;
	return xml->data;
}

static const char *get_libraries_xml(void *context, size_t *size_ret)
{
	struct vmcore_target *target = context;

	return target->libraries ? target->libraries(target->context, size_ret) : NULL;
}

static bool thread_registers(struct vmcore_target *target, struct thread *thread,
			     struct registers *registers, struct error *error)
{
	if (thread->cpu && thread->cpu->registers_source != CPU_REGISTERS_NONE) {
		*registers = thread->cpu->registers;
		return true;
	}
	if (!thread->task)
		return error_set(error, ERROR_NOT_MAPPED,
				 "the dump has no registers of CPU %u, and its task is not known",
				 thread->cpu->number);
	return task_registers(target->kernel, thread->task, registers, NULL, error);
}

static bool get_registers(void *context, uint64_t id, struct registers *registers,
			  struct error *error)
{
	struct vmcore_target *target = context;
	struct thread *thread = threads_find(&target->threads, id);

	if (!thread)
		return error_set(error, ERROR_USAGE, "there is no thread with id %llu",
				 (unsigned long long)id);
	if (!thread->registers) {
		struct registers read = { 0 };

		if (!thread_registers(target, thread, &read, error)) {
			/* gdb does not connect without a pc. It is told to forget this one. */
			if (!is_connecting(target))
				return false;
			memset(registers, 0, sizeof(*registers));
			registers->valid = 1ull << target->kernel->arch->pc;
			return true;
		}
		thread->registers = malloc(sizeof(*thread->registers));
		if (!thread->registers)
			return error_no_memory(error, "a thread's registers",
					       sizeof(*thread->registers));
		*thread->registers = read;
		/* gdb knows one space alone. */
		if (target->kernel->arch->is_user(&read))
			thread->registers->value[target->kernel->arch->pc] |= target->kernel->arch->user_mark;
	}
	*registers = *thread->registers;
	return true;
}

/* One address space: ROOT 0 is the kernel's. */
static bool read_space(struct memory *memory, uint64_t root, uint64_t address, void *buffer,
		       size_t size, struct error *error)
{
	return root ? memory_read_user(memory, root, address, buffer, size, error)
		    : memory_read(memory, address, buffer, size, error);
}

/* What can be read of a range that cannot be read as a whole. */
static size_t read_prefix(struct memory *memory, uint64_t root, uint64_t address, uint8_t *buffer,
			  size_t size, struct error *error)
{
	size_t done = 0;

	while (done < size) {
		size_t step = SMALLEST_PAGE - (address + done) % SMALLEST_PAGE;

		if (step > size - done)
			step = size - done;
		if (!read_space(memory, root, address + done, buffer + done, step, error))
			break;
		done += step;
	}
	/* A dump may end in the middle of a page: halve what may be left of it. */
	for (size_t step = SMALLEST_PAGE / 2; step && done < size; step /= 2)
		if (step <= size - done &&
		    (address + done) % SMALLEST_PAGE + step <= SMALLEST_PAGE &&
		    read_space(memory, root, address + done, buffer + done, step, NULL))
			done += step;
	return done;
}

/* Whose page tables: the kernel's for its own addresses, else those of the thread's process. Takes arch->user_mark off. */
static bool thread_root(struct vmcore_target *target, uint64_t id, uint64_t *address_ret,
			uint64_t *root_ret, struct error *error)
{
	uint64_t address = *address_ret;
	struct thread *thread = threads_find(&target->threads, id);

	*root_ret = 0;
	if (target->kernel->arch->is_kernel_address(target->kernel->memory, address) ||
	    memory_is_nowhere(target->kernel->memory, address))
		return true;
	if (!thread || !thread->task)
		return error_set(error, ERROR_NOT_MAPPED,
				 "0x%llx is not a kernel address, and the selected thread's task "
				 "is not known",
				 (unsigned long long)address);
	if (!thread->user_root &&
	    !task_user_root(target->kernel, thread->task, &thread->user_root, error))
		return error_prefix(error, "0x%llx is not a kernel address",
				    (unsigned long long)address);
	*root_ret = thread->user_root;
	*address_ret &= ~target->kernel->arch->user_mark;
	return true;
}

static bool search(void *context, uint64_t id, const struct target_search *search, uint64_t *at_ret)
{
	struct vmcore_target *target = context;
	struct target_search own = *search;
	uint64_t root, mark;

	*at_ret = search->address;
	if (!thread_root(target, id, &own.address, &root, NULL))
		return false;
	mark = search->address - own.address;
	if (!vmcore_search(target->kernel, root, &own, at_ret))
		return false;
	*at_ret += mark;
	return true;
}

static size_t read_memory(void *context, uint64_t id, uint64_t address, void *buffer, size_t size,
			  struct error *error)
{
	struct vmcore_target *target = context;
	struct memory *memory = target->kernel->memory;
	size_t done = size;
	uint64_t root;

	if (!thread_root(target, id, &address, &root, error))
		return 0;
	if (!read_space(memory, root, address, buffer, size, NULL))
		done = read_prefix(memory, root, address, buffer, size, error);
	/*
	 * gdb unwinds by reading stacks through here, and cannot be told of a return address in any other way that
	 * keeps its frames as they are. So it sees the stack as if nothing had been traced, like the code that it
	 * has put breakpoints into; `kernel rd` and find show what is there.
	 */
	return root || !done ? done : return_restore(target->kernel, address, buffer, done, error);
}

static void disconnected(void *context)
{
	struct vmcore_target *target = context;

	if (target->disconnected)
		target->disconnected(target->context);
}

const struct target_ops vmcore_target_ops = {
	.lock = lock,
	.unlock = unlock,
	.arch = arch,
	.nr_threads = nr_threads,
	.thread_id = thread_id,
	.has_thread = has_thread,
	.first_thread = first_thread,
	.thread_text = append_thread_text,
	.threads_xml = get_threads_xml,
	.libraries_xml = get_libraries_xml,
	.registers = get_registers,
	.read_memory = read_memory,
	.search = search,
	.disconnected = disconnected,
};
