// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * arm64: tables of each page size by hand, from the Arm ARM's formats (DDI 0487, D8.3), and where registers lie.
 */
#include "test_arch_image.h"

#undef ROOT
#define ROOT 0x40000000ull	/* physical */

#define IMAGE_OFFSET 0xffff7fffc8000000ull	/* kimage_voffset: run-time minus physical, of the image */
#define TABLE 3ull		/* valid, and a table or a page */
#define BLOCK 1ull

static struct image *begin(unsigned page_size, unsigned built, unsigned used, const char *more)
{
	struct image *image = calloc(1, sizeof(*image));
	char text[512];

	image->machine = EM_AARCH64;
	snprintf(text, sizeof(text),
		 "OSRELEASE=6.1.0\nPAGESIZE=%u\nSYMBOL(swapper_pg_dir)=%llx\nNUMBER(kimage_voffset)=0x%llx\n"
		 "NUMBER(VA_BITS)=%u\nNUMBER(TCR_EL1_T1SZ)=0x%x\nKERNELOFFSET=1e200000\n%s",
		 page_size, ROOT + IMAGE_OFFSET, IMAGE_OFFSET, built, 64 - used, more);
	image_vmcoreinfo(image, text);
	return image;
}

/* 48 bits, four levels: indices of 9 bits at 39, 30, 21, 12. */
static void test_4k_48(void **state)
{
	struct image *image = begin(4096, 48, 48, "NUMBER(KERNELPACMASK)=0xffff000000000000\n");
	struct translation t;

	(void)state;
	image_put(image, ROOT + 0x100 * 8, 0x40001000 | TABLE);		/* 0xffff800000000000 */
	image_put(image, 0x40001000, 0x40002000 | TABLE);
	image_put(image, 0x40001008, 0x0060000080000000 | BLOCK | 0x700);	/* 1 GiB, attributes above and below */
	image_put(image, 0x40002000 + 2 * 8, 0x0060000048200000 | BLOCK);	/* 2 MiB */
	image_put(image, 0x40002000 + 3 * 8, 0x40003000 | TABLE);
	image_put(image, 0x40003000 + 5 * 8, 0x0068000045678000 | TABLE | 0x700);
	image_put(image, 0x40003000 + 6 * 8, 0x45679000 | BLOCK);	/* no such thing as a block here */
	image_open(image);
	assert_ptr_equal(image->memory->arch, &arch_arm64);
	assert_int_equal(image->memory->levels, 4);
	assert_int_equal(image->memory->kernel_root, ROOT);
	assert_int_equal(image->memory->kaslr_offset, 0x1e200000);
	assert_int_equal(memory_kernel_start(image->memory), 0xffff000000000000);
	t = translated(image, 0, 0xffff800000605123);
	assert_int_equal(t.physical, 0x45678123);
	assert_int_equal(t.page_size, 4096);
	assert_int_equal(t.run, 4096 - 0x123);
	assert_int_equal(t.levels_walked, 4);
	t = translated(image, 0, 0xffff800000412345);
	assert_int_equal(t.physical, 0x48212345);
	assert_int_equal(t.page_size, 2 << 20);
	t = translated(image, 0, 0xffff800056789abc);
	assert_int_equal(t.physical, 0x96789abc);
	assert_int_equal(t.page_size, 1 << 30);
	assert_not_mapped(image, 0, 0xffff800000606000, "PTE at physical 0x40003030 is 0x45679001");
	assert_not_mapped(image, 0, 0xffff800000607000, "is 0x0)");
	assert_not_mapped(image, 0, 0xfffe800000605123, "not a valid address");
	/* A signature goes, in the kernel's half alone. */
	assert_int_equal(arch_arm64.code_address(image->memory, 0x4b91a69e9b1af514), 0x4b91a69e9b1af514 | 0xffff000000000000);
	assert_int_equal(arch_arm64.code_address(image->memory, 0x0000aaaae4acd850), 0x0000aaaae4acd850);
	image_free(image);
}

