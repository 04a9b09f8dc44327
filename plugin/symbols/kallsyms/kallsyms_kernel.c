// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The kernel's own symbol table out of the dump: kallsyms.
 *
 * scripts/kallsyms.c makes it at build time: names as strings of tokens (a table of 256 of them,
 * found through an index), addresses as 32-bit offsets, both in order of address.
 *  - An offset counts from kallsyms_relative_base. Where per-CPU symbols are absolute (x86-64 up to
 *    6.14, KALLSYMS_ABSOLUTE_PERCPU) an offset that is not negative is such a symbol's value, and
 *    the others are -1 - distance. No image is 2 GiB long, so one negative offset tells the two
 *    apart.
 *  - Before 4.6 (2213e9a66bb8) there were whole addresses; those of per-CPU symbols are small.
 *  - 7.x has no base: an offset counts from its own place, and VMCOREINFO no longer names a base.
 *  - A length of 128 and more takes two bytes (6.1, 73bbb94466fd); before that no name was so long.
 * There are no sizes. A symbol is taken to reach to the next one, and marked so.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "dump/dump.h"
#include "symbols/kallsyms/kallsyms.h"
#include "symbols/symtab.h"

#define MAX_SYMBOLS 4000000 /* 20 times what a big kernel has */
#define MAX_NAME    512	    /* KSYM_NAME_LEN */
#define NR_TOKENS   256
#define MAX_TOKENS  (NR_TOKENS * 64)
#define CHUNK	    4096

struct reader {
	struct memory *memory;
	const struct kallsyms_tables *tables;
	uint64_t *addresses; /* [count] */
	uint64_t count;
	char *token_text; /* NUL-terminated tokens */
	size_t token_text_size;
	uint16_t token_index[NR_TOKENS];
	bool percpu_absolute;
	/* the names, read on as they are decoded */
	uint64_t next;
	uint8_t chunk[CHUNK];
	size_t chunk_at, chunk_size;
};

bool kallsyms_locate(const struct dump *dump, struct kallsyms_tables *tables, struct error *error)
{
	static const char *const names[] = { "SYMBOL(kallsyms_names)", "SYMBOL(kallsyms_num_syms)",
					     "SYMBOL(kallsyms_token_table)",
					     "SYMBOL(kallsyms_token_index)",
					     "SYMBOL(kallsyms_offsets)" };
	uint64_t *const places[] = { &tables->names, &tables->num_syms, &tables->token_table,
				     &tables->token_index, &tables->offsets };

	*tables = (struct kallsyms_tables){ 0 };
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!dump_vmcoreinfo_number(dump, names[i], 16, places[i]))
			return error_set(error, ERROR_NO_SYMBOL,
					 "VMCOREINFO does not name %s, as kernels do since 6.0 "
					 "(5fd8fea935a1)",
					 names[i]);
	dump_vmcoreinfo_number(dump, "SYMBOL(kallsyms_relative_base)", 16, &tables->relative_base);
	return true;
}

/* --- addresses --- */

static uint64_t decode_offset(const struct reader *reader, uint64_t index, int32_t offset,
			      uint64_t base)
{
	if (!reader->tables->relative_base)
		return reader->tables->offsets + index * 4 + (int64_t)offset;
	if (!reader->percpu_absolute)
		return base + (uint32_t)offset;
	return offset >= 0 ? (uint64_t)offset : base - 1 - (int64_t)offset;
}

static bool read_whole(struct reader *reader, struct error *error)
{
	size_t word = reader->memory->arch->pointer_size;
	uint8_t *words = malloc(reader->count * word);
	bool done;

	reader->addresses = malloc(reader->count * sizeof(*reader->addresses));
	if (!words || !reader->addresses) {
		free(words);
		return error_no_memory(error, "kallsyms", reader->count * sizeof(*reader->addresses));
	}
	done = memory_read(reader->memory, reader->tables->addresses, words, reader->count * word, error);
	for (uint64_t i = 0; done && i < reader->count; i++)
		reader->addresses[i] = memory_decode(reader->memory, words + i * word, word);
	free(words);
	reader->percpu_absolute = true;
	return done;
}

