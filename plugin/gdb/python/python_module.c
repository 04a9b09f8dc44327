// SPDX-License-Identifier: GPL-3.0-or-later
/* The functions of Python's module `vmcore`, and `help kernel python`. */
#include "gdb/python/python.h"

#include <inttypes.h>
#include <string.h>

#include "gdb/session.h"
#include "kernel/tasks/task.h"

static PyObject *list_of(PyObject *self, enum python_kind kind, const char *text, const char *outer, const char *key)
{
	struct plugin *plugin = plugin_of(self);

	return plugin ? python_list(plugin, kind, text, outer, key) : NULL;
}

static PyObject *module_tasks(PyObject *self, PyObject *args)
{
	(void)args;
	return list_of(self, PYTHON_TASK, "ps", NULL, "tasks");
}

/* The words for `ps` that select the one task called PID: all idle tasks are 0, and the boot CPU's is meant. */
static bool select_pid(struct plugin *plugin, uint64_t pid, char *text, size_t size)
{
	struct session *session = python_session(plugin);
	struct error error = { 0 };
	const struct task *task;

	if (!session)
		return false;
	pthread_mutex_lock(&session->kernel->lock);
	task = pid <= UINT32_MAX ? task_find_pid(session->kernel, pid) : NULL;
	if (task)
		snprintf(text, size, "ps -- 0x%" PRIx64, task->address);
	else	/* A word that begins with a dash would be an option. */
		snprintf(text, size, "ps -- %" PRId64, (int64_t)pid);
	pthread_mutex_unlock(&session->kernel->lock);
	if (task || pid)
		return true;
	error_set(&error, ERROR_USAGE, "the boot CPU's idle task, init_task, cannot be read");
	raise_error(plugin, &error);
	return false;
}

static PyObject *module_task(PyObject *self, PyObject *args)
{
	struct plugin *plugin = plugin_of(self);
	PyObject *argument, *rows, *row;
	uint64_t pid;
	char text[40];

	if (!plugin || !PyArg_ParseTuple(args, "O", &argument) || !value_to_u64(argument, &pid) ||
	    !select_pid(plugin, pid, text, sizeof(text)))
		return NULL;
	rows = python_rows(plugin, text, "tasks");
	row = rows ? PyList_GetItem(rows, 0) : NULL; /* borrowed */
	Py_XINCREF(row);
	Py_XDECREF(rows);
	return row ? python_object(plugin, PYTHON_TASK, row) : NULL;
}

static PyObject *module_cpus(PyObject *self, PyObject *args)
{
	struct plugin *plugin = plugin_of(self);

	(void)args;
	return plugin ? python_cpus(plugin) : NULL;
}

static PyObject *module_modules(PyObject *self, PyObject *args)
{
	(void)args;
	return list_of(self, PYTHON_MODULE, "mod", NULL, "modules");
}

static PyObject *module_log(PyObject *self, PyObject *args)
{
	(void)args;
	return list_of(self, PYTHON_RECORD, "log", NULL, "log");
}

static PyObject *module_slab_caches(PyObject *self, PyObject *args)
{
	(void)args;
	return list_of(self, PYTHON_SLAB_CACHE, "kmem -s", NULL, "caches");
}

static PyObject *module_runqueues(PyObject *self, PyObject *args)
{
	(void)args;
	return list_of(self, PYTHON_RUNQUEUE, "runq", NULL, "cpus");
}

static PyObject *module_timers(PyObject *self, PyObject *args)
{
	(void)args;
	return list_of(self, PYTHON_TIMER, "timer", "bases", "timers");
}

static PyObject *module_locks(PyObject *self, PyObject *args)
{
	(void)args;
	return list_of(self, PYTHON_WAIT, "locks -a", NULL, "tasks");
}

static PyObject *module_system(PyObject *self, PyObject *args)
{
	struct plugin *plugin = plugin_of(self);
	PyObject *row = plugin ? python_rows(plugin, "sys", "system") : NULL;

	(void)args;
	return row ? python_object(plugin, PYTHON_SYSTEM, row) : NULL;
}

static PyObject *module_read(PyObject *self, PyObject *args, PyObject *keywords)
{
	static char *names[] = { "address", "size", "physical", NULL };
	struct plugin *plugin = plugin_of(self);
	PyObject *address_object;
	uint64_t address;
	Py_ssize_t size;
	int physical = 0;

	if (!plugin ||
	    !PyArg_ParseTupleAndKeywords(args, keywords, "On|p", names, &address_object, &size,
					 &physical) ||
	    !value_to_u64(address_object, &address))
		return NULL;
	return python_read(plugin, physical ? PYTHON_PHYSICAL : PYTHON_KERNEL, 0, address, size);
}

static PyObject *module_run(PyObject *self, PyObject *args)
{
	struct plugin *plugin = plugin_of(self);
	const char *text;

	if (!plugin || !PyArg_ParseTuple(args, "s", &text))
		return NULL;
	return python_run(plugin, text, false);
}

