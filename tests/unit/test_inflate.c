// SPDX-License-Identifier: GPL-3.0-or-later
/* symbols/elf/inflate: packed debug sections of a hand-made file, and streams that are not what they say. */
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
#include <zlib.h>
#include <zstd.h>

#include "symbols/elf/elf_file.h"
#include "symbols/elf/inflate.h"

#define TEXT_SIZE (3u << 20) /* more than the pieces that the file is written in */

/* .text, a section packed by zstd, one in the old form, the names. */
struct file {
	Elf64_Ehdr header;
	Elf64_Shdr sections[5];
	char names[64];
	char text[64];
	uint8_t zstd[65536], zlib[65536];
};

static const char names[] = "\0.text\0.debug_info\0.zdebug_line\0.shstrtab";
static uint8_t contents[TEXT_SIZE];

static void make(struct file *file)
{
	Elf64_Chdr chdr = { .ch_type = 2, .ch_size = TEXT_SIZE, .ch_addralign = 8 };
	uLongf zlib_size = sizeof(file->zlib) - 12;
	size_t zstd_size;

	for (size_t i = 0; i < TEXT_SIZE; i++)
		contents[i] = i >> 10;
	*file = (struct file){
		.header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			    .e_type = ET_REL, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
			    .e_shoff = offsetof(struct file, sections), .e_ehsize = sizeof(Elf64_Ehdr),
			    .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 5, .e_shstrndx = 4 },
		.sections[1] = { .sh_name = 1, .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC, .sh_size = 64,
				 .sh_offset = offsetof(struct file, text), .sh_addralign = 1 },
		.sections[2] = { .sh_name = 7, .sh_type = SHT_PROGBITS, .sh_flags = SHF_COMPRESSED,
				 .sh_offset = offsetof(struct file, zstd), .sh_addralign = 8 },
		.sections[3] = { .sh_name = 19, .sh_type = SHT_PROGBITS, .sh_offset = offsetof(struct file, zlib),
				 .sh_addralign = 1 },
		.sections[4] = { .sh_name = 32, .sh_type = SHT_STRTAB, .sh_size = sizeof(names),
				 .sh_offset = offsetof(struct file, names), .sh_addralign = 1 },
		.text = "the rest stays",
	};
	memcpy(file->names, names, sizeof(names));
	memcpy(file->zstd, &chdr, sizeof(chdr));
	zstd_size = ZSTD_compress(file->zstd + sizeof(chdr), sizeof(file->zstd) - sizeof(chdr), contents, TEXT_SIZE, 1);
	assert_false(ZSTD_isError(zstd_size));
	file->sections[2].sh_size = sizeof(chdr) + zstd_size;
	memcpy(file->zlib, "ZLIB\0\0\0\0", 8);
	for (int i = 0; i < 4; i++)
		file->zlib[8 + i] = TEXT_SIZE >> (24 - 8 * i);
	assert_int_equal(compress2(file->zlib + 12, &zlib_size, contents, TEXT_SIZE, 1), Z_OK);
	file->sections[3].sh_size = 12 + zlib_size;
}

static bool inflated(const struct file *file, char target[40], struct error *error)
{
	char path[32];
	int fd = mkstemp(strcpy(path, "/tmp/test_elf.XXXXXX"));
	bool done;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, file, sizeof(*file)), sizeof(*file));
	close(fd);
	assert_true(inflate_needed(path));
	snprintf(target, 40, "%s.copy", path);
	done = inflate_file(path, target, NULL, error);
	unlink(path);
	return done;
}

static void unpacks(void **state)
{
	struct file *file = calloc(1, sizeof(*file));
	struct elf_file copy;
	struct error error;
	char target[40];
	const void *data;
	size_t size;

	(void)state;
	make(file);
	assert_true(inflated(file, target, &error));
	assert_false(inflate_needed(target));
	assert_true(elf_file_open(&copy, target, &error));
	data = elf_file_contents(&copy, ".debug_info", NULL, &size);
	assert_int_equal(size, TEXT_SIZE);
	assert_memory_equal(data, contents, TEXT_SIZE);
	data = elf_file_contents(&copy, ".debug_line", NULL, &size);
	assert_int_equal(size, TEXT_SIZE);
	assert_memory_equal(data, contents, TEXT_SIZE);
	data = elf_file_contents(&copy, ".text", NULL, &size);
	assert_string_equal(data, "the rest stays");
	elf_file_close(&copy);
	unlink(target);
	free(file);
}

/* Each says of itself what is not so. */
static void damaged(void **state)
{
	struct file *file = calloc(1, sizeof(*file));
	struct error error;
	char target[40];

	(void)state;
	for (int how = 0; how < 4; how++) {
		make(file);
		if (how == 0)
			file->zstd[8] ^= 1;		/* a byte more */
		else if (how == 1)
			file->zlib[11]++;		/* the same */
		else if (how == 2)
			file->zlib[4] = 0xff;		/* much more than there can be */
		else
			file->sections[3].sh_size = 12;
		assert_false(inflated(file, target, &error));
		assert_non_null(strstr(error.text, how ? ".zdebug_line" : ".debug_info"));
		unlink(target);
	}
	free(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(unpacks), cmocka_unit_test(damaged) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
