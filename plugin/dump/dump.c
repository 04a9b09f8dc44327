// SPDX-License-Identifier: GPL-3.0-or-later
#include "dump/dump.h"

#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dump/cache.h"
#include "dump/file.h"
#include "dump/kdump_header.h"
#include "dump/notes.h"
#include "dump/packed/packed.h"
#include "dump/raw.h"
#include "dump/vmcoreinfo.h"

#define PROBE_SIZE    4096
#define CACHE_SIZE    (64u << 20)
#define MAX_PAGE_SIZE 65536

const struct dump_format *const dump_formats[] = {
	&dump_format_kdump,
	&dump_format_vmware,
	&dump_format_foreign, /* before ELF: Xen domains are in ELF files of their own kind */
	&dump_format_elf, &dump_format_raw, NULL
};

/* The format of FILE that is at least as certain as WANTED; NULL if there is none. */
static const struct dump_format *find_format(const struct dump_file *file, enum dump_probe wanted)
{
	uint8_t header[PROBE_SIZE];
	size_t size = dump_file_read_some(file, 0, header, sizeof(header));
	const struct dump_format *perhaps = NULL;

	for (size_t i = 0; dump_formats[i]; i++) {
		enum dump_probe found = dump_formats[i]->probe(file, header, size);

		if (found == DUMP_CERTAINLY)
			return dump_formats[i];
		if (found >= wanted && !perhaps)
			perhaps = dump_formats[i];
	}
	return perhaps;
}

static bool fail_unknown(const struct dump_file *file, struct error *error)
{
	uint8_t start[4] = { 0 };
	char packing[64] = "";

	if (file->packer)
		snprintf(packing, sizeof(packing), "it is compressed with %s, and what is in it is ",
			 file->packer->name);
	if (!file->raw_size)
		return error_set(error, ERROR_FORMAT, "%s is empty%s%s", file->path,
				 file->packer ? ", or cannot be unpacked: it is compressed with " : "",
				 file->packer ? file->packer->name : "");
	if (file->flattened && !file->size)
		return error_set(
			error, ERROR_TRUNCATED,
			"%s is a flattened dump that ends before its first record (%" PRIu64
			" bytes)",
			file->path, file->raw_size);
	dump_file_read_some(file, 0, start, sizeof(start));
	if (!memcmp(start, "\177ELF", 4) && file->size < sizeof(Elf64_Ehdr))
		return error_set(error, ERROR_TRUNCATED, "%s is truncated inside its header, after %" PRIu64 " bytes", file->path,
				 file->raw_size);
	if (!memcmp(start, "\177ELF", 4))
		return error_set(
			error, ERROR_FORMAT,
			"%s is an ELF file but not a kernel dump: an ordinary core, or a program?",
			file->path);
	return error_set(error, ERROR_FORMAT,
			 "%s is not a kernel dump: %sneither an ELF core nor kdump-compressed, "
			 "flattened or not",
			 file->path, packing);
}

/* How long the first of the names in TEXT is: commas join them, where no file is called so. */
static size_t first_name(const char *text)
{
	return access(text, F_OK) < 0 ? strcspn(text, ",") : strlen(text);
}

/* NAME has SIZE bytes. */
static bool add_file(struct dump *dump, const char *name, size_t size, struct error *error)
{
	char *path = strndup(name, size);
	const struct dump_format *format;
	struct dump_file *file;
	bool done;

	if (!path)
		return error_no_memory(error, "a file name", size);
	done = dump_file_open(path, &file, error);
	free(path);
	if (!done)
		return false;
	dump->files[dump->nr_files++] = file;
	format = find_format(file, DUMP_PERHAPS);
	/* Only where it seems to be a dump, since this can take minutes. */
	if (format && file->head) {
		if (!dump_file_unpack(file, dump->watch, error))
			return false;
		format = find_format(file, DUMP_PERHAPS);
	}
	if (!format)
		return fail_unknown(file, error);
	if (dump->format && format != dump->format)
		return error_set(error, ERROR_USAGE,
				 "%s is %s but %s is %s: not parts of one split dump",
				 dump->files[0]->path, dump->format->name, file->path,
				 format->name);
	dump->format = format;
	if (file->flattened)
		dump->flags |= DUMP_FLATTENED;
	if (file->truncated)
		dump->flags |= DUMP_TRUNCATED;
	return true;
}

static bool open_files(struct dump *dump, const char *const *paths, size_t nr_paths,
		       struct error *error)
{
	size_t most = nr_paths, size;

	for (size_t i = 0; i < nr_paths; i++)
		for (const char *at = paths[i]; (at = strchr(at, ',')); at++)
			most++;
	dump->files = calloc(most, sizeof(*dump->files));
	if (!dump->files)
		return error_no_memory(error, "the files of a dump", most * sizeof(*dump->files));
	for (size_t i = 0; i < nr_paths; i++) {
		for (const char *name = paths[i];; name += size + 1) {
			size = first_name(name);
			if (!add_file(dump, name, size, error))
				return false;
			if (!name[size])
				break;
		}
	}
	return true;
}

bool dump_open(const char *const *paths, size_t nr_paths, struct dump **dump_ret,
	       struct error *error)
{
	return dump_open_watched(paths, nr_paths, NULL, dump_ret, error);
}

bool dump_open_watched(const char *const *paths, size_t nr_paths, const struct patience *watch,
		       struct dump **dump_ret, struct error *error)
{
	struct dump *dump;

