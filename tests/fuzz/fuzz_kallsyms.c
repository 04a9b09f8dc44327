// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A module's symbols out of memory (symbols/kallsyms/kallsyms.h). The input: a byte of options, then the pointers and counts of struct module and
 * struct mod_kallsyms, then the memory they point into: symbols and, after half of it, names and letters.
 */
/* max_len=768 */
#include "../unit/test_kernel_image.h"
#include "fuzz.h"

#include "symbols/kallsyms/kallsyms.h"
#include "symbols/symtab.h"

#define MODULE 0x1000u
#define TABLES 0x2000u
#define MEMORY 0x3e00u		/* across a page's end */
#define MEMORY_END 0x5000u	/* where there is nothing */
#define AT(offset) (IMAGE_BASE + (offset))

#define COMMON \
	MEMBER("module", "kallsyms", 16, 8), MEMBER("module", "percpu", 24, 8), MEMBER("module", "percpu_size", 32, 4), \
	MEMBER("mod_kallsyms", "symtab", 0, 8), MEMBER("mod_kallsyms", "num_symtab", 8, 4), MEMBER("mod_kallsyms", "strtab", 16, 8)
#define TYPETAB MEMBER("mod_kallsyms", "typetab", 24, 8)
#define LAYOUT MEMBER("module", "core_layout.base", 40, 8), MEMBER("module", "core_layout.size", 48, 4)
#define MEM MEMBER("module", "mem", 40, 72, .count = 3, .element_size = 24), \
	MEMBER("module_memory", "base", 0, 8), MEMBER("module_memory", "size", 8, 4)

/* 4.5 to 5.1, 5.2 to 6.3, and since. */
static const struct image_member members[3][12] = {
	{ COMMON, LAYOUT }, { COMMON, TYPETAB, LAYOUT }, { COMMON, TYPETAB, MEM },
};

/* Where the input's pointer goes: into the memory, mostly. */
static uint64_t pointer(struct fuzz_input *input)
{
	uint64_t value = fuzz_number(input, 2);

	return value & 0x8000 ? value << 48 : AT(MEMORY) + value % 0x1400;
}

static void put_tables(struct image *image, struct fuzz_input *input)
{
	image_put_number(image, MODULE + 16, AT(TABLES), 8);
	image_put_number(image, MODULE + 24, fuzz_number(input, 2), 8);
	image_put_number(image, MODULE + 32, fuzz_number(input, 2), 4);
	for (unsigned i = 0; i < 3; i++) {
		image_put_number(image, MODULE + 40 + 24 * i, 0xffffffffc0000000 + (fuzz_number(input, 1) << 8), 8);
		image_put_number(image, MODULE + 48 + 24 * i, fuzz_number(input, 2), 4);
	}
	image_put_number(image, TABLES, pointer(input), 8);
	image_put_number(image, TABLES + 8, fuzz_number(input, 1) | fuzz_number(input, 1) << 16, 4);
	image_put_number(image, TABLES + 16, pointer(input), 8);
	image_put_number(image, TABLES + 24, pointer(input), 8);
}

static void look(const struct symtab *symtab)
{
	size_t count = symtab_count(symtab);
	uint64_t last = 0;

	for (size_t i = 0; i < count && i < 64; i++) {
		const struct symbol *symbol = symtab_get(symtab, i), *found;

		FUZZ_CHECK(symbol->address >= last && symbol->name && symbol->name[0] && strlen(symbol->name) < 512);
		FUZZ_CHECK(symtab_find(symtab, symbol->name));
		found = symtab_lookup(symtab, symbol->address + 1);
		/* A damaged module may say that its per-CPU area lies in its own memory: it is named then, but in order. */
		FUZZ_CHECK(!found || found->address <= symbol->address + 1);
		symtab_find_next(symtab, symbol->name, symbol);
		last = symbol->address;
	}
	symtab_find(symtab, "no such name");
	symtab_lookup(symtab, UINT64_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct image *images[3];
	struct fuzz_input input = { data, size };
	struct error error = { 0 };
	struct symtab *symtab;
	struct image *image;
	unsigned options;

	if (size < 8 || size > 2048)
		return 0;
	options = fuzz_number(&input, 1);
	if (!images[options % 3]) {
		images[options % 3] = image_new(members[options % 3], NULL);
		memset(images[options % 3]->missing + MEMORY_END / IMAGE_PAGE, true, 64);
	}
	image = images[options % 3];
	put_tables(image, &input);
	size = input.size < MEMORY_END - MEMORY ? input.size : MEMORY_END - MEMORY;
	/* All of it in front, or up against the end of what there is. */
	memset(image->memory + MEMORY, 0, MEMORY_END - MEMORY);
	memcpy(image->memory + (options & 4 ? MEMORY_END - size : MEMORY), input.data, size);
	FUZZ_CHECK(symtab_new(&symtab, &error));
	if (!kallsyms_read_module(image->kernel.types, image->kernel.memory, AT(MODULE), symtab, &error)) {
		fuzz_failed(&error);
		FUZZ_CHECK(error.kind != ERROR_NO_MEMORY);
	}
	FUZZ_CHECK(symtab_finish(symtab, &error));
	look(symtab);
	symtab_free(symtab);
	return 0;
}
