// SPDX-License-Identifier: GPL-3.0-or-later
/* ELF dumps, hand-made: classes, byte orders, odd segments, damage, and what is not a kernel's core. */
#include "test_dump_image.h"

#include <elf.h>
#include <time.h>

struct segment {
	uint64_t address, virtual, file_size, memory_size;
	int64_t offset;		/* -1: place it after the others */
};

struct elf_image {
	bool is_32bit, big_endian, extended_count;
	unsigned type, machine;
	const struct segment *segments;
	size_t nr_segments;
	struct buffer notes, file;
	size_t data;		/* where segment data starts */
};

static void add_note(struct elf_image *image, const char *name, unsigned type, const void *data, size_t size)
{
	add(&image->notes, strlen(name) + 1, 4, image->big_endian);
	add(&image->notes, size, 4, image->big_endian);
	add(&image->notes, type, 4, image->big_endian);
	buffer_append(&image->notes, name, strlen(name) + 1);
	buffer_align(&image->notes, 4);
	buffer_append(&image->notes, data, size);
	buffer_align(&image->notes, 4);
}

static void add_phdr(struct elf_image *image, unsigned type, uint64_t offset, const struct segment *segment)
{
	bool big = image->big_endian;
	unsigned word = image->is_32bit ? 4 : 8;

	add(&image->file, type, 4, big);
	if (!image->is_32bit)
		add(&image->file, 7, 4, big);
	add(&image->file, offset, word, big);
	add(&image->file, segment->virtual, word, big);
	add(&image->file, segment->address, word, big);
	add(&image->file, segment->file_size, word, big);
	add(&image->file, segment->memory_size, word, big);
	if (image->is_32bit)
		add(&image->file, 7, 4, big);
	add(&image->file, 0, word, big);
}

static void add_ehdr(struct elf_image *image, size_t shoff)
{
	bool big = image->big_endian;
	unsigned word = image->is_32bit ? 4 : 8, size = image->is_32bit ? 52 : 64;
	uint8_t ident[16] = { 0x7f, 'E', 'L', 'F', image->is_32bit ? 1 : 2, big ? 2 : 1, 1 };

	buffer_append(&image->file, ident, 16);
	add(&image->file, image->type ? image->type : ET_CORE, 2, big);
	add(&image->file, image->machine ? image->machine : EM_X86_64, 2, big);
	add(&image->file, 1, 4, big);
	add(&image->file, 0, word, big);
	add(&image->file, size, word, big);
	add(&image->file, shoff, word, big);
	add(&image->file, 0, 4, big);
	add(&image->file, size, 2, big);
	add(&image->file, image->is_32bit ? 32 : 56, 2, big);
	add(&image->file, image->extended_count ? PN_XNUM : image->nr_segments + 1, 2, big);
	add(&image->file, shoff ? (image->is_32bit ? 40 : 64) : 0, 2, big);
	add(&image->file, shoff ? 1 : 0, 2, big);
	add(&image->file, 0, 2, big);
}

/* Byte i of the memory at physical address a is that of page_contents' pattern, by address. */
static uint8_t memory_byte(uint64_t address)
{
	return address * 7 + (address >> 8) * 13 + (address >> 16);
}

