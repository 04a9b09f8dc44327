// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * BTF turned into DWARF for gdb: the input is the section. Whatever it says, what comes out must be DWARF that libdw walks to its end,
 * in which no chain of references is longer than gdb's stack.
 */
/* max_len=4096 */
#include "fuzz.h"

#include <dwarf.h>
#include <elfutils/libdw.h>

#include "arch/arch.h"
#include "symbols/btf/btf_dwarf.h"
#include "symbols/cfi/cfi.h"
#include "symbols/symtab.h"

static struct symtab *some_symbols(const struct btf *btf)
{
	struct symtab *symtab = NULL;
	struct symbol symbol = { .address = 0x1000, .size = 0x100, .letter = 'T', .function = true };

	FUZZ_CHECK(symtab_new(&symtab, NULL));
	/* Of every name that is there, a function or a variable. */
	for (uint32_t id = 1; id < btf->nr_records && id < 64; id++) {
		symbol.name = btf_string(btf, btf_get32(btf, btf->records[id]));
		symbol.function = id % 3;
		symbol.percpu = id % 7 == 0;
		symbol.address += id % 5 * 0x80;
		if (*symbol.name)
			FUZZ_CHECK(symtab_add(symtab, &symbol, NULL));
	}
	FUZZ_CHECK(symtab_finish(symtab, NULL));
	return symtab;
}

/* Through pointers, typedefs, qualifiers and arrays to a type that has members or none. */
static void follow(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	Dwarf_Die target = *die;

	for (unsigned steps = 0; dwarf_attr(&target, DW_AT_type, &attribute); steps++) {
		FUZZ_CHECK(steps < 200);
		FUZZ_CHECK(dwarf_formref_die(&attribute, &target) != NULL);
		FUZZ_CHECK(dwarf_tag(&target) != DW_TAG_compile_unit && dwarf_tag(&target) != DW_TAG_invalid);
	}
}

static void walk(Dwarf_Die *parent, unsigned depth)
{
	Dwarf_Die die;

	FUZZ_CHECK(depth < 4);
	if (dwarf_child(parent, &die) != 0)
		return;
	do {
		follow(&die);
		dwarf_diename(&die);
		walk(&die, depth + 1);
	} while (dwarf_siblingof(&die, &die) == 0);
}

static void read_back(const char *file, size_t size)
{
	Elf *elf = elf_memory((char *)file, size);
	Dwarf *dwarf = dwarf_begin_elf(elf, DWARF_C_READ, NULL);
	Dwarf_Off offset = 0, next;
	size_t header;

	FUZZ_CHECK(dwarf != NULL);
	for (; dwarf_nextcu(dwarf, offset, &next, &header, NULL, NULL, NULL) == 0; offset = next) {
		Dwarf_Die unit;

		FUZZ_CHECK(dwarf_offdie(dwarf, offset + header, &unit) != NULL);
		walk(&unit, 0);
	}
	dwarf_end(dwarf);
	elf_end(elf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct cfi_section text = { .name = ".text", .address = 0x1000, .size = 0x100000, .code = true };
	struct cfi_object object = { .sections = &text, .nr_sections = 1, .arch = &arch_x86_64 };
	struct btf_dwarf_input input = { .first = 1, .name = "fuzz" };
	struct error error = { 0 };
	struct btf_dwarf dwarf;
	struct btf btf;

	if (size > 65536)
		return 0;
	elf_version(EV_CURRENT);
	if (!btf_open(&btf, data, size, &error)) {
		btf_free(&btf);
		return fuzz_failed(&error);
	}
	input.btf = &btf;
	input.symbols = some_symbols(&btf);
	/* Sometimes it is a module's: half of the types are another object's. */
	if (btf.nr_records % 2)
		input.first = (btf.nr_records + 1) / 2;
	if (btf_dwarf_make(&input, &dwarf, &error)) {
		object.types = &dwarf;
		FUZZ_CHECK(cfi_write_object(&object, "in memory", &error));
		read_back(fuzz_written.data, fuzz_written.size);
	} else {
		fuzz_failed(&error);
		FUZZ_CHECK(error.kind != ERROR_NO_MEMORY);
	}
	btf_dwarf_free(&dwarf);
	symtab_free((struct symtab *)input.symbols);
	btf_free(&btf);
	return 0;
}
