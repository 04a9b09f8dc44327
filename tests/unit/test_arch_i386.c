// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * i386: tables by hand, from the SDM's formats (volume 3, 4.3 and 4.4), and where registers lie.
 */
#include "test_arch_image.h"

#define USER 4ull

static struct image *begin(const char *text)
{
	struct image *image = calloc(1, sizeof(*image));

	image->machine = EM_386;
	image_vmcoreinfo(image, text);
	return image;
}

/* Three levels: 2 bits at 30, 9 at 21 and 12; physical addresses beyond 4 GiB. */
static void test_pae(void **state)
{
	struct image *image = begin("OSRELEASE=6.1.0\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)=c1a00000\nCONFIG_X86_PAE=y\n");
	struct translation t;

	(void)state;
	image_put(image, 0x1a00000 + 3 * 8, 0x1a01000 | P);
	image_put(image, 0x1a00000, 0x1a03000 | P);
	image_put(image, 0x1a01000 + 13 * 8, 0x1a00000 | P | HUGE_PAGE);	/* 0xc1a00000, with the tables */
	image_put(image, 0x1a01000 + 511 * 8, 0x1a02000 | P);
	image_put(image, 0x1a02000 + 510 * 8, 0x9abcde000 | P | NX);
	image_put(image, 0x1a03000, 0x1a04000 | P | USER);
	image_put(image, 0x1a04000 + 5 * 8, (0x345678000 ^ 0x000ffffffffff000) | 0x100);	/* PROT_NONE */
	image_open(image);
	assert_ptr_equal(image->memory->arch, &arch_i386);
	assert_int_equal(image->memory->levels, 3);
	assert_int_equal(image->memory->kernel_root, 0x1a00000);
	assert_int_equal(memory_kernel_start(image->memory), 0xc0000000);
	assert_int_equal(memory_user_last(image->memory), 0xbfffffff);
	t = translated(image, 0, 0xc1b23456);
	assert_int_equal(t.physical, 0x1b23456);
	assert_int_equal(t.page_size, 2 << 20);
	t = translated(image, 0, 0xffffe123);
	assert_int_equal(t.physical, 0x9abcde123);
	assert_int_equal(t.run, 4096 - 0x123);
	assert_true(t.no_execute);
	assert_int_equal(translated(image, 0, 0x5123).physical, 0x345678123);
	assert_not_mapped(image, 0, 0xfffff000, "PTE at physical 0x1a02ff8 is 0x0");
	assert_not_mapped(image, 0, 0xc2000000, "PMD");
	assert_not_mapped(image, 0, 0x40000000, "PGD");
	assert_not_mapped(image, 0, 0x1c0000000, "more than 32 bits");
	image_free(image);
}

/* A table that is not in the dump: low memory does without. */
static void test_missing_table(void **state)
{
	struct image *image = begin("OSRELEASE=6.1.0\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)=c1a00000\nCONFIG_X86_PAE=y\n");
	struct translation t;

	(void)state;
	image_put(image, 0x1a00000 + 3 * 8, 0x1f01000 | P);
	image_put(image, 0x2000000, 1);
	image_open(image);
	assert_int_equal(translated(image, 0, 0xc1b23456).physical, 0x1b23456);
	assert_false(memory_translate(image->memory, 0, 0xc2b23456, &t, NULL));	/* beyond RAM */
	assert_false(memory_translate(image->memory, 0, 0xf8123456, &t, NULL));	/* vmalloc's */
	/* As far as the image goes: only high_memory says where vmalloc begins, vmalloc=800M can make it begin early. */
	image_free(image);
	image = begin("OSRELEASE=6.1.0\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)=c1a00000\nCONFIG_X86_PAE=y\n");
	image_put(image, 0x1a00000 + 3 * 8, 0x2a01000 | P);
	image_put(image, 0x3fff0000, 1);	/* 1 GiB of RAM */
	image_open(image);
	assert_int_equal(translated(image, 0, 0xc1b23456).physical, 0x1b23456);
	assert_false(memory_translate(image->memory, 0, 0xc8123456, &t, NULL));
	assert_false(memory_translate(image->memory, 0, 0xf7fdd880, &t, NULL));
	assert_int_equal(image->memory->low_memory, 0xc0000000);
	assert_int_equal(image->memory->low_memory_max, 0xf8000000);
	image_free(image);
	/* A table where there is no memory: what led there is none. */
	image = begin("OSRELEASE=6.1.0\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)=c1a00000\nCONFIG_X86_PAE=y\n");
	image_put(image, 0x1a00000 + 3 * 8, 0x2a01000 | P);
	image_put(image, 0x2000000, 1);
	image_open(image);
	assert_false(memory_translate(image->memory, 0, 0xc1b23456, &t, NULL));
	image_free(image);
}

