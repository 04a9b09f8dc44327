// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * gdb's index of vmlinux, in gdb's cache before gdb looks for it there (symbols/gdb_index/gdb_index.h).
 *
 * Measured on a Debian 6.1 vmlinux, two cores, up to the first `print sizeof(struct task_struct)`:
 * gdb 13.1 alone 23 s and 1.9 GB, 16.3 2.5 s, 18.1 3.2 s (450 MB each); our index takes 0.4 s and
 * 100 MB, and gdb with it 0.7 to 1 s and 300 MB. So it is written for all of them, for each as it
 * would write it itself.
 */
#include "gdb/session.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "symbols/elf/elf_file.h"
#include "symbols/gdb_index/gdb_index.h"

static void progress(void *context, uint64_t done, uint64_t total)
{
	session_progress(context, "Indexing vmlinux", done, total);
}

/* The name of vmlinux's file in gdb's cache; false if there cannot be one. */
static bool cached_path(struct plugin *plugin, const char *vmlinux, char *path, size_t size, struct error *error)
{
	struct buffer directory = { 0 };
	char id[65];
	bool done = false;

	if (!gdb_setting(plugin, "index-cache directory", &directory) ||
	    directory.failed || !directory.data || directory.data[0] != '/')
		error_set(error, ERROR_UNSUPPORTED, "this gdb has no index cache");
	else if (gdb_index_build_id(vmlinux, id, sizeof(id), error) &&
		 files_make_directories(directory.data, error))
		done = (size_t)snprintf(path, size, "%s/%s.gdb-index", directory.data, id) < size ||
		       error_set(error, ERROR_IO, "the name of gdb's cache is too long");
	buffer_free(&directory);
	return done;
}

/* Sees to it that the cache has an index that fits. SESSION: whose command it is, NULL = of none yet. */
static bool make_index(struct plugin *plugin, struct session *session, const char *vmlinux, struct error *error)
{
	struct gdb_index_options options = { .gdb = gdb_major_version(plugin),
					     .progress = session ? progress : NULL,
					     .interrupted = session_interrupted,
					     .context = session };
	char path[PATH_MAX];
	unsigned version;
	bool done;

	if (!cached_path(plugin, vmlinux, path, sizeof(path), error))
		return false;
	version = gdb_index_version(path, vmlinux);
	/* gdb 13 does not read what gdb 18 left there; that reads what gdb 13 left, but it has
	 * less. */
	if (version && (version > 8) == (gdb_index_version_for(options.gdb) > 8))
		return true;
	done = gdb_index_write(vmlinux, path, &options, error);
	if (session)
		progress_hide(&session->progress);
	/* gdb does not look before it trusts a file in its cache. */
	if (!done && !version)
		unlink(path);
	return done;
}

/* Says so where gdb will let the person wait. */
static void explain_wait(struct session *session, const struct error *why)
{
	struct plugin *plugin = session->plugin;
	struct stat status;

	if (stat(session->kernel->vmlinux_path, &status) < 0 || status.st_size < 100 << 20)
		return;
	gdb_announce(plugin,
		     "gdb makes its own index of vmlinux, which takes it some seconds: %s\n",
		     why->text);
	Py_XDECREF(PyObject_CallMethod(plugin->gdb, "flush", NULL));
	forget_exception();
}

/* Turns gdb's cache on: was it off? */
static bool switch_on(struct plugin *plugin)
{
	struct buffer enabled = { 0 };
	bool switched = false;

	if (gdb_setting(plugin, "index-cache enabled", &enabled) && enabled.data && !strcmp(enabled.data, "off"))
		switched = gdb_execute(plugin, NULL, NULL, "set index-cache enabled on");
	buffer_free(&enabled);
	return switched;
}

/* Has gdb found an index in its cache since it was started? Then vmlinux's. */
static bool found_index(struct session *session)
{
	static const char label[] = "Cache hits (this session): ";
	struct buffer stats = { 0 };
	const char *hits = NULL;
	bool found;

	if (gdb_execute(session->plugin, &stats, NULL, "show index-cache stats") && stats.data)
		hits = strstr(stats.data, label);
	found = hits && hits[strlen(label)] != '0';
	buffer_free(&stats);
	return found;
}

bool index_prepare(struct session *session, bool loaded, struct error *error)
{
	struct error why = { 0 };

	/* What gdb has read it has indexed, and from 15 on it can live with that. */
	if (loaded && (gdb_major_version(session->plugin) >= 15 || found_index(session)))
		return true;
	if (make_index(session->plugin, session, session->kernel->vmlinux_path, &why)) {
		session->index_switched_on |= switch_on(session->plugin);
		session->index_reload = loaded;
		return true;
	}
	if (why.kind == ERROR_INTERRUPTED) {
		PyErr_Clear(); /* whoever asked for the dump raises it again */
		return error_set(error, why.kind, "%s", why.text);
	}
	if (!loaded)
		explain_wait(session, &why);
	return true;
}

/* By what only a linked kernel has: the names that it exports to modules. */
static bool is_vmlinux(const char *path)
{
	struct elf_file file;
	bool is;

	if (!elf_file_open(&file, path, NULL))
		return false;
	is = elf_file_section(&file, "__ksymtab_strings", NULL);
	elf_file_close(&file);
	return is;
}

bool index_before_file(struct plugin *plugin, const char *file)
{
	struct error why = { 0 };

	return is_vmlinux(file) && make_index(plugin, NULL, file, &why) && switch_on(plugin);
}

void index_after_file(struct plugin *plugin)
{
	gdb_execute(plugin, NULL, NULL, "set index-cache enabled off");
}

void index_restore(struct session *session)
{
	if (session->index_switched_on)
		gdb_execute(session->plugin, NULL, NULL, "set index-cache enabled off");
	session->index_switched_on = session->index_reload = false;
}
