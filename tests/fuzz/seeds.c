// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Writes the seed corpora: seeds DIRECTORY makes DIRECTORY/TARGET/NAME. Built from the formats' descriptions, as the unit tests'
 * images are. BTF seeds come from the compiler, see tests/fuzz/run.
 */
#include "../unit/test_dump_image.h"
#include "../unit/test_gdb_index_image.h"

#include <elf.h>
#include <endian.h>
#include <sys/stat.h>

#define TEXT "OSRELEASE=6.1.0-fuzz\nBUILD-ID=0123456789abcdef0123456789abcdef01234567\nPAGESIZE=4096\n" \
	"SYMBOL(swapper_pg_dir)=ffffffff82000000\nNUMBER(phys_base)=-16777216\nNUMBER(pgtable_l5_enabled)=1\n" \
	"KERNELOFFSET=1c000000\nNUMBER(sme_mask)=0\nSYMBOL(_stext)=ffffffff81000000\nNUMBER(KERNEL_IMAGE_SIZE)=1073741824\n"

static const char *top;

static void save(const char *target, const char *name, const void *data, size_t size)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", top, target);
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/%s/%s", top, target, name);
	file = fopen(path, "w");
	if (!file || fwrite(data, 1, size, file) != size || fclose(file)) {
		perror(path);
		exit(1);
	}
}

static void add_note(struct buffer *area, const char *name, uint32_t type, const void *data, size_t size, bool big)
{
	add(area, strlen(name) + 1, 4, big);
	add(area, size, 4, big);
	add(area, type, 4, big);
	buffer_append(area, name, strlen(name) + 1);
	buffer_align(area, 4);
	buffer_append(area, data, size);
	buffer_align(area, 4);
}

static struct buffer notes(bool big)
{
	struct buffer area = { 0 };
	uint8_t prstatus[336] = { 0 }, qemu[440] = { 1, 0, 0, 0, 0xb8, 1 };

	for (unsigned i = 0; i < 27; i++)
		put(prstatus + 112 + 8 * i, 0xffffffff81000000 + i, 8, big);
	add_note(&area, "CORE", NT_PRSTATUS, prstatus, sizeof(prstatus), big);
	add_note(&area, "CORE", NT_PRSTATUS, prstatus, sizeof(prstatus), big);
	add_note(&area, "QEMU", 0, qemu, sizeof(qemu), big);
	add_note(&area, "VMCOREINFO", 0, TEXT, strlen(TEXT), big);
	return area;
}

/* Two PT_LOADs, one of them with less in the file than in memory, and one PT_NOTE. */
static struct buffer elf(bool is_64bit, bool big, uint16_t machine)
{
	struct buffer file = { 0 }, area = notes(big);
	unsigned word = is_64bit ? 8 : 4;
	size_t header = is_64bit ? 64 : 52, phdr = is_64bit ? 56 : 32, data = header + 3 * phdr + area.size;
	uint64_t loads[3][4] = { { header + 3 * phdr, 0, area.size, area.size },
				 { data, 0x1000, 400, 8192 }, { data + 400, 0x4f00, 500, 500 } };

	buffer_append(&file, "\177ELF", 4);
	add(&file, is_64bit ? 2 : 1, 1, big);
	add(&file, big ? 2 : 1, 1, big);
	add(&file, 1, 1, big);
	buffer_zeros(&file, 9);
	add(&file, ET_CORE, 2, big);
	add(&file, machine, 2, big);
	add(&file, 1, 4, big);
	add(&file, 0, word, big);
	add(&file, header, word, big);
	add(&file, 0, word, big);
	add(&file, 0, 4, big);
	add(&file, header, 2, big);
	add(&file, phdr, 2, big);
	add(&file, 3, 2, big);
	buffer_zeros(&file, 6);
	for (unsigned i = 0; i < 3; i++) {
		add(&file, i ? PT_LOAD : PT_NOTE, 4, big);
		if (is_64bit)
			add(&file, 7, 4, big);
		add(&file, loads[i][0], word, big);
		add(&file, i && is_64bit ? 0xffff888000000000 + loads[i][1] : 0, word, big);
		add(&file, loads[i][1], word, big);
		add(&file, loads[i][2], word, big);
		add(&file, loads[i][3], word, big);
		if (!is_64bit)
			add(&file, 7, 4, big);
		add(&file, 0, word, big);
	}
	buffer_append(&file, area.data, area.size);
	for (unsigned i = 0; i < 900 / 4; i++)
		add(&file, i, 4, big);
	buffer_free(&area);
	return file;
}

