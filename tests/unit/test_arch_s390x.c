// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * s390x: tables by hand, from the Principles of Operation's formats (chapter 3, dynamic address translation), big-endian, and
 * where registers lie.
 */
#include "test_arch_image.h"

#undef ROOT
#define ROOT 0x1290000ull
#define REGION_3 (1ull << 2)		/* a region-third table's entry, all of whose next table is there */
#define WHOLE 3ull
#define INVALID 0x20ull
#define LARGE 0x400ull
#define PRESENT 0x001ull		/* the software's, in a page table */
#define PAGE_INVALID 0x400ull
#define NO_EXECUTE 0x100ull

static struct image *begin(const char *more)
{
	struct image *image = calloc(1, sizeof(*image));
	char text[512];

	image->machine = EM_S390;
	image->big_endian = true;
	snprintf(text, sizeof(text), "OSRELEASE=6.1.0\nPAGESIZE=4096\n%s", more);
	image_vmcoreinfo(image, text);
	return image;
}

/* Three levels, virtual = physical: 11 bits at 31 and 20, 8 at 12. */
static struct image *three_levels(void)
{
	struct image *image = begin("SYMBOL(swapper_pg_dir)=1290000\nKERNELOFFSET=0\n");

	for (unsigned i = 0; i < 512; i++)
		image_put(image, ROOT + i * 8, INVALID | REGION_3);
	image_put(image, ROOT, 0x1300000 | REGION_3 | WHOLE);
	image_put(image, ROOT + 8, 0x80000000 | REGION_3 | LARGE | NO_EXECUTE);		/* 2 GiB */
	image_put(image, ROOT + 16, 0x1304000 | REGION_3 | 0);				/* a quarter of a table */
	image_put(image, 0x1300000, 0x1400800);						/* tables of 2 KiB */
	image_put(image, 0x1300000 + 8, 0x00100000 | LARGE);				/* 1 MiB */
	image_put(image, 0x1300000 + 18 * 8, 0x01200000 | LARGE);			/* where the root itself is */
	image_put(image, 0x1300000 + 2 * 8, INVALID);
	image_put(image, 0x1400800 + 5 * 8, 0x12345000 | PRESENT | NO_EXECUTE);
	image_put(image, 0x1400800 + 6 * 8, PAGE_INVALID);
	image_put(image, 0x1400800 + 7 * 8, 0x12347000 | PAGE_INVALID | PRESENT);	/* not used for a while */
	image_put(image, 0x1400800 + 8 * 8, 0x98765000 | PAGE_INVALID | 2);
	return image;
}

static void test_three_levels(void **state)
{
	struct image *image = three_levels();
	struct translation t;

	(void)state;
	image_open(image);
	assert_ptr_equal(image->memory->arch, &arch_s390x);
	assert_int_equal(image->memory->levels, 3);
	assert_int_equal(image->memory->kernel_root, ROOT);
	t = translated(image, 0, 0x5678);
	assert_int_equal(t.physical, 0x12345678);
	assert_int_equal(t.run, 0x988);
	assert_true(t.no_execute);
	assert_int_equal(t.levels_walked, 3);
	assert_int_equal(translated(image, 0, 0x7123).physical, 0x12347123);
	t = translated(image, 0, 0x123456);
	assert_int_equal(t.physical, 0x123456);
	assert_int_equal(t.page_size, 1 << 20);
	assert_false(t.no_execute);
	t = translated(image, 0, 0x80000000 + 0x7abcdef0);
	assert_int_equal(t.physical, 0xfabcdef0);
	assert_int_equal(t.page_size, 1ull << 31);
	assert_not_mapped(image, 0, 0x6000, "(the page table's entry at physical 0x1400830 is 0x400)");
	assert_not_mapped(image, 0, 0x8000, "swapped out");
	assert_not_mapped(image, 0, 0x200000, "(the segment table's entry at physical 0x1300010 is 0x20)");
	assert_not_mapped(image, 0, 3ull << 31, "region-third");
	assert_not_mapped(image, 0, (2ull << 31) + (512ull << 20), "does not go there");
	assert_not_mapped(image, 0, 1ull << 42, "beyond what a region-third table can map");
	/* An address does not say whose it is. */
	assert_int_equal(memory_kernel_start(image->memory), 0);
	assert_true(memory_user_last(image->memory) >= 1ull << 53);
	image_free(image);
}

