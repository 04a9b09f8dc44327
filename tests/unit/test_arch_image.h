/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Hand-made dumps for the tests of arch/: pages at chosen physical addresses and notes, written as an ELF
 * file and opened like any other dump. A page that was never touched is not in the dump.
 */
#ifndef TEST_ARCH_IMAGE_H
#define TEST_ARCH_IMAGE_H

#include <elf.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "arch/arch.h"
#include "base/buffer.h"
#include "dump/dump.h"

#define IMAGE_PAGES 64

struct image {
	struct { uint64_t physical; uint8_t data[4096]; } pages[IMAGE_PAGES];
	size_t nr_pages;
	struct buffer notes;
	uint16_t machine;	/* EM_...; 0 = EM_X86_64 */
	bool big_endian;	/* set before the first page or note */
	struct dump *dump;
	struct memory *memory;
};

static inline uint8_t *image_page(struct image *image, uint64_t physical)
{
	physical &= ~4095ull;
	for (size_t i = 0; i < image->nr_pages; i++)
		if (image->pages[i].physical == physical)
			return image->pages[i].data;
	assert_true(image->nr_pages < IMAGE_PAGES);
	image->pages[image->nr_pages].physical = physical;
	return image->pages[image->nr_pages++].data;
}

static inline void image_put(struct image *image, uint64_t physical, uint64_t value)
{
	if (image->big_endian)
		value = __builtin_bswap64(value);
	memcpy(image_page(image, physical) + (physical & 4095), &value, 8);
}

static inline void image_put32(struct image *image, uint64_t physical, uint32_t value)
{
	if (image->big_endian)
		value = __builtin_bswap32(value);
	memcpy(image_page(image, physical) + (physical & 4095), &value, 4);
}

/* Turns the fields of an ELF structure round; SIZES: of each, a digit. */
static inline void image_swap(const struct image *image, void *structure, const char *sizes)
{
	uint8_t *at = structure;

	for (; image->big_endian && *sizes; sizes++) {
		size_t size = *sizes - '0';

		for (size_t i = 0; i < size / 2; i++) {
			uint8_t byte = at[i];

			at[i] = at[size - 1 - i];
			at[size - 1 - i] = byte;
		}
		at += size;
	}
}

static inline void image_note(struct image *image, const char *name, uint32_t type, const void *data,
			      size_t size)
{
	Elf64_Nhdr note = { .n_namesz = strlen(name) + 1, .n_descsz = size, .n_type = type };

	image_swap(image, &note, "444");
	buffer_append(&image->notes, &note, sizeof(note));
	buffer_append(&image->notes, name, strlen(name) + 1);
	buffer_align(&image->notes, 4);
	buffer_append(&image->notes, data, size);
	buffer_align(&image->notes, 4);
}

static inline void image_vmcoreinfo(struct image *image, const char *text)
{
	image_note(image, "VMCOREINFO", 0, text, strlen(text));
}

static inline int image_compare(const void *a, const void *b)
{
	uint64_t first, second;

	memcpy(&first, a, 8);
	memcpy(&second, b, 8);
	return first < second ? -1 : first > second;
}

/* Writes the file, opens it as a dump, and its memory if ERROR says so by not being NULL. */
static inline bool image_try(struct image *image, struct error *error)
{
	char path[] = "/tmp/test-arch-XXXXXX";
	const char *paths[] = { path };
	Elf64_Ehdr header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, image->big_endian ? ELFDATA2MSB : ELFDATA2LSB, EV_CURRENT },
			      .e_type = ET_CORE, .e_machine = image->machine ? image->machine : EM_X86_64,
			      .e_version = 1,
			      .e_phoff = sizeof(header), .e_ehsize = sizeof(header),
			      .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 1 + image->nr_pages };
	uint64_t notes = sizeof(header) + header.e_phnum * sizeof(Elf64_Phdr);
	uint64_t memory = (notes + image->notes.size + 4095) & ~4095ull;
	Elf64_Phdr program = { .p_type = PT_NOTE, .p_offset = notes, .p_filesz = image->notes.size };
	struct buffer file = { 0 };
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	qsort(image->pages, image->nr_pages, sizeof(image->pages[0]), image_compare);
	image_swap(image, (uint8_t *)&header + EI_NIDENT, "2248884222222");
	image_swap(image, &program, "44888888");
	buffer_append(&file, &header, sizeof(header));
	buffer_append(&file, &program, sizeof(program));
	for (size_t i = 0; i < image->nr_pages; i++) {
		program = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R, .p_offset = memory + i * 4096,
					.p_paddr = image->pages[i].physical, .p_filesz = 4096,
					.p_memsz = 4096 };
		image_swap(image, &program, "44888888");
		buffer_append(&file, &program, sizeof(program));
	}
	buffer_append(&file, image->notes.data, image->notes.size);
	buffer_align(&file, 4096);
	for (size_t i = 0; i < image->nr_pages; i++)
		buffer_append(&file, image->pages[i].data, 4096);
	assert_int_equal(write(fd, file.data, file.size), file.size);
	close(fd);
	buffer_free(&file);
	memset(error, 0, sizeof(*error));
	if (!dump_open(paths, 1, &image->dump, error))
		fail_msg("dump_open: %s", error->text);
	unlink(path);
	return memory_open(image->dump, &image->memory, error);
}

