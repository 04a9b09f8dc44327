// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The kernel's containers for Python: vmcore.list_for_each(HEAD, TYPE, MEMBER) and its like.
 *
 * The walkers are C's (kernel/containers.h): bounded, and no circle holds them. What they return is an iterator over all that was found;
 * where the container breaks off the exception comes after that, so that no loop takes a part for the whole.
 *
 * To add one: a row in `walkers`, a case in walk().
 */
#include "gdb/python/python.h"

#include <string.h>

#include "gdb/session.h"
#include "kernel/containers.h"
#include "kernel/memory/page.h"

enum walker { LIST, LIST_BACK, HLIST, RBTREE, XARRAY, MAPLE };

/* --- the iterator --- */

static PyObject *walk_iter(PyObject *self)
{
	Py_INCREF(self);
	return self;
}

/* ADDRESS as what it is: a pointer to the type, or a number. */
static PyObject *entry_value(struct plugin *plugin, PyObject *type, PyObject *address)
{
	uint64_t number;

	if (type == Py_None) {
		Py_INCREF(address);
		return address;
	}
	return value_to_u64(address, &number) ? gdb_pointer_to(plugin, number, type) : NULL;
}

/* An item is an address, or a tuple whose last member is one. */
static PyObject *item_value(struct plugin *plugin, PyObject *type, PyObject *item)
{
	Py_ssize_t size = PyTuple_Check(item) ? PyTuple_Size(item) : 0;
	PyObject *value = entry_value(plugin, type, size ? PyTuple_GetItem(item, size - 1) : item), *tuple;

	if (!size || !value)
		return value;
	tuple = size == 2 ? Py_BuildValue("ON", PyTuple_GetItem(item, 0), value)
			  : Py_BuildValue("OON", PyTuple_GetItem(item, 0), PyTuple_GetItem(item, 1), value);
	return tuple;
}

/* After the last one: what ended the walk, once. NULL without an exception: nothing did. */
static PyObject *walk_end(PyObject *self)
{
	PyObject *end = PyObject_GetAttrString(self, "_end");

	if (end && end != Py_None && PyObject_SetAttrString(self, "_end", Py_None) == 0)
		PyErr_SetObject((PyObject *)Py_TYPE(end), end);
	Py_XDECREF(end);
	return NULL;
}

static bool set_number(PyObject *self, const char *name, uint64_t value)
{
	PyObject *number = PyLong_FromUnsignedLongLong(value);
	int status = number ? PyObject_SetAttrString(self, name, number) : -1;

	Py_XDECREF(number);
	return status == 0;
}

/* Number AT of a run (address, count) of what is STRIDE bytes; behind its last one the next run's first. */
static PyObject *run_value(PyObject *self, struct plugin *plugin, PyObject *runs, PyObject *type, uint64_t at, uint64_t stride)
{
	uint64_t run, address, count;

	if (!python_member(self, "_run", &run))
		return NULL;
	for (; run < (uint64_t)PyList_Size(runs); run++, at = 0) {
		PyObject *item = PyList_GetItem(runs, (Py_ssize_t)run);

		if (!value_to_u64(PyTuple_GetItem(item, 0), &address) || !value_to_u64(PyTuple_GetItem(item, 1), &count))
			return NULL;
		if (at < count)
			return set_number(self, "_at", at + 1) && set_number(self, "_run", run) ? gdb_pointer_to(plugin, address + at * stride, type)
												: NULL;
	}
	return set_number(self, "_run", run) ? walk_end(self) : NULL;
}

static PyObject *walk_next(PyObject *self)
{
	struct plugin *plugin = plugin_of(self);
	PyObject *items, *type, *value = NULL;
	uint64_t at, stride;

	if (!plugin || !python_session_of(plugin, self) || !python_member(self, "_at", &at) || !python_member(self, "_stride", &stride))
		return NULL;
	items = PyObject_GetAttrString(self, "_items");
	type = items ? PyObject_GetAttrString(self, "_type") : NULL;
	if (type && stride)
		value = run_value(self, plugin, items, type, at, stride);
	else if (type && at < (uint64_t)PyList_Size(items))
		value = set_number(self, "_at", at + 1) ? item_value(plugin, type, PyList_GetItem(items, (Py_ssize_t)at)) : NULL;
	else if (type)
		value = walk_end(self);
	Py_XDECREF(type);
	Py_XDECREF(items);
	return value;
}

static bool make_walk_class(struct plugin *plugin, PyObject *module)
{
	PyType_Slot slots[] = { { Py_tp_iter, walk_iter }, { Py_tp_iternext, walk_next }, { 0 } };
	PyType_Spec spec = { .name = "vmcore.WalkBase", .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, .slots = slots };

	return python_add_class(plugin, module, PyType_FromSpec(&spec), "Walk",
				"What a walker found, an iterator. Where the container could not be followed to its end the exception comes after all that "
				"was found.",
				&plugin->python_walk);
}

