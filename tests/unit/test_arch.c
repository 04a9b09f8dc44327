// SPDX-License-Identifier: GPL-3.0-or-later
/* Page tables, finding the kernel's, and reads through them. Tables are hand-made (test_arch_image.h). */
#include "test_arch_image.h"

#include <pthread.h>

#define VMALLOC 0xffffc90000001000ull

static struct image *four_levels(void)
{
	struct image *image = image_four_levels();

	image_vmcoreinfo(image, FOUR_LEVELS_VMCOREINFO);
	image_open(image);
	return image;
}

static struct error untranslated(struct image *image, uint64_t root, uint64_t address)
{
	struct translation translation;
	struct error error = { 0 };

	assert_false(memory_translate(image->memory, root, address, &translation, &error));
	return error;
}

static void test_vmcoreinfo(void **state)
{
	struct image *image = four_levels();
	const struct memory *memory = image->memory;

	(void)state;
	assert_ptr_equal(memory->arch, &arch_x86_64);
	assert_int_equal(memory->kernel_root, ROOT);
	assert_int_equal(memory->phys_base, 0x1000000);
	assert_int_equal(memory->kaslr_offset, 0x1e000000);
	assert_int_equal(memory->levels, 4);
	assert_false(memory->root_from_cpu);
	image_free(image);
}

static void test_page_sizes(void **state)
{
	struct image *image = four_levels();
	struct translation t;

	(void)state;
	t = translated(image, 0, VMALLOC + 0x123);
	assert_int_equal(t.physical, 0x200123);
	assert_int_equal(t.run, 0x1000 - 0x123);
	assert_int_equal(t.page_size, 4096);
	assert_int_equal(t.levels_walked, 4);
	assert_int_equal(t.entry, 0x200000 | P | NX);
	assert_true(t.no_execute);
	t = translated(image, 0, START_KERNEL + 0x1fffff);
	assert_int_equal(t.physical, 0x11fffff);
	assert_int_equal(t.run, 1);
	assert_int_equal(t.page_size, 2 << 20);
	assert_int_equal(t.levels_walked, 3);
	assert_false(t.no_execute);
	t = translated(image, 0, DIRECT_MAP + 0x12345678);
	assert_int_equal(t.physical, 0x12345678);
	assert_int_equal(t.run, 0x40000000 - 0x12345678);
	assert_int_equal(t.page_size, 1 << 30);
	assert_int_equal(t.levels_walked, 2);
	image_free(image);
}

static void test_not_mapped(void **state)
{
	struct image *image = four_levels();
	struct error error;

	(void)state;
	/* A PTE that is 0, an upper entry that is 0, and a kernel PTE with only the PROTNONE bit. */
	error = untranslated(image, 0, VMALLOC + 0x2000);
	assert_int_equal(error.kind, ERROR_NOT_MAPPED);
	assert_non_null(strstr(error.text, "0xffffc90000003000"));
	assert_non_null(strstr(error.text, "PTE at physical 0x1008018"));
	error = untranslated(image, 0, 0xffffc98000000000);
	assert_int_equal(error.kind, ERROR_NOT_MAPPED);
	assert_non_null(strstr(error.text, "PGD at physical 0x1002c98"));
	error = untranslated(image, 0, 0xffffc90040000000);
	assert_non_null(strstr(error.text, "PUD at physical 0x1006008"));
	error = untranslated(image, 0, START_KERNEL + 0x400000);
	assert_non_null(strstr(error.text, "PMD at physical 0x1004010"));
	error = untranslated(image, 0, VMALLOC + 0x3000);
	assert_int_equal(error.kind, ERROR_NOT_MAPPED);
	assert_non_null(strstr(error.text, "0x6100, not present"));
	image_free(image);
}

static void test_missing_table(void **state)
{
	struct image *image = four_levels();
	uint64_t address = 0xffff000000000000ull | 300ull << 39 | 5ull << 30;
	struct error error = untranslated(image, 0, address);

	(void)state;
	assert_true(error_is_missing_memory(&error));
	assert_non_null(strstr(error.text, "0xffff960140000000"));
	assert_non_null(strstr(error.text, "PUD, at physical 0x7777028"));
	image_free(image);
}

