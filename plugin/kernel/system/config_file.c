// SPDX-License-Identifier: GPL-3.0-or-later
/* The configuration of a kernel that does not carry it, out of the files that distributions put it into; see system.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dump/file.h"
#include "kernel/system/system.h"

#define MAX_CONFIG (32u << 20)

/* "CONFIG_" is in it, and it is no larger than one may be. False with *error where it is not or cannot be read. */
static bool read_config(const char *path, struct buffer *text, struct error *error)
{
	FILE *file = fopen(path, "re");
	char piece[16384];
	size_t size;

	if (!file)
		return error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
	while ((size = fread(piece, 1, sizeof(piece), file)) > 0 && text->size < MAX_CONFIG)
		buffer_append(text, piece, size);
	if (ferror(file))
		error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
	else if (text->failed)
		error_no_memory(error, "the kernel's configuration", text->size);
	else if (text->size >= MAX_CONFIG || !text->size || memchr(text->data, 0, text->size) || !strstr(text->data, "CONFIG_"))
		error_set(error, ERROR_CORRUPT, "%s is no kernel's configuration", path);
	fclose(file);
	return error->kind == ERROR_NONE;
}

/* The directory of FILE, "" for the current one, with a '/' at its end; NULL: not even a name. */
static char *directory_of(const char *file)
{
	const char *slash = file ? strrchr(file, '/') : NULL;

	return file ? strndup(file, slash ? slash + 1 - file : 0) : NULL;
}

bool system_config_file(struct kernel *kernel, struct buffer *text, struct buffer *path, struct error *error)
{
	char *beside_vmlinux = directory_of(kernel->vmlinux_path), *beside_dump = directory_of(kernel->dump->nr_files ? kernel->dump->files[0]->path : NULL);
	const struct { const char *directory, *name; bool release; } places[] = {
		{ beside_vmlinux, "config-", true },
		{ beside_dump, "config-", true },
		{ "/boot/", "config-", true },
		{ "/lib/modules/", "", true },	/* and "/config" behind it: Fedora, RHEL */
	};
	struct error bad = { 0 };	/* of a file that is there and is not one */
	bool found = false;

	/* The dump says the release: nothing that leads elsewhere. */
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && !found && *kernel->release && !strchr(kernel->release, '/'); i++) {
		struct error why = { 0 };

		if (!places[i].directory)
			continue;
		path->size = text->size = 0;
		buffer_printf(path, "%s%s%s%s", places[i].directory, places[i].name, kernel->release, *places[i].name ? "" : "/config");
		found = !path->failed && read_config(path->data, text, &why);
		if (!found && why.kind == ERROR_CORRUPT)
			bad = why;
	}
	free(beside_vmlinux);
	free(beside_dump);
	if (!found && bad.kind != ERROR_NONE)
		*error = bad;
	if (found || bad.kind != ERROR_NONE)
		return found;
	return error_set(error, ERROR_NO_SYMBOL,
			 "the kernel does not carry its configuration (it was built without CONFIG_IKCONFIG=y), and there is no file "
			 "config-%s beside vmlinux, beside the dump or in /boot; its package has it: put it beside the dump",
			 kernel->release);
}