/* The pending exception as an object; None if there is none. */
static PyObject *take_exception(void)
{
	PyObject *class, *value, *traceback;

	PyErr_Fetch(&class, &value, &traceback);
	if (!class)
		Py_RETURN_NONE;
	PyErr_NormalizeException(&class, &value, &traceback);
	Py_XDECREF(traceback);
	Py_DECREF(class);
	return value;
}

/* ITEMS is stolen; *error: what ended the walk, or of kind ERROR_NONE. */
static PyObject *make_walk(struct session *session, PyObject *items, PyObject *type, const struct error *error)
{
	struct plugin *plugin = session->plugin;
	PyObject *walk, *end;

	if (error->kind == ERROR_INTERRUPTED) {
		Py_DECREF(items);
		return raise_error(plugin, error);
	}
	if (error->kind != ERROR_NONE)
		python_raise_read_error(plugin, error);
	end = take_exception();
	walk = PyObject_CallObject(plugin->python_walk, NULL);
	if (walk && (!python_set_dump(session, walk) || PyObject_SetAttrString(walk, "_items", items) < 0 || PyObject_SetAttrString(walk, "_type", type) < 0 ||
		     PyObject_SetAttrString(walk, "_end", end) < 0))
		Py_CLEAR(walk);
	Py_DECREF(items);
	Py_DECREF(end);
	return walk;
}

/* --- the walkers --- */

/* Puts ITEM (stolen) into the list CONTEXT; false if there is no memory. */
static bool add(void *context, PyObject *item, struct error *error)
{
	int status = item ? PyList_Append(context, item) : -1;

	Py_XDECREF(item);
	PyErr_Clear();
	return status == 0 || error_no_memory(error, "what was found", 0);
}

static bool add_address(void *context, uint64_t address, struct error *error)
{
	return add(context, PyLong_FromUnsignedLongLong(address), error);
}

static bool add_indexed(void *context, uint64_t index, uint64_t entry, struct error *error)
{
	return add(context, Py_BuildValue("KK", (unsigned long long)index, (unsigned long long)entry), error);
}

static bool add_range(void *context, uint64_t first, uint64_t last, uint64_t entry, struct error *error)
{
	return add(context, Py_BuildValue("KKK", (unsigned long long)first, (unsigned long long)last, (unsigned long long)entry), error);
}

static bool walk(struct kernel *kernel, enum walker walker, uint64_t at, uint64_t offset, PyObject *items, struct error *error)
{
	switch (walker) {
	case LIST: return list_for_each(kernel, at, offset, add_address, items, error);
	case LIST_BACK: return list_for_each_back(kernel, at, offset, add_address, items, error);
	case HLIST: return hlist_for_each(kernel, at, offset, add_address, items, error);
	case RBTREE: return rbtree_for_each(kernel, at, offset, add_address, items, error);
	case XARRAY: return xarray_for_each(kernel, at, add_indexed, items, error);
	default: return maple_for_each(kernel, at, add_range, items, error);
	}
}

/* The gdb.Type that TYPE, a str or already one, means. None stays None. */
static PyObject *find_type(struct plugin *plugin, PyObject *type, PyObject *member, uint64_t *offset_ret)
{
	*offset_ret = 0;
	if (type != Py_None)
		return gdb_container(plugin, type, member == Py_None ? NULL : member, offset_ret);
	Py_INCREF(type);
	return type;
}

static PyObject *start_walk(PyObject *self, enum walker walker, PyObject *at_value, PyObject *type_name, PyObject *member)
{
	struct plugin *plugin = plugin_of(self);
	struct session *session = plugin ? python_session(plugin) : NULL;
	struct error error = { .kind = ERROR_NONE };
	PyObject *type, *items, *result = NULL;
	uint64_t at, offset;

	if (!session || !value_to_u64(at_value, &at))
		return NULL;
	if (!session_attach(session, &error)) /* types are gdb's */
		return raise_error(plugin, &error);
	type = find_type(plugin, type_name, member, &offset);
	items = type ? PyList_New(0) : NULL;
	if (items) {
		session_hold(session);
		if (walk(session->kernel, walker, at, offset, items, &error))
			error.kind = ERROR_NONE;
		session_release(session);
		result = make_walk(session, items, type, &error);
	}
	Py_XDECREF(type);
	return result;
}

/* HEAD, TYPE=None, MEMBER=None */
static PyObject *walk_nodes(PyObject *self, PyObject *args, PyObject *keywords, enum walker walker)
{
	static char *names[] = { "head", "type", "member", NULL };
	PyObject *head, *type = Py_None, *member = Py_None;

	if (!PyArg_ParseTupleAndKeywords(args, keywords, "O|OO", names, &head, &type, &member))
		return NULL;
	if (type != Py_None && member == Py_None) {
		PyErr_SetString(PyExc_TypeError, "of a type the member that is the node is needed: list_for_each(head, \"task_struct\", \"tasks\")");
		return NULL;
	}
	return start_walk(self, walker, head, type, member);
}

