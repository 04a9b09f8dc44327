// SPDX-License-Identifier: GPL-3.0-or-later
/* $task(PID), $cpu_curr(N), $per_cpu("sym", N), $container_of(p, "type", "member"). */
#include "gdb/functions/functions.h"

#include "commands/command.h"
#include "kernel/modules/module.h"
#include "kernel/tasks/cpu.h"
#include "kernel/tasks/task.h"

#include <inttypes.h>
#include <string.h>

struct named {
	const struct task *task;	/* the first */
	size_t count;
};

static bool take_named(void *context, const struct task *task)
{
	struct named *named = context;

	if (!named->count++)
		named->task = task;
	return true;
}

/* The one task of that NAME, a gdb.Value: 0 with an exception or *error. */
static uint64_t task_by_name(struct session *session, PyObject *value, struct error *error)
{
	PyObject *name = PyObject_CallMethod(value, "string", NULL);
	PyObject *bytes = name ? PyUnicode_AsUTF8String(name) : NULL;
	struct named named = { 0 };
	uint64_t address = 0;
	char word[64];
	const char *words[] = { word };

	Py_XDECREF(name);
	if (!bytes)
		return 0;
	snprintf(word, sizeof(word), "\\%s", PyBytes_AsString(bytes));
	Py_DECREF(bytes);
	session_hold(session);
	if (select_tasks(session->kernel, words, 1, take_named, &named, error)) {
		if (named.count > 1)
			error_set(error, ERROR_USAGE, "$task: %zu tasks are called %s; say which by its pid, as of the first: %u",
				  named.count, word + 1, named.task->pid);
		else
			address = named.task->address;
	}
	session_release(session);
	return address;
}

/* That of gdb's selected thread: a task's, or the one that a CPU was running. */
static uint64_t selected_task(struct session *session, struct error *error)
{
	uint64_t address = session_selected_task(session);
	const struct cpu *cpu = address ? NULL : session_selected_cpu(session);

	if (cpu)
		address = cpu->task;
	if (!address)
		error_set(error, ERROR_USAGE, cpu ? "$task: what CPU %u was running cannot be read" : "$task: no task is selected",
			  cpu ? cpu->number : 0);
	return address;
}

/* By pid, else by the address of its task_struct. */
static uint64_t task_by_number(struct session *session, uint64_t number, struct error *error)
{
	const struct task *task;
	uint64_t address = 0;

	session_hold(session);
	task = number <= UINT32_MAX ? task_find_pid(session->kernel, number) : NULL;
	if (!task && number)
		task = task_find_address(session->kernel, number);
	if (task)
		address = task->address;
	session_release(session);
	if (!address)
		error_set(error, ERROR_USAGE,
			  number ? "$task: there is no task with pid %" PRId64 "; `kernel ps` lists them"
				 : "$task: the boot CPU's idle task, init_task, cannot be read",
			  (int64_t)number);
	return address;
}

uint64_t function_task(struct session *session, PyObject *argument, struct error *error)
{
	struct put_aside aside;
	uint64_t number, address;

	if (!argument)
		return selected_task(session, error);
	if (value_to_u64(argument, &number))
		return task_by_number(session, number, error);
	exception_put_aside(&aside);
	address = task_by_name(session, argument, error);
	/* Nor is it a text: then what is wrong with the number counts. */
	exception_settle(&aside, PyErr_Occurred() != NULL);
	return PyErr_Occurred() ? 0 : address;
}

PyObject *function_of_task(struct session *session, PyObject *args, const char *name, function_find *find, const char *type, struct error *error)
{
	PyObject *argument, *value;
	const struct task *task;
	uint64_t number, at, address;
	bool found;

	if (!PyArg_ParseTuple(args, "OO", &argument, &value) || !value_to_u64(value, &number))
		return NULL;
	at = function_task(session, argument, error);
	if (!at)
		return NULL;
	session_hold(session);
	task = task_find_address(session->kernel, at);
	found = task ? find(session->kernel, task, number, &address, error)
		     : error_set(error, ERROR_NOT_MAPPED, "%s: the task at 0x%" PRIx64 " cannot be read", name, at);
	session_release(session);
	return found ? gdb_pointer(session->plugin, address, type) : NULL;
}

static PyObject *call_task(struct session *session, PyObject *args, struct error *error)
{
	PyObject *argument = NULL;
	uint64_t address;

	if (PyTuple_Size(args) != 0 && !PyArg_ParseTuple(args, "O", &argument))
		return NULL;
	address = function_task(session, argument, error);
	return address ? gdb_pointer(session->plugin, address, "struct task_struct") : NULL;
}