/* The image is linear: it stays readable without its page tables, but a table's "no" counts. */
static void test_image_without_tables(void **state)
{
	struct image *image = image_four_levels();
	struct translation t;
	char text[16];

	(void)state;
	image_put(image, 0x1003000 + 510 * 8, 0x6666000 | P);	/* the PMD table is not in the dump */
	image_vmcoreinfo(image, FOUR_LEVELS_VMCOREINFO);
	image_open(image);
	t = translated(image, 0, START_KERNEL + 0x1008);
	assert_int_equal(t.physical, 0x1001008);
	assert_true(t.from_phys_base);
	/* Where the image ends modules may begin. */
	image->memory->image_end = START_KERNEL + 0x2000;
	assert_int_equal(translated(image, 0, START_KERNEL + 0x1ff8).physical, 0x1001ff8);
	assert_false(memory_translate(image->memory, 0, START_KERNEL + 0x2000, &t, NULL));
	image->memory->image_end = 0;
	assert_true(memory_read_string(image->memory, START_KERNEL + 0x1000, text, sizeof(text), NULL));
	assert_string_equal(text, "in the image");
	assert_int_equal(untranslated(image, 0, 0xffffffffc0000000).kind, ERROR_NOT_MAPPED);
	image_free(image);
}

static void test_canonical(void **state)
{
	struct image *image = four_levels();
	struct memory *memory = image->memory;
	const struct arch *arch = memory->arch;

	(void)state;
	assert_non_null(strstr(untranslated(image, 0, 0x0000800000000000).text, "not canonical"));
	assert_non_null(strstr(untranslated(image, 0, 0xffff7fffffffffff).text, "not canonical"));
	assert_null(strstr(untranslated(image, 0, 0x00007fffffffffff).text, "canonical"));
	assert_true(arch->is_kernel_address(memory, 0xffff800000000000));
	assert_false(arch->is_kernel_address(memory, 0xffff7fffffffffff));
	assert_false(arch->is_kernel_address(memory, 0x00007fffffffffff));
	memory->levels = 5;
	assert_true(arch->is_kernel_address(memory, 0xff00000000000000));
	assert_false(arch->is_kernel_address(memory, 0xfeffffffffffffff));
	assert_non_null(strstr(untranslated(image, 0, 0x0100000000000000).text, "not canonical"));
	image_free(image);
}

/* A table that contains itself is legal (a recursive mapping) and ends after its four levels. */
static void test_cyclic_table(void **state)
{
	struct image *image = four_levels();
	uint64_t slot = 400, address = 0xffff000000000000ull | slot << 39 | slot << 30 | slot << 21 | slot << 12;
	struct translation t = translated(image, 0, address | 0xabc);

	(void)state;
	assert_int_equal(t.physical, ROOT + 0xabc);
	assert_int_equal(t.levels_walked, 4);
	image_free(image);
}

static void test_five_levels(void **state)
{
	struct image *image = image_four_levels();
	struct translation t;
	struct error error;

	(void)state;
	/* Level 5 in front of the old root; the image needs its own entries to be consistent. */
	image_put(image, 0x100a000 + 511 * 8, ROOT | P);
	image_put(image, 0x100a000 + 0x110 * 8, ROOT | P);	/* ff11 0000 ... = entry 0x111 */
	image_put(image, 0x100a000 + 0x111 * 8, 0x100b000 | P);
	image_put(image, 0x100b000, 0x1005000 | P);		/* -> the 1 GiB page */
	image_vmcoreinfo(image, VMCOREINFO_START "SYMBOL(swapper_pg_dir)=ffffffff8000a000\nNUMBER(phys_base)=16777216\n"
			 "NUMBER(pgtable_l5_enabled)=1\n");
	image_open(image);
	assert_int_equal(image->memory->levels, 5);
	t = translated(image, 0, 0xff11000000001234);
	assert_int_equal(t.physical, 0x1234);
	assert_int_equal(t.levels_walked, 3);
	t = translated(image, 0, VMALLOC);
	assert_int_equal(t.physical, 0x200000);
	assert_int_equal(t.levels_walked, 5);
	error = untranslated(image, 0, 0xff12000000000000);
	assert_non_null(strstr(error.text, "PGD at physical 0x100a890"));
	error = untranslated(image, 0, 0xff11008000000000);
	assert_non_null(strstr(error.text, "P4D at physical 0x100b008"));
	image_free(image);
}