/* ROOT, TYPE=None */
static PyObject *walk_entries(PyObject *self, PyObject *args, PyObject *keywords, enum walker walker)
{
	static char *names[] = { "root", "type", NULL };
	PyObject *root, *type = Py_None;

	if (!PyArg_ParseTupleAndKeywords(args, keywords, "O|O", names, &root, &type))
		return NULL;
	return start_walk(self, walker, root, type, Py_None);
}

static PyObject *walk_list(PyObject *self, PyObject *args, PyObject *keywords)
{
	return walk_nodes(self, args, keywords, LIST);
}

static PyObject *walk_list_back(PyObject *self, PyObject *args, PyObject *keywords)
{
	return walk_nodes(self, args, keywords, LIST_BACK);
}

static PyObject *walk_hlist(PyObject *self, PyObject *args, PyObject *keywords)
{
	return walk_nodes(self, args, keywords, HLIST);
}

static PyObject *walk_rbtree(PyObject *self, PyObject *args, PyObject *keywords)
{
	return walk_nodes(self, args, keywords, RBTREE);
}

static PyObject *walk_xarray(PyObject *self, PyObject *args, PyObject *keywords)
{
	return walk_entries(self, args, keywords, XARRAY);
}

static PyObject *walk_maple(PyObject *self, PyObject *args, PyObject *keywords)
{
	return walk_entries(self, args, keywords, MAPLE);
}

/* --- pages --- */

/* All struct pages would be too many for a list: runs of them, (address, count), which the iterator takes apart. */
static PyObject *pages_runs(struct kernel *kernel, uint64_t *size_ret, struct error *error)
{
	PyObject *runs = PyList_New(0);
	const struct page_map *map;
	bool done = runs && page_map_get(kernel, &map, error);

	for (size_t i = 0; done && i < map->nr_runs; i++)
		done = add(runs, Py_BuildValue("KK", (unsigned long long)map->runs[i].address, (unsigned long long)map->runs[i].count), error);
	if (!done) {
		Py_XDECREF(runs);
		return NULL;
	}
	*size_ret = map->struct_size;
	*error = map->damage;
	return runs;
}

static PyObject *walk_pages(PyObject *self, PyObject *args)
{
	struct plugin *plugin = plugin_of(self);
	struct session *session = plugin ? python_session(plugin) : NULL;
	struct error error = { .kind = ERROR_NONE };
	PyObject *runs, *type, *walk = NULL;
	uint64_t size;

	(void)args;
	if (!session)
		return NULL;
	if (!session_attach(session, &error))
		return raise_error(plugin, &error);
	session_hold(session);
	runs = pages_runs(session->kernel, &size, &error);
	session_release(session);
	if (!runs)
		return python_raise_read_error(plugin, &error);
	type = PyObject_CallMethod(plugin->gdb, "lookup_type", "s", "struct page");
	if (type)
		walk = make_walk(session, runs, type, &error);
	else
		Py_DECREF(runs);
	Py_XDECREF(type);
	if (walk && !set_number(walk, "_stride", size))
		Py_CLEAR(walk);
	return walk;
}

#define KEYWORDS(function) (PyCFunction)(void (*)(void))(function), METH_VARARGS | METH_KEYWORDS

static PyMethodDef walkers[] = {
	{ "list_for_each", KEYWORDS(walk_list),
	  "list_for_each(head, type=None, member=None) -> iterator of the entries of a list_head: pointers to TYPE, whose MEMBER is the node; without a "
	  "type the nodes' addresses" },
	{ "list_for_each_reverse", KEYWORDS(walk_list_back), "the same from the other end" },
	{ "hlist_for_each", KEYWORDS(walk_hlist), "hlist_for_each(head, type=None, member=None): the same of an hlist_head" },
	{ "rbtree_for_each", KEYWORDS(walk_rbtree), "rbtree_for_each(root, type=None, member=None): the same of an rb_root, in order" },
	{ "xarray_for_each", KEYWORDS(walk_xarray),
	  "xarray_for_each(root, type=None) -> iterator of (index, entry) of an xarray, or a radix tree; an idr's is its idr_rt. With a type entries are "
	  "pointers to it" },
	{ "maple_for_each", KEYWORDS(walk_maple), "maple_for_each(tree, type=None) -> iterator of (first, last, entry) of a maple_tree" },
	{ "pages", walk_pages, METH_NOARGS, "pages() -> iterator of all struct page *, by frame" },
	{ 0 },
};

bool python_make_walkers(struct plugin *plugin, PyObject *module)
{
	return make_walk_class(plugin, module) && set_number(plugin->python_walk, "_at", 0) && set_number(plugin->python_walk, "_run", 0) &&
	       set_number(plugin->python_walk, "_stride", 0) && PyModule_AddFunctions(module, walkers) == 0;
}
