// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * kdump-compressed dumps: makedumpfile -c, -l, -p, -z or none, --split sets, QEMU's kdump-*, and
 * the old diskdump. The headers are in kdump_header.h; here are bitmaps, descriptors and pages.
 *
 * Opening reads the headers and part of the first bitmap. Nothing in memory grows with the dump but
 * the bitmap index (rank.h) and the bounded caches.
 */
#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dump/compress.h"
#include "dump/dump.h"
#include "dump/file.h"
#include "dump/kdump_header.h"
#include "dump/kdump_internal.h"
#include "dump/notes.h"

#define TABLE_CACHE (16u << 20)		/* bitmaps and descriptors kept, for all parts together */
#define MAX_RANGE_PFNS \
	(1ull << 27) /* the first bitmap is turned into ranges up to here (16 MiB of bits) */
#define MAX_RANGES 4096
#define MAX_TEXT   (1u << 20) /* of VMCOREINFO and ERASEINFO, bytes */
#define LOOKED_AT  64	      /* descriptors, for a compressor that the header does not name */

static enum dump_probe kdump_probe(const struct dump_file *file, const uint8_t *header, size_t size)
{
	(void)file;
	return kdump_header_probe(header, size) ? DUMP_CERTAINLY : DUMP_NOT;
}

static bool open_part(struct dump *dump, struct dump_file *file, struct kdump_part *part,
		      struct error *error)
{
	const struct kdump_header *header = &part->header;
	uint64_t bitmap_size, bits;

	part->file = file;
	if (!kdump_header_read(file, &part->header, error))
		return false;
	part->bitmap1 = ((uint64_t)header->sub_blocks + 1) * header->block_size;
	bitmap_size = (uint64_t)header->bitmap_blocks * header->block_size;
	part->descriptors = part->bitmap1 + bitmap_size;
	/* The oldest diskdump files have one bitmap only: then there is no room for two. */
	part->bitmap2 = part->bitmap1;
	bits = bitmap_size * 8;
	if (header->max_pfn <= bits / 2 || !header->diskdump) {
		part->bitmap2 += bitmap_size / 2;
		bits /= 2;
	}
	if (part->header.max_pfn > bits)
		part->header.max_pfn = bits;
	part->end_pfn = header->max_pfn;
	if (header->split) {
		part->start_pfn = header->start_pfn;
		if (header->end_pfn < part->end_pfn)
			part->end_pfn = header->end_pfn;
		if (part->start_pfn > part->end_pfn)
			return error_set(error, ERROR_FORMAT,
					 "%s: this part of a split set starts at page %" PRIu64
					 " and ends at page %" PRIu64,
					 file->path, header->start_pfn, header->end_pfn);
	}
	if (part->descriptors > file->size)
		dump->flags |= DUMP_TRUNCATED;
	return rank_init(&part->rank, file, part->bitmap2, part->start_pfn, part->end_pfn, error);
}

static int compare_parts(const void *a, const void *b)
{
	const struct kdump_part *x = a, *y = b;

	if (x->start_pfn != y->start_pfn)
		return x->start_pfn < y->start_pfn ? -1 : 1;
	return x->end_pfn < y->end_pfn ? -1 : x->end_pfn > y->end_pfn;
}

/* The parts must be of one dump and must not overlap; that some are missing is only noted. */
static bool check_parts(struct dump *dump, struct kdump *kdump, struct error *error)
{
	const struct kdump_part *first = &kdump->parts[0];
	uint64_t expected = 0;

	for (size_t i = 0; i < kdump->nr_parts; i++) {
		const struct kdump_part *part = &kdump->parts[i];

		if (kdump->nr_parts > 1 && !part->header.split)
			return error_set(
				error, ERROR_USAGE,
				"%s is a whole dump, not a part of a split one; give it alone",
				part->file->path);
		if (part->header.block_size != first->header.block_size ||
		    part->header.max_pfn != first->header.max_pfn ||
		    part->header.timestamp != first->header.timestamp ||
		    strcmp(part->header.uts.release, first->header.uts.release))
			return error_set(error, ERROR_USAGE,
					 "%s and %s are not parts of the same dump",
					 first->file->path, part->file->path);
		if (i && part->start_pfn < kdump->parts[i - 1].end_pfn)
			return error_set(error, ERROR_USAGE,
					 "%s and %s hold the same pages: the same part of a split "
					 "dump, given twice?",
					 kdump->parts[i - 1].file->path, part->file->path);
		if (part->start_pfn > expected)
			dump->flags |= DUMP_SPLIT_MISSING;
		expected = part->end_pfn;
	}
	if (expected < first->header.max_pfn)
		dump->flags |= DUMP_SPLIT_MISSING;
	return true;
}