static void build_elf(struct elf_image *image)
{
	size_t phdrs = (image->nr_segments + 1) * (image->is_32bit ? 32 : 56);
	size_t header = image->is_32bit ? 52 : 64, section = image->extended_count ? 64 : 0;
	size_t notes = header + phdrs + section, at;
	struct segment note = { .file_size = image->notes.size };

	buffer_clear(&image->file);
	image->data = notes + image->notes.size;
	add_ehdr(image, section ? header + phdrs : 0);
	add_phdr(image, PT_NOTE, notes, &note);
	at = image->data;
	for (size_t i = 0; i < image->nr_segments; i++) {
		const struct segment *segment = &image->segments[i];

		add_phdr(image, PT_LOAD, segment->offset < 0 ? at : (uint64_t)segment->offset, segment);
		if (segment->offset < 0)
			at += segment->file_size;
	}
	if (section) {
		/* sh_info is at 44 in a 64-bit section header, at 28 in a 32-bit one. */
		size_t shdr = image->file.size;

		buffer_zeros(&image->file, section);
		put((uint8_t *)image->file.data + shdr + (image->is_32bit ? 28 : 44), image->nr_segments + 1, 4,
		    image->big_endian);
	}
	buffer_append(&image->file, image->notes.data, image->notes.size);
	for (size_t i = 0; i < image->nr_segments; i++)
		for (uint64_t j = 0; image->segments[i].offset < 0 && j < image->segments[i].file_size; j++)
			buffer_char(&image->file, memory_byte(image->segments[i].address + j));
	assert_false(image->file.failed);
}

static char *write_elf(struct elf_image *image)
{
	build_elf(image);
	return write_image(image->file.data, image->file.size);
}

static void free_elf(struct elf_image *image, char *path)
{
	remove_image(path);
	buffer_free(&image->file);
	buffer_free(&image->notes);
}

static void memory_is(struct dump *dump, uint64_t address, size_t size)
{
	uint8_t *got = malloc(size);
	struct error error = { 0 };

	if (!dump_read_phys(dump, address, got, size, &error))
		fail_msg("0x%llx: %s", (unsigned long long)address, error.text);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(got[i], memory_byte(address + i));
	free(got);
}

static const char vmcoreinfo[] = "OSRELEASE=6.1.0\nPAGESIZE=4096\nSYMBOL(init_uts_ns)=ffffffff82000000\n";

static const struct segment plain[] = {
	{ 0x100000, 0x80100000, 0x3000, 0x3000, -1 }, { 0x1000, 0x80001000, 0x2000, 0x2000, -1 },
};

static void test_classes_and_byte_orders(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 8; kind++) {
		struct elf_image image = { .is_32bit = kind & 1, .big_endian = kind & 2, .extended_count = kind & 4,
					   .segments = plain, .nr_segments = 2, .machine = EM_ARM };
		struct dump *dump;
		char *path;

		add_note(&image, "CORE", NT_PRSTATUS, "abcdefg", 7);
		add_note(&image, "VMCOREINFO", 0, vmcoreinfo, sizeof(vmcoreinfo) - 1);
		add_note(&image, "CORE", NT_PRSTATUS, "second", 6);
		path = write_elf(&image);
		assert_true(dump_probe(path));
		dump = open_one(path);
		assert_int_equal(dump->is_64bit, !(kind & 1));
		assert_int_equal(dump->big_endian, !!(kind & 2));
		assert_int_equal(dump->machine, EM_ARM);
		assert_int_equal(dump->flags, 0);
		assert_int_equal(dump->max_pfn, 0x103);
		assert_int_equal(dump->nr_ranges, 2);
		assert_int_equal(dump->ranges[0].start, 0x1000);
		assert_int_equal(dump->ranges[1].virtual_start, 0x80100000);
		assert_int_equal(dump->nr_notes, 3);
		assert_string_equal(dump->notes[0].name, "CORE");
		assert_int_equal(dump->notes[0].size, 7);
		assert_memory_equal(dump->notes[2].data, "second", 6);
		assert_string_equal(dump->vmcoreinfo, vmcoreinfo);
		memory_is(dump, 0x1000, 0x2000);
		memory_is(dump, 0x100ffe, 0x1004);
		read_fails(dump, 0x2fff, 2, ERROR_NOT_MAPPED);
		read_fails(dump, 0, 8, ERROR_NOT_MAPPED);
		read_fails(dump, UINT64_MAX & ~0xfffull, 0x1000, ERROR_NOT_MAPPED);
		check_and_close(dump);
		free_elf(&image, path);
	}
}

