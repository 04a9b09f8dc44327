// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * gdb's frames of calls through a bad pointer (kernel/stacks/bad_pointer.h).
 *
 * gdb unwinds by what is known of an address. Of such an address nothing is, or that it is user space, where
 * stacks end. What tells the cases apart, the CPU's mode, call frame information cannot ask for. So this is an
 * unwinder: gdb asks it first, for every frame, and it answers for these alone.
 *
 * And for three others. A return address that is no code is damage, and whatever gdb makes of the stack from there on is invented:
 * there it ends. And where calls leave their return address in a register gdb gives up call frame information for that register as
 * soon as the code itself cannot be read (aarch64_stub_unwind), and the kernel has freed its __init code while start_kernel() is
 * still on the stack of CPU 0's idle task. There the native unwinder says what the caller's registers are.
 * The same in a module on a machine without ORC, of which gdb has not got the .ko: reading prologues gdb would invent a caller, or
 * find none.
 */
#include "gdb/session.h"
#include "kernel/modules/module.h"
#include "kernel/stacks/bad_pointer.h"
#include "kernel/stacks/unwind.h"
#include "kernel/stacks/unwind_table.h"

/* Register NAME of FRAME, a gdb.Frame or a gdb.PendingFrame, as a new gdb.Value; NULL, no exception, if unknown. */
static PyObject *read_register(PyObject *frame, const char *name)
{
	PyObject *value = PyObject_CallMethod(frame, "read_register", "s", name);

	if (!value)
		forget_exception();
	return value;
}

static bool read_number(PyObject *frame, const char *name, uint64_t *number_ret)
{
	PyObject *value = read_register(frame, name);
	bool known = value && value_to_u64(value, number_ret);

	Py_XDECREF(value);
	if (!known)
		forget_exception();
	return known;
}

/* All that the frame has. */
static void read_registers(const struct arch *arch, PyObject *frame, struct registers *registers)
{
	*registers = (struct registers){ 0 };
	for (unsigned i = 0; i < arch->nr_registers; i++)
		if (arch->registers[i].size <= 8 &&
		    read_number(frame, arch->registers[i].name, &registers->value[i]))
			registers->valid |= 1ull << i;
}

static bool is_signal(struct plugin *plugin, PyObject *frame)
{
	PyObject *type = PyObject_CallMethod(frame, "type", NULL),
		 *signal = gdb_attribute(plugin, "SIGTRAMP_FRAME");
	bool equal = type && signal && PyObject_RichCompareBool(type, signal, Py_EQ) == 1;

	Py_XDECREF(signal);
	Py_XDECREF(type);
	forget_exception();
	return equal;
}

/* Is the pc of the frame at LEVEL, which is not made yet, exact: the first one, or interrupted? */
static bool is_exact(struct plugin *plugin, long level)
{
	PyObject *frame = level > 0 ? PyObject_CallMethod(plugin->gdb, "newest_frame", NULL) : NULL;
	bool exact = level == 0;

	for (long i = 1; frame && i < level; i++) {
		PyObject *older = PyObject_CallMethod(frame, "older", NULL);

		Py_DECREF(frame);
		frame = older;
	}
	if (frame && frame != Py_None)
		exact = is_signal(plugin, frame);
	Py_XDECREF(frame);
	forget_exception();
	return exact;
}

bool frame_bad_pointer(struct session *session, PyObject *frame, uint64_t pc, char *text, size_t size)
{
	struct kernel *kernel = session->kernel;
	const struct arch *arch = kernel->arch;
	struct registers registers;
	uint64_t sp;
	bool bad;

	if (!read_number(frame, arch->registers[arch->sp].name, &sp))
		return false;
	pthread_mutex_lock(&kernel->lock);
	bad = bad_pointer(kernel, pc, sp, text, size);
	pthread_mutex_unlock(&kernel->lock);
	if (!bad)
		return false;
	read_registers(arch, frame, &registers);
	return !arch->is_user(&registers);
}

/* Says what REGISTER is in the caller: NUMBER, as a value of the type that it has in FRAME. */
static bool save_number(PyObject *info, PyObject *frame, struct plugin *plugin, const char *name, uint64_t number)
{
	PyObject *old = read_register(frame, name), *type = old ? PyObject_GetAttrString(old, "type") : NULL;
	PyObject *plain = type ? PyObject_CallMethod(plugin->gdb, "Value", "K", (unsigned long long)number) : NULL;
	PyObject *value = plain ? PyObject_CallMethod(plain, "cast", "O", type) : NULL;
	PyObject *done = value ? PyObject_CallMethod(info, "add_saved_register", "sO", name, value) : NULL;
	bool saved = done != NULL;

	Py_XDECREF(done);
	Py_XDECREF(value);
	Py_XDECREF(plain);
	Py_XDECREF(type);
	Py_XDECREF(old);
	return saved;
}