static bool read_addresses(struct reader *reader, struct error *error)
{
	uint64_t base = 0;
	int32_t *offsets;
	bool ok;

	if (reader->tables->addresses)
		return read_whole(reader, error);
	if (reader->tables->relative_base &&
	    !memory_read_uint(reader->memory, reader->tables->relative_base, reader->memory->arch->pointer_size, &base,
			      error))
		return false;
	offsets = malloc(reader->count * sizeof(*offsets));
	reader->addresses = malloc(reader->count * sizeof(*reader->addresses));
	if (!offsets || !reader->addresses) {
		free(offsets);
		return error_no_memory(error, "kallsyms", reader->count * 12);
	}
	ok = memory_read(reader->memory, reader->tables->offsets, offsets, reader->count * 4,
			 error);
	for (uint64_t i = 0; ok && i < reader->count; i++) {
		offsets[i] = (int32_t)memory_decode(reader->memory, (uint8_t *)&offsets[i], 4);
		reader->percpu_absolute |= offsets[i] < 0;
	}
	reader->percpu_absolute = reader->percpu_absolute && reader->tables->relative_base;
	for (uint64_t i = 0; ok && i < reader->count; i++)
		reader->addresses[i] = decode_offset(reader, i, offsets[i], base);
	free(offsets);
	return ok;
}

/* --- names --- */

static bool read_tokens(struct reader *reader, struct error *error)
{
	char last[64];

	if (!memory_read(reader->memory, reader->tables->token_index, reader->token_index,
			 sizeof(reader->token_index), error))
		return false;
	for (size_t i = 0; i < NR_TOKENS; i++) {
		reader->token_index[i] = (uint16_t)memory_decode(reader->memory, (uint8_t *)&reader->token_index[i], 2);
		if (i && reader->token_index[i] <= reader->token_index[i - 1])
			return error_set(error, ERROR_CORRUPT,
					 "the index of kallsyms' tokens is not in order");
	}
	if (!memory_read_string(reader->memory,
				reader->tables->token_table + reader->token_index[NR_TOKENS - 1],
				last, sizeof(last), error))
		return false;
	reader->token_text_size = reader->token_index[NR_TOKENS - 1] + strlen(last) + 1;
	if (reader->token_text_size > MAX_TOKENS)
		return error_set(error, ERROR_CORRUPT, "kallsyms' tokens take %zu bytes",
				 reader->token_text_size);
	reader->token_text = malloc(reader->token_text_size);
	if (!reader->token_text)
		return error_no_memory(error, "kallsyms' tokens", reader->token_text_size);
	if (!memory_read(reader->memory, reader->tables->token_table, reader->token_text,
			 reader->token_text_size, error))
		return false;
	reader->token_text[reader->token_text_size - 1] = 0;
	return true;
}

static bool next_byte(struct reader *reader, uint8_t *byte_ret, struct error *error)
{
	if (reader->chunk_at == reader->chunk_size) {
		/* To the end of a page: the next one may be missing. */
		size_t size = CHUNK - reader->next % CHUNK;

		if (!memory_read(reader->memory, reader->next, reader->chunk, size, error))
			return false;
		reader->next += size;
		reader->chunk_size = size;
		reader->chunk_at = 0;
	}
	*byte_ret = reader->chunk[reader->chunk_at++];
	return true;
}

/* The letter and the name of the next symbol. */
static bool next_name(struct reader *reader, char name[MAX_NAME], struct error *error)
{
	uint8_t byte = 0, high = 0;
	size_t length, size = 0;

	if (!next_byte(reader, &byte, error) || (byte & 0x80 && !next_byte(reader, &high, error)))
		return false;
	length = byte & 0x80 ? (byte & 0x7fu) | (size_t)high << 7 : byte;
	for (; length; length--) {
		const char *token;
		size_t bytes;

		if (!next_byte(reader, &byte, error))
			return false;
		token = reader->token_text + reader->token_index[byte];
		bytes = strlen(token);
		if (size + bytes >= MAX_NAME)
			return error_set(error, ERROR_CORRUPT, "a name in kallsyms has no end");
		memcpy(name + size, token, bytes);
		size += bytes;
	}
	name[size] = 0;
	/* A ? is what nm says of __nosave_begin. */
	if (size < 2 || (!isalpha((unsigned char)name[0]) && name[0] != '?'))
		return error_set(error, ERROR_CORRUPT, "kallsyms has a symbol without a name");
	return true;
}

/* --- symbols --- */

/*
 * Where the next symbol starts, INDEX being the first of its address; the address itself for the
 * last one, and where a damaged table is not in order.
 */
static uint64_t end_of(const struct reader *reader, uint64_t index)
{
	uint64_t address = reader->addresses[index];

	while (index < reader->count && reader->addresses[index] == address)
		index++;
	return index < reader->count && reader->addresses[index] > address
		       ? reader->addresses[index]
		       : address;
}

static bool is_percpu(const struct reader *reader, uint64_t address)
{
	return reader->percpu_absolute && address < (1ull << 31);
}

