// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The dump's own description as an ELF file for gdb; see own.h.
 *
 * All at link-time addresses, so that one file serves every boot of the kernel; gdb moves it as it
 * would move vmlinux. It has sections of its own, since the kernel's are not known: code, and what
 * is before, between and after it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/modules/module.h"
#include "kernel/open/own.h"
#include "symbols/btf/btf_dwarf.h"
#include "symbols/cfi/cfi.h"
#include "symbols/cfi/prologue.h"

#define MAX_OWN_SECTIONS 8
#define FILE_VERSION	 5 /* bump when the file's contents change */

struct own_file {
	struct kernel *kernel;
	uint64_t shift;		/* run-time minus link-time */
	struct symtab *symbols; /* link-time */
	struct orc_table orc;	/* link-time */
	struct buffer blob;
	struct btf btf;
	struct btf_dwarf dwarf;
	bool has_types;
	struct cfi_section sections[MAX_OWN_SECTIONS];
	size_t nr_sections;
	bool has_percpu;
};

static bool copy_symbols(struct own_file *file, struct error *error)
{
	const struct symtab *symbols = file->kernel->symbols;

	if (!symtab_new(&file->symbols, error))
		return false;
	for (size_t i = 0; i < symtab_count(symbols); i++) {
		struct symbol symbol = *symtab_get(symbols, i);

		if (!symbol.percpu)
			symbol.address -= file->shift;
		if (!symtab_add(file->symbols, &symbol, error))
			return false;
	}
	return symtab_finish(file->symbols, error);
}

/* --- unwinding --- */

/*
 * gdb guesses where it has no call frame information. Where there is no ORC these rows, one for each
 * section of code, make it stop and say so instead.
 */
static bool unknown_everywhere(struct own_file *file, struct error *error)
{
	const struct kernel *kernel = file->kernel;

	file->orc = (struct orc_table){ .addresses = calloc(2, sizeof(uint64_t)),
					.rows = calloc(2, sizeof(struct orc_row)),
					.count = kernel->init_text_start > kernel->text_start ? 2
											      : 1 };
	if (!file->orc.addresses || !file->orc.rows)
		return error_no_memory(error, "ORC", sizeof(struct orc_row));
	file->orc.addresses[0] = kernel->text_start - file->shift;
	file->orc.addresses[1] = kernel->init_text_start - file->shift;
	return true;
}

/* Of the function that starts in ROW, if it is one that objtool was told to leave alone. */
static bool describe_function(struct own_file *file, const struct symbol *symbol, size_t row,
			      uint64_t *start_ret, struct orc_row *row_ret)
{
	const struct orc_table *orc = &file->orc;
	uint8_t code[PROLOGUE_MAX];
	size_t length;

	if (!symbol->function || symbol->percpu || orc->rows[row].type != ORC_TYPE_UNKNOWN ||
	    (row + 1 < orc->count && symbol->address + symbol->size > orc->addresses[row + 1]) ||
	    !memory_read(file->kernel->memory, symbol->address + file->shift, code, sizeof(code),
			 NULL) ||
	    !prologue_row(file->kernel->arch, code, sizeof(code), row_ret, &length) || length >= symbol->size)
		return false;
	*start_ret = symbol->address + length;
	return true;
}

/* Another name of the function that the last row but one describes. */
static bool start_is_taken(const struct orc_table *table, const struct symbol *symbol)
{
	return table->count && table->addresses[table->count - 1] > symbol->address;
}

static void append_row(struct orc_table *table, uint64_t address, const struct orc_row *row)
{
	table->addresses[table->count] = address;
	table->rows[table->count++] = *row;
}

/*
 * Adds a row for each of those functions, and one after it that again knows nothing. Symbols and
 * rows are both in order.
 */