/* The pc by both of its names: where it is a part of another register (s390x's PSW) gdb asks for what it calls pc alone. */
static bool save_pc(PyObject *info, PyObject *frame, struct plugin *plugin, uint64_t pc)
{
	const struct arch *arch = plugin->session->kernel->arch;

	return save_number(info, frame, plugin, arch->registers[arch->pc].name, pc) && save_number(info, frame, plugin, "pc", pc);
}

/* All others are what they were. */
static void save_same(PyObject *info, PyObject *frame, const char *name)
{
	PyObject *value = read_register(frame, name);
	PyObject *done = value ? PyObject_CallMethod(info, "add_saved_register", "sO", name, value) : NULL;

	if (!done)
		forget_exception();
	Py_XDECREF(done);
	Py_XDECREF(value);
}

/*
 * What tells the frames of a stack apart. gdb wants it to be no less than the callee's, which is the canonical frame address that
 * the callee would have without a frame of its own. Behind a frame record the frame pointer is all that is known.
 */
static bool read_stack(PyObject *frame, const struct arch *arch, uint64_t *stack_ret)
{
	if (!read_number(frame, arch->registers[arch->sp].name, stack_ret))
		return read_number(frame, arch->registers[arch->fp].name, stack_ret);
	*stack_ret += arch->lr ? arch->leaf_cfa : 0;
	return true;
}

/* gdb's frame id: an object with the attributes sp and pc, gdb.Values. */
static PyObject *frame_id(struct plugin *plugin, PyObject *frame)
{
	const struct arch *arch = plugin->session->kernel->arch;
	PyObject *types = PyImport_ImportModule("types");
	PyObject *id = types ? PyObject_CallMethod(types, "SimpleNamespace", NULL) : NULL;
	PyObject *pc = id ? read_register(frame, arch->registers[arch->pc].name) : NULL;
	uint64_t stack = 0;
	PyObject *sp = pc && read_stack(frame, arch, &stack)
			       ? PyObject_CallMethod(plugin->gdb, "Value", "K", (unsigned long long)stack)
			       : NULL;

	if (!sp || PyObject_SetAttrString(id, "sp", sp) < 0 || PyObject_SetAttrString(id, "pc", pc) < 0)
		Py_CLEAR(id);
	Py_XDECREF(pc);
	Py_XDECREF(sp);
	Py_XDECREF(types);
	return id;
}

static PyObject *caller(struct plugin *plugin, PyObject *frame, const struct registers *registers, uint64_t pc)
{
	const struct arch *arch = plugin->session->kernel->arch;
	PyObject *id = frame_id(plugin, frame);
	PyObject *info = id ? PyObject_CallMethod(frame, "create_unwind_info", "O", id) : NULL;

	if (info && (!save_pc(info, frame, plugin, pc) ||
		     !save_number(info, frame, plugin, arch->registers[arch->sp].name,
				  registers->value[arch->sp] + arch->pointer_size)))
		Py_CLEAR(info);
	for (unsigned i = 0; info && i < arch->nr_registers; i++)
		if (i != arch->pc && i != arch->sp && registers->valid >> i & 1)
			save_same(info, frame, arch->registers[i].name);
	Py_XDECREF(id);
	return info;
}

/* FRAME has no caller: one that is the same is what gdb stops at, and says so. */
static PyObject *no_caller(struct plugin *plugin, PyObject *frame)
{
	const struct arch *arch = plugin->session->kernel->arch;
	PyObject *id = frame_id(plugin, frame);
	PyObject *info = id ? PyObject_CallMethod(frame, "create_unwind_info", "O", id) : NULL;
	struct registers registers;

	/* gdb takes back an unwinder that has a value which turns out not to be there. */
	read_registers(arch, frame, &registers);
	if (info)
		save_same(info, frame, "pc");
	for (unsigned i = 0; info && i < arch->nr_registers; i++)
		if (registers.valid >> i & 1)
			save_same(info, frame, arch->registers[i].name);
	Py_XDECREF(id);
	return info;
}

/* As caller(), with all that REGISTERS, the caller's, have. */
static PyObject *caller_with(struct plugin *plugin, PyObject *frame, const struct registers *registers)
{
	const struct arch *arch = plugin->session->kernel->arch;
	PyObject *id = frame_id(plugin, frame);
	PyObject *info = id ? PyObject_CallMethod(frame, "create_unwind_info", "O", id) : NULL;

	if (info && !save_pc(info, frame, plugin, registers->value[arch->pc]))
		Py_CLEAR(info);
	for (unsigned i = 0; info && i < arch->nr_registers; i++)
		if (i != arch->pc && registers->valid >> i & 1 &&
		    !save_number(info, frame, plugin, arch->registers[i].name, registers->value[i]))
			Py_CLEAR(info);
	Py_XDECREF(id);
	return info;
}

/* __init code that is no more, which gdb cannot read: PC, a return address, is in it. */
static bool is_freed(struct kernel *kernel, uint64_t pc)
{
	uint8_t byte;

	return kernel->arch->lr && pc > kernel->init_text_start && pc <= kernel->init_text_end &&
	       !memory_read(kernel->memory, pc, &byte, sizeof(byte), NULL);
}