static inline void image_open(struct image *image)
{
	struct error error;

	if (!image_try(image, &error))
		fail_msg("memory_open: %s", error.text);
}

static inline void image_free(struct image *image)
{
	memory_close(image->memory);
	dump_close(image->dump);
	buffer_free(&image->notes);
	free(image);
}

/* Where the tables at ROOT (0 = the kernel's) have ADDRESS; fails if nowhere. */
static inline struct translation translated(struct image *image, uint64_t root, uint64_t address)
{
	struct translation translation;
	struct error error = { 0 };

	if (!memory_translate(image->memory, root, address, &translation, &error))
		fail_msg("0x%llx: %s", (unsigned long long)address, error.text);
	return translation;
}

/* They do not have it, and TEXT is in the reason. */
static inline void assert_not_mapped(struct image *image, uint64_t root, uint64_t address, const char *text)
{
	struct translation translation;
	struct error error = { 0 };

	assert_false(memory_translate(image->memory, root, address, &translation, &error));
	assert_int_equal(error.kind, ERROR_NOT_MAPPED);
	if (!strstr(error.text, text))
		fail_msg("%s", error.text);
}

/* QEMU's note as target/i386/arch_dump.c lays it out. */
struct image_qemu_segment {
	uint32_t selector, limit, flags, pad;
	uint64_t base;
};

struct image_qemu_state {
	uint32_t version, size;
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rsp, rbp;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rip, rflags;
	struct image_qemu_segment cs, ds, es, fs, gs, ss, ldt, tr, gdt, idt;
	uint64_t cr[5];
	uint64_t kernel_gs_base;
};

#define START_KERNEL 0xffffffff80000000ull
#define DIRECT_MAP 0xffff888000000000ull
#define ROOT 0x1002000ull	/* where the tests' top table is */
#define P 1ull			/* present */
#define HUGE_PAGE 0x80ull
#define NX (1ull << 63)

/*
 * Four levels, kernel image at physical 16 MiB:
 *   START_KERNEL     one 2 MiB page at 0x1000000 (global, with the PAT bit 12 set)
 *   DIRECT_MAP       one 1 GiB page at 0 (NX, PAT)
 *   ffffc90000001000 two 4 KiB pages at 0x200000 and 0x5000, then none
 *   entry 400        the table itself
 *   entry 300        a table that is not in the dump
 */
static inline struct image *image_four_levels(void)
{
	struct image *image = calloc(1, sizeof(*image));

	assert_non_null(image);
	image_put(image, ROOT + 511 * 8, 0x1003000 | P);
	image_put(image, 0x1003000 + 510 * 8, 0x1004000 | P);
	image_put(image, 0x1004000, 0x1000000 | P | HUGE_PAGE | 0x100 | 1 << 12);
	image_put(image, ROOT + 273 * 8, 0x1005000 | P);
	image_put(image, 0x1005000, P | HUGE_PAGE | NX | 1 << 12);
	image_put(image, ROOT + 402 * 8, 0x1006000 | P);
	image_put(image, 0x1006000, 0x1007000 | P);
	image_put(image, 0x1007000, 0x1008000 | P);
	image_put(image, 0x1008000 + 1 * 8, 0x200000 | P | NX);
	image_put(image, 0x1008000 + 2 * 8, 0x5000 | P);
	image_put(image, 0x1008000 + 4 * 8, 0x6000 | 0x100);	/* PROTNONE means nothing for the kernel */
	image_put(image, ROOT + 400 * 8, ROOT | P);
	image_put(image, ROOT + 300 * 8, 0x7777000 | P);
	strcpy((char *)image_page(image, 0x1001000), "in the image");
	memset(image_page(image, 0x200000), 'A', 4096);
	memset(image_page(image, 0x5000), 'B', 4096);
	return image;
}

#define VMCOREINFO_START "OSRELEASE=6.1.0-test\nPAGESIZE=4096\n"
#define FOUR_LEVELS_VMCOREINFO \
	VMCOREINFO_START "SYMBOL(swapper_pg_dir)=ffffffff80002000\nNUMBER(phys_base)=16777216\n" \
	"NUMBER(pgtable_l5_enabled)=0\nKERNELOFFSET=1e000000\n"

#endif
