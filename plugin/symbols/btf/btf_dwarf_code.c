// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * BTF's functions and variables as DWARF entries, where the symbol table says they are; see
 * btf_dwarf.h.
 *
 * BTF has one prototype for a name, and pahole leaves out functions whose prototypes differ, so
 * every function of the name has it. Copies that the compiler made of a function (NAME.isra.0,
 * NAME.constprop.0, NAME.part.0) get the function's name, as they have in its own DWARF. A cold
 * part (NAME.cold) keeps its own, or `print NAME' might find that; it has an entry only because gdb
 * 13 and later take the symbol alone for one of Ada's and print NAME[cold].
 */
#include "symbols/btf/btf_dwarf_internal.h"

#include <ctype.h>
#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/symtab.h"

#define UNIT_FUNCTIONS 512   /* in one unit */
#define MAX_NAMESAKES  256   /* of a static variable */
#define UNIT_GAP       65536 /* bytes without a function that end one */

/* The functions of BTF by name. */
struct function_index {
	const struct btf *btf;
	uint32_t *slots; /* type numbers, 0 = empty */
	uint32_t mask;
};

struct placed_function {
	const struct symbol *symbol;
	uint64_t end;
	uint32_t type; /* a BTF_FUNC; 0: a cold part */
};

struct batch {
	struct btf_dwarf_writer *writer;
	struct placed_function functions[UNIT_FUNCTIONS];
	size_t count;
	uint64_t end; /* of the last one */
};

static uint32_t hash_name(const char *name, size_t length)
{
	uint64_t hash = 0xcbf29ce484222325ull; /* FNV-1a */

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (uint8_t)name[i]) * 0x100000001b3ull;
	return hash ^ hash >> 32;
}

static uint32_t find_function(const struct function_index *index, const char *name, size_t length)
{
	for (uint32_t slot = hash_name(name, length);; slot++) {
		uint32_t id = index->slots[slot & index->mask];
		const char *text;

		if (!id)
			return 0;
		text = btf_string(index->btf, btf_get32(index->btf, index->btf->records[id]));
		if (strncmp(text, name, length) == 0 && !text[length])
			return id;
	}
}

static bool index_functions(struct btf_dwarf_writer *writer, struct function_index *index,
			    struct error *error)
{
	const struct btf *btf = writer->btf;
	uint32_t slots = 1024;

	while (slots < btf->nr_records && slots < 1u << 30)
		slots *= 2;
	slots *= 2;
	*index = (struct function_index){ .btf = btf, .mask = slots - 1 };
	index->slots = calloc(slots, sizeof(*index->slots));
	if (!index->slots)
		return error_no_memory(error, "the functions' names", slots * 4ul);
	for (uint32_t id = writer->input->first; id < btf->nr_records; id++) {
		struct btf_type type = btf_decode(btf, btf->records[id]);
		const char *name = btf_string(btf, type.name);
		uint32_t slot;

		if (type.kind != BTF_FUNC || !*name || find_function(index, name, strlen(name)))
			continue;
		slot = hash_name(name, strlen(name));
		while (index->slots[slot & index->mask])
			slot++;
		index->slots[slot & index->mask] = id;
	}
	return true;
}

/* --- functions --- */

static void parameters(struct btf_dwarf_writer *writer, const struct btf_type *prototype)
{
	for (uint32_t i = 0; i < prototype->count; i++) {
		uint32_t name = btf_get32(writer->btf, prototype->at + i * 8);
		uint32_t id = btf_get32(writer->btf, prototype->at + i * 8 + 4);
		uint32_t target = btf_dwarf_resolve(writer, id);
		bool named = *btf_string(writer->btf, name);

		if (target) {
			btf_dwarf_uleb(writer,
				       named ? ABBREV_NAMED_PARAMETER : ABBREV_NAMELESS_PARAMETER);
			if (named)
				btf_dwarf_u32(writer, name);
			btf_dwarf_reference(writer, target);
		} else if (id == 0 && i + 1 == prototype->count) {
			btf_dwarf_uleb(writer, ABBREV_UNSPECIFIED);
		}
	}
}

static void function(struct btf_dwarf_writer *writer, const struct placed_function *placed)
{
	static const enum abbrev abbrevs[2][2] = {
		{ ABBREV_FUNCTION_STATIC_VOID, ABBREV_FUNCTION_STATIC },
		{ ABBREV_FUNCTION_VOID, ABBREV_FUNCTION },
	};
	struct btf_type type, prototype = { 0 };
	uint32_t result = 0;

	if (!placed->type) {
		const char *name = placed->symbol->name;

		btf_dwarf_uleb(writer, ABBREV_COLD);
		buffer_append(writer->info, name, strlen(name) + 1);
		btf_dwarf_u64(writer, placed->symbol->address);
		btf_dwarf_uleb(writer, placed->end - placed->symbol->address);
		return;
	}
	btf_get_type(writer->btf, placed->type, &type, NULL);
	if (!btf_get_type(writer->btf, type.size_or_type, &prototype, NULL) ||
	    prototype.kind != BTF_FUNC_PROTO)
		return;
	result = btf_dwarf_resolve(writer, prototype.size_or_type);
	btf_dwarf_uleb(writer,
		       abbrevs[isupper((unsigned char)placed->symbol->letter) != 0][result != 0]);
	btf_dwarf_u32(writer, type.name);
	btf_dwarf_u64(writer, placed->symbol->address);
	btf_dwarf_uleb(writer, placed->end - placed->symbol->address);
	if (result)
		btf_dwarf_reference(writer, result);
	parameters(writer, &prototype);
	btf_dwarf_u8(writer, 0);
}

static void finish_batch(struct batch *batch)
{
	size_t unit;

	if (!batch->count)
		return;
	unit = btf_dwarf_unit(batch->writer, batch->functions[0].symbol->address, batch->end);
	for (size_t i = 0; i < batch->count; i++)
		function(batch->writer, &batch->functions[i]);
	btf_dwarf_unit_end(batch->writer, unit);
	batch->count = 0;
}

/* The part of a symbol's name that the source has. */
static size_t source_name(const char *name)
{
	return strcspn(name, ".");
}

/* Its code is not a function of its own. */
static bool is_cold(const char *name)
{
	return strstr(name + source_name(name), ".cold");
}

/* Where the next symbol with an address above it starts: sizes out of a dump may say anything. */
static uint64_t end_of(const struct symtab *symtab, size_t *next, const struct symbol *symbol)
{
	uint64_t end = symbol->address + symbol->size;
	const struct symbol *after;

	while ((after = symtab_get(symtab, *next)) && after->address == symbol->address)
		++*next;
	if (end < symbol->address || (after && end > after->address))
		end = after ? after->address : symbol->address;
	return end;
}

bool btf_dwarf_functions(struct btf_dwarf_writer *writer, struct error *error)
{
	const struct symtab *symtab = writer->input->symbols;
	struct batch *batch = calloc(1, sizeof(*batch));
	struct function_index index;
	size_t next;

	if (!batch || !index_functions(writer, &index, error)) {
		free(batch);
		return error_no_memory(error, "functions for gdb", sizeof(*batch));
	}
	batch->writer = writer;
	/* Of several names of one address only the first, which is what stacks show. */
	for (size_t i = 0; i < symtab_count(symtab); i = next) {
		const struct symbol *symbol = symtab_get(symtab, i);
		struct placed_function placed = { .symbol = symbol };
		size_t length = source_name(symbol->name);

		next = i + 1;
		placed.end = end_of(symtab, &next, symbol);
		if (!symbol->function || symbol->percpu || placed.end == symbol->address)
			continue;
		if (!is_cold(symbol->name) &&
		    !(placed.type = find_function(&index, symbol->name, length)))
			continue;
		if (batch->count == UNIT_FUNCTIONS ||
		    (batch->count && symbol->address - batch->end > UNIT_GAP))
			finish_batch(batch);
		batch->functions[batch->count++] = placed;
		batch->end = placed.end;
	}
	finish_batch(batch);
	free(index.slots);
	free(batch);
	return true;
}

/* --- variables --- */

/*
 * Where variable NAME is: at OFFSET of the per-CPU section, or where the one symbol of that name
 * is. False if that is not certain.
 */
static bool find_variable(const struct symtab *symtab, const char *name, bool percpu,
			  uint32_t offset, uint64_t *address_ret, bool *external_ret)
{
	const struct symbol *start = percpu ? symtab_find(symtab, "__per_cpu_start") : NULL;
	const struct symbol *symbol = NULL, *only = NULL;
	size_t found = 0;

	for (unsigned tries = 0; tries < MAX_NAMESAKES; tries++) {
		symbol = symtab_find_next(symtab, name, symbol);
		if (!symbol)
			break;
		if (start && symbol->address != start->address + offset)
			continue;
		only = symbol;
		found++;
	}
	if (found != 1 || only->function)
		return false;
	*address_ret = only->address;
	*external_ret = isupper((unsigned char)only->letter);
	return true;
}

static void variable(struct btf_dwarf_writer *writer, bool percpu, uint32_t entry)
{
	uint32_t id = btf_get32(writer->btf, entry), type;
	struct btf_type variable;
	uint64_t address;
	bool external;

	if (!btf_get_type(writer->btf, id, &variable, NULL) || variable.kind != BTF_VAR)
		return;
	type = btf_dwarf_resolve(writer, variable.size_or_type);
	if (!type || !find_variable(writer->input->symbols, btf_string(writer->btf, variable.name),
				    percpu, btf_get32(writer->btf, entry + 4), &address, &external))
		return;
	btf_dwarf_uleb(writer, external ? ABBREV_VARIABLE : ABBREV_VARIABLE_STATIC);
	btf_dwarf_u32(writer, variable.name);
	btf_dwarf_reference(writer, type);
	btf_dwarf_uleb(writer, 9);
	btf_dwarf_u8(writer, DW_OP_addr);
	btf_dwarf_u64(writer, address);
}

void btf_dwarf_variables(struct btf_dwarf_writer *writer)
{
	const struct btf *btf = writer->btf;
	size_t unit = btf_dwarf_unit(writer, 0, 0);

	for (uint32_t id = writer->input->first; id < btf->nr_records; id++) {
		struct btf_type type = btf_decode(btf, btf->records[id]);
		bool percpu;

		if (type.kind != BTF_DATASEC)
			continue;
		percpu = strcmp(btf_string(btf, type.name), ".data..percpu") == 0;
		for (uint32_t i = 0; i < type.count; i++)
			variable(writer, percpu, type.at + i * 12);
	}
	btf_dwarf_unit_end(writer, unit);
}
