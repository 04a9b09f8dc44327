// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Symbols out of a System.map: what `nm -n vmlinux` printed when the kernel was built, one "ADDRESS
 * LETTER NAME" a line, sorted by address. Stands in for the symbol table of a vmlinux that has
 * none. There are no sizes in it: a symbol ends where the next one begins.
 */
#include "symbols/symtab.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#define MAX_LINE 4096
#define MAX_SYMBOLS 10000000

struct map {
	const char *path;
	struct symbol *symbols;		/* names are ours */
	size_t count, capacity;
};

static void map_free(struct map *map)
{
	for (size_t i = 0; i < map->count; i++)
		free((char *)map->symbols[i].name);
	free(map->symbols);
}

static bool add_line(struct map *map, const struct symbol *symbol, struct error *error)
{
	struct symbol *more;

	if (map->count >= MAX_SYMBOLS)
		return error_set(error, ERROR_FORMAT, "a System.map has more than %d symbols",
				 MAX_SYMBOLS);
	more = array_room(map->symbols, map->count, &map->capacity, sizeof(*more),
			  "the symbols of a System.map", error);
	if (!more)
		return false;
	map->symbols = more;
	map->symbols[map->count] = *symbol;
	map->symbols[map->count].name = strdup(symbol->name);
	return map->symbols[map->count++].name != NULL ||
	       error_no_memory(error, "a symbol", strlen(symbol->name));
}

/* "ffffffff81000000 T _text" */
static bool parse_line(char *line, struct symbol *symbol)
{
	char *end, *name;

	errno = 0;
	*symbol = (struct symbol){ .address = strtoull(line, &end, 16) };
	if (errno || end == line || *end != ' ' || !isgraph((unsigned char)end[1]) || end[2] != ' ')
		return false;
	symbol->letter = end[1];
	symbol->function = strchr("tTwW", symbol->letter) != NULL;
	name = end + 3;
	name[strcspn(name, " \t\r\n")] = '\0';
	symbol->name = name;
	return *name != '\0';
}

static bool read_lines(struct map *map, FILE *file, struct error *error)
{
	char line[MAX_LINE];
	struct symbol symbol;

	for (unsigned number = 1; fgets(line, sizeof(line), file); number++) {
		if (!parse_line(line, &symbol))
			return error_set(error, ERROR_FORMAT,
					 "%s is not a System.map: line %u is not \"ADDRESS LETTER "
					 "NAME\"",
					 map->path, number);
		if (!add_line(map, &symbol, error))
			return false;
	}
	if (ferror(file))
		return error_set(error, ERROR_IO, "cannot read %s: %s", map->path, strerror(errno));
	return true;
}

/* The address of NAME; UINT64_MAX if there is none. */
static uint64_t address_of(const struct map *map, const char *name)
{
	for (size_t i = 0; i < map->count; i++)
		if (!strcmp(map->symbols[i].name, name))
			return map->symbols[i].address;
	return UINT64_MAX;
}

static bool add_symbols(struct symtab *symtab, struct map *map, uint64_t kaslr, struct error *error)
{
	uint64_t percpu = address_of(map, "__per_cpu_start"), image = address_of(map, "_text");
	uint64_t percpu_end = address_of(map, "__per_cpu_end"), next = 0;
	uint64_t text = address_of(map, "_text"), end = address_of(map, "_end");

	/* Behind the image are other things, and none of them the last symbol's. */
	if (end != UINT64_MAX && end > text &&
	    !symtab_add_extent(symtab, text + kaslr, end - text, error))
		return false;
	for (size_t i = map->count; i > 0; i--) {
		struct symbol symbol = map->symbols[i - 1];

		if (symbol.address < next)
			symbol.size = next - symbol.address;
		else if (i < map->count)
			symbol.size = map->symbols[i].size;
		map->symbols[i - 1].size = symbol.size;
		next = symbol.address;
		symbol.percpu = symbol.address >= percpu && symbol.address < percpu_end;
		/* What is below the image, the per-CPU section up to 6.14 and plain numbers, does not move. */
		if (symbol.address >= image)
			symbol.address += kaslr;
		if (!symtab_add(symtab, &symbol, error))
			return false;
	}
	return true;
}

bool symtab_read_map(struct symtab *symtab, const char *path, uint64_t kaslr, struct error *error)
{
	struct map map = { .path = path };
	FILE *file = fopen(path, "re");
	bool done;

	if (!file)
		return error_set(error, ERROR_IO, "cannot open %s: %s", path, strerror(errno));
	done = read_lines(&map, file, error);
	/* Debian's package of the kernel has one line in it that says where the real one is. */
	if (done && address_of(&map, "_text") == UINT64_MAX)
		done = error_set(error, ERROR_FORMAT,
				 "%s is no kernel's System.map: it has %zu symbols and no _text%s%.100s",
				 path, map.count, map.count == 1 ? "; it says: " : "",
				 map.count == 1 ? map.symbols[0].name : "");
	done = done && add_symbols(symtab, &map, kaslr, error);
	fclose(file);
	map_free(&map);
	return done;
}