/* QEMU writes "x86_64" for every 64-bit machine; the size of NT_PRSTATUS tells what it is. */
static uint16_t machine_of_prstatus(const struct dump *dump)
{
	static const struct {
		uint16_t size, machine;
		bool big_endian;
	} sizes[] = {
		{ 336, EM_X86_64, false }, { 392, EM_AARCH64, false },	 { 392, EM_AARCH64, true },
		{ 336, EM_S390, true },	   { 504, EM_PPC64, false },	 { 504, EM_PPC64, true },
		{ 144, EM_386, false },	   { 148, EM_ARM, false },
		{ 376, EM_RISCV, false },  { 480, EM_LOONGARCH, false },
	};
	const struct dump_note *note = notes_find(dump, "CORE", NT_PRSTATUS);

	for (size_t i = 0; note && i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (note->size == sizes[i].size && dump->big_endian == sizes[i].big_endian)
			return sizes[i].machine;
	return 0;
}

static void describe(struct dump *dump, const struct kdump_header *header)
{
	dump->is_64bit = header->is_64bit;
	dump->big_endian = header->big_endian;
	dump->page_size = header->block_size;
	dump->page_shift = __builtin_ctz(header->block_size);
	dump->max_pfn = header->max_pfn;
	dump->nr_cpus = header->nr_cpus;
	dump->timestamp = header->timestamp;
	dump->phys_base = header->phys_base;
	dump->dump_level = header->dump_level;
	dump->header_version = header->version;
	dump->header_status = header->status;
	memcpy(&dump->uts, &header->uts, sizeof(dump->uts));
	if (header->diskdump) {
		strcpy(dump->compression, header->status & 8 ? "zlib" : "none");
		dump->flags |= header->status & 1 ? DUMP_INCOMPLETE : 0;
		return;
	}
	strcpy(dump->compression, compress_name(header->status));
	if (header->status & KDUMP_INCOMPLETE)
		dump->flags |= DUMP_INCOMPLETE;
	if (header->status & KDUMP_EXCLUDED_VMEMMAP)
		dump->flags |= DUMP_EXCLUDED_VMEMMAP;
}

/* An ELF dump has it as a note; so the same here. */
static bool add_eraseinfo(struct dump *dump, const void *text, size_t size, struct error *error)
{
	return notes_find(dump, "ERASEINFO", 0) ||
	       notes_add(dump, "ERASEINFO", 0, text, size, error);
}

/* Hands up to MAX_TEXT bytes of the file to TAKE. */
static bool read_text(struct dump *dump, const struct dump_file *file, uint64_t offset,
		      uint64_t size,
		      bool (*take)(struct dump *, const void *, size_t, struct error *),
		      struct error *error)
{
	char *text;
	bool done;

	if (!offset || !size)
		return true;
	if (size > MAX_TEXT)
		size = MAX_TEXT;
	text = malloc(size);
	if (!text)
		return error_no_memory(error, "a text in the dump's header", size);
	size = dump_file_read_some(file, offset, text, size);
	done = take(dump, text, size, error);
	free(text);
	return done;
}

static bool read_notes(struct dump *dump, const struct kdump_part *part, struct error *error)
{
	const struct kdump_header *header = &part->header;

	if (!read_text(dump, part->file, header->vmcoreinfo_offset, header->vmcoreinfo_size,
		       notes_set_vmcoreinfo, error))
		return false;
	if (header->notes_offset && header->notes_size &&
	    !notes_read(dump, part->file, header->notes_offset, header->notes_size, error))
		return false;
	return read_text(dump, part->file, header->eraseinfo_offset, header->eraseinfo_size,
			 add_eraseinfo, error);
}

static bool add_range(struct dump *dump, uint64_t start_pfn, uint64_t end_pfn, struct error *error)
{
	struct dump_range *ranges = dump->ranges;

	/* Past the limit the last range swallows the rest, holes included. */
	if (dump->nr_ranges == MAX_RANGES) {
		ranges[MAX_RANGES - 1].size = (end_pfn << dump->page_shift) -
					      ranges[MAX_RANGES - 1].start;
		return true;
	}
	if (!(dump->nr_ranges & (dump->nr_ranges - 1))) {
		size_t size = (dump->nr_ranges ? dump->nr_ranges * 2 : 1) * sizeof(*ranges);

		ranges = realloc(ranges, size);
		if (!ranges)
			return error_no_memory(error, "memory ranges", size);
		dump->ranges = ranges;
	}
	ranges[dump->nr_ranges++] = (struct dump_range){
		.start = start_pfn << dump->page_shift,
		.size = (end_pfn - start_pfn) << dump->page_shift,
	};
	return true;
}

/* Are the 64 bits at BITS all SET, or all not? */
static bool same_word(const uint8_t *bits, bool set)
{
	uint64_t word;

	memcpy(&word, bits, sizeof(word));
	return word == (set ? UINT64_MAX : 0);
}

/*
 * Ranges from the runs of set bits in BITS, which starts at page FIRST. *run_ret is the start of an
 * open run.
 */
static bool add_runs(struct dump *dump, const uint8_t *bits, uint64_t first, uint64_t nr,
		     uint64_t *run_ret, struct error *error)
{
	for (uint64_t i = 0; i < nr; i++) {
		bool set = bits[i / 8] >> (i % 8) & 1;

		/* Most of a bitmap goes on as it was: 64 pages at a step. */
		if (!(i % 64) && nr - i >= 64 && same_word(bits + i / 8, *run_ret != UINT64_MAX)) {
			i += 63;
		} else if (set && *run_ret == UINT64_MAX) {
			*run_ret = first + i;
		} else if (!set && *run_ret != UINT64_MAX) {
			if (!add_range(dump, *run_ret, first + i, error))
				return false;
			*run_ret = UINT64_MAX;
		}
	}
	return true;
}

/*
 * Memory, from the first bitmap. Beyond MAX_RANGE_PFNS, and where the bitmap is cut off, it is one
 * range.
 */
static bool find_ranges(struct dump *dump, const struct kdump_part *part, struct error *error)
{
	uint64_t at = 0, run = UINT64_MAX, end = dump->max_pfn;
	size_t size = 64 << 10;
	uint8_t *bits = malloc(size);
	bool done = bits != NULL || error_no_memory(error, "a piece of a bitmap", size);

	while (done && at < end && at < MAX_RANGE_PFNS) {
		uint64_t nr = end - at < size * 8 ? end - at : size * 8;
		uint64_t offset = part->bitmap1 + at / 8;
		uint64_t hole = (dump_file_next_data(part->file, offset) - offset) / (64 << 10);
		size_t need = (nr + 7) / 8;

		/* Zeros of a sparse file need not be read: they only end a run, at its start. */
		if (hole && run == UINT64_MAX) {
			at += hole * (64 << 10) * 8;
			at = at < end ? at : end;
			continue;
		}
		if (dump_file_read_some(part->file, part->bitmap1 + at / 8, bits, need) < need)
			break;
		done = add_runs(dump, bits, at, nr, &run, error);
		at += nr;
	}
	free(bits);
	if (done && at < end && run == UINT64_MAX)
		run = at;
	if (done && run != UINT64_MAX)
		done = add_range(dump, run, end, error);
	return done;
}

/*
 * The compressor where the header names none: that of the first pages. (The flags are each page's
 * own, and writers other than makedumpfile leave the header's out.)
 */
static void find_compression(struct dump *dump, const struct kdump_part *part)
{
	uint8_t data[LOOKED_AT * KDUMP_DESCRIPTOR_SIZE];
	size_t size = dump_file_read_some(part->file, part->descriptors, data, sizeof(data));
	uint64_t end = part->file->size; /* of the descriptors: where the first page is */

	for (size_t at = 0; at + KDUMP_DESCRIPTOR_SIZE <= size && part->descriptors + at < end;
	     at += KDUMP_DESCRIPTOR_SIZE) {
		uint64_t offset = bytes_u64(data + at, dump->big_endian);
		uint32_t flags = bytes_u32(data + at + 12, dump->big_endian);

		if (flags & compress_flags()) {
			strcpy(dump->compression, compress_name(flags));
			break;
		}
		if (offset > part->descriptors && offset < end)
			end = offset;
	}
}

static bool kdump_open(struct dump *dump, struct error *error)
{
	struct kdump *kdump = calloc(1, sizeof(*kdump));

	if (!kdump)
		return error_no_memory(error, "a kdump file", sizeof(*kdump));
	dump->private = kdump;
	pthread_mutex_init(&kdump->lock, NULL);
	kdump->parts = calloc(dump->nr_files, sizeof(*kdump->parts));
	if (!kdump->parts)
		return error_no_memory(error, "the parts of a dump",
				       dump->nr_files * sizeof(*kdump->parts));
	for (size_t i = 0; i < dump->nr_files; i++) {
		kdump->nr_parts = i + 1;
		dump_file_set_cache(dump->files[i], TABLE_CACHE / dump->nr_files);
		if (!open_part(dump, dump->files[i], &kdump->parts[i], error))
			return false;
	}
	qsort(kdump->parts, kdump->nr_parts, sizeof(*kdump->parts), compare_parts);
	if (!check_parts(dump, kdump, error))
		return false;
	describe(dump, &kdump->parts[0].header);
	if (!strcmp(dump->compression, "none"))
		find_compression(dump, &kdump->parts[0]);
	kdump->max_compressed = 2 * dump->page_size;
	for (size_t i = 0; i < kdump->nr_parts; i++)
		if (kdump_is_cut(dump, &kdump->parts[i]))
			dump->flags |= DUMP_TRUNCATED;
	/* Every part of a set has the notes; the first that has them is enough. */
	for (size_t i = 0; i < kdump->nr_parts && !dump->nr_notes; i++)
		if (!read_notes(dump, &kdump->parts[i], error))
			return false;
	dump->machine = kdump_machine(dump->uts.machine);
	if (!dump->uts.release[0] && machine_of_prstatus(dump))
		dump->machine = machine_of_prstatus(dump);
	return find_ranges(dump, &kdump->parts[0], error);
}

static void free_scratch(struct scratch *scratch)
{
	if (!scratch)
		return;
	compress_scratch_free(scratch->compress);
	free(scratch->buffer);
	free(scratch->stage);
	free(scratch->shared_page);
	free(scratch);
}

static void kdump_close(struct dump *dump)
{
	struct kdump *kdump = dump->private;

	if (!kdump)
		return;
	for (size_t i = 0; kdump->parts && i < kdump->nr_parts; i++)
		rank_destroy(&kdump->parts[i].rank);
	while (kdump->free) {
		struct scratch *scratch = kdump->free;

		kdump->free = scratch->next;
		free_scratch(scratch);
	}
	pthread_mutex_destroy(&kdump->lock);
	free(kdump->parts);
	free(kdump);
}

struct scratch *kdump_take_scratch(struct kdump *kdump)
{
	struct scratch *scratch;

	pthread_mutex_lock(&kdump->lock);
	scratch = kdump->free;
	if (scratch)
		kdump->free = scratch->next;
	pthread_mutex_unlock(&kdump->lock);
	if (scratch)
		return scratch;
	scratch = calloc(1, sizeof(*scratch));
	if (!scratch)
		return NULL;
	scratch->compress = compress_scratch_new();
	scratch->buffer = malloc(kdump->max_compressed);
	scratch->shared_page = malloc(kdump->max_compressed / 2);
	if (scratch->compress && scratch->buffer && scratch->shared_page)
		return scratch;
	free_scratch(scratch);
	return NULL;
}

void kdump_give_scratch(struct kdump *kdump, struct scratch *scratch)
{
	pthread_mutex_lock(&kdump->lock);
	scratch->next = kdump->free;
	kdump->free = scratch;
	pthread_mutex_unlock(&kdump->lock);
}

struct kdump_part *kdump_find_part(const struct kdump *kdump, uint64_t pfn)
{
	for (size_t i = 0; i < kdump->nr_parts; i++)
		if (pfn >= kdump->parts[i].start_pfn && pfn < kdump->parts[i].end_pfn)
			return &kdump->parts[i];
	return NULL;
}

static bool fail_missing(const struct dump *dump, uint64_t pfn, bool exists, struct error *error)
{
	uint64_t address = pfn << dump->page_shift;

	if (!exists)
		return error_set(error, ERROR_NOT_MAPPED,
				 "physical address 0x%" PRIx64
				 " does not exist: there is no memory there",
				 address);
	if (dump->dump_level > 0)
		return error_set(error, ERROR_EXCLUDED,
				 "the page at physical address 0x%" PRIx64
				 " was excluded from the dump (makedumpfile -d %d)",
				 address, dump->dump_level);
	return error_set(error, ERROR_EXCLUDED,
			 "the page at physical address 0x%" PRIx64 " was excluded from the dump",
			 address);
}

/* A page that is in no part that was given. Each part has the bitmaps of the whole dump. */
static bool fail_outside(const struct dump *dump, uint64_t pfn, struct error *error)
{
	const struct kdump *kdump = dump->private;
	const struct kdump_part *part = &kdump->parts[0];
	bool exists, dumped;

	if (pfn >= dump->max_pfn)
		return fail_missing(dump, pfn, false, error);
	if (!bitmap_test(part->file, part->bitmap1, pfn, &exists, error) ||
	    !bitmap_test(part->file, part->bitmap2, pfn, &dumped, error))
		return false;
	if (!dumped)
		return fail_missing(dump, pfn, exists, error);
	return error_set(error, ERROR_TRUNCATED,
			 "the page at physical address 0x%" PRIx64
			 " is in a part of the split dump that was not given",
			 pfn << dump->page_shift);
}

void kdump_decode_descriptor(const struct dump *dump, const uint8_t *data,
			     struct descriptor *descriptor)
{
	descriptor->offset = bytes_u64(data, dump->big_endian);
	descriptor->size = bytes_u32(data + 8, dump->big_endian);
	descriptor->flags = bytes_u32(data + 12, dump->big_endian);
}

enum error_kind kdump_check_descriptor(const struct dump *dump, const struct descriptor *descriptor)
{
	const struct kdump *kdump = dump->private;

	/*
	 * A writer that ran out of space leaves descriptors unwritten (makedumpfile,
	 * DUMP_DH_COMPRESSED_INCOMPLETE).
	 */
	if (!descriptor->offset && !descriptor->size)
		return ERROR_TRUNCATED;
	if (!descriptor->size || descriptor->size > kdump->max_compressed ||
	    (!(descriptor->flags & compress_flags()) && descriptor->size != dump->page_size))
		return ERROR_FORMAT;
	return ERROR_NONE;
}

/* Puts what kdump_check_descriptor found into words. */
static bool fail_descriptor(const struct dump *dump, const struct kdump_part *part, uint64_t pfn,
			    const struct descriptor *descriptor, struct error *error)
{
	if (kdump_check_descriptor(dump, descriptor) == ERROR_TRUNCATED)
		return error_set(
			error, ERROR_TRUNCATED,
			"the page at physical address 0x%" PRIx64 " was never written to %s%s",
			pfn << dump->page_shift, part->file->path,
			dump->flags & DUMP_INCOMPLETE ? ", which is marked incomplete" : "");
	return error_set(error, ERROR_FORMAT,
			 "%s: the descriptor of physical address 0x%" PRIx64
			 " is damaged (offset 0x%" PRIx64 ", size 0x%x, flags 0x%x)",
			 part->file->path, pfn << dump->page_shift, descriptor->offset,
			 descriptor->size, descriptor->flags);
}

/* Finds the descriptor of a page and checks it. */
static bool find_descriptor(struct dump *dump, uint64_t pfn, struct kdump_part **part_ret,
			    struct descriptor *descriptor, struct error *error)
{
	const struct kdump *kdump = dump->private;
	struct kdump_part *part = kdump_find_part(kdump, pfn);
	uint8_t data[KDUMP_DESCRIPTOR_SIZE];
	bool set, exists;
	uint64_t rank;

	if (!part)
		return fail_outside(dump, pfn, error);
	if (!rank_lookup(&part->rank, pfn, &set, &rank, error))
		return error_prefix(error, "the bitmap of physical address 0x%" PRIx64,
				    pfn << dump->page_shift);
	if (!set) {
		if (!bitmap_test(part->file, part->bitmap1, pfn, &exists, error))
			return false;
		return fail_missing(dump, pfn, exists, error);
	}
	if (!dump_file_read_cached(part->file, part->descriptors + rank * KDUMP_DESCRIPTOR_SIZE, data,
				   sizeof(data), error))
		return error_prefix(error, "the descriptor of physical address 0x%" PRIx64,
				    pfn << dump->page_shift);
	kdump_decode_descriptor(dump, data, descriptor);
	*part_ret = part;
	return kdump_check_descriptor(dump, descriptor) == ERROR_NONE ||
	       fail_descriptor(dump, part, pfn, descriptor, error);
}

static bool kdump_read_page(struct dump *dump, uint64_t pfn, void *buffer, struct error *error)
{
	struct kdump *kdump = dump->private;
	struct kdump_part *part;
	struct descriptor descriptor;
	struct scratch *scratch;
	struct error why;
	bool done;

	if (!find_descriptor(dump, pfn, &part, &descriptor, &why)) {
		/* Of a dump of level 1 it is known what it was. */
		if (why.kind == ERROR_EXCLUDED && dump_excluded_is_zero(dump)) {
			memset(buffer, 0, dump->page_size);
			return true;
		}
		if (error)
			*error = why;
		return false;
	}
	if (!(descriptor.flags & compress_flags()))
		return dump_file_read(part->file, descriptor.offset, buffer, dump->page_size,
				      error) ||
		       error_prefix(error, "the page at physical address 0x%" PRIx64,
				    pfn << dump->page_shift);
	scratch = kdump_take_scratch(kdump);
	if (!scratch)
		return error_no_memory(error, "decompressing a page", kdump->max_compressed);
	done = dump_file_read(part->file, descriptor.offset, scratch->buffer, descriptor.size,
			      error) &&
	       decompress(scratch->compress, descriptor.flags, scratch->buffer, descriptor.size,
			  buffer, dump->page_size, error);
	kdump_give_scratch(kdump, scratch);
	return done || error_prefix(error, "the page at physical address 0x%" PRIx64,
				    pfn << dump->page_shift);
}

static bool kdump_read_page_start(struct dump *dump, uint64_t pfn, void *buffer, size_t size)
{
	struct kdump *kdump = dump->private;
	struct kdump_part *part;
	struct descriptor descriptor;
	struct scratch *scratch;
	uint8_t page[65536];
	bool done;

	if (!find_descriptor(dump, pfn, &part, &descriptor, NULL))
		return false;
	if (!(descriptor.flags & compress_flags()))
		return dump_file_read(part->file, descriptor.offset, buffer, size, NULL);
	scratch = kdump_take_scratch(kdump);
	if (!scratch)
		return false;
	done = dump_file_read(part->file, descriptor.offset, scratch->buffer, descriptor.size,
			      NULL) &&
	       decompress_start(scratch->compress, descriptor.flags, scratch->buffer,
				descriptor.size, page, size, dump->page_size);
	kdump_give_scratch(kdump, scratch);
	if (done)
		memcpy(buffer, page, size);
	return done;
}

static bool kdump_has_page(struct dump *dump, uint64_t pfn)
{
	struct kdump_part *part = kdump_find_part(dump->private, pfn);
	bool set;

	if (!part || !rank_lookup(&part->rank, pfn, &set, NULL, NULL))
		return false;
	return set || (dump_excluded_is_zero(dump) &&
		       bitmap_test(part->file, part->bitmap1, pfn, &set, NULL) && set);
}

static bool kdump_find_page(struct dump *dump, uint64_t pfn, struct dump_place *place,
			    struct error *error)
{
	struct descriptor descriptor;
	struct kdump_part *part;

	if (!find_descriptor(dump, pfn, &part, &descriptor, error))
		return false;
	*place = (struct dump_place){ part->file, descriptor.offset, descriptor.size };
	return true;
}

const struct dump_format dump_format_kdump = {
	.name = "kdump-compressed",
	.description = "compressed kdump: makedumpfile -c/-l/-p/-z, --split sets, QEMU kdump-*",
	.probe = kdump_probe,
	.open = kdump_open,
	.read_page = kdump_read_page,
	.has_page = kdump_has_page,
	.close = kdump_close,
	.read_page_start = kdump_read_page_start,
	.find_page = kdump_find_page,
	.read_pages = kdump_read_pages,
	.find_pages = kdump_find_pages,
};
