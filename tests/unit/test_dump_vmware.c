// SPDX-License-Identifier: GPL-3.0-or-later
/* VMware's checkpoints, hand-made: memory inside and beside, registers in both forms, and damage. */
#include "test_dump_image.h"

#include <elf.h>

#include "arch/arch.h"
#include "dump/file.h"
#include "dump/notes.h"

#define PAGE 4096

enum { HEADER = 12, GROUP = 80 };

static void add_name(struct buffer *image, const char *name, unsigned nr_indices, unsigned size)
{
	add(image, strlen(name) << 8 | nr_indices << 6 | size, 2, false);
	buffer_append(image, name, strlen(name));
}

static void add_tag(struct buffer *image, const char *name, int index, uint64_t value, unsigned size)
{
	add_name(image, name, index >= 0, size);
	if (index >= 0)
		add(image, index, 4, false);
	add(image, value, size, false);
}

static void add_region(struct buffer *image, unsigned index, uint64_t pfn, uint64_t page, uint64_t size)
{
	add_tag(image, "regionPPN", index, pfn, 4);
	add_tag(image, "regionPageNum", index, page, 4);
	add_tag(image, "regionSize", index, size, 4);
}

static void add_block(struct buffer *image, const char *name, int index, const void *data, size_t size, unsigned padding)
{
	add_name(image, name, index >= 0, 0x3f);
	if (index >= 0)
		add(image, index, 4, false);
	add(image, size, 8, false);
	add(image, size, 8, false);
	add(image, padding, 2, false);
	buffer_zeros(image, padding);
	buffer_append(image, data, size);
}

static void add_pages(struct buffer *image, uint64_t first, size_t nr)
{
	uint8_t page[PAGE];

	for (size_t i = 0; i < nr; i++) {
		page_contents(first + i, page, PAGE);
		buffer_append(image, page, PAGE);
	}
}

/* Two groups: CPUS and MEMORY, each without its end. */
static char *write_checkpoint(struct buffer *cpus, struct buffer *memory)
{
	struct buffer image = { 0 };
	char name[64] = "cpu", *path, *better;

	add(cpus, 0, 2, false);
	add(memory, 0, 2, false);
	add(&image, 0xbed2bed2, 4, false);
	add(&image, 8, 4, false);
	add(&image, 2, 4, false);
	buffer_append(&image, name, sizeof(name));
	add(&image, HEADER + 2 * GROUP, 8, false);
	add(&image, cpus->size, 8, false);
	memset(name, 0, sizeof(name));
	strcpy(name, "memory");
	buffer_append(&image, name, sizeof(name));
	add(&image, HEADER + 2 * GROUP + cpus->size, 8, false);
	add(&image, memory->size, 8, false);
	buffer_append(&image, cpus->data, cpus->size);
	buffer_append(&image, memory->data, memory->size);
	path = write_image(image.data, image.size);
	assert_true(asprintf(&better, "%s.vmss", path) > 0);
	assert_int_equal(rename(path, better), 0);
	buffer_free(&image);
	buffer_free(cpus);
	buffer_free(memory);
	free(path);
	return better;
}

static void expect_pages(struct dump *dump, uint64_t first, size_t nr)
{
	uint8_t expected[PAGE], got[PAGE];

	for (size_t i = 0; i < nr; i++) {
		page_contents(first + i, expected, PAGE);
		assert_true(dump_read_phys(dump, (first + i) * PAGE, got, PAGE, NULL));
		assert_memory_equal(got, expected, PAGE);
	}
}

/* Three pages from 0, two from 0x100 on: the block holds them one after the other. */
static void memory_inside(void **state)
{
	struct buffer cpus = { 0 }, memory = { 0 }, pages = { 0 };
	struct dump *dump;
	char *path;

	(void)state;
	add_pages(&pages, 0, 3);
	add_pages(&pages, 0x100, 2);
	add_tag(&memory, "regionsCount", -1, 2, 4);
	add_region(&memory, 1, 0x100, 3, 2);
	add_region(&memory, 0, 0, 0, 3);
	add_block(&memory, "Memory", -1, pages.data, pages.size, 7);
	buffer_free(&pages);
	path = write_checkpoint(&cpus, &memory);
	assert_true(dump_probe(path));
	dump = open_one(path);
	assert_ptr_equal(dump->format, &dump_format_vmware);
	assert_int_equal(dump->machine, EM_X86_64);
	assert_int_equal(dump->nr_ranges, 2);
	assert_int_equal(dump->max_pfn, 0x102);
	assert_int_equal(dump->nr_notes, 0);
	expect_pages(dump, 0, 3);
	expect_pages(dump, 0x100, 2);
	read_fails(dump, 3 * PAGE, 1, ERROR_NOT_MAPPED);
	read_fails(dump, 0x102 * PAGE, 1, ERROR_NOT_MAPPED);
	dump_close(dump);
	remove_image(path);
}

static char *sibling(const char *path)
{
	char *other = strdup(path);

	memcpy(other + strlen(other) - 4, "vmem", 4);
	return other;
}