static void save_buffer(const char *target, const char *name, struct buffer *buffer)
{
	save(target, name, buffer->data, buffer->size);
	buffer_free(buffer);
}

static void seeds_elf(void)
{
	struct buffer x86 = elf(true, false, EM_X86_64), s390 = elf(true, true, EM_S390), i386 = elf(false, false, EM_386);

	save("elf", "truncated", x86.data, 300);
	save_buffer("elf", "x86_64", &x86);
	save_buffer("elf", "s390", &s390);
	save_buffer("elf", "i386", &i386);
}

/* A file as fuzz_kdump.c unpacks it: runs of zeros are only counted. */
static void save_packed(const char *name, struct buffer *file, const struct buffer *trailer)
{
	const uint8_t *data = (const uint8_t *)file->data;
	struct buffer out = { 0 };

	for (size_t at = 0; at < file->size;) {
		size_t start = at, end;

		while (at < file->size && !data[at])
			at++;
		at = start + (at - start) / 16 * 16;
		/* Up to the next 48 zeros. */
		for (end = at; end < file->size && end - at < 0xffff; end++)
			if (end + 48 <= file->size && !data[end] && !memcmp(data + end, data + end + 1, 47))
				break;
		add(&out, (at - start) / 16, 2, false);
		add(&out, end - at, 2, false);
		buffer_append(&out, data + at, end - at);
		at = end;
	}
	if (trailer)
		buffer_append(&out, trailer->data, trailer->size);
	save_buffer("kdump", name, &out);
	buffer_free(file);
}

static void seeds_kdump(void)
{
	static const uint8_t kinds[] = { PAGE_RAW, PAGE_ZLIB, PAGE_HOLE, PAGE_LZO, PAGE_SNAPPY, PAGE_EXCLUDED, PAGE_ZSTD, PAGE_ZERO,
					 PAGE_ZERO, PAGE_UNWRITTEN, PAGE_LZO, PAGE_ZLIB };
	struct buffer trailer = { 0 };
	struct buffer area = notes(false);
	struct { const char *name; struct kdump_image image; } images[] = {
		{ "x86_64", { .status = 2 } }, { "i386", { .is_32bit = true, .machine = "i686" } },
		{ "s390x", { .big_endian = true, .machine = "s390x" } }, { "v1", { .version = 1 } },
		{ "diskdump", { .diskdump = true, .version = 1 } }, { "64k", { .block_size = 65536, .machine = "ppc64le" } },
	};
	struct kdump_image parts[2] = { { .split = 1, .end_pfn = 6 }, { .split = 1, .start_pfn = 6, .end_pfn = sizeof(kinds) - 1 } };

	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
		struct kdump_image *image = &images[i].image;

		image->kinds = i ? kinds + 1 : kinds;	/* a raw page is the most of a file: in one only */
		image->nr_pages = i == 5 ? 3 : sizeof(kinds) - (i > 0);
		image->vmcoreinfo = TEXT;
		image->notes = area.data;
		image->notes_size = i ? 0 : area.size;
		build_kdump(image);
		save_packed(images[i].name, &image->file, NULL);
	}
	for (unsigned i = 0; i < 2; i++) {
		parts[i].kinds = kinds + 1;
		parts[i].nr_pages = sizeof(kinds) - 1;
		build_kdump(&parts[i]);
	}
	add(&trailer, parts[0].file.size, 4, false);
	buffer_append(&trailer, "PART", 4);
	buffer_append(&parts[0].file, parts[1].file.data, parts[1].file.size);
	save_packed("split", &parts[0].file, &trailer);
	buffer_free(&trailer);
	buffer_free(&area);
	buffer_free(&parts[1].file);
}

static void add_record(struct buffer *file, uint64_t offset, const void *data, size_t size)
{
	add(file, offset, 8, true);
	add(file, size, 8, true);
	buffer_append(file, data, size);
}

static void seeds_flattened(void)
{
	struct buffer file = { 0 }, dump = elf(true, false, EM_X86_64);

	add_record(&file, 0, "Kdump head", 10);
	add_record(&file, 40, "after a hole", 12);
	add_record(&file, 4, "OVER", 4);
	add_record(&file, 2, "a longer one, over two", 22);
	save("flattened", "truncated", file.data, file.size);
	add(&file, UINT64_MAX, 8, true);
	add(&file, UINT64_MAX, 8, true);
	save_buffer("flattened", "overlapping", &file);
	for (size_t at = 0; at < dump.size; at += 512)
		add_record(&file, at, dump.data + at, dump.size - at < 512 ? dump.size - at : 512);
	add_record(&file, 0, dump.data, 64);
	add(&file, UINT64_MAX, 8, true);
	add(&file, UINT64_MAX, 8, true);
	save_buffer("flattened", "elf", &file);
	buffer_free(&dump);
}

