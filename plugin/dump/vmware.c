// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * VMware's suspended and snapshotted machines: a checkpoint (.vmss or .vmsn) with the state of the
 * CPUs, and the memory, either inside of it or in a .vmem file of the same name beside it.
 *
 * A checkpoint is a header, a table of groups, and in each group a list of tagged values:
 *
 *	u16 tag: bits 0-5 size of the value, 6-7 how many indices, 8-15 length of the name
 *	name, indices (u32 each), value
 *
 * ending with a tag of 0. Size 0x3f means a block: u64 bytes in the file, u64 bytes in memory, u16
 * padding, the padding, the bytes; 0x3e a compressed one. All is little-endian.
 *
 * What the CPUs had in their registers becomes notes of QEMU's kind, so that everything above knows
 * one state of a virtual CPU only.
 */
#include <elf.h>
#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dump/dump.h"
#include "dump/file.h"
#include "dump/notes.h"
#include "dump/raw.h"

#define HEADER_SIZE	 12
#define GROUP_SIZE	 80 /* char name[64], u64 position, u64 size */
#define MAX_GROUPS	 4096
#define MAX_TAGS	 1000000 /* in a group */
#define MAX_REGIONS	 1024
#define MAX_CPUS	 1024
#define TABLE_CACHE	 (1u << 20)
#define PAGE_SHIFT	 12
#define CR3_ADDRESS	 0x000ffffffffff000ull
#define MAX_MEMORY	 (64ull << 40) /* of a machine of VMware's, and far more */

#define BLOCK		 0x3f
#define COMPRESSED_BLOCK 0x3e

/* QEMUCPUState of QEMU's target/i386/arch_dump.c, version 1; arch/x86_64_registers.c reads it. */
enum {
	QEMU_SIZE = 4,
	QEMU_REGISTERS = 8,
	QEMU_FLAGS = QEMU_REGISTERS + 17 * 8,
	QEMU_CR = QEMU_REGISTERS + 18 * 8 + 10 * 24,
	QEMU_END = QEMU_CR + 5 * 8
};

/* The registers as VMware calls them, in QEMU's order. */
static const char *const register_names[] = { "rax", "rbx", "rcx", "rdx", "rsi", "rdi",
					      "rsp", "rbp", "r8",  "r9",  "r10", "r11",
					      "r12", "r13", "r14", "r15", "rip" };
#define NR_REGISTERS (sizeof(register_names) / sizeof(register_names[0]))
/* The block "gpregs", which newer versions write in place of these but rip: their places above. */
static const uint8_t block_order[] = { 0, 2, 3, 1, 7, 6, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15 };

struct region {
	uint64_t pfn, file_page, pages;
};

struct vmware {
	const struct dump_file *state;
	struct dump_file *memory_file; /* a .vmem; not in dump->files while it is only ours */
	uint64_t nr_regions;
	bool has_regions; /* in the file */
	struct region regions[MAX_REGIONS];
	uint64_t memory_offset, memory_size; /* of the block "Memory"; 0 = elsewhere */
	bool compressed;
	struct error why;	   /* why the checkpoint could not be read to its end */
	uint8_t (*cpus)[QEMU_END]; /* [MAX_CPUS] */
	unsigned nr_cpus;	   /* those of which something was seen */
};

struct tag {
	char name[256];
	uint32_t index[3];
	unsigned nr_indices;
	bool is_block, is_compressed;
	uint64_t offset, size; /* of the value, in the file */
	uint64_t memory_size;  /* of a block */
};

static bool is_checkpoint(const struct dump_file *file)
{
	static const uint32_t magics[] = {
		0xbed2bed2, /* a checkpoint */
		0xbed3bed3, /* an unfinished one */
		0xbad1bad1, /* one from which the machine went on */
		0xbad2bad2, /* one from which it may not */
	};
	uint8_t header[HEADER_SIZE];
	uint32_t groups;

	if (dump_file_read_some(file, 0, header, sizeof(header)) < sizeof(header))
		return false;
	groups = bytes_u32(header + 8, false);
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if (bytes_u32(header, false) == magics[i])
			return groups && groups <= MAX_GROUPS;
	return false;
}

static bool has_ending(const char *path, const char *ending)
{
	size_t length = strlen(path);

	return length >= 5 && path[length - 5] == '.' && !strcmp(path + length - 4, ending);
}

