/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DWARF made by hand, in either byte order, for what no compiler here makes: test_gdb_index.c, and
 * the fuzzer's first inputs.
 */
#ifndef TEST_GDB_INDEX_IMAGE_H
#define TEST_GDB_INDEX_IMAGE_H

#include <dwarf.h>
#include <elf.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buffer.h"

struct index_image {
	bool big, elf64;
	struct buffer info, abbrev, str, aranges;
};

static inline void image_uint(struct buffer *buffer, uint64_t value, unsigned size, bool big)
{
	for (unsigned i = 0; i < size; i++)
		buffer_char(buffer, (char)(value >> 8 * (big ? size - 1 - i : i)));
}

static inline void image_patch_u32(struct buffer *buffer, size_t at, uint32_t value, bool big)
{
	for (unsigned i = 0; i < 4; i++)
		buffer->data[at + i] = (char)(value >> 8 * (big ? 3 - i : i));
}

/* The bytes up to END (which is none of them). */
#define IMAGE_END -1
static inline void image_bytes(struct buffer *buffer, const int *bytes)
{
	for (; *bytes != IMAGE_END; bytes++)
		buffer_char(buffer, (char)*bytes);
}

static inline void image_abbrev(struct index_image *image)
{
	static const int bytes[] = {
		1,
		DW_TAG_compile_unit,
		1,
		DW_AT_language,
		DW_FORM_data1,
		DW_AT_low_pc,
		DW_FORM_addr,
		DW_AT_high_pc,
		DW_FORM_data4,
		0,
		0,
		2,
		DW_TAG_base_type,
		0,
		DW_AT_name,
		DW_FORM_string,
		DW_AT_byte_size,
		DW_FORM_data1,
		0,
		0,
		3,
		DW_TAG_structure_type,
		1,
		DW_AT_name,
		DW_FORM_strp,
		DW_AT_sibling,
		DW_FORM_ref4,
		0,
		0,
		4,
		DW_TAG_member,
		0,
		DW_AT_name,
		DW_FORM_string,
		DW_AT_type,
		DW_FORM_ref4,
		0,
		0,
		5,
		DW_TAG_subprogram,
		0,
		DW_AT_name,
		DW_FORM_strp,
		DW_AT_external,
		DW_FORM_flag_present,
		DW_AT_low_pc,
		DW_FORM_addr,
		0,
		0,
		6,
		DW_TAG_enumeration_type,
		1,
		0,
		0,
		7,
		DW_TAG_enumerator,
		0,
		DW_AT_name,
		DW_FORM_string,
		DW_AT_const_value,
		DW_FORM_udata,
		0,
		0,
		8,
		DW_TAG_variable,
		0,
		DW_AT_name,
		DW_FORM_string,
		DW_AT_location,
		DW_FORM_exprloc,
		0,
		0,
		9,
		DW_TAG_subprogram,
		0,
		DW_AT_abstract_origin,
		DW_FORM_ref4,
		0,
		0,
		0,
		IMAGE_END,
	};

	image_bytes(&image->abbrev, bytes);
}

static inline void image_string(struct buffer *buffer, const char *string)
{
	buffer_append(buffer, string, strlen(string) + 1);
}

/* One unit: int, struct task, start_kernel() at 0x1000, an enum with A, a variable at 0x2000. */
static inline void image_unit(struct index_image *image, unsigned version)
{
	unsigned address = image->elf64 ? 8 : 4;
	struct buffer *info = &image->info;
	size_t start = info->size, sibling, function;
	bool big = image->big;

	image_uint(info, 0, 4, big);
	image_uint(info, version, 2, big);
	if (version == 5) {
		image_uint(info, DW_UT_compile, 1, big);
		image_uint(info, address, 1, big);
	}
	image_uint(info, 0, 4, big);
	if (version < 5)
		image_uint(info, address, 1, big);
	image_bytes(info, (int[]){ 1, DW_LANG_C11, IMAGE_END });
	image_uint(info, 0x1000, address, big);
	image_uint(info, 0x500, 4, big);
	image_bytes(info, (int[]){ 2, 'i', 'n', 't', 0, 4, 3, IMAGE_END });
	image_uint(info, 1, 4, big);
	sibling = info->size;
	image_uint(info, 0, 4, big);
	image_bytes(info, (int[]){ 4, 'm', 0, 0, 0, 0, 0, 0, IMAGE_END });
	image_patch_u32(info, sibling, info->size - start, big);
	function = info->size - start;
	image_bytes(info, (int[]){ 5, IMAGE_END });
	image_uint(info, 6, 4, big);
	image_uint(info, 0x1000, address, big);
	image_bytes(info,
		    (int[]){ 6, 7, 'A', 0, 5, 0, 8, 'v', 0, 1 + address, DW_OP_addr, IMAGE_END });
	image_uint(info, 0x2000, address, big);
	image_bytes(info, (int[]){ 9, IMAGE_END });
	image_uint(info, function, 4, big);
	image_uint(info, 0, 1, big);
	image_patch_u32(info, start, info->size - start - 4, big);
}