static void test_many_segments(void **state)
{
	size_t nr = 66000;
	struct segment *segments = calloc(nr, sizeof(*segments));
	struct elf_image image = { .extended_count = true, .segments = segments, .nr_segments = nr };
	struct dump *dump;
	char *path;

	(void)state;
	for (size_t i = 0; i < nr; i++)
		segments[i] = (struct segment){ i * 0x2000, 0, 16, 0x1000, -1 };
	add_note(&image, "VMCOREINFO", 0, vmcoreinfo, sizeof(vmcoreinfo) - 1);
	path = write_elf(&image);
	dump = open_one(path);
	assert_int_equal(dump->nr_ranges, nr);
	memory_is(dump, 65999 * 0x2000, 16);
	memory_is(dump, 40000 * 0x2000, 16);
	read_fails(dump, 65999 * 0x2000 + 0x1000, 1, ERROR_NOT_MAPPED);
	check_and_close(dump);
	free_elf(&image, path);
	free(segments);
}

/* What p_filesz leaves out was excluded by makedumpfile -E; it is never zeros. */
static void test_excluded_and_partial_pages(void **state)
{
	static const struct segment segments[] = {
		{ 0x10000, 0, 0x1800, 0x4000, -1 },	/* excluded from the middle of a page */
		{ 0x20000, 0, 0, 0x2000, -1 },		/* all excluded */
		{ 0x30800, 0, 0x900, 0x900, -1 },	/* starts and ends inside pages */
		{ 0x31100, 0, 0x100, 0x100, -1 },	/* and the next one goes on there */
	};
	struct elf_image image = { .segments = segments, .nr_segments = 4 };
	struct dump *dump;
	uint8_t zeros[64];
	char *path;

	(void)state;
	add_note(&image, "VMCOREINFO", 0, vmcoreinfo, sizeof(vmcoreinfo) - 1);
	path = write_elf(&image);
	dump = open_one(path);
	memory_is(dump, 0x10000, 0x1800);
	read_fails(dump, 0x117ff, 2, ERROR_EXCLUDED);
	read_fails(dump, 0x13fff, 1, ERROR_EXCLUDED);
	read_fails(dump, 0x14000, 1, ERROR_NOT_MAPPED);
	read_fails(dump, 0x20000, 8, ERROR_EXCLUDED);
	memory_is(dump, 0x30800, 0xa00);
	memory_is(dump, 0x310f8, 16);
	read_fails(dump, 0x307ff, 2, ERROR_NOT_MAPPED);
	read_fails(dump, 0x311ff, 2, ERROR_NOT_MAPPED);
	dump->zero_excluded = true;
	assert_true(dump_read_phys(dump, 0x20010, zeros, 64, NULL));
	for (unsigned i = 0; i < 64; i++)
		assert_int_equal(zeros[i], 0);
	check_and_close(dump);
	free_elf(&image, path);
}

/* Old kernels give the kernel text a segment of its own over the same memory; any copy that is there will do. */
static void test_overlapping_segments(void **state)
{
	static const struct segment segments[] = {
		{ 0x1000, 0, 0x8000, 0x8000, -1 },
		{ 0x2000, 0, 0, 0x1000, -1 },		/* claims memory but has none */
		{ 0x3000, 0, 0x1000, 0x1000, -1 },
		{ 0x8000, 0, 0x2000, 0x4000, -1 },
	};
	struct elf_image image = { .segments = segments, .nr_segments = 4 };
	struct dump *dump;
	char *path;

	(void)state;
	add_note(&image, "VMCOREINFO", 0, vmcoreinfo, sizeof(vmcoreinfo) - 1);
	path = write_elf(&image);
	dump = open_one(path);
	memory_is(dump, 0x1000, 0x9000);
	read_fails(dump, 0xa000, 8, ERROR_EXCLUDED);
	assert_int_equal(dump->max_pfn, 0xc);
	check_and_close(dump);
	free_elf(&image, path);
}

