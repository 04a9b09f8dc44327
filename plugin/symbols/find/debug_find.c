// SPDX-License-Identifier: GPL-3.0-or-later
#include "symbols/find/debug_find.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbols/find/debuginfod.h"
#include "symbols/elf/elf_file.h"

/*
 * Below a directory that the person named, or that of the dump: %r is the release, %b and %B the
 * first two digits of the build-id and the others. A place whose value is not known is left out.
 */
static const char *const below[] = { "vmlinux",
				     "vmlinux-%r",
				     "vmlinux-%r.debug",
				     "boot/vmlinux-%r",
				     "lib/modules/%r/vmlinux",
				     "usr/lib/debug/boot/vmlinux-%r",
				     "usr/lib/debug/lib/modules/%r/vmlinux",
				     ".build-id/%b/%B.debug",
				     NULL };

static const char *const standard[] = {
	"/usr/lib/debug/.build-id/%b/%B.debug",
	"/usr/lib/debug/lib/modules/%r/vmlinux", /* Fedora, Red Hat */
	"/usr/lib/debug/usr/lib/modules/%r/vmlinux",
	"/usr/lib/debug/boot/vmlinux-%r",	/* Debian, Ubuntu */
	"/usr/lib/debug/boot/vmlinux-%r.debug", /* openSUSE */
	"/usr/lib/debug/usr/lib/modules/%r/vmlinux.debug",
	"/usr/lib/debug/lib/modules/%r/vmlinux.debug",
	"/lib/modules/%r/vmlinux",
	"/lib/modules/%r/build/vmlinux", /* built on this machine */
	"/usr/lib/debug/vmlinux-%r",	 /* Arch: debug package */
	"/usr/src/debug/vmlinux-%r",
	"/boot/vmlinux-%r",
	NULL
};

static const char *const suffixes[] = { "", ".xz", ".zst", ".gz" };

struct search {
	const struct debug_wanted *wanted;
	struct buffer *tried;
	char *found;
	struct error *error; /* of an interruption; everything else only goes to tried */
	bool stopped;
};

/* Appends PATTERN with its letters replaced; false if one of them is not known. */
static bool expand(const struct debug_wanted *wanted, const char *pattern, struct buffer *path)
{
	for (; *pattern; pattern++) {
		if (*pattern != '%') {
			buffer_char(path, *pattern);
			continue;
		}
		pattern++;
		if (*pattern == 'r') {
			if (!wanted->release[0] || strchr(wanted->release, '/'))
				return false;
			buffer_string(path, wanted->release);
		} else {
			if (strlen(wanted->build_id) < 3)
				return false;
			if (*pattern == 'b')
				buffer_append(path, wanted->build_id, 2);
			else
				buffer_string(path, wanted->build_id + 2);
		}
	}
	return true;
}

/* Is the ELF file PATH what is wanted? Without a build-id to compare, its place has to do. */
static bool fits(struct search *search, const char *path, const char *shown)
{
	const struct debug_wanted *wanted = search->wanted;
	struct elf_file file;
	struct error error;
	char id[65];
	bool debug;

	if (!elf_file_open(&file, path, &error)) {
		buffer_printf(search->tried, "%s\n", error.text);
		return false;
	}
	elf_file_build_id(&file, id, sizeof(id));
	debug = elf_file_section(&file, ".debug_info", NULL) != NULL;
	elf_file_close(&file);
	if (wanted->build_id[0] && strcmp(id, wanted->build_id)) {
		buffer_printf(search->tried, "%s: its build-id is %s, the dump's is %s\n", shown,
			      id[0] ? id : "missing", wanted->build_id);
		return false;
	}
	if (!debug)
		buffer_printf(search->tried, "%s: it has no debug information\n", shown);
	return debug;
}

