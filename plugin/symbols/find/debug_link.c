// SPDX-License-Identifier: GPL-3.0-or-later
#include "symbols/find/debug_link.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "symbols/elf/elf_file.h"

/* %d is the stripped file's directory, %n the name in its .gnu_debuglink, %b and %B its build-id in two parts. */
static const char *const places[] = { "/usr/lib/debug/.build-id/%b/%B.debug", "%d/%n", "%d/.debug/%n",
				      "/usr/lib/debug%d/%n", NULL };
static const char *const places_below[] = { ".build-id/%b/%B.debug", "%n", NULL };

struct link {
	char *path;		/* of the stripped file, absolute */
	char build_id[65];
	const char *name;	/* "" = it has no .gnu_debuglink */
	uint32_t crc;
	struct elf_file file;
	struct buffer *tried;
};

static bool has_debug(const struct elf_file *file)
{
	return elf_file_section(file, ".debug_info", NULL) || elf_file_section(file, ".zdebug_info", NULL);
}

bool debug_link_has_debug(const char *path)
{
	struct elf_file file;
	bool has;

	if (!elf_file_open(&file, path, NULL))
		return true;
	has = has_debug(&file);
	elf_file_close(&file);
	return has;
}

/* A name, zeros up to a multiple of four, and a CRC. */
static void read_link(struct link *link)
{
	size_t size, length;
	const char *data = elf_file_contents(&link->file, ".gnu_debuglink", NULL, &size);

	link->name = "";
	if (!data)
		return;
	length = strnlen(data, size);
	if (!length || length + 1 > size || size - length < 5 || memchr(data, '/', length))
		return;
	link->name = data;
	memcpy(&link->crc, data + size - 4, 4);
}

static bool same_crc(const struct link *link, const struct elf_file *file)
{
	size_t size;
	const char *image = elf_rawfile(file->elf, &size);
	uLong crc = crc32(0, NULL, 0);

	for (size_t at = 0; image && at < size; at += 1u << 20)
		crc = crc32(crc, (const Bytef *)image + at, size - at < 1u << 20 ? size - at : 1u << 20);
	return image && crc == link->crc;
}

/* By its build-id; the CRC counts only where there is none, since it takes a second. */
static bool fits(const struct link *link, const char *path)
{
	struct elf_file file;
	struct error error;
	bool same, debug;
	char id[65];

	if (!elf_file_open(&file, path, &error)) {
		buffer_printf(link->tried, "%s\n", error.text);
		return false;
	}
	elf_file_build_id(&file, id, sizeof(id));
	debug = has_debug(&file);
	same = id[0] && link->build_id[0] ? !strcmp(id, link->build_id) : same_crc(link, &file);
	elf_file_close(&file);
	if (!same)
		buffer_printf(link->tried, "%s is not the debug file of %s: another %s\n", path, link->path,
			      id[0] && link->build_id[0] ? "build-id" : "CRC");
	else if (!debug)
		buffer_printf(link->tried, "%s: it has no debug information\n", path);
	return same && debug;
}

/* Appends PATTERN with its letters replaced; false if one of them is not known. */
static bool expand(const struct link *link, const char *pattern, struct buffer *path)
{
	const char *slash = strrchr(link->path, '/');

	for (; *pattern; pattern++) {
		if (*pattern != '%')
			buffer_char(path, *pattern);
		else if (*++pattern == 'd')
			buffer_append(path, link->path, slash - link->path);
		else if (*pattern == 'n' && link->name[0])
			buffer_string(path, link->name);
		else if (*pattern == 'b' && strlen(link->build_id) > 2)
			buffer_append(path, link->build_id, 2);
		else if (*pattern == 'B' && strlen(link->build_id) > 2)
			buffer_string(path, link->build_id + 2);
		else
			return false;
	}
	return !path->failed;
}

static char *look(const struct link *link, const char *directory, size_t length,
		  const char *const *patterns)
{
	char *found = NULL;

	for (size_t i = 0; !found && patterns[i]; i++) {
		struct buffer path = { 0 };

		if (directory) {
			buffer_append(&path, directory, length);
			buffer_char(&path, '/');
		}
		if (expand(link, patterns[i], &path) && strcmp(path.data, link->path) &&
		    access(path.data, R_OK) == 0 && fits(link, path.data))
			found = realpath(path.data, NULL);
		buffer_free(&path);
	}
	return found;
}

char *debug_link_find(const char *path, const char *paths, struct buffer *tried)
{
	struct link link = { .tried = tried, .path = realpath(path, NULL) };
	char *found = NULL;

	if (link.path && elf_file_open(&link.file, path, NULL)) {
		elf_file_build_id(&link.file, link.build_id, sizeof(link.build_id));
		read_link(&link);
		while (!found && paths && *paths) {
			size_t length = strcspn(paths, ":");

			if (length)
				found = look(&link, paths, length, places_below);
			paths += length + (paths[length] == ':');
		}
		if (!found)
			found = look(&link, NULL, 0, places);
		elf_file_close(&link.file);
	}
	free(link.path);
	return found;
}
