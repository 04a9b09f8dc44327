// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * `set vmcore NAME` and `show vmcore NAME`. To add a setting: a member of struct settings, a row in
 * the table below.
 */
#include "gdb/session.h"
#include "dump/packed/packed.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* What values a setting takes. */
struct kind {
	const char *gdb_kind;	    /* gdb.PARAM_... */
	const char *const *choices; /* a string that is one of these, the first by default */
	/* Of a string that is no file name: what it is at first, and whether VALUE will do. */
	const char *first;
	bool (*check)(const char *value, struct error *error);
	bool inverted; /* of a boolean: struct settings has the opposite, false at first */
	/* NULL, or makes the new value take effect in the open dump. */
	bool (*apply)(struct plugin *plugin, struct error *error);
};

struct setting {
	const char *name; /* after "vmcore " */
	const struct kind *kind;
	size_t offset; /* in struct settings */
	const char *doc;
};

static bool check_threads(const char *value, struct error *error)
{
	size_t max;

	return threads_parse(value, &max, error);
}

static bool apply_unpack_dir(struct plugin *plugin, struct error *error)
{
	return packed_set_directory(plugin->settings.unpack_dir) ||
	       error_no_memory(error, "a directory's name", 0);
}

static const char *const symbols_choices[] = { "auto", "vmlinux", "dump", NULL };
static const struct kind on_off = { .gdb_kind = "PARAM_BOOLEAN" };
/* One that is on at first: the member says that it is off. */
static const struct kind on_first = { .gdb_kind = "PARAM_BOOLEAN", .inverted = true };
static const struct kind file = { .gdb_kind = "PARAM_OPTIONAL_FILENAME" };
static const struct kind unpack_dir = { .gdb_kind = "PARAM_OPTIONAL_FILENAME",
					.apply = apply_unpack_dir };
static const struct kind source_path = { .gdb_kind = "PARAM_OPTIONAL_FILENAME", .apply = sources_apply };
static const struct kind symbols = { .gdb_kind = "PARAM_ENUM", .choices = symbols_choices };
static const char *const auto_choices[] = { "auto", "on", "off", NULL };
static const struct kind printers = { .gdb_kind = "PARAM_ENUM", .choices = auto_choices };
static const struct kind threads = { .gdb_kind = "PARAM_STRING_NOESCAPE",
				     .first = "auto",
				     .check = check_threads,
				     .apply = threads_apply };

