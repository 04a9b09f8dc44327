// SPDX-License-Identifier: GPL-3.0-or-later
/* The names of an index and the tables they end in; see gdb_index_internal.h. */
#include "symbols/gdb_index_internal.h"

#include <endian.h>
#include <stdlib.h>

#include "base/buffer.h"

/* Longer ones are nobody's: they would only make a hostile file slow. */
#define MAX_NAME   65535
#define CHUNK_SIZE (64 << 10)

struct arena_chunk {
	struct arena_chunk *next;
	size_t used, size;
	char data[];
};

static inline size_t hash_pointer(const char *name, uint32_t attributes)
{
	uint64_t hash = ((uintptr_t)name ^ (uint64_t)attributes << 48) * 0x9e3779b97f4a7c15ull;

	return hash >> 20;
}

static struct name_entry *find_entry(struct name_entry *table, size_t mask, const char *name,
				     uint32_t value)
{
	uint32_t attributes = value & ~INDEX_UNIT_MASK;

	for (size_t i = hash_pointer(name, attributes >> 24);; i++) {
		struct name_entry *entry = &table[i & mask];

		if (!entry->name ||
		    (entry->name == name && (entry->value & ~INDEX_UNIT_MASK) == attributes))
			return entry;
	}
}

static bool grow_table(struct names *names)
{
	size_t size = names->table ? (names->mask + 1) * 2 : 1 << 12;
	struct name_entry *table = calloc(size, sizeof(*table));

	if (!table)
		return false;
	for (size_t i = 0; names->table && i <= names->mask; i++)
		if (names->table[i].name)
			*find_entry(table, size - 1, names->table[i].name,
				    names->table[i].value) = names->table[i];
	free(names->table);
	names->table = table;
	names->mask = size - 1;
	return true;
}

static bool add_to_list(struct names *names, const char *name, uint32_t value)
{
	if (names->nr_list == names->list_room) {
		size_t room = names->list_room ? names->list_room * 2 : 4096;
		void *list = reallocarray(names->list, room, sizeof(*names->list));

		if (!list)
			return false;
		names->list = list;
		names->list_room = room;
	}
	names->list[names->nr_list++] = (struct name_entry){ name, value };
	return true;
}

bool names_add(struct names *names, const char *name, uint32_t value)
{
	unsigned kind = value >> INDEX_KIND_SHIFT & 7;
	struct name_entry *entry;

	if (kind != INDEX_TYPE && kind != INDEX_VARIABLE)
		return add_to_list(names, name, value);
	if ((!names->table || names->nr_table * 2 > names->mask) && !grow_table(names))
		return false;
	entry = find_entry(names->table, names->mask, name, value);
	if (!entry->name) {
		entry->name = name;
		entry->value = value;
		names->nr_table++;
	} else if (value < entry->value) { /* the same attributes: an earlier unit */
		entry->value = value;
	}
	return true;
}

/* gdb's hash of a name in the index (version 5 and later). */
static uint32_t hash_name(const char *name)
{
	uint32_t hash = 0;

	for (; *name; name++) {
		uint8_t c = *name;

		if (c >= 'A' && c <= 'Z')
			c += 'a' - 'A';
		hash = hash * 67 + c - 113;
	}
	return hash;
}

static uint32_t hash_bytes(const char *bytes, size_t size)
{
	uint32_t hash = 0x811c9dc5; /* FNV-1a */

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (uint8_t)bytes[i]) * 0x01000193;
	return hash ^ hash >> 15;
}

static const char **find_interned(const char **table, size_t mask, const char *name, size_t size)
{
	for (size_t i = hash_bytes(name, size);; i++) {
		const char **slot = &table[i & mask];

		if (!*slot || (strncmp(*slot, name, size) == 0 && !(*slot)[size]))
			return slot;
	}
}