/* A process: user entries, PROT_NONE (inverted address), swap entries. */
static void test_user(void **state)
{
	const uint64_t inverted = 0x000ffffffffff000ull;
	struct image *image = image_four_levels();
	uint64_t root, value = 0;
	struct error error = { 0 };

	(void)state;
	image_put(image, 0x2000000, 0x2001000 | P);
	image_put(image, 0x2001000, 0x2002000 | P);
	image_put(image, 0x2002000, 0x2003000 | P);
	image_put(image, 0x2002008, ((0x400000 ^ inverted) & ~0xfffull) | 0x100 | HUGE_PAGE);
	image_put(image, 0x2003000 + 1 * 8, 0x5000 | P);
	image_put(image, 0x2003000 + 2 * 8, (0x200000 ^ inverted) | 0x100);
	/* Swap type 3, offset 0x1234: type << 59 | ~offset << 14 >> 5. */
	image_put(image, 0x2003000 + 3 * 8, 3ull << 59 | (~0x1234ull << 14 >> 5 & ~0x1ffull));
	image_put(image, 0x2003000 + 4 * 8, 0);
	image_vmcoreinfo(image, FOUR_LEVELS_VMCOREINFO);
	image_open(image);
	assert_true(image->memory->arch->user_root(image->memory, DIRECT_MAP + 0x2000000, &root, &error));
	assert_int_equal(root, 0x2000000);
	assert_int_equal(translated(image, root, 0x1008).physical, 0x5008);
	assert_int_equal(translated(image, root, 0x2008).physical, 0x200008);
	assert_int_equal(translated(image, root, 0x201008).physical, 0x401008);
	error = untranslated(image, root, 0x3000);
	assert_int_equal(error.kind, ERROR_NOT_MAPPED);
	assert_non_null(strstr(error.text, "swapped out"));
	assert_non_null(strstr(error.text, "swap type 3, offset 0x1234"));
	assert_null(strstr(untranslated(image, root, 0x4000).text, "swapped"));
	assert_true(memory_read_user(image->memory, root, 0x1000, &value, 8, NULL));
	assert_int_equal(value, 0x4242424242424242);
	assert_true(memory_read_user(image->memory, root, 0x2000, &value, 8, NULL));
	assert_int_equal(value, 0x4141414141414141);
	/* The same address in another address space must not come out of the cache. */
	assert_false(memory_read_user(image->memory, ROOT, 0x1000, &value, 8, NULL));
	assert_false(memory_read_user(image->memory, 0, 0x1000, &value, 8, &error));
	assert_false(memory_read(image->memory, 0x1000, &value, 8, &error));
	assert_non_null(strstr(error.text, "not a kernel address"));
	/* One that is nobody's is no process's either. */
	assert_false(memory_read(image->memory, 0x0000800000000000, &value, 8, &error));
	assert_int_equal(error.kind, ERROR_NOT_MAPPED);
	assert_non_null(strstr(error.text, "not canonical"));
	assert_false(image->memory->arch->user_root(image->memory, 0x1000, &root, &error));
	assert_int_equal(error.kind, ERROR_CORRUPT);
	image_free(image);
}

static void test_reads(void **state)
{
	struct image *image = four_levels();
	struct error error = { 0 };
	char buffer[600];
	uint64_t value;

	(void)state;
	for (int round = 0; round < 2; round++) {	/* the second one from the cache */
		assert_true(memory_read(image->memory, VMALLOC + 4092, buffer, 8, NULL));
		assert_memory_equal(buffer, "AAAABBBB", 8);
	}
	/* All or nothing: the page after the second is not mapped. */
	assert_false(memory_read(image->memory, VMALLOC + 8190, buffer, 4, &error));
	assert_non_null(strstr(error.text, "0xffffc90000003000"));
	assert_true(memory_read_uint(image->memory, VMALLOC, 2, &value, NULL));
	assert_int_equal(value, 0x4141);
	assert_true(memory_read_uint(image->memory, START_KERNEL + 0x1000, 4, &value, NULL));
	assert_int_equal(value, 0x74206e69);		/* "in t", little-endian */
	assert_false(memory_read_uint(image->memory, VMALLOC, 3, &value, &error));
	assert_false(memory_read(image->memory, UINT64_MAX - 3, buffer, 8, &error));
	/* Mapped, but that physical page is not in the dump. */
	assert_false(memory_read(image->memory, DIRECT_MAP + 0x3000000, buffer, 1, &error));
	assert_true(error_is_missing_memory(&error));
	assert_non_null(strstr(error.text, "0xffff888003000000"));
	assert_non_null(strstr(error.text, "0x3000000"));
	image_free(image);
}