static void seeds_small(void)
{
	static const char packets[] = "+$qSupported:multiprocess+;error-message+#00$?#3f$Hg1#e0$g#67$m10000,40#00$vMustReplyEmpty#3a\003";
	static const char lines[] = "\200qSupported:xmlRegisters=i386;error-message+;vContSupported+\nQStartNoAckMode\n?\nHgp1.1\nHg3\ng\np0\np3\n"
		"m10000,100\nx100f0,40\nxffffffffffffff00,100\nqSearch:memory:10000;100;ab\nqSearch:memory:ffffffffffffff00;ffffffffffffffff;}\\\n"
		"qXfer:features:read:target.xml:0,fff\nqXfer:threads:read::5,10\nqXfer:libraries:read::0,ffff\nqfThreadInfo\nqsThreadInfo\n"
		"qThreadExtraInfo,2\nT1\nqC\nvCont?\nvCont;c\nG00\nM10000,1:00\nX10000,1:0\nZ0,1,1\nqOffsets\nqAttached\nD\nk\nc\ns\nqSymbol::\nP0=1";
	struct buffer area;

	for (unsigned big = 0; big < 2; big++) {
		struct buffer file = { 0 };

		area = notes(big);
		add(&file, 2 | big, 1, false);
		buffer_append(&file, area.data, area.size);
		save_buffer("notes", big ? "big" : "little", &file);
		buffer_free(&area);
	}
	save("vmcoreinfo", "whole", TEXT, strlen(TEXT));
	save("vmcoreinfo", "short", "OSRELEASE=x\nPAGESIZE=4096\n", 26);
	save("packets", "framed", packets, sizeof(packets) - 1);
	save("packets", "lines", lines, sizeof(lines) - 1);
}

static void seeds_orc(void)
{
	for (unsigned layout = 0; layout < 4; layout++) {
		struct buffer file = { 0 };
		char name[] = { 'l', '0' + layout, 0 };

		add(&file, layout | 3 << 8 | 20 << 16 | 4 << 24, 4, false);
		for (unsigned i = 0; i < 40; i++) {
			add(&file, 24 * i - 4 * i, 4, false);
			add(&file, 8 * i, 2, false);
			add(&file, -16, 2, false);
			add(&file, i * 0x1357, 2, false);
		}
		save_buffer("orc", name, &file);
	}
}

static void seeds_raw(void)
{
	static const char *const words[] = { "0@0,1@1000,2@100200,3@fff000", "3@40000000\n0@0x0\n2@8000", "0@ffffffffffffff00,1@0", "x@0", "0@1" };

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct buffer file = { 0 };
		char name[] = { 'r', '0' + i, 0 };

		buffer_string(&file, words[i]);
		buffer_append(&file, "\n\n", 2);
		buffer_append(&file, TEXT, strlen(TEXT));
		buffer_zeros(&file, 3 * strlen(TEXT));
		save_buffer("raw", name, &file);
	}
}

static void add_value(struct buffer *file, const char *name, int index, uint64_t value, unsigned size)
{
	add(file, strlen(name) << 8 | (index >= 0) << 6 | size, 2, false);
	buffer_append(file, name, strlen(name));
	if (index >= 0)
		add(file, index, 4, false);
	add(file, value, size, false);
}

