// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What gdb has to be told when a dump is attached: settings, where vmlinux's symbols are, how
 * stacks unwind.
 */
#include "gdb/session.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "kernel/open/own.h"
#include "kernel/stacks/dynamic_write.h"
#include "symbols/cfi/cfi.h"
#include "symbols/cfi/companion.h"
#include "symbols/cfi/per_cpu_names.h"

/*
 * Restored when the dump is closed. A gdb that has no such setting is left alone.
 */
static const struct {
	const char *name, *value;
} settings[] = {
	/* A dump cannot be written to, run or called into; gdb says so itself before it asks us. */
	{ "may-write-memory", "off" },
	{ "may-write-registers", "off" },
	{ "may-insert-breakpoints", "off" },
	{ "may-insert-tracepoints", "off" },
	{ "may-call-functions", "off" },
	/* Files are this machine's; without it gdb tries to fetch modules through the target
	   ("target:"). */
	{ "sysroot", "/" },
	/* Kernel code is nobody's main(), and vmlinux's entry point is a physical address. */
	{ "backtrace past-main", "on" },
	{ "backtrace past-entry", "on" },
	/* Our server remembers nothing for gdb: cached memory makes repeated reads 20 times faster.
	 * (session.c's CACHE_LINE.) */
	{ "dcache line-size", "1024" },
	{ "dcache size", "8192" },
	{ "auto-solib-add", "on" },
	/* "[New Thread ...]" for each task when it becomes one. */
	{ "print thread-events", "off" },
	/* Else gdb 18 jumps to thread 1 when a resume was refused. */
	{ "scheduler-locking", "on" },
	/* What Eclipse and others ask for first; our server, as most, has all threads stop together. */
	{ "non-stop", "off" },
	/* A slow disk is no reason to lose the dump (default: 2 s). */
	{ "remotetimeout", "60" },
};

bool attach_check_machine(struct session *session, struct error *error)
{
	const struct arch *arch = session->kernel->arch;
	struct buffer known = { 0 };
	/* Completion asks without changing anything; a gdb that cannot answer is not refused. */
	bool asked = gdb_execute(session->plugin, &known, NULL, "complete set architecture %s", arch->gdb_name);
	bool there = !asked || known.failed || (known.data && strstr(known.data, arch->gdb_name));

	buffer_free(&known);
	return there || error_set(error, ERROR_UNSUPPORTED,
				  "this gdb knows no %s machines: start one that was built for all (Debian: package gdb-multiarch) as "
				  "gdb-vmcore --gdb=gdb-multiarch; with -batch, kernel commands alone need none",
				  arch->name);
}

bool attach_settings(struct session *session, struct error *error)
{
	struct plugin *plugin = session->plugin;

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		struct saved_setting *saved = &session->saved[session->nr_saved];
		struct buffer value = { 0 };

		if (!gdb_setting(plugin, settings[i].name, &value))
			continue;
		if (!gdb_execute(plugin, NULL, NULL, "set %s %s", settings[i].name,
				 settings[i].value)) {
			buffer_free(&value);
			continue;
		}
		if (value.failed || !value.data)
			return error_no_memory(error, "gdb's settings", 0);
		saved->name = settings[i].name;
		saved->value = value.data; /* malloc'ed by the buffer */
		session->nr_saved++;
	}
	/* Without a file gdb takes every machine's numbers for little-endian. */
	if (session->kernel->arch->big_endian)
		gdb_execute(plugin, NULL, NULL, "set endian big");
	gdb_execute(plugin, NULL, NULL, "mem 0 0 ro cache");
	return true;
}

void attach_restore_settings(struct session *session)
{
	struct plugin *plugin = session->plugin;

	for (size_t i = session->nr_saved; i > 0; i--)
		gdb_execute(plugin, NULL, NULL, "set %s %s", session->saved[i - 1].name,
			    session->saved[i - 1].value);
	if (session->kernel && session->kernel->arch && session->kernel->arch->big_endian)
		gdb_execute(plugin, NULL, NULL, "set endian auto");
	gdb_execute(plugin, NULL, NULL, "mem auto");
}

