// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The two ways in. Python's `import vmcore` (what scripts/vmcore.gdb does) calls PyInit_vmcore;
 * gdb's `jit-reader-load vmcore.abi3.so` calls gdb_init_reader. Both lead to plugin_load().
 */
#include "gdb/plugin.h"

#include <gdb/jit-reader.h>
#include <stdio.h>

GDB_DECLARE_GPL_COMPATIBLE_READER;

PyMODINIT_FUNC PyInit_vmcore(void)
{
	return plugin_load();
}

static enum gdb_status read_nothing(struct gdb_reader_funcs *self,
				    struct gdb_symbol_callbacks *callbacks, void *memory, long size)
{
	(void)self, (void)callbacks, (void)memory, (void)size;
	return GDB_FAIL;
}

/* Unwinding is done by CFI (symbols/cfi/cfi.h), which JIT readers cannot express: see the design's
 * "Stacks". */
static enum gdb_status unwind_nothing(struct gdb_reader_funcs *self,
				      struct gdb_unwind_callbacks *callbacks)
{
	(void)self, (void)callbacks;
	return GDB_FAIL;
}

static struct gdb_frame_id no_frame_id(struct gdb_reader_funcs *self,
				       struct gdb_unwind_callbacks *callbacks)
{
	(void)self, (void)callbacks;
	return (struct gdb_frame_id){ 0 };
}

static void destroy_nothing(struct gdb_reader_funcs *self)
{
	(void)self;
}

/* Must not return NULL, even on failure: gdb would follow it. */
extern struct gdb_reader_funcs *gdb_init_reader(void)
{
	static struct gdb_reader_funcs reader = {
		.reader_version = GDB_READER_INTERFACE_VERSION,
		.read = read_nothing,
		.unwind = unwind_nothing,
		.get_frame_id = no_frame_id,
		.destroy = destroy_nothing,
	};
	PyGILState_STATE state;
	PyObject *module;

	if (!Py_IsInitialized()) {
		fputs("vmcore: this gdb's Python is not initialised yet; load the plugin later (-ex, not -eiex)\n",
		      stderr);
		return &reader;
	}
	state = PyGILState_Ensure();
	module = plugin_load();
	if (!module)
		PyErr_Print();
	Py_XDECREF(module);
	PyGILState_Release(state);
	return &reader;
}