static void test_strings(void **state)
{
	struct image *image = image_four_levels();
	char buffer[600];
	struct error error;

	(void)state;
	memcpy(image_page(image, 0x5000) + 4088, "the end", 8);	/* then nothing is mapped */
	image_vmcoreinfo(image, FOUR_LEVELS_VMCOREINFO);
	image_open(image);
	assert_true(memory_read_string(image->memory, VMALLOC + 0x1ff8, buffer, sizeof(buffer), NULL));
	assert_string_equal(buffer, "the end");
	assert_true(memory_read_string(image->memory, VMALLOC + 0x1ff8, buffer, 4, NULL));
	assert_string_equal(buffer, "the");
	assert_true(memory_read_string(image->memory, VMALLOC + 10, buffer, sizeof(buffer), NULL));
	assert_int_equal(strlen(buffer), sizeof(buffer) - 1);
	assert_false(memory_read_string(image->memory, VMALLOC + 0x2000, buffer, sizeof(buffer), &error));
	assert_false(memory_read_string(image->memory, VMALLOC, buffer, 0, &error));
	image_free(image);
}

static void test_encryption_mask(void **state)
{
	struct image *image = image_four_levels();
	uint64_t mask = 1ull << 47;

	(void)state;
	for (size_t i = 0; i < image->nr_pages; i++)
		if (image->pages[i].physical >= ROOT && image->pages[i].physical < 0x1009000)
			for (size_t j = 0; j < 512; j++) {
				uint64_t *entry = (uint64_t *)(void *)image->pages[i].data + j;

				*entry |= *entry & P ? mask : 0;
			}
	image_vmcoreinfo(image, FOUR_LEVELS_VMCOREINFO "NUMBER(sme_mask)=140737488355328\n");
	image_open(image);
	assert_int_equal(image->memory->encryption_mask, mask);
	assert_int_equal(translated(image, 0, VMALLOC).physical, 0x200000);
	assert_int_equal(translated(image, 0, DIRECT_MAP).physical, 0);
	image_free(image);
}

/* With KASLR the image may lie physically below its virtual offset: then phys_base is negative. */
static void test_negative_phys_base(void **state)
{
	struct image *image = calloc(1, sizeof(*image));

	(void)state;
	image_put(image, ROOT + 511 * 8, 0x1003000 | P);
	image_put(image, 0x1003000 + 510 * 8, 0x1004000 | P);
	image_put(image, 0x1004000 + 0x100 * 8, 0x1000000 | P | HUGE_PAGE);
	image_vmcoreinfo(image, VMCOREINFO_START "SYMBOL(swapper_pg_dir)=ffffffffa0002000\nNUMBER(phys_base)=-520093696\n"
			 "KERNELOFFSET=1f000000\n");
	image_open(image);
	assert_int_equal(image->memory->kernel_root, ROOT);
	assert_int_equal(translated(image, 0, 0xffffffffa0002000).physical, ROOT);
	image_free(image);
}

static void qemu_note(struct image *image, uint64_t cr3, uint64_t cr4, uint64_t rip, uint64_t gs_base,
		      uint64_t kernel_gs_base)
{
	struct image_qemu_state note = { .version = 1, .size = sizeof(note), .rip = rip, .cs.selector = 0x10,
					 .gs.base = gs_base, .cr = { 0x80050033, 0, 0, cr3, cr4 },
					 .kernel_gs_base = kernel_gs_base };

	assert_int_equal(sizeof(note), 440);
	image_note(image, "QEMU", 0, &note, sizeof(note));
}

