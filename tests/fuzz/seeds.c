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
				 { data, 0x1000, 4096, 8192 }, { data + 4096, 0x4000, 5000, 5000 } };

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
	for (unsigned i = 0; i < 9096 / 8; i++)
		add(&file, i, 8, big);
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

static void seeds_kdump(void)
{
	static const uint8_t kinds[] = { PAGE_RAW, PAGE_ZLIB, PAGE_HOLE, PAGE_LZO, PAGE_SNAPPY, PAGE_EXCLUDED, PAGE_ZSTD, PAGE_ZERO,
					 PAGE_ZERO, PAGE_UNWRITTEN, PAGE_LZO, PAGE_ZLIB };
	struct buffer area = notes(false);
	struct { const char *name; struct kdump_image image; } images[] = {
		{ "x86_64", { .status = 2 } }, { "i386", { .is_32bit = true, .machine = "i686" } },
		{ "s390x", { .big_endian = true, .machine = "s390x" } }, { "v1", { .version = 1 } },
		{ "diskdump", { .diskdump = true, .version = 1 } }, { "64k", { .block_size = 65536, .machine = "ppc64le" } },
	};
	struct kdump_image parts[2] = { { .split = 1, .end_pfn = 6 }, { .split = 1, .start_pfn = 6, .end_pfn = sizeof(kinds) } };
	uint8_t trailer[8];

	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
		struct kdump_image *image = &images[i].image;

		image->kinds = kinds;
		image->nr_pages = i == 5 ? 3 : sizeof(kinds);
		image->vmcoreinfo = TEXT;
		image->notes = area.data;
		image->notes_size = i ? 0 : area.size;
		build_kdump(image);
		save_buffer("kdump", images[i].name, &image->file);
	}
	for (unsigned i = 0; i < 2; i++) {
		parts[i].kinds = kinds;
		parts[i].nr_pages = sizeof(kinds);
		build_kdump(&parts[i]);
	}
	put(trailer, parts[0].file.size, 4, false);
	memcpy(trailer + 4, "PART", 4);
	buffer_append(&parts[0].file, parts[1].file.data, parts[1].file.size);
	buffer_append(&parts[0].file, trailer, 8);
	save_buffer("kdump", "split", &parts[0].file);
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
	for (size_t at = 0; at < dump.size; at += 4096)
		add_record(&file, at, dump.data + at, dump.size - at < 4096 ? dump.size - at : 4096);
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
		"m10000,100\nx10ff0,40\nxfffffffffffff000,1000\nqSearch:memory:10000;1000;ab\nqSearch:memory:fffffffffffff000;ffffffffffffffff;}\\\n"
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

/* See fuzz_kernel.c: one seed for each command, with a change that makes a cycle. */
static void seeds_kernel(void)
{
	static const uint32_t places[] = { 0x60000, 0x62000, 0x63090, 0x70008, 0x1018, 0x93e10, 0x780b0, 0x1000, 0x40000 };

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
	seeds_kernel();
	seeds_gdb_index();
	return 0;
}
