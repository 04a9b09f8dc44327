// SPDX-License-Identifier: GPL-3.0-or-later
#include "symbols/find/source_tree.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* %r is the release, %v its version and patch level ("6.1"), %s those and the sublevel ("5.15.0"). */
static const char *const standard[] = {
	"/lib/modules/%r/source",		  /* built and installed on this machine */
	"/usr/src/debug/kernel-*/linux-%r",	  /* Red Hat, Fedora: kernel-debuginfo-common */
	"/usr/src/debug/kernel-*/linux-%r.*",	  /* the machine may be in its name only */
	"/usr/src/debug/kernel-*/linux-%v",	  /* SUSE: kernel-default-debugsource */
	"/usr/src/linux-%r",			  /* SUSE's kernel-source, Gentoo */
	"/usr/src/linux-source-%v",		  /* Debian's, unpacked */
	"/usr/src/linux-source-%s/linux-source-%s", /* Ubuntu's */
	"/usr/src/linux-source-%s",
	"/usr/src/kernels/%r",
	"/usr/src/linux-%s",
	"/usr/src/linux-%v",
	"/usr/src/linux",
	NULL
};

/* Beginnings of names, and units, that are looked at of one file. */
#define MAX_PREFIXES 8
#define MAX_UNITS 64

/* The first PARTS numbers of RELEASE, with the dots between: "6.1" of "6.1.0-56-amd64". False if there are not so many. */
static bool version_of(const char *release, int parts, char *version, size_t size)
{
	size_t used = 0;

	for (const char *at = release; *at && used + 1 < size; at++) {
		if (*at == '.' && --parts == 0)
			break;
		if (*at != '.' && (*at < '0' || *at > '9'))
			break;
		version[used++] = *at;
	}
	version[used] = '\0';
	return used && parts <= 1 && version[used - 1] != '.';
}

/* The number that a line NAME = NUMBER of a kernel's Makefile gives. */
static bool makefile_number(const char *line, const char *name, unsigned *number_ret)
{
	size_t size = strlen(name);

	return !strncmp(line, name, size) && sscanf(line + size, " = %u", number_ret) == 1;
}

/* The version of the tree in DIRECTORY, as "6.1"; false if it is none of a kernel. */
static bool tree_version(const char *directory, char *version, size_t size)
{
	bool has_version = false, has_level = false;
	unsigned number = 0, level = 0;
	char path[4200], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/kernel/fork.c", directory);
	if (access(path, R_OK) != 0)
		return false;
	snprintf(path, sizeof(path), "%s/Makefile", directory);
	file = fopen(path, "re");
	for (int i = 0; file && i < 20 && fgets(line, sizeof(line), file); i++) {
		has_version |= makefile_number(line, "VERSION", &number);
		has_level |= makefile_number(line, "PATCHLEVEL", &level);
	}
	if (file)
		fclose(file);
	snprintf(version, size, "%u.%u", number, level);
	return has_version && has_level;
}