static bool grow_interned(struct names *names)
{
	size_t size = names->interned ? (names->interned_mask + 1) * 2 : 1 << 10;
	const char **table = calloc(size, sizeof(*table));

	if (!table)
		return false;
	for (size_t i = 0; names->interned && i <= names->interned_mask; i++)
		if (names->interned[i])
			*find_interned(table, size - 1, names->interned[i],
				       strlen(names->interned[i])) = names->interned[i];
	free(names->interned);
	names->interned = table;
	names->interned_mask = size - 1;
	return true;
}

static char *allocate(struct names *names, size_t size)
{
	struct arena_chunk *chunk = names->arena;

	if (!chunk || chunk->size - chunk->used < size) {
		size_t room = size > CHUNK_SIZE ? size : CHUNK_SIZE;

		chunk = malloc(sizeof(*chunk) + room);
		if (!chunk)
			return NULL;
		*chunk = (struct arena_chunk){ .next = names->arena, .size = room };
		names->arena = chunk;
	}
	chunk->used += size;
	return chunk->data + chunk->used - size;
}

const char *names_intern(struct names *names, const char *name, size_t size)
{
	const char **slot;
	char *copy;

	if ((!names->interned || names->nr_interned * 2 > names->interned_mask) &&
	    !grow_interned(names))
		return NULL;
	slot = find_interned(names->interned, names->interned_mask, name, size);
	if (*slot)
		return *slot;
	copy = allocate(names, size + 1);
	if (!copy)
		return NULL;
	memcpy(copy, name, size);
	copy[size] = '\0';
	*slot = copy;
	names->nr_interned++;
	return copy;
}

void names_free(struct names *names)
{
	while (names->arena) {
		struct arena_chunk *next = names->arena->next;

		free(names->arena);
		names->arena = next;
	}
	free(names->table);
	free(names->list);
	free(names->interned);
	*names = (struct names){ 0 };
}

/*
 * gdb looks C's names up as its C++ parser spells them, which of a C compiler's names changes only
 * those of integer types: "long unsigned int" is "unsigned long". NULL: not such a name.
 */
static const char *canonical_integer(const char *name)
{
	static const char *const words[] = { "unsigned", "signed", "short", "long", "char", "int" };
	enum { UNSIGNED, SIGNED, SHORT, LONG, CHAR, INT };
	unsigned count[6] = { 0 };

	while (*name) {
		size_t length = strcspn(name, " "), i;

		for (i = 0; i < 6; i++)
			if (strlen(words[i]) == length && !strncmp(name, words[i], length))
				break;
		if (i == 6 || ++count[i] > (i == LONG ? 2 : 1))
			return NULL;
		name += length + (name[length] == ' ');
	}
	if (count[UNSIGNED] && count[SIGNED])
		return NULL;
	if (count[CHAR])
		return count[SHORT] || count[LONG] || count[INT] ? NULL
		       : count[UNSIGNED]			 ? "unsigned char"
		       : count[SIGNED]				 ? "signed char"
								 : "char";
	if (count[SHORT])
		return count[LONG] ? NULL : count[UNSIGNED] ? "unsigned short" : "short";
	if (count[LONG] == 2)
		return count[UNSIGNED] ? "unsigned long long" : "long long";
	if (count[LONG])
		return count[UNSIGNED] ? "unsigned long" : "long";
	return count[UNSIGNED] ? "unsigned int" : "int";
}

/* The name that goes into the index; NULL: we do not know how gdb would spell it. */
static const char *spelling(const char *name, uint32_t value)
{
	const char *integer;

	if (!(value & INDEX_CANONICAL) ||
	    (!strchr(name, ' ') && strcmp(name, "signed") && strcmp(name, "unsigned")))
		return name;
	integer = canonical_integer(name);
	if (integer)
		return integer;
	/* gcc's; gdb's parser takes the one as it is and does not understand the other */
	if (!strcmp(name, "long double") || !strcmp(name, "__int128 unsigned"))
		return name;
	return NULL;
}

/* All threads' names in one table, while it is written. */

struct symbol {
	const char *name;
	uint32_t hash;
	uint32_t first, nr; /* in values */
	uint32_t vector;    /* where its units are in the pool */
};

struct pair {
	uint32_t symbol, value;
};