static bool add_prologues(struct own_file *file, struct error *error)
{
	const struct orc_row unknown = { .type = ORC_TYPE_UNKNOWN };
	size_t count = symtab_count(file->symbols), next = 0;
	size_t room = file->orc.count + 2 * count;
	struct orc_table table = { .addresses = malloc(room * sizeof(uint64_t)),
				   .rows = malloc(room * sizeof(struct orc_row)) };

	if (!table.addresses || !table.rows) {
		orc_free(&table);
		return error_no_memory(error, "ORC", room * 16);
	}
	for (size_t row = 0; row < file->orc.count; row++) {
		uint64_t end = row + 1 < file->orc.count ? file->orc.addresses[row + 1] : 0;
		const struct symbol *symbol;
		struct orc_row found;
		uint64_t start;

		append_row(&table, file->orc.addresses[row], &file->orc.rows[row]);
		while ((symbol = symtab_get(file->symbols, next)) && symbol->address < end) {
			next++;
			if (symbol->address < file->orc.addresses[row] ||
			    start_is_taken(&table, symbol) ||
			    !describe_function(file, symbol, row, &start, &found))
				continue;
			append_row(&table, start, &found);
			append_row(&table, symbol->address + symbol->size, &unknown);
		}
	}
	orc_free(&file->orc);
	file->orc = table;
	return true;
}

static bool read_orc(struct own_file *file, struct error *error)
{
	struct error why;

	if (!own_orc(file->kernel, &file->orc, &why))
		return why.kind == ERROR_NO_MEMORY || why.kind == ERROR_INTERRUPTED
			       ? error_set(error, why.kind, "%s", why.text)
			       : unknown_everywhere(file, error);
	for (size_t i = 0; i < file->orc.count; i++)
		file->orc.addresses[i] -= file->shift;
	return add_prologues(file, error);
}

/* --- types --- */

static bool make_types(struct own_file *file, struct error *error)
{
	struct btf_dwarf_input input = {
		.btf = &file->btf, .first = 1, .symbols = file->symbols, .name = "vmlinux"
	};
	struct error why;

	file->has_types = own_btf(file->kernel, &file->blob, &why) &&
			  btf_open(&file->btf, file->blob.data, file->blob.size, &why) &&
			  btf_dwarf_make(&input, &file->dwarf, &why);
	buffer_free(&file->blob);
	if (!file->has_types && (why.kind == ERROR_NO_MEMORY || why.kind == ERROR_INTERRUPTED))
		return error_set(error, why.kind, "%s", why.text);
	return true;
}

bool own_module_types(struct kernel *kernel, const struct module *module,
		      const struct symtab *symbols, const struct buffer *base,
		      struct own_types *types, struct error *error)
{
	struct btf_dwarf_input input = { .btf = &types->btf,
					 .symbols = symbols,
					 .name = module->name };
	struct buffer split = { 0 }, joined = { 0 };
	bool done;

	done = own_module_btf(kernel, module, &split, error) &&
	       btf_open(&types->btf, base->data, base->size, error);
	input.first = types->btf.nr_records;
	btf_free(&types->btf);
	done = done && btf_join(base->data, base->size, split.data, split.size, &joined, error) &&
	       btf_open(&types->btf, joined.data, joined.size, error) &&
	       btf_dwarf_make(&input, &types->dwarf, error);
	buffer_free(&split);
	buffer_free(&joined);
	return done;
}

void own_types_free(struct own_types *types)
{
	btf_dwarf_free(&types->dwarf);
	btf_free(&types->btf);
}

/* --- sections --- */

static void add_section(struct own_file *file, const char *name, uint64_t start, uint64_t end,
			bool code)
{
	if (end > start && file->nr_sections < MAX_OWN_SECTIONS)
		file->sections[file->nr_sections++] = (struct cfi_section){
			.name = name, .address = start, .size = end - start, .code = code
		};
}

