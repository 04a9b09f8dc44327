// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Convenience functions: $task(PID), $cpu_curr(N), $per_cpu("sym", N), $container_of(p, "type",
 * "member").
 *
 * To add one: a function that turns the arguments into a gdb.Value, a row in the table below.
 */
#include "commands/command.h"
#include "gdb/session.h"
#include "kernel/modules/module.h"
#include "kernel/tasks/cpu.h"
#include "kernel/tasks/task.h"

#include <inttypes.h>
#include <string.h>

struct function {
	const char *name;
	const char *doc;
	PyObject *(*call)(struct session *session, PyObject *args, struct error *error);
};

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
	pthread_mutex_lock(&session->kernel->lock);
	if (select_tasks(session->kernel, words, 1, take_named, &named, error)) {
		if (named.count > 1)
			error_set(error, ERROR_USAGE, "$task: %zu tasks are called %s; say which by its pid, as of the first: %u",
				  named.count, word + 1, named.task->pid);
		else
			address = named.task->address;
	}
	pthread_mutex_unlock(&session->kernel->lock);
	return address;
}

/* That of gdb's selected thread: a task's, or the one that a CPU was running. */
static PyObject *selected_task(struct session *session, struct error *error)
{
	uint64_t address = session_selected_task(session);
	const struct cpu *cpu = address ? NULL : session_selected_cpu(session);

	if (cpu)
		address = cpu->task;
	if (!address) {
		error_set(error, ERROR_USAGE, cpu ? "$task: what CPU %u was running cannot be read" : "$task: no task is selected",
			  cpu ? cpu->number : 0);
		return NULL;
	}
	return gdb_pointer(session->plugin, address, "struct task_struct");
}

static PyObject *call_task(struct session *session, PyObject *args, struct error *error)
{
	struct put_aside aside;
	PyObject *argument;
	const struct task *task;
	uint64_t pid, address = 0;

	if (PyTuple_Size(args) == 0)
		return selected_task(session, error);
	if (!PyArg_ParseTuple(args, "O", &argument))
		return NULL;
	if (!value_to_u64(argument, &pid)) {
		exception_put_aside(&aside);
		address = task_by_name(session, argument, error);
		/* Nor is it a text: then what is wrong with the number counts. */
		exception_settle(&aside, PyErr_Occurred() != NULL);
		if (PyErr_Occurred())
			return NULL;
		return address ? gdb_pointer(session->plugin, address, "struct task_struct") : NULL;
	}
	pthread_mutex_lock(&session->kernel->lock);
	task = pid <= UINT32_MAX ? task_find_pid(session->kernel, pid) : NULL;
	if (task)
		address = task->address;
	pthread_mutex_unlock(&session->kernel->lock);
	if (!address) {
		error_set(error, ERROR_USAGE,
			  pid ? "$task: there is no task with pid %" PRId64 "; `kernel ps` lists them"
			      : "$task: the boot CPU's idle task, init_task, cannot be read",
			  (int64_t)pid);
		return NULL;
	}
	return gdb_pointer(session->plugin, address, "struct task_struct");
}

