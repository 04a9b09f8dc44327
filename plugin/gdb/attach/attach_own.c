// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * gdb's symbols where there is no vmlinux: a file made out of the dump's own description
 * (kernel/open/own.h). It is kept in the cache and moved by the KASLR offset as vmlinux would be; gdb
 * needs about a second for it (13.1, two cores), without an index.
 */
#include "gdb/session.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "kernel/open/own.h"

bool attach_wants_own(const struct plugin *plugin)
{
	return plugin->settings.symbols && !strcmp(plugin->settings.symbols, "dump");
}

bool attach_forbids_own(const struct plugin *plugin)
{
	return plugin->settings.symbols && !strcmp(plugin->settings.symbols, "vmlinux");
}

/* The file, made if need be. Without a cache, or a full one, it is in the session's directory. */
static bool own_file(struct session *session, char *path, size_t size, struct error *error)
{
	struct kernel *kernel = session->kernel;
	char directory[1024], name[160];

	if (files_cache_directory("symbols", directory, sizeof(directory), NULL) &&
	    own_file_name(kernel, name, sizeof(name), NULL)) {
		snprintf(path, size, "%s/%s", directory, name);
		if (access(path, R_OK) == 0 || own_write(kernel, path, NULL))
			return true;
	}
	session_path(session, "vmlinux.debug", path, size);
	return own_write(kernel, path, error);
}

bool attach_own(struct session *session, struct error *error)
{
	struct plugin *plugin = session->plugin;
	char *loaded = attach_current_vmlinux(plugin), path[1200], options[64];
	struct error why = { 0 };

	/* What gdb had is its again after the dump; with `set vmcore symbols dump' it may have one.
	 */
	if (loaded) {
		free(plugin->vmlinux);
		plugin->vmlinux = loaded;
	}
	if (!gdb_execute(plugin, NULL, error, "symbol-file"))
		return false;
	attach_per_cpu_names(session);
	snprintf(options, sizeof(options), "-o 0x%" PRIx64 " -s .data..percpu 0",
		 session->kernel->memory->kaslr_offset);
	/* The commands do without gdb's symbols. */
	if (!own_file(session, path, sizeof(path), &why) ||
	    !gdb_execute_file(plugin, &why, "add-symbol-file", path, options))
		gdb_announce(plugin, "warning: gdb has no symbols of the kernel: %s\n", why.text);
	return true;
}

void attach_describe_own(struct session *session, struct buffer *text)
{
	const struct kernel *kernel = session->kernel;
	const char *given = attach_wants_own(session->plugin) ? "" : "no vmlinux: ";

	if (kernel->vmlinux_path)
		return;
	buffer_printf(text, "%snames, types and unwinding are the dump's own; no source lines\n",
		      given);
	if (kernel->damage[0])
		buffer_printf(text, "warning: %s\n", kernel->damage);
}