/*
 * gdb would go on to look for vmlinux's entry point in its sections, which have moved ("Cannot find section for the entry point"), and
 * to list them where they are not. It has no way to tell which file that is but the list.
 */
void attach_hide_program(struct plugin *plugin)
{
	struct buffer files = { 0 };
	const char *name, *end;

	gdb_execute(plugin, &files, NULL, "info files");
	name = files.data ? strstr(files.data, "Local exec file:\n\t`") : NULL;
	name = name ? strchr(name, '`') + 1 : NULL;
	end = name ? strstr(name, "', file type ") : NULL;
	if (end) {
		free(plugin->program);
		plugin->program = strndup(name, end - name);
	}
	buffer_free(&files);
	gdb_execute(plugin, NULL, NULL, "exec-file");
}

void attach_restore_symbols(struct session *session)
{
	struct plugin *plugin = session->plugin;

	if (plugin->program)
		gdb_execute_file(plugin, NULL, "exec-file", plugin->program, "");
	free(plugin->program);
	plugin->program = NULL;
	gdb_execute(plugin, NULL, NULL, "symbol-file");
	/*
	 * Not with symbol-file: gdb keeps what add-symbol-file (relocate) read, and a program's
	 * symbols that were read for a shared object make `print linux_banner` an internal error
	 * (get_msymbol_address in gdb/symtab.c).
	 */
	if (plugin->vmlinux)
		gdb_execute_file(plugin, NULL, "add-symbol-file", plugin->vmlinux, "-o 0");
}

/* The filename attribute of gdb.CALL or an element of it, malloc'ed; NULL if there is none. */
static char *filename_of(PyObject *object)
{
	PyObject *name = object ? PyObject_GetAttrString(object, "filename") : NULL;
	PyObject *bytes = name && name != Py_None ? PyUnicode_EncodeFSDefault(name) : NULL;
	char *copy = bytes ? strdup(PyBytes_AsString(bytes)) : NULL;

	Py_XDECREF(bytes);
	Py_XDECREF(name);
	forget_exception();
	return copy;
}

/* gdb's main symbol file, malloc'ed; NULL if it has none. */
static char *symbol_file(struct plugin *plugin)
{
	PyObject *space = PyObject_CallMethod(plugin->gdb, "current_progspace", NULL);
	char *name = filename_of(space);

	Py_XDECREF(space);
	forget_exception();
	return name;
}

char *attach_current_vmlinux(struct plugin *plugin)
{
	char *name = symbol_file(plugin);

	if (!name && plugin->settings.vmlinux && *plugin->settings.vmlinux)
		name = realpath(plugin->settings.vmlinux, NULL); /* as gdb will call it */
	/* Once a dump was attached vmlinux is a file among others to gdb (attach_symbols), but we
	 * know. */
	if (!name && plugin->vmlinux)
		name = strdup(plugin->vmlinux);
	return name;
}

void attach_per_cpu_names(struct session *session)
{
	char path[128];
	bool any;

	session_path(session, "per-cpu.debug", path, sizeof(path));
	if (per_cpu_names_write(session->kernel->arch, session->kernel->symbols, path, &any, NULL) && any)
		gdb_execute_file(session->plugin, NULL, "add-symbol-file", path, "");
	forget_exception();
}

/*
 * Moves vmlinux's symbols by the KASLR offset. per-CPU symbols stay where they are: up to 6.14 they
 * are linked at 0 and do not move, and `target remote`'s own way (qOffsets) would move them too.
 * gdb keeps the file's index while the exec file holds it, so loading the symbols again costs
 * little (0.15 s for a Debian vmlinux).
 */