static inline struct index_image index_image(bool big, bool elf64, unsigned version)
{
	struct index_image image = { .big = big, .elf64 = elf64 };

	image_abbrev(&image);
	buffer_append(&image.str, "\0task\0start_kernel", 19);
	image_unit(&image, version);
	image_unit(&image, version);
	return image;
}

static inline void image_section(struct buffer *file, const struct index_image *image,
				 uint64_t name, uint64_t type, uint64_t at, uint64_t size)
{
	unsigned word = image->elf64 ? 8 : 4;

	image_uint(file, name, 4, image->big);
	image_uint(file, type, 4, image->big);
	image_uint(file, 0, word, image->big);
	image_uint(file, 0, word, image->big);
	image_uint(file, at, word, image->big);
	image_uint(file, size, word, image->big);
	image_uint(file, 0, 4, image->big);
	image_uint(file, 0, 4, image->big);
	image_uint(file, 1, word, image->big);
	image_uint(file, 0, word, image->big);
}

/* The file; section headers are behind the sections. */
static inline struct buffer image_file(const struct index_image *image)
{
	static const char names[] =
		"\0.debug_info\0.debug_abbrev\0.debug_str\0.debug_aranges\0.names";
	const struct buffer *const sections[] = { &image->info, &image->abbrev, &image->str,
						  &image->aranges };
	static const unsigned name_at[] = { 1, 13, 27, 38 };
	unsigned word = image->elf64 ? 8 : 4, header = image->elf64 ? 64 : 52;
	size_t at = header, total = header + sizeof(names);
	struct buffer file = { 0 };
	bool big = image->big;

	for (unsigned i = 0; i < 4; i++)
		total += sections[i]->size;
	total = (total + 7) & ~(size_t)7;
	buffer_append(&file, ELFMAG, 4);
	image_bytes(&file, (int[]){ image->elf64 ? 2 : 1, big ? 2 : 1, 1, IMAGE_END });
	buffer_zeros(&file, 9);
	image_uint(&file, ET_EXEC, 2, big);
	image_uint(&file, big ? EM_S390 : EM_X86_64, 2, big);
	image_uint(&file, 1, 4, big);
	image_uint(&file, 0, word, big);
	image_uint(&file, 0, word, big);
	image_uint(&file, total, word, big);
	image_uint(&file, 0, 4, big);
	image_uint(&file, header, 2, big);
	image_uint(&file, 0, 4, big);
	image_uint(&file, image->elf64 ? 64 : 40, 2, big);
	image_uint(&file, 6, 2, big);
	image_uint(&file, 5, 2, big);
	for (unsigned i = 0; i < 4; i++)
		buffer_append(&file, sections[i]->data, sections[i]->size);
	buffer_append(&file, names, sizeof(names));
	buffer_align(&file, 8);
	image_section(&file, image, 0, SHT_NULL, 0, 0);
	for (unsigned i = 0; i < 4; at += sections[i++]->size)
		image_section(&file, image, name_at[i], SHT_PROGBITS, at, sections[i]->size);
	image_section(&file, image, 53, SHT_STRTAB, at, sizeof(names));
	return file;
}

static inline void index_image_free(struct index_image *image)
{
	buffer_free(&image->info);
	buffer_free(&image->abbrev);
	buffer_free(&image->str);
	buffer_free(&image->aranges);
}

#endif