static void test_truncated_at_every_byte(void **state)
{
	struct elf_image image = { .segments = plain, .nr_segments = 2 };
	const char *paths[1];
	char *path;

	(void)state;
	add_note(&image, "CORE", NT_PRSTATUS, "abcdefg", 7);
	add_note(&image, "VMCOREINFO", 0, vmcoreinfo, sizeof(vmcoreinfo) - 1);
	paths[0] = path = write_elf(&image);
	for (size_t size = image.file.size; size-- > 0; ) {
		struct dump *dump;
		struct error error = { 0 };

		if (size > image.data + 64 && size % 23)
			continue;
		assert_int_equal(truncate(path, size), 0);
		if (!dump_open(paths, 1, &dump, &error)) {
			assert_true(size < 64 + 2 * 56 + 100);
			assert_true(error.kind == ERROR_TRUNCATED || error.kind == ERROR_FORMAT);
			continue;
		}
		assert_true(dump->flags & DUMP_TRUNCATED);
		for (uint64_t i = 0; i < 0x3000; i += 0x3ff) {
			bool there = size > image.data + i;
			uint8_t byte;

			assert_int_equal(dump_read_phys(dump, 0x100000 + i, &byte, 1, &error), there);
			if (there)
				assert_int_equal(byte, memory_byte(0x100000 + i));
			else
				assert_int_equal(error.kind, ERROR_TRUNCATED);
		}
		check_and_close(dump);
	}
	free_elf(&image, path);
}

static void test_hostile_headers(void **state)
{
	static const struct segment segments[] = {
		{ UINT64_MAX - 0xfff, 0, 0x1000, 0x2000, 0 },		/* wraps around */
		{ 0x1000, 0, UINT64_MAX, 0x1000, 64 },			/* longer than everything */
		{ 0x4000, 0, 0x1000, 0x1000, INT64_MAX },		/* not in the file */
		{ 0x8000, 0, 0x1000, 0x1000, -1 },
	};
	struct elf_image image = { .segments = segments, .nr_segments = 4 };
	uint64_t seed = 1234567;
	const char *paths[1];
	struct dump *dump;
	char *path;

	(void)state;
	add_note(&image, "VMCOREINFO", 0, vmcoreinfo, sizeof(vmcoreinfo) - 1);
	paths[0] = path = write_elf(&image);
	dump = open_one(path);
	assert_true(dump->flags & DUMP_TRUNCATED);
	read_fails(dump, 0x4000, 8, ERROR_TRUNCATED);
	read_fails(dump, UINT64_MAX - 7, 8, ERROR_NOT_MAPPED);
	memory_is(dump, 0x8000, 0x1000);
	check_and_close(dump);
	for (unsigned i = 0; i < 3000; i++) {
		int fd = open(path, O_WRONLY);
		uint8_t bytes[3];
		size_t at[3];

		for (unsigned j = 0; j < 3; j++) {
			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			bytes[j] = seed >> 56;
			at[j] = 4 + (seed >> 20) % (image.data - 4);
			assert_int_equal(pwrite(fd, &bytes[j], 1, at[j]), 1);
		}
		if (dump_open(paths, 1, &dump, NULL)) {
			uint8_t page[4096];

			for (uint64_t address = 0; address < 0xa000; address += 0x800)
				dump_read_phys(dump, address, page, 4096, NULL);
			check_and_close(dump);
		}
		for (unsigned j = 0; j < 3; j++)
			assert_int_equal(pwrite(fd, image.file.data + at[j], 1, at[j]), 1);
		close(fd);
	}
	free_elf(&image, path);
}

/* Whoever names a file gets also what is only PERHAPS a dump. */
static void probe_is(struct elf_image *image, enum dump_probe expected)
{
	char *path = write_elf(image);

	assert_int_equal(dump_probe(path), expected == DUMP_CERTAINLY);
	if (expected == DUMP_NOT)
		open_fails(path, ERROR_FORMAT);
	else
		dump_close(open_one(path));
	free_elf(image, path);
}

