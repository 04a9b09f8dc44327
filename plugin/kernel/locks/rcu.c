// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/locks/rcu.h"

#include <string.h>

#include "kernel/containers.h"

#define MAX_PHASES 64

static void lose(struct rcu_state *state, const struct error *why)
{
	if (state->damage.kind == ERROR_NONE)
		state->damage = *why;
}

/* A long, as the kernel prints these counts: the first is below 0. */
static int64_t as_long(const struct kernel *kernel, uint64_t value)
{
	return kernel->arch->pointer_size == 4 ? (int32_t)value : (int64_t)value;
}

static bool read_member(struct kernel *kernel, struct rcu_state *state, const char *path, uint64_t *value_ret)
{
	struct error why = { 0 };

	if (kernel_read_member(kernel, state->address, "rcu_state", path, value_ret, &why))
		return true;
	lose(state, &why);
	return false;
}

static void read_text(struct kernel *kernel, struct rcu_state *state, uint64_t address, char *text)
{
	struct error why = { 0 };

	if (!address || memory_read_string(kernel->memory, address, text, RCU_NAME, &why))
		return;
	*text = '\0';
	lose(state, &why);
}

/* The kernel has the names of its phases itself, in a table. */
static void read_phase(struct kernel *kernel, struct rcu_state *state)
{
	const struct symbol *names = symtab_find(kernel->symbols, "gp_state_names");
	uint64_t phase, name, size = kernel->arch->pointer_size;
	struct error why = { 0 };

	if (!names || !read_member(kernel, state, "gp_state", &phase))
		return;
	if (phase >= MAX_PHASES || (names->size && phase >= names->size / size))
		error_set(&why, ERROR_CORRUPT, "rcu_state.gp_state: there is no state %lld", (long long)phase);
	else if (kernel_read_pointer(kernel, names->address + phase * size, &name, &why))
		read_text(kernel, state, name, state->phase);
	if (why.kind != ERROR_NONE)
		lose(state, &why);
}

bool rcu_state_read(struct kernel *kernel, struct rcu_state *state, struct error *error)
{
	struct error why = { 0 };
	uint64_t name, sequence;

	*state = (struct rcu_state){ 0 };
	if (!kernel_symbol(kernel, "rcu_state", &state->address, error) ||
	    !kernel_read_member(kernel, state->address, "rcu_state", "gp_seq", &sequence, error))
		return false;
	state->sequence = as_long(kernel, sequence);
	state->expedited_known = read_member(kernel, state, "expedited_sequence", &sequence);
	if (state->expedited_known)
		state->expedited = as_long(kernel, sequence);
	state->thread_known = read_member(kernel, state, "gp_kthread", &state->thread);
	state->started_known = read_member(kernel, state, "gp_start", &state->started);
	state->now_known = kernel_read_variable(kernel, "jiffies", kernel->arch->pointer_size, &state->now, &why);
	if (!state->now_known)
		lose(state, &why);
	why = (struct error){ 0 };
	state->timeout_known = kernel_read_variable(kernel, "rcu_cpu_stall_timeout", 4, &state->timeout, &why);
	if (!state->timeout_known && why.kind != ERROR_NO_SYMBOL)
		lose(state, &why);
	if (read_member(kernel, state, "name", &name))
		read_text(kernel, state, name, state->name);
	read_phase(kernel, state);
	return true;
}

bool rcu_cpu_read(struct kernel *kernel, unsigned cpu, struct rcu_cpu *cpu_ret, struct error *error)
{
	struct rcu_cpu data = { 0 };
	uint64_t mask, quiet, quiet_expedited, value, sequence;

	if (!kernel_per_cpu(kernel, "rcu_data", cpu, &data.address, error) ||
	    !kernel_read_member(kernel, data.address, "rcu_data", "gp_seq", &sequence, error) ||
	    !kernel_read_member(kernel, data.address, "rcu_data", "ticks_this_gp", &data.ticks, error) ||
	    !kernel_read_member(kernel, data.address, "rcu_data", "cblist.len", &value, error) ||
	    !kernel_read_member(kernel, data.address, "rcu_data", "grpmask", &mask, error) ||
	    !kernel_read_member(kernel, data.address, "rcu_data", "mynode", &data.node, error) ||
	    !kernel_read_member(kernel, data.node, "rcu_node", "qsmask", &quiet, error) ||
	    !kernel_read_member(kernel, data.node, "rcu_node", "expmask", &quiet_expedited, error))
		return false;
	data.sequence = as_long(kernel, sequence);
	data.callbacks = as_long(kernel, value);
	data.holds = quiet & mask;
	data.holds_expedited = quiet_expedited & mask;
	if (types_has_member(kernel->types, "rcu_data", "nocb_bypass")) {
		if (!kernel_read_member(kernel, data.address, "rcu_data", "nocb_bypass.len", &value, error))
			return false;
		data.bypass = as_long(kernel, value);
		data.bypass_known = true;
	}
	*cpu_ret = data;
	return true;
}

bool rcu_has_readers(struct kernel *kernel)
{
	return types_has_member(kernel->types, "task_struct", "rcu_node_entry");
}

struct readers {
	struct kernel *kernel;
	uint64_t node, link;
	uint64_t first, first_expedited;	/* from these on in the list they hold one; 0 = none does */
	bool holds, holds_expedited;
	bool (*callback)(void *context, const struct rcu_reader *reader, struct error *error);
	void *context;
};

static bool one_reader(void *context, uint64_t task, struct error *error)
{
	struct readers *readers = context;
	struct rcu_reader reader = { .task = task, .node = readers->node };

	if (!kernel_check_interrupt(readers->kernel, error))
		return false;
	readers->holds |= task + readers->link == readers->first;
	readers->holds_expedited |= task + readers->link == readers->first_expedited;
	reader.holds = readers->holds;
	reader.holds_expedited = readers->holds_expedited;
	reader.nesting_known = kernel_read_member(readers->kernel, task, "task_struct", "rcu_read_lock_nesting", &reader.nesting, NULL);
	return readers->callback(readers->context, &reader, error);
}

bool rcu_readers_for_each(struct kernel *kernel, uint64_t node,
			  bool (*callback)(void *context, const struct rcu_reader *reader, struct error *error), void *context,
			  struct error *error)
{
	struct readers readers = { .kernel = kernel, .node = node, .callback = callback, .context = context };
	struct member head, link;

	if (!types_member(kernel->types, "task_struct", "rcu_node_entry", &link, error) ||
	    !types_member(kernel->types, "rcu_node", "blkd_tasks", &head, error) ||
	    !kernel_read_member(kernel, node, "rcu_node", "gp_tasks", &readers.first, error) ||
	    !kernel_read_member(kernel, node, "rcu_node", "exp_tasks", &readers.first_expedited, error))
		return false;
	readers.link = link.offset;
	return list_for_each(kernel, node + head.offset, link.offset, one_reader, &readers, error);
}