static PyObject *call_cpu_curr(struct session *session, PyObject *args, struct error *error)
{
	struct task_table *table;
	PyObject *argument;
	struct cpu *cpu;
	uint64_t number;

	if (!PyArg_ParseTuple(args, "O", &argument) || !value_to_u64(argument, &number))
		return NULL;
	session_hold(session);
	tasks_get(session->kernel, &table, NULL); /* with them comes what has to be inferred of CPUs */
	session_release(session);
	cpu = number <= UINT32_MAX ? cpu_find(session->kernel, number) : NULL;
	if (!cpu || !cpu->task) {
		error_set(error, ERROR_USAGE,
			  cpu ? "$cpu_curr: the runqueue of CPU %" PRIu64 " cannot be read"
			      : "$cpu_curr: there is no CPU %" PRIu64 " in this dump",
			  number);
		return NULL;
	}
	return gdb_pointer(session->plugin, cpu->task, "struct task_struct");
}

/* Of vmlinux, or where that has none of this name, of a module. */
static bool find_per_cpu(struct kernel *kernel, const char *name, unsigned cpu, uint64_t *address_ret, struct error *error)
{
	const struct symbol *symbol = symtab_find(kernel->symbols, name);
	uint64_t pointer;

	if (symbol && !symbol->percpu)
		return error_set(error, ERROR_USAGE, "$per_cpu: %s is not a per-CPU variable", name);
	if (kernel_per_cpu(kernel, name, cpu, address_ret, error))
		return true;
	return error->kind == ERROR_NO_SYMBOL && module_per_cpu_symbol(kernel, name, &pointer, error) &&
	       kernel_per_cpu_pointer(kernel, pointer, cpu, address_ret, error);
}

/* A text: the name of a variable. *TYPE_RET: that of a pointer to it, as gdb knows it. */
static bool per_cpu_by_name(struct session *session, PyObject *name, unsigned cpu, uint64_t *address_ret, PyObject **type_ret, struct error *error)
{
	PyObject *bytes = PyUnicode_AsUTF8String(name), *expression, *symbol = NULL;
	bool found = false;

	if (bytes) {
		session_hold(session);
		found = find_per_cpu(session->kernel, PyBytes_AsString(bytes), cpu, address_ret, error);
		session_release(session);
	}
	if (found) {
		expression = PyUnicode_FromFormat("&%U", name);
		symbol = expression ? PyObject_CallMethod(session->plugin->gdb, "parse_and_eval", "O", expression) : NULL;
		*type_ret = symbol ? PyObject_GetAttrString(symbol, "type") : NULL;
		found = *type_ret != NULL;
		Py_XDECREF(symbol);
		Py_XDECREF(expression);
	}
	Py_XDECREF(bytes);
	return found;
}

static bool is_pointer(struct plugin *plugin, PyObject *value)
{
	PyObject *full = PyObject_GetAttrString(value, "type"), *type = full ? PyObject_CallMethod(full, "strip_typedefs", NULL) : NULL;
	PyObject *code = type ? PyObject_GetAttrString(type, "code") : NULL, *pointer = gdb_attribute(plugin, "TYPE_CODE_PTR");
	bool is = code && pointer && PyObject_RichCompareBool(code, pointer, Py_EQ) == 1;

	forget_exception();
	Py_XDECREF(pointer);
	Py_XDECREF(code);
	Py_XDECREF(type);
	Py_XDECREF(full);
	return is;
}

/* The variable itself, or a member of it, which gdb has not read yet: nothing is there; or a __percpu pointer. */
static bool per_cpu_by_value(struct session *session, PyObject *value, unsigned cpu, uint64_t *address_ret, PyObject **type_ret, struct error *error)
{
	PyObject *at = PyObject_GetAttrString(value, "address");
	struct kernel *kernel = session->kernel;
	uint64_t pointer = 0, start, end;
	bool is_variable, found;

	is_variable = at && at != Py_None && value_to_u64(at, &pointer) && kernel_per_cpu_section(kernel, &start, &end) && pointer >= start &&
		      pointer < end;
	forget_exception();
	if (!is_variable && !is_pointer(session->plugin, value)) {
		error_set(error, ERROR_USAGE, "$per_cpu: this is no per-CPU variable, nor a pointer to one; of a module's its name in quotes is needed");
		found = false;
	} else {
		found = (is_variable || value_to_u64(value, &pointer)) && kernel_per_cpu_pointer(kernel, pointer, cpu, address_ret, error);
	}
	if (found)
		*type_ret = PyObject_GetAttrString(is_variable ? at : value, "type");
	Py_XDECREF(at);
	return found && *type_ret;
}