/* A process's: two levels, for a 31-bit program, and four; its root says which. */
static void test_user_tables(void **state)
{
	struct image *image = three_levels();
	struct error error = { 0 };
	uint64_t root;

	(void)state;
	image_put(image, 0x1250000, 0x1400800);
	image_put(image, 0x1254000, 0x1258000 | 2 << 2 | WHOLE);
	image_put(image, 0x1258000 + 8, 0x1250000 | 1 << 2 | WHOLE);
	image_open(image);
	assert_true(arch_s390x.user_root(image->memory, 0x1250000, &root, &error));
	assert_int_equal(root, 0x1250000);
	assert_int_equal(translated(image, root, 0x5678).physical, 0x12345678);
	assert_not_mapped(image, root, 1ull << 31, "beyond what a segment table can map");
	assert_true(arch_s390x.user_root(image->memory, 0x1254000, &root, &error));
	assert_int_equal(translated(image, root, 0x80005678).physical, 0x12345678);
	assert_false(arch_s390x.user_root(image->memory, 1ull << 60, &root, &error));
	image_free(image);
}

/* A table that is not in the dump: RAM is mapped as it is, but for the two pages that each CPU has for itself. */
static void test_missing_tables(void **state)
{
	struct image *image = begin("SYMBOL(swapper_pg_dir)=1290000\nKERNELOFFSET=0\n");
	struct translation t;

	(void)state;
	image_put(image, ROOT, 0x7ff0000 | REGION_3 | WHOLE);
	image_put(image, ROOT + 8, INVALID | REGION_3);
	image_put(image, 0x3000000, 1);		/* the last page there is */
	image_open(image);
	t = translated(image, 0, 0x1234567);
	assert_int_equal(t.physical, 0x1234567);
	assert_true(t.from_phys_base);
	assert_false(memory_translate(image->memory, 0, 0x1fff, &t, NULL));
	assert_int_equal(translated(image, 0, 0x2000).physical, 0x2000);
	assert_false(memory_translate(image->memory, 0, 0x3001000, &t, NULL));		/* beyond RAM: vmalloc, modules */
	assert_not_mapped(image, 0, 1ull << 31, "(the region-third table's entry at physical 0x1290008 is 0x24)");
	image_free(image);
}

/* The same since 6.10: RAM begins at IDENTITYBASE, the image is elsewhere. */
static void test_missing_tables_relocated(void **state)
{
	struct image *image = begin("SYMBOL(swapper_pg_dir)=3ffffa88000\nKERNELOFFSET=3fffe7f8000\nKERNELOFFPHYS=b2000\n"
				    "IDENTITYBASE=10000000000\n");
	struct translation t;

	(void)state;
	for (unsigned i = 0; i < 2048; i++)
		image_put(image, 0x1342000 + i * 8, 0x7ff0000 | REGION_3 | WHOLE);
	image_put(image, 0x3000000, 1);
	image_open(image);
	assert_int_equal(translated(image, 0, 0x10001234567).physical, 0x1234567);
	assert_false(memory_translate(image->memory, 0, 0x1234567, &t, NULL));
	assert_true(image->memory->image_is_linear);
	assert_int_equal(0x3ffffa88000 - image->memory->image_offset, 0x1342000);
	image_free(image);
}

/* Since 6.10 the kernel's addresses are not physical ones. */
static void test_relocated(void **state)
{
	struct image *image = begin("SYMBOL(swapper_pg_dir)=3ffffa88000\nKERNELOFFSET=3fffe7f8000\nKERNELOFFPHYS=b2000\n");

	(void)state;
	for (unsigned i = 0; i < 512; i++)
		image_put(image, 0x1342000 + i * 8, INVALID | REGION_3);
	image_open(image);
	assert_int_equal(image->memory->kernel_root, 0x1342000);
	assert_int_equal(image->memory->kaslr_offset, 0x3fffe7f8000);
	image_free(image);
}

/* Without VMCOREINFO: control register 13 of a CPU that was started. */
static void test_controls(void **state)
{
	struct image *image = calloc(1, sizeof(*image));
	uint8_t controls[16 * 8] = { 0 };

	(void)state;
	image->machine = EM_S390;
	image->big_endian = true;
	image_note(image, "LINUX", NT_S390_CTRS, controls, sizeof(controls));
	memcpy(controls + 13 * 8, (uint8_t[]){ 0, 0, 0, 0, 0x01, 0x29, 0, 0x07 }, 8);
	image_note(image, "LINUX", NT_S390_CTRS, controls, sizeof(controls));
	image_put(image, ROOT, 0x80000000 | REGION_3 | LARGE);
	image_open(image);
	assert_int_equal(image->memory->kernel_root, ROOT);
	assert_int_equal(image->memory->levels, 3);
	assert_true(image->memory->root_from_cpu);
	assert_int_equal(translated(image, 0, 0x123).physical, 0x80000123);
	image_free(image);
}

