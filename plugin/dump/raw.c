// SPDX-License-Identifier: GPL-3.0-or-later
#include "dump/raw.h"

#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dump/dump.h"
#include "dump/file.h"

#define MAX_PIECES 1024

/* The files in order of address: ranges[i] is files[i]. */

/* Which part of a file belongs where. */
struct piece {
	uint64_t address;
	uint64_t size;		/* 0 = to the file's end */
	uint64_t offset;
};

/* A hexadecimal number at *TEXT, which moves on behind it. */
static bool parse_number(const char **text, uint64_t *value_ret)
{
	size_t digits = strspn(*text, "0123456789abcdefABCDEFxX");
	char *end;

	/* strtoull would also take blanks and signs. */
	if (!digits || digits > 2 + 16 || strchr("xX", **text))
		return false;
	*value_ret = strtoull(*text, &end, 16);
	if (end != *text + digits)
		return false;
	*text = end;
	return true;
}

/*
 * The length of the file's name in the first piece of TEXT, and what follows it; 0 if it is not
 * FILE@ADDRESS[+SIZE][:OFFSET].
 */
static size_t parse_piece(const char *text, size_t size, struct piece *piece)
{
	const char *at = memrchr(text, '@', size), *next;
	size_t digits = at ? text + size - at - 1 : 0;
	char copy[64];

	*piece = (struct piece){ 0 };
	if (!at || at == text || !digits || digits >= sizeof(copy))
		return 0;
	memcpy(copy, at + 1, digits);
	copy[digits] = '\0';
	next = copy;
	if (!parse_number(&next, &piece->address) ||
	    (*next == '+' && (next++, !parse_number(&next, &piece->size) || !piece->size)) ||
	    (*next == ':' && (next++, !parse_number(&next, &piece->offset))))
		return 0;
	return *next ? 0 : (size_t)(at - text);
}

bool raw_is_named(const char *path)
{
	struct piece piece;

	return access(path, F_OK) < 0 && parse_piece(path, strcspn(path, ","), &piece);
}

static bool add_piece(struct dump *dump, const char *text, size_t size, struct error *error)
{
	struct dump_range *range = &dump->ranges[dump->nr_ranges];
	struct dump_file *file;
	struct piece piece;
	char *name;
	bool done;

	size = parse_piece(text, size, &piece);
	if (!size)
		return error_set(error, ERROR_USAGE,
				 "raw memory is given as FILE@ADDRESS[,FILE@ADDRESS...], with the "
				 "physical address in hexadecimal, not as \"%.200s\"",
				 text);
	name = strndup(text, size);
	if (!name)
		return error_no_memory(error, "a file name", size);
	done = dump_file_open(name, &dump->files[dump->nr_files], error);
	free(name);
	if (!done)
		return false;
	file = dump->files[dump->nr_files++];
	if (!dump_file_unpack(file, dump->watch, error))
		return false;
	if (file->truncated)
		dump->flags |= DUMP_TRUNCATED;
	if (!file->size)
		return error_set(error, ERROR_FORMAT, "%s is empty", file->path);
	if (piece.offset >= file->size || piece.size > file->size - piece.offset)
		return error_set(error, ERROR_USAGE,
				 "%s has 0x%" PRIx64 " bytes: there are no 0x%" PRIx64
				 " from 0x%" PRIx64 " on",
				 file->path, file->size, piece.size ? piece.size : 1, piece.offset);
	if (!piece.size)
		piece.size = file->size - piece.offset;
	if (piece.address > UINT64_MAX - piece.size)
		return error_set(error, ERROR_USAGE,
				 "%s: its %" PRIu64 " bytes do not fit in above 0x%" PRIx64,
				 file->path, piece.size, piece.address);
	*range = (struct dump_range){ .start = piece.address,
				      .size = piece.size,
				      .file_size = piece.size,
				      .file_offset = piece.offset,
				      .file = file };
	dump->nr_ranges++;
	return true;
}