/* A kernel built for 52 bits on a CPU with LPA2: five levels, bits 51:50 of an address in bits 9:8. */
static void test_4k_52(void **state)
{
	struct image *image = begin(4096, 52, 52, "");

	(void)state;
	image_put(image, ROOT + 0xf * 8, 0x40001000 | TABLE);		/* four bits at 48 */
	image_put(image, 0x40001000 + 0x1ff * 8, 0x40002000 | TABLE);
	image_put(image, 0x40002000, 0x40003000 | TABLE);
	image_put(image, 0x40003000, 0x40004000 | TABLE);
	image_put(image, 0x40004000, 0x0003000012345000 | 3 << 8 | TABLE);
	image_open(image);
	assert_int_equal(image->memory->levels, 5);
	assert_int_equal(translated(image, 0, 0xffffff8000000678).physical, 0xf000012345678);
	assert_int_equal(memory_kernel_start(image->memory), 0xfff0000000000000);
	image_free(image);
}

/* The same kernel on a CPU without: 48 bits, four levels. */
static void test_4k_52_on_48(void **state)
{
	struct image *image = begin(4096, 52, 48, "");

	(void)state;
	image_put(image, ROOT + 0x1ff * 8, 0x40001000 | TABLE);
	image_put(image, 0x40001000, 0x80000000 | BLOCK | 3 << 8);	/* bits 9:8 are shareability then */
	image_open(image);
	assert_int_equal(image->memory->levels, 4);
	assert_int_equal(translated(image, 0, 0xffffff8000000678).physical, 0x80000678);
	image_free(image);
}

/* 47 bits of 16 KiB pages: 11 bits at 36, 25, 14. */
static void test_16k(void **state)
{
	struct image *image = begin(16384, 47, 47, "");
	struct translation t;

	(void)state;
	image_put(image, ROOT + 0x7ff * 8, 0x40004000 | TABLE);
	image_put(image, 0x40004000 + 8, 0x42000000 | BLOCK);		/* 32 MiB */
	image_put(image, 0x40004000 + 16, 0x40008000 | TABLE);
	image_put(image, 0x40008000 + 24, 0x47774000 | TABLE);
	image_open(image);
	assert_int_equal(image->memory->levels, 3);
	t = translated(image, 0, 0xfffffff000000000 + (2ull << 25) + (3 << 14) + 0x3210);
	assert_int_equal(t.physical, 0x47777210);
	assert_int_equal(t.page_size, 16384);
	t = translated(image, 0, 0xfffffff002000000 + 0x1abcdef);
	assert_int_equal(t.physical, 0x43abcdef);
	assert_int_equal(t.page_size, 32 << 20);
	image_free(image);
}

/* 64 KiB pages: laid out for 52 bits even where the CPU uses 48; 51:48 of an address in bits 15:12. */
static void test_64k(void **state)
{
	struct image *image = begin(65536, 52, 48, "");
	struct translation t;

	(void)state;
	image_put(image, ROOT + 0x3ff * 8, 0x40010000 | TABLE);	/* ten bits at 42 */
	image_put(image, 0x40010000 + 0x1fff * 8, 0x40020000 | TABLE);
	image_put(image, 0x40020000 + 0x1fff * 8, 0x0000789a12340000 | 0x5000 | TABLE);
	image_open(image);
	assert_int_equal(image->memory->levels, 3);
	t = translated(image, 0, 0xffffffffffff1234);
	assert_int_equal(t.physical, 0x5789a12341234);
	assert_int_equal(t.page_size, 65536);
	image_free(image);
}

static void test_no_vmcoreinfo(void **state)
{
	struct image *image = calloc(1, sizeof(*image));
	struct error error;

	(void)state;
	image->machine = EM_AARCH64;
	image_put(image, ROOT, 0);
	assert_false(image_try(image, &error));
	assert_non_null(strstr(error.text, "no VMCOREINFO"));
	image_free(image);
}