static PyObject *call_cpu_curr(struct session *session, PyObject *args, struct error *error)
{
	struct task_table *table;
	PyObject *argument;
	struct cpu *cpu;
	uint64_t number;

	if (!PyArg_ParseTuple(args, "O", &argument) || !value_to_u64(argument, &number))
		return NULL;
	pthread_mutex_lock(&session->kernel->lock);
	tasks_get(session->kernel, &table, NULL); /* with them comes what has to be inferred of CPUs */
	pthread_mutex_unlock(&session->kernel->lock);
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

/* The variable itself, as the type that gdb knows for it, at the CPU's address. */
static PyObject *call_per_cpu(struct session *session, PyObject *args, struct error *error)
{
	PyObject *name_value, *cpu_value, *name = NULL, *bytes = NULL, *expression = NULL,
					  *symbol = NULL;
	PyObject *number = NULL, *type = NULL, *pointer = NULL, *result = NULL;
	uint64_t cpu, address;
	bool found;

	if (!PyArg_ParseTuple(args, "OO", &name_value, &cpu_value) ||
	    !value_to_u64(cpu_value, &cpu))
		goto out;
	if (cpu > UINT32_MAX) {
		error_set(error, ERROR_USAGE, "$per_cpu: there is no CPU %" PRId64, (int64_t)cpu);
		goto out;
	}
	if (!(name = PyObject_CallMethod(name_value, "string", NULL)) ||
	    !(bytes = PyUnicode_AsUTF8String(name)))
		goto out;
	pthread_mutex_lock(&session->kernel->lock);
	found = find_per_cpu(session->kernel, PyBytes_AsString(bytes), (unsigned)cpu, &address, error);
	pthread_mutex_unlock(&session->kernel->lock);
	if (!found)
		goto out;
	expression = PyUnicode_FromFormat("&%s", PyBytes_AsString(bytes));
	symbol = expression ? PyObject_CallMethod(session->plugin->gdb, "parse_and_eval", "O",
						  expression)
			    : NULL;
	type = symbol ? PyObject_GetAttrString(symbol, "type") : NULL;
	number = type ? PyObject_CallMethod(session->plugin->gdb, "Value", "K",
					    (unsigned long long)address)
		      : NULL;
	pointer = number ? PyObject_CallMethod(number, "cast", "O", type) : NULL;
	result = pointer ? PyObject_CallMethod(pointer, "dereference", NULL) : NULL;
out:
	Py_XDECREF(pointer);
	Py_XDECREF(number);
	Py_XDECREF(type);
	Py_XDECREF(symbol);
	Py_XDECREF(expression);
	Py_XDECREF(bytes);
	Py_XDECREF(name);
	return result;
}

/* "struct list_head" says what it is, "list_head" does not. */
static bool name_has_space(PyObject *name)
{
	struct put_aside aside;
	PyObject *space;
	bool has;

	exception_put_aside(&aside);
	space = PyUnicode_FromString(" ");
	has = space && PyUnicode_Contains(name, space) == 1;
	Py_XDECREF(space);
	exception_settle(&aside, true);
	return has;
}

/* gdb's own type information answers this one, so it also works for types of modules. */
static PyObject *call_container_of(struct session *session, PyObject *args, struct error *error)
{
	PyObject *gdb = session->plugin->gdb, *member, *type, *name = NULL, *member_name = NULL;
	PyObject *expression = NULL, *offset = NULL, *result = NULL, *pointer;
	uint64_t address, distance;

	(void)error;
	if (!PyArg_ParseTuple(args, "OOO", &pointer, &type, &member) ||
	    !value_to_u64(pointer, &address) ||
	    !(name = PyObject_CallMethod(type, "string", NULL)) ||
	    !(member_name = PyObject_CallMethod(member, "string", NULL)))
		goto out;
	expression = PyUnicode_FromFormat("&((%U *)0)->%U", name, member_name);
	offset = expression ? PyObject_CallMethod(gdb, "parse_and_eval", "O", expression) : NULL;
	/* "list_head" where gdb wants "struct list_head" */
	if (!offset && PyErr_ExceptionMatches(PyExc_Exception) && !name_has_space(name)) {
		PyErr_Clear();
		Py_XDECREF(expression);
		expression = PyUnicode_FromFormat("&((struct %U *)0)->%U", name, member_name);
		offset = expression ? PyObject_CallMethod(gdb, "parse_and_eval", "O", expression)
				    : NULL;
		if (offset) {
			PyObject *full = PyUnicode_FromFormat("struct %U", name);

			Py_DECREF(name);
			name = full;
		}
	}
	if (offset && name && value_to_u64(offset, &distance)) {
		PyObject *bytes = PyUnicode_AsUTF8String(name);

		if (bytes)
			result = gdb_pointer(session->plugin, address - distance, PyBytes_AsString(bytes));
		Py_XDECREF(bytes);
	}
out:
	Py_XDECREF(offset);
	Py_XDECREF(expression);
	Py_XDECREF(member_name);
	Py_XDECREF(name);
	return result;
}

static const struct function functions[] = {
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
	  "Of a module, too, once gdb has its file: `kernel mod -s MODULE'.\n"
	  "\n"
	  "Example:\n"
	  "(gdb) print $per_cpu(\"runqueues\", 1).nr_running\n"
	  "$1 = 3",
	  call_per_cpu },
	{ "container_of",
	  "$container_of(POINTER, \"TYPE\", \"MEMBER\"): the TYPE whose MEMBER is at POINTER.\n"
	  "\n"
	  "Example:\n"
	  "(gdb) set $next = init_task.tasks.next\n"
	  "(gdb) print $container_of($next, \"struct task_struct\", \"tasks\")->pid\n"
	  "$1 = 1",
	  call_container_of },
};

static PyObject *function_invoke(PyObject *self, PyObject *args)
{
	struct plugin *plugin = plugin_of(self);
	const struct function *function = class_pointer(self);
	struct error error = { 0 };
	struct session *session;
	PyObject *result;

	if (!plugin || !function)
		return NULL;
	session = session_get(plugin, &error);
	result = session && session_attach(session, &error) ? function->call(session, args, &error)
							    : NULL;
	if (result)
		return result;
	/* What Python says of wrong arguments, with what is right before it: "$task(PID): ..." */
	if (error.kind == ERROR_NONE && PyErr_Occurred()) {
		error_from_python(&error);
		if (error.kind != ERROR_INTERRUPTED)
			error_prefix(&error, "%.*s", (int)strcspn(function->doc, ":"),
				     function->doc);
	}
	return error.kind != ERROR_NONE ? raise_error(plugin, &error) : NULL;
}

static PyMethodDef methods[] = {
	{ "invoke", function_invoke, METH_VARARGS, NULL },
	{ 0 },
};

bool register_functions(struct plugin *plugin)
{
	PyObject *base = plugin_gdb_base_class(plugin, "Function", "vmcore.Function", methods);
	bool done = base != NULL;

	for (size_t i = 0; done && i < sizeof(functions) / sizeof(functions[0]); i++) {
		PyObject *class = plugin_class(plugin, base, "vmcore_function", functions[i].doc,
					       &functions[i]);
		PyObject *object = class ? PyObject_CallFunction(class, "s", functions[i].name)
					 : NULL;

		done = object != NULL;
		Py_XDECREF(class);
		Py_XDECREF(object);
	}
	Py_XDECREF(base);
	return done;
}