static void make_sections(struct own_file *file)
{
	struct kernel *kernel = file->kernel;
	uint64_t text = kernel->text_start - file->shift, text_end = kernel->text_end - file->shift;
	uint64_t init = kernel->init_text_start - file->shift, last = 0;
	uint64_t init_end = kernel->init_text_end - file->shift, percpu = 0;

	for (size_t i = 0; i < symtab_count(file->symbols); i++) {
		const struct symbol *symbol = symtab_get(file->symbols, i);
		uint64_t *end = symbol->percpu ? &percpu : &last;

		if (symbol->address + symbol->size > *end)
			*end = symbol->address + symbol->size;
	}
	add_section(file, ".text", text, text_end, true);
	if (kernel->init_text_start > kernel->text_end &&
	    kernel->init_text_end <= last + file->shift) {
		add_section(file, ".data", text_end, init, false);
		add_section(file, ".init.text", init, init_end, true);
		add_section(file, ".bss", init_end, last, false);
	} else {
		add_section(file, ".data", text_end, last, false);
	}
	/* Linked at 0: gdb leaves it there (attach_own.c). */
	file->has_percpu = percpu != 0;
	if (percpu)
		add_section(file, ".data..percpu", 0, percpu, false);
}

/* --- the file --- */

static bool prepare(struct own_file *file, struct kernel *kernel, struct error *error)
{
	*file = (struct own_file){ .kernel = kernel, .shift = kernel->memory->kaslr_offset };
	if (!kernel->text_start || kernel->text_end <= kernel->text_start)
		return error_set(error, ERROR_NO_SYMBOL, "_stext and _etext are not known");
	return copy_symbols(file, error) && read_orc(file, error);
}

static void release(struct own_file *file)
{
	symtab_free(file->symbols);
	orc_free(&file->orc);
	btf_dwarf_free(&file->dwarf);
	btf_free(&file->btf);
	buffer_free(&file->blob);
}

bool own_write(struct kernel *kernel, const char *path, struct error *error)
{
	struct own_file *file = malloc(sizeof(*file));
	bool done;

	if (!file)
		return error_no_memory(error, "symbols for gdb", sizeof(*file));
	done = prepare(file, kernel, error) && make_types(file, error);
	if (done) {
		struct cfi_object object = { .table = &file->orc, .arch = file->kernel->arch,
					     .symtab = file->symbols,
					     .types = file->has_types ? &file->dwarf : NULL };

		make_sections(file);
		object.sections = file->sections;
		object.nr_sections = file->nr_sections;
		object.has_percpu = file->has_percpu;
		done = cfi_write_object(&object, path, error);
	}
	release(file);
	free(file);
	return done;
}

static uint64_t checksum(uint64_t sum, const void *data, size_t size)
{
	const uint8_t *bytes = data;

	for (; size >= 8; bytes += 8, size -= 8) {
		uint64_t word;

		memcpy(&word, bytes, 8);
		sum = (sum ^ word) * 0x9e3779b97f4a7c15ull;
		sum ^= sum >> 29;
	}
	for (; size; size--)
		sum = (sum ^ *bytes++) * 0x100000001b3ull;
	return sum;
}

bool own_file_name(struct kernel *kernel, char *name, size_t size, struct error *error)
{
	const struct symtab *symbols = kernel->symbols;
	uint64_t shift = kernel->memory->kaslr_offset, sum = symtab_count(symbols);
	struct buffer blob = { 0 };
	struct orc_table orc;

	for (size_t i = 0; i < symtab_count(symbols); i++) {
		const struct symbol *symbol = symtab_get(symbols, i);
		uint64_t address = symbol->address - (symbol->percpu ? 0 : shift);

		sum = checksum(sum, &address, sizeof(address));
		sum = checksum(sum, symbol->name, strlen(symbol->name));
	}
	if (own_btf(kernel, &blob, NULL))
		sum = checksum(sum, blob.data, blob.size);
	buffer_free(&blob);
	if (own_orc(kernel, &orc, NULL)) {
		for (size_t i = 0; i < orc.count; i++)
			orc.addresses[i] -= shift;
		sum = checksum(sum, orc.addresses, orc.count * sizeof(*orc.addresses));
		sum = checksum(sum, orc.rows, orc.count * sizeof(*orc.rows));
		orc_free(&orc);
	}
	if (!kernel->build_id[0] ||
	    strspn(kernel->build_id, "0123456789abcdefABCDEF") != strlen(kernel->build_id))
		return error_set(error, ERROR_UNSUPPORTED, "the kernel has no build-id");
	snprintf(name, size, "%s-%016llx-%d.debug", kernel->build_id, (unsigned long long)sum,
		 FILE_VERSION);
	return true;
}