/* Opening PATH says that OTHER is missing, and has WORD in it. */
static void fails_naming(const char *path, const char *other, const char *word)
{
	const char *paths[] = { path };
	struct error error = { 0 };
	struct dump *dump;

	assert_false(dump_open(paths, 1, &dump, &error));
	assert_int_equal(error.kind, ERROR_IO);
	assert_non_null(strstr(error.text, other));
	assert_non_null(strstr(error.text, word));
	assert_null(strstr(error.text, "QEMU"));
}

/* The checkpoint has no memory: it is in the .vmem, and either name does. */
static void memory_beside(void **state)
{
	struct buffer cpus = { 0 }, memory = { 0 }, pages = { 0 };
	char *path = write_checkpoint(&cpus, &memory), *vmem = sibling(path);
	struct dump *dump;
	FILE *file;

	(void)state;
	fails_naming(path, vmem, "checkpoint");
	add_pages(&pages, 0, 5);
	file = fopen(vmem, "w");
	assert_int_equal(fwrite(pages.data, 1, pages.size, file), pages.size);
	fclose(file);
	buffer_free(&pages);
	for (int i = 0; i < 3; i++) {
		const char *paths[] = { i == 1 ? vmem : path, i == 1 ? path : vmem };
		struct error error = { 0 };

		assert_true(dump_probe(paths[0]));
		if (!dump_open(paths, i == 2 ? 2 : 1, &dump, &error))
			fail_msg("%s", error.text);
		assert_int_equal(dump->nr_files, 2);
		assert_int_equal(dump->nr_ranges, 1);
		expect_pages(dump, 0, 5);
		/* Memory comes in whole MiB: this .vmem is cut. */
		assert_true(dump->flags & DUMP_TRUNCATED);
		assert_non_null(strstr(dump->doubt, "it is cut"));
		read_fails(dump, 5 * PAGE, 1, ERROR_TRUNCATED);
		dump_close(dump);
	}
	/* Without its checkpoint it is memory that nothing describes; the checkpoint may have another name. */
	assert_int_equal(rename(path, "/tmp/gdb-vmcore-no-checkpoint"), 0);
	assert_false(dump_probe(vmem));
	fails_naming(vmem, path, "vmsn");
	{
		const char *paths[] = { vmem, "/tmp/gdb-vmcore-no-checkpoint" };

		assert_true(dump_open(paths, 2, &dump, NULL));
		expect_pages(dump, 0, 5);
		dump_close(dump);
	}
	assert_int_equal(rename("/tmp/gdb-vmcore-no-checkpoint", path), 0);
	remove_image(path);
	unlink(vmem);
	free(vmem);
}

/* A .vmem of whole MiB, but a CPU was using page tables above its end: it is cut. One that stood below its end tells nothing. */
static void memory_cut_below_tables(void **state)
{
	static const uint8_t page[PAGE];

	(void)state;
	for (int above = 0; above < 2; above++) {
		uint64_t control[5] = { 0x80050033, 0, 0, above ? 3u << 20 | 0x801 : 1u << 19, 0 };
		struct buffer cpus = { 0 }, memory = { 0 };
		char *path, *vmem;
		struct dump *dump;
		FILE *file;

		add_tag(&cpus, "cpu:numVCPUs", -1, 1, 4);
		add_block(&cpus, "CR64", 0, control, sizeof(control), 0);
		path = write_checkpoint(&cpus, &memory);
		vmem = sibling(path);
		file = fopen(vmem, "w");
		for (int i = 0; i < (1 << 20) / PAGE; i++)
			assert_int_equal(fwrite(page, 1, PAGE, file), PAGE);
		fclose(file);
		dump = open_one(path);
		assert_int_equal(!!(dump->flags & DUMP_TRUNCATED), above);
		assert_int_equal(strstr(dump->doubt, "it is cut") != NULL, above);
		read_fails(dump, 2 << 20, 1, above ? ERROR_TRUNCATED : ERROR_NOT_MAPPED);
		dump_close(dump);
		remove_image(path);
		unlink(vmem);
		free(vmem);
	}
}