/* Two levels: 10 bits at 22 and 12; a kernel that begins at 2 GiB. */
static void test_two_levels(void **state)
{
	struct image *image = begin("OSRELEASE=6.1.0\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)=81a00000\n");
	struct translation t;

	(void)state;
	image_put32(image, 0x1a00000 + (0x81800000 >> 22) * 4, 0x1800000 | P | HUGE_PAGE);
	image_put32(image, 0x1a00000 + (0xf8000000 >> 22) * 4, 0x1a01000 | P);
	image_put32(image, 0x1a00000 + (0xf8400000 >> 22) * 4, 0x00400000 | 5 << 13 | P | HUGE_PAGE);
	image_put32(image, 0x1a01000 + 7 * 4, 0x1234000 | P);
	image_open(image);
	assert_int_equal(image->memory->levels, 2);
	assert_int_equal(memory_kernel_start(image->memory), 0x80000000);
	t = translated(image, 0, 0x81a00123);
	assert_int_equal(t.physical, 0x1a00123);
	assert_int_equal(t.page_size, 4 << 20);
	assert_int_equal(translated(image, 0, 0xf8007abc).physical, 0x1234abc);
	assert_int_equal(translated(image, 0, 0xf8412345).physical, 0x500412345);
	assert_not_mapped(image, 0, 0xf8006000, "PTE");
	assert_true(arch_i386.is_kernel_address(image->memory, 0x80000000));
	assert_false(arch_i386.is_kernel_address(image->memory, 0x7fffffff));
	assert_false(arch_i386.is_kernel_address(image->memory, 0x180000000));
	image_free(image);
}

/* struct elf_prstatus of 32 bits: pr_pid at 24, 17 words from 72. */
static void test_registers(void **state)
{
	struct registers registers = { 0 };
	uint8_t note[144] = { 0 };
	struct error error = { 0 };
	uint32_t pid;

	(void)state;
	note[24] = 0x39;
	note[25] = 0x30;
	for (uint32_t i = 0; i < 17; i++)
		memcpy(note + 72 + i * 4, &(uint32_t){ 0x1000 + i }, 4);
	memcpy(note + 72 + 13 * 4, &(uint32_t){ 0x80000060 }, 4);	/* cs, with CS_FROM_KERNEL */
	assert_true(arch_i386.prstatus_pid(note, sizeof(note), &pid));
	assert_int_equal(pid, 12345);
	assert_true(arch_i386.prstatus_registers(note, sizeof(note), &registers, &error));
	assert_int_equal(registers.value[arch_i386.pc], 0x100c);
	assert_int_equal(registers.value[arch_i386.sp], 0x100f);
	assert_int_equal(registers.value[arch_i386.fp], 0x1005);
	assert_int_equal(registers.value[arch_i386.mode], 0x60);
	assert_false(arch_i386.is_user(&registers));
	registers.value[arch_i386.mode] = 0x73;
	assert_true(arch_i386.is_user(&registers));
	assert_false(arch_i386.prstatus_registers(note, 139, &registers, &error));
}

/* xchg %ebx,%esp; call *%edi; mov %ebx,%esp */
static void test_stack_switch(void **state)
{
	const uint8_t code[] = { 0x90, 0x87, 0xdc, 0xff, 0xd7, 0x89, 0xdc, 0x87, 0xdc, 0x90 };
	struct arch_switch found;
	size_t at = 0;

	(void)state;
	assert_true(arch_i386.stack_switch(code, sizeof(code), &at, &found));
	assert_int_equal(found.start, 3);
	assert_int_equal(found.end, 7);
	assert_string_equal(arch_i386.registers[found.reg].name, "ebx");
	assert_false(arch_i386.stack_switch(code, sizeof(code), &at, &found));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pae), cmocka_unit_test(test_missing_table), cmocka_unit_test(test_two_levels), cmocka_unit_test(test_registers),
		cmocka_unit_test(test_stack_switch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
