// SPDX-License-Identifier: GPL-3.0-or-later
/* The names of an index and the tables they end in; see gdb_index_internal.h. */
#include "symbols/gdb_index/gdb_index_internal.h"

#include <endian.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/buffer.h"

/* Longer ones are nobody's: they would only make a hostile file slow. */
#define MAX_NAME   65535
#define CHUNK_SIZE (64 << 10)

struct arena_chunk {
	struct arena_chunk *next;
	size_t used, size;
	char data[];
};

static inline size_t hash_pointer(const char *name)
{
	return ((uintptr_t)name * 0x9e3779b97f4a7c15ull) >> 20;
}

/* The slot of the name at that address, or the empty one where it belongs. */
static uint32_t *find_local(const struct names *names, uint32_t *slots, size_t mask,
			    const char *name, bool canonical)
{
	for (size_t i = hash_pointer(name) + canonical;; i++) {
		uint32_t *slot = &slots[i & mask];

		if (!*slot || (names->locals[*slot - 1].name == name &&
			       names->locals[*slot - 1].canonical == canonical))
			return slot;
	}
}

/* Twice as many slots, half of which may be used. */
static bool grow_locals(struct names *names)
{
	size_t size = names->slots ? (names->mask + 1) * 2 : 1 << 12;
	void *locals = reallocarray(names->locals, size / 2, sizeof(*names->locals));
	uint32_t *slots = calloc(size, sizeof(*slots));

	if (locals)
		names->locals = locals;
	if (!locals || !slots || size > UINT32_MAX) {
		free(slots);
		return false;
	}
	for (size_t i = 0; i < names->nr_locals; i++)
		*find_local(names, slots, size - 1, names->locals[i].name,
			    names->locals[i].canonical) = i + 1;
	free(names->slots);
	names->slots = slots;
	names->mask = size - 1;
	return true;
}

bool names_add(struct names *names, const char *name, bool canonical, uint32_t value)
{
	unsigned kind = value >> INDEX_KIND_SHIFT & 7, seen = 1u << (value >> INDEX_KIND_SHIFT);
	struct name_entry *entries;
	uint32_t *slot;

	if ((!names->slots || names->nr_locals * 2 > names->mask) && !grow_locals(names))
		return false;
	slot = find_local(names, names->slots, names->mask, name, canonical);
	if (!*slot) {
		names->locals[names->nr_locals] = (struct local_name){ .name = name,
								       .canonical = canonical };
		*slot = ++names->nr_locals;
	}
	/* A thread takes the units in their order: the first it sees is its first. */
	if (names->first_only >> kind & 1) {
		if (names->locals[*slot - 1].seen & seen)
			return true;
		names->locals[*slot - 1].seen |= seen;
	}
	entries = array_room(names->entries, names->nr_entries, &names->entries_room,
			     sizeof(*entries), "entries", NULL);
	if (!entries)
		return false;
	names->entries = entries;
	names->entries[names->nr_entries++] = (struct name_entry){ *slot - 1, value };
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
	free(names->slots);
	free(names->locals);
	free(names->entries);
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
static const char *spelling(const char *name, bool canonical)
{
	const char *integer;

	if (!canonical ||
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

struct merge {
	uint32_t *slots; /* number of the symbol + 1; also the layout of the file's hash table */
	size_t mask;
	struct symbol *symbols;
	size_t nr_symbols, nr_values;
	uint32_t *values;  /* of all symbols */
	uint32_t *vectors; /* hash table of what is in the pool: offset + 1 */
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

/* The number of the symbol of that name, made if it is new. */
static bool merge_name(struct merge *merge, const struct local_name *local, uint32_t *number,
		       struct error *error)
{
	const char *name = spelling(local->name, local->canonical);
	uint32_t hash, *slot;

	if (!name)
		return error_set(error, ERROR_UNSUPPORTED,
				 "\"%.100s\" is no name that a C compiler makes", local->name);
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
	*number = *slot - 1;
	return true;
}

/* Gives each thread's names the numbers of symbols, and each symbol its number of values. */
static bool merge_names(struct merge *merge, struct names *names, struct error *error)
{
	for (size_t i = 0; i < names->nr_locals; i++)
		if (!merge_name(merge, &names->locals[i], &names->locals[i].symbol, error))
			return false;
	for (size_t i = 0; i < names->nr_entries; i++)
		merge->symbols[names->locals[names->entries[i].local].symbol].nr++;
	merge->nr_values += names->nr_entries;
	return true;
}

static int compare_values(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

/* Sorts, and keeps what is to be kept; gdb's order is the numbers'. */
static uint32_t minimize(uint32_t *values, uint32_t nr, unsigned first_only)
{
	uint32_t kept = 0;

	if (nr > 1)
		qsort(values, nr, sizeof(*values), compare_values);
	for (uint32_t i = 0; i < nr; i++) {
		uint32_t kind = values[i] >> INDEX_KIND_SHIFT & 7;
		uint32_t same = first_only >> kind & 1 ? ~INDEX_UNIT_MASK : ~0u;

		if (!kept || (values[i] & same) != (values[kept - 1] & same))
			values[kept++] = values[i];
	}
	return kept;
}

static bool gather_values(struct merge *merge, const struct names *names, size_t nr,
			  struct error *error)
{
	uint32_t at = 0;

	if (merge->nr_values > UINT32_MAX ||
	    !(merge->values = reallocarray(NULL, merge->nr_values, sizeof(*merge->values))))
		return error_no_memory(error, "the lists of units",
				       merge->nr_values * sizeof(*merge->values));
	for (size_t i = 0; i < merge->nr_symbols; i++) {
		merge->symbols[i].first = at;
		at += merge->symbols[i].nr;
		merge->symbols[i].nr = 0;
	}
	for (size_t i = 0; i < nr; i++) {
		for (size_t j = 0; j < names[i].nr_entries; j++) {
			const struct name_entry *entry = &names[i].entries[j];
			struct symbol *symbol =
				&merge->symbols[names[i].locals[entry->local].symbol];

			merge->values[symbol->first + symbol->nr++] = entry->value;
		}
	}
	for (size_t i = 0; i < merge->nr_symbols; i++)
		merge->symbols[i].nr = minimize(merge->values + merge->symbols[i].first,
						merge->symbols[i].nr, names->first_only);
	return true;
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
		slot = &merge->vectors[i & merge->mask];
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
	merge->vectors = calloc(merge->mask + 1, sizeof(*merge->vectors));
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
	bool done = true;

	for (size_t i = 0; i < nr && done; i++)
		done = merge_names(&merge, &names[i], error);
	if (done && !merge.nr_symbols)
		done = error_set(error, ERROR_UNSUPPORTED, "there are no names in it");
	done = done && gather_values(&merge, names, nr, error) &&
	       write_tables(&merge, table, pool, error);
	free(merge.slots);
	free(merge.symbols);
	free(merge.values);
	free(merge.vectors);
	return done;
}
