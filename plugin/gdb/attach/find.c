// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Which vmlinux `target vmcore` uses: the one that gdb has, the one of `set vmcore vmlinux`, or the
 * one that symbols/find/debug_find.h finds. Compressed ones are unpacked first.
 */
#include "gdb/session.h"

#include <stdlib.h>
#include <string.h>

#include "dump/file.h"
#include "symbols/find/debug_find.h"
#include "symbols/find/debug_link.h"

/* gdb as well should know the file: what it then holds of it is not read twice. */
static void give_to_gdb(struct session *session, const char *path)
{
	gdb_execute_file(session->plugin, NULL, "exec-file", path, "");
	forget_exception();
}

static bool look(struct session *session, const struct dump *dump, char **path_ret,
		 struct error *error)
{
	struct plugin *plugin = session->plugin;
	char release[65], build_id[65] = "";
	struct debug_wanted wanted = { .build_id = build_id,
				       .release = release,
				       .paths = plugin->settings.debug_path,
				       .beside = dump->files[0]->path,
				       .patience = session_patience(session) };
	struct buffer tried = { 0 };
	struct error why;
	bool found;

	snprintf(release, sizeof(release), "%s", dump->uts.release);
	dump_vmcoreinfo_string(dump, "OSRELEASE", release, sizeof(release));
	dump_vmcoreinfo_string(dump, "BUILD-ID", build_id, sizeof(build_id));
	found = debug_find_vmlinux(&wanted, path_ret, &tried, &why);
	progress_hide(&session->progress);
	if (found) {
		gdb_announce(plugin, "vmlinux: %s\n", *path_ret);
		give_to_gdb(session, *path_ret);
	} else if (tried.size) {
		gdb_announce(plugin, "%s", tried.data);
	}
	buffer_free(&tried);
	if (!found && why.kind == ERROR_INTERRUPTED && error)
		*error = why;
	return found || why.kind != ERROR_INTERRUPTED;
}

/* *PATH becomes the file that has its debug information, if it has none itself; one line says so. */
static void follow_debug_link(struct session *session, char **path)
{
	struct plugin *plugin = session->plugin;
	struct buffer tried = { 0 };
	char *debug;

	if (debug_link_has_debug(*path))
		return;
	debug = debug_link_find(*path, plugin->settings.debug_path, &tried);
	if (tried.size)
		gdb_announce(plugin, "%s", tried.data);
	buffer_free(&tried);
	if (!debug) {
		gdb_announce(plugin, "%s has no debug information, and its debug file was not found: no source lines, "
				     "no locals\n", *path);
		return;
	}
	gdb_announce(plugin, "vmlinux: %s, the debug file of %s\n", debug, *path);
	free(*path);
	*path = debug;
}

bool find_vmlinux(struct session *session, const struct dump *dump, char **path_ret,
		  struct error *error)
{
	struct patience patience = session_patience(session);
	char *named, *plain;
	bool done;

	*path_ret = NULL;
	if (attach_wants_own(session->plugin))
		return true;
	named = attach_current_vmlinux(session->plugin);
	if (!named)
		return look(session, dump, path_ret, error);
	*path_ret = strdup(named);
	if (!unpack_stem(named))
		follow_debug_link(session, &named);
	done = unpack(named, &patience, &plain, error);
	progress_hide(&session->progress);
	if (done && strcmp(plain, named) && !unpack_stem(named))
		gdb_announce(session->plugin, "vmlinux: %s, %s with its debug sections unpacked\n", plain, named);
	if (done && *path_ret && strcmp(plain, *path_ret))
		give_to_gdb(session, plain);
	free(named);
	free(*path_ret);
	*path_ret = done ? plain : NULL;
	return done;
}