/* struct elf_prstatus: pr_pid at 32, 34 words from 112. */
/* A table that is not in the dump: what is mapped linearly does without. What a table says is the answer, though. */
static void test_missing_tables(void **state)
{
	struct image *image = begin(4096, 48, 48, "NUMBER(PHYS_OFFSET)=0x40000000\n");
	struct translation t;

	(void)state;
	image_put(image, ROOT, 0x50000000 | TABLE);		/* 0xffff000000000000 */
	image_put(image, ROOT + 0x100 * 8, 0x50001000 | TABLE);	/* 0xffff800000000000 */
	image_put(image, 0x48000000, 1);			/* the last page there is */
	image_open(image);
	t = translated(image, 0, 0xffff000001234567);
	assert_int_equal(t.physical, 0x41234567);
	assert_true(t.from_phys_base);
	assert_int_equal(t.run, 4096 - 0x567);
	assert_false(memory_translate(image->memory, 0, 0xffff000009234567, &t, NULL));	/* beyond RAM */
	assert_false(memory_translate(image->memory, 0, 0xffff800009234567, &t, NULL));	/* the image's place is not known yet */
	memory_add_piece(image->memory, 0xffff800008000000, 0xffff80000a000000, 0x40000000);
	assert_int_equal(translated(image, 0, 0xffff800009234567).physical, 0x41234567);
	assert_not_mapped(image, 0, 0xffff008000000000, "PGD at physical 0x40000008 is 0x0");
	image_free(image);
}

/* The halves as they were before 5.4. */
static void test_missing_tables_old(void **state)
{
	struct image *image = calloc(1, sizeof(*image));

	(void)state;
	image->machine = EM_AARCH64;
	image_vmcoreinfo(image, "OSRELEASE=4.18.0\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)=ffff000048000000\n"
				"NUMBER(kimage_voffset)=0xffff000008000000\nNUMBER(VA_BITS)=48\nNUMBER(PHYS_OFFSET)=0x40000000\n");
	image_put(image, ROOT + 0x100 * 8, 0x50000000 | TABLE);	/* 0xffff800000000000 */
	image_put(image, 0x48000000, 1);
	image_open(image);
	assert_int_equal(translated(image, 0, 0xffff800001234567).physical, 0x41234567);
	image_free(image);
}

static void test_registers(void **state)
{
	struct registers registers = { 0 };
	uint8_t note[392] = { 0 };
	struct error error = { 0 };
	uint32_t pid;

	(void)state;
	note[32] = 0x39;
	note[33] = 0x30;
	for (uint64_t i = 0; i < 34; i++)
		memcpy(note + 112 + i * 8, &(uint64_t){ 0x1000 + i }, 8);
	memcpy(note + 112 + 33 * 8, &(uint64_t){ 0x80001005 }, 8);	/* EL1h */
	assert_true(arch_arm64.prstatus_pid(note, sizeof(note), &pid));
	assert_int_equal(pid, 12345);
	assert_true(arch_arm64.prstatus_registers(note, sizeof(note), &registers, &error));
	assert_int_equal(registers.value[29], 0x101d);
	assert_int_equal(registers.value[arch_arm64.sp], 0x101f);
	assert_int_equal(registers.value[arch_arm64.pc], 0x1020);
	assert_int_equal(registers.value[arch_arm64.mode], 0x80001005);
	assert_false(arch_arm64.is_user(&registers));
	registers.value[arch_arm64.mode] = 0x80000000;	/* EL0t */
	assert_true(arch_arm64.is_user(&registers));
	registers.value[arch_arm64.mode] = 0x10;	/* AArch32 user */
	assert_true(arch_arm64.is_user(&registers));
	assert_false(arch_arm64.prstatus_registers(note, 383, &registers, &error));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_4k_48), cmocka_unit_test(test_4k_52), cmocka_unit_test(test_4k_52_on_48),
		cmocka_unit_test(test_16k), cmocka_unit_test(test_64k), cmocka_unit_test(test_no_vmcoreinfo),
		cmocka_unit_test(test_missing_tables), cmocka_unit_test(test_missing_tables_old),
		cmocka_unit_test(test_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