/* PATH with another ending, malloc'ed; NULL where it has none to be changed. */
static char *sibling_name(const char *path, const char *ending)
{
	size_t length = strlen(path);
	char *name = length < 5 || path[length - 5] != '.' ? NULL : strdup(path);

	if (name)
		memcpy(name + length - 4, ending, 4);
	return name;
}

/* The file of the same name with another ending, if there is one. */
static struct dump_file *open_sibling(const char *path, const char *ending)
{
	char *name = sibling_name(path, ending);
	struct dump_file *file = NULL;

	if (name && !dump_file_open(name, &file, NULL))
		file = NULL;
	free(name);
	return file;
}

/* The checkpoint that belongs to a .vmem; the caller closes it. */
static struct dump_file *open_checkpoint(const char *path)
{
	static const char *const endings[] = { "vmss", "vmsn" };

	if (!has_ending(path, "vmem"))
		return NULL;
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		struct dump_file *file = open_sibling(path, endings[i]);

		if (file && is_checkpoint(file))
			return file;
		if (file)
			dump_file_close(file);
	}
	return NULL;
}

static enum dump_probe vmware_probe(const struct dump_file *file, const uint8_t *header,
				    size_t size)
{
	struct dump_file *checkpoint;

	(void)header, (void)size;
	if (is_checkpoint(file))
		return DUMP_CERTAINLY;
	checkpoint = open_checkpoint(file->path);
	/* Alone it is memory that nothing describes: opening it says what is missing. */
	if (!checkpoint)
		return has_ending(file->path, "vmem") ? DUMP_PERHAPS : DUMP_NOT;
	dump_file_close(checkpoint);
	return DUMP_CERTAINLY;
}

/* --- tags --- */

static bool read_at(const struct vmware *vmware, uint64_t *at, void *buffer, size_t size,
		    struct error *error)
{
	if (!dump_file_read_cached(vmware->state, *at, buffer, size, error))
		return false;
	*at += size;
	return true;
}

/* The tag at *AT, which moves on to the next one; *end_ret: there was none. */
static bool read_tag(const struct vmware *vmware, uint64_t *at, struct tag *tag, bool *end_ret,
		     struct error *error)
{
	uint8_t bytes[18];
	unsigned word;

	if (!read_at(vmware, at, bytes, 2, error))
		return false;
	word = bytes[0] | bytes[1] << 8;
	*end_ret = !word;
	if (!word)
		return true;
	memset(tag, 0, sizeof(*tag));
	tag->nr_indices = word >> 6 & 3;
	if (!read_at(vmware, at, tag->name, word >> 8, error))
		return false;
	for (unsigned i = 0; i < tag->nr_indices; i++) {
		if (!read_at(vmware, at, bytes, 4, error))
			return false;
		tag->index[i] = bytes_u32(bytes, false);
	}
	tag->size = word & 0x3f;
	tag->is_compressed = tag->size == COMPRESSED_BLOCK;
	tag->is_block = tag->size == BLOCK || tag->is_compressed;
	if (tag->is_block) {
		if (!read_at(vmware, at, bytes, sizeof(bytes), error))
			return false;
		tag->size = bytes_u64(bytes, false);
		tag->memory_size = bytes_u64(bytes + 8, false);
		*at += bytes[16] | bytes[17] << 8;
	}
	tag->offset = *at;
	if (tag->size > UINT64_MAX / 2 - *at)
		return error_set(error, ERROR_FORMAT,
				 "%s: the block \"%.40s\" at 0x%" PRIx64 " has 0x%" PRIx64 " bytes",
				 vmware->state->path, tag->name, *at, tag->size);
	*at += tag->size;
	return true;
}

/* A value of up to 8 bytes; 0 where there is none. */
static uint64_t tag_value(const struct vmware *vmware, const struct tag *tag)
{
	uint8_t bytes[8];

	if (tag->is_block || !tag->size || tag->size > 8 ||
	    !dump_file_read_cached(vmware->state, tag->offset, bytes, tag->size, NULL))
		return 0;
	return bytes_number(bytes, tag->size, false);
}

static void memory_tag(struct vmware *vmware, const struct tag *tag)
{
	struct region *region = tag->nr_indices && tag->index[0] < MAX_REGIONS
					? &vmware->regions[tag->index[0]]
					: NULL;

	if (tag->is_block && !strcmp(tag->name, "Memory")) {
		vmware->memory_offset = tag->offset;
		vmware->memory_size = tag->is_compressed ? tag->memory_size : tag->size;
		vmware->compressed = tag->is_compressed;
	} else if (!strcmp(tag->name, "regionsCount")) {
		vmware->nr_regions = tag_value(vmware, tag);
	} else if (region && !strcmp(tag->name, "regionPPN")) {
		region->pfn = tag_value(vmware, tag);
	} else if (region && !strcmp(tag->name, "regionPageNum")) {
		region->file_page = tag_value(vmware, tag);
	} else if (region && !strcmp(tag->name, "regionSize")) {
		region->pages = tag_value(vmware, tag);
	}
}