static const struct setting settings[] = {
	{ "module-path", &file, offsetof(struct settings, module_path),
	  "Directories to look for modules' debug files in.\n"
	  "Separated by colons; each is searched with all below it for NAME.ko and\n"
	  "NAME.ko.debug, before the places beside vmlinux. A file whose build-id is not\n"
	  "the loaded module's is not used.\n"
	  "\n"
	  "Example:\n"
	  "(gdb) set vmcore module-path /home/me/build/drivers/net" },
	{ "debug-path", &file, offsetof(struct settings, debug_path),
	  "Where to look for the vmlinux of a dump.\n"
	  "Files, and directories with vmlinux, vmlinux-RELEASE, boot/, lib/modules/RELEASE\n"
	  "or .build-id/ in them, separated by colons; also compressed (.xz, .zst, .gz).\n"
	  "Looked at where gdb has no symbol file and `vmcore vmlinux' is not set, before\n"
	  "the dump's own directory, the places of distributions below /usr/lib/debug, and\n"
	  "the servers in DEBUGINFOD_URLS. The build-id must be the dump's.\n"
	  "\n"
	  "Example:\n"
	  "(gdb) set vmcore debug-path /srv/kernels:/home/me/linux" },
	{ "shell", &on_first, offsetof(struct settings, no_shell),
	  "Whether a shell may do what stands behind a kernel command.\n"
	  "As in `kernel ps | grep UN', `kernel log > FILE' and `kernel mod >> FILE'. Off,\n"
	  "such a command is refused.\n"
	  "\n"
	  "Example:\n"
	  "(gdb) set vmcore shell off" },
	{ "source-path", &source_path, offsetof(struct settings, source_path),
	  "Where the source of the kernel and of its modules is.\n"
	  "Directories, separated by colons: a kernel tree, a module's tree. gdb shows the\n"
	  "lines of files that are in one of them, whatever directory they were compiled\n"
	  "in (as `directory' and `set substitute-path' do, which are put back when the\n"
	  "dump is closed). After these the first tree of the kernel's version counts that\n"
	  "is where a distribution puts it: below /lib/modules, /usr/src, /usr/src/debug.\n"
	  "Takes effect at once.\n"
	  "\n"
	  "Example:\n"
	  "(gdb) set vmcore source-path /home/me/linux-6.1:/home/me/driver" },
	{ "symbols", &symbols, offsetof(struct settings, symbols),
	  "Where names, types and unwinding come from.\n"
	  "With `vmlinux', from the vmlinux that gdb has or that `set vmcore vmlinux' names.\n"
	  "With `dump', from the dump: a kernel carries its symbol table (kallsyms), its\n"
	  "types (BTF) and how to unwind its stacks (ORC). There are no source lines then,\n"
	  "no locals and no inlined functions. `auto' takes the dump's only where there is\n"
	  "no vmlinux. Takes effect at the next `target vmcore'.\n"
	  "\n"
	  "Example:\n"
	  "(gdb) set vmcore symbols dump" },
	{ "system-map", &file, offsetof(struct settings, system_map),
	  "A System.map to take the kernel's symbols from.\n"
	  "In place of those of a stripped vmlinux, or of the dump itself (kernels before\n"
	  "6.0 do not say where theirs are). It must be of the crashed kernel's build;\n"
	  "nothing in it tells. Takes effect at the next `target vmcore'.\n"
	  "\n"
	  "Example:\n"
	  "(gdb) set vmcore system-map /boot/System.map-5.10.0-30-amd64" },
	{ "vmlinux", &file, offsetof(struct settings, vmlinux),
	  "The kernel's vmlinux, for `target vmcore` to load.\n"
	  "It counts where gdb itself has no symbol file. gdb then loads its symbols once,\n"
	  "where the kernel ran; from `file VMLINUX` it loads them twice, which takes\n"
	  "longer. Takes effect at the next `target vmcore`.\n"
	  "\n"
	  "Example:\n"
	  "(gdb) set vmcore vmlinux /usr/lib/debug/boot/vmlinux-6.1.0-56-amd64" },
	{ "printers", &printers, offsetof(struct settings, printers),
	  "Whether gdb shows the kernel's types as what they are.\n"
	  "`print' and `info locals' then show a cpumask as a list of CPUs, a list_head as\n"
	  "empty or with how many others are on that list, an atomic_t as its number, a\n"
	  "dev_t as major:minor, a ktime_t as seconds, gfp_t and a page's flags by name, a\n"
	  "qstr and a dentry with their name. `auto' does so for a person at a console and\n"
	  "not for a front end, which has trees of its own. `print/r' shows one value\n"
	  "without; `info pretty-printer global vmcore' lists them. Takes effect at once.\n"
	  "\n"
	  "Example:\n"
	  "(gdb) print $task(\"rig-files\")->cpus_mask\n"
	  "$1 = 0-3\n"
	  "(gdb) print/r $task(\"rig-files\")->cpus_mask\n"
	  "$2 = {bits = {15, 18446744073709551615 <repeats 127 times>}}" },
	{ "crash-names", &on_off, offsetof(struct settings, crash_names),
	  "Whether a line means what it means in crash.\n"
	  "On, `bt', `p', `dis', `list', `search', `whatis', `eval', `struct', `*' and all\n"
	  "other commands that crash has are ours of that name; `set' of a task or a CPU\n"
	  "is ours, any other gdb's. `gdb COMMAND' is gdb's own, always; what crash has not\n"
	  "got is gdb's as well. `!COMMAND' is the shell's, `< FILE' runs a file of such\n"
	  "lines. `gdb set vmcore crash-names off' ends it. (Files that gdb itself reads\n"
	  "stay in gdb's language.) `gdb-vmcore --crash' begins so.\n"
	  "\n"
	  "Example:\n"
	  "(gdb) set vmcore crash-names on\n"
	  "crash> p init_task.pid\n"
	  "0\n"
	  "crash> gdb print init_task.pid\n"
	  "$1 = 0" },
	{ "force-vmlinux", &on_off, offsetof(struct settings, force_vmlinux),
	  "Whether to use a vmlinux of another build-id.\n"
	  "Off, a vmlinux that is not the crashed kernel's is refused. With one, everything\n"
	  "shown may be wrong. Takes effect at the next `target vmcore`.\n"
	  "\n"
	  "Example:\n"
	  "(gdb) set vmcore force-vmlinux on" },
	{ "threads", &threads, offsetof(struct settings, threads),
	  "How many tasks are threads of gdb, beside the CPUs.\n"
	  "`all', `cpus' (none but those that were running), or a number. Where there are\n"
	  "more tasks than that, those are taken that say most: in uninterruptible sleep,\n"
	  "runnable, processes, their other threads, kernel threads, idle ones. `auto' is\n"
	  "4096, and 500 for a front end that speaks MI. gdb itself takes most of a second\n"
	  "to read a list of 30,000, a front end much longer. Takes effect at once.\n"
	  "`kernel ps', `kernel bt PID' and $task(PID) always know every task.\n"
	  "\n"
	  "Example:\n"
	  "(gdb) set vmcore threads all" },
	{ "unpack-dir", &unpack_dir, offsetof(struct settings, unpack_dir),
	  "Where compressed dumps are unpacked to.\n"
	  "A dump that was compressed as a file (vmcore.gz, .xz, .zst, .lz4, .bz2) is\n"
	  "unpacked when it is first opened, and found again as long as neither is changed;\n"
	  "what was unpacked stays until you remove it. The default is\n"
	  "~/.cache/gdb-vmcore/unpacked. Files in zstd's seekable format and of bgzip are\n"
	  "read as they are.\n"
	  "\n"
	  "Example:\n"
	  "(gdb) set vmcore unpack-dir /var/tmp\n"
	  "(gdb) target vmcore vmcore.zst" },
	{ "zero-excluded", &on_off, offsetof(struct settings, zero_excluded),
	  "Whether pages left out of the dump read as zeros.\n"
	  "makedumpfile leaves out pages on purpose (-d). Off, reading them is an error\n"
	  "that says so: their contents are not known.\n"
	  "\n"
	  "Example:\n"
	  "(gdb) set vmcore zero-excluded on" },
};