bool raw_open_files(struct dump *dump, const char *const *paths, size_t nr_paths,
		    struct error *error)
{
	dump->format = &dump_format_raw;
	dump->files = calloc(MAX_PIECES, sizeof(*dump->files));
	dump->ranges = calloc(MAX_PIECES, sizeof(*dump->ranges));
	if (!dump->files || !dump->ranges)
		return error_no_memory(error, "the files of a dump",
				       MAX_PIECES * sizeof(*dump->ranges));
	for (size_t i = 0; i < nr_paths; i++) {
		for (const char *text = paths[i];; text++) {
			size_t size = strcspn(text, ",");

			if (dump->nr_files == MAX_PIECES)
				return error_set(error, ERROR_USAGE,
						 "more than %d pieces of raw memory", MAX_PIECES);
			if (!add_piece(dump, text, size, error))
				return false;
			text += size;
			if (!*text)
				break;
		}
	}
	return true;
}

/*
 * Files and ranges, both, by address: an insertion sort, since people give few and mostly in order.
 */
static void sort_pieces(struct dump *dump)
{
	for (size_t i = 1; i < dump->nr_ranges; i++) {
		for (size_t j = i; j && dump->ranges[j].start < dump->ranges[j - 1].start; j--) {
			struct dump_range range = dump->ranges[j];
			struct dump_file *file = dump->files[j];

			dump->ranges[j] = dump->ranges[j - 1];
			dump->files[j] = dump->files[j - 1];
			dump->ranges[j - 1] = range;
			dump->files[j - 1] = file;
		}
	}
}

static void set_page_size(struct dump *dump, uint32_t page_size)
{
	const struct dump_range *last = &dump->ranges[dump->nr_ranges - 1];

	dump->page_size = page_size;
	dump->page_shift = __builtin_ctz(page_size);
	dump->max_pfn = ((last->start + last->size - 1) >> dump->page_shift) + 1;
}

static bool raw_open(struct dump *dump, struct error *error)
{
	sort_pieces(dump);
	for (size_t i = 1; i < dump->nr_ranges; i++)
		if (dump->ranges[i].start - dump->ranges[i - 1].start < dump->ranges[i - 1].size)
			return error_set(error, ERROR_USAGE,
					 "%s@%" PRIx64 " and %s@%" PRIx64 " overlap",
					 dump->files[i - 1]->path, dump->ranges[i - 1].start,
					 dump->files[i]->path, dump->ranges[i].start);
	/* VMCOREINFO starts a page of the kernel's, so also one of these. */
	set_page_size(dump, 4096);
	strcpy(dump->compression, "none");
	return true;
}

/*
 * Keys of VMCOREINFO that only one architecture writes (arch_crash_save_vmcoreinfo in arch/ of the
 * kernel).
 */
static const struct {
	const char *key;
	uint16_t machine;
	bool big_endian;
} machine_keys[] = {
	{ "NUMBER(pgtable_l5_enabled)", EM_X86_64, false },
	{ "SYMBOL(init_top_pgt)", EM_X86_64, false },
	{ "SYMBOL(init_level4_pgt)", EM_X86_64, false },
	{ "NUMBER(sme_mask)", EM_X86_64, false },
	{ "NUMBER(kimage_voffset)", EM_AARCH64, false },
	{ "SYMBOL(lowcore_ptr)", EM_S390, true },
	{ "CONFIG_X86_PAE", EM_386, false },
	{ "SYMBOL(vmemmap_list)", EM_PPC64, false },
	{ "NUMBER(satp)", EM_RISCV, false },
	{ "NUMBER(va_kernel_pa_offset)", EM_RISCV, false },
};

static void raw_vmcoreinfo_found(struct dump *dump)
{
	uint64_t page_size;

	for (size_t i = 0; i < sizeof(machine_keys) / sizeof(machine_keys[0]) && !dump->machine;
	     i++) {
		if (!dump_vmcoreinfo(dump, machine_keys[i].key, NULL))
			continue;
		dump->machine = machine_keys[i].machine;
		dump->big_endian = machine_keys[i].big_endian;
		dump->is_64bit = dump->machine != EM_386;
	}
	if (dump_vmcoreinfo_number(dump, "PAGESIZE", 10, &page_size) && page_size >= 4096 &&
	    page_size <= 65536 && !(page_size & (page_size - 1)))
		set_page_size(dump, page_size);
}

/* --- any dump of pieces of memory --- */