static PyMethodDef functions[] = {
	{ "tasks", module_tasks, METH_NOARGS, "tasks() -> list of Task: all of them" },
	{ "task", module_task, METH_VARARGS,
	  "task(pid) -> Task; pid 0 is CPU 0's idle task. gdb.GdbError where there is none." },
	{ "cpus", module_cpus, METH_NOARGS, "cpus() -> list of CPU" },
	{ "modules", module_modules, METH_NOARGS, "modules() -> list of Module" },
	{ "log", module_log, METH_NOARGS, "log() -> list of LogRecord: the kernel's log" },
	{ "slab_caches", module_slab_caches, METH_NOARGS, "slab_caches() -> list of SlabCache" },
	{ "runqueues", module_runqueues, METH_NOARGS, "runqueues() -> list of RunQueue: each CPU's" },
	{ "timers", module_timers, METH_NOARGS, "timers() -> list of Timer: those of the timer wheels" },
	{ "locks", module_locks, METH_NOARGS, "locks() -> list of Wait: who waits for whom, and why" },
	{ "system", module_system, METH_NOARGS, "system() -> System: the machine and its end" },
	{ "read", (PyCFunction)(void (*)(void))module_read, METH_VARARGS | METH_KEYWORDS,
	  "read(address, size, physical=False) -> bytes of kernel memory, or of physical memory.\n"
	  "Raises MissingMemory where the dump has not all of it. A process's memory: Task.read()." },
	{ "run", module_run, METH_VARARGS,
	  "run(command) -> what `kernel COMMAND -j` prints, as dicts and lists: run(\"ps -k\")" },
	{ 0 },
};

static const char documentation[] =
	"Linux kernel crash dumps for Python scripts inside of gdb.\n"
	"\n"
	"  import vmcore\n"
	"\n"
	"vmcore.tasks()       list of Task: pid, tgid, ppid, comm, state, cpu, address,\n"
	"                     kernel_thread ... (the members of `kernel ps -j`),\n"
	"                     value: the gdb.Value of its struct task_struct *,\n"
	"                     stack(): list of Frame (pc, function, offset, module ...)\n"
	"                     that has an attribute end: why it is not complete, or None;\n"
	"                     vmas(), files(), mounts(): lists of VMA, File, Mount;\n"
	"                     read(address, size): bytes of the process's memory\n"
	"vmcore.task(PID)     one of them\n"
	"vmcore.cpus()        list of CPU: number, task, registers (dict), panicked ...\n"
	"vmcore.modules()     list of Module: name, base, size, build_id, value ...\n"
	"vmcore.log()         list of LogRecord: timestamp_ns, level, text, caller ...\n"
	"vmcore.slab_caches() list of SlabCache: name, object_size, value ... objects()\n"
	"vmcore.runqueues()   list of RunQueue: cpu, nr_running, queued, value ...\n"
	"vmcore.timers()      list of Timer: expires, function, cpu, value ...\n"
	"vmcore.locks()       list of Wait: pid, kind, object, holder_pid, value ...\n"
	"vmcore.system()      System: release, panic, uptime_ns ...\n"
	"vmcore.read(ADDRESS, SIZE, physical=False)\n"
	"                     bytes; raises vmcore.MissingMemory (a gdb.MemoryError)\n"
	"vmcore.list_for_each(HEAD, \"task_struct\", \"tasks\")\n"
	"                     iterator of gdb.Values, the pointers to the list's entries;\n"
	"                     list_for_each_reverse, hlist_for_each, rbtree_for_each\n"
	"                     likewise; without type and member the nodes' addresses\n"
	"vmcore.xarray_for_each(ROOT, TYPE=None)   iterator of (index, entry)\n"
	"vmcore.maple_for_each(TREE, TYPE=None)    iterator of (first, last, entry)\n"
	"vmcore.pages()       iterator of all struct page *\n"
	"vmcore.run(\"ps -k\")  what `kernel ps -k -j` prints, as dicts and lists; where\n"
	"                     that command would fail with a part of the answer there is\n"
	"                     \"incomplete\", which says why; \"notes\" say all else\n"
	"\n"
	"Lists have `notes': what is missing in them. An iterator whose container breaks\n"
	"off raises that after what it found.\n"
	"Addresses are numbers, but in what run() returns (\"0x...\"). What an object has\n"
	"stays when the dump is closed; what it has to read then (value, stack(), read())\n"
	"fails with gdb.GdbError. Errors of commands are gdb.GdbError, too.\n"
	"\n"
	"Example:\n"
	"(gdb) python import vmcore\n"
	"(gdb) python print([t.comm for t in vmcore.tasks() if t.state == 'UN'])\n"
	"['rig-uninterrupt', 'rig-mutex_waite']\n"
	"(gdb) python print(vmcore.task(1).value['mm']['total_vm'])\n"
	"565";

static PyObject *show_help(PyObject *self, PyObject *args)
{
	struct plugin *plugin = plugin_of(self);
	struct error error = { 0 };

	(void)args;
	if (!plugin)
		return NULL;
	if (!gdb_execute_visible(plugin, "help kernel python", &error))
		return raise_error(plugin, &error);
	Py_RETURN_NONE;
}

static PyMethodDef help_methods[] = {
	{ "invoke", show_help, METH_VARARGS, NULL },
	{ 0 },
};

/* `kernel python` is there for its help. */
static bool register_help(struct plugin *plugin)
{
	PyObject *base = plugin_gdb_base_class(plugin, "Command", "vmcore.HelpCommand",
					       help_methods);
	PyObject *class = base ? plugin_class(plugin, base, "help_command", documentation, NULL)
			       : NULL;
	PyObject *group = gdb_attribute(plugin, "COMMAND_SUPPORT"), *command = NULL;

	if (class && group)
		command = PyObject_CallFunction(class, "sO", "kernel python", group);
	Py_XDECREF(group);
	Py_XDECREF(class);
	Py_XDECREF(base);
	Py_XDECREF(command); /* gdb keeps its own reference */
	return command != NULL;
}

bool register_python(struct plugin *plugin, PyObject *module)
{
	return PyModule_SetDocString(module, documentation) == 0 &&
	       PyModule_AddFunctions(module, functions) == 0 &&
	       python_make_exception(plugin, module) && python_make_list_class(plugin, module) &&
	       python_make_walkers(plugin, module) && python_make_classes(plugin, module) &&
	       register_help(plugin);
}