static void put_word(uint8_t *at, uint64_t value)
{
	value = htole64(value);
	memcpy(at, &value, sizeof(value));
}

/* A block of registers: 8 bytes each. */
static void cpu_block(const struct vmware *vmware, const struct tag *tag, uint8_t *cpu)
{
	uint8_t bytes[sizeof(block_order) * 8];
	size_t size = tag->size < sizeof(bytes) ? tag->size : sizeof(bytes);

	if (tag->is_compressed ||
	    !dump_file_read_cached(vmware->state, tag->offset, bytes, size, NULL))
		return;
	if (!strcmp(tag->name, "gpregs") && size == sizeof(bytes)) {
		for (size_t i = 0; i < sizeof(block_order); i++)
			memcpy(cpu + QEMU_REGISTERS + block_order[i] * 8, bytes + i * 8, 8);
	} else if (!strcmp(tag->name, "CR64") && size >= 5 * 8) {
		memcpy(cpu + QEMU_CR, bytes, 5 * 8);
	}
}

static void cpu_tag(struct vmware *vmware, const struct tag *tag)
{
	uint8_t *cpu;

	if (!tag->nr_indices || tag->index[0] >= MAX_CPUS)
		return;
	cpu = vmware->cpus[tag->index[0]];
	if (tag->is_block) {
		cpu_block(vmware, tag, cpu);
	} else if (!strcmp(tag->name, "CR64") && tag->nr_indices > 1 && tag->index[1] < 5) {
		put_word(cpu + QEMU_CR + tag->index[1] * 8, tag_value(vmware, tag));
	} else if (!strcasecmp(tag->name, "eflags")) {
		put_word(cpu + QEMU_FLAGS,
			 bytes_u64(cpu + QEMU_FLAGS, false) | tag_value(vmware, tag));
	} else {
		size_t i = 0;

		while (i < NR_REGISTERS && strcmp(tag->name, register_names[i]))
			i++;
		if (i == NR_REGISTERS)
			return;
		put_word(cpu + QEMU_REGISTERS + i * 8, tag_value(vmware, tag));
	}
	if (tag->index[0] >= vmware->nr_cpus)
		vmware->nr_cpus = tag->index[0] + 1;
}

static bool read_group(struct vmware *vmware, uint64_t at, const char *name, struct error *error)
{
	bool is_memory = !strcmp(name, "memory"), end = false;

	if (!is_memory && strcmp(name, "cpu"))
		return true;
	for (unsigned i = 0; i < MAX_TAGS; i++) {
		struct tag tag;

		if (!read_tag(vmware, &at, &tag, &end, &vmware->why)) {
			/* What was there before the file's end stays of use. */
			if (vmware->why.kind == ERROR_TRUNCATED)
				return true;
			if (error)
				*error = vmware->why;
			return error_prefix(error, "the group \"%s\"", name);
		}
		if (end)
			return true;
		(is_memory ? memory_tag : cpu_tag)(vmware, &tag);
	}
	return error_set(error, ERROR_FORMAT, "%s: the group \"%s\" has no end",
			 vmware->state->path, name);
}

static bool read_groups(struct vmware *vmware, struct error *error)
{
	uint8_t header[HEADER_SIZE], group[GROUP_SIZE];
	uint64_t at = 0;

	if (!read_at(vmware, &at, header, sizeof(header), error))
		return false;
	for (uint32_t i = bytes_u32(header + 8, false); i; i--) {
		char name[65] = "";

		if (!read_at(vmware, &at, group, sizeof(group), error))
			return error_prefix(error, "the table of groups");
		memcpy(name, group, 64);
		if (!read_group(vmware, bytes_u64(group + 64, false), name, error))
			return false;
	}
	return true;
}

/* --- the dump --- */

static bool no_checkpoint(const char *path, struct error *error)
{
	int stem = (int)strlen(path) - 4;

	return error_set(error, ERROR_IO,
			 "%s is the memory of a VMware machine without its checkpoint: neither "
			 "%.*svmss nor %.*svmsn is one; where it has another name give both files, or "
			 "give the memory alone, as %s@0",
			 path, stem, path, stem, path, path);
}