/* One register at a time, and the two blocks in which newer versions have most of them. */
static void cpus_registers(void **state)
{
	static const char *const names[] = { "rax", "rcx", "rdx", "rbx", "rbp", "rsp", "rsi", "rdi",
					     "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15" };
	static const unsigned indices[] = { X86_RAX, X86_RCX, X86_RDX, X86_RBX, X86_RBP, X86_RSP, X86_RSI, X86_RDI,
					    X86_R8,  X86_R9,  X86_R10, X86_R11, X86_R12, X86_R13, X86_R14, X86_R15 };
	struct buffer cpus = { 0 }, memory = { 0 }, pages = { 0 }, block = { 0 };
	struct dump *dump;
	char *path;

	(void)state;
	add_tag(&cpus, "cpu:numVCPUs", -1, 2, 4);
	for (unsigned i = 0; i < 16; i++) {
		add_tag(&cpus, names[i], 0, 0xffffffff80000000 + i, 8);
		add(&block, 0xffffffff81000000 + i, 8, false);
	}
	add_tag(&cpus, "rip", 0, 0xffffffff80001234, 8);
	add_tag(&cpus, "eflags", 0, 0x246, 4);
	add_block(&cpus, "gpregs", 1, block.data, block.size, 0);
	buffer_clear(&block);
	for (unsigned i = 0; i < 9; i++)
		add(&block, 0x1000 * (i + 1), 8, false);
	add_block(&cpus, "CR64", 1, block.data, block.size, 5);
	add_tag(&cpus, "rip", 1, 0xffffffff81001234, 8);
	add_name(&cpus, "CR64", 2, 8);
	add(&cpus, 0, 4, false);
	add(&cpus, 3, 4, false);
	add(&cpus, 0x7000, 8, false);
	add_pages(&pages, 0, 1);
	add_block(&memory, "Memory", -1, pages.data, pages.size, 0);
	path = write_checkpoint(&cpus, &memory);
	dump = open_one(path);
	assert_int_equal(dump->nr_cpus, 2);
	assert_int_equal(dump->nr_notes, 2);
	for (unsigned cpu = 0; cpu < 2; cpu++) {
		struct registers registers = { 0 };

		assert_true(arch_x86_64.qemu_registers(dump->notes[cpu].data, dump->notes[cpu].size, &registers, NULL));
		for (unsigned i = 0; i < 16; i++)
			assert_int_equal(registers.value[indices[i]], (cpu ? 0xffffffff81000000 : 0xffffffff80000000) + i);
		assert_int_equal(registers.value[X86_RIP], cpu ? 0xffffffff81001234 : 0xffffffff80001234);
		assert_int_equal(registers.value[X86_CR3], cpu ? 0x4000 : 0x7000);
		assert_int_equal(registers.value[X86_EFLAGS], cpu ? 0 : 0x246);
		/* What no checkpoint that we know tells is not known. */
		assert_false(registers.valid >> X86_CS & 1);
		assert_false(arch_x86_64.is_user(&registers));
		registers.value[X86_RSP] = 0x7ffc12345678;
		assert_true(arch_x86_64.is_user(&registers));
	}
	dump_close(dump);
	buffer_free(&block);
	buffer_free(&pages);
	remove_image(path);
}

static void damage(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		struct buffer cpus = { 0 }, memory = { 0 };
		enum error_kind kind = ERROR_FORMAT;
		char *path;

		if (i == 0) {
			/* A compressed block. */
			add_name(&memory, "Memory", 0, 0x3e);
			buffer_zeros(&memory, 16);
			add(&memory, 0, 2, false);
			kind = ERROR_UNSUPPORTED;
		} else if (i == 1) {
			/* A block of almost 2^64 bytes. */
			add_name(&memory, "Memory", 0, 0x3f);
			add(&memory, UINT64_MAX - 8, 8, false);
			buffer_zeros(&memory, 10);
		} else if (i == 2) {
			add_tag(&memory, "regionsCount", -1, 100000, 4);
			add_block(&memory, "Memory", -1, "x", 1, 0);
		} else if (i == 3) {
			/* Regions over each other. */
			add_tag(&memory, "regionsCount", -1, 2, 4);
			add_region(&memory, 0, 0, 0, 10);
			add_region(&memory, 1, 5, 10, 10);
			add_block(&memory, "Memory", -1, "x", 1, 0);
		} else {
			/* The file ends inside a tag. */
			add_name(&memory, "a name that is longer than what follows", 3, 8);
			memory.size -= 4;
			kind = ERROR_TRUNCATED;
		}
		path = write_checkpoint(&cpus, &memory);
		open_fails(path, kind);
		remove_image(path);
	}
}

/* The memory that is said to be there ends early: it opens, and reading it says so. */
static void truncated(void **state)
{
	struct buffer cpus = { 0 }, memory = { 0 }, pages = { 0 };
	struct dump *dump;
	char *path;

	(void)state;
	add_pages(&pages, 0, 2);
	add_tag(&memory, "regionsCount", -1, 1, 4);
	add_region(&memory, 0, 0, 0, 4);
	add_block(&memory, "Memory", -1, pages.data, pages.size, 0);
	memory.size -= 100;
	path = write_checkpoint(&cpus, &memory);
	/* Cut off what write_checkpoint put behind it. */
	dump = open_one(path);
	assert_int_equal(dump->flags & DUMP_TRUNCATED, DUMP_TRUNCATED);
	expect_pages(dump, 0, 1);
	read_fails(dump, 2 * PAGE, 1, ERROR_TRUNCATED);
	dump_close(dump);
	buffer_free(&pages);
	remove_image(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_inside), cmocka_unit_test(memory_beside),
		cmocka_unit_test(memory_cut_below_tables), cmocka_unit_test(cpus_registers),
		cmocka_unit_test(damage),	 cmocka_unit_test(truncated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
