// SPDX-License-Identifier: GPL-3.0-or-later
/* symbols/elf/elf_place: a .ko's section at the addresses that the others were loaded at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbols/elf/elf_place.h"

enum { NONE, TEXT, INIT, FRAMES, RELOCATIONS, SYMBOLS, NAMES, NR_SECTIONS };

/* Loaded code, code that was freed, and a section that refers to both and to itself. */
struct file {
	Elf64_Ehdr header;
	Elf64_Shdr sections[NR_SECTIONS];
	uint8_t text[16], frames[32];
	Elf64_Rela relocations[4];	/* or as many Elf64_Rel */
	Elf64_Sym symbols[4];
	char names[32];
};

static const char names[32] = "\0.text\0.init\0.frames";

static void set_section(struct file *file, int number, uint32_t type, uint64_t flags, size_t offset, size_t size)
{
	file->sections[number] = (Elf64_Shdr){ .sh_type = type, .sh_flags = flags, .sh_offset = offset, .sh_size = size,
					       .sh_addralign = 1 };
}

static void make(struct file *file)
{
	*file = (struct file){ .header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
					   .e_type = ET_REL, .e_machine = EM_AARCH64, .e_version = EV_CURRENT,
					   .e_shoff = offsetof(struct file, sections), .e_ehsize = sizeof(Elf64_Ehdr),
					   .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = NR_SECTIONS, .e_shstrndx = NAMES } };
	set_section(file, TEXT, SHT_PROGBITS, SHF_ALLOC, offsetof(struct file, text), 16);
	set_section(file, INIT, SHT_PROGBITS, SHF_ALLOC, offsetof(struct file, text), 16);
	set_section(file, FRAMES, SHT_PROGBITS, 0, offsetof(struct file, frames), 32);
	set_section(file, RELOCATIONS, SHT_RELA, 0, offsetof(struct file, relocations), sizeof(file->relocations));
	set_section(file, SYMBOLS, SHT_SYMTAB, 0, offsetof(struct file, symbols), sizeof(file->symbols));
	set_section(file, NAMES, SHT_STRTAB, 0, offsetof(struct file, names), 32);
	file->sections[TEXT].sh_name = 1;
	file->sections[INIT].sh_name = 7;
	file->sections[FRAMES].sh_name = 13;
	file->sections[RELOCATIONS].sh_link = SYMBOLS;
	file->sections[RELOCATIONS].sh_info = FRAMES;
	file->sections[RELOCATIONS].sh_entsize = sizeof(Elf64_Rela);
	file->sections[SYMBOLS].sh_link = NAMES;
	file->sections[SYMBOLS].sh_entsize = sizeof(Elf64_Sym);
	memcpy(file->names, names, sizeof(names));
	for (int i = TEXT; i <= FRAMES; i++)
		file->symbols[i] = (Elf64_Sym){ .st_info = ELF64_ST_INFO(STB_LOCAL, STT_SECTION), .st_shndx = i };
	file->symbols[TEXT].st_value = 4;
	file->relocations[0] = (Elf64_Rela){ 0, ELF64_R_INFO(FRAMES, R_AARCH64_ABS32), 0x10 };
	file->relocations[1] = (Elf64_Rela){ 8, ELF64_R_INFO(TEXT, R_AARCH64_ABS64), 8 };
	file->relocations[2] = (Elf64_Rela){ 16, ELF64_R_INFO(INIT, R_AARCH64_ABS64), 8 };
	file->relocations[3] = (Elf64_Rela){ 24, ELF64_R_INFO(TEXT, R_AARCH64_ABS64), 8 };
	memset(file->frames, 0xff, sizeof(file->frames));
}

static uint64_t address_of(void *context, const char *name)
{
	(void)context;
	return strcmp(name, ".text") == 0 ? 0xffff800001000000 : 0;
}

static bool place(const struct file *file, uint8_t frames[32], struct error *error)
{
	char path[] = "/tmp/test_elf_place.XXXXXX";
	int fd = mkstemp(path);
	struct elf_file elf;
	uint8_t *data;
	size_t size;
	bool done;

	assert_int_equal(write(fd, file, sizeof(*file)), sizeof(*file));
	close(fd);
	assert_true(elf_file_open(&elf, path, error));
	done = elf_place(&elf, &arch_arm64, ".frames", address_of, NULL, &data, &size, error);
	if (done) {
		assert_int_equal(size, 32);
		memcpy(frames, data, size);
		free(data);
	}
	elf_file_close(&elf);
	unlink(path);
	return done;
}

static void check(const uint8_t frames[32])
{
	uint32_t offset, untouched;
	uint64_t text, init, more;

	memcpy(&offset, frames, 4);
	memcpy(&untouched, frames + 4, 4);
	memcpy(&text, frames + 8, 8);
	memcpy(&init, frames + 16, 8);
	memcpy(&more, frames + 24, 8);
	assert_int_equal(offset, 0x10);			/* of the section itself */
	assert_int_equal(untouched, 0xffffffff);
	assert_int_equal(text, 0xffff80000100000c);	/* the section, the symbol in it, the addend */
	assert_int_equal(init, 0);			/* freed */
	assert_int_equal(more, text);
}

static void places(void **state)
{
	struct error error;
	struct file file;
	uint8_t frames[32];

	(void)state;
	make(&file);
	assert_true(place(&file, frames, &error));
	check(frames);
}

/* Machines that keep the addend where it is added. */
static void places_without_addends(void **state)
{
	struct error error;
	struct file file;
	Elf64_Rel relocations[4];
	uint8_t frames[32];
	uint64_t word = 8;
	uint32_t half = 0x10;

	(void)state;
	make(&file);
	for (int i = 0; i < 4; i++)
		relocations[i] = (Elf64_Rel){ file.relocations[i].r_offset, file.relocations[i].r_info };
	memcpy(file.relocations, relocations, sizeof(relocations));
	file.sections[RELOCATIONS].sh_type = SHT_REL;
	file.sections[RELOCATIONS].sh_size = sizeof(relocations);
	file.sections[RELOCATIONS].sh_entsize = sizeof(Elf64_Rel);
	memcpy(file.frames, &half, 4);
	for (int i = 8; i < 32; i += 8)
		memcpy(file.frames + i, &word, 8);
	assert_true(place(&file, frames, &error));
	check(frames);
}

static void refuses(void **state)
{
	struct error error;
	struct file file;
	uint8_t frames[32];

	(void)state;
	make(&file);
	file.relocations[1].r_offset = 25;
	assert_false(place(&file, frames, &error));
	assert_int_equal(error.kind, ERROR_CORRUPT);
	make(&file);
	file.relocations[1].r_info = ELF64_R_INFO(200, R_AARCH64_ABS64);
	assert_false(place(&file, frames, &error));
	make(&file);
	file.relocations[2].r_info = ELF64_R_INFO(TEXT, R_AARCH64_PREL32);
	assert_false(place(&file, frames, &error));
	assert_int_equal(error.kind, ERROR_UNSUPPORTED);
	make(&file);
	file.names[14] = 'x';
	assert_false(place(&file, frames, &error));
	assert_int_equal(error.kind, ERROR_NO_SYMBOL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(places), cmocka_unit_test(places_without_addends),
					    cmocka_unit_test(refuses) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