static bool no_memory_file(const char *path, struct error *error)
{
	char *name = sibling_name(path, "vmem");

	error_set(error, ERROR_IO,
		  "%s is the checkpoint of a VMware machine without its memory: %s%s; where that has "
		  "another name give both files",
		  path, name ? name : "its name has no ending to be changed into .vmem",
		  name ? " is not there" : "");
	free(name);
	return false;
}

/* Finds the checkpoint and, where it has no memory in it, the .vmem. */
static bool find_files(struct dump *dump, struct vmware *vmware, struct error *error)
{
	struct dump_file **files = calloc(dump->nr_files + 1, sizeof(*files)), *checkpoint;

	if (!files)
		return error_no_memory(error, "the files of a dump", sizeof(*files));
	memcpy(files, dump->files, dump->nr_files * sizeof(*files));
	free(dump->files);
	dump->files = files;
	for (size_t i = 0; i < dump->nr_files && i < 2; i++) {
		if (!vmware->state && is_checkpoint(files[i]))
			vmware->state = files[i];
		else
			vmware->memory_file = files[i];
	}
	if (dump->nr_files > 2 || (dump->nr_files == 2 && !vmware->state))
		return error_set(error, ERROR_USAGE,
				 "a VMware machine is one checkpoint and one .vmem; name either");
	if (vmware->state)
		return true;
	checkpoint = open_checkpoint(files[0]->path);
	if (!checkpoint)
		return no_checkpoint(files[0]->path, error);
	files[dump->nr_files++] = checkpoint;
	vmware->state = checkpoint;
	return true;
}

static bool find_memory(struct dump *dump, struct vmware *vmware, struct error *error)
{
	if (vmware->compressed)
		return error_set(
			error, ERROR_UNSUPPORTED,
			"%s: its memory is compressed, which only VMware can undo: suspend "
			"the machine with mainMem.useNamedFile or take a snapshot",
			vmware->state->path);
	if (vmware->memory_size)
		return true;
	if (vmware->why.kind && !vmware->memory_file) {
		if (error)
			*error = vmware->why;
		return false;
	}
	if (!vmware->memory_file) {
		vmware->memory_file = open_sibling(vmware->state->path, "vmem");
		if (!vmware->memory_file)
			return no_memory_file(vmware->state->path, error);
		dump->files[dump->nr_files++] = vmware->memory_file;
	}
	vmware->memory_size = vmware->memory_file->size;
	return true;
}

