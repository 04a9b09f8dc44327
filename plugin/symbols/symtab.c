// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The symbol table of symtab.h: an array sorted by address and an open-addressing hash by name.
 *
 * vmlinux has 150,000 to 250,000 symbols and every session starts with reading them, so names are
 * not allocated one by one and sorting is a radix sort of (address, index) pairs.
 */
#include "symbols/symtab.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#define NAME_BLOCK 65536
/* twenty times more than any kernel has: bounds what a bad file can allocate */
#define MAX_SYMBOLS 16000000

struct name_block {
	struct name_block *next;
	size_t used, size;
	char data[];
};

struct extent {
	uint64_t start, end;
};

struct symtab {
	struct symbol *symbols;
	size_t count, capacity;
	struct name_block *names;
	struct extent *extents;		/* sorted and disjoint after symtab_finish */
	size_t nr_extents;
	uint64_t *nameless;		/* of symtab_add_nameless(); sorted after symtab_finish */
	size_t nr_nameless, nameless_capacity;
	/* Made by symtab_finish. */
	/* hash: index + 1 of the first (by address) of a name; 0 = empty */
	uint32_t *slots;
	uint32_t *next;			/* index + 1 of the next with the same name; 0 = none */
	size_t mask;			/* number of slots - 1 */
	bool names_in_order;		/* symtab_names_in_order() */
	bool finished;
	bool has_data;			/* symtab_has_data() */
	bool percpu_at_0;		/* per-CPU symbols are offsets: below all that has an address */
};

bool symtab_new(struct symtab **symtab_ret, struct error *error)
{
	struct symtab *symtab = calloc(1, sizeof(*symtab));

	if (!symtab)
		return error_no_memory(error, "a symbol table", sizeof(*symtab));
	*symtab_ret = symtab;
	return true;
}

void symtab_names_in_order(struct symtab *symtab)
{
	symtab->names_in_order = true;
}

void symtab_free(struct symtab *symtab)
{
	if (!symtab)
		return;
	while (symtab->names) {
		struct name_block *block = symtab->names;

		symtab->names = block->next;
		free(block);
	}
	free(symtab->symbols);
	free(symtab->extents);
	free(symtab->nameless);
	free(symtab->slots);
	free(symtab->next);
	free(symtab);
}

/* A block with room for SIZE bytes of names, put in front; NULL without memory. */
static struct name_block *name_block_new(struct symtab *symtab, size_t size)
{
	struct name_block *block = malloc(sizeof(*block) + size);

	if (!block)
		return NULL;
	block->used = 0;
	block->size = size;
	block->next = symtab->names;
	symtab->names = block;
	return block;
}

static const char *copy_name(struct symtab *symtab, const char *name)
{
	size_t size = strlen(name) + 1;
	struct name_block *block = symtab->names;
	char *copy;

	if (!block || block->size - block->used < size) {
		block = name_block_new(symtab, size > NAME_BLOCK ? size : NAME_BLOCK);
		if (!block)
			return NULL;
	}
	copy = block->data + block->used;
	memcpy(copy, name, size);
	block->used += size;
	return copy;
}

static bool reserve(struct symtab *symtab, size_t count, struct error *error)
{
	struct symbol *symbols;
	size_t capacity;

	if (count > MAX_SYMBOLS - symtab->count)
		return error_set(error, ERROR_FORMAT, "more than %d symbols: this cannot be right",
				 MAX_SYMBOLS);
	if (symtab->count + count <= symtab->capacity)
		return true;
	capacity = symtab->capacity * 2;
	if (capacity < symtab->count + count)
		capacity = symtab->count + count;
	symbols = realloc(symtab->symbols, capacity * sizeof(*symbols));
	if (!symbols)
		return error_no_memory(error, "symbols", capacity * sizeof(*symbols));
	symtab->symbols = symbols;
	symtab->capacity = capacity;
	return true;
}