static bool is_directory(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static void add(struct source_trees *trees, const char *directory, size_t size)
{
	char *copy;

	while (size > 1 && directory[size - 1] == '/')
		size--;
	copy = trees->count < SOURCE_MAX_TREES ? strndup(directory, size) : NULL;
	if (copy)
		trees->directories[trees->count++] = copy;
}

static void add_named(const char *wanted, const char *paths, struct source_trees *trees, struct buffer *remarks)
{
	while (paths && *paths) {
		size_t size = strcspn(paths, ":");
		char path[4096], version[32];

		snprintf(path, sizeof(path), "%.*s", (int)size, paths);
		if (size && !is_directory(path))
			buffer_printf(remarks, "warning: %s is no directory (set vmcore source-path)\n", path);
		else if (size)
			add(trees, path, size);
		if (size && tree_version(path, version, sizeof(version)) && strcmp(version, wanted))
			buffer_printf(remarks, "warning: %s has the source of Linux %s, the dump is of %s: lines shown may be others\n",
				      path, version, wanted);
		paths += size + (paths[size] == ':');
	}
	trees->nr_named = trees->count;
}

/* Puts PATTERN with its letters replaced into PATH; false if one is not known. */
static bool expand(const char *release, const char *pattern, char *path, size_t size)
{
	struct buffer text = { 0 };
	char version[32];
	bool known = !strpbrk(release, "/*?[") && *release;

	for (; known && *pattern; pattern++) {
		if (*pattern != '%') {
			buffer_char(&text, *pattern);
			continue;
		}
		pattern++;
		known = *pattern == 'r' || version_of(release, *pattern == 'v' ? 2 : 3, version, sizeof(version));
		buffer_string(&text, *pattern == 'r' ? release : version);
	}
	known = known && !text.failed && text.size < size;
	if (known)
		memcpy(path, text.data, text.size + 1);
	buffer_free(&text);
	return known;
}

/* The first standard place with a tree of the version WANTED. */
static void add_standard(const char *release, const char *wanted, struct source_trees *trees)
{
	size_t before = trees->count;

	for (size_t i = 0; standard[i] && trees->count == before; i++) {
		char pattern[512], version[32];
		glob_t found;

		if (!expand(release, standard[i], pattern, sizeof(pattern)) || glob(pattern, 0, NULL, &found) != 0)
			continue;
		for (size_t j = 0; j < found.gl_pathc && trees->count == before; j++)
			if (tree_version(found.gl_pathv[j], version, sizeof(version)) && !strcmp(version, wanted))
				add(trees, found.gl_pathv[j], strlen(found.gl_pathv[j]));
		globfree(&found);
	}
}

void source_trees_find(const char *release, const char *paths, struct source_trees *trees, struct buffer *remarks)
{
	char wanted[32] = "";

	*trees = (struct source_trees){ 0 };
	version_of(release, 2, wanted, sizeof(wanted));
	add_named(wanted, paths, trees, remarks);
	if (*wanted)
		add_standard(release, wanted, trees);
}

void source_trees_free(struct source_trees *trees)
{
	for (size_t i = 0; i < trees->count; i++)
		free(trees->directories[i]);
	*trees = (struct source_trees){ 0 };
}

struct walk {
	const struct source_trees *trees;
	source_prefix_callback *callback;
	void *context;
	char *prefixes[MAX_PREFIXES]; /* called back for already */
	size_t count;
	bool there;
};

static bool is_known(const struct walk *walk, const char *name)
{
	for (size_t i = 0; i < walk->count; i++) {
		size_t size = strlen(walk->prefixes[i]);

		if (!strncmp(name, walk->prefixes[i], size) && name[size] == '/')
			return true;
	}
	return false;
}

/* Is there a file in TREE that is called as NAME ends? The longest such end; at least one directory must be in it. */
static const char *end_in(const char *tree, const char *name)
{
	for (const char *slash = strchr(name + 1, '/'); slash && strchr(slash + 1, '/'); slash = strchr(slash + 1, '/')) {
		char path[4200];

		snprintf(path, sizeof(path), "%s%s", tree, slash);
		if (access(path, R_OK) == 0)
			return slash;
	}
	return NULL;
}

/* NAME is absolute. */
static void look_at(struct walk *walk, const char *name)
{
	if (access(name, R_OK) == 0)
		walk->there = true;
	for (size_t i = 0; i < walk->trees->count && walk->count < MAX_PREFIXES && !is_known(walk, name); i++) {
		const char *tree = walk->trees->directories[i], *end = end_in(tree, name);
		char *prefix = end ? strndup(name, end - name) : NULL;

		if (!prefix)
			continue;
		if (strcmp(prefix, tree))
			walk->callback(walk->context, prefix, tree);
		walk->prefixes[walk->count++] = prefix;
	}
}

/* The string of UNIT's attribute; NULL if it has none. */
static const char *unit_string(Dwarf_Die *unit, unsigned name)
{
	Dwarf_Attribute attribute;

	return dwarf_formstring(dwarf_attr(unit, name, &attribute));
}

static void look_at_unit(struct walk *walk, Dwarf_Die *unit)
{
	const char *name = unit_string(unit, DW_AT_name), *directory = unit_string(unit, DW_AT_comp_dir);
	char path[4096];

	if (!name || (*name != '/' && (!directory || *directory != '/')))
		return;
	if (*name != '/')
		snprintf(path, sizeof(path), "%s/%s", directory, name);
	look_at(walk, *name == '/' ? name : path);
}

static void walk_units(struct walk *walk, Dwarf *dwarf)
{
	Dwarf_Off at = 0, next;
	size_t header;

	for (int i = 0; i < MAX_UNITS && dwarf_nextcu(dwarf, at, &next, &header, NULL, NULL, NULL) == 0 && next > at; i++) {
		Dwarf_Die unit;

		if (dwarf_offdie(dwarf, at + header, &unit))
			look_at_unit(walk, &unit);
		at = next;
	}
}

bool source_prefixes(const char *file, const struct source_trees *trees, source_prefix_callback *callback, void *context)
{
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = dwfl_build_id_find_debuginfo,
		.section_address = dwfl_offline_section_address, /* a .ko's strings are found by relocations */
	};
	struct walk walk = { .trees = trees, .callback = callback, .context = context };
	Dwfl *dwfl = dwfl_begin(&callbacks);
	Dwfl_Module *module = dwfl ? dwfl_report_offline(dwfl, "", file, -1) : NULL;
	Dwarf_Addr bias;
	Dwarf *dwarf = module && dwfl_report_end(dwfl, NULL, NULL) == 0 ? dwfl_module_getdwarf(module, &bias) : NULL;

	if (dwarf)
		walk_units(&walk, dwarf);
	for (size_t i = 0; i < walk.count; i++)
		free(walk.prefixes[i]);
	dwfl_end(dwfl);
	return walk.there;
}