static void test_qemu_without_vmcoreinfo(void **state)
{
	static const struct { uint64_t cr3, gs_base, kernel_gs_base; } cases[] = {
		{ ROOT, DIRECT_MAP + 0x2000, 0 },			/* kernel mode */
		{ ROOT | 6, DIRECT_MAP + 0x2000, 0 },			/* with a PCID */
		{ ROOT | 0x1000 | 0x806 | NX, 0x7f00, DIRECT_MAP },	/* user mode under PTI */
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct image *image = image_four_levels();

		/* The user half maps the entry text only: what a CPU in user mode has. */
		image_put(image, 0x1003000 + 0 * 8, 0);
		qemu_note(image, 0, 0, 0xfff0, 0, 0);	/* a CPU that never got going */
		qemu_note(image, cases[i].cr3, 0x6f0, 0xffffffff80000123, cases[i].gs_base,
			  cases[i].kernel_gs_base);
		image_open(image);
		assert_int_equal(image->memory->kernel_root, ROOT);
		assert_int_equal(image->memory->phys_base, 0x1000000);
		assert_int_equal(image->memory->levels, 4);
		assert_int_equal(image->memory->kaslr_offset, 0);
		assert_true(image->memory->root_from_cpu);
		image_free(image);
	}
}

static void test_qemu_five_levels(void **state)
{
	struct image *image = image_four_levels();

	(void)state;
	image_put(image, 0x100a000 + 511 * 8, ROOT | P);
	qemu_note(image, 0x100a000, 0x6f0 | 1 << 12, 0xffffffff80000123, START_KERNEL + 0x1000, 0);
	image_open(image);
	assert_int_equal(image->memory->levels, 5);
	assert_int_equal(image->memory->kernel_root, 0x100a000);
	assert_int_equal(image->memory->phys_base, 0x1000000);
	image_free(image);
}

/* What a hypervisor dumps of an encrypted guest is noise where the tables should be; what is damaged in another way is not called so. */
static void test_encrypted_guest(void **state)
{
	(void)state;
	for (int noise = 0; noise < 2; noise++) {
		struct image *image = image_four_levels();
		uint64_t value = 88172645463325252ull;

		for (size_t i = 0; i < image->nr_pages; i++)
			for (size_t j = 0; image->pages[i].physical == ROOT && j < 512; j++) {
				uint64_t *entry = (uint64_t *)(void *)image->pages[i].data + j;

				value ^= value << 13;		/* xorshift */
				value ^= value >> 7;
				value ^= value << 17;
				*entry = noise ? value : 0;
			}
		image_vmcoreinfo(image, FOUR_LEVELS_VMCOREINFO);
		image_open(image);
		assert_int_equal(strstr(image->dump->doubt, "memory encryption (SEV, TDX)") != NULL, noise);
		image_free(image);
	}
}

/* The bit of memory encryption is in all entries, and VMCOREINFO says nothing of it. */
static void test_unknown_sme_mask(void **state)
{
	struct image *image = image_four_levels();
	uint64_t mask = 1ull << 51;

	(void)state;
	for (size_t i = 0; i < image->nr_pages; i++)
		if (image->pages[i].physical >= ROOT && image->pages[i].physical < 0x1009000)
			for (size_t j = 0; j < 512; j++) {
				uint64_t *entry = (uint64_t *)(void *)image->pages[i].data + j;

				*entry |= *entry & P ? mask : 0;
			}
	image_vmcoreinfo(image, FOUR_LEVELS_VMCOREINFO);
	image_open(image);
	assert_int_equal(image->memory->encryption_mask, mask);
	assert_non_null(strstr(image->dump->doubt, "bit 51"));
	assert_int_equal(translated(image, 0, VMALLOC).physical, 0x200000);
	image_free(image);
}

/* Of two notes the second fits, whatever is wrong with the first. */
static void test_second_note(void **state)
{
	static const char uts[] = "SYMBOL(init_uts_ns)=ffffffff80001000\n";
	static const char *const wrong[] = {
		VMCOREINFO_START "SYMBOL(swapper_pg_dir)=ffffffff80002000\nNUMBER(phys_base)=50331648\n",
		VMCOREINFO_START "SYMBOL(swapper_pg_dir)=ffffffff80005000\nNUMBER(phys_base)=16777216\n",
		"OSRELEASE=5.0.0-other\nSYMBOL(swapper_pg_dir)=ffffffff80002000\nNUMBER(phys_base)=16777216\n"
		"SYMBOL(init_uts_ns)=ffffffff80001000\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct image *image = image_four_levels();
		char right[400];

		memset(image_page(image, 0x1001000), 0, 4096);
		strcpy((char *)image_page(image, 0x1001000), "Linux");
		strcpy((char *)image_page(image, 0x1001000) + 2 * 65, "6.1.0-test");
		snprintf(right, sizeof(right), "%s%s", FOUR_LEVELS_VMCOREINFO, uts);
		image_page(image, 0x3002000);
		image_vmcoreinfo(image, wrong[i]);
		image_vmcoreinfo(image, right);
		image_open(image);
		assert_string_equal(image->dump->vmcoreinfo, right);
		assert_false(image->dump->vmcoreinfo_from_memory);
		assert_int_equal(image->memory->kernel_root, ROOT);
		assert_int_equal(image->memory->kaslr_offset, 0x1e000000);
		assert_non_null(strstr(image->dump->doubt, "a note of the file"));
		image_free(image);
	}
}