static void test_probe(void **state)
{
	static const struct segment user[] = { { 0, 0x555555554000, 0x1000, 0x1000, -1 },
					       { 0, 0xffffffffff600000, 0x1000, 0x1000, -1 } };
	static const struct segment kernel[] = { { 0x1000000, 0xffffffff81000000, 0x1000, 0x1000, -1 } };
	static const struct segment kcore[] = { { -1, 0xffffc90000000000, 0x2000, 0x2000, -1 },
						{ 0x1000000, 0xffffffff81000000, 0x2000, 0x2000, -1 } };
	static const struct segment unpaged[] = { { 0, 0, 0x1000, 0x1000, -1 } };
	struct elf_image image = { .segments = user, .nr_segments = 2 };

	(void)state;
	add_note(&image, "CORE", NT_PRSTATUS, "x", 1);
	add_note(&image, "CORE", NT_PRPSINFO, "x", 1);
	add_note(&image, "CORE", NT_AUXV, "x", 1);
	probe_is(&image, DUMP_NOT);
	image = (struct elf_image){ .segments = kernel, .nr_segments = 1 };
	add_note(&image, "CORE", NT_PRSTATUS, "x", 1);
	probe_is(&image, DUMP_CERTAINLY);
	image = (struct elf_image){ .segments = unpaged, .nr_segments = 1 };
	add_note(&image, "QEMU", 0, "x", 1);
	probe_is(&image, DUMP_CERTAINLY);
	image = (struct elf_image){ .segments = unpaged, .nr_segments = 1 };
	add_note(&image, "CORE", NT_PRSTATUS, "x", 1);
	probe_is(&image, DUMP_PERHAPS);
	image = (struct elf_image){ .nr_segments = 0 };
	add_note(&image, "CORE", NT_PRSTATUS, "x", 1);
	probe_is(&image, DUMP_PERHAPS);
	image = (struct elf_image){ .segments = kernel, .nr_segments = 1, .type = ET_EXEC };
	add_note(&image, "VMCOREINFO", 0, "x", 1);
	probe_is(&image, DUMP_NOT);
	/* /proc/kcore: vmalloc at no physical address, and a note that user cores have, too. */
	image = (struct elf_image){ .segments = kcore, .nr_segments = 2 };
	add_note(&image, "CORE", NT_PRSTATUS, "x", 1);
	add_note(&image, "CORE", NT_PRPSINFO, "x", 1);
	probe_is(&image, DUMP_CERTAINLY);
}

static void test_page_size(void **state)
{
	static const char text[] = "OSRELEASE=6.1.0\nPAGESIZE=65536\n";
	static const struct segment segments[] = { { 0x10000, 0, 0x10000, 0x10000, -1 } };
	struct elf_image image = { .segments = segments, .nr_segments = 1, .machine = EM_AARCH64 };
	struct dump *dump;
	char *path;

	(void)state;
	add_note(&image, "VMCOREINFO", 0, text, sizeof(text) - 1);
	path = write_elf(&image);
	dump = open_one(path);
	assert_int_equal(dump->page_size, 65536);
	assert_int_equal(dump->page_shift, 16);
	assert_int_equal(dump->max_pfn, 2);
	memory_is(dump, 0x10000, 0x10000);
	check_and_close(dump);
	free_elf(&image, path);
}

/* Note areas that lie about their sizes: what is before the lie counts. */
static void test_damaged_notes(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 4; kind++) {
		struct elf_image image = { .segments = plain, .nr_segments = 2 };
		struct dump *dump;
		size_t second;
		char *path;

		add_note(&image, "CORE", NT_PRSTATUS, "abc", 3);
		buffer_zeros(&image.notes, 8);	/* padding between two CPUs */
		second = image.notes.size;
		add_note(&image, "CORE", NT_PRSTATUS, "defg", 4);
		if (kind == 1)
			put((uint8_t *)image.notes.data + second + 4, 0xffffffff, 4, false);
		if (kind == 2)
			put((uint8_t *)image.notes.data + second, 0xfffffffe, 4, false);
		if (kind == 3)
			image.notes.size = second + 11;
		path = write_elf(&image);
		dump = open_one(path);
		assert_int_equal(dump->nr_notes, kind < 2 ? 2 : 1);
		assert_memory_equal(dump->notes[0].data, "abc", 3);
		if (kind < 2) {
			assert_int_equal(dump->notes[1].truncated, kind == 1);
			assert_int_equal(dump->notes[1].size, 4);
			assert_memory_equal(dump->notes[1].data, "defg", 4);
		}
		check_and_close(dump);
		free_elf(&image, path);
	}
}

