// SPDX-License-Identifier: GPL-3.0-or-later
/* symbols/elf/elf_relocatable: what of a .ko file is changed for gdb, and that nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbols/elf/elf_relocatable.h"

#define INFO(bind, type) ELF64_ST_INFO(STB_##bind, STT_##type)

/* A file of TYPE with the null section, an allocated section at ADDRESS and symbols. */
struct file {
	Elf64_Ehdr header;
	Elf64_Shdr sections[4];
	char contents[64];
	Elf64_Sym symbols[8];
	char names[8];
};

static const uint8_t infos[8] = {
	0,		     INFO(LOCAL, OBJECT), INFO(GLOBAL, OBJECT), INFO(WEAK, OBJECT),
	INFO(GLOBAL, NOTYPE), INFO(GLOBAL, FUNC),   INFO(GLOBAL, OBJECT), INFO(GLOBAL, NOTYPE),
};
/* The last two are another file's, and a number. */
static const uint16_t where[8] = { 0, 1, 1, 1, 1, 1, SHN_UNDEF, SHN_ABS };

static void make(struct file *file, uint16_t type, uint64_t address, char path[32])
{
	*file = (struct file){
		.header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			    .e_type = type, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
			    .e_shoff = offsetof(struct file, sections), .e_ehsize = sizeof(Elf64_Ehdr),
			    .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 4, .e_shstrndx = 3 },
		.sections[1] = { .sh_name = 1, .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC, .sh_addr = address,
				 .sh_offset = offsetof(struct file, contents), .sh_size = 64, .sh_addralign = 8 },
		.sections[2] = { .sh_type = SHT_SYMTAB, .sh_offset = offsetof(struct file, symbols), .sh_link = 3,
				 .sh_size = sizeof(file->symbols), .sh_entsize = sizeof(Elf64_Sym), .sh_addralign = 8 },
		.sections[3] = { .sh_type = SHT_STRTAB, .sh_offset = offsetof(struct file, names), .sh_size = 8,
				 .sh_addralign = 1 },
		.contents = "the contents stay",
		.names = "\0.text",
	};
	for (int i = 1; i < 8; i++)
		file->symbols[i] = (Elf64_Sym){ .st_info = infos[i], .st_shndx = where[i], .st_value = i };
	int fd = mkstemp(strcpy(path, "/tmp/test_elf.XXXXXX"));

	assert_true(fd >= 0);
	assert_int_equal(write(fd, file, sizeof(*file)), sizeof(*file));
	close(fd);
}

static bool is_known(void *context, const char *name)
{
	return strcmp(context, name) == 0;
}

static void copy(uint64_t address, char *known)
{
	char path[32], target[40];
	struct file file, got;
	struct error error;
	int fd;

	make(&file, ET_REL, address, path);
	snprintf(target, sizeof(target), "%s.copy", path);
	assert_true(elf_copy_for_gdb(path, target, is_known, known, &error));
	fd = open(target, O_RDONLY);
	assert_int_equal(read(fd, &got, sizeof(got)), sizeof(got));
	close(fd);
	file.sections[1].sh_addr = 0;
	if (strcmp(known, ".text") != 0)
		file.sections[1].sh_flags = 0;
	for (int i = 2; i <= 4; i++)	/* the global data */
		file.symbols[i].st_info = ELF64_ST_INFO(STB_LOCAL, infos[i] & 0xf);
	assert_memory_equal(&got, &file, sizeof(file));
	unlink(target);
	unlink(path);
}

static void copies(void **state)
{
	(void)state;
	copy(0xc0, ".text");
	copy(0, ".text");
	copy(0xc0, ".data");	/* gdb would have it at 0 */
	copy(0, ".data");
}

static void refuses(void **state)
{
	char path[32], target[40];
	struct file file;
	struct error error;

	(void)state;
	make(&file, ET_EXEC, 0x10, path);	/* there addresses mean something */
	snprintf(target, sizeof(target), "%s.copy", path);
	assert_false(elf_copy_for_gdb(path, target, is_known, ".text", &error));
	unlink(path);
	assert_false(elf_copy_for_gdb("/nonexistent", target, is_known, ".text", &error));
	assert_non_null(strstr(error.text, "/nonexistent"));
	assert_false(elf_copy_for_gdb("/dev/null", target, is_known, ".text", &error));
	unlink(target);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(copies), cmocka_unit_test(refuses) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