/* VMCOREINFO of an earlier boot, and no other: the tables are where the kernel can have been loaded, and it is corrected. */
static void test_moved_kernel(void **state)
{
	struct image *image = image_four_levels();

	(void)state;
	image_page(image, 0x3002000);
	image_vmcoreinfo(image, VMCOREINFO_START "SYMBOL(swapper_pg_dir)=ffffffff84002000\nNUMBER(phys_base)=-50331648\n"
			 "SYMBOL(mem_section)=ffff888000001000\nKERNELOFFSET=5000000\nLAST=ffffffff84002000\n");
	image_open(image);
	assert_true(image->dump->vmcoreinfo_corrected);
	assert_string_equal(image->dump->vmcoreinfo,
			    VMCOREINFO_START "SYMBOL(swapper_pg_dir)=ffffffff80002000\nNUMBER(phys_base)=16777216\n"
			    "SYMBOL(mem_section)=ffff888000001000\nKERNELOFFSET=1000000\nLAST=ffffffff84002000\n");
	assert_int_equal(image->dump->vmcoreinfo_size, strlen(image->dump->vmcoreinfo));
	assert_int_equal(image->memory->kernel_root, ROOT);
	assert_int_equal(image->memory->phys_base, 0x1000000);
	assert_int_equal(image->memory->kaslr_offset, 0x1000000);
	assert_non_null(strstr(image->dump->doubt, "it was corrected"));
	image_free(image);
}