/* Names that the tools made, which would only stand in the way of the ones people use. */
static bool is_noise(const char *name)
{
	const char *label;

	if (name[0] == '\0' || name[0] == '$' || (name[0] == '.' && name[1] == 'L') ||
	    (name[0] == 'L' && name[1] == '0' && name[2] == '\001'))
		return true;
	if (name[0] != '_' || name[1] != '_')
		return false;
	/* arm64 links some code twice or early, and puts __kvm_nvhe_, __efistub_ or __pi_ before all its names, $x and $d, too. */
	label = strstr(name, "_$");
	if (label && (label[2] == 'x' || label[2] == 'd') && (!label[3] || label[3] == '.'))
		return true;
	return strncmp(name, "__crc_", 6) == 0 || strncmp(name, "__ksymtab_", 10) == 0 ||
	       strncmp(name, "__kstrtab", 9) == 0;
}

bool symtab_add(struct symtab *symtab, const struct symbol *symbol, struct error *error)
{
	struct symbol copy = *symbol;

	if (is_noise(symbol->name))
		return true;
	if (!reserve(symtab, 1, error))
		return false;
	copy.name = copy_name(symtab, symbol->name);
	if (!copy.name)
		return error_no_memory(error, "a symbol's name", strlen(symbol->name) + 1);
	symtab->symbols[symtab->count++] = copy;
	return true;
}

bool symtab_add_nameless(struct symtab *symtab, uint64_t address, struct error *error)
{
	uint64_t *nameless = array_room(symtab->nameless, symtab->nr_nameless, &symtab->nameless_capacity, sizeof(*nameless),
					"symbols without names", error);

	if (!nameless)
		return false;
	symtab->nameless = nameless;
	nameless[symtab->nr_nameless++] = address;
	return true;
}

bool symtab_add_extent(struct symtab *symtab, uint64_t start, uint64_t size, struct error *error)
{
	struct extent *extents;

	if (!size || start + size < start)
		return true;
	extents = realloc(symtab->extents, (symtab->nr_extents + 1) * sizeof(*extents));
	if (!extents)
		return error_no_memory(error, "address ranges",
				       (symtab->nr_extents + 1) * sizeof(*extents));
	extents[symtab->nr_extents++] = (struct extent){ start, start + size };
	symtab->extents = extents;
	return true;
}

/* --- sorting --- */

struct sort_key {
	uint64_t address;
	uint32_t index;
};

#define RADIX_BITS 11
#define RADIX_SIZE (1U << RADIX_BITS)

/*
 * Least significant digit first, stable; digits that all keys share cost one look. Returns the
 * array that holds the result.
 */
static struct sort_key *radix_sort(struct sort_key *keys, struct sort_key *spare, size_t count)
{
	for (unsigned shift = 0; shift < 64; shift += RADIX_BITS) {
		size_t start[RADIX_SIZE] = { 0 }, sum = 0;
		struct sort_key *swap;

		for (size_t i = 0; i < count; i++)
			start[keys[i].address >> shift & (RADIX_SIZE - 1)]++;
		if (count && start[keys[0].address >> shift & (RADIX_SIZE - 1)] == count)
			continue;
		for (size_t digit = 0; digit < RADIX_SIZE; digit++) {
			size_t number = start[digit];

			start[digit] = sum;
			sum += number;
		}
		for (size_t i = 0; i < count; i++)
			spare[start[keys[i].address >> shift & (RADIX_SIZE - 1)]++] = keys[i];
		swap = keys;
		keys = spare;
		spare = swap;
	}
	return keys;
}

/* Padding before a function (6.2+, FineIBT): never what one wants to see. */
static bool is_padding(const struct symbol *symbol)
{
	return !strncmp(symbol->name, "__pfx_", 6) || !strncmp(symbol->name, "__cfi_", 6);
}

static bool starts_with(const char *name, const char *start)
{
	return strncmp(name, start, strlen(start)) == 0;
}

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), size = strlen(end);

	return length >= size && strcmp(name + length - size, end) == 0;
}

