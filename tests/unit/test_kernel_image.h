/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A hand-made kernel for unit tests: a few megabytes of memory at IMAGE_BASE, pages that can be taken away, a table of
 * members, symbols. Everything above dump/ works on it as on a real one.
 */
#ifndef VMCORE_TEST_KERNEL_IMAGE_H
#define VMCORE_TEST_KERNEL_IMAGE_H

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/arch.h"
#include "dump/dump.h"
#include "kernel/kernel.h"

#define IMAGE_BASE 0xffff888000000000ull
#define IMAGE_SIZE (2u << 20)
#define IMAGE_PAGE 4096u

/* One member of one type; a row with an empty path is the type's size. */
struct image_member {
	const char *type, *path;
	struct member member;
};
#define MEMBER(type_, path_, offset_, size_, ...) \
	{ type_, path_, { .offset = offset_, .size = size_, ##__VA_ARGS__ } }
#define SIZE_OF(type_, size_) { type_, "", { .size = size_ } }

/* One enumerator of one enumeration. */
struct image_enumerator {
	const char *type, *name;
	int64_t value;
};

struct image {
	struct kernel kernel;
	struct dump dump;
	struct arch arch;
	const struct image_member *members;	/* ends with type NULL */
	const struct image_enumerator *enumerators; /* the same; NULL: only module_state */
	bool missing[IMAGE_SIZE / IMAGE_PAGE];
	bool no_execute[IMAGE_SIZE / IMAGE_PAGE];	/* the page tables say so of this page */
	uint8_t memory[IMAGE_SIZE];
};

static bool image_read_page(struct dump *dump, uint64_t pfn, void *buffer, struct error *error)
{
	struct image *image = dump->private;

	if (pfn >= IMAGE_SIZE / IMAGE_PAGE)
		return error_set(error, ERROR_NOT_MAPPED, "no page %llu", (unsigned long long)pfn);
	if (image->missing[pfn])
		return error_set(error, ERROR_EXCLUDED, "page %llu was excluded", (unsigned long long)pfn);
	memcpy(buffer, image->memory + pfn * IMAGE_PAGE, IMAGE_PAGE);
	return true;
}

static const struct dump_format image_format = { .name = "image", .read_page = image_read_page };

static bool image_translate(struct memory *memory, uint64_t root, uint64_t address, struct translation *translation,
			    struct error *error)
{
	const struct image *image = memory->dump->private;

	(void)root;
	if (address < IMAGE_BASE || address - IMAGE_BASE >= IMAGE_SIZE)
		return error_set(error, ERROR_NOT_MAPPED, "0x%llx is not mapped", (unsigned long long)address);
	*translation = (struct translation){ .physical = address - IMAGE_BASE, .page_size = IMAGE_PAGE,
					     .run = IMAGE_PAGE - address % IMAGE_PAGE,
					     .no_execute = image->no_execute[(address - IMAGE_BASE) / IMAGE_PAGE] };
	return true;
}

static bool image_is_kernel_address(const struct memory *memory, uint64_t address)
{
	(void)memory;
	return address >> 63;
}

static bool image_member(void *private, const char *type, const char *path, struct member *member_ret,
			 struct error *error)
{
	const struct image *image = private;

	for (const struct image_member *row = image->members; row && row->type; row++) {
		if (strcmp(row->type, type) == 0 && strcmp(row->path, path) == 0 && *path) {
			*member_ret = row->member;
			if (!row->member.type_name)
				member_ret->type_name = "";
			if (row->member.kind == TYPE_OTHER)
				member_ret->kind = TYPE_INTEGER;
			return true;
		}
	}
	return error_set(error, ERROR_NO_MEMBER, "no %s.%s", type, path);
}

static bool image_size(void *private, const char *type, uint64_t *size_ret, struct error *error)
{
	const struct image *image = private;

	for (const struct image_member *row = image->members; row && row->type; row++) {
		if (strcmp(row->type, type) == 0 && !*row->path) {
			*size_ret = row->member.size;
			return true;
		}
	}
	return error_set(error, ERROR_NO_MEMBER, "no %s", type);
}

/* Those of the test's own table; false if the type is not among them. */
static bool image_own_enumerators(const struct image *image, const char *type,
				  bool (*callback)(void *context, const char *name, int64_t value), void *context)
{
	bool found = false;

	for (const struct image_enumerator *row = image->enumerators; row && row->type; row++) {
		if (type && strcmp(row->type, type) != 0)
			continue;
		found = true;
		if (!callback(context, row->name, row->value))
			return true;
	}
	return found;
}

/* The one enumeration that most tests need. */
static bool image_enumerators(void *private, const char *type,
			      bool (*callback)(void *context, const char *name, int64_t value), void *context,
			      struct error *error)
{
	if (image_own_enumerators(private, type, callback, context))
		return true;
	if (type && strcmp(type, "module_state") != 0)
		return error_set(error, ERROR_NO_MEMBER, "no enum %s", type);
	(void)(callback(context, "MODULE_STATE_LIVE", 0) && callback(context, "MODULE_STATE_COMING", 1) &&
	       callback(context, "MODULE_STATE_GOING", 2) && callback(context, "MODULE_STATE_UNFORMED", 3));
	return true;
}

static void image_types_close(void *private)
{
	(void)private;
}

static const struct types_source image_types = {
	.name = "image",
	.member = image_member,
	.size = image_size,
	.for_each_enumerator = image_enumerators,
	.close = image_types_close,
};

/* MEMBERS and VMCOREINFO may be NULL. Add symbols with image_symbol(), then image_ready(). */
__attribute__((unused))
static struct image *image_new(const struct image_member *members, const char *vmcoreinfo)
{
	static char text[8192];
	struct image *image = calloc(1, sizeof(*image));
	struct error error = { .text = "" };

	assert_non_null(image);
	snprintf(text, sizeof(text), "OSRELEASE=test\nSYMBOL(swapper_pg_dir)=ffffffff82000000\nNUMBER(phys_base)=0\n%s",
		 vmcoreinfo ? vmcoreinfo : "");
	image->members = members;
	image->dump = (struct dump){ .format = &image_format, .private = image, .machine = EM_X86_64, .is_64bit = true,
				     .page_size = IMAGE_PAGE, .page_shift = 12, .max_pfn = IMAGE_SIZE / IMAGE_PAGE,
				     .vmcoreinfo = text, .vmcoreinfo_size = strlen(text) };
	image->arch = arch_x86_64;
	image->arch.translate = image_translate;
	image->arch.is_kernel_address = image_is_kernel_address;
	image->kernel.dump = &image->dump;
	if (!memory_open(&image->dump, &image->kernel.memory, &error))
		fail_msg("%s", error.text);
	image->kernel.memory->arch = &image->arch;
	memory_forget_translations(image->kernel.memory);
	image->kernel.arch = &image->arch;
	assert_true(types_new(&image_types, image, "image", &image->kernel.types, &error));
	assert_true(symtab_new(&image->kernel.symbols, &error));
	return image;
}

__attribute__((unused))
static void image_symbol(struct image *image, const char *name, uint64_t offset, uint64_t size)
{
	struct symbol symbol = { .address = IMAGE_BASE + offset, .size = size, .name = name, .letter = 'D' };

	assert_true(symtab_add(image->kernel.symbols, &symbol, NULL));
}

__attribute__((unused))
static void image_ready(struct image *image)
{
	assert_true(symtab_finish(image->kernel.symbols, NULL));
}

/* The modules and tasks are the caller's to free. */
__attribute__((unused))
static void image_free(struct image *image)
{
	kernel_forget(&image->kernel);
	types_close(image->kernel.types);
	symtab_free(image->kernel.symbols);
	memory_close(image->kernel.memory);
	free(image);
}

__attribute__((unused))
static void image_put(struct image *image, uint64_t offset, const void *data, size_t size)
{
	assert_true(offset + size <= IMAGE_SIZE);
	memcpy(image->memory + offset, data, size);
}

__attribute__((unused))
static void image_put_number(struct image *image, uint64_t offset, uint64_t value, size_t size)
{
	uint64_t little = htole64(value);

	image_put(image, offset, &little, size);
}

__attribute__((unused))
static void image_put_string(struct image *image, uint64_t offset, const char *string)
{
	image_put(image, offset, string, strlen(string) + 1);
}

/* --- a lockless log ring --- */

/* As a 6.1 kernel writes it into VMCOREINFO; facility and level are not in it. */
#define RING_VMCOREINFO \
	"SIZE(printk_ringbuffer)=88\nOFFSET(printk_ringbuffer.desc_ring)=0\n" \
	"OFFSET(printk_ringbuffer.text_data_ring)=48\nSIZE(prb_desc_ring)=48\nOFFSET(prb_desc_ring.count_bits)=0\n" \
	"OFFSET(prb_desc_ring.descs)=8\nOFFSET(prb_desc_ring.infos)=16\nOFFSET(prb_desc_ring.head_id)=24\n" \
	"OFFSET(prb_desc_ring.tail_id)=32\nSIZE(prb_desc)=24\nOFFSET(prb_desc.state_var)=0\n" \
	"OFFSET(prb_desc.text_blk_lpos)=8\nSIZE(prb_data_blk_lpos)=16\nOFFSET(prb_data_blk_lpos.begin)=0\n" \
	"OFFSET(prb_data_blk_lpos.next)=8\nSIZE(printk_info)=88\nOFFSET(printk_info.seq)=0\n" \
	"OFFSET(printk_info.ts_nsec)=8\nOFFSET(printk_info.text_len)=16\nOFFSET(printk_info.caller_id)=20\n" \
	"OFFSET(printk_info.dev_info)=24\nSIZE(dev_printk_info)=64\nOFFSET(dev_printk_info.subsystem)=0\n" \
	"OFFSET(dev_printk_info.device)=16\nSIZE(prb_data_ring)=32\nOFFSET(prb_data_ring.size_bits)=0\n" \
	"OFFSET(prb_data_ring.data)=8\n"

#define RING_POINTER 0x800	/* symbol prb */
#define RING_PRB 0x1000
#define RING_DESCS 0x10000
#define RING_INFOS 0x20000
#define RING_DATA 0x40000	/* page aligned */

enum { RING_RESERVED, RING_COMMITTED, RING_FINALIZED, RING_REUSABLE };

static uint32_t ring_count;	/* of descriptors */

__attribute__((unused))
static void ring_init(struct image *image, unsigned count_bits, unsigned size_bits, uint64_t tail_id, uint64_t head_id)
{
	ring_count = 1u << (count_bits & 31);
	image_put_number(image, RING_POINTER, IMAGE_BASE + RING_PRB, 8);
	image_put_number(image, RING_PRB, count_bits, 4);
	image_put_number(image, RING_PRB + 8, IMAGE_BASE + RING_DESCS, 8);
	image_put_number(image, RING_PRB + 16, IMAGE_BASE + RING_INFOS, 8);
	image_put_number(image, RING_PRB + 24, head_id, 8);
	image_put_number(image, RING_PRB + 32, tail_id, 8);
	image_put_number(image, RING_PRB + 48, size_bits, 4);
	image_put_number(image, RING_PRB + 56, IMAGE_BASE + RING_DATA, 8);
}

/* The descriptor and the info of record ID; INDEX is where they go. */
__attribute__((unused))
static void ring_desc(struct image *image, unsigned index, uint64_t id, unsigned state, uint64_t begin, uint64_t next,
		      uint64_t nsec, size_t length, unsigned facility, unsigned level)
{
	uint64_t desc = RING_DESCS + index * 24, info = RING_INFOS + index * 88;

	image_put_number(image, desc, (uint64_t)state << 62 | id, 8);
	image_put_number(image, desc + 8, begin, 8);
	image_put_number(image, desc + 16, next, 8);
	image_put_number(image, info, (uint32_t)(id + ring_count), 8);	/* as desc_reserve() numbers them */
	image_put_number(image, info + 8, nsec, 8);
	image_put_number(image, info + 16, length, 2);
	image_put_number(image, info + 18, facility, 1);
	image_put_number(image, info + 19, level << 5 | 0x1, 1);
}

/* A block of text at OFFSET of the text ring. */
__attribute__((unused))
static void ring_block(struct image *image, uint64_t offset, uint64_t id, const char *text)
{
	image_put_number(image, RING_DATA + offset, id, 8);
	image_put(image, RING_DATA + offset + 8, text, strlen(text));
}

/* A log of the lines TEXTS (NULL-terminated), 120 bytes at most each, one second apart. */
__attribute__((unused))
static void ring_of(struct image *image, const char *const *texts)
{
	uint64_t count = 0;

	while (texts[count])
		count++;
	ring_init(image, 6, 13, 0, count - 1);
	for (uint64_t i = 0; i < count; i++) {
		size_t length = strlen(texts[i]);

		assert_true(length <= 120 && i < 64);
		ring_block(image, i * 128, i, texts[i]);
		ring_desc(image, i, i, RING_FINALIZED, i * 128, i * 128 + 8 + (length + 8) / 8 * 8, i * 1000000000ull, length, 0, 6);
	}
}

#endif