/* Four thousand segments that all say that the same 256 KiB are notes: a gigabyte, if it were believed. */
static void test_overlapping_notes(void **state)
{
	static const struct segment load = { 0x1000, 0, 4096, 4096, 0 };
	struct elf_image image = { 0 };
	uint8_t *contents = calloc(1, 256 << 10);
	uint64_t total = 0, start = 64 + 4001 * 56;
	struct segment note = { 0, 0, 0, 0, 0 };
	struct dump *dump;
	char *path;

	(void)state;
	add_note(&image, "VMCOREINFO", 0, "OSRELEASE=6.1\nPAGESIZE=4096\n", 28);
	add_note(&image, "CORE", NT_PRSTATUS, contents, 256 << 10);
	note.file_size = note.memory_size = image.notes.size;
	add_ehdr(&image, 0);
	put((uint8_t *)image.file.data + 56, 4001, 2, false);
	for (unsigned i = 0; i < 4000; i++)
		add_phdr(&image, PT_NOTE, start, &note);
	add_phdr(&image, PT_LOAD, start, &load);
	assert_int_equal(image.file.size, start);
	buffer_append(&image.file, image.notes.data, image.notes.size);
	path = write_image(image.file.data, image.file.size);
	dump = open_one(path);
	for (size_t i = 0; i < dump->nr_notes; i++)
		total += dump->notes[i].size;
	assert_true(dump->nr_notes >= 2 && total < 2 * image.file.size);
	assert_non_null(dump->vmcoreinfo);
	check_and_close(dump);
	remove_image(path);
	buffer_free(&image.notes);
	buffer_free(&image.file);
	free(contents);
}

/* One segment over 60,000 others: each of many reads must not look at all of them. */
static void test_one_segment_over_many(void **state)
{
	static const struct segment all = { 0, 0, 4096, 1ull << 40, 0 };
	struct elf_image image = { 0 };
	clock_t started = clock();
	struct dump *dump;
	uint8_t byte;
	char *path;

	(void)state;
	add_ehdr(&image, 0);
	put((uint8_t *)image.file.data + 56, 60001, 2, false);
	add_phdr(&image, PT_LOAD, 0, &all);
	for (unsigned i = 0; i < 60000; i++) {
		struct segment one = { 0x1000 + 0x1000 * i, 0, 16, 0x1000, 0 };

		add_phdr(&image, PT_LOAD, 64, &one);
	}
	path = write_image(image.file.data, image.file.size);
	dump = open_one(path);
	assert_true(dump_read_phys(dump, 0x1000 * 30000, &byte, 1, NULL));
	for (unsigned i = 0; i < 20000; i++)
		assert_false(dump_read_phys(dump, (1ull << 39) + 0x1000ull * i, &byte, 1, NULL));
	assert_true(clock() - started < 5 * CLOCKS_PER_SEC);	/* processor time: 0.1 s, or 20 s for whoever looks at all */
	check_and_close(dump);
	remove_image(path);
	buffer_free(&image.file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classes_and_byte_orders),
		cmocka_unit_test(test_many_segments),
		cmocka_unit_test(test_excluded_and_partial_pages),
		cmocka_unit_test(test_overlapping_segments),
		cmocka_unit_test(test_truncated_at_every_byte),
		cmocka_unit_test(test_hostile_headers),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_page_size),
		cmocka_unit_test(test_damaged_notes),
		cmocka_unit_test(test_overlapping_notes),
		cmocka_unit_test(test_one_segment_over_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