/* A checkpoint with two groups; its memory inside (WHERE 0) or beside it. Laid out as in plugin/dump/vmware.c. */
static void seed_vmware(unsigned where)
{
	struct buffer file = { 0 }, groups[2] = { { 0 }, { 0 } };
	static const char *const names[] = { "cpu", "memory" };
	uint64_t at = 12 + 2 * 80;

	add_value(&groups[0], "cpu:numCPUs", -1, 2, 4);
	for (unsigned cpu = 0; cpu < 2; cpu++) {
		add_value(&groups[0], "rip", cpu, 0xffffffff81000000, 8);
		add_value(&groups[0], "rsp", cpu, 0xffffc90000003f00, 8);
		add_value(&groups[0], "CR64", cpu, 0x1000, 8);
	}
	add_value(&groups[1], "align_mask", -1, 0xffff, 4);
	add_value(&groups[1], "regionsCount", -1, 1, 4);
	add_value(&groups[1], "regionPPN", 0, 1, 4);
	add_value(&groups[1], "regionPageNum", 0, 0, 4);
	add_value(&groups[1], "regionSize", 0, 3, 4);
	if (!where) {	/* a block: its tag, name, index, sizes, no padding */
		add(&groups[1], 6 << 8 | 2 << 6 | 0x3f, 2, false);
		buffer_append(&groups[1], "Memory", 6);
		add(&groups[1], 0, 8, false);
		add(&groups[1], 400, 8, false);
		add(&groups[1], 400, 8, false);
		add(&groups[1], 0, 2, false);
		buffer_zeros(&groups[1], 400);
	}
	add(&file, 0xbed2bed2, 4, false);
	add(&file, 0, 4, false);
	add(&file, 2, 4, false);
	for (unsigned i = 0; i < 2; i++) {
		add(&groups[i], 0, 2, false);
		buffer_append(&file, names[i], strlen(names[i]));
		buffer_zeros(&file, 64 - strlen(names[i]));
		add(&file, at, 8, false);
		add(&file, groups[i].size, 8, false);
		at += groups[i].size;
	}
	for (unsigned i = 0; i < 2; i++) {
		buffer_append(&file, groups[i].data, groups[i].size);
		buffer_free(&groups[i]);
	}
	add(&file, where, 1, false);
	save_buffer("vmware", where ? "beside" : "inside", &file);
}

/* See fuzz_kallsyms.c. */
static void seeds_kallsyms(void)
{
	for (unsigned options = 0; options < 6; options++) {
		struct buffer file = { 0 };
		char name[] = { 'k', '0' + options, 0 };

		add(&file, options, 1, false);
		add(&file, 0x7000, 2, false);	/* percpu */
		add(&file, 0x100, 2, false);
		for (unsigned i = 0; i < 3; i++)
			add(&file, i | 0x100 << 8, 3, false);
		add(&file, options & 4 ? 0x1200 - 16 - 6 * 24 : 0, 2, false);	/* symbols, their number */
		add(&file, 6, 2, false);
		add(&file, options & 4 ? 0x1200 - 16 : 6 * 24, 2, false);		/* names, letters */
		add(&file, options & 4 ? 0x1200 - 6 : 6 * 24 + 10, 2, false);
		for (unsigned i = 0; i < 6; i++) {
			add(&file, i * 2, 4, false);
			add(&file, i & 1 ? 2 : 0x11, 1, false);
			add(&file, 0, 1, false);
			add(&file, i ? i : 0, 2, false);
			add(&file, i == 4 ? 0x7010 : 0xffffffffc0000000 + 0x20 * i, 8, false);
			add(&file, options % 3 ? 8 : 't', 8, false);
		}
		buffer_append(&file, "\0a\0b\0c\0d\0e\0", 12);
		buffer_append(&file, "?tTdWr", 6);
		save_buffer("kallsyms", name, &file);
	}
}

/* See fuzz_kernel.c: one seed for each command, with a change that makes a cycle. */
static void seeds_kernel(void)
{
	static const uint32_t places[] = { 0x60000, 0x62000, 0x63090, 0x70008, 0x1018, 0x90e10, 0x780b0, 0x1000, 0x40000 };

	for (unsigned choice = 0; choice < 32; choice++) {
		struct buffer file = { 0 };
		char name[16];

		add(&file, choice < 30 ? choice : choice == 30 ? 0xff : 0xf0, 1, false);
		for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
			if ((choice + i) % 3)
				continue;
			add(&file, places[i] | 8 << 20, 3, false);
			add(&file, places[(i * 3 + choice) % 9], 3, false);
			add(&file, (places[i] + 16) | 3 << 20, 3, false);
			add(&file, 0xffff0000 + choice, 4, false);
		}
		snprintf(name, sizeof(name), "c%u", choice);
		save("modules", name, file.data, file.size);
		save_buffer("kernel", name, &file);
	}
}

static void seeds_gdb_index(void)
{
	for (unsigned i = 0; i < 8; i++) {
		struct index_image image = index_image(i & 1, i & 2, 4 + i / 4);
		struct buffer file = image_file(&image);
		char name[] = { 'd', '0' + i, 0 };

		save_buffer("gdb_index", name, &file);
		index_image_free(&image);
	}
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]), 2;
	top = argv[1];
	mkdir(top, 0777);
	seeds_elf();
	seeds_kdump();
	seeds_flattened();
	seeds_small();
	seeds_orc();
	seeds_raw();
	seed_vmware(0);
	seed_vmware(1);
	seeds_kallsyms();
	seeds_kernel();
	seeds_gdb_index();
	return 0;
}