/* A text is an array or a pointer of characters; gdb says so by not refusing to make it a str. */
static PyObject *text_or_null(PyObject *value)
{
	PyObject *text = PyObject_CallMethod(value, "string", NULL);

	if (!text)
		forget_exception();
	return text;
}

static PyObject *call_per_cpu(struct session *session, PyObject *args, struct error *error)
{
	PyObject *argument, *cpu_value, *name, *type = NULL, *pointer = NULL, *result = NULL;
	struct plugin *plugin = session->plugin;
	uint64_t cpu, address;
	bool found;

	if (!PyArg_ParseTuple(args, "OO", &argument, &cpu_value) || !value_to_u64(cpu_value, &cpu))
		return NULL;
	if (cpu > UINT32_MAX) {
		error_set(error, ERROR_USAGE, "$per_cpu: there is no CPU %" PRId64, (int64_t)cpu);
		return NULL;
	}
	name = text_or_null(argument);
	found = name ? per_cpu_by_name(session, name, (unsigned)cpu, &address, &type, error)
		     : per_cpu_by_value(session, argument, (unsigned)cpu, &address, &type, error);
	if (found) {
		PyObject *number = PyObject_CallMethod(plugin->gdb, "Value", "K", (unsigned long long)address);

		pointer = number ? PyObject_CallMethod(number, "cast", "O", type) : NULL;
		result = pointer ? PyObject_CallMethod(pointer, "dereference", NULL) : NULL;
		Py_XDECREF(number);
	}
	Py_XDECREF(pointer);
	Py_XDECREF(type);
	Py_XDECREF(name);
	return result;
}

/* gdb's own type information answers this one, so it also works for types of modules. */
static PyObject *call_container_of(struct session *session, PyObject *args, struct error *error)
{
	PyObject *member, *type, *name = NULL, *member_name = NULL, *container = NULL, *result = NULL, *pointer;
	uint64_t address, offset;

	(void)error;
	if (PyArg_ParseTuple(args, "OOO", &pointer, &type, &member) && value_to_u64(pointer, &address) &&
	    (name = PyObject_CallMethod(type, "string", NULL)) && (member_name = PyObject_CallMethod(member, "string", NULL)) &&
	    (container = gdb_container(session->plugin, name, member_name, &offset)))
		result = gdb_pointer_to(session->plugin, address - offset, container);
	Py_XDECREF(container);
	Py_XDECREF(member_name);
	Py_XDECREF(name);
	return result;
}

const struct function functions_tasks[] = {
	{ "task",
	  "$task(PID): the task with that pid, as a struct task_struct *.\n"
	  "PID 0 is CPU 0's idle task. $task(\"NAME\") is the one task of that name, $task()\n"
	  "that of the selected thread.\n"
	  "\n"
	  "Example:\n"
	  "(gdb) print $task(211)->comm\n"
	  "$1 = \"rig-busy\\000\\000\\000\\000\\000\\000\\000\"",
	  call_task },
	{ "cpu_curr",
	  "$cpu_curr(N): the task that CPU N was running, as a struct task_struct *.\n"
	  "\n"
	  "Example:\n"
	  "(gdb) print $cpu_curr(0)->pid\n"
	  "$1 = 1",
	  call_cpu_curr },
	{ "per_cpu",
	  "$per_cpu(\"NAME\", N): the per-CPU variable NAME of CPU N.\n"
	  "A variable of the kernel, or a member of it, needs no quotes; a __percpu pointer\n"
	  "is followed. Of a module, too, once gdb has its file: `kernel mod -s MODULE'.\n"
	  "\n"
	  "Example:\n"
	  "(gdb) print $per_cpu(runqueues, 1).nr_running\n"
	  "$1 = 3\n"
	  "(gdb) print $per_cpu($slab_cache(\"dentry\")->cpu_slab, 0)->slab\n"
	  "$2 = (struct slab *) 0x0",
	  call_per_cpu },
	{ "container_of",
	  "$container_of(POINTER, \"TYPE\", \"MEMBER\"): the TYPE whose MEMBER is at POINTER.\n"
	  "\n"
	  "Example:\n"
	  "(gdb) set $next = init_task.tasks.next\n"
	  "(gdb) print $container_of($next, \"struct task_struct\", \"tasks\")->pid\n"
	  "$1 = 1",
	  call_container_of },
	{ 0 },
};