/* The piece that has ADDRESS, or else the first one above it; nr_ranges if there is none. */
static size_t find_piece(const struct dump *dump, uint64_t address)
{
	size_t low = 0, high = dump->nr_ranges;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (address < dump->ranges[middle].start ||
		    address - dump->ranges[middle].start < dump->ranges[middle].size)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

bool raw_read_bytes(struct dump *dump, uint64_t address, void *buffer, size_t size,
			   struct error *error)
{
	while (size) {
		size_t piece = find_piece(dump, address);
		uint64_t within, length;

		if (piece == dump->nr_ranges || address < dump->ranges[piece].start)
			return error_set(error, ERROR_NOT_MAPPED,
					 "physical address 0x%" PRIx64
					 " does not exist: it is in none of the pieces of memory",
					 address);
		within = address - dump->ranges[piece].start;
		length = dump->ranges[piece].size - within;
		if (length > size)
			length = size;
		if (!dump_file_read(dump->ranges[piece].file,
				    dump->ranges[piece].file_offset + within, buffer, length,
				    error))
			return error_prefix(error, "physical address 0x%" PRIx64, address);
		buffer = (char *)buffer + length;
		address += length;
		size -= length;
	}
	return true;
}

bool raw_read_page(struct dump *dump, uint64_t pfn, void *buffer, struct error *error)
{
	return raw_read_bytes(dump, pfn << dump->page_shift, buffer, dump->page_size, error);
}

void raw_read_pages(struct dump *dump, uint64_t pfn, size_t nr, void *buffer, uint8_t *kinds)
{
	struct error error;

	/* All at once, or page by page around the border of a file. */
	if (raw_read_bytes(dump, pfn << dump->page_shift, buffer, nr << dump->page_shift, NULL)) {
		memset(kinds, ERROR_NONE, nr);
		return;
	}
	for (size_t i = 0; i < nr; i++)
		kinds[i] = raw_read_page(dump, pfn + i, (uint8_t *)buffer + (i << dump->page_shift),
					 &error) ? ERROR_NONE : error.kind;
}

bool raw_read_page_start(struct dump *dump, uint64_t pfn, void *buffer, size_t size)
{
	return raw_read_bytes(dump, pfn << dump->page_shift, buffer, size, NULL);
}

bool raw_has_page(struct dump *dump, uint64_t pfn)
{
	uint64_t address = pfn << dump->page_shift;
	size_t piece = pfn < dump->max_pfn ? find_piece(dump, address) : dump->nr_ranges;

	return piece < dump->nr_ranges && address >= dump->ranges[piece].start;
}

bool raw_find_page(struct dump *dump, uint64_t pfn, struct dump_place *place,
			  struct error *error)
{
	uint64_t address = pfn << dump->page_shift, within;
	size_t piece = find_piece(dump, address);
	const struct dump_range *range = &dump->ranges[piece];

	if (piece == dump->nr_ranges ||
	    (address < range->start && range->start - address >= dump->page_size))
		return error_set(error, ERROR_NOT_MAPPED,
				 "physical address 0x%" PRIx64 " does not exist", address);
	within = address > range->start ? address - range->start : 0;
	*place = (struct dump_place){ range->file, range->file_offset + within, dump->page_size };
	if (range->size - within < dump->page_size)
		place->size = range->size - within;
	return true;
}

/* Only the name tells (raw_is_named): memory can start with anything. */
static enum dump_probe raw_probe(const struct dump_file *file, const uint8_t *header, size_t size)
{
	(void)file, (void)header, (void)size;
	return DUMP_NOT;
}

static void raw_close(struct dump *dump)
{
	(void)dump;
}

const struct dump_format dump_format_raw = {
	.name = "raw memory",
	.description = "raw physical memory, given as FILE@ADDRESS[,FILE@ADDRESS...]",
	.probe = raw_probe,
	.open = raw_open,
	.read_page = raw_read_page,
	.has_page = raw_has_page,
	.close = raw_close,
	.uncompressed = true,
	.read_bytes = raw_read_bytes,
	.read_page_start = raw_read_page_start,
	.find_page = raw_find_page,
	.read_pages = raw_read_pages,
	.vmcoreinfo_found = raw_vmcoreinfo_found,
};