bool symbol_is_label(const char *name)
{
	static const char *const marks[] = { "_text",  "_stext", "_etext",     "_sdata",
					     "_edata", "_end",	 "_sinittext", "_einittext" };

	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (strcmp(name, marks[i]) == 0)
			return true;
	return starts_with(name, "__") &&
	       (starts_with(name, "__start_") || starts_with(name, "__stop_") ||
		starts_with(name, "__end_") || ends_with(name, "_start") ||
		ends_with(name, "_end") || ends_with(name, "_begin") || ends_with(name, "_stop"));
}

/*
 * A mark of the linker's script behind the last thing of a section: what follows, up to the next
 * symbol, is padding, or memory that the kernel gave back when it had booted
 * (free_kernel_image_pages), and belongs to nothing. Only those that such a gap follows; by name,
 * since kallsyms tells a mark from a function in no other way.
 */
static bool is_end_mark(const struct symbol *symbol)
{
	static const char *const marks[] = {
		"_etext",     "_edata",	    "_end",	  "_einittext",		  "__end_rodata",
		"__init_end", "__bss_stop", "__brk_limit", "__init_scratch_end", "orc_lookup_end",
		"__indirect_thunk_end",
	};

	if (symbol->size && !symbol->size_inferred)
		return false;
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (!strcmp(symbol->name, marks[i]))
			return true;
	/* Not the functions: __stop_tty. */
	return !strncmp(symbol->name, "__stop_", 7) && !strchr("tTwW", symbol->letter);
}

/*
 * Which of two names of one address comes first: the one the kernel itself prints in an oops and in
 * /proc/PID/stack (compare_symbols() in scripts/kallsyms.c): strong before weak, then the fewest
 * underscores in front, then by name; so __do_sys_pause, not its alias __x64_sys_pause. Before all
 * that, what is known to be a function or an object, with a size, goes before labels of sections,
 * and the end of what lies before goes last.
 */
static bool is_better_name(const struct symbol *a, const struct symbol *b)
{
	bool a_weak = toupper((unsigned char)a->letter) == 'W';
	bool b_weak = toupper((unsigned char)b->letter) == 'W';
	size_t a_underscores = strspn(a->name, "_"), b_underscores = strspn(b->name, "_");

	if (is_padding(a) != is_padding(b))
		return is_padding(b);
	if (is_end_mark(a) != is_end_mark(b))
		return is_end_mark(b);
	if (!a->size != !b->size)
		return a->size;
	if (symbol_is_label(a->name) != symbol_is_label(b->name))
		return symbol_is_label(b->name);
	if (a_weak != b_weak)
		return b_weak;
	if (a_underscores != b_underscores)
		return a_underscores < b_underscores;
	return strcmp(a->name, b->name) < 0;
}

/* Puts the names of one address into order; there are few, so insertion is right. */
static void sort_names(struct symbol *symbols, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct symbol symbol = symbols[i];
		size_t j = i;

		/*
		 * A hostile file may put a million symbols on one address: past some, order does
		 * not matter.
		 */
		for (; j > 0 && i < 256 && is_better_name(&symbol, &symbols[j - 1]); j--)
			symbols[j] = symbols[j - 1];
		symbols[j] = symbol;
	}
}

static bool sort_symbols(struct symtab *symtab, struct error *error)
{
	size_t count = symtab->count, size = count * sizeof(struct sort_key);
	struct sort_key *keys = malloc(2 * size + 1), *sorted;
	struct symbol *symbols = malloc(count * sizeof(*symbols) + 1);

	if (!keys || !symbols) {
		free(keys);
		free(symbols);
		return error_no_memory(error, "sorting symbols", 2 * size);
	}
	for (size_t i = 0; i < count; i++)
		keys[i] = (struct sort_key){ symtab->symbols[i].address, i };
	sorted = radix_sort(keys, keys + count, count);
	for (size_t i = 0; i < count; i++)
		symbols[i] = symtab->symbols[sorted[i].index];
	free(keys);
	free(symtab->symbols);
	symtab->symbols = symbols;
	symtab->capacity = count;
	for (size_t first = 0, end; first < count; first = end) {
		end = first + 1;
		while (end < count && symbols[end].address == symbols[first].address)
			end++;
		if (end - first > 1 && !symtab->names_in_order)	/* radix_sort is stable */
			sort_names(symbols + first, end - first);
	}
	return true;
}