/* VMCOREINFO by the word in the lowcore: a note, whose text begins no page. */
static void test_lowcore(void **state)
{
	static const char text[] = "OSRELEASE=6.1.0\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)=1290000\n";
	static const uint8_t header[24] = { 0, 0, 0, 11, 0, 0, 0, sizeof(text) - 1, 0, 0, 0, 0, 'V', 'M', 'C', 'O', 'R', 'E', 'I', 'N',
					    'F', 'O' };
	struct image *image = calloc(1, sizeof(*image));
	uint8_t *page;

	(void)state;
	image->machine = EM_S390;
	image->big_endian = true;
	image_put(image, 0xe0c, 0x5100);
	page = image_page(image, 0x5000);
	memcpy(page + 0x100, header, sizeof(header));
	memcpy(page + 0x100 + sizeof(header), text, sizeof(text) - 1);
	image_put(image, ROOT, 0x80000000 | REGION_3 | LARGE);
	image_open(image);
	assert_true(image->dump->vmcoreinfo_from_memory);
	assert_string_equal(image->dump->vmcoreinfo, text);
	image_free(image);
}

static void put64(uint8_t *at, uint64_t value)
{
	value = __builtin_bswap64(value);
	memcpy(at, &value, 8);
}

/* struct elf_prstatus: pr_pid at 32; psw, 16 gprs, 16 acrs of 4 bytes from 112. */
static void test_registers(void **state)
{
	struct registers registers = { 0 };
	uint8_t note[336] = { 0 };
	struct error error = { 0 };
	uint32_t pid;

	(void)state;
	memcpy(note + 32, (uint8_t[]){ 0, 0, 0x30, 0x39 }, 4);
	put64(note + 112, 0x0704c00180000000);
	put64(note + 120, 0x123456);
	for (unsigned i = 0; i < 16; i++)
		put64(note + 128 + i * 8, 0x1000 + i);
	note[256 + 3] = 7;
	assert_true(arch_s390x.prstatus_pid(note, sizeof(note), &pid));
	assert_int_equal(pid, 12345);
	memcpy(note + 32, (uint8_t[]){ 2, 0, 0, 0 }, 4);	/* QEMU's number of a CPU */
	assert_true(arch_s390x.prstatus_pid(note, sizeof(note), &pid));
	assert_int_equal(pid, 2);
	assert_true(arch_s390x.prstatus_registers(note, sizeof(note), &registers, &error));
	assert_int_equal(registers.value[arch_s390x.pc], 0x123456);
	assert_int_equal(registers.value[arch_s390x.sp], 0x100f);
	assert_int_equal(registers.value[arch_s390x.lr], 0x100e);
	assert_int_equal(registers.value[arch_s390x.sp + 1], 7);
	assert_false(arch_s390x.is_user(&registers));
	registers.value[arch_s390x.mode] = 0x0705c00180000000;
	assert_true(arch_s390x.is_user(&registers));
	assert_false(arch_s390x.prstatus_registers(note, 319, &registers, &error));
}

/* lg %r15,168(%r15); stg %r1,152(%r15); brasl %r14; lgr %r15,%r11, and what only looks like it. */
static void test_stack_switch(void **state)
{
	const uint8_t code[] = { 0x07, 0x07, 0xe3, 0x10, 0xf0, 0x98, 0x00, 0x24, 0x07, 0x07,
				 0xe3, 0x10, 0xf0, 0x98, 0x00, 0x24, 0xc0, 0xe5, 0, 0, 0, 0, 0xb9, 0x04, 0x00, 0xfb };
	struct arch_switch found;
	size_t at = 0;

	(void)state;
	assert_true(arch_s390x.stack_switch(code, sizeof(code), &at, &found));
	assert_int_equal(found.start, 10);
	assert_int_equal(found.end, 26);
	assert_int_equal(arch_s390x.registers[found.reg].dwarf, 11);
	assert_false(arch_s390x.stack_switch(code, sizeof(code), &at, &found));
	at = 0;
	assert_false(arch_s390x.stack_switch(code, sizeof(code) - 1, &at, &found));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_three_levels), cmocka_unit_test(test_user_tables), cmocka_unit_test(test_missing_tables), cmocka_unit_test(test_missing_tables_relocated),
		cmocka_unit_test(test_relocated),
		cmocka_unit_test(test_controls), cmocka_unit_test(test_registers), cmocka_unit_test(test_stack_switch), cmocka_unit_test(test_lowcore),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