static void *setting_place(struct plugin *plugin, const struct setting *setting)
{
	return (char *)&plugin->settings + setting->offset;
}

static bool set_string(char **place, PyObject *value)
{
	PyObject *bytes = value == Py_None ? PyBytes_FromString("")
					   : PyUnicode_EncodeFSDefault(value);
	char *copy = bytes ? strdup(PyBytes_AsString(bytes)) : NULL;

	Py_XDECREF(bytes);
	if (!copy)
		return false;
	free(*place);
	*place = copy;
	return true;
}

/* Is the new value one that the setting can have? If not, it stays what it was. */
static bool check_value(struct plugin *plugin, const struct setting *setting, PyObject *self,
			PyObject *value)
{
	PyObject *bytes = value == Py_None ? PyBytes_FromString("") : PyUnicode_AsUTF8String(value);
	const char *old = *(char **)setting_place(plugin, setting);
	struct error error = { 0 };
	PyObject *back;
	bool good = bytes && setting->kind->check(PyBytes_AsString(bytes), &error);

	Py_XDECREF(bytes);
	if (good || !error.kind)
		return good;
	back = PyUnicode_DecodeFSDefault(old ? old : setting->kind->first);
	if (back && PyObject_SetAttrString(self, "value", back) == 0)
		raise_error(plugin, &error);
	Py_XDECREF(back);
	return false;
}

/* gdb has stored the new value in self.value; copy it to where the C code reads it. */
static PyObject *parameter_set(PyObject *self, PyObject *args)
{
	struct plugin *plugin = plugin_of(self);
	const struct setting *setting = class_pointer(self);
	PyObject *value = PyObject_GetAttrString(self, "value");
	bool done = plugin && setting && value;
	struct error error = { 0 };

	(void)args;
	if (done && setting->kind->check)
		done = check_value(plugin, setting, self, value);
	if (done && setting->kind != &on_off && setting->kind != &on_first)
		done = set_string(setting_place(plugin, setting), value);
	else if (done)
		*(bool *)setting_place(plugin, setting) = (value == Py_True) != setting->kind->inverted;
	Py_XDECREF(value);
	if (!done)
		return NULL;
	if (setting->kind->apply && !setting->kind->apply(plugin, &error))
		return raise_error(plugin, &error);
	if (plugin->session)
		plugin->session->kernel->dump->zero_excluded = plugin->settings.zero_excluded;
	if (plugin->bare)
		plugin->bare->dump->zero_excluded = plugin->settings.zero_excluded;
	return PyUnicode_FromString("");
}

static PyObject *parameter_show(PyObject *self, PyObject *args)
{
	const struct setting *setting = class_pointer(self);
	const char *text;

	if (!setting || !PyArg_ParseTuple(args, "s", &text))
		return NULL;
	return PyUnicode_FromFormat("vmcore %s is \"%s\".", setting->name, text);
}

static PyMethodDef methods[] = {
	{ "get_set_string", parameter_set, METH_NOARGS, NULL },
	{ "get_show_string", parameter_show, METH_VARARGS, NULL },
	{ 0 },
};