struct merge {
	uint32_t *slots; /* number of the symbol + 1; also the layout of the file's hash table */
	size_t mask;
	struct symbol *symbols;
	struct pair *pairs;
	uint32_t *values; /* the pairs', by symbol */
	size_t nr_symbols, nr_pairs, room;
	uint32_t *vectors; /* hash table of what is in the pool: offset + 1 */
	size_t vectors_mask;
};

/* The slot of NAME in a table of gdb's layout, or the empty one where it belongs. */
static uint32_t *find_symbol(struct merge *merge, const char *name, uint32_t hash)
{
	uint32_t step = ((hash * 17) & merge->mask) | 1;

	for (uint32_t at = hash & merge->mask;; at = (at + step) & merge->mask) {
		uint32_t number = merge->slots[at];

		if (!number || (merge->symbols[number - 1].hash == hash &&
				strcmp(merge->symbols[number - 1].name, name) == 0))
			return &merge->slots[at];
	}
}

/* Room for a thousand symbols, or twice as many as there are; the table is at most half full. */
static bool grow_slots(struct merge *merge)
{
	size_t size = merge->slots ? (merge->mask + 1) * 2 : 2048;
	uint32_t *slots = calloc(size, sizeof(*slots));
	void *symbols = reallocarray(merge->symbols, size / 2, sizeof(*merge->symbols));

	if (symbols)
		merge->symbols = symbols;
	if (!slots || !symbols) {
		free(slots);
		return false;
	}
	free(merge->slots);
	merge->slots = slots;
	merge->mask = size - 1;
	for (size_t i = 0; i < merge->nr_symbols; i++)
		*find_symbol(merge, merge->symbols[i].name, merge->symbols[i].hash) = i + 1;
	return true;
}

static bool merge_entry(struct merge *merge, const struct name_entry *entry, struct error *error)
{
	const char *name = spelling(entry->name, entry->value);
	uint32_t hash, *slot;

	if (!name)
		return error_set(error, ERROR_UNSUPPORTED,
				 "\"%.100s\" is no name that a C compiler makes", entry->name);
	if (strnlen(name, MAX_NAME + 1) > MAX_NAME)
		return error_set(error, ERROR_UNSUPPORTED, "a name is over %u bytes long",
				 MAX_NAME);
	if ((!merge->slots || merge->nr_symbols * 2 > merge->mask) && !grow_slots(merge))
		return error_no_memory(error, "the table of names", merge->mask * sizeof(uint32_t));
	hash = hash_name(name);
	slot = find_symbol(merge, name, hash);
	if (!*slot) {
		merge->symbols[merge->nr_symbols] = (struct symbol){ .name = name, .hash = hash };
		*slot = ++merge->nr_symbols;
	}
	merge->symbols[*slot - 1].nr++;
	merge->pairs[merge->nr_pairs++] = (struct pair){ *slot - 1,
							 entry->value & ~INDEX_CANONICAL };
	return true;
}

static bool merge_all(struct merge *merge, const struct names *names, size_t nr,
		      struct error *error)
{
	for (size_t i = 0; i < nr; i++)
		merge->room += names[i].nr_table + names[i].nr_list;
	merge->pairs = reallocarray(NULL, merge->room + 1, sizeof(*merge->pairs));
	merge->values = reallocarray(NULL, merge->room + 1, sizeof(*merge->values));
	if (!merge->pairs || !merge->values || merge->room > UINT32_MAX / 2)
		return error_no_memory(error, "the table of names",
				       merge->room * sizeof(*merge->pairs));
	for (size_t i = 0; i < nr; i++) {
		for (size_t j = 0; names[i].table && j <= names[i].mask; j++)
			if (names[i].table[j].name &&
			    !merge_entry(merge, &names[i].table[j], error))
				return false;
		for (size_t j = 0; j < names[i].nr_list; j++)
			if (!merge_entry(merge, &names[i].list[j], error))
				return false;
	}
	return true;
}