static int compare_ranges(const void *a, const void *b)
{
	const struct dump_range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Regions are there where memory has a hole; without them it is one piece from 0 on. */
static bool add_ranges(struct dump *dump, struct vmware *vmware, struct error *error)
{
	const struct dump_file *file = vmware->memory_offset ? vmware->state : vmware->memory_file;
	uint64_t limit = vmware->memory_size >> PAGE_SHIFT;

	if (vmware->why.kind)
		dump->flags |= DUMP_TRUNCATED;

	vmware->has_regions = vmware->nr_regions;
	if (!vmware->nr_regions)
		vmware->regions[vmware->nr_regions++] = (struct region){ .pages = limit };
	if (vmware->nr_regions > MAX_REGIONS)
		return error_set(error, ERROR_FORMAT,
				 "%s: %" PRIu64 " regions of memory, at most %d make sense",
				 vmware->state->path, vmware->nr_regions, MAX_REGIONS);
	dump->ranges = calloc(vmware->nr_regions, sizeof(*dump->ranges));
	if (!dump->ranges)
		return error_no_memory(error, "memory ranges", 0);
	for (size_t i = 0; i < vmware->nr_regions; i++) {
		const struct region *region = &vmware->regions[i];
		uint64_t size = region->pages << PAGE_SHIFT;

		/* The numbers are 32 bits wide in the file. */
		if (region->pfn >> 32 || region->file_page >> 32 || region->pages >> 32)
			return error_set(error, ERROR_FORMAT, "%s: region %zu is damaged",
					 vmware->state->path, i);
		if (!size)
			continue;
		if (region->file_page + region->pages > limit)
			dump->flags |= DUMP_TRUNCATED;
		dump->ranges[dump->nr_ranges++] = (struct dump_range){
			.start = region->pfn << PAGE_SHIFT,
			.size = size,
			.file_size = size,
			.file_offset = vmware->memory_offset + (region->file_page << PAGE_SHIFT),
			.file = file,
		};
	}
	qsort(dump->ranges, dump->nr_ranges, sizeof(*dump->ranges), compare_ranges);
	for (size_t i = 0; i < dump->nr_ranges; i++) {
		const struct dump_range *range = &dump->ranges[i];

		if (i && range[-1].start + range[-1].size > range->start)
			return error_set(error, ERROR_FORMAT, "%s: its regions of memory overlap",
					 vmware->state->path);
		dump->max_pfn = (range->start + range->size) >> PAGE_SHIFT;
	}
	return true;
}

/*
 * Without regions nothing says how long a .vmem should be. But VMware's memory comes in whole MiB, and page tables that a
 * CPU was using are in it.
 */
static void check_length(struct dump *dump, const struct vmware *vmware)
{
	uint64_t size = vmware->memory_size, needed = 0;
	struct dump_range *last;

	if (vmware->memory_offset || !dump->nr_ranges || vmware->has_regions)
		return;
	last = &dump->ranges[dump->nr_ranges - 1];
	for (unsigned i = 0; i < vmware->nr_cpus; i++) {
		uint64_t cr0 = bytes_u64(vmware->cpus[i] + QEMU_CR, false);
		uint64_t cr3 = bytes_u64(vmware->cpus[i] + QEMU_CR + 3 * 8, false) & CR3_ADDRESS;

		if (cr0 >> 31 && cr3 >= size && cr3 < MAX_MEMORY && cr3 + (1 << PAGE_SHIFT) > needed)
			needed = cr3 + (1 << PAGE_SHIFT);
	}
	if (!needed && size % (1 << 20) == 0)
		return;
	dump->flags |= DUMP_TRUNCATED;
	if (size % (1 << 20))
		needed = needed ? needed : (size | ((1 << 20) - 1)) + 1;
	dump_doubt(dump, "%s has 0x%" PRIx64 " bytes, but the machine had more memory than that: it is cut",
		   vmware->memory_file->path, size);
	/* What is missing then reads as truncated. */
	last->size = last->file_size = needed - last->start;
	dump->max_pfn = needed >> PAGE_SHIFT;
}

static bool add_cpus(struct dump *dump, struct vmware *vmware, struct error *error)
{
	for (unsigned i = 0; i < vmware->nr_cpus; i++) {
		uint8_t *cpu = vmware->cpus[i];

		cpu[0] = 1;
		cpu[QEMU_SIZE] = QEMU_END & 0xff;
		cpu[QEMU_SIZE + 1] = QEMU_END >> 8;
		if (!notes_add(dump, "QEMU", 0, cpu, QEMU_END, error))
			return false;
	}
	dump->nr_cpus = vmware->nr_cpus;
	return true;
}

static bool open_machine(struct dump *dump, struct vmware *vmware, struct error *error)
{
	if (!find_files(dump, vmware, error))
		return false;
	vmware->cpus = calloc(MAX_CPUS, sizeof(*vmware->cpus));
	if (!vmware->cpus)
		return error_no_memory(error, "CPUs", MAX_CPUS * sizeof(*vmware->cpus));
	dump_file_set_cache((struct dump_file *)vmware->state, TABLE_CACHE);
	if (!read_groups(vmware, error) || !find_memory(dump, vmware, error) ||
	    !add_ranges(dump, vmware, error))
		return false;
	check_length(dump, vmware);
	return add_cpus(dump, vmware, error);
}

static bool vmware_open(struct dump *dump, struct error *error)
{
	struct vmware *vmware = calloc(1, sizeof(*vmware));
	bool done;

	if (!vmware)
		return error_no_memory(error, "a VMware machine", sizeof(*vmware));
	dump->machine = EM_X86_64;
	dump->is_64bit = true;
	dump->page_size = 1 << PAGE_SHIFT;
	dump->page_shift = PAGE_SHIFT;
	strcpy(dump->compression, "none");
	done = open_machine(dump, vmware, error);
	free(vmware->cpus);
	free(vmware);
	return done;
}

static void vmware_close(struct dump *dump)
{
	(void)dump;
}

const struct dump_format dump_format_vmware = {
	.name = "VMware",
	.description = "a suspended or snapshotted machine: .vmss or .vmsn, and .vmem",
	.probe = vmware_probe,
	.open = vmware_open,
	.read_page = raw_read_page,
	.read_pages = raw_read_pages,
	.has_page = raw_has_page,
	.close = vmware_close,
	.uncompressed = true,
	.read_bytes = raw_read_bytes,
	.read_page_start = raw_read_page_start,
	.find_page = raw_find_page,
};
