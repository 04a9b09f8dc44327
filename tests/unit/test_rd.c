// SPDX-License-Identifier: GPL-3.0-or-later
/* rd on a hand-made kernel, and rd and search where there is no kernel but only an ELF file's memory. */
#include "test_command_image.h"
#include "kernel/open/open.h"

#include <elf.h>
#include <unistd.h>

#define AT(offset) (0x100000 + (offset))

static struct command_image *new_image(void)
{
	struct command_image *set = command_image_new(NULL, 0);
	struct image *image = set->image;

	image_put_number(image, AT(0), 0x4847464544434241, 8);
	image_put_number(image, AT(8), 0xfffffffffffffffe, 8);
	image_put_string(image, AT(0x10), "some text\x7f");
	image_put_number(image, AT(0x20), TASK(0), 8);
	return set;
}

static void values(void **state)
{
	struct command_image *set = new_image();

	(void)state;
	expect_text(set, "rd ffff888000100000", "ffff888000100000: 4847464544434241 ABCDEFGH\n");
	expect_text(set, "rd 0xffff888000100000 3",
		    "ffff888000100000: 4847464544434241 fffffffffffffffe ABCDEFGH........\n"
		    "ffff888000100010: 78657420656d6f73                  some tex\n");
	expect_text(set, "rd -o 8 -e ffff888000100010 ffff888000100000", "ffff888000100008: fffffffffffffffe ........\n");
	expect_part(set, "rd -p -8 0 2", "0000000000000000: ");
	expect_text(set, "rd -p 100000 1", "0000000000100000: 4847464544434241 ABCDEFGH\n");
	expect_part(set, "rd init_task", "ffff888000010000: ");
	command_image_free(set);
}

/* Widths, decimal numbers, byte order, and which way round. */
static void forms(void **state)
{
	struct command_image *set = new_image();

	(void)state;
	expect_text(set, "rd -8 ffff888000100000 3", "ffff888000100000: 41 42 43 ABC\n");
	expect_text(set, "rd -16 -x ffff888000100000 3", "ffff888000100000: 4241 4443 4645\n");
	expect_text(set, "rd -32 -x ffff888000100000 2", "ffff888000100000: 44434241 48474645\n");
	expect_text(set, "rd -32 -N -x ffff888000100000 2", "ffff888000100000: 41424344 45464748\n");
	expect_text(set, "rd -32 -R ffff888000100004 2", "ffff888000100000: 48474645 44434241\n");
	expect_text(set, "rd -d ffff888000100008", "ffff888000100008:                   -2\n");
	expect_text(set, "rd -D ffff888000100008", "ffff888000100008: 18446744073709551614\n");
	expect_text(set, "rd -8 -d ffff888000100000 4", "ffff888000100000:   65   66   67   68\n");
	expect_text(set, "rd -16 -D ffff888000100000 2", "ffff888000100000:  16961  17475\n");
	expect_part(set, "rd -R 8 3", "error: rd: so many values do not fit in below 0x8");
	expect_part(set, "rd -r file ffff888000100000", "error: rd: how many bytes?");
	expect_part(set, "rd -z 0", "-8 -16 -32 -64 ");
	expect_part(set, "rd -s ffff888000100020", "ffff888000100020: init_task");
	expect_text(set, "rd -a ffff888000100010", "ffff888000100010: some text\n");
	expect_text(set, "rd -a ffff888000100010 11", "ffff888000100010: some text..\n");
	command_image_free(set);
}

static void mistakes(void **state)
{
	struct command_image *set = new_image();

	(void)state;
	expect_part(set, "rd", "which address?");
	expect_part(set, "rd -12 0", "8, 16, 32 or 64 bits, not 12");
	expect_part(set, "rd -8 -16 0", "one of -8, -16, -32 and -64");
	expect_part(set, "rd nothing", "neither a hexadecimal number nor a symbol");
	expect_part(set, "rd ffff888000100000 0", "COUNT is a number from 1");
	expect_part(set, "rd ffff888000100000 -- -1", "COUNT is a number from 1");
	expect_part(set, "rd ffff888000100000 99999999999999999999", "COUNT is a number from 1");
	expect_part(set, "rd fffffffffffffff8 2", "do not fit");
	expect_part(set, "rd -e 100 ffff888000100000", "is not above");
	expect_part(set, "rd 400000", "is a user address and no task is selected");
	expect_part(set, "rd -r /nonexistent/file -p 0 16", "cannot open /nonexistent/file");
	/* What is there comes before the reason why no more is. */
	expect_part(set, "rd -p 1ffff0 100", "00000000001ffff0: ");
	expect_part(set, "rd -p 1ffff0 100", "error: ");
	command_image_free(set);
}

/* -g: over a page, to the end for two reasons, with a value across a page's border; and not where it does not apply. */
static void gaps(void **state)
{
	struct command_image *set = new_image();

	(void)state;
	set->image->missing[0x150] = set->image->missing[0x1ff] = true;
	expect_text(set, "rd -g -p -x 14fff8 514",
		    "000000000014fff8: 0000000000000000\n"
		    "0000000000150000: 4096 bytes missing: page 336 was excluded\n"
		    "0000000000151000: 0000000000000000\n");
	expect_text(set, "rd -g -x ffff88800014fff4 515",
		    "ffff88800014fff4: 0000000000000000\n"
		    "ffff88800014fffc: 4104 bytes missing: 0xffff888000150000 (physical 0x150000): page 336 was excluded\n"
		    "ffff888000151004: 0000000000000000\n");
	expect_text(set, "rd -g -p 1ff004 1000",
		    "00000000001ff004: 4096 bytes missing: page 511 was excluded\n"
		    "0000000000200004: 3904 bytes missing: no page 512\n");
	expect_part(set, "rd -g -R -p 1ff000 2", "error: page 511 was excluded");
	expect_text(set, "rd -g -x ffff888000100000", "ffff888000100000: 4847464544434241\n");
	command_image_free(set);
}