static int compare_values(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

/* Sorts, and keeps of each type and variable the first unit only; gdb's order is the numbers'. */
static uint32_t minimize(uint32_t *values, uint32_t nr)
{
	uint32_t kept = 0;

	if (nr > 1)
		qsort(values, nr, sizeof(*values), compare_values);
	for (uint32_t i = 0; i < nr; i++) {
		uint32_t kind = values[i] >> INDEX_KIND_SHIFT & 7;
		uint32_t same = kind == INDEX_TYPE || kind == INDEX_VARIABLE ? ~INDEX_UNIT_MASK
									     : ~0u;

		if (!kept || (values[i] & same) != (values[kept - 1] & same))
			values[kept++] = values[i];
	}
	return kept;
}

static void gather_values(struct merge *merge)
{
	uint32_t at = 0;

	for (size_t i = 0; i < merge->nr_symbols; i++) {
		merge->symbols[i].first = at;
		at += merge->symbols[i].nr;
		merge->symbols[i].nr = 0;
	}
	for (size_t i = 0; i < merge->nr_pairs; i++) {
		struct symbol *symbol = &merge->symbols[merge->pairs[i].symbol];

		merge->values[symbol->first + symbol->nr++] = merge->pairs[i].value;
	}
	for (size_t i = 0; i < merge->nr_symbols; i++)
		merge->symbols[i].nr = minimize(merge->values + merge->symbols[i].first,
						merge->symbols[i].nr);
}

static void append_u32(struct buffer *buffer, uint32_t value)
{
	value = htole32(value);
	buffer_append(buffer, &value, sizeof(value));
}

/* Puts the symbol's units into the pool, unless the same list is there. */
static void add_vector(struct merge *merge, struct symbol *symbol, struct buffer *pool)
{
	const uint32_t *values = merge->values + symbol->first;
	size_t start = pool->size, size;
	uint32_t *slot;

	append_u32(pool, symbol->nr);
	for (uint32_t i = 0; i < symbol->nr; i++)
		append_u32(pool, values[i]);
	if (pool->failed)
		return;
	size = pool->size - start;
	for (size_t i = hash_bytes(pool->data + start, size);; i++) {
		slot = &merge->vectors[i & merge->vectors_mask];
		if (!*slot || memcmp(pool->data + *slot - 1, pool->data + start, size) == 0)
			break;
	}
	if (*slot) {
		pool->size = start;
	} else {
		*slot = start + 1;
	}
	symbol->vector = *slot - 1;
}

static bool write_tables(struct merge *merge, struct buffer *table, struct buffer *pool,
			 struct error *error)
{
	merge->vectors_mask = merge->mask;
	merge->vectors = calloc(merge->vectors_mask + 1, sizeof(*merge->vectors));
	if (!merge->vectors)
		return error_no_memory(error, "the lists of units", 0);
	/* The vectors first, so that they are aligned. */
	for (size_t i = 0; i < merge->nr_symbols; i++)
		add_vector(merge, &merge->symbols[i], pool);
	for (size_t i = 0; i <= merge->mask; i++) {
		const struct symbol *symbol = merge->slots[i] ? &merge->symbols[merge->slots[i] - 1]
							      : NULL;

		append_u32(table, symbol ? pool->size : 0);
		append_u32(table, symbol ? symbol->vector : 0);
		if (symbol)
			buffer_append(pool, symbol->name, strlen(symbol->name) + 1);
		if (pool->size > INT32_MAX)
			return error_set(error, ERROR_UNSUPPORTED, "the index would be too large");
	}
	return !table->failed && !pool->failed ? true
					       : error_no_memory(error, "the index", pool->size);
}

bool names_write(struct names *names, size_t nr, struct buffer *table, struct buffer *pool,
		 struct error *error)
{
	struct merge merge = { 0 };
	bool done = merge_all(&merge, names, nr, error);

	if (done && !merge.nr_symbols)
		done = error_set(error, ERROR_UNSUPPORTED, "there are no names in it");
	if (done) {
		gather_values(&merge);
		done = write_tables(&merge, table, pool, error);
	}
	free(merge.slots);
	free(merge.symbols);
	free(merge.pairs);
	free(merge.values);
	free(merge.vectors);
	return done;
}
