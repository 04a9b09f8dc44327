// SPDX-License-Identifier: GPL-3.0-or-later
/* vmcore.cpus(): no command has the CPUs as rows. */
#include "gdb/python/python.h"

#include "gdb/session.h"
#include "kernel/tasks/cpu.h"
#include "kernel/tasks/task.h"

/* Puts VALUE (stolen) into DICT. */
static bool put(PyObject *dict, const char *key, PyObject *value)
{
	int status = value ? PyDict_SetItemString(dict, key, value) : -1;

	Py_XDECREF(value);
	return status == 0;
}

/* Those that are known. */
static PyObject *registers_dict(const struct arch *arch, const struct registers *registers)
{
	PyObject *dict = PyDict_New();

	for (unsigned i = 0; dict && i < arch->nr_registers; i++)
		if (registers->valid >> i & 1 &&
		    !put(dict, arch->registers[i].name,
			 PyLong_FromUnsignedLongLong(registers->value[i])))
			Py_CLEAR(dict);
	return dict;
}

static PyObject *cpu_row(const struct kernel *kernel, const struct cpu *cpu)
{
	static const char *const sources[] = { [CPU_REGISTERS_NONE] = NULL,
					       [CPU_REGISTERS_NOTE] = "cpu-note",
					       [CPU_REGISTERS_SAVED] = "inferred" };
	const char *source = sources[cpu->registers_source];
	PyObject *row = PyDict_New();

	if (row && put(row, "number", PyLong_FromUnsignedLong(cpu->number)) &&
	    put(row, "online", cpu->online_unknown ? Py_BuildValue("") : PyBool_FromLong(cpu->online)) &&
	    put(row, "panicked", PyBool_FromLong(cpu->panicked)) &&
	    put(row, "task_address", PyLong_FromUnsignedLongLong(cpu->task)) &&
	    PyDict_SetItemString(row, "task_inferred_from", Py_None) == 0 &&
	    (!cpu->inferred_from ||
	     put(row, "task_inferred_from", PyUnicode_FromString(cpu->inferred_from))) &&
	    put(row, "registers", registers_dict(kernel->arch, &cpu->registers)) &&
	    PyDict_SetItemString(row, "registers_source", Py_None) == 0 &&
	    (!source || put(row, "registers_source", PyUnicode_FromString(source))))
		return row;
	Py_XDECREF(row);
	return NULL;
}

PyObject *python_cpus(struct plugin *plugin)
{
	struct session *session = python_session(plugin);
	struct kernel *kernel = session ? session->kernel : NULL;
	PyObject *rows = kernel ? PyList_New(0) : NULL;

	struct task_table *table;

	/* What has to be inferred of the CPUs is with the tasks; from then on they do not change. */
	if (kernel) {
		pthread_mutex_lock(&kernel->lock);
		tasks_get(kernel, &table, NULL);
		pthread_mutex_unlock(&kernel->lock);
	}
	for (size_t i = 0; rows && i < kernel->nr_cpus; i++) {
		PyObject *row = cpu_row(kernel, &kernel->cpus[i]);

		if (!row || PyList_Append(rows, row) < 0)
			Py_CLEAR(rows);
		Py_XDECREF(row);
	}
	return python_objects(plugin, PYTHON_CPU, rows);
}