	if (!nr_paths)
		return error_set(error, ERROR_USAGE, "no dump file was given");
	dump = calloc(1, sizeof(*dump));
	if (!dump)
		return error_no_memory(error, "a dump", sizeof(*dump));
	dump->dump_level = -1;
	dump->watch = watch;
	if (!(raw_is_named(paths[0]) ? raw_open_files : open_files)(dump, paths, nr_paths, error) ||
	    !dump->format->open(dump, error))
		goto fail;
	if (!dump->format->uncompressed)
		dump->cache = page_cache_new(dump->page_size, CACHE_SIZE);
	if (!dump->vmcoreinfo && !vmcoreinfo_search(dump, error))
		goto fail;
	if (dump->vmcoreinfo_from_memory && dump->format->vmcoreinfo_found)
		dump->format->vmcoreinfo_found(dump);
	dump->watch = NULL;
	*dump_ret = dump;
	return true;
fail:
	dump_close(dump);
	return false;
}

void dump_close(struct dump *dump)
{
	if (!dump)
		return;
	if (dump->format)
		dump->format->close(dump);
	page_cache_free(dump->cache);
	notes_free(dump);
	free(dump->ranges);
	for (size_t i = 0; i < dump->nr_files; i++)
		dump_file_close(dump->files[i]);
	free(dump->files);
	free(dump);
}

bool dump_probe(const char *path)
{
	struct dump_file *file;
	bool result;
	char *first;

	if (raw_is_named(path))
		return true;
	first = strndup(path, first_name(path));
	result = first && dump_file_open(first, &file, NULL);
	free(first);
	if (!result)
		return false;
	result = find_format(file, DUMP_CERTAINLY) != NULL;
	dump_file_close(file);
	return result;
}

/* Reads SIZE bytes inside one page. */
static bool read_in_page(struct dump *dump, uint64_t address, void *buffer, size_t size,
			 struct error *error)
{
	uint64_t pfn = address >> dump->page_shift;
	size_t within = address & (dump->page_size - 1);
	uint8_t page[MAX_PAGE_SIZE];
	struct error mine;

	if (page_cache_read(dump->cache, pfn, within, buffer, size))
		return true;
	if (dump->format->read_page(dump, pfn, page, &mine)) {
		page_cache_insert(dump->cache, pfn, page);
		memcpy(buffer, page + within, size);
		return true;
	}
	/* Part of the page may be there. */
	if (dump->format->read_bytes && error_is_missing_memory(&mine) &&
	    dump->format->read_bytes(dump, address, buffer, size, &mine))
		return true;
	if (mine.kind == ERROR_EXCLUDED && dump->zero_excluded) {
		memset(buffer, 0, size);
		return true;
	}
	if (error)
		*error = mine;
	return false;
}

bool dump_read_phys(struct dump *dump, uint64_t address, void *buffer, size_t size,
		    struct error *error)
{
	if (size && address > UINT64_MAX - (size - 1))
		return error_set(error, ERROR_NOT_MAPPED,
				 "%zu bytes at physical address 0x%" PRIx64
				 " go beyond the end of the address space",
				 size, address);
	while (size) {
		size_t length = dump->page_size - (address & (dump->page_size - 1));

		if (length > size)
			length = size;
		if (!read_in_page(dump, address, buffer, length, error))
			return false;
		buffer = (char *)buffer + length;
		address += length;
		size -= length;
	}
	return true;
}

bool dump_scan_page(struct dump *dump, uint64_t pfn, void *buffer, struct error *error)
{
	return dump->format->read_page(dump, pfn, buffer, error);
}

void dump_scan_pages(struct dump *dump, uint64_t pfn, size_t nr, void *buffer, uint8_t *kinds)
{
	const struct dump_format *format = dump->format;
	struct error error;

	for (size_t done = 0, step; done < nr; done += step) {
		uint8_t *to = (uint8_t *)buffer + done * dump->page_size;

		step = 1;
		if (format->read_pages) {
			step = nr - done < DUMP_SCAN_PAGES ? nr - done : DUMP_SCAN_PAGES;
			format->read_pages(dump, pfn + done, step, to, kinds + done);
		} else {
			kinds[done] = format->read_page(dump, pfn + done, to, &error) ? ERROR_NONE
										   : error.kind;
		}
	}
}

void dump_find_pages(struct dump *dump, uint64_t pfn, size_t nr, struct dump_place *places,
		     uint8_t *kinds)
{
	const struct dump_format *format = dump->format;
	struct error error;

	for (size_t done = 0, step; done < nr; done += step) {
		step = 1;
		if (format->find_pages) {
			step = nr - done < DUMP_SCAN_PAGES ? nr - done : DUMP_SCAN_PAGES;
			format->find_pages(dump, pfn + done, step, places + done, kinds + done);
		} else {
			kinds[done] = format->find_page(dump, pfn + done, &places[done], &error) ?
					      ERROR_NONE : error.kind;
		}
	}
}

const char *dump_machine_name(const struct dump *dump)
{
	const char *name = kdump_machine_name(dump->machine, dump->is_64bit);

	/* QEMU's kdump writes x86_64 for any machine, so the number, which was worked out, goes first. */
	return name ? name : dump->uts.machine[0] ? dump->uts.machine : NULL;
}

bool dump_excluded_is_zero(const struct dump *dump)
{
	return dump->dump_level == 1 && !(dump->flags & DUMP_EXCLUDED_VMEMMAP);
}

bool dump_has_page(struct dump *dump, uint64_t pfn)
{
	return !dump->format->has_page || dump->format->has_page(dump, pfn);
}