static bool add_symbol(const struct reader *reader, struct symtab *symtab, uint64_t index,
		       uint64_t end, const char *text, struct error *error)
{
	uint64_t address = reader->addresses[index];
	bool alone = (index == 0 || reader->addresses[index - 1] != address) &&
		     (index + 1 == reader->count || reader->addresses[index + 1] != address);
	struct symbol symbol = {
		.address = address,
		.name = text + 1,
		.letter = text[0],
		.function = strchr("tTwW", text[0]) != NULL,
	};

	/* Absolute, per-CPU symbols end where the section does, not where the kernel begins. */
	symbol.size = end - address < (1ull << 30) ? end - address : 0;
	symbol.size_inferred = true;
	if (!alone && symbol_is_label(symbol.name))
		symbol.size = 0;
	if (is_percpu(reader, address)) {
		symbol.percpu = true;
		symbol.function = false;
		symbol.letter = 'D';
	}
	return symtab_add(symtab, &symbol, error);
}

/* What could be read stays, and *LOST_RET is the number of names that could not. */
static bool read_symbols(struct reader *reader, struct symtab *symtab, uint64_t *lost_ret,
			 struct error *why, struct error *error)
{
	uint64_t end = 0;

	reader->next = reader->tables->names;
	for (uint64_t i = 0; i < reader->count; i++) {
		char text[MAX_NAME];

		if (!next_name(reader, text, why)) {
			*lost_ret = reader->count - i;
			return true;
		}
		if (i == 0 || reader->addresses[i] != reader->addresses[i - 1])
			end = end_of(reader, i);
		if (!add_symbol(reader, symtab, i, end, text, error))
			return false;
	}
	return true;
}

/* What lies beyond the last symbol is not the kernel's. */
static bool add_extent(const struct reader *reader, struct symtab *symtab, struct error *error)
{
	uint64_t first = UINT64_MAX, last = 0;

	for (uint64_t i = 0; i < reader->count; i++) {
		if (is_percpu(reader, reader->addresses[i]))
			continue;
		if (reader->addresses[i] < first)
			first = reader->addresses[i];
		if (reader->addresses[i] > last)
			last = reader->addresses[i];
	}
	return last <= first || symtab_add_extent(symtab, first, last - first, error);
}

/* kallsyms leaves out its own tables, a megabyte of read-only data that the symbol before them would get. */
static bool add_tables(const struct reader *reader, struct symtab *symtab, struct error *error)
{
	const struct kallsyms_tables *tables = reader->tables;
	const struct symbol own[] = {
		{ .address = tables->names, .name = "kallsyms_names" },
		{ .address = tables->num_syms, .name = "kallsyms_num_syms" },
		{ .address = tables->token_table, .name = "kallsyms_token_table" },
		{ .address = tables->token_index, .name = "kallsyms_token_index" },
		{ .address = tables->offsets, .name = "kallsyms_offsets" },
		{ .address = tables->relative_base, .name = "kallsyms_relative_base" },
		{ .address = tables->addresses, .name = "kallsyms_addresses" },
	};

	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++) {
		struct symbol symbol = own[i];

		symbol.letter = 'R';
		if (symbol.address && !symtab_add(symtab, &symbol, error))
			return false;
	}
	return true;
}

bool kallsyms_read_kernel(struct memory *memory, const struct kallsyms_tables *tables,
			  struct symtab *symtab, struct error *damage, struct error *error)
{
	struct reader reader = { .memory = memory, .tables = tables };
	uint64_t lost = 0;
	bool ok;

	damage->kind = ERROR_NONE;
	ok = memory_read_uint(memory, tables->num_syms, 4, &reader.count, error);
	if (ok && (reader.count == 0 || reader.count > MAX_SYMBOLS))
		ok = error_set(error, ERROR_CORRUPT, "%llu symbols: this cannot be right",
			       (unsigned long long)reader.count);
	ok = ok && read_addresses(&reader, error) && read_tokens(&reader, error) &&
	     add_extent(&reader, symtab, error) && add_tables(&reader, symtab, error) &&
	     read_symbols(&reader, symtab, &lost, damage, error);
	if (ok && lost == reader.count) {
		if (error)
			*error = *damage;
		ok = false;
	}
	if (ok && lost)
		error_prefix(damage, "kallsyms: %llu of %llu names are lost",
			     (unsigned long long)lost, (unsigned long long)reader.count);
	else if (!ok)
		error_prefix(error, "the kernel's symbols (kallsyms)");
	free(reader.addresses);
	free(reader.token_text);
	return ok;
}
