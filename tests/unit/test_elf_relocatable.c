// SPDX-License-Identifier: GPL-3.0-or-later
/* symbols/elf_relocatable: which .ko files need a copy, and that a copy differs in the addresses only. */
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

/* A file of TYPE with the null section and one allocated section at ADDRESS. */
struct file {
	Elf64_Ehdr header;
	Elf64_Shdr sections[2];
	char contents[64];
};

static void make(struct file *file, uint16_t type, uint64_t address, char path[32])
{
	*file = (struct file){
		.header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			    .e_type = type, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
			    .e_shoff = offsetof(struct file, sections), .e_ehsize = sizeof(Elf64_Ehdr),
			    .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 2 },
		.sections[1] = { .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC, .sh_addr = address,
				 .sh_offset = offsetof(struct file, contents), .sh_size = 64, .sh_addralign = 8 },
		.contents = "the contents stay",
	};
	int fd = mkstemp(strcpy(path, "/tmp/test_elf.XXXXXX"));

	assert_true(fd >= 0);
	assert_int_equal(write(fd, file, sizeof(*file)), sizeof(*file));
	close(fd);
}

static void needed(void **state)
{
	struct file file;
	char path[32];

	(void)state;
	make(&file, ET_REL, 0x10, path);
	assert_true(elf_has_section_addresses(path));
	unlink(path);
	make(&file, ET_REL, 0, path);
	assert_false(elf_has_section_addresses(path));
	unlink(path);
	make(&file, ET_EXEC, 0x10, path);	/* there they mean something */
	assert_false(elf_has_section_addresses(path));
	unlink(path);
	assert_false(elf_has_section_addresses("/nonexistent"));
	assert_false(elf_has_section_addresses("/dev/null"));
}

static void copy(void **state)
{
	char path[32], target[40];
	struct file file, got;
	struct error error;
	int fd;

	(void)state;
	make(&file, ET_REL, 0xc0, path);
	snprintf(target, sizeof(target), "%s.copy", path);
	assert_true(elf_copy_without_addresses(path, target, &error));
	fd = open(target, O_RDONLY);
	assert_int_equal(read(fd, &got, sizeof(got)), sizeof(got));
	close(fd);
	file.sections[1].sh_addr = 0;
	assert_memory_equal(&got, &file, sizeof(file));
	assert_false(elf_has_section_addresses(target));
	unlink(target);
	unlink(path);
	assert_false(elf_copy_without_addresses("/nonexistent", target, &error));
	assert_non_null(strstr(error.text, "/nonexistent"));
	unlink(target);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(needed), cmocka_unit_test(copy) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