static int compare_extents(const void *a, const void *b)
{
	const struct extent *left = a, *right = b;

	return (left->start > right->start) - (left->start < right->start);
}

static void sort_extents(struct symtab *symtab)
{
	size_t kept = 0;

	if (!symtab->nr_extents)
		return;
	qsort(symtab->extents, symtab->nr_extents, sizeof(*symtab->extents), compare_extents);
	for (size_t i = 1; i < symtab->nr_extents; i++) {
		struct extent *last = &symtab->extents[kept];

		if (symtab->extents[i].start < last->end) {
			if (symtab->extents[i].end > last->end)
				last->end = symtab->extents[i].end;
		} else {
			symtab->extents[++kept] = symtab->extents[i];
		}
	}
	symtab->nr_extents = kept + 1;
}

/* --- names --- */

static size_t hash_name(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325;	/* FNV-1a */

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 0x100000001b3;
	return hash ^ hash >> 32;
}

/* The slot that NAME is in, or the empty one where it belongs. */
static uint32_t *find_slot(const struct symtab *symtab, const char *name)
{
	for (size_t i = hash_name(name) & symtab->mask;; i = (i + 1) & symtab->mask) {
		uint32_t entry = symtab->slots[i];

		if (!entry || strcmp(symtab->symbols[entry - 1].name, name) == 0)
			return &symtab->slots[i];
	}
}

static bool hash_symbols(struct symtab *symtab, struct error *error)
{
	size_t nr_slots = 16;

	while (nr_slots < symtab->count * 2)
		nr_slots *= 2;
	symtab->mask = nr_slots - 1;
	symtab->slots = calloc(nr_slots, sizeof(*symtab->slots));
	symtab->next = calloc(symtab->count + 1, sizeof(*symtab->next));
	if (!symtab->slots || !symtab->next)
		return error_no_memory(error, "the index of symbol names",
				       nr_slots * sizeof(*symtab->slots));
	/* From the end, so that each chain is in address order. */
	for (size_t i = symtab->count; i-- > 0;) {
		uint32_t *slot = find_slot(symtab, symtab->symbols[i].name);

		symtab->next[i] = *slot;
		*slot = i + 1;
	}
	return true;
}

/* Where they have addresses in the image, something of it comes before them. */
static void find_percpu(struct symtab *symtab)
{
	size_t first = 0;

	while (first < symtab->count && symtab->symbols[first].letter == 'A')
		first++;
	symtab->percpu_at_0 = first < symtab->count && symtab->symbols[first].percpu;
}

/* Of code alone a mark or two is called data, where a section ends (i386's __init_begin). */
static void count_data(struct symtab *symtab)
{
	size_t data = 0;

	for (size_t i = 0; i < symtab->count; i++)
		data += strchr("DdBb", symtab->symbols[i].letter) != NULL;
	symtab->has_data = data > symtab->count / 1000;
}