static bool relocate(struct session *session, struct error *error)
{
	struct plugin *plugin = session->plugin;
	struct kernel *kernel = session->kernel;
	const struct symbol *percpu = symtab_find(kernel->symbols, "__per_cpu_start");
	bool percpu_moves = !percpu || percpu->address, done;
	char options[64];

	snprintf(options, sizeof(options), "-o 0x%" PRIx64 "%s", kernel->memory->kaslr_offset,
		 percpu_moves ? "" : " -s .data..percpu 0");
	if (session->index_reload) /* see above: it would keep the index it has */
		gdb_execute(plugin, NULL, NULL, "exec-file");
	done = gdb_execute(plugin, NULL, error, "symbol-file");
	if (done)
		attach_per_cpu_names(session);
	done = done && gdb_execute_file(plugin, error, "add-symbol-file", kernel->vmlinux_path, options);
	if (session->index_reload)
		gdb_execute_file(plugin, NULL, "exec-file", kernel->vmlinux_path, "");
	return done;
}

void attach_symbols_alone(struct plugin *plugin)
{
	char *loaded = symbol_file(plugin), *path = loaded ? NULL : attach_current_vmlinux(plugin);

	/* Once a dump was attached they are there: see attach_restore_symbols. */
	if (path && !plugin->session && !plugin->vmlinux)
		gdb_execute_file(plugin, NULL, "symbol-file", path, "");
	free(loaded);
	free(path);
}

/* The gdb.Objfile of the file PATH, a new reference; NULL without an exception if there is none. */
static PyObject *find_objfile(struct plugin *plugin, const char *path)
{
	PyObject *objfiles = PyObject_CallMethod(plugin->gdb, "objfiles", NULL), *found = NULL;
	char *real = realpath(path, NULL); /* gdb names the file that a symbolic link leads to */

	for (Py_ssize_t i = 0; objfiles && !found && i < PyList_Size(objfiles); i++) {
		PyObject *objfile = PyList_GetItem(objfiles, i);
		char *name = filename_of(objfile);

		if (name && (!strcmp(name, path) || (real && !strcmp(name, real)))) {
			Py_INCREF(objfile);
			found = objfile;
		}
		free(name);
	}
	free(real);
	Py_XDECREF(objfiles);
	forget_exception();
	return found;
}

bool attach_separate_debug(struct plugin *plugin, const char *objfile_path, const char *debug_path,
			   struct error *error)
{
	PyObject *objfile = find_objfile(plugin, objfile_path), *result;

	if (!objfile)
		return error_set(error, ERROR_UNSUPPORTED, "gdb has not loaded %s", objfile_path);
	result = PyObject_CallMethod(objfile, "add_separate_debug_file", "s", debug_path);
	Py_DECREF(objfile);
	if (!result)
		return error_from_python(error);
	Py_DECREF(result);
	return true;
}

/* Bump when cfi_write_companion's output changes: a cached file is then made anew. */
#define COMPANION_VERSION 10

/* ORC at link-time addresses: vmlinux's, or the dump's where vmlinux is debug information alone. */
static bool link_time_orc(struct kernel *kernel, struct orc_table *table, struct error *error)
{
	if (orc_read_elf(kernel->types, kernel->vmlinux_path, 0, table, NULL))
		return true;
	orc_free(table);
	if (!own_orc(kernel, table, error))
		return false;
	for (size_t i = 0; i < table->count; i++)
		table->addresses[i] -= kernel->memory->kaslr_offset;
	return true;
}

struct companion companion_of(const struct kernel *kernel)
{
	return (struct companion){ .arch = kernel->arch, .code_mask = kernel->memory->code_mask,
				   .pt_regs_size = kernel->memory->pt_regs_size };
}

/* Makes the companion, from link-time tables, into PATH. */
static bool make_companion(struct kernel *kernel, const char *path, struct error *error)
{
	struct companion companion = companion_of(kernel);
	struct orc_table table = { 0 };
	struct symtab *symtab = NULL;
	bool done;

	done = symtab_new(&symtab, error) &&
	       symtab_read_elf(symtab, kernel->vmlinux_path, 0, error) &&
	       symtab_finish(symtab, error);
	companion.symtab = symtab;
	if (done && kernel->arch->orc_bases && link_time_orc(kernel, &table, NULL))
		done = cfi_write_companion(kernel->arch, kernel->vmlinux_path, &table, symtab, path, error);
	else
		done = done && companion_write(&companion, kernel->vmlinux_path, path, error);
	orc_free(&table);
	symtab_free(symtab);
	return done;
}