static void files(void **state)
{
	struct command_image *set = new_image();
	char line[100], path[] = "/tmp/test-rd-XXXXXX", got[32] = "";
	int fd = mkstemp(path);

	(void)state;
	snprintf(line, sizeof(line), "rd -r %s ffff888000100000 20", path);
	expect_part(set, line, "20 bytes written to /tmp/test-rd-");
	assert_int_equal(read(fd, got, sizeof(got)), 20);
	assert_memory_equal(got, "ABCDEFGH\xfe\xff\xff\xff\xff\xff\xff\xffsome", 20);
	/* Two pages of which only the first exists. */
	snprintf(line, sizeof(line), "rd -p -r %s 1ff000 8192", path);
	expect_part(set, line, "only 4096 bytes were written");
	assert_int_equal(lseek(fd, 0, SEEK_END), 4096);
	close(fd);
	unlink(path);
	command_image_free(set);
}

/* An ELF file with one segment, from 0x1200 to 0x2a00: parts of two pages. Opened without a kernel. */
static struct kernel *open_bare(char *path)
{
	struct { Elf64_Ehdr ehdr; Elf64_Phdr phdr; uint64_t data[0x1800 / 8]; } *file = calloc(1, sizeof(*file));
	const char *paths[] = { path };
	struct kernel *kernel;
	struct dump *dump;
	int fd = mkstemp(path);

	memcpy(file->ehdr.e_ident, ELFMAG, SELFMAG);
	file->ehdr.e_ident[EI_CLASS] = ELFCLASS64;
	file->ehdr.e_ident[EI_DATA] = ELFDATA2LSB;
	file->ehdr.e_ident[EI_VERSION] = EV_CURRENT;
	file->ehdr.e_type = ET_CORE;
	file->ehdr.e_machine = EM_S390;
	file->ehdr.e_phoff = sizeof(file->ehdr);
	file->ehdr.e_phentsize = sizeof(file->phdr);
	file->ehdr.e_phnum = 1;
	file->phdr = (Elf64_Phdr){ .p_type = PT_LOAD, .p_offset = sizeof(file->ehdr) + sizeof(file->phdr), .p_paddr = 0x1200,
				   .p_filesz = 0x1800, .p_memsz = 0x1800 };
	file->data[0] = file->data[0x1800 / 8 - 1] = 0x123456789abcdef0;
	assert_int_equal(write(fd, file, sizeof(*file)), sizeof(*file));
	close(fd);
	free(file);
	assert_true(dump_open(paths, 1, &dump, NULL));
	assert_true(kernel_open_bare(dump, "no such machine", &kernel, NULL));
	return kernel;
}

/* The same as expect_part, for a kernel that has a dump only. */
static void bare_says(struct kernel *bare, const char *line, const char *part)
{
	struct command_image set;
	struct image *image = calloc(1, sizeof(*image));

	set.image = image;
	image->kernel = *bare;
	expect_part(&set, line, part);
	free(image);
}

static void no_kernel(void **state)
{
	char path[] = "/tmp/test-rd-XXXXXX";
	struct kernel *kernel = open_bare(path);

	(void)state;
	bare_says(kernel, "rd -p 1200", "0000000000001200: 123456789abcdef0 ");
	bare_says(kernel, "rd -p 29f8 2", "00000000000029f8: 123456789abcdef0 ");
	bare_says(kernel, "rd -p 29f8 2", "error: physical address 0x2a00 does not exist");
	/* Before and behind the segment, which begins and ends within a page. */
	bare_says(kernel, "rd -p -g 11f0 4", "00000000000011f0: 16 bytes missing: physical address 0x11f0 does not exist: no segment of the dump has it\n"
					     "0000000000001200: 123456789abcdef0 ");
	bare_says(kernel, "rd -p -g -x 29f8 300", "00000000000029f8: 123456789abcdef0\n"
						  "0000000000002a00: 2392 bytes missing: physical address 0x2a00 does not exist: no segment of the dump has it\n");
	bare_says(kernel, "rd 1200", "only physical memory can be read (-p): no such machine");
	bare_says(kernel, "search 1200", "only physical memory can be searched (-p): no such machine");
	bare_says(kernel, "search -p 123456789abcdef0", "0000000000001200: 123456789abcdef0\n00000000000029f8: 123456789abcdef0\n");
	bare_says(kernel, "search -p -s 2000 -w 9abcdef0", "00000000000029f8: 9abcdef0\n");
	bare_says(kernel, "dump", "MACHINE: s390x");
	kernel_close(kernel);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values), cmocka_unit_test(forms),     cmocka_unit_test(mistakes),
		cmocka_unit_test(files),  cmocka_unit_test(gaps),      cmocka_unit_test(no_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