static PyObject *choices_of(const struct setting *setting)
{
	PyObject *list = PyList_New(0);

	for (size_t i = 0; list && setting->kind->choices[i]; i++) {
		PyObject *choice = PyUnicode_FromString(setting->kind->choices[i]);

		if (!choice || PyList_Append(list, choice) < 0)
			Py_CLEAR(list);
		Py_XDECREF(choice);
	}
	return list;
}

static bool register_setting(struct plugin *plugin, PyObject *base, const struct setting *setting)
{
	PyObject *class = plugin_class(plugin, base, "vmcore_parameter", setting->doc, setting);
	PyObject *group = gdb_attribute(plugin, "COMMAND_DATA");
	PyObject *kind = gdb_attribute(plugin, setting->kind->gdb_kind);
	PyObject *choices = setting->kind->choices ? choices_of(setting) : NULL;
	PyObject *name = PyUnicode_FromFormat("vmcore %s", setting->name), *summary = NULL,
		 *parameter = NULL;

	/* gdb shows the first line of __doc__ through these two. */
	summary = PyUnicode_FromStringAndSize(setting->doc,
					      strchr(setting->doc, '\n') - setting->doc);
	if (class && group && kind && name && summary && (choices || !setting->kind->choices) &&
	    PyObject_SetAttrString(class, "set_doc", summary) == 0 &&
	    PyObject_SetAttrString(class, "show_doc", summary) == 0)
		parameter = PyObject_CallFunctionObjArgs(class, name, group, kind, choices, NULL);
	if (parameter && setting->kind->first) {
		PyObject *first = PyUnicode_FromString(setting->kind->first);

		if (!first || PyObject_SetAttrString(parameter, "value", first) < 0)
			Py_CLEAR(parameter);
		Py_XDECREF(first);
	}
	if (parameter && setting->kind->inverted && PyObject_SetAttrString(parameter, "value", Py_True) < 0)
		Py_CLEAR(parameter);
	/* gdb starts an optional filename as None, a boolean as False and a choice as the first, as
	 * struct settings does. */
	Py_XDECREF(choices);
	Py_XDECREF(class);
	Py_XDECREF(group);
	Py_XDECREF(kind);
	Py_XDECREF(name);
	Py_XDECREF(summary);
	Py_XDECREF(parameter);
	return parameter != NULL;
}

/* `show vmcore` alone shows every setting, as `show print` does; `set vmcore` alone says what there
 * is. */
static PyObject *prefix_invoke(PyObject *self, PyObject *args)
{
	struct plugin *plugin = plugin_of(self);
	const bool *show = class_pointer(self);
	struct error error = { 0 };
	bool done = plugin && show;
	char command[80];

	(void)args;
	if (done && !*show)
		done = gdb_execute_visible(plugin, "help set vmcore", &error);
	for (size_t i = 0; done && *show && i < sizeof(settings) / sizeof(settings[0]); i++) {
		snprintf(command, sizeof(command), "show vmcore %s", settings[i].name);
		done = gdb_execute_visible(plugin, command, &error);
	}
	if (!done || PyErr_Occurred())
		return raise_error(plugin, &error);
	Py_RETURN_NONE;
}

static PyMethodDef prefix_methods[] = {
	{ "invoke", prefix_invoke, METH_VARARGS, NULL },
	{ 0 },
};

/* `set vmcore` and `show vmcore` themselves. */
static bool register_prefix(struct plugin *plugin, const char *name, const bool *show)
{
	PyObject *command = plugin_gdb_base_class(plugin, "Command", "vmcore.SettingsPrefix",
						  prefix_methods);
	PyObject *class = command ? plugin_class(plugin, command, "vmcore_prefix",
						 "Settings of the kernel dump debugger.", show)
				  : NULL;
	PyObject *group = gdb_attribute(plugin, "COMMAND_DATA");
	PyObject *complete = gdb_attribute(plugin, "COMPLETE_NONE"), *prefix = NULL;

	if (class && group && complete)
		prefix = PyObject_CallFunction(class, "sOOO", name, group, complete, Py_True);
	Py_XDECREF(command);
	Py_XDECREF(class);
	Py_XDECREF(group);
	Py_XDECREF(complete);
	Py_XDECREF(prefix);
	return prefix != NULL;
}

bool register_parameters(struct plugin *plugin)
{
	PyObject *base = plugin_gdb_base_class(plugin, "Parameter", "vmcore.Parameter", methods);
	static const bool yes = true, no = false;
	bool done = base && register_prefix(plugin, "set vmcore", &no) &&
		    register_prefix(plugin, "show vmcore", &yes);

	for (size_t i = 0; done && i < sizeof(settings) / sizeof(settings[0]); i++)
		done = register_setting(plugin, base, &settings[i]);
	Py_XDECREF(base);
	return done;
}