/* Looks at PATH, which may be compressed. True if the search is at its end. */
static bool look_at(struct search *search, const char *path)
{
	const struct debug_wanted *wanted = search->wanted;
	struct stat status;
	struct error error;
	char *plain;

	if (stat(path, &status) < 0 || !S_ISREG(status.st_mode))
		return false;
	if (!unpack(path, &wanted->patience, &plain, &error)) {
		buffer_printf(search->tried, "%s\n", error.text);
		if (error.kind != ERROR_INTERRUPTED)
			return false;
		if (search->error)
			*search->error = error;
		search->stopped = true;
		return true;
	}
	if (fits(search, plain, path)) {
		search->found = plain;
		return true;
	}
	/* Unpacked for nothing. */
	if (strcmp(plain, path))
		unlink(plain);
	free(plain);
	return false;
}

/* Looks for PATTERN, below DIRECTORY if there is one, with each suffix. */
static bool look_for(struct search *search, const char *directory, size_t length,
		     const char *pattern)
{
	struct buffer path = { 0 };
	bool end = false;
	size_t stem;

	if (directory) {
		buffer_append(&path, directory, length);
		buffer_char(&path, '/');
	}
	if (expand(search->wanted, pattern, &path)) {
		stem = path.size;
		for (size_t i = 0; !end && i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
			path.size = stem;
			buffer_string(&path, suffixes[i]);
			end = !path.failed && look_at(search, path.data);
		}
	}
	buffer_free(&path);
	return end;
}

static bool look_below(struct search *search, const char *directory, size_t length)
{
	for (size_t i = 0; below[i]; i++)
		if (look_for(search, directory, length, below[i]))
			return true;
	return false;
}

/* The person's own directories and files. */
static bool look_in_paths(struct search *search, const char *paths)
{
	while (paths && *paths) {
		size_t length = strcspn(paths, ":");
		char *file = strndup(paths, length);
		bool end = file && length && look_at(search, file);

		free(file);
		if (end || (length && look_below(search, paths, length)))
			return true;
		paths += length + (paths[length] == ':');
	}
	return false;
}

static bool look_everywhere(struct search *search)
{
	const char *beside = search->wanted->beside, *slash = beside ? strrchr(beside, '/') : NULL;

	if (look_in_paths(search, search->wanted->paths))
		return true;
	if (beside &&
	    look_below(search, slash ? beside : ".", slash ? (size_t)(slash - beside) : 1))
		return true;
	for (size_t i = 0; standard[i]; i++)
		if (look_for(search, NULL, 0, standard[i]))
			return true;
	return false;
}

/* A server's file is of this build-id by its name there; that it has debug information is not. */
static bool ask_debuginfod(struct search *search)
{
	struct error error;
	char *path;

	if (!search->wanted->build_id[0] || !getenv("DEBUGINFOD_URLS"))
		return false;
	if (debuginfod_find(search->wanted->build_id, &search->wanted->patience, &path, &error)) {
		if (fits(search, path, path)) {
			search->found = path;
			return true;
		}
		free(path);
		return false;
	}
	if (error.kind == ERROR_INTERRUPTED && search->error)
		*search->error = error;
	search->stopped = error.kind == ERROR_INTERRUPTED;
	buffer_printf(search->tried, "%s\n", error.text);
	return search->stopped;
}

bool debug_find_vmlinux(const struct debug_wanted *wanted, char **path_ret, struct buffer *tried,
			struct error *error)
{
	struct search search = { .wanted = wanted, .tried = tried, .error = error };

	if (!wanted->build_id[0] && !wanted->release[0] && !(wanted->paths && *wanted->paths))
		return error_set(
			error, ERROR_IO,
			"the dump says neither the build-id nor the release of its kernel");
	if (!look_everywhere(&search) && !search.stopped)
		ask_debuginfod(&search);
	if (search.stopped)
		return false;
	*path_ret = search.found;
	return search.found ||
	       error_set(error, ERROR_IO, "no vmlinux of %s%s%s%s was found",
			 wanted->release[0] ? wanted->release : "the crashed kernel",
			 wanted->build_id[0] ? " (build-id " : "", wanted->build_id,
			 wanted->build_id[0] ? ")" : "");
}