/* Code of a module that gdb has no call frame information of: neither ORC's nor that of a .ko. */
static bool is_undescribed(struct kernel *kernel, uint64_t pc)
{
	struct module *module = module_at(kernel, pc);

	return module && !module->debug_loaded && !unwind_load_orc(kernel, NULL);
}

/*
 * Where the native unwinder knows better: false if PC, FRAME's, is in none of that code. *FOUND: its caller's
 * registers. What gdb is asked for it can ask of us, so the kernel is not locked then.
 */
static bool native_caller(struct plugin *plugin, PyObject *frame, uint64_t pc, struct registers *found)
{
	struct kernel *kernel = plugin->session->kernel;
	const struct arch *arch = kernel->arch;
	struct registers registers;
	bool ours, has_caller;
	PyObject *level;
	long depth;

	pthread_mutex_lock(&kernel->lock);
	ours = is_freed(kernel, pc) || is_undescribed(kernel, pc) || is_undescribed(kernel, pc - 1);
	pthread_mutex_unlock(&kernel->lock);
	level = ours ? PyObject_CallMethod(frame, "level", NULL) : NULL;
	depth = level ? PyLong_AsLong(level) : -1;
	Py_XDECREF(level);
	if (depth < 0)
		return false;
	read_registers(arch, frame, &registers);
	/* The first frame of a task that was switched out has no mode: it is in a call. */
	ours = depth ? is_exact(plugin, depth) : registers.valid >> arch->mode & 1;
	pthread_mutex_lock(&kernel->lock);
	has_caller = unwind_caller(kernel, &registers, ours, found);
	pthread_mutex_unlock(&kernel->lock);
	return has_caller;
}

/* Is FRAME, at PC, worth more than this? It is asked of every frame there is. */
static bool is_suspect(struct kernel *kernel, PyObject *frame, uint64_t pc)
{
	uint64_t sp;
	bool suspect;

	if (!read_number(frame, kernel->arch->registers[kernel->arch->sp].name, &sp))
		return false;

	pthread_mutex_lock(&kernel->lock);
	suspect = bad_pointer(kernel, pc, sp, NULL, 0);
	pthread_mutex_unlock(&kernel->lock);
	return suspect;
}

/* unwinder(pending_frame): a gdb.UnwindInfo, or None for all frames but these. */
static PyObject *unwinder_call(PyObject *self, PyObject *frame)
{
	struct plugin *plugin = plugin_of(self);
	struct session *session = plugin ? plugin->session : NULL;
	const struct arch *arch = session ? session->kernel->arch : NULL;
	struct registers registers;
	PyObject *level, *info = NULL;
	uint64_t pc, return_address;
	bool bad;

	if (!plugin)
		return NULL;
	if (!session || !session->connected || !arch || !read_number(frame, arch->registers[arch->pc].name, &pc))
		Py_RETURN_NONE;
	if (native_caller(plugin, frame, pc, &registers) && (info = caller_with(plugin, frame, &registers)))
		return info;
	forget_exception();
	if (!is_suspect(session->kernel, frame, pc))
		Py_RETURN_NONE;
	level = PyObject_CallMethod(frame, "level", NULL);
	if (level && !is_exact(plugin, PyLong_AsLong(level))) {
		info = no_caller(plugin, frame);
	} else if (level) {
		read_registers(arch, frame, &registers);
		pthread_mutex_lock(&session->kernel->lock);
		bad = bad_pointer_caller(session->kernel, &registers, &return_address);
		pthread_mutex_unlock(&session->kernel->lock);
		if (bad)
			info = caller(plugin, frame, &registers, return_address);
	}
	Py_XDECREF(level);
	if (info)
		return info;
	forget_exception();
	Py_RETURN_NONE;
}

static PyMethodDef unwinder_methods[] = {
	{ "__call__", unwinder_call, METH_O, NULL },
	{ 0 },
};

bool register_unwinder(struct plugin *plugin)
{
	PyObject *module = PyImport_ImportModule("gdb.unwinder");
	PyObject *parent = module ? PyObject_GetAttrString(module, "Unwinder") : NULL;
	PyObject *base = parent ? plugin_base_class(parent, "vmcore.UnwinderBase", unwinder_methods) : NULL;
	PyObject *class = base ? plugin_class(plugin, base, "vmcore_unwinder",
					      "Calls of the kernel through a bad pointer.", NULL)
			       : NULL;
	PyObject *unwinder = class ? PyObject_CallFunction(class, "s", "vmcore") : NULL;
	PyObject *done = unwinder ? PyObject_CallMethod(module, "register_unwinder", "OO", Py_None, unwinder) : NULL;
	bool registered = done != NULL;

	Py_XDECREF(done);
	Py_XDECREF(unwinder);
	Py_XDECREF(class);
	Py_XDECREF(base);
	Py_XDECREF(parent);
	Py_XDECREF(module);
	return registered;
}