static int compare_addresses(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

bool symtab_finish(struct symtab *symtab, struct error *error)
{
	if (symtab->finished)
		return true;
	if (!sort_symbols(symtab, error) || !hash_symbols(symtab, error))
		return false;
	sort_extents(symtab);
	if (symtab->nr_nameless)
		qsort(symtab->nameless, symtab->nr_nameless, sizeof(*symtab->nameless), compare_addresses);
	find_percpu(symtab);
	count_data(symtab);
	symtab->finished = true;
	return true;
}

/* --- lookups --- */

const struct symbol *symtab_find(const struct symtab *symtab, const char *name)
{
	uint32_t first, entry;

	if (!symtab->finished)
		return NULL;
	first = *find_slot(symtab, name);
	for (entry = first; entry; entry = symtab->next[entry - 1])
		if (isupper((unsigned char)symtab->symbols[entry - 1].letter))
			return &symtab->symbols[entry - 1];
	return first ? &symtab->symbols[first - 1] : NULL;
}

const struct symbol *symtab_find_next(const struct symtab *symtab, const char *name,
				      const struct symbol *previous)
{
	uint32_t entry;

	if (!symtab->finished)
		return NULL;
	entry = previous ? symtab->next[previous - symtab->symbols] : *find_slot(symtab, name);
	return entry ? &symtab->symbols[entry - 1] : NULL;
}

/* Index of the first symbol with an address above ADDRESS. */
static size_t upper_bound(const struct symtab *symtab, uint64_t address)
{
	return array_up_to(symtab->symbols, symtab->count, sizeof(*symtab->symbols),
			   offsetof(struct symbol, address), address);
}

static const struct extent *find_extent(const struct symtab *symtab, uint64_t address)
{
	size_t low = array_up_to(symtab->extents, symtab->nr_extents, sizeof(*symtab->extents),
				 offsetof(struct extent, end), address);

	return low < symtab->nr_extents && symtab->extents[low].start <= address ?
		&symtab->extents[low] : NULL;
}

/*
 * Absolute symbols are numbers, or further names of places. Per-CPU ones are offsets up to 6.14; later
 * they have addresses in the image, which per-CPU pointers hold.
 */
static bool names_a_place(const struct symtab *symtab, const struct symbol *symbol)
{
	return symbol->letter != 'A' && (!symbol->percpu || !symtab->percpu_at_0);
}

/* Does a symbol whose name is not known begin between the nearest, BEST, and ADDRESS? */
static bool is_a_nameless_ones(const struct symtab *symtab, const struct symbol *best, uint64_t address)
{
	size_t below = array_up_to(symtab->nameless, symtab->nr_nameless, sizeof(*symtab->nameless), 0, address);

	return below && symtab->nameless[below - 1] > best->address;
}

/* The nearest symbol before ADDRESS, in EXTENT. */
static const struct symbol *lookup_nearest(const struct symtab *symtab, uint64_t address,
					   const struct extent *extent)
{
	const struct symbol *best = NULL;

	/* Backwards, to the first of those at the nearest address, which is the best. */
	for (size_t i = upper_bound(symtab, address); i > 0; i--) {
		const struct symbol *symbol = &symtab->symbols[i - 1];

		if ((best && symbol->address != best->address) || symbol->address < extent->start)
			break;
		if (names_a_place(symtab, symbol))
			best = symbol;
	}
	return best && !is_end_mark(best) && !is_a_nameless_ones(symtab, best, address) ? best : NULL;
}

/* How many symbols before ADDRESS are tried. */
#define LOOKUP_DEPTH 64

/* The smallest symbol that has ADDRESS by its size: one may have others inside of it. */
static const struct symbol *lookup_sized(const struct symtab *symtab, uint64_t address)
{
	const struct symbol *best = NULL;
	size_t end = upper_bound(symtab, address);

	for (size_t i = end; i > 0 && end - i < LOOKUP_DEPTH; i--) {
		const struct symbol *symbol = &symtab->symbols[i - 1];

		if (best && symbol->address != best->address)
			break;
		if (names_a_place(symtab, symbol) && address - symbol->address < symbol->size)
			best = symbol;
	}
	return best;
}

const struct symbol *symtab_lookup(const struct symtab *symtab, uint64_t address)
{
	const struct extent *extent;

	if (!symtab->finished)
		return NULL;
	if (!symtab->nr_extents)
		return lookup_sized(symtab, address);
	extent = find_extent(symtab, address);
	return extent ? lookup_nearest(symtab, address, extent) : NULL;
}

bool symtab_has_data(const struct symtab *symtab)
{
	return symtab->has_data;
}

size_t symtab_count(const struct symtab *symtab)
{
	return symtab->count;
}

const struct symbol *symtab_get(const struct symtab *symtab, size_t index)
{
	return index < symtab->count ? &symtab->symbols[index] : NULL;
}