static bool add_companion(struct session *session, struct error *error)
{
	struct kernel *kernel = session->kernel;
	char directory[1024], path[1200];
	struct stat status = { 0 };

	/*
	 * A stripped vmlinux has the same build-id but no .debug_frame: it needs another companion,
	 * and the file's size tells them apart.
	 */
	stat(kernel->vmlinux_path, &status);
	if (kernel->build_id[0] && files_cache_directory("cfi", directory, sizeof(directory), NULL))
		/* Which bits a signature has is the CPU's to say. */
		snprintf(path, sizeof(path), "%s/%s-%llx-%d-%llx.debug", directory, kernel->build_id,
			 (unsigned long long)status.st_size, COMPANION_VERSION,
			 (unsigned long long)kernel->memory->code_mask);
	else
		session_path(session, "vmlinux-cfi.debug", path, sizeof(path));
	if (access(path, R_OK) < 0 && !make_companion(kernel, path, error))
		return false;
	return attach_separate_debug(session->plugin, kernel->vmlinux_path, path, error);
}

/* gdb would read prologues in user space and guess; see symbols/cfi/cfi.h. */
static bool add_user_end(struct session *session, struct error *error)
{
	const struct kernel *kernel = session->kernel;
	const struct companion companion = companion_of(kernel);
	uint64_t last = memory_user_last(kernel->memory);
	char path[128];

	session_path(session, "user-space.debug", path, sizeof(path));
	return (kernel->arch->orc_bases ? cfi_write_user_end(kernel->arch, last + 1, path, error) :
					  companion_write_user_end(&companion, last, path, error)) &&
	       gdb_execute_file(session->plugin, error, "add-symbol-file", path, "");
}

/* Code that was made at run time has names and unwinds as well. */
static bool add_generated_code(struct session *session, struct error *error)
{
	static const char *const names[DYNAMIC_NR_PARTS] = { "tracing.debug", "bpf.debug" };
	char path[128];
	bool any;

	for (int part = 0; part < DYNAMIC_NR_PARTS; part++) {
		session_path(session, names[part], path, sizeof(path));
		if (!dynamic_write(session->kernel, part, path, &any, error) ||
		    (any && !gdb_execute_file(session->plugin, error, "add-symbol-file", path, "")))
			return false;
	}
	return true;
}

static void warn_of_short_stacks(struct session *session, const struct error *why)
{
	gdb_announce(session->plugin,
		     "warning: stacks through interrupts and entry code will be cut short: %s\n",
		     why->text);
}

/* Without a vmlinux. */
static bool attach_own_symbols(struct session *session, struct error *error)
{
	struct error why = { 0 };

	if (!attach_own(session, error))
		return false;
	if (!add_user_end(session, &why) || !add_generated_code(session, &why))
		warn_of_short_stacks(session, &why);
	forget_exception();
	return true;
}

bool attach_symbols(struct session *session, struct error *error)
{
	struct error why = { 0 };
	char *loaded;
	bool done;

	if (!session->kernel->vmlinux_path)
		return attach_own_symbols(session, error);
	loaded = symbol_file(session->plugin);
	done = index_prepare(session, loaded, error); /* first, while gdb is as it was */
	free(loaded);
	if (!done)
		return false;
	free(session->plugin->vmlinux);
	session->plugin->vmlinux = strdup(session->kernel->vmlinux_path);
	done = relocate(session, error);
	index_restore(session);
	if (!done)
		return false;
	/* Without these stacks end early but the dump is still worth looking at. */
	if (!add_companion(session, &why) || !add_user_end(session, &why) || !add_generated_code(session, &why))
		warn_of_short_stacks(session, &why);
	forget_exception();
	return true;
}