/* Raw memory of a machine with a hole from HOLE to 4 GiB, without the hole; the map of memory in it, if BOOT_PARAMS. */
static void open_squeezed(bool boot_params)
{
	static const uint64_t hole = 1ull << 30, high = 4ull << 30;
	static const char info[] = VMCOREINFO_START "SYMBOL(swapper_pg_dir)=ffffffff80002000\nNUMBER(phys_base)=4311744512\n"
				   "NUMBER(pgtable_l5_enabled)=0\nBUILD-ID=aa\nKERNELOFFSET=0\n";
	char path[] = "/tmp/test-squeezed-XXXXXX", name[64], two[200];
	const char *paths[] = { name };
	int fd = mkstemp(path);
	uint64_t size = hole + (32 << 20);
	struct dump *dump;
	struct memory *memory;
	struct error error;
	const struct { uint64_t at, value; } entries[] = {
		{ ROOT + 511 * 8, (high + 0x1003000) | P },
		{ 0x1003000 + 510 * 8, (high + 0x1004000) | P },
		{ 0x1004000, (high + 0x1000000) | P | HUGE_PAGE },
	};

	assert_int_equal(ftruncate(fd, size), 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(pwrite(fd, &entries[i].value, 8, hole + entries[i].at), 8);
	assert_int_equal(pwrite(fd, info, sizeof(info), hole + 0x5000), sizeof(info));
	if (boot_params) {
		const uint64_t map[2][2] = { { 0, hole - 0x20000 }, { high, 32 << 20 } };
		const uint32_t ram = 1;

		assert_int_equal(pwrite(fd, "HdrS", 4, 0x10202), 4);
		assert_int_equal(pwrite(fd, "\2", 1, 0x101e8), 1);
		for (size_t i = 0; i < 2; i++) {
			assert_int_equal(pwrite(fd, map[i], 16, 0x102d0 + i * 20), 16);
			assert_int_equal(pwrite(fd, &ram, 4, 0x102d0 + i * 20 + 16), 4);
		}
	}
	snprintf(name, sizeof(name), "%s@0", path);
	assert_true(dump_open(paths, 1, &dump, &error));
	assert_true(memory_open(dump, &memory, &error));
	assert_non_null(strstr(dump->doubt, "FILE@0+40000000,FILE@100000000:40000000"));
	assert_int_equal(strstr(dump->doubt, "map of memory") != NULL, boot_params);
	memory_close(memory);
	dump_close(dump);
	/* As it says. */
	snprintf(two, sizeof(two), "%s@0+40000000,%s@100000000:40000000", path, path);
	paths[0] = two;
	if (!dump_open(paths, 1, &dump, &error))
		fail_msg("%s", error.text);
	assert_true(memory_open(dump, &memory, &error));
	assert_string_equal(dump->doubt, "");
	assert_int_equal(memory->kernel_root, high + ROOT);
	memory_close(memory);
	dump_close(dump);
	close(fd);
	unlink(path);
}

static void test_squeezed_memory(void **state)
{
	(void)state;
	open_squeezed(false);
	open_squeezed(true);
}

/* VMCOREINFO of another kernel: its root leads nowhere, the CPU knows better. */
static void test_stale_vmcoreinfo(void **state)
{
	struct image *image = image_four_levels();

	(void)state;
	image_page(image, 0x3003000);
	image_vmcoreinfo(image, VMCOREINFO_START "SYMBOL(swapper_pg_dir)=ffffffff80003000\nNUMBER(phys_base)=50331648\n"
			 "KERNELOFFSET=1000000\n");
	qemu_note(image, ROOT, 0x6f0, 0xffffffff80000123, DIRECT_MAP, 0);
	image_open(image);
	assert_non_null(image->dump->vmcoreinfo);
	assert_int_equal(image->memory->kernel_root, ROOT);
	assert_int_equal(image->memory->kaslr_offset, 0);
	image_free(image);
}

static void test_no_way_in(void **state)
{
	struct image *image = image_four_levels();
	struct error error;

	(void)state;
	qemu_note(image, 0x9999000, 0x6f0, 0xffffffff80000123, DIRECT_MAP, 0);
	assert_false(image_try(image, &error));
	assert_int_equal(error.kind, ERROR_FORMAT);
	assert_non_null(strstr(error.text, "page tables"));
	image_free(image);
}

static void test_forget(void **state)
{
	struct image *image = four_levels();
	uint64_t value;

	(void)state;
	assert_true(memory_read_uint(image->memory, VMALLOC, 8, &value, NULL));
	image->memory->kernel_root = 0x1003000;		/* now a table that does not map it */
	assert_false(memory_read_uint(image->memory, VMALLOC, 8, &value, NULL));
	image->memory->kernel_root = ROOT;
	image->memory->levels = 5;
	memory_forget_translations(image->memory);
	assert_false(memory_read_uint(image->memory, VMALLOC, 8, &value, NULL));
	image_free(image);
}

static void *reader(void *argument)
{
	struct image *image = argument;
	uintptr_t wrong = 0;

	for (unsigned i = 0; i < 200000; i++) {
		uint64_t value = 0, second = i & 1;

		memory_read_uint(image->memory, VMALLOC + (second << 12) + i % 4088, 8, &value, NULL);
		wrong += value != (second ? 0x4242424242424242 : 0x4141414141414141);
		if (i % 64 == 0)
			memory_forget_translations(image->memory);
	}
	return (void *)wrong;
}

static void test_two_threads(void **state)
{
	struct image *image = four_levels();
	pthread_t other;
	void *wrong;

	(void)state;
	assert_int_equal(pthread_create(&other, NULL, reader, image), 0);
	assert_null(reader(image));
	pthread_join(other, &wrong);
	assert_null(wrong);
	image_free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vmcoreinfo),
		cmocka_unit_test(test_page_sizes),
		cmocka_unit_test(test_not_mapped),
		cmocka_unit_test(test_missing_table),
		cmocka_unit_test(test_image_without_tables),
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_cyclic_table),
		cmocka_unit_test(test_five_levels),
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_reads),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_encryption_mask),
		cmocka_unit_test(test_negative_phys_base),
		cmocka_unit_test(test_qemu_without_vmcoreinfo),
		cmocka_unit_test(test_qemu_five_levels),
		cmocka_unit_test(test_stale_vmcoreinfo),
		cmocka_unit_test(test_unknown_sme_mask),
		cmocka_unit_test(test_encrypted_guest),
		cmocka_unit_test(test_second_note),
		cmocka_unit_test(test_moved_kernel),
		cmocka_unit_test(test_squeezed_memory),
		cmocka_unit_test(test_no_way_in),
		cmocka_unit_test(test_forget),
		cmocka_unit_test(test_two_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
